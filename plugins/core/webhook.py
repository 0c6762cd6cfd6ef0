"""The notifier `webhook`: each event as a signed POST to the gallery's callback (Standard Webhooks)."""

from __future__ import annotations

from typing import Literal

from hub import Delivery, NotifierTools, PermanentError, TemporaryError


class Webhook:
    """Posts events. Any 2xx acknowledges; 410 says that the receiver wants no more; all else is tried again."""

    key = "webhook"
    takes: Literal["events"] = "events"

    def open(self, tools: NotifierTools) -> None:
        """Take the way out."""
        self._post = tools.post

    async def notify(self, message: Delivery) -> None:
        """Post one event.

        Raises:
            PermanentError: 410.
            TemporaryError: any other answer, or none.
        """
        status, retry_after = await self._post(message.url, message.headers, message.body)
        if status == 410:
            raise PermanentError("gone", "the receiver answered 410 Gone: it wants no more events")
        if not 200 <= status < 300:
            raise TemporaryError(f"the receiver answered {status}", delay=retry_after)
