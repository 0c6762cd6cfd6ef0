"""What the tests of the article do over and over: a gallery's calls by the API, and what a person does in Xero."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from plugins.xero.sandbox.state import Document
from tests.catalogue.desk import BASE, Json
from tests.sync.harness import MAPPINGS, cents, make_invoice
from tests.web.webservices.office import Office

# -- the gallery's side


async def invoice_here(office: Office, invoice_id: str = "i-1") -> Json:
    """An invoice as the gallery system reads it: with payments, paid, due and entries."""
    status, told = await office.get(f"{BASE}/invoices/{invoice_id}")
    assert status == 200, told
    return dict(told)


async def webservice(office: Office) -> Json:
    """The webservice as its page shows it."""
    status, told = await office.get(office.path)
    assert status == 200, told
    return dict(told)


async def press(office: Office, entry: Json, button: str, **body: Any) -> Json:
    """Mark as resolved, try again, or link: the entry after it."""
    status, told = await office.call("POST", f"{office.path}/entries/{entry['id']}/{button}", json=body)
    assert status == 200, told
    return dict(told)


async def preview(office: Office, **body: Any) -> Json:
    """What a changed book would do, before it is saved."""
    status, told = await office.call("POST", f"{office.path}/preview", json=body)
    assert status == 200, told
    return dict(told)


async def exclude(office: Office, *rules: Json) -> None:
    """Replace the exclude filters."""
    status, told = await office.put(f"{office.path}/exclusions", {"exclusions": list(rules)})
    assert status == 200, told


async def explain(office: Office, invoice_id: str = "i-1") -> Json:
    """Why an invoice is, or is not, in the books."""
    status, told = await office.get(f"{BASE}/invoices/{invoice_id}/explain")
    assert status == 200, told
    return dict(told)


async def problems(office: Office, state: str = "open") -> list[Json]:
    """The problems, each with its cause and count."""
    status, page = await office.get(f"{office.path}/problems", state=state)
    assert status == 200, page
    return list(page["items"])


async def events(office: Office) -> list[Json]:
    """All events of the gallery by cursor."""
    found: list[Json] = []
    after: dict[str, str] = {}
    while True:
        status, page = await office.get(f"{BASE}/events", **after)
        assert status == 200, page
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


async def void(office: Office, invoice_id: str = "i-1") -> None:
    """Void an invoice of the gallery."""
    path = f"{BASE}/invoices/{invoice_id}/void"
    status, told = await office.call("POST", path, json={"on": "2026-03-20", "reason": "entered twice"})
    assert status == 200, told


def make_note(note_id: str = "n-1", *, total: str = "200.00", **changes: Any) -> Json:
    """A credit note of 200.00, applied to nothing."""
    note = make_invoice(note_id, total=total, kind="credit_note", number=note_id, issued_on="2026-03-12", due_on=None)
    return note | changes


def usual(*without: str) -> list[Json]:
    """The demo chart's mappings, without those of some slots."""
    return [{"slot": slot, "when": when, "to": {"code": code}} for slot, when, code in MAPPINGS if slot not in without]


async def save_mappings(office: Office, *mappings: Json) -> Json:
    """Replace the mappings: they must be taken; the answer with findings and what is unmapped."""
    status, told = await office.put(f"{office.path}/mappings", {"mappings": list(mappings)})
    assert status == 200, told
    return dict(told)


# -- Xero's side


def accounts_of(office: Office, number: str) -> list[str]:
    """The account code of each line of that invoice there."""
    organisation = office.bench.organisation
    return [str(organisation.account(line.account_id or "").code) for line in office.bench.invoice(number).lines]


def live_payments(office: Office, number: str = "AG-1") -> list[Decimal]:
    """Amounts of the payments of that invoice there that are not deleted."""
    id_ = office.bench.invoice(number).id
    return sorted(one.amount for one in office.bench.live_payments() if one.invoice_id == id_)


def note_there(office: Office, number: str = "AG-n-1") -> Document:
    """The one credit note of that number there."""
    (found,) = [one for one in office.bench.ledger.credit_notes.values() if one.number == number]
    return found


def enter_there(
    office: Office, number: str, total: str, *, contact: str = "Somebody Else", email: str | None = None
) -> Document:
    """An approved invoice that a person enters in Xero, over *total* with GST in it."""
    organisation = office.bench.organisation
    buyer = next((one for one in office.bench.ledger.contacts.values() if one.name == contact), None)
    buyer = buyer or organisation.add_contact(contact, email=email)
    line = {"Description": "By hand", "Quantity": Decimal(1), "UnitAmount": cents(total), "AccountCode": "200"}
    return organisation.add_invoice(
        InvoiceNumber=number,
        Date=date(2026, 3, 4),
        Contact={"ContactID": buyer.id},
        LineItems=[line | {"TaxType": "OUTPUT"}],
        LineAmountTypes="Inclusive",
    )


def writes(office: Office) -> int:
    """Writes to Xero so far."""
    return office.bench.sandbox.calls.writes


async def run_quietly(office: Office) -> Json:
    """A run that must write nothing."""
    before = writes(office)
    ended = await office.sync()
    assert (ended["state"], writes(office)) == ("done", before), ended
    return ended


async def move_time(office: Office, statement: str) -> None:
    """Nothing waits in a test: what time would do is done in the database."""
    async with office.bench.hub.database.transaction() as conn:
        await conn.execute(statement)
