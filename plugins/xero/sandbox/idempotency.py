"""Idempotency keys: an answer is kept for six minutes and replayed, errors too. FACTS 3.5."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from plugins.xero.sandbox import errors
from plugins.xero.sandbox.accounting import Answer
from plugins.xero.sandbox.errors import AnswerError
from plugins.xero.sandbox.settings import SandboxSettings

LONGEST_KEY = 128
Fingerprint = tuple[str, str, str, bytes]  # method, URL, organisation, body


class _Kept:
    def __init__(self, fingerprint: Fingerprint, first_at: float, answer: Answer) -> None:
        self.fingerprint = fingerprint
        self.first_at = first_at
        self.answer = answer


class IdempotencyKeys:
    """Answers by (app, key); counted from the first call, in scaled seconds."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._seconds = settings.idempotency_seconds * settings.clock_factor
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self.replayed = 0

    def find(self, app: str, key: str, fingerprint: Fingerprint, moment: datetime) -> Answer | None:
        """The answer given before under *key*, or None.

        Raises:
            AnswerError: 400; the key is too long, or was used with a different request.
        """
        if len(key) > LONGEST_KEY:
            raise self._refusal(f"Idempotency Key: the key is longer than {LONGEST_KEY} characters.")
        self._drop_old(moment.timestamp())
        kept = self._kept.get((app, key))
        if kept is None:
            return None
        if kept.fingerprint != fingerprint:  # FACTS 3.5 [T]
            raise self._refusal(f"Idempotency Key: {key} is used with a different request.")
        self.replayed += 1
        return kept.answer

    def keep(self, app: str, key: str, fingerprint: Fingerprint, answer: Answer, moment: datetime) -> None:
        """Keep the first answer under *key*."""
        self._kept[app, key] = _Kept(fingerprint, moment.timestamp(), answer)

    def replace(self, app: str, key: str, answer: Answer) -> None:
        """Put another answer in place of the one kept, if one is."""
        if kept := self._kept.get((app, key)):
            kept.answer = answer

    def _drop_old(self, now: float) -> None:
        while self._kept:
            oldest = next(iter(self._kept))
            if now - self._kept[oldest].first_at <= self._seconds:
                return
            del self._kept[oldest]

    @staticmethod
    def _refusal(detail: str) -> AnswerError:
        return errors.problem(400, "Bad Request", detail)
