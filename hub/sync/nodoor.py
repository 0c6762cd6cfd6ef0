"""The door of a kind that speaks no HTTP: there is none."""

from __future__ import annotations

from hub.domain.drafts import Request, Response
from hub.errors import PermanentError


class NoDoor:
    """An `Http` that sends nothing (`Webservice.base_url` is empty)."""

    async def send(self, request: Request, *, organisation: bool = True, key: str | None = None) -> Response:  # noqa: ARG002 - the contract's
        """Raises PermanentError: the plugin declares no address, and calls one all the same."""
        raise PermanentError("refused", f"This kind has no address to send {request.method} to.", "Report this.")
