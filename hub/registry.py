"""The enabled plugins, and what they add: kinds, exclude filters, notifiers, sandboxes, observers of runs.

Plugins come in by entry points of the group `integration_hub.plugins`, the bundled ones too, and only those that the
settings list (`HUB_PLUGINS`). Everything that could be wrong with a plugin is found here, at start, and named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed_entry_points
from typing import Any, NoReturn

import msgspec
import pluggy
import structlog

from hub import hookspecs
from hub.contract import Settings, Webservice
from hub.domain.books import Slot
from hub.domain.capabilities import Capabilities, Limits
from hub.domain.exclusions import ExcludeFilter
from hub.errors import NotFoundError, PluginError
from hub.hookspecs import EventNotifier, Notifier, SandboxFactory

GROUP = "integration_hub.plugins"
KEY = re.compile(r"[a-z][a-z0-9_]*")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """One loaded plugin. `distribution` and `version` are empty when the entry point came without a distribution."""

    name: str
    target: str
    distribution: str = ""
    version: str = ""


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """What the enabled plugins add, by key, in the order of the settings.

    Attributes:
        sandboxes: By the kind they stand in for.
        owners: Kind -> name of the plugin that adds it.
        notifier_owners: The same for notifiers.
        observers: Plugin name -> its `hub_run_finished`.
    """

    plugins: tuple[Plugin, ...] = ()
    kinds: dict[str, type[Webservice]] = {}
    filters: dict[str, ExcludeFilter] = {}
    notifiers: dict[str, Notifier | EventNotifier] = {}
    sandboxes: dict[str, SandboxFactory] = {}
    owners: dict[str, str] = {}
    notifier_owners: dict[str, str] = {}
    observers: dict[str, Callable[..., Any]] = {}

    def plugin_of(self, kind: str) -> str:
        """The name of the plugin that adds *kind*; raises NotFoundError when no enabled plugin does."""
        try:
            return self.owners[kind]
        except KeyError:
            raise NotFoundError(f"kind {kind!r} is added by no enabled plugin ({_known(self.owners)})") from None

    def run_finished(self, run: Mapping[str, Any]) -> None:
        """Tell every observer about a finished run; what one raises is logged with its plugin and goes no further."""
        for plugin, observe in self.observers.items():
            try:
                observe(run=run)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - a plugin that raises even SystemExit costs only itself
                log.warning("plugin.observer_failed", plugin=plugin, error=f"{type(error).__name__}: {error}")


def load(
    names: Iterable[str],
    *,
    config: Mapping[str, Mapping[str, Any]],
    group: str = GROUP,
    entry_points: Iterable[EntryPoint] | None = None,
) -> Registry:
    """Load the plugins called *names*, check all they add, and configure their kinds.

    Args:
        names: As in `HUB_PLUGINS`; a repeated name counts once.
        config: Plugin name -> the operator's section for it, handed to `configure` of each of its kinds.
        entry_points: Instead of the installed ones; those of other groups are ignored.

    Raises:
        PluginError: A name that 0 or several distributions offer; a plugin that raises, adds nothing, breaks the
            contract, refuses its section, or claims a key that another one has. The message names all involved.
    """
    offers = installed_entry_points(group=group) if entry_points is None else entry_points
    found = [one for one in offers if one.group == group]
    manager = pluggy.PluginManager("integration_hub")
    manager.add_hookspecs(hookspecs)
    chosen = [_pick(name, found, group) for name in dict.fromkeys(names)]
    for point in chosen:
        _register(manager, point)
    gathered = _gather(manager, [point.name for point in chosen])
    registry = msgspec.structs.replace(gathered, plugins=tuple(_describe(point) for point in chosen))
    for key, kind in registry.kinds.items():
        _check_filters(key, kind, registry)
        _configure(registry.owners[key], kind, config)
    return registry


def _pick(name: str, found: list[EntryPoint], group: str) -> EntryPoint:
    offers = [one for one in found if one.name == name]
    if len(offers) == 1:
        return offers[0]
    if offers:
        rivals = ", ".join(sorted(f"{_distribution(one)} offers {one.value}" for one in offers))
        raise PluginError(f"plugin {name!r}: {len(offers)} found in {group} ({rivals}): uninstall all but one")
    raise PluginError(f"plugin {name!r}: 0 found in {group} ({_known(one.name for one in found)})")


def _register(manager: pluggy.PluginManager, point: EntryPoint) -> None:
    try:
        plugin = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever its import raises, SystemExit too, is named
        _refuse(point.name, f"{point.value} cannot be imported: {type(error).__name__}: {error}", error)
    try:
        manager.register(plugin, point.name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        _refuse(point.name, str(error).replace("\n", " "), error)
    if not manager.get_hookcallers(plugin):
        _refuse(point.name, f"{point.value} adds nothing: mark its hooks with hub.hookimpl")


def _gather(manager: pluggy.PluginManager, names: list[str]) -> Registry:
    """All that the plugins add, each key claimed once."""
    result = Registry()
    filter_owners: dict[str, str] = {}
    sandbox_owners: dict[str, str] = {}
    for name in names:
        for kind in _offers(manager, name, "hub_webservices"):
            _check_kind(name, kind)
            _claim(result.owners, name, "kind", kind.kind)
            result.kinds[kind.kind] = kind
        for rule in _offers(manager, name, "hub_exclude_filters"):
            key = _key_of(name, "exclude filter", rule, "key")
            _check_members(name, f"exclude filter {key!r}", rule, ("check", "matches", "describe"))
            _claim(filter_owners, name, "exclude filter", key)
            result.filters[key] = rule
        for notifier in _offers(manager, name, "hub_notifiers"):
            key = _key_of(name, "notifier", notifier, "key")
            _check_members(name, f"notifier {key!r}", notifier, ("notify",))
            _claim(result.notifier_owners, name, "notifier", key)
            result.notifiers[key] = notifier
        for sandbox in _offers(manager, name, "hub_sandboxes"):
            key = _key_of(name, "sandbox", sandbox, "kind")
            _check_members(name, f"sandbox of {key!r}", sandbox, ("app",))
            _claim(sandbox_owners, name, "sandbox of kind", key)
            result.sandboxes[key] = sandbox
        if observer := _caller(manager, name, "hub_run_finished"):
            result.observers[name] = observer
    for key, owner in sandbox_owners.items():
        if result.owners.get(key) != owner:
            _refuse(owner, f"has a sandbox of kind {key!r}, which is not its own kind")
    return result


def _caller(manager: pluggy.PluginManager, name: str, hook: str) -> Callable[..., Any] | None:
    """Calls *hook* of the plugin *name* alone; None when it has none."""
    if not any(one.plugin_name == name for one in getattr(manager.hook, hook).get_hookimpls()):
        return None
    others = [plugin for other, plugin in manager.list_name_plugin() if other != name]
    return manager.subset_hook_caller(hook, remove_plugins=others)


def _offers(manager: pluggy.PluginManager, name: str, hook: str) -> Iterator[Any]:
    call = _caller(manager, name, hook)
    if call is None:
        return
    try:
        answers = call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a hook raises is named with its plugin
        _refuse(name, f"{hook} raised {type(error).__name__}: {error}", error)
    for answer in answers:
        if not isinstance(answer, list | tuple):
            _refuse(name, f"{hook} gave {type(answer).__name__} instead of a list")
        yield from answer


def _claim(owners: dict[str, str], plugin: str, what: str, key: str) -> None:
    if key in owners:
        both = f"{owners[key]!r} and {plugin!r}" if owners[key] != plugin else f"{plugin!r} twice"
        raise PluginError(f"{what} {key!r} is claimed by {both}: take one of them out of HUB_PLUGINS")
    owners[key] = plugin


def _key_of(plugin: str, what: str, thing: Any, attribute: str) -> str:
    key = getattr(thing, attribute, None)
    if not isinstance(key, str) or not KEY.fullmatch(key):
        _refuse(plugin, f"{what} {thing!r} needs a {attribute} of a-z, 0-9 and _, a letter first, not {key!r}")
    return key


def _check_members(plugin: str, what: str, thing: Any, members: tuple[str, ...]) -> None:
    for member in members:
        if not callable(getattr(thing, member, None)):
            _refuse(plugin, f"{what} has no {member}()")


def _check_kind(plugin: str, kind: Any) -> None:
    if not (isinstance(kind, type) and issubclass(kind, Webservice)):
        _refuse(plugin, f"{kind!r} is no subclass of hub.Webservice")
    key = _key_of(plugin, "kind", kind, "kind")
    title = getattr(kind, "title", None)
    if not isinstance(title, str) or not title.strip():
        _refuse(plugin, f"kind {key!r} needs a title for people")
    for attribute, expected in (("limits", Limits), ("capabilities", Capabilities)):
        if not isinstance(getattr(kind, attribute), expected):
            _refuse(plugin, f"{attribute} of kind {key!r} must be a hub.{expected.__name__}")
    settings: Any = kind.settings  # what a stranger put there
    if not (isinstance(settings, type) and issubclass(settings, Settings)):
        _refuse(plugin, f"settings of kind {key!r} must be a subclass of hub.Settings")
    try:
        settings.model_json_schema()
        slots = kind.account_mappings()
    except Exception as error:  # noqa: BLE001 - whatever a declared member raises is named with its plugin
        _refuse(plugin, f"kind {key!r} cannot be described: {type(error).__name__}: {error}", error)
    _check_slots(plugin, key, slots)


def _check_slots(plugin: str, kind: str, slots: Iterable[Any]) -> None:
    seen: set[str] = set()
    for slot in slots:
        if not isinstance(slot, Slot):
            _refuse(plugin, f"account_mappings of kind {kind!r} must give hub.Slot values, not {slot!r}")
        key = _key_of(plugin, f"slot of kind {kind!r}", slot, "key")
        if key in seen:
            _refuse(plugin, f"kind {kind!r} has the slot {key!r} twice")
        seen.add(key)


def _check_filters(key: str, kind: type[Webservice], registry: Registry) -> None:
    for name in kind.exclude_filters():
        if name not in registry.filters:
            known = _known(registry.filters)
            _refuse(registry.owners[key], f"kind {key!r} takes exclude filter {name!r}, which no plugin adds ({known})")


def _configure(plugin: str, kind: type[Webservice], config: Mapping[str, Mapping[str, Any]]) -> None:
    try:
        kind.configure(config.get(plugin, {}))
    except Exception as error:
        text = str(error) or type(error).__name__
        raise PluginError(f"plugin {plugin!r}, its settings for kind {kind.kind!r}: {text}") from error


def _refuse(plugin: str, fault: str, cause: BaseException | None = None) -> NoReturn:
    raise PluginError(f"plugin {plugin!r}: {fault}") from cause


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "an unknown distribution"


def _describe(point: EntryPoint) -> Plugin:
    dist = point.dist
    return Plugin(
        name=point.name,
        target=point.value,
        distribution=dist.name if dist else "",
        version=dist.version if dist else "",
    )


def _known(keys: Iterable[str]) -> str:
    return f"known: {', '.join(sorted(set(keys))) or 'none'}"
