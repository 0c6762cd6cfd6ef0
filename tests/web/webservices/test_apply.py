"""Applying today's mappings to what is open and unpaid there: counted first, then sent at the next run."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.sync.harness import MAPPINGS, make_contact, make_invoice
from tests.web.webservices.office import Office


async def apply(office: Office, *, dry_run: bool) -> dict[str, Any]:
    """What applying changes."""
    status, done = await office.call("POST", f"{office.path}/apply", json={"dry_run": dry_run})
    assert status == (200 if dry_run else 202), done
    return dict(done)


async def remap_sales(office: Office, code: str) -> None:
    """Send sales to another account."""
    made = [(slot, when, code if (slot, when) == ("sales", {}) else old) for slot, when, old in MAPPINGS]
    mappings = [{"slot": slot, "when": when, "to": {"code": to}} for slot, when, to in made]
    status, told = await office.call("PUT", f"{office.path}/mappings", json={"mappings": mappings})
    assert status == 200, told


def accounts(office: Office) -> dict[str, str]:
    """Number -> account of its line there."""
    organisation = office.bench.organisation
    return {
        found.number: str(organisation.account(line.account_id or "").code)
        for found in organisation.ledger.invoices.values()
        for line in found.lines[:1]
    }


async def test_what_is_open_and_unpaid_is_counted_and_then_updated(office: Office) -> None:
    await office.bench.put(make_contact(), *(make_invoice(f"i-{n}", total=f"{n}00.00") for n in range(1, 5)))
    await office.bench.put(make_invoice("i-9", issued_on="2025-01-04"))
    await office.connect()
    await office.sync()
    organisation = office.bench.organisation
    organisation.pay(office.bench.invoice("AG-2").id)
    organisation.lock(period=date(2025, 12, 31))
    await office.sync()
    await office.get(f"{office.path}/choices", refresh="1")
    rules = [{"filter": "number", "values": ["3"]}]
    await office.call("PUT", f"{office.path}/exclusions", json={"exclusions": rules})
    await office.sync()
    assert (await apply(office, dry_run=True))["would_change"]["count"] == 0

    await remap_sales(office, "205")
    assert (await office.sync())["counts"]["updated"] == 0  # a changed mapping alone rewrites no old books
    counted = await apply(office, dry_run=True)
    assert (counted["complete"], counted["looked_at"], counted["same"], counted["asked"]) == (True, 5, 0, 0)
    assert counted["left_alone"] == {"frozen": 1, "locked": 1, "paid": 1}
    change = counted["would_change"]
    assert (change["count"], change["totals"]) == (2, [{"currency": "AUD", "total": "500.00"}])
    assert (await office.sync())["counts"]["updated"] == 0

    assert (await apply(office, dry_run=False))["asked"] == 2
    entry = await office.entry("invoice", "i-1")
    assert entry["state"] == "pending"
    assert entry["history"][-1]["text"].startswith("A person asked to apply")
    assert (await apply(office, dry_run=True))["left_alone"]["pending"] == 2
    assert (await office.sync())["counts"]["updated"] == 2
    assert accounts(office) == {"AG-1": "205", "AG-2": "200", "AG-3": "200", "AG-4": "205", "AG-9": "200"}
    again = await apply(office, dry_run=True)
    assert (again["would_change"]["count"], again["same"]) == (0, 2)


async def test_what_could_not_be_drawn_up_is_left_alone_and_said(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    await office.sync()
    office.bench.organisation.archive_account("200")
    await office.get(f"{office.path}/choices", refresh="1")
    done = await apply(office, dry_run=False)
    assert (done["asked"], done["left_alone"], done["held"]) == (0, {"held": 1}, {"mapping_invalid": 1})


async def test_nothing_is_applied_before_a_webservice_is_ready(office: Office) -> None:
    await office.make()
    status, told = await office.call("POST", f"{office.path}/apply", json={"dry_run": True})
    assert (status, told["type"]) == (409, "/problems/not-ready")
    status, told = await office.call("POST", f"{office.path}/apply", json={"dry": True})
    assert (status, told["errors"][0]["at"]) == (422, "dry")
