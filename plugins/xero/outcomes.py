"""One answer -> one outcome per write (FACTS 3.3, 11). Pure.

Elements are recognised by number, marker or id, never by their position; what an answer does not name is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from hub import Accepted, Operation, Outcome, Remote, Response, Unknown, Write
from plugins.xero import credit, errors, parse, wire

_OK = frozenset({None, "OK", "WARNING"})
_ROOTS = {"contact": "Contacts", "invoice": "Invoices", "payment": "Payments", "credit_note": "CreditNotes"}
_CLASSES: dict[str, type[wire.Element]] = {
    "contact": wire.Contact,
    "invoice": wire.Invoice,
    "payment": wire.Payment,
    "credit_note": wire.CreditNote,
}
_HAS_MESSAGES = re.compile(rb'"ValidationErrors"\s*:\s*\[\s*\{')


def read(writes: Sequence[Write], response: Response) -> tuple[Outcome, ...]:
    """Outcomes in the order of *writes*.

    Raises:
        ThrottledError, AuthorizationError, PermanentError: Known not to have been done, for the whole request.
    """
    if response.status >= 500 and errors.find_throttle(response) is None:
        return _unknown(writes, f"Xero answered {response.status}")
    if writes[0].reference.type == "allocation" and (told := credit.find_refusal(writes[0], response)):
        return (told,)
    if response.status == 400 and (fault := wire.decode_fault(response.body)) and fault.elements:
        return _judge(writes, list(fault.elements), is_refusal=True)
    if refusal := errors.find_refusal(response):
        raise refusal
    try:
        envelope = wire.decode_envelope(response.body)
        has_messages = _HAS_MESSAGES.search(response.body) is not None
        raw = wire.decode_any(response.body) if has_messages else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _unknown(writes, "Xero's answer was cut off or cannot be read")
    sort = _sort(writes[0])
    elements: Sequence[wire.Element] | None
    match sort:
        case "contact":
            elements = envelope.contacts
        case "invoice":
            elements = envelope.invoices
        case "credit_note":
            elements = envelope.credit_notes
        case "allocation":
            return (credit.read_allocation(writes[0], envelope.allocations or (), response.body),)
        case _:
            elements = envelope.payments
    return _match(writes, elements or (), raw.get(_ROOTS.get(sort, ""), []))


def _sort(write: Write) -> str:
    """What Xero calls the record: credit notes are no invoices there."""
    return "credit_note" if write.credit_note and write.reference.type == "invoice" else write.reference.type


def _unknown(writes: Sequence[Write], why: str) -> tuple[Outcome, ...]:
    return tuple(Unknown(why=why) for _ in writes)


def _judge(writes: Sequence[Write], raw: list[Any], *, is_refusal: bool) -> tuple[Outcome, ...]:
    """The elements of a 400: those that are named are refused, of the others nobody can say (FACTS 3.3)."""
    kind = writes[0].reference.type
    try:
        element_class = _CLASSES.get(_sort(writes[0]), wire.Payment)
        elements: Sequence[wire.Element] = [msgspec.convert(one, element_class, strict=False) for one in raw]
    except msgspec.ValidationError:
        elements = ()
    if len(writes) == 1 and len(raw) == 1:
        texts = list(wire.walk_messages(raw[0]))
        return (errors.classify(texts, kind, writes[0].operation, what=_what(writes[0])),)
    return _match(writes, elements, raw, is_refusal=is_refusal)


def _match(
    writes: Sequence[Write], elements: Sequence[wire.Element], raw: Sequence[Any], *, is_refusal: bool = False
) -> tuple[Outcome, ...]:
    found: dict[str, list[int]] = {}
    for index, element in enumerate(elements):
        for key in _element_keys(element):
            found.setdefault(key, []).append(index)
    outcomes: list[Outcome] = []
    for write in writes:
        place = _find(write, found)
        if place is None:
            outcomes.append(Unknown(why="Xero's answer does not name it, or names it twice"))
            continue
        texts = list(wire.walk_messages(raw[place])) if place < len(raw) else []
        outcomes.append(_outcome(write, elements[place], texts, is_refusal=is_refusal))
    return tuple(outcomes)


def _find(write: Write, found: dict[str, list[int]]) -> int | None:
    """The one element that answers *write*: by id where it has one, else by number or marker."""
    keys = [f"number:{write.number}"]
    if write.remote is not None:
        keys.insert(0, f"id:{write.remote.id.lower()}")
    for key in keys:
        if places := found.get(key):
            return places[0] if len(places) == 1 else None
    return None


def _element_keys(element: wire.Element) -> Iterator[str]:
    match element:
        case wire.Contact():
            ids, number = element.contact_id, element.contact_number
        case wire.Invoice():
            ids, number = element.invoice_id, element.invoice_number
        case wire.CreditNote():
            ids, number = element.credit_note_id, element.credit_note_number
        case wire.Payment():
            ids, number = element.payment_id, (element.reference or "").partition(" ")[0]
        case _:
            return
    if real := wire.real_id(ids):
        yield f"id:{real}"
    if number:
        yield f"number:{number}"


def _outcome(write: Write, element: wire.Element, texts: list[str], *, is_refusal: bool) -> Outcome:
    kind, operation = write.reference.type, write.operation
    flagged = element.status_attribute_string not in _OK
    unexplained = element.status_attribute_string is None and bool(element.has_errors or element.has_validation_errors)
    if texts or flagged or unexplained or is_refusal:
        # A rejected element is an echo of what was sent: nothing of it is kept (FACTS 3.3).
        return errors.classify(texts, kind, operation, what=_what(write))
    remote = _remote(element, write)
    if remote is None:
        return Unknown(why="Xero's answer has no id for it")
    if elsewhere := _check_same(write, remote):
        return elsewhere
    return Accepted(remote=remote, warnings=tuple(_texts(element.warnings)))


def _what(write: Write) -> str:
    """The record as a sentence names it."""
    shown = write.draft.shown if write.draft is not None else {}
    match write.reference.type:
        case "contact":
            return f"the contact “{shown.get('name', write.number)}”"
        case "payment":
            total = write.draft.total if write.draft is not None else write.remote.total if write.remote else None
            return f"the payment of {total}" if total is not None else "the payment"
        case _:
            return write.number


def _remote(element: wire.Element, write: Write) -> Remote | None:
    """What stands there. An invoice is ours when this write made it; a change leaves that as it was (linked ones)."""
    ours = True if write.remote is None else write.remote.ours
    match element:
        case wire.Contact():
            return parse.parse_contact(element)
        case wire.Invoice():
            return parse.parse_invoice(element, ours=ours)
        case wire.CreditNote():
            return parse.parse_credit_note(element, ours=ours)
        case wire.Payment():
            return parse.parse_payment(element)
        case _:
            return None


def _check_same(write: Write, remote: Remote) -> Unknown | None:
    """A success that speaks of another record than the one written to is no outcome of this write."""
    if write.operation is not Operation.CREATE and write.remote is not None and remote.id != write.remote.id.lower():
        return Unknown(why="Xero's answer names another record")
    return None


def _texts(messages: Sequence[wire.Message] | None) -> list[str]:
    return [text for one in messages or () if (text := one.message or one.description)]
