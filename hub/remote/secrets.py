"""The box that seals secrets: AES-256-GCM, bound to the place of each, under a ring of keys from a file.

A sealed text is ``s1.<key id>.<base64url of nonce, ciphertext and tag>``. The nonce is 96 random bits. The associated
data names table, column, row, gallery, kind and version, so a text moved anywhere else does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub import logs
from hub.domain.secrets import Place, Secret
from hub.errors import SecretError, StartupError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_FORMAT = "s1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_HEADER = """\
# Keys that seal the hub's stored secrets, oldest first; the last one seals.
# Keep a copy apart from the database: without it, stored grants are lost.
"""


class SecretBox:
    """Seals with the newest key, opens with any.

    Args:
        keys: 32 bytes each, oldest first.
    """

    def __init__(self, keys: Iterable[bytes]) -> None:
        ring = tuple(keys)
        if not ring or any(len(key) != _KEY_BYTES for key in ring):
            raise StartupError(f"A key ring holds at least one key, each of {_KEY_BYTES} bytes.")
        self._keys = {_id_of(key): AESGCM(key) for key in ring}
        self._newest = _id_of(ring[-1])

    def __repr__(self) -> str:
        """The ids of its keys."""
        return f"<SecretBox {', '.join(self._keys)}>"

    @property
    def key_id(self) -> str:
        """Id of the key that seals now: eight hex characters of its hash."""
        return self._newest

    @property
    def known_key_ids(self) -> frozenset[str]:
        """Ids of all keys that open."""
        return frozenset(self._keys)

    def seal(self, secret: Secret, place: Place) -> str:
        """*secret* as a printable text that opens at *place* only; twice the same secret gives two texts."""
        logs.conceal(secret.reveal())
        nonce = os.urandom(_NONCE_BYTES)
        data = self._keys[self._newest].encrypt(nonce, secret.reveal().encode(), _bind(self._newest, place))
        return f"{_FORMAT}.{self._newest}.{base64.urlsafe_b64encode(nonce + data).decode()}"

    def open(self, sealed: str, place: Place) -> Secret:
        """The secret sealed for *place*.

        Raises:
            SecretError: it was sealed for another place or version, altered, or by a key that is not in the ring.
        """
        try:
            return self._open(sealed, place)
        except SecretError:
            names = {"table": place.table, "column": place.column, "gallery_id": place.gallery_id}
            log.error("secret.refused", **names)  # noqa: TRY400 - an alarm by itself; whoever catches it logs the rest
            raise

    def _open(self, sealed: str, place: Place) -> Secret:
        where = f"{place.table}.{place.column} of {place.row_id}"
        key_id = key_id_of(sealed)
        if key_id is None:
            raise SecretError(f"{where}: this is no sealed secret. Restore the row from a backup.")
        if key_id not in self._keys:
            raise SecretError(f"{where}: sealed by key {key_id}, which is not in the key file. Put that key back.")
        try:
            data = base64.urlsafe_b64decode(sealed.rpartition(".")[2])
            text = self._keys[key_id].decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _bind(key_id, place))
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise SecretError(
                f"{where}: this secret was altered or belongs to another place. Someone changed the database by hand; "
                "restore the row, or connect the webservice again."
            ) from error
        secret = Secret(text.decode())
        logs.conceal(secret.reveal())
        return secret


def key_id_of(sealed: str) -> str | None:
    """Id of the key that sealed this text; None when it is no sealed text."""
    parts = sealed.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == _FORMAT else None


def load_or_make(path: Path) -> SecretBox:
    """The box with the keys of the file *path*, which is made (readable by its owner alone) when it is absent.

    Raises:
        StartupError: the file cannot be read or made, is open to everybody, or holds no key.
    """
    if not path.exists():
        _make(path)
    try:
        if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            raise StartupError(f"The key file {path} is open to every user of this machine: chmod 600 {path}")
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"The key file {path} cannot be read: {error}. Correct HUB_SECRET_KEY_FILE.") from error
    return SecretBox(_parse(path, text))


def add_key(path: Path) -> str:
    """Append a new key to the file *path*; it seals from the next start on, the old ones still open. Returns its id."""
    key = os.urandom(_KEY_BYTES)
    with path.open("a", encoding="ascii") as file:
        file.write(base64.b64encode(key).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return _id_of(key)


def _make(path: Path) -> None:
    """Write a new file beside *path* and link it into place: of two processes that start at once, one makes the key."""
    part = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(_HEADER + base64.b64encode(os.urandom(_KEY_BYTES)).decode() + "\n")
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(part)
        except FileExistsError:
            return  # another process was first; its file is whole
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StartupError(f"The key file {path} cannot be made: {error}. Correct HUB_SECRET_KEY_FILE.") from error


def _parse(path: Path, text: str) -> list[bytes]:
    keys = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            key = base64.b64decode(line.strip(), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != _KEY_BYTES:
            raise StartupError(f"{path}, line {number}: no key of {_KEY_BYTES} bytes in base64. Restore a copy.")
        keys.append(key)
    if not keys:
        raise StartupError(f"The key file {path} holds no key. Restore it from a copy; without it grants are lost.")
    return keys


def _id_of(key: bytes) -> str:
    return hashlib.sha256(b"integration-hub key id\x00" + key).hexdigest()[:8]


def _bind(key_id: str, place: Place) -> bytes:
    """The associated data: a list, so that no value can run into the next."""
    where = (place.table, place.column, place.row_id, place.gallery_id, place.kind, place.version)
    return msgspec.json.encode([_FORMAT, key_id, *where])
