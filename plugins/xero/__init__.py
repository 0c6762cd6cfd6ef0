"""The plugin for Xero: the kind `xero`, and its sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub import SandboxFactory, Webservice, hookimpl
from plugins.xero.webservice import Xero


class XeroSandbox:
    """Makes the stand-in for Xero; it is loaded only when it is asked for."""

    kind = "xero"

    def app(self, *, clock_factor: float, client_id: str, client_secret: str) -> Any:
        """An aiohttp application that answers as Xero does."""
        from plugins.xero import sandbox  # noqa: PLC0415 - a daemon never needs the stand-in

        return sandbox.make_app(clock_factor=clock_factor, client_id=client_id, client_secret=client_secret)

    def prepare(self, app: Any, facts: Sequence[Mapping[str, Any]]) -> None:
        """Bring organisations of *app* (the first, unless a fact names another) to where a rehearsal starts from."""
        from plugins.xero.sandbox import SANDBOX  # noqa: PLC0415 - as above
        from plugins.xero.sandbox.prepare import prepare  # noqa: PLC0415 - as above

        prepare(app[SANDBOX], facts)


@hookimpl
def hub_webservices() -> list[type[Webservice]]:
    """Xero."""
    return [Xero]


@hookimpl
def hub_sandboxes() -> list[SandboxFactory]:
    """The stand-in for Xero."""
    return [XeroSandbox()]
