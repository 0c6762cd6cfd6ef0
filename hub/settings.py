"""The operator's settings: `config/hub.toml` and the environment, the environment wins.

A setting `name` is `name` in the file and `HUB_NAME` in the environment. What belongs to a plugin stands in a table of
its own (`[xero]`, `HUB_XERO__CLIENT_ID`) and is handed to the plugin as it is: the hub knows no plugin's names.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from hub.errors import StartupError

PREFIX = "HUB_"
CONFIG_SETTING = "HUB_CONFIG"
DEFAULT_CONFIG = Path("config/hub.toml")

_PLUGIN_KEY = re.compile(r"([a-z0-9_-]+?)__([a-z0-9_-]+)")
_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_DATABASE_SCHEMES = {"postgresql", "postgres"}

Names = Annotated[tuple[str, ...], NoDecode]  # "core,xero", not JSON


class Settings(BaseSettings):
    """Every setting of the hub itself; `load` reads them, the constructor alone takes only what it is given."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    database_url: SecretStr | None = Field(
        default=None, description="The hub's own Postgres; unset, it keeps an embedded one in data_dir (one daemon)."
    )
    data_dir: Path | None = Field(
        default=None,
        description="Folder of the embedded Postgres and the secret key; unset: /var/lib/integration-hub as root, else "
        "a folder below the home folder.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address the daemon listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port the daemon listens on; 0 takes a free one.")
    public_url: str = Field(
        default="",
        description="Where browsers and remote services reach the hub; unset: http://localhost:PORT. Xero refuses "
        "127.0.0.1.",
    )
    operator_key: SecretStr | None = Field(
        default=None, description="An operator key besides those in the database: opens every gallery."
    )
    secret_key_file: Path | None = Field(
        default=None, description="File of the key that encrypts stored secrets; unset: made in data_dir."
    )
    plugins: Names = Field(
        default=("core", "xero"), description="The plugins to load, by the names of their entry points."
    )
    workers: int = Field(default=4, ge=1, le=256, description="Runs at a time in this daemon.")
    frame_ancestors: Names = Field(
        default=(), description="Origins that may show the hub's pages in a frame (https://app.example.com); none."
    )
    log: Literal["json", "console"] = Field(default="json", description="Log lines for machines or for people.")
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for notifications: smtp://user:password@host:587 (smtps:// for TLS, smtp+starttls:// "
        "to insist on STARTTLS; ?from= the sender); unset: no mail.",
    )
    resend_seconds: float = Field(
        default=300, gt=0, allow_inf_nan=False, description="How long an unknown batch may be sent again as it is."
    )
    look_seconds: float = Field(
        default=900,
        gt=0,
        allow_inf_nan=False,
        description="How long an unknown payment is looked for before it is sent anew.",
    )
    clock_factor: float = Field(
        default=1,
        gt=0,
        allow_inf_nan=False,
        description="Scales every waiting time and limit window; for rehearsals only.",
    )

    _sections: dict[str, dict[str, Any]] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings fixes these parameters
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given: a test's settings do not depend on its environment."""
        return (init_settings,)

    @field_validator("plugins", "frame_ancestors", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip() and part.strip() != "none")
        return value

    @field_validator("plugins")
    @classmethod
    def _check_plugins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if doubled := sorted({name for name in value if value.count(name) > 1}):
            raise ValueError(f"lists {', '.join(doubled)} twice: leave one out")
        return value

    @field_validator("frame_ancestors")
    @classmethod
    def _check_ancestors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _is_origin(origin):
                raise ValueError("must be origins such as https://app.example.com, without a path, separated by commas")
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and not _is_origin(value.rstrip("/")):
            raise ValueError("must be an origin such as https://hub.example.com, without a path")
        return value.rstrip("/")

    @field_validator("database_url", "smtp_url")
    @classmethod
    def _check_url(cls, value: SecretStr | None, info: Any) -> SecretStr | None:
        allowed = _DATABASE_SCHEMES if info.field_name == "database_url" else {"smtp", "smtps", "smtp+starttls"}
        if value is not None and value.get_secret_value().partition("://")[0] not in allowed:
            raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in sorted(allowed))}")
        return value

    @field_validator("operator_key")
    @classmethod
    def _check_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()):
            raise ValueError("must be visible ASCII characters without spaces, as it travels in a header")
        return value

    def section(self, plugin: str) -> Mapping[str, Any]:
        """What the operator set for *plugin*, by lower-case names, the environment over the file; maybe empty.

        Values of the environment are strings. The plugin checks them in its `configure`.
        """
        return self._sections.get(plugin.lower().replace("-", "_"), {})

    def url(self, port: int | None = None) -> str:
        """The public address without a slash at the end; *port* is the one really bound, where `port` is 0."""
        return self.public_url or f"http://localhost:{port or self.port}"

    def with_sections(self, sections: Mapping[str, Mapping[str, Any]]) -> Self:
        """A copy with *sections* in place of its own: for tests and the demo."""
        made = self.model_copy()
        made._sections = {name.lower().replace("-", "_"): dict(section) for name, section in sections.items()}  # noqa: SLF001 - its own
        return made


