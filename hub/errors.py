"""Every error the hub raises on purpose, by what the caller can do about it.

HubError
├── StartupError          the daemon cannot start; the message says what to change
│   └── PluginError       a plugin cannot be loaded, or claims what another one has
├── FormError             input with faults: all of them, each with its place; nothing was saved
├── NotFoundError         there is no such thing, or the caller may not know that there is
├── ConflictError         the request is sound but the state of things forbids it; `name` says which rule
├── AccessError           no key, an unknown one, or one that may not do this
├── BusyError             the database is overloaded: nothing was done, the same request later (503)
├── UnavailableError      the database cannot be reached: what became of the request is not known here (503)
├── SecretError           a stored secret does not open: altered, moved, or its key is missing
├── LeaseLostError        a worker may no longer write: another one has, or may have, its webservice
└── RemoteError           the other side of a webservice
    ├── TemporaryError    again later; a write that met it has an UNKNOWN outcome
    ├── PermanentError    a known refusal: a person or a change has to help
    ├── AuthorizationError  the grant no longer opens the organisation: pause, ask for consent
    ├── ThrottledError    not now: park until `retry_after` has passed; nothing was done there
    └── CursorExpiredError  a pull cursor is too old: scan everything
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Fault(NamedTuple):
    """One fault of an input: where it is (``lines[0].quantity``, ``""`` for the whole) and what is wrong."""

    at: str
    message: str


class HubError(Exception):
    """Base of every error the hub raises on purpose; its text is fit to show to a person."""


class StartupError(HubError):
    """The daemon (or a command) cannot start; the message names the way out."""


class PluginError(StartupError):
    """A plugin cannot be loaded or breaks the contract; the message names the plugin."""


class FormError(HubError):
    """An input has faults; nothing of it was saved."""

    def __init__(self, faults: list[Fault], *, title: str = "The input has faults") -> None:
        self.faults = faults
        self.title = title
        super().__init__("; ".join(f"{at}: {message}" if at else message for at, message in faults))


class NotFoundError(HubError):
    """There is no such thing."""


class ConflictError(HubError):
    """The state of things forbids the request.

    Args:
        name: The rule, in kebab-case; the last part of the problem's `type` (``has-payments``).
        detail: One sentence that names the thing and the way out.
    """

    def __init__(self, name: str, detail: str) -> None:
        self.name = name
        super().__init__(detail)


class AccessError(HubError):
    """The caller may not do this: ``unauthorized`` (no or unknown key) or ``forbidden`` (a key without the right)."""

    def __init__(self, name: Literal["unauthorized", "forbidden"], detail: str) -> None:
        self.name = name
        super().__init__(detail)


class BusyError(HubError):
    """The database is busy (no connection, lock or answer in time); nothing was done, try again."""

    def __init__(self, detail: str = "the database is busy: try again in a few seconds") -> None:
        super().__init__(detail)


class UnavailableError(HubError):
    """The database cannot be reached; a write that met this may or may not have been committed."""

    def __init__(self, detail: str = "the database cannot be reached: try again in a few seconds") -> None:
        super().__init__(detail)


class SecretError(HubError):
    """A stored secret does not open where it stands; the message names the row and the way out, never the secret."""


class LeaseLostError(HubError):
    """The lease of a run ended (or may have) before a send: nothing was sent, the worker stops."""


class RemoteError(HubError):
    """Base of what can go wrong at the other side of a webservice."""


class TemporaryError(RemoteError):
    """No clear answer (network, time-out, 5xx): the outcome of a write is unknown, a read may be repeated.

    Args:
        delay: Seconds to wait before the next try; None leaves it to the caller's back-off.
    """

    def __init__(self, message: str, *, delay: float | None = None) -> None:
        self.delay = delay
        super().__init__(message)


class PermanentError(RemoteError):
    """A known refusal of the whole request.

    Args:
        code: A reason code of the hub, or the remote side's own code.
        message: What was refused, in plain words (their text may be quoted).
        remedy: What a person can do.
    """

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        self.code = code
        self.remedy = remedy
        super().__init__(message)


class AuthorizationError(RemoteError):
    """The grant or the organisation's connection is gone: the webservice needs a new consent."""


_LIMITS = {
    "second": "the limit of one second",
    "minute": "the limit of one minute",
    "day": "the limit of one day",
    "concurrent": "the number of calls at once",
    "app": "the limit of the whole app",
}


class ThrottledError(RemoteError):
    """A limit was reached; nothing was done there.

    Args:
        retry_after: Seconds (unscaled, as the remote side counts) before the next call.
        scope: Which limit: ``minute``, ``day``, ``concurrent``, ``app``.
    """

    def __init__(self, retry_after: float, scope: str) -> None:
        self.retry_after = retry_after
        self.scope = scope
        limit = _LIMITS.get(scope, "a limit")
        super().__init__(f"The accounting system takes no more calls for now: {limit} is used up.")


class CursorExpiredError(RemoteError):
    """The pull cursor is no longer accepted; scan everything once."""
