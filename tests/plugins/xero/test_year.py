"""Every record of the demo's year is rendered to the cent, or held for the one thing that is wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

from hub import Draft, Held, Invoice, TaxCode
from hub.domain.mappings import parse_mappings
from hub.domain.records import TYPES, type_of
from hub.testing.year import chart, generate, ndjson_line
from plugins.xero.places import SLOTS
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import exact, make_book, render
from tests.plugins.xero.sandbox.support import running
from tests.plugins.xero.world import Door

ANCHOR = date(2026, 11, 22)


async def test_the_demos_year_is_exact_and_holds_only_what_must_be_held() -> None:
    year = generate("harbour", ANCHOR)
    records = [exact(json.loads(ndjson_line(one)), TYPES[one["type"]]) for one in year.records]
    mappings = parse_mappings(
        [{"slot": one["slot"], "when": dict(one["when"]), "to": dict(one["to"])} for one in chart.MAPPINGS], SLOTS
    )
    async with running() as caller:
        for code in ("GBP", "JPY"):
            caller.organisation.subscribe(code)
        choices = await Xero(Door(caller), make_book(organisation_id=caller.organisation.id)).choices()
    known = {(type_of(one), getattr(one, "id", "")): one for one in records}
    codes = {key: one for (kind, key), one in known.items() if kind == "tax_code" and isinstance(one, TaxCode)}
    gallery = next(one for (kind, _), one in known.items() if kind == "gallery")
    book = make_book(gallery=gallery, mappings=mappings, choices=choices, today=ANCHOR)
    seen: Counter[str] = Counter()
    for (kind, _), record in known.items():
        if kind == "invoice":
            made = render(record, book, contact=known["contact", record.contact_id], tax_codes=codes)  # type: ignore[arg-type,union-attr] # its kind says what it is
        elif kind == "payment":
            made = render(record, book, invoice=known["invoice", record.invoice_id])  # type: ignore[arg-type,union-attr] # its kind says what it is
        elif kind == "contact":
            made = render(record, book)  # type: ignore[arg-type] # its kind says what it is
        else:
            continue
        if isinstance(made, Held):
            seen[f"{kind} {made.code}"] += 1
        elif isinstance(record, Invoice):
            assert isinstance(made, Draft)
            assert made.total == record.total
            assert sum((line.net + line.tax for line in made.lines), 0) == record.total
    assert seen == {"payment payment_account": 1}  # the one cheque
