"""Events: what gallery systems learn, by callback and by cursor alike."""

from __future__ import annotations

from typing import Any

from hub.domain.telling import EVENTS
from hub.store import events, runs, webservices
from hub.sync import janitor
from tests.docs.test_events import examples
from tests.sync.harness import GALLERY, cents, make_contact, make_invoice, make_line
from tests.telling.tellers import Told
from tests.web.webservices.office import BASE


async def types_of(told: Told) -> list[str]:
    """Of all events, in order."""
    return [one["type"] for one in await told.events()]


def last(found: list[dict[str, Any]], type_: str) -> dict[str, Any]:
    """The data of the last event of a type."""
    return dict([one["data"] for one in found if one["type"] == type_][-1])


async def scheduled_run(told: Told) -> None:
    """A full run that nobody asked for."""
    hub = told.office.bench.hub
    async with hub.database.transaction() as conn:
        await runs.open_run(
            conn, GALLERY, told.office.webservice_id, "r-slot", invoices=None, dry_run=False, asked_by="schedule"
        )
        await webservices.wake(conn, GALLERY, told.office.webservice_id)
    await told.office.bench.work()
    await told.run("UPDATE run SET id = id || '-' || md5(random()::text) WHERE id = 'r-slot'")


async def test_an_entry_that_needed_a_person_and_no_longer_does_is_told(told: Told) -> None:
    await told.office.bench.put(make_contact(), make_invoice(lines=[make_line(tax_code="moon")]))
    await told.office.connect()
    await told.office.sync()
    entry = await told.office.entry("invoice", "i-1")
    found = await told.events()
    assert last(found, "entry.needs_person")["entry_id"] == entry["id"]
    assert last(found, "problem.opened")["problem_id"] == last(found, "entry.needs_person")["problem_id"]
    await told.office.sync()
    assert (await types_of(told)).count("entry.needs_person") == 1
    await told.office.bench.put(make_invoice())
    await told.office.sync()
    found = await told.events()
    assert last(found, "entry.cleared") == {
        "webservice_id": told.office.webservice_id,
        "entry_id": entry["id"],
        "type": "invoice",
        "record_id": "i-1",
        "state": "synced",
    }
    assert last(found, "problem.closed")["problem_id"] == last(found, "problem.opened")["problem_id"]
    await told.office.sync()
    assert (await types_of(told)).count("entry.cleared") == 1


async def test_what_a_person_resolves_is_told_at_once(told: Told) -> None:
    await told.office.bench.put(make_contact(), make_invoice(lines=[make_line(tax_code="moon")]))
    await told.office.connect()
    await told.office.sync()
    entry = await told.office.entry("invoice", "i-1")
    await told.office.call("POST", f"{told.office.path}/entries/{entry['id']}/resolve", json={"note": "by hand"})
    assert last(await told.events(), "entry.cleared")["state"] == "resolved"
    assert "problem.closed" in await types_of(told)


async def test_a_quiet_run_that_nobody_asked_for_is_no_event(told: Told) -> None:
    await told.office.bench.put(make_contact(), make_invoice())
    await told.office.connect()
    await scheduled_run(told)
    assert (await types_of(told)).count("run.finished") == 1  # it wrote something
    finished = last(await told.events(), "run.finished")
    assert (finished["asked_by"], finished["state"], finished["counts"]["created"]) == ("schedule", "done", 2)
    await scheduled_run(told)
    assert (await types_of(told)).count("run.finished") == 1
    await told.office.sync()
    assert (await types_of(told)).count("run.finished") == 2  # asked for by a person


async def test_a_payment_there_is_told_when_it_comes_and_when_it_is_deleted(told: Told) -> None:
    await told.office.bench.put(make_contact(), make_invoice())
    await told.office.connect()
    await told.office.sync()
    bench = told.office.bench
    paid = bench.organisation.pay(bench.invoice("AG-1").id, cents("200.00"), account="090")
    await told.office.sync()
    bench.organisation.delete_payment(paid.id)
    await told.office.sync()
    found = [one for one in await told.events() if one["type"].startswith("payment.")]
    assert [one["type"] for one in found] == ["payment.received", "payment.deleted"]
    assert [one["data"]["status"] for one in found] == ["recorded", "deleted"]
    assert found[0]["data"]["payment_id"] == found[1]["data"]["payment_id"]


async def test_the_states_of_a_webservice_are_told(told: Told) -> None:
    await told.office.connect()
    for state in ("paused", "ready"):
        await told.office.call("PATCH", told.office.path, json={"state": state})
    told.office.bench.sandbox.tokens.revoke_user(next(iter(told.office.bench.sandbox.tokens.users)))
    await told.office.call("POST", f"{told.office.path}/sync", json={})
    await told.office.bench.work()
    await told.office.call("DELETE", told.office.path)
    states = [one for one in await types_of(told) if one.startswith("webservice.")]
    assert states == [
        "webservice.ready",
        "webservice.paused",
        "webservice.ready",
        "webservice.reauthorize",
        "webservice.disconnected",
    ]
    assert set(await types_of(told)) <= set(EVENTS)


async def test_events_are_kept_for_ninety_days(told: Told) -> None:
    database = told.office.bench.hub.database
    async with database.transaction() as conn:
        ids = await events.append_all(conn, GALLERY, [("a", {}), ("b", {}), ("c", {})])
    await told.run("UPDATE event SET at = at - interval '91 days' WHERE type = 'a'")
    await told.run("UPDATE event SET at = at - interval '89 days' WHERE type = 'b'")
    assert await janitor.purge_events(database) == 1
    assert await janitor.purge_events(database) == 0
    assert [one["id"] for one in await told.events()] == ids[1:]
    status, page = await told.office.get(f"{BASE}/events", after=ids[0])  # its place is known still
    assert (status, [one["id"] for one in page["items"]]) == (200, ids[1:])


async def test_pages_of_events_are_bounded(told: Told) -> None:
    async with told.office.bench.hub.database.transaction() as conn:
        ids = await events.append_all(conn, GALLERY, [("a", {})] * 120)
    status, page = await told.office.get(f"{BASE}/events")
    assert (status, len(page["items"]), page["next"]) == (200, 100, ids[99])
    status, page = await told.office.get(f"{BASE}/events", limit="7", after=ids[99])
    assert [one["id"] for one in page["items"]] == ids[100:107]
    for bad in ({"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"after": "evt_x"}, {"after": "a\nb"}):
        assert (await told.office.get(f"{BASE}/events", **bad))[0] == 422, bad


async def test_every_event_is_as_its_page_shows_it(told: Told) -> None:
    bench = told.office.bench
    await bench.put(make_contact(), make_invoice(), make_invoice("i-2", lines=[make_line(tax_code="moon")]))
    await told.office.connect()
    await told.office.sync()
    await bench.put(make_invoice("i-2"))
    paid = bench.organisation.pay(bench.invoice("AG-1").id, cents("200.00"), account="090")
    await told.office.sync()
    bench.organisation.delete_payment(paid.id)
    await told.office.sync()
    await told.office.call("PATCH", told.office.path, json={"state": "paused"})
    await told.office.call("DELETE", told.office.path)
    real = {one["type"]: one["data"] for one in await told.events()}
    assert set(EVENTS) - set(real) == {"payment.changed", "webservice.reauthorize"}
    shown = examples()
    assert {type_: sorted(data) for type_, data in real.items()} == {t: sorted(shown[t]["data"]) for t in real}
