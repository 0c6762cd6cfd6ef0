"""Settings: file and environment, the environment wins, every fault by name and none with its value."""

import tomllib
from pathlib import Path

import pytest

from hub import settings
from hub.errors import StartupError
from hub.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "config" / "hub.example.toml"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(settings.os.environ):
        if name.startswith("HUB_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_defaults_without_file_and_environment() -> None:
    loaded = settings.load()
    assert loaded.database_url is None
    assert (loaded.host, loaded.port, loaded.url()) == ("127.0.0.1", 8080, "http://localhost:8080")
    assert loaded.plugins == ("core", "xero")
    assert (loaded.resend_seconds, loaded.look_seconds, loaded.clock_factor) == (300, 900, 1)
    assert loaded.frame_ancestors == ()
    assert loaded.section("xero") == {}


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = write(tmp_path / "mine.toml", 'port = 9000\nhost = "0.0.0.0"\n[xero]\nper_minute = 10\nper_day = 20\n')
    monkeypatch.setenv("HUB_PORT", "9001")
    monkeypatch.setenv("HUB_XERO__PER_DAY", "99")
    loaded = settings.load(path)
    assert (loaded.host, loaded.port) == ("0.0.0.0", 9001)  # noqa: S104 - a value that is only read back
    assert loaded.section("xero") == {"per_minute": 10, "per_day": "99"}


def test_the_file_comes_from_hub_config_or_its_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    write(tmp_path / "config" / "hub.toml", "port = 1")
    assert settings.load().port == 1
    monkeypatch.setenv("HUB_CONFIG", str(write(tmp_path / "other.toml", "port = 2")))
    assert settings.load().port == 2


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("HUB_PLUGINS", "core, xero,myob", "plugins", ("core", "xero", "myob")),
        ("HUB_FRAME_ANCESTORS", "none", "frame_ancestors", ()),
        ("HUB_FRAME_ANCESTORS", "https://a.example,http://localhost:3000", "frame_ancestors", None),
        ("HUB_PUBLIC_URL", "https://hub.example.com/", "public_url", "https://hub.example.com"),
        ("HUB_CLOCK_FACTOR", "0.01", "clock_factor", 0.01),
        ("HUB_LOG", "console", "log", "console"),
        ("HUB_HOST", "", "host", "127.0.0.1"),
    ],
)
def test_values_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, attribute: str, expected: object
) -> None:
    monkeypatch.setenv(name, value)
    wanted = tuple(value.split(",")) if expected is None else expected
    assert getattr(settings.load(), attribute) == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_PORT", "eighty"),
        ("HUB_PORT", "70000"),
        ("HUB_CLOCK_FACTOR", "0"),
        ("HUB_CLOCK_FACTOR", "nan"),
        ("HUB_CLOCK_FACTOR", "-1"),
        ("HUB_RESEND_SECONDS", "inf"),
        ("HUB_LOG", "xml"),
        ("HUB_PUBLIC_URL", "hub.example.com"),
        ("HUB_PUBLIC_URL", "https://hub.example.com/path"),
        ("HUB_PUBLIC_URL", "https://user@hub.example.com"),
        ("HUB_FRAME_ANCESTORS", "https://a.example; script-src *"),
        ("HUB_FRAME_ANCESTORS", "https://a.example/x"),
        ("HUB_DATABASE_URL", "mysql://hub:hidden-word@db/hub"),
        ("HUB_SMTP_URL", "http://mail"),
        ("HUB_OPERATOR_KEY", "two words"),
        ("HUB_PLUGINS", "core,core"),
        ("HUB_WORKERS", "0"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_never_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StartupError) as caught:
        settings.load()
    assert name in str(caught.value)
    assert "hidden-word" not in str(caught.value)
    assert "hidden-word" not in "".join(map(str, (caught.value.__cause__,)))


def test_all_faults_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "x")
    monkeypatch.setenv("HUB_LOG", "x")
    with pytest.raises(StartupError) as caught:
        settings.load()
    assert "HUB_PORT" in str(caught.value)
    assert "HUB_LOG" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1", "HUB_PROT"),
        ("port = ", "TOML"),
        ("[xreo]\nclient_id = 'a'", "[xreo]"),
        ("port = 'x'", "HUB_PORT"),
    ],
)
def test_a_broken_file_is_refused_with_its_fault(tmp_path: Path, text: str, named: str) -> None:
    path = write(tmp_path / "hub.toml", text)
    with pytest.raises(StartupError) as caught:
        settings.load(path)
    assert named in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"no settings file .*other\.toml"):
        settings.load(tmp_path / "other.toml")


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_OPERATOR_KEY", "open-sesame")
    monkeypatch.setenv("HUB_XERO__CLIENT_SECRET", "very-hidden")
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://hub:hidden-word@db/hub")
    loaded = settings.load()
    for text in (repr(loaded), str(loaded), loaded.model_dump_json()):
        assert not any(secret in text for secret in ("open-sesame", "very-hidden", "hidden-word"))


def test_the_constructor_alone_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "1")
    assert Settings(port=2).port == 2
    assert Settings().port == 8080


def test_a_plugin_of_any_name_has_its_section(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PLUGINS", "core,quick_books")
    monkeypatch.setenv("HUB_QUICK_BOOKS__API__URL", "https://example.com")
    assert settings.load().section("quick_books") == {"api": {"url": "https://example.com"}}


def test_the_example_lists_every_setting_with_its_default(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text().splitlines()]
    told = tomllib.loads("\n".join(line for line in lines if " = " in line or line.startswith("[")))
    xero = told.pop("xero")
    assert set(Settings.model_fields) == set(told)
    defaults = Settings()
    for name, value in told.items():
        default = getattr(defaults, name)
        if default not in (None, ""):  # what is unset by default shows an example
            assert (tuple(value) if isinstance(value, list) else value) == default, name
    assert xero["scopes"].split() == [
        "offline_access",
        "accounting.invoices",
        "accounting.payments",
        "accounting.contacts",
        "accounting.settings.read",
    ]
    uncommented = write(
        tmp_path / "all.toml", "\n".join(line for line in lines if " = " in line or line.startswith("["))
    )
    assert settings.load(uncommented).port == 8080
