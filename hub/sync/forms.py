"""A kind's settings as people send them, as they are stored, and as they are shown: secrets never come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
import pydantic

from hub.contract import Settings, Webservice
from hub.domain.secrets import Place, Sealer, Secret
from hub.errors import Fault, FormError
from hub.store.webservices import WebserviceRow


def parse(kind: type[Webservice], data: Mapping[str, Any], *, at: str = "settings") -> Settings:
    """*data* (plain JSON values) as the kind's settings. Raises FormError: every fault, ``settings.invoice_prefix``."""
    if faults := find_nul(data, at):
        raise FormError(faults, title="The settings have faults")
    try:
        return kind.settings.model_validate_json(json.dumps(dict(data)), strict=True)
    except pydantic.ValidationError as error:
        told = error.errors(include_url=False, include_context=False, include_input=False)
        faults = [Fault(_place(at, one["loc"]), one["msg"].removeprefix("Value error, ")) for one in told]
        raise FormError(faults, title="The settings have faults") from None


def _place(at: str, location: tuple[int | str, ...]) -> str:
    return at + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def find_nul(value: Any, at: str) -> list[Fault]:
    """A fault for each text in *value* (plain JSON) with a NUL in it, which no database column takes (pure)."""
    match value:
        case str():
            return [Fault(at, "must not contain NUL")] if "\0" in value else []
        case Mapping():
            bad = [Fault(at, "a name must not contain NUL") for name in value if "\0" in str(name)]
            return bad + [fault for name, one in value.items() for fault in find_nul(one, f"{at}.{name}")] * (not bad)
        case list():
            return [fault for index, one in enumerate(value) for fault in find_nul(one, f"{at}[{index}]")]
        case _:
            return []


def secret_fields(kind: type[Webservice]) -> tuple[str, ...]:
    """Names of the settings that are secrets."""
    return tuple(name for name, one in kind.settings.model_fields.items() if _is_secret(one.annotation))


def _is_secret(annotation: Any) -> bool:
    return annotation is pydantic.SecretStr or any(_is_secret(part) for part in get_args(annotation))


def reveal(kind: type[Webservice], settings: Settings) -> dict[str, Any]:
    """*settings* as plain JSON values, secrets in the clear: only to be merged or sealed."""
    plain = settings.model_dump(mode="json")
    for name in secret_fields(kind):
        value = getattr(settings, name)
        plain[name] = value.get_secret_value() if isinstance(value, pydantic.SecretStr) else None
    return plain


def seal(
    kind: type[Webservice], settings: Settings, box: Sealer, *, gallery_id: str, webservice_id: str
) -> dict[str, Any]:
    """*settings* as they are stored: plain JSON values, secrets sealed for this row."""
    stored = reveal(kind, settings)
    for name in secret_fields(kind):
        if stored[name] is not None:
            stored[name] = box.seal(Secret(stored[name]), _place_of(name, gallery_id, webservice_id, kind.kind))
    return stored


def open_row(kind: type[Webservice], row: WebserviceRow, box: Sealer) -> WebserviceRow:
    """*row* with the secrets in its settings opened; the same row when its kind has none. Raises SecretError."""
    names = [name for name in secret_fields(kind) if row.settings.get(name) is not None]
    if not names:
        return row
    opened = dict(row.settings)
    for name in names:
        opened[name] = box.open(opened[name], _place_of(name, row.gallery_id, row.id, row.kind)).reveal()
    return msgspec.structs.replace(row, settings=opened)


def show(kind: type[Webservice] | None, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored settings as people see them, without secrets; of an unknown kind nothing is shown."""
    if kind is None:
        return {}
    hidden = secret_fields(kind)
    return {name: value for name, value in stored.items() if name not in hidden}


def _place_of(name: str, gallery_id: str, webservice_id: str, kind: str) -> Place:
    return Place(
        table="webservice", column=f"settings.{name}", row_id=webservice_id, gallery_id=gallery_id, kind=kind, version=1
    )
