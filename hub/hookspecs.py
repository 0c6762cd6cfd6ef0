"""The pluggy hooks. Hooks register, a class works: all are synchronous, since pluggy cannot await."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pluggy

from hub.contract import Webservice
from hub.domain.exclusions import ExcludeFilter

hookspec = pluggy.HookspecMarker("integration_hub")
hookimpl = pluggy.HookimplMarker("integration_hub")


class Notifier(Protocol):
    """Tells people about problems; registered by `hub_notifiers`."""

    key: str

    async def notify(self, message: Mapping[str, Any]) -> None:
        """Deliver one message; raise to have it tried again."""
        ...


class SandboxFactory(Protocol):
    """Makes a kind's stand-in for demos and rehearsals; registered by `hub_sandboxes`."""

    kind: str

    def app(self, *, clock_factor: float, client_id: str, client_secret: str) -> Any:
        """An aiohttp application that answers as the remote side does."""
        ...

    def prepare(self, app: Any, facts: Sequence[Mapping[str, Any]]) -> None:
        """Bring the first organisation of *app* into the state that a rehearsal starts from."""
        ...


@hookspec
def hub_webservices() -> list[type[Webservice]]:  # type: ignore[empty-body] # a hook specification has no body
    """The kinds this plugin adds."""


@hookspec
def hub_exclude_filters() -> list[ExcludeFilter]:  # type: ignore[empty-body] # a hook specification has no body
    """The exclude filters this plugin adds."""


@hookspec
def hub_notifiers() -> list[Notifier]:  # type: ignore[empty-body] # a hook specification has no body
    """The notifiers this plugin adds."""


@hookspec
def hub_sandboxes() -> list[SandboxFactory]:  # type: ignore[empty-body] # a hook specification has no body
    """Stand-ins for the remote sides of this plugin's kinds."""


@hookspec
def hub_run_finished(run: Mapping[str, Any]) -> None:
    """Observe a finished run; what it raises is logged and goes no further."""
