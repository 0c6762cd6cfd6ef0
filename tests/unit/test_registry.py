"""Which plugins come in, what they may claim, and what is said when one cannot."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from textwrap import dedent, indent

import pytest
import structlog

from hub import registry
from hub.errors import NotFoundError, PluginError

HEADER = """
import hub
from hub import hookimpl

class Filter:
    label = "Number"
    help = ""
    def __init__(self, key): self.key = key
    def check(self, arguments): return []
    def matches(self, invoice, arguments): return False
    def describe(self, arguments): return ""

class Sandbox:
    def __init__(self, kind): self.kind = kind
    def app(self, *, clock_factor, client_id, client_secret): return None

class Notifier:
    def __init__(self, key): self.key = key
    async def notify(self, message): pass
"""


class Strangers:
    """Distributions on the path, as pip would have put them there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ship(self, plugin: str, code: str, *, distribution: str = "") -> None:
        """Install a distribution that offers *plugin*, a module with *code* after HEADER."""
        distribution = distribution or f"hub-{plugin}"
        module = distribution.replace("-", "_") + "_under_test"
        (self.folder / f"{module}.py").write_text(HEADER + dedent(code))
        info = self.folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{plugin} = {module}\n")

    def entry_points(self) -> list[EntryPoint]:
        return [one for each in distributions(path=[str(self.folder)]) for one in each.entry_points]

    def load(self, *names: str, config: dict[str, dict[str, str]] | None = None) -> registry.Registry:
        return registry.load(names, config=config or {}, entry_points=self.entry_points())


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Strangers]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Strangers(tmp_path)
    for name in set(sys.modules) - before:
        if name.endswith("_under_test"):
            del sys.modules[name]


def kind(body: str = "", *, bases: str = "hub.Webservice", key: str = '"ledger"') -> str:
    """A plugin with one kind, whose class ends with *body*."""
    return (
        f"class Ledger({bases}):\n    kind = {key}\n    title = 'Ledger'\n{indent(dedent(body), '    ')}\n"
        "@hookimpl\ndef hub_webservices(): return [Ledger]\n"
    )


def hook(name: str, answer: str) -> str:
    return f"@hookimpl\ndef {name}(): return {answer}\n"


FILTER = hook("hub_exclude_filters", "[Filter('a')]")
NOTIFIER = hook("hub_notifiers", "[Notifier('a')]")
SANDBOX = hook("hub_sandboxes", "[Sandbox('ledger')]")


def test_a_strangers_plugin_adds_a_kind_a_filter_a_notifier_and_a_sandbox(strangers: Strangers) -> None:
    strangers.ship(
        "ledger",
        kind("@classmethod\ndef exclude_filters(cls): return ('shelf',)")
        + hook("hub_exclude_filters", "[Filter('shelf')]")
        + hook("hub_notifiers", "[Notifier('pigeon')]")
        + hook("hub_sandboxes", "[Sandbox('ledger')]"),
    )

    loaded = strangers.load("ledger")

    assert [one.title for one in loaded.kinds.values()] == ["Ledger"]
    assert list(loaded.filters) == ["shelf"]
    assert list(loaded.notifiers) == ["pigeon"]
    assert list(loaded.sandboxes) == ["ledger"]
    assert loaded.plugin_of("ledger") == "ledger"
    plugin = registry.Plugin(name="ledger", target="hub_ledger_under_test", distribution="hub-ledger", version="1.2")
    assert (plugin,) == loaded.plugins


def test_only_listed_plugins_are_imported(strangers: Strangers) -> None:
    strangers.ship("ledger", kind())
    strangers.ship("broken", "raise RuntimeError('imported')")
    assert list(strangers.load("ledger", "ledger").kinds) == ["ledger"]


def test_bundled_plugins_come_in_by_installed_entry_points() -> None:
    loaded = registry.load(["core"], config={})
    assert loaded.plugins[0].name == "core"
    assert "number" in loaded.filters


def test_no_plugins_make_an_empty_registry(strangers: Strangers) -> None:
    assert registry.Registry() == strangers.load()


