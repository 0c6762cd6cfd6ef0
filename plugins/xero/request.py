"""Writes -> the exact bytes of one request (FACTS 3). Pure.

Creating is PUT, which never updates; changing is POST with ids, never by number or name: a POST without an id
silently edits what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub import EntryType, Operation, PermanentError, RecordType, Reference, Remote, RemoteId, Request, Write
from plugins.xero import parse, wire
from plugins.xero.lines import keep_line_ids

API = "/api.xro/2.0"
JSON_HEADERS = (("Accept", "application/json"), ("Content-Type", "application/json"))
_SUMMARIZE = ("summarizeErrors", "false")  # always said: their default is to refuse the whole batch, FACTS 3.3
UNIT_DP = ("unitdp", "4")  # without it UnitAmount is rounded to 2 decimals first, FACTS 3.4
_STATUS_ORDER = ("DRAFT", "SUBMITTED", "AUTHORISED")
_REMOTE_STATUS = {"draft": "DRAFT", "submitted": "SUBMITTED", "approved": "AUTHORISED", "paid": "AUTHORISED"}


def build(writes: Sequence[Write], remotes: Mapping[Reference, Remote]) -> Request:
    """One batch of writes of one type and operation; credit notes are apart from invoices.

    Raises:
        PermanentError: Xero has no such write (a payment cannot be changed, a contact not be taken back).
        ValueError: The writes are mixed, or lack a draft, a remote or a needed record: a bug of the caller.
    """
    kind, operation = writes[0].reference.type, writes[0].operation
    root = "CreditNotes" if writes[0].credit_note else "Invoices"
    sorts = {(one.reference.type, one.operation, one.credit_note and kind == "invoice") for one in writes}
    if len(sorts) != 1:
        raise ValueError("a batch holds writes of one type and one operation")
    match kind, operation:
        case "contact", Operation.CREATE:
            return _request("PUT", "Contacts", [dict(_body(write)) for write in writes])
        case "contact", Operation.UPDATE:
            return _request("POST", "Contacts", [_changed_contact(write) for write in writes])
        case "invoice", Operation.CREATE:
            return _request("PUT", root, [_with_contact(_body(write), write, remotes) for write in writes])
        case "invoice", Operation.UPDATE:
            return _request("POST", root, [_changed_invoice(write, remotes) for write in writes])
        case "invoice", Operation.CANCEL:
            return _request("POST", root, [_cancelled_invoice(write) for write in writes])
        case "payment", Operation.CREATE:
            return _request("PUT", "Payments", [_payment(write, remotes) for write in writes])
        case "payment", Operation.CANCEL:
            return _deleted_payment(writes)
        case "allocation", _:
            return _allocation(_only(writes), remotes)
    raise PermanentError(
        "refused", f"Xero cannot {operation.value} a {kind}.", "Delete it and make it again, or change it in Xero."
    )


def batch_size(kind: EntryType, operation: Operation, most: int) -> int:
    """Members of a request: payments are deleted one at a time (FACTS 6.2), an allocation's address names its note."""
    return 1 if kind == "allocation" or (kind, operation) == ("payment", Operation.CANCEL) else most


def _request(method: str, root: str, elements: list[dict[str, Any]]) -> Request:
    query = (_SUMMARIZE, UNIT_DP) if root in ("Invoices", "CreditNotes") else (_SUMMARIZE,)
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
    if "LineItems" in body:  # a line without its id is deleted and made anew, FACTS 4.6
        body["LineItems"] = keep_line_ids(body["LineItems"], remote.line_ids)
    return {_id_key(write): remote.id, **body, "Status": _status(body.get("Status", "AUTHORISED"), remote)}


def _id_key(write: Write) -> str:
    return "CreditNoteID" if write.credit_note else "InvoiceID"


