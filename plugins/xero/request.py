"""Writes -> the exact bytes of one request (FACTS 3). Pure.

Creating is PUT, which never updates; changing is POST with ids, never by number or name: a POST without an id
silently edits what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub import Operation, PermanentError, RecordType, Reference, Remote, Request, Write
from plugins.xero import wire

API = "/api.xro/2.0"
JSON_HEADERS = (("Accept", "application/json"), ("Content-Type", "application/json"))
_SUMMARIZE = ("summarizeErrors", "false")  # always said: their default is to refuse the whole batch, FACTS 3.3
UNIT_DP = ("unitdp", "4")  # without it UnitAmount is rounded to 2 decimals first, FACTS 3.4
_STATUS_ORDER = ("DRAFT", "SUBMITTED", "AUTHORISED")
_REMOTE_STATUS = {"draft": "DRAFT", "submitted": "SUBMITTED", "approved": "AUTHORISED", "paid": "AUTHORISED"}


def build(writes: Sequence[Write], remotes: Mapping[Reference, Remote]) -> Request:
    """One batch of writes of one record type and operation.

    Raises:
        PermanentError: Xero has no such write (a payment cannot be changed, a contact not be taken back).
        ValueError: The writes are mixed, or lack a draft, a remote or a needed record: a bug of the caller.
    """
    if len({(write.reference.type, write.operation) for write in writes}) != 1:
        raise ValueError("a batch holds writes of one type and one operation")
    kind, operation = writes[0].reference.type, writes[0].operation
    match kind, operation:
        case "contact", Operation.CREATE:
            return _request("PUT", "Contacts", [dict(_body(write)) for write in writes])
        case "contact", Operation.UPDATE:
            return _request("POST", "Contacts", [_changed_contact(write) for write in writes])
        case "invoice", Operation.CREATE:
            return _request("PUT", "Invoices", [_with_contact(_body(write), write, remotes) for write in writes])
        case "invoice", Operation.UPDATE:
            return _request("POST", "Invoices", [_changed_invoice(write, remotes) for write in writes])
        case "invoice", Operation.CANCEL:
            return _request("POST", "Invoices", [_cancelled_invoice(write) for write in writes])
        case "payment", Operation.CREATE:
            return _request("PUT", "Payments", [_payment(write, remotes) for write in writes])
        case "payment", Operation.CANCEL:
            return _deleted_payment(writes)
    raise PermanentError(
        "refused", f"Xero cannot {operation.value} a {kind}.", "Delete it and make it again, or change it in Xero."
    )


def batch_size(kind: RecordType, operation: Operation, most: int) -> int:
    """Members of one request: payments are deleted one at a time (FACTS 6.2)."""
    return 1 if (kind, operation) == ("payment", Operation.CANCEL) else most


def _request(method: str, root: str, elements: list[dict[str, Any]]) -> Request:
    query = (_SUMMARIZE, UNIT_DP) if root == "Invoices" else (_SUMMARIZE,)
    return Request(
        method=method, path=f"{API}/{root}", query=query, body=wire.encode({root: elements}), headers=JSON_HEADERS
    )


def _body(write: Write) -> dict[str, Any]:
    if write.draft is None:
        raise ValueError(f"{write.reference} has no draft")
    return write.draft.body


def _remote(write: Write) -> Remote:
    if write.remote is None:
        raise ValueError(f"{write.reference} has no remote record")
    return write.remote


def _needed(write: Write, kind: RecordType, remotes: Mapping[Reference, Remote]) -> str:
    needs = write.draft.needs if write.draft else ()
    for reference in needs:
        if reference.type == kind and reference in remotes:
            return remotes[reference].id
    raise ValueError(f"{write.reference} needs a {kind} that does not stand there")


def _with_contact(body: dict[str, Any], write: Write, remotes: Mapping[Reference, Remote]) -> dict[str, Any]:
    # ContactID alone: any other field in the block would change the contact, FACTS 4.7
    contact = {"ContactID": _needed(write, "contact", remotes)}
    head = {key: body[key] for key in ("Type",) if key in body}
    return {**head, "Contact": contact, **{key: value for key, value in body.items() if key not in head}}


def _changed_invoice(write: Write, remotes: Mapping[Reference, Remote]) -> dict[str, Any]:
    remote = _remote(write)
    body = _with_contact(_body(write), write, remotes)
    return {"InvoiceID": remote.id, **body, "Status": _status(body.get("Status", "AUTHORISED"), remote)}


def _status(wanted: str, remote: Remote) -> str:
    """Never back: what a person approved in Xero stays approved, even when new ones arrive as drafts."""
    stands = _REMOTE_STATUS.get(remote.status, wanted)
    return max(wanted, stands, key=_STATUS_ORDER.index)


def _changed_contact(write: Write) -> dict[str, Any]:
    """Only what the gallery changed: what somebody corrected in Xero meanwhile stays (DOMAIN C39)."""
    before = write.before or {}
    # Without ContactNumber: a linked contact keeps the number it has there.
    changed = {k: v for k, v in _body(write).items() if k != "ContactNumber" and before.get(k) != v}
    return {"ContactID": _remote(write).id, **(changed or {"Name": _body(write)["Name"]})}


def _cancelled_invoice(write: Write) -> dict[str, Any]:
    remote = _remote(write)
    # Drafts are deleted, approved invoices voided (FACTS 4.3, DOMAIN R2).
    status = "DELETED" if remote.status in ("draft", "submitted") else "VOIDED"
    return {"InvoiceID": remote.id, "Status": status}


def _payment(write: Write, remotes: Mapping[Reference, Remote]) -> dict[str, Any]:
    return {"Invoice": {"InvoiceID": _needed(write, "invoice", remotes)}, **_body(write)}


def _deleted_payment(writes: Sequence[Write]) -> Request:
    if len(writes) != 1:
        raise ValueError("payments are deleted one at a time")
    return Request(
        method="POST",
        path=f"{API}/Payments/{_remote(writes[0]).id}",
        body=wire.encode({"Payments": [{"Status": "DELETED"}]}),
        headers=JSON_HEADERS,
    )