class _Loaded(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings fixes these parameters
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, init_settings)


def load(config: Path | None = None) -> Settings:
    """Read the settings from *config* and the environment.

    *config* None: the file named by HUB_CONFIG, else `config/hub.toml` if it is there, else the environment alone.

    Raises:
        StartupError: a file that was asked for is missing or broken, or settings are wrong: all of them, by name.
    """
    path, values = _read_file(config)
    scalars = {name: value for name, value in values.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in values.items() if isinstance(value, dict)}
    try:
        settings = _Loaded(**scalars)
    except ValidationError as error:
        raise StartupError(_explain(error, path)) from error
    sections = _merge_sections(tables, os.environ)
    _check_tables(tables, settings.plugins, path)
    return settings.with_sections(sections)


def _read_file(config: Path | None) -> tuple[Path | None, dict[str, Any]]:
    asked = config or (Path(told) if (told := os.environ.get(CONFIG_SETTING)) else None)
    path = asked or DEFAULT_CONFIG
    if not path.exists():
        if asked is None:
            return None, {}
        raise StartupError(f"There is no settings file {path}. Correct --config or {CONFIG_SETTING}, or leave it out.")
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"The settings file {path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise StartupError(f"The settings file {path} is not TOML: {error}. Correct that place.") from error


def _merge_sections(tables: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    sections = {name.lower().replace("-", "_"): dict(table) for name, table in tables.items()}
    for name, value in sorted(environ.items()):
        found = name.startswith(PREFIX) and _PLUGIN_KEY.fullmatch(name.removeprefix(PREFIX).lower())
        if found and value:
            _put(sections.setdefault(found[1], {}), found[2].split("__"), value)
    return sections


def _put(section: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        inner = section.get(key)
        section[key] = inner = dict(inner) if isinstance(inner, dict) else {}
        section = inner
    section[keys[-1]] = value


def _check_tables(tables: Mapping[str, Any], plugins: tuple[str, ...], path: Path | None) -> None:
    known = {name.lower().replace("-", "_") for name in plugins}
    if unknown := sorted(name for name in tables if name.lower().replace("-", "_") not in known):
        raise StartupError(
            f"{path}: no loaded plugin has the table {', '.join(f'[{name}]' for name in unknown)} (plugins: "
            f"{', '.join(plugins) or 'none'}). Correct its name, or add the plugin to `plugins` ({PREFIX}PLUGINS)."
        )


def _explain(error: ValidationError, path: Path | None) -> str:
    """All faults, each with the setting's two names; never a value: it may be a secret."""
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(fault["loc"][0])
        where = f"{PREFIX}{name.upper()} (`{name}`" + (f" in {path})" if path else " in the settings file)")
        if fault["type"] == "extra_forbidden":
            lines.append(f"{where}: there is no such setting. Known: {', '.join(Settings.model_fields)}.")
        else:
            lines.append(f"{where}: {fault['msg'].removeprefix('Value error, ')}.")
    return "The settings have faults:\n  " + "\n  ".join(lines)


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        return False
    host = parts.netloc.rsplit(":", 1)[0] if port is not None else parts.netloc
    return text == f"{parts.scheme}://{parts.netloc}" and _HOST.fullmatch(host) is not None