def _status(wanted: str, remote: Remote) -> str:
    """Never back: what a person approved in Xero stays approved, even when new ones arrive as drafts."""
    stands = _REMOTE_STATUS.get(remote.status, wanted)
    return max(wanted, stands, key=_STATUS_ORDER.index)


def _changed_contact(write: Write) -> dict[str, Any]:
    """Only what the gallery changed: what somebody corrected in Xero meanwhile stays (DOMAIN C39).

    What it cleared is emptied there when it stands there by our hand; a field that is left out would keep its value
    (FACTS 5.3). That empty texts empty a field is our reading of it.
    """
    before, body = write.before or {}, _body(write)
    ours = {key: before[key] for key in write.written if key in before}
    # Without ContactNumber: a linked contact keeps the number it has there.
    changed = {k: _emptied(ours.get(k), v) for k, v in body.items() if k != "ContactNumber" and before.get(k) != v}
    changed |= {key: _emptied(value, None) for key, value in ours.items() if key not in body}
    return {"ContactID": _remote(write).id, **(changed or {"Name": body["Name"]})}


def _emptied(before: Any, after: Any) -> Any:
    """*after* with an empty text for each part of *before* that it lacks; addresses and phones slot by slot."""
    if not isinstance(before, list):
        return "" if after is None else after
    slots = {_slot_of(one): dict.fromkeys(one, "") for one in before}
    for one in after or ():
        slots[_slot_of(one)] = {**slots.get(_slot_of(one), {}), **one}
    return [{**one, key: kind} for (key, kind), one in slots.items()]


def _slot_of(part: Mapping[str, Any]) -> tuple[str, Any]:
    """What tells addresses, or phones, of one contact apart."""
    key = next(key for key in ("AddressType", "PhoneType") if key in part)
    return key, part[key]


def _cancelled_invoice(write: Write) -> dict[str, Any]:
    remote = _remote(write)
    # Drafts are deleted, approved invoices voided (FACTS 4.3, DOMAIN R2).
    status = "DELETED" if remote.status in ("draft", "submitted") else "VOIDED"
    return {_id_key(write): remote.id, "Status": status}


def _payment(write: Write, remotes: Mapping[Reference, Remote]) -> dict[str, Any]:
    root = "CreditNote" if write.credit_note else "Invoice"  # a refund pays a credit note out, FACTS 4.12
    return {root: {_id_key(write): _needed(write, "invoice", remotes)}, **_body(write)}


def _only(writes: Sequence[Write]) -> Write:
    if len(writes) != 1:
        raise ValueError(f"{writes[0].reference.type}s are written one at a time")
    return writes[0]


def _allocation(write: Write, remotes: Mapping[Reference, Remote]) -> Request:
    """Put a credit note on an invoice, or take it off again."""
    if write.operation is Operation.CANCEL:
        note, own = parse.split_allocation_id(_remote(write).id)
        path = f"{API}/CreditNotes/{note}/Allocations/{own}"
        return Request(method="DELETE", path=path, headers=JSON_HEADERS[:1])
    body = _body(write)
    invoice, source = write.draft.needs if write.draft else ()
    allocation = {**body, "Invoice": {"InvoiceID": _standing(write.document_id, invoice, remotes)}}
    return Request(
        method="PUT",
        path=f"{API}/CreditNotes/{_standing(write.source_id, source, remotes)}/Allocations",
        body=wire.encode({"Allocations": [allocation]}),
        headers=JSON_HEADERS,
    )


def _standing(known: RemoteId | None, name: Reference, remotes: Mapping[Reference, Remote]) -> str:
    if known is not None:
        return known
    if name not in remotes:
        raise ValueError(f"{name} does not stand there")
    return remotes[name].id


def _deleted_payment(writes: Sequence[Write]) -> Request:
    return Request(
        method="POST",
        path=f"{API}/Payments/{_remote(_only(writes)).id}",
        body=wire.encode({"Payments": [{"Status": "DELETED"}]}),
        headers=JSON_HEADERS,
    )
