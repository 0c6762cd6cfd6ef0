"""Doors for webservices: what `hub.remote` needs to know, taken from the webservice's row."""

from __future__ import annotations

from typing import Literal

from hub.contract import Http, Webservice
from hub.remote.grants import Grants
from hub.remote.http import Door, LimiterLike, Meter, RemoteClient
from hub.store.webservices import WebserviceRow
from hub.sync.nodoor import NoDoor
from hub.sync.session import BeforeSend


class RemoteDoors:
    """Opens doors on the process's one client, with the shared limiter and the grants."""

    def __init__(self, client: RemoteClient, limiter: LimiterLike, grants: Grants) -> None:
        self._client = client
        self._limiter = limiter
        self._grants = grants

    def open(
        self,
        kind: type[Webservice],
        row: WebserviceRow,
        *,
        meter: Meter | None = None,
        before_send: BeforeSend | None = None,
        priority: Literal["run", "person"] = "run",
    ) -> Http:
        """The door of *row*: a run leaves one place in flight free for people and look-ups.

        A kind without an address gets none: it overrides `push` and `find`, and whoever calls them looks at the lease.
        """
        if not kind.base_url():
            return NoDoor()
        token = self._grants.source(row.gallery_id, row.grant_id) if row.grant_id else None
        return Door(
            self._client,
            kind,
            self._limiter,
            token=token,
            organisation_id=row.organisation_id,
            grant_scope=row.grant_id or row.id,
            priority=priority,
            reserve=1 if priority == "run" else 0,
            before_send=before_send,
            meter=meter,
            context={"webservice_id": row.id},
        )
