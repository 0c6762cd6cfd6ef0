"""Scripted, bounded faults: each is counted when it really happens."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatch
from typing import Any

import msgspec

KINDS = {
    "lose_answer": "carry the request out, then drop the connection without a byte",
    "error_after_commit": "carry it out, then answer `status` (500); `remember`='error' keeps that under the key",
    "error_before_commit": "answer `status` (500) without doing anything; `remember`='error' keeps it under the key",
    "cut_answer": "carry it out, send half of the body, then drop the connection",
    "delay": "wait `seconds` (scaled); `when`='after' (default) carrying it out, or 'before'",
    "throttle": "429 with `retry_after` (Xero's seconds, None = no header) and `problem` ('minute')",
    "shuffle": "shuffle the elements of the answer",
    "drop": "drop an element of the answer: the one at `index` (0)",
    "revoke": "revoke every token of the user, as a person can",
    "disconnect": "disconnect the organisation that the call names",
    "expire_tokens": "let the access tokens expire",
    "offline": "503 with `message` as plain text",
}


class FaultRule(msgspec.Struct, kw_only=True):
    """One scripted fault. It matches *method* and *path* (`*` wildcards, or a part of the path), skips the first
    *after* matches, happens *times* times (None: for ever), and counts in *injected*."""

    kind: str
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    after: int = 0
    args: dict[str, Any] = {}
    injected: int = 0

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one of those meant."""
        if self.method is not None and self.method.upper() != method:
            return False
        if self.path is None:
            return True
        return fnmatch(path, self.path) if "*" in self.path else self.path.casefold() in path.casefold()


class Faults:
    """The scripted faults of one sandbox."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []
        self.injected: Counter[str] = Counter()

    def add(
        self,
        kind: str,
        *,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        after: int = 0,
        **args: Any,
    ) -> FaultRule:
        """Script a fault; see `KINDS`. Raises ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r} (known: {', '.join(KINDS)})")
        rule = FaultRule(kind=kind, method=method, path=path, times=times, after=after, args=args)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget every scripted fault; counts stay."""
        self.rules.clear()

    def take(self, kind: str, method: str, path: str) -> FaultRule | None:
        """The fault of *kind* that is due for this request, counted as injected; None when there is none."""
        return self._take(kind, method, path, None)

    def take_delay(self, method: str, path: str, *, when: str) -> FaultRule | None:
        """The delay that is due `before` or `after` the deed."""
        return self._take("delay", method, path, when)

    def _take(self, kind: str, method: str, path: str, when: str | None) -> FaultRule | None:
        for rule in self.rules:
            if rule.kind != kind or rule.times == 0 or not rule.matches(method, path):
                continue
            if when is not None and rule.args.get("when", "after") != when:
                continue
            if rule.after > 0:
                rule.after -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
            rule.injected += 1
            self.injected[kind] += 1
            return rule
        return None