def test_an_unknown_plugin_is_refused_with_the_known_names(strangers: Strangers) -> None:
    strangers.ship("xero", kind())
    strangers.ship("core", kind())
    with pytest.raises(PluginError) as caught:
        strangers.load("xeroo")
    assert str(caught.value) == "plugin 'xeroo': 0 found in integration_hub.plugins (known: core, xero)"


def test_an_empty_group_says_none_is_known() -> None:
    with pytest.raises(PluginError, match=r"plugin 'core': 0 found in empty\.group \(known: none\)"):
        registry.load(["core"], config={}, group="empty.group")


def test_two_distributions_with_one_name_are_refused_with_both(strangers: Strangers) -> None:
    strangers.ship("ledger", kind(), distribution="hub-first")
    strangers.ship("ledger", kind(), distribution="hub-second")
    with pytest.raises(PluginError, match=r"2 found .*hub-first offers hub_first_.*, hub-second offers hub_second_"):
        strangers.load("ledger")


@pytest.mark.parametrize("raised", ["RuntimeError('no licence')", "SystemExit('no licence')"])
def test_a_plugin_that_raises_on_import_is_named_with_the_cause(strangers: Strangers, raised: str) -> None:
    strangers.ship("ledger", f"raise {raised}")
    with pytest.raises(
        PluginError, match=r"plugin 'ledger': .*_under_test cannot be imported: \w+: no licence"
    ) as caught:
        strangers.load("ledger")
    assert str(caught.value.__cause__) == "no licence"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (kind(), kind(), "kind 'ledger'"),
        (
            hook("hub_exclude_filters", "[Filter('a')]"),
            hook("hub_exclude_filters", "[Filter('a')]"),
            "exclude filter 'a'",
        ),
        (hook("hub_notifiers", "[Notifier('a')]"), hook("hub_notifiers", "[Notifier('a')]"), "notifier 'a'"),
        (
            kind() + hook("hub_sandboxes", "[Sandbox('ledger')]"),
            hook("hub_sandboxes", "[Sandbox('ledger')]"),
            "sandbox of kind 'ledger'",
        ),
    ],
)
def test_two_claims_to_one_key_are_refused_with_both_plugins(
    strangers: Strangers, first: str, second: str, said: str
) -> None:
    strangers.ship("one", first)
    strangers.ship("two", second)
    with pytest.raises(PluginError, match=f"{said} is claimed by 'one' and 'two'"):
        strangers.load("one", "two")


def test_a_plugin_that_claims_a_kind_twice_is_refused(strangers: Strangers) -> None:
    strangers.ship("one", kind().replace("return [Ledger]", "return [Ledger, Ledger]"))
    with pytest.raises(PluginError, match="kind 'ledger' is claimed by 'one' twice"):
        strangers.load("one")


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", "adds nothing: mark its hooks with hub.hookimpl"),
        ("def hub_webservices(): return []", "adds nothing"),
        (hook("hub_webservice", "[]"), "unknown hook 'hub_webservice'"),
        ("@hookimpl\ndef hub_webservices(hub): return []", "hub_webservices"),
        (hook("hub_webservices", "5"), "hub_webservices gave int instead of a list"),
        (hook("hub_webservices", "1 / 0"), "hub_webservices raised ZeroDivisionError: division by zero"),
        (hook("hub_webservices", "[5]"), "5 is no subclass of hub.Webservice"),
        (kind(bases="object"), "is no subclass of hub.Webservice"),
        (kind(key="'Ledger'"), "needs a kind of a-z, 0-9 and _, a letter first, not 'Ledger'"),
        (kind(key="'ledger\\n'"), "not 'ledger"),
        (kind(key="None"), "not None"),
        (kind("title = ' '"), "kind 'ledger' needs a title for people"),
        (kind("limits = None"), "limits of kind 'ledger' must be a hub.Limits"),
        (kind("capabilities = {}"), "capabilities of kind 'ledger' must be a hub.Capabilities"),
        (kind("settings = dict"), "settings of kind 'ledger' must be a subclass of hub.Settings"),
        (
            kind("class settings(hub.Settings):\n    model_config = {'arbitrary_types_allowed': True}\n    a: Filter"),
            "kind 'ledger' cannot be described: PydanticInvalidForJsonSchema",
        ),
        (kind("@classmethod\ndef account_mappings(cls): return 1 / 0"), "cannot be described: ZeroDivisionError"),
        (kind("@classmethod\ndef account_mappings(cls): return ['sales']"), "must give hub.Slot values, not 'sales'"),
        (
            kind("@classmethod\ndef account_mappings(cls): return [hub.Slot(key='a', label='', fills=())] * 2"),
            "kind 'ledger' has the slot 'a' twice",
        ),
        (
            kind("@classmethod\ndef account_mappings(cls): return [hub.Slot(key='A b', label='', fills=())]"),
            "slot of kind 'ledger'",
        ),
        (
            kind("@classmethod\ndef exclude_filters(cls): return ('moon',)"),
            "kind 'ledger' takes exclude filter 'moon', which no plugin adds (known: none)",
        ),
        (hook("hub_exclude_filters", "[object()]"), "exclude filter <object"),
        (hook("hub_exclude_filters", "[Notifier('a')]"), "exclude filter 'a' has no check()"),
        (hook("hub_notifiers", "[Filter('a')]"), "notifier 'a' has no notify()"),
        (
            kind() + hook("hub_sandboxes", "[Sandbox('xero')]"),
            "has a sandbox of kind 'xero', which is not its own kind",
        ),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_named_with_its_fault(strangers: Strangers, code: str, fault: str) -> None:
    strangers.ship("ledger", code)
    with pytest.raises(PluginError) as caught:
        strangers.load("ledger")
    assert str(caught.value).startswith("plugin 'ledger': ")
    assert fault in str(caught.value)


