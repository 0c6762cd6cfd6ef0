"""Grants, connect links and consents under way: sealed on the way in, opened on the way out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from hub.domain.grants import ConnectLink, Consent, Grant, Tokens
from hub.domain.secrets import Place, Sealer, Secret
from hub.errors import ConflictError, NotFoundError, StartupError
from hub.store.database import Connection, Database
from hub.store.queries import load

LINK_SECONDS = 86_400.0
STATE_SECONDS = 600.0
"""PROMISES C4: a consent ends within 10 minutes. People need them: no clock factor shortens it."""
PREVIOUS_SECONDS = 1_500.0
"""PROMISES R14: the remote side takes the previous refresh token for 30 minutes (FACTS 1.3); we keep it for 25."""
_PAGE = 100

QUERIES = load("grants")


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as it stands, and for how many more seconds somebody is refreshing it (0 = nobody)."""

    grant: Grant
    claimed_for: float


class GrantStore:
    """The grants of all galleries.

    Every write of tokens raises the row's version, and what is sealed is bound to it: an old ciphertext put back
    into the same row does not open.
    """

    def __init__(self, db: Database, box: Sealer) -> None:
        self._db = db
        self._box = box

    # -- grants

    async def save(self, gallery_id: str, kind: str, tokens: Tokens, *, remote_user: str, consent_id: str) -> str:
        """Store the tokens of a new consent and return the grant's id.

        A grant of the same remote user is replaced, for all webservices that use it; a refresh of it that is under
        way loses (its tokens belong to the consent before).
        """
        async with self._db.transaction() as conn:
            new_id = secrets.token_hex(8)
            row = await conn.fetchrow(QUERIES.begin_grant, gallery_id, new_id, kind, remote_user, consent_id)
            assert row is not None  # noqa: S101 - INSERT ... DO UPDATE RETURNING has one row
            place = (gallery_id, row["id"], kind, row["version"])
            access = self._seal(tokens.access, "access_token", place)
            refresh = self._seal(tokens.refresh, "refresh_token", place)
            await conn.execute(QUERIES.fill_grant, gallery_id, row["id"], access, refresh, tokens.expires_in)
        return str(row["id"])

    async def get(self, gallery_id: str, grant_id: str) -> Grant:
        """The grant, opened. Raises NotFoundError, SecretError."""
        return (await self.look(gallery_id, grant_id)).grant

    async def token(self, gallery_id: str, grant_id: str) -> Secret:
        """The access token as stored, however old: `hub.remote.grants.Grants` keeps it fresh."""
        return (await self.get(gallery_id, grant_id)).access

    async def look(self, gallery_id: str, grant_id: str) -> Claimed:
        """The grant and whether somebody refreshes it at this moment. Raises NotFoundError, SecretError."""
        async with self._db.connection() as conn:
            row = await conn.fetchrow(QUERIES.find_grant, gallery_id, grant_id)
        if row is None:
            raise NotFoundError(f"There is no grant {grant_id}: connect the webservice again.")
        return Claimed(grant=self._open(row), claimed_for=row["claimed_for"])

    async def claim(self, grant: Grant, owner: str, seconds: float) -> bool:
        """Whether *owner* alone may refresh *grant* for so many seconds; False: someone does, or its tokens changed."""
        async with self._db.connection() as conn:
            args = (grant.gallery_id, grant.id, grant.version, owner, seconds)
            return await conn.fetchval(QUERIES.claim_grant, *args) is not None

    async def swap(self, grant: Grant, owner: str, tokens: Tokens) -> bool:
        """Store what a refresh of *grant* gave; the token it used is kept as the previous one.

        False: the claim was lost or the tokens changed meanwhile. What stands in the row counts then.
        """
        version = grant.version + 1
        row = (grant.gallery_id, grant.id, grant.kind, version)
        sealed = (
            self._seal(tokens.access, "access_token", row),
            self._seal(tokens.refresh or grant.refresh, "refresh_token", row),
            self._seal(grant.refresh if tokens.refresh else None, "previous_token", row),
        )
        async with self._db.connection() as conn:
            args = (grant.gallery_id, grant.id, grant.version, owner, *sealed, tokens.expires_in, PREVIOUS_SECONDS)
            return await conn.fetchval(QUERIES.swap_grant, *args) is not None

    async def fail(self, grant: Grant, owner: str, retry_in: float) -> None:
        """Give the claim back after a failure that may pass; nobody tries again for *retry_in* seconds."""
        async with self._db.connection() as conn:
            await conn.execute(QUERIES.fail_grant, grant.gallery_id, grant.id, grant.version, owner, retry_in)

    async def reauthorize(self, grant: Grant, owner: str) -> bool:
        """Mark *grant* as in need of a new consent; nothing is deleted. False: its tokens changed meanwhile."""
        async with self._db.connection() as conn:
            args = (grant.gallery_id, grant.id, grant.version, owner)
            return await conn.fetchval(QUERIES.reauthorize_grant, *args) is not None

    async def delete(self, gallery_id: str, grant_id: str) -> None:
        """Remove the tokens; repeating it is harmless."""
        async with self._db.connection() as conn:
            await conn.execute(QUERIES.delete_grant, gallery_id, grant_id)

    async def list_idle(self, seconds: float, *, limit: int = 100) -> list[tuple[str, str]]:
        """(gallery, grant) not refreshed for *seconds*, the oldest first."""
        async with self._db.connection() as conn:
            return [
                (row["gallery_id"], row["id"]) for row in await conn.fetch(QUERIES.list_idle_grants, seconds, limit)
            ]

    async def sweep(self) -> None:
        """Remove previous tokens past their time, and links and consents of yesterday."""
        async with self._db.connection() as conn:
            for statement in (QUERIES.forget_previous, QUERIES.sweep_links, QUERIES.sweep_states):
                await conn.execute(statement)

    # -- consents

    async def add_link(self, hashed: bytes, link: ConnectLink) -> None:
        """Keep a one-use link, good for a day, by the hash of its secret part."""
        async with self._db.connection() as conn:
            args = (hashed, link.gallery_id, link.webservice_id, link.kind, LINK_SECONDS)
            await conn.execute(QUERIES.add_link, *args)

    async def begin(
        self, hashed: bytes, *, state: bytes, cookie: bytes, verifier: Secret, redirect_uri: Callable[[str], str]
    ) -> ConnectLink:
        """Use a link up and keep the consent it starts, by hashes of its state and its browser's cookie.

        *redirect_uri* tells where a kind's consent page sends the browser back to.

        Raises:
            NotFoundError: no such link, or it ended.
            ConflictError: ``used``.
        """
        async with self._db.transaction() as conn:
            row = await conn.fetchrow(QUERIES.use_link, hashed)
            if row is None:
                if await conn.fetchrow(QUERIES.find_used_link, hashed) is not None:
                    raise ConflictError("used", "This link was used before. Ask for a new one where you found it.")
                raise NotFoundError("There is no such link, or it has ended. Ask for a new one where you found it.")
            link = ConnectLink(gallery_id=row["gallery_id"], webservice_id=row["webservice_id"], kind=row["kind"])
            sealed = self._box.seal(verifier, _state_place(state, link.gallery_id, link.kind))
            names = (link.gallery_id, link.webservice_id, link.kind)
            await conn.execute(QUERIES.add_state, state, *names, cookie, sealed, redirect_uri(link.kind))
        return link

    async def use_state(self, state: bytes, kind: str, cookie: bytes) -> Consent | None:
        """The consent that was begun with this state for *kind* in this browser, once, within ten minutes."""
        async with self._db.connection() as conn:
            row = await conn.fetchrow(QUERIES.use_state, state, kind, cookie, STATE_SECONDS)
        if row is None:
            return None
        return Consent(
            gallery_id=row["gallery_id"],
            webservice_id=row["webservice_id"],
            kind=row["kind"],
            verifier=self._box.open(row["verifier"], _state_place(state, row["gallery_id"], row["kind"])),
            redirect_uri=row["redirect_uri"],
        )

    # -- rotation

    async def reseal(self) -> int:
        """Seal every stored token anew with the newest key; returns how many grants were. Readers never fail meanwhile.

        The processes of all daemons must know the newest key before. A grant that is refreshed meanwhile is left to
        its refresher, who seals with the newest key too.
        """
        count, last = 0, ("", "")
        while True:
            async with self._db.connection() as conn:
                rows = await conn.fetch(QUERIES.list_sealed_grants, *last, _PAGE)
                for row in rows:
                    names = (row["gallery_id"], row["id"], row["kind"], row["version"])
                    columns = ("access_token", "refresh_token", "previous_token")
                    sealed = [self._seal(self._open_one(row, column), column, names) for column in columns]
                    args = (row["gallery_id"], row["id"], row["version"], *sealed)
                    count += await conn.fetchval(QUERIES.reseal_grant, *args) is not None
            if not rows:
                return count
            last = (rows[-1]["gallery_id"], rows[-1]["id"])

    # -- inside

    def _open(self, row: Any) -> Grant:
        access = self._open_one(row, "access_token")
        assert access is not None  # noqa: S101 - the column is NOT NULL
        return Grant(
            gallery_id=row["gallery_id"],
            id=row["id"],
            kind=row["kind"],
            remote_user=row["remote_user"],
            consent_id=row["consent_id"],
            state=row["state"],
            version=row["version"],
            access=access,
            refresh=self._open_one(row, "refresh_token"),
            previous=self._open_one(row, "previous_token"),
            valid_for=row["valid_for"],
            lifetime=row["lifetime"],
            retry_in=row["retry_in"],
            failures=row["failures"],
            refreshed_at=row["refreshed_at"],
        )

    def _open_one(self, row: Any, column: str) -> Secret | None:
        if row[column] is None:
            return None
        return self._box.open(row[column], _place(column, row["gallery_id"], row["id"], row["kind"], row["version"]))

    def _seal(self, secret: Secret | None, column: str, row: tuple[str, str, str, int]) -> str | None:
        """Sealed for *column* of *row*: gallery, grant, kind, version."""
        return None if secret is None else self._box.seal(secret, _place(column, *row))


