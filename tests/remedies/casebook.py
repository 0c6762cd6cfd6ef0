"""What the tests of the remedies work with: an entry is brought into a reason, judged by its words, and cured.

All through the HTTP API; what a person does in Xero is done to the sandbox. In every run that must show a reason one
more sound invoice goes along, and must arrive: one bad record stops no other.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from plugins.xero.sandbox.organisation import Organisation
from plugins.xero.sandbox.state import Document, Payment
from tests.sync.harness import MAPPINGS, cents, make_contact, make_invoice, make_line, make_payment
from tests.web.webservices.office import BASE, Office

__all__ = ["Casebook", "Sick", "check_sentence", "make_contact", "make_invoice", "make_line", "make_payment"]

Json = dict[str, Any]
PATHS = {"contact": "contacts", "tax_code": "tax-codes", "invoice": "invoices", "payment": "payments"}
NEEDS_PERSON = {"held", "conflict"}
_QUOTED = re.compile(r"“[^”]*”")
_SENTENCE_ENDS = re.compile(r"[.!?…]\s")
_RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|[{}]|\bNone\b|\bDecimal\b|\bnull\b")


@dataclass(frozen=True, kw_only=True)
class Sick:
    """An entry as it stood in its reason."""

    type: str
    record_id: str
    reason: str
    message: str
    remedy: str
    entry: Json

    @property
    def problem_id(self) -> str | None:
        """Its problem; None for what is left out."""
        found: str | None = self.entry["problem_id"]
        return found


def check_sentence(text: str, *names: str) -> None:
    """One sentence for people, which names what it is about."""
    bare = _QUOTED.sub("“”", text)
    assert re.match(r"[A-Z“]", text), text
    assert bare.endswith(".") or text.endswith(".”"), text
    assert not _SENTENCE_ENDS.search(bare), f"more than one sentence: {text}"
    assert not _RAW.search(bare), f"a raw code: {text}"
    for name in names:
        assert name in text, f"{name!r} is not named: {text}"


def check_remedy(text: str) -> None:
    """Words a person can follow: not empty, whole, without raw codes."""
    assert re.match(r"[A-Z]", text), text
    assert text.endswith((".", "”.")), text
    assert not _RAW.search(_QUOTED.sub("“”", text)), f"a raw code: {text}"


class Casebook:
    """An office with a sound invoice in every run."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.sound_on = "2026-03-04"
        self._sound = 0

    # -- the gallery's side

    async def put(self, *records: Json) -> None:
        """Put records, each by its own PUT."""
        for record in records:
            path = BASE if record["type"] == "gallery" else f"{BASE}/{PATHS[record['type']]}/{record['id']}"
            status, told = await self.office.put(path, record)
            assert status in {200, 201}, told

    async def bulk(self, *records: Json) -> None:
        """Send records in one bulk (NDJSON)."""
        data = b"\n".join(msgspec.json.encode(record) for record in records)
        answer = await self.office.send("POST", f"{BASE}/records", data=data)
        told = [msgspec.json.decode(line) for line in (await answer.read()).splitlines()]
        assert [one for one in told if one["status"] == "refused"] == []

    async def void(self, invoice_id: str) -> None:
        """Void a stored invoice."""
        status, told = await self.office.call("POST", f"{BASE}/invoices/{invoice_id}/void", json={})
        assert status == 200, told

    async def invoice(self, invoice_id: str) -> Json:
        """An invoice as the gallery system reads it."""
        status, told = await self.office.get(f"{BASE}/invoices/{invoice_id}")
        assert status == 200, told
        return dict(told)

    # -- the webservice

    async def connect(self, **settings: Any) -> None:
        """A webservice that is ready, with the demo chart."""
        await self.office.connect(**settings)

    async def change(self, **settings: Any) -> None:
        """Change settings."""
        status, told = await self.office.call("PATCH", self.office.path, json={"settings": settings})
        assert status == 200, told

    async def map(self, *changed: tuple[str, Json, str], without: Collection[str] = ()) -> None:
        """Save the demo chart's mappings; *changed* (slot, when, code) replace those of the same slot and condition."""
        rows = {(slot, tuple(when.items())): code for slot, when, code in MAPPINGS if slot not in without}
        rows |= {(slot, tuple(when.items())): code for slot, when, code in changed}
        mappings = [{"slot": slot, "when": dict(when), "to": {"code": code}} for (slot, when), code in rows.items()]
        status, told = await self.office.put(f"{self.office.path}/mappings", {"mappings": mappings})
        assert status == 200, told

    async def exclude(self, *exclusions: Json) -> None:
        """Replace the exclude filters."""
        status, told = await self.office.put(f"{self.office.path}/exclusions", {"exclusions": list(exclusions)})
        assert status == 200, told

    async def run(self) -> Json:
        """A full run by hand, with one more sound invoice that must arrive in it."""
        self._sound += 1
        number = 9000 + self._sound
        id_ = f"i-{number}"
        contact = make_contact("c-90", name="Sound Buyer")
        lines = [make_line(price="90.00", tax_code="free")]
        sound = make_invoice(
            id_, number=str(number), contact_id="c-90", issued_on=self.sound_on, total="90.00", lines=lines
        )
        await self.bulk(contact, sound)
        ended = await self.office.sync()
        assert ended["state"] == "done", ended
        sound = await self.office.entry("invoice", id_)
        assert (sound["state"], self.there(sound["remote_id"]).total) == ("synced", cents("90.00")), sound
        return ended

    # -- what a person presses

    async def act(self, entry: Json, action: str, **body: Any) -> Json:
        """Mark as resolved, try again, or link."""
        path = f"{self.office.path}/entries/{entry['id']}/{action}"
        status, told = await self.office.call("POST", path, json=body)
        assert status == 200, told
        return dict(told)

    async def try_again(self, sick: Sick, **body: Any) -> None:
        """Press “Try again” on the entry, and let the engine work."""
        await self.act(sick.entry, "retry", **body)
        await self.office.bench.work()

    async def resolve(self, sick: Sick) -> None:
        """Press “Mark as resolved”: it is, stays so in the next run, and nothing is written."""
        told = await self.act(sick.entry, "resolve", note="agreed with the bookkeeper")
        assert told["state"] == "resolved"
        await self.check_closed(sick)
        writes = self.writes
        await self.office.sync()
        assert ((await self.entry(sick))["state"], self.writes) == ("resolved", writes)

    async def entry(self, sick: Sick) -> Json:
        """The entry as it stands now."""
        return await self.office.entry(sick.type, sick.record_id)

    # -- the books over there

    @property
    def xero(self) -> Organisation:
        """The organisation there."""
        return self.office.bench.organisation

    @property
    def writes(self) -> int:
        """Writes so far."""
        return self.office.bench.sandbox.calls.writes

    def switch(self, **settings: Any) -> None:
        """Have Xero behave another way from now on."""
        for name, value in settings.items():
            msgspec.structs.force_setattr(self.office.bench.sandbox.settings, name, value)

    def there(self, remote_id: str) -> Document:
        """An invoice there by its id."""
        return self.xero.ledger.invoices[remote_id]

    def numbered(self, number: str) -> Document:
        """The one invoice of that number there."""
        return self.office.bench.invoice(number)

    def live_payments(self, number: str = "AG-1") -> list[Payment]:
        """Payments of that invoice there that are not deleted."""
        id_ = self.numbered(number).id
        return [one for one in self.office.bench.live_payments() if one.invoice_id == id_]

    def enter(self, number: str, total: str, *, contact: str = "Somebody Else", **fields: Any) -> Document:
        """An approved invoice that a person enters there, over *total* with 10 % GST in it."""
        buyer = next((c for c in self.xero.ledger.contacts.values() if c.name == contact), None)
        buyer = buyer or self.xero.add_contact(contact)
        line = {
            "Description": "Work",
            "Quantity": Decimal(1),
            "UnitAmount": cents(total),
            "AccountCode": "200",
            "TaxType": "OUTPUT",
        }
        return self.xero.add_invoice(
            InvoiceNumber=number,
            Contact={"ContactID": buyer.id},
            LineItems=[line],
            LineAmountTypes="Inclusive",
            **fields,
        )

    # -- the two halves of every test

    async def problems(self, state: str = "open") -> dict[str, Json]:
        """Problems by id."""
        status, page = await self.office.get(f"{self.office.path}/problems", state=state, limit="200")
        assert status == 200, page
        return {one["id"]: one for one in page["items"]}

    async def find(self, type_: str, record_id: str, state: str, reason: str, *names: str, count: int = 1) -> Sick:
        """After a run: the entry is in *reason*, and says so everywhere in the same words, which have *names* in them.

        *count*: entries that its problem blocks.
        """
        await self.run()
        return await self.look(type_, record_id, state, reason, *names, count=count)

    async def look(self, type_: str, record_id: str, state: str, reason: str, *names: str, count: int = 1) -> Sick:
        """As `find`, without another run."""
        entry = await self.office.entry(type_, record_id)
        assert (entry["state"], entry["reason"]) == (state, reason), entry
        check_sentence(entry["message"], *names)
        check_remedy(entry["remedy"])
        sick = Sick(
            type=type_,
            record_id=record_id,
            reason=reason,
            message=entry["message"],
            remedy=entry["remedy"],
            entry=entry,
        )
        if type_ == "invoice":
            await self._check_invoice(sick)
        if state in NEEDS_PERSON:
            await self._check_problem(sick, count)
        else:
            assert entry["problem_id"] is None
        return sick

    async def _check_invoice(self, sick: Sick) -> None:
        (shown,) = (await self.invoice(sick.record_id))["entries"]
        wanted = (sick.entry["state"], sick.reason, sick.message, sick.remedy)
        assert (shown["state"], shown["reason"], shown["message"], shown["remedy"]) == wanted
        status, told = await self.office.get(f"{BASE}/invoices/{sick.record_id}/explain")
        assert (status, told["state"], told["reason"], told["verdict"], told["remedy"]) == (200, *wanted), told
        failing = [check["message"] for check in told["checks"] if check["pass"] is False]
        frozen = sick.entry["frozen"] and sick.message.startswith(failing[0].removesuffix("."))
        assert failing == [sick.message] or frozen, told["checks"]

    async def _check_problem(self, sick: Sick, count: int) -> None:
        problem = (await self.problems())[str(sick.problem_id)]
        words = (problem["reason"], problem["message"], problem["remedy"], problem["closed_at"])
        assert words == (sick.reason, sick.message, sick.remedy, None)
        _, blocked = await self.office.get(f"{self.office.path}/entries", problem=str(sick.problem_id))
        assert len(blocked["items"]) == problem["count"] == count, blocked

    async def check_closed(self, sick: Sick) -> None:
        """Its problem is over, and says since when."""
        assert sick.problem_id is not None
        assert sick.problem_id not in await self.problems()
        closed = (await self.problems("closed"))[sick.problem_id]
        assert (closed["closed_at"] is not None, closed["count"]) == (True, 0)

    async def check_cured(self, sick: Sick, total: str, *, runs: bool = True) -> Json:
        """The entry goes through with the next run (unless one ran: *runs*), stands there, and a second writes 0."""
        if runs:
            await self.run()
        entry = await self.entry(sick)
        assert (entry["state"], entry["reason"]) == ("synced", None), entry
        if sick.type == "invoice":
            assert (self.there(entry["remote_id"]).status in {"AUTHORISED", "PAID"}) is True
            assert self.there(entry["remote_id"]).total == cents(total)
        elif sick.type == "payment":
            payment = self.xero.ledger.payments[entry["remote_id"]]
            assert (payment.status, payment.amount) == ("AUTHORISED", cents(total))
        if sick.problem_id is not None:
            await self.check_closed(sick)
        await self.check_quiet()
        return entry

    async def check_quiet(self) -> None:
        """A second run writes nothing."""
        writes = self.writes
        ended = await self.office.sync()
        assert (ended["state"], self.writes) == ("done", writes)