def test_a_filter_of_another_plugin_may_be_used_whatever_the_order(strangers: Strangers) -> None:
    strangers.ship("ledger", kind("@classmethod\ndef exclude_filters(cls): return ('moon',)"))
    strangers.ship("moon", hook("hub_exclude_filters", "[Filter('moon')]"))
    assert {"moon"} == set(strangers.load("ledger", "moon").filters)


def test_a_kind_is_configured_with_its_plugins_section(strangers: Strangers) -> None:
    strangers.ship("ledger", kind("@classmethod\ndef configure(cls, config): cls.got = dict(config)"))
    loaded = strangers.load("ledger", config={"ledger": {"folder": "a"}, "xero": {"folder": "b"}})
    assert getattr(loaded.kinds["ledger"], "got", None) == {"folder": "a"}


def test_a_refused_section_names_plugin_kind_and_fault(strangers: Strangers) -> None:
    refusal = "raise hub.FormError([hub.Fault('client_id', 'is missing')])"
    strangers.ship("ledger", kind(f"@classmethod\ndef configure(cls, config): {refusal}"))
    with pytest.raises(PluginError, match="plugin 'ledger', its settings for kind 'ledger': client_id: is missing"):
        strangers.load("ledger")


@pytest.mark.parametrize("raised", ["RuntimeError('full')", "SystemExit('full')"])
def test_an_observer_that_raises_is_logged_and_the_others_are_told(strangers: Strangers, raised: str) -> None:
    strangers.ship("bad", f"@hookimpl\ndef hub_run_finished(run): raise {raised}")
    strangers.ship("good", "seen = []\n@hookimpl\ndef hub_run_finished(run): seen.append(run['id'])")
    strangers.ship("silent", kind())
    loaded = strangers.load("bad", "good", "silent")
    assert list(loaded.observers) == ["bad", "good"]

    with structlog.testing.capture_logs() as logged:
        loaded.run_finished({"id": "r-1"})

    assert sys.modules["hub_good_under_test"].seen == ["r-1"]
    assert [(line["event"], line["plugin"]) for line in logged] == [("plugin.observer_failed", "bad")]
    assert logged[0]["error"].endswith("Error: full") or logged[0]["error"] == "SystemExit: full"


def test_the_plugin_of_an_unknown_kind_is_not_found(strangers: Strangers) -> None:
    strangers.ship("ledger", kind())
    with pytest.raises(NotFoundError, match=r"kind 'sage' is added by no enabled plugin \(known: ledger\)"):
        strangers.load("ledger").plugin_of("sage")
