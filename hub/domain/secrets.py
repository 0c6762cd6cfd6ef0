"""Secrets as values: what must not be printed, and where a sealed one belongs."""

from __future__ import annotations

import hmac
from typing import NoReturn, Protocol

import msgspec


class Secret:
    """A text that prints as ``[secret]``, cannot be pickled, and compares in constant time. `reveal` tells it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: for the wire and the box, never for a log or a message."""
        return self._text

    def __repr__(self) -> str:
        """Nothing of it, not even its length."""
        return "[secret]"

    def __eq__(self, other: object) -> bool:
        """Whether both are the same text, in constant time."""
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        """As the text."""
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        """Raises TypeError: a pickle is a copy in the clear."""
        raise TypeError("a secret cannot be pickled")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The one place where a sealed text may be opened: it is bound to all of this.

    `version` is the row's: a text of an earlier state of the same row cannot be put back.
    """

    table: str
    column: str
    row_id: str
    gallery_id: str
    kind: str
    version: int = 1


class Sealer(Protocol):
    """What seals and opens texts (`hub.remote.secrets.SecretBox`)."""

    def seal(self, secret: Secret, place: Place) -> str:
        """*secret* as a printable text that opens at *place* only."""
        ...

    def open(self, sealed: str, place: Place) -> Secret:
        """The secret. Raises SecretError: it was sealed elsewhere, altered, or by a key that is not here."""
        ...

    @property
    def key_id(self) -> str:
        """Id of the key that seals now."""
        ...

    @property
    def known_key_ids(self) -> frozenset[str]:
        """Ids of all keys that open."""
        ...
