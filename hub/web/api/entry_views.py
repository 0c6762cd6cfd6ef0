"""How an entry looks in the API (FIXED fields)."""

from __future__ import annotations

from typing import Any

from hub.domain.entries import STATES
from hub.registry import Registry
from hub.store.entries import EntryView

NULLABLE = {"type": ["string", "null"]}
SCHEMA = {
    "type": "object",
    "title": "RecordEntry",
    "description": "How a record stands in one webservice.",
    "properties": {
        "webservice_id": {"type": "string"},
        "id": {"type": "string"},
        "state": {"type": "string", "enum": list(STATES)},
        "reason": NULLABLE,
        "message": NULLABLE,
        "remedy": NULLABLE,
        "remote_id": NULLABLE,
        "remote_url": NULLABLE,
    },
    "required": ["webservice_id", "id", "state"],
}


def render_entry(view: EntryView, registry: Registry | None) -> dict[str, Any]:
    """The short form that a record carries; the link comes from the kind, when its plugin is loaded."""
    entry = view.entry
    return {
        "webservice_id": view.webservice_id,
        "id": entry.id,
        "state": entry.shown,
        "reason": entry.reason,
        "message": entry.message,
        "remedy": entry.remedy,
        "remote_id": entry.remote.id if entry.remote else None,
        "remote_url": find_url(view, registry),
    }


def find_url(view: EntryView, registry: Registry | None) -> str | None:
    """The link to what stands there, or None."""
    kind = registry.kinds.get(view.kind) if registry else None
    if kind is None or view.entry.remote is None:
        return None
    return kind.remote_url(view.entry.type, view.entry.remote, view.organisation)
