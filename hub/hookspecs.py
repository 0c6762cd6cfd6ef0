"""The pluggy hooks. Hooks register, a class works: all are synchronous, since pluggy cannot await."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pluggy

from hub.contract import Webservice
from hub.domain.exclusions import ExcludeFilter
from hub.domain.secrets import Secret
from hub.domain.telling import Delivery, Notice

hookspec = pluggy.HookspecMarker("integration_hub")
hookimpl = pluggy.HookimplMarker("integration_hub")


class Post(Protocol):
    """Posts to an address that a gallery gave: public ones only, without redirects, within ten seconds."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None]:
        """(status, seconds of a `Retry-After` or None). Raises TemporaryError: no answer, or no address to call."""
        ...


@dataclass(frozen=True, kw_only=True)
class NotifierTools:
    """What a notifier is given once, before its first message, where it has a method `open(tools)`.

    `settings` is the operator's section for the plugin, `smtp_url` HUB_SMTP_URL; `public_url` ends without a slash.
    """

    settings: Mapping[str, Any]
    smtp_url: Secret | None
    public_url: str
    post: Post


class Notifier(Protocol):
    """Tells people what changed for them; registered by `hub_notifiers`.

    It may have `open(tools: NotifierTools)`, whose ValueError stops the start, and `why_off() -> str | None`: why it
    can tell nobody (said once in the log, and by `hub doctor`).
    """

    key: str

    async def notify(self, message: Notice) -> None:
        """Tell people; within a minute.

        Raises:
            PermanentError: nobody can be told now (no address): tried again with the next news, or a day later.
            Exception: anything else has it tried again soon, less and less often.
        """
        ...


class EventNotifier(Protocol):
    """Takes single events of galleries that have a callback; registered by `hub_notifiers`, otherwise as `Notifier`."""

    key: str
    takes: Literal["events"]

    async def notify(self, message: Delivery) -> None:
        """Deliver one event; the next one comes when this returns.

        Raises:
            PermanentError: the receiver wants no more: deliveries to this gallery stop.
            Exception: anything else has it tried again, less and less often (a `TemporaryError` may say when).
        """
        ...


class SandboxFactory(Protocol):
    """Makes a kind's stand-in for demos and rehearsals; registered by `hub_sandboxes`."""

    kind: str

    def app(self, *, clock_factor: float, client_id: str, client_secret: str) -> Any:
        """An aiohttp application that answers as the remote side does."""
        ...

    def prepare(self, app: Any, facts: Sequence[Mapping[str, Any]]) -> None:
        """Bring organisations of *app* (the first, unless a fact names another) to where a rehearsal starts from."""
        ...


@hookspec
def hub_webservices() -> list[type[Webservice]]:  # type: ignore[empty-body] # a hook specification has no body
    """The kinds this plugin adds."""


@hookspec
def hub_exclude_filters() -> list[ExcludeFilter]:  # type: ignore[empty-body] # a hook specification has no body
    """The exclude filters this plugin adds."""


@hookspec
def hub_notifiers() -> list[Notifier | EventNotifier]:  # type: ignore[empty-body] # a hook specification has no body
    """The notifiers this plugin adds."""


@hookspec
def hub_sandboxes() -> list[SandboxFactory]:  # type: ignore[empty-body] # a hook specification has no body
    """Stand-ins for the remote sides of this plugin's kinds."""


@hookspec
def hub_run_finished(run: Mapping[str, Any]) -> None:
    """Observe a finished run; what it raises is logged and goes no further."""