async def check_keys(conn: Connection, box: Sealer) -> None:
    """Refuse to go on without a key that sealed something here; note the key that seals from now on.

    Raises:
        StartupError: the key file lacks keys; it names their ids.
    """
    noted = {row["id"] for row in await conn.fetch(QUERIES.list_keys)}
    used = noted | {row["id"] for row in await conn.fetch(QUERIES.list_grant_keys)}
    if missing := sorted(used - box.known_key_ids):
        raise StartupError(
            f"The database holds secrets sealed by {', '.join(missing)}, and the key file has no such key. Put the key "
            "file that belongs to this database where HUB_SECRET_KEY_FILE says, or restore it from its copy."
        )
    await conn.execute(QUERIES.add_key, box.key_id)


async def forget_keys(conn: Connection, box: Sealer) -> list[str]:
    """Forget the keys that seal nothing any more, after every table was sealed anew; returns their ids.

    They may leave the key file then. Keys that still seal a grant or a consent under way stay.
    """
    noted = {row["id"] for row in await conn.fetch(QUERIES.list_keys)}
    used = {row["id"] for row in await conn.fetch(QUERIES.list_grant_keys)} | {box.key_id}
    gone = sorted(noted - used)
    await conn.execute(QUERIES.delete_keys, gone)
    return gone


def _place(column: str, gallery_id: str, grant_id: str, kind: str, version: int) -> Place:
    return Place(table="grant_", column=column, row_id=grant_id, gallery_id=gallery_id, kind=kind, version=version)


def _state_place(state: bytes, gallery_id: str, kind: str) -> Place:
    return Place(table="oauth_state", column="verifier", row_id=state.hex(), gallery_id=gallery_id, kind=kind)
