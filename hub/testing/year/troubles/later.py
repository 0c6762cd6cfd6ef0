"""Troubles that come later: somebody did something over there, the gallery changed its mind, or an answer was lost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from hub.testing.year.chart import mapping
from hub.testing.year.troubles.records import Diary, contact, invoice, line, payment, remote_number
from hub.testing.year.troubles.values import Deeds, Fact, Press, Trouble
from hub.testing.year.values import Record


def later_troubles(diary: Diary) -> Iterator[Trouble]:
    """What the syncs after the first one find."""
    yield from _chart(diary)
    yield from _conflicts(diary)
    yield from _payments(diary)
    yield from _answers(diary)  # last: from then on the organisation itself behaves otherwise
    yield _refused(diary)
    yield _lost(diary)


def _later(
    reason: str,
    *,
    state: Literal["held", "conflict", "open"],
    type: Literal["contact", "invoice", "payment"],
    record_id: str,
    first: tuple[Record, ...] = (),
    life: Deeds,
    remedy: Deeds | None = None,
    differs: tuple[str, ...] = (),
    solved: Literal["synced", "voided"] = "synced",
) -> Trouble:
    """*first*: sent for the first sync, with which all is well; *life*: what brings the trouble about."""
    return Trouble(
        reason=reason,
        state=state,
        type=type,
        record_id=record_id,
        act="life",
        deeds={
            "first": Deeds(records=first),
            "life": life,
            **({"way out": remedy} if remedy is not None else {}),
        },
        differs=differs,
        solved=solved,
    )


def _named(name: str, fact: str, **more: Any) -> Fact:
    """Something that happens to the document of ``i-<name>``."""
    return {"fact": fact, "remote_number": remote_number(name), **more}


def _paid_there(name: str, amount: str, diary: Diary, **more: Any) -> Fact:
    return _named(name, "payment", amount=Decimal(amount), account="090", paid_on=diary.paid, **more)


def _chart(diary: Diary) -> Iterator[Trouble]:
    """What was chosen in the mappings is archived there; the next records that need it are held."""
    fee = line(kind="portal_fee", description="Submission fee")
    yield _later(
        "mapping_invalid",
        state="held",
        type="invoice",
        record_id="i-mapping-invalid",
        life=Deeds(
            there=({"fact": "archive_account", "code": "240"},),
            records=(invoice("mapping-invalid", diary, lines=[fee]),),
        ),
        remedy=Deeds(mappings=(mapping("portal", "260"),)),
    )
    abroad = line(tax_code="export")
    yield _later(
        "tax_archived",
        state="held",
        type="invoice",
        record_id="i-tax-archived",
        life=Deeds(
            there=({"fact": "tax_rate_status", "code": "EXEMPTEXPORT", "status": "ARCHIVED"},),
            records=(invoice("tax-archived", diary, lines=[abroad]),),
        ),
        remedy=Deeds(there=({"fact": "tax_rate_status", "code": "EXEMPTEXPORT", "status": "ACTIVE"},)),
    )


def _answers(diary: Diary) -> Iterator[Trouble]:
    """Written, but not as asked: the organisation works tax out by itself, and its user may not approve invoices."""
    yield _later(
        "remote_total",
        state="held",
        type="invoice",
        record_id="i-remote-total",
        differs=("i-remote-total",),
        life=Deeds(
            there=({"fact": "behave", "automatic_tax": Decimal("8.875"), "approval": "submitted"},),
            records=(invoice("remote-total", diary),),
        ),
    )
    untaxed = line(tax_code=None)
    yield _later(
        "not_approved",
        state="held",
        type="invoice",
        record_id="i-not-approved",
        life=Deeds(records=(invoice("not-approved", diary, price_mode="no_tax", lines=[untaxed]),)),
        remedy=Deeds(
            there=(
                {"fact": "behave", "automatic_tax": None, "approval": "granted"},
                _named("not-approved", "approve"),
            )
        ),
    )


def _conflicts(diary: Diary) -> Iterator[Trouble]:
    sold = invoice("closed", diary)
    yield _later(
        "closed",
        state="conflict",
        type="invoice",
        record_id="i-closed",
        differs=("i-closed",),
        first=(sold, payment("closed", diary, amount="110.00")),
        life=Deeds(records=({**sold, "lines": [line(unit_price="120.00")], "total": "120.00"},)),
        remedy=Deeds(records=(sold,)),
    )
    yield _later(
        "edited_there",
        state="conflict",
        type="invoice",
        record_id="i-edited-there",
        differs=("i-edited-there",),
        first=(invoice("edited-there", diary),),
        life=Deeds(there=(_named("edited-there", "edit_line", unit_amount=Decimal(90), tax_amount=Decimal(9)),)),
    )
    yield _later(
        "voided_there",
        state="conflict",
        type="invoice",
        record_id="i-voided-there",
        differs=("i-voided-there",),
        first=(invoice("voided-there", diary),),
        life=Deeds(there=(_named("voided-there", "void"),)),
    )
    yield _later(
        "void_blocked",
        state="conflict",
        type="invoice",
        record_id="i-void-blocked",
        differs=("i-void-blocked",),
        first=(invoice("void-blocked", diary),),
        life=Deeds(there=(_paid_there("void-blocked", "50.00", diary),), voids=("i-void-blocked",)),
        remedy=Deeds(there=(_named("void-blocked", "delete_payment"),)),
        solved="voided",
    )


def _payments(diary: Diary) -> Iterator[Trouble]:
    deleted = payment("deleted-there", diary)
    yield _later(
        "payment_deleted_there",
        state="conflict",
        type="payment",
        record_id="p-deleted-there",
        differs=("i-deleted-there", "p-deleted-there"),
        first=(invoice("deleted-there", diary), deleted),
        life=Deeds(there=(_named("deleted-there", "delete_payment"),)),
        remedy=Deeds(presses=(Press(type="payment", record_id="p-deleted-there"),)),
    )
    yield _later(
        "possible_duplicate_payment",
        state="held",
        type="payment",
        record_id="p-twice",
        first=(invoice("twice", diary),),
        life=Deeds(there=(_paid_there("twice", "50.00", diary),), records=(payment("twice", diary),)),
    )
    yield _later(
        "marker_without_record",
        state="open",
        type="payment",
        record_id="p-copied",
        differs=("i-copied",),
        first=(invoice("copied", diary), payment("copied", diary)),
        life=Deeds(there=(_paid_there("copied", "20.00", diary, copied=True),)),
    )
    astray = payment("astray", diary)
    yield _later(
        "source_missing",
        state="held",
        type="payment",
        record_id="p-astray",
        differs=("i-astray",),
        first=(invoice("astray", diary), astray),
        life=Deeds(records=({**astray, "invoice_id": "i-nowhere"},)),
    )


def _refused(diary: Diary) -> Trouble:
    """Xero checks the website of a contact with every change, and the hub can neither see nor mend it."""
    one = contact("web", "Imogen Wells")
    return _later(
        "refused",
        state="held",
        type="contact",
        record_id="c-web",
        first=(one, invoice("refused", diary, contact_id="c-web")),
        life=Deeds(
            there=({"fact": "website", "name": one["name"], "website": "imogen wells, prints"},),
            records=({**one, "phone": "+61 3 5550 0199"},),
        ),
    )


def _lost(diary: Diary) -> Trouble:
    """A payment on its way when the line breaks: nobody can say for a day whether it arrived."""
    return Trouble(
        reason="unknown_outcome",
        state="held",
        type="payment",
        record_id="p-lost",
        act="lost",
        deeds={
            "first": Deeds(records=(invoice("lost", diary),)),
            "lost": Deeds(
                there=(
                    {
                        "fact": "fault",
                        "kind": "error_before_commit",
                        "method": "PUT",
                        "path": "/Payments",
                        "times": None,
                    },
                ),
                records=(payment("lost", diary),),
            ),
            "way out": Deeds(
                there=({"fact": "no_faults"},),
                presses=(Press(type="payment", record_id="p-lost"),),
            ),
        },
    )
