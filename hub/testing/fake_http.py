"""A door out that goes nowhere: it remembers what was sent and answers what it was told."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hub.domain.drafts import Request, Response

Answer = Response | Exception | Callable[[Request], Response]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One call: the request, whether the organisation's headers went with it, and its idempotency key."""

    request: Request
    organisation: bool
    key: str | None


class FakeHttp:
    """An `Http` for tests.

    Args:
        answers: One for each call, in order: a response, an exception to raise, or a function of the request. A
            function in the last place answers every call from there on.

    Attributes:
        sent: The calls so far.
    """

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.sent: list[Sent] = []

    async def send(self, request: Request, *, organisation: bool = True, key: str | None = None) -> Response:
        """The next answer. Raises AssertionError for a call that no answer is left for."""
        self.sent.append(Sent(request=request, organisation=organisation, key=key))
        if not self._answers:
            raise AssertionError(f"no answer is left for {request.method} {request.path}")
        answer = self._answers[0]
        if len(self._answers) > 1 or not callable(answer):
            del self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer
