"""The import of thousands of contacts: few reads, none twice, and it goes on where it was killed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import TemporaryError
from hub.store import remote_contacts
from hub.sync import importing
from tests.sync.harness import GALLERY, make_contact, make_invoice
from tests.sync.imports import CONTACTS, add, here, imported, put, spread, told, turn
from tests.web.webservices.office import Office, open_office


@pytest.fixture
async def office(dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(dsn, tmp_path) as made:
        yield made


# -- many, and killed on the way


async def fill(office: Office, somebodies: int = 2400) -> set[str]:
    """So many contacts there and 100 more, as untidy as books are; returns the ids that are to come here."""
    plain = [add(office, f"Somebody {n}", email=f"s{n}@example.com") for n in range(somebodies)]
    namesakes = [add(office, "John Smith", email=f"john{n}@example.com") for n in range(40)]
    for _ in range(10):
        add(office, "Mary Major", email="mary@example.com")
    for n in range(30):
        add(office, f"Archived {n}", status="ARCHIVED")
    for n in range(10):
        add(office, f"Forgotten {n}", status="GDPRREQUEST")
    for n in range(10):
        office.bench.organisation.merge_contacts(add(office, f"Merged {n}").id, plain[n].id)
    spread(office)
    matched = [make_contact(f"c-{n}", name=f"somebody  {n}", email=f"S{n}@example.com") for n in range(100)]
    await put(office, *matched, make_contact("c-john", name="John Smith", email="john@example.com"))
    await put(office, make_contact("c-mary", name="Mary Major", email="mary@example.com"))
    return {imported(one) for one in plain[100:] + namesakes}


def reads(office: Office) -> int:
    return office.bench.sandbox.calls.by_path.get(CONTACTS, 0)


async def test_2500_contacts_cost_three_reads_and_none_comes_twice(office: Office) -> None:
    wanted = await fill(office)
    assert len(office.bench.ledger.contacts) == 2500
    await office.connect(import_contacts=True)
    await put(office, make_invoice(contact_id="c-7"), make_invoice("i-2", contact_id="c-new", total="80.00"))
    await put(office, make_contact("c-new"))
    office.bench.sandbox.calls.clear()

    run = await office.sync()

    assert (run["state"], reads(office)) == ("done", 3), run["error"]
    found = await here(office)
    own = {f"c-{n}" for n in range(100)} | {"c-john", "c-mary", "c-new"}
    assert set(found) == wanted | own
    counts = run["counts"]
    assert (counts["received"], counts["left_out"]) == (2340, 10)
    assert run["done"] == run["total"]
    (event,) = await told(office)
    assert (event["created"], event["linked"], event["left_out"], event["skipped"]) == (2340, 100, 10, 50)
    assert set(office.bench.books()) == {"AG-1", "AG-2"}
    await turn(office, import_contacts=False)
    await turn(office, import_contacts=True)

    again = await office.sync()

    assert (again["state"], len(await here(office))) == ("done", len(found))
    # The one contact that the gallery sent meanwhile is known too.
    assert (again["counts"]["received"], again["counts"]["unchanged"]) == (0, 2441)
    async with office.bench.hub.database.connection() as conn:
        left = await remote_contacts.list_staged(conn, GALLERY, office.webservice_id, limit=1)
    assert left == []


@pytest.mark.parametrize(
    ("name", "calls", "somebodies", "extra_reads"),
    [("stage", {2}, 2400, 1), ("unstage", {2, 4}, 800, 0)],
    ids=["while reading", "while taking"],
)
async def test_killed_on_the_way_it_goes_on_where_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, name: str, calls: set[int], somebodies: int, extra_reads: int
) -> None:
    """The transaction under way is lost, and nothing else: no page is read again that was stored."""
    wanted = await fill(office, somebodies)
    await office.connect(import_contacts=True)
    office.bench.sandbox.calls.clear()
    count, real = 0, getattr(remote_contacts, name)

    async def die(*args: Any, **named: Any) -> None:
        nonlocal count
        count += 1
        await real(*args, **named)
        if count in calls:
            raise TemporaryError("gone", delay=0.001)

    monkeypatch.setattr(remote_contacts, name, die)
    monkeypatch.setattr(importing, "STEP", 200)

    states = [(await office.sync())["state"] for _ in range(len(calls) + 1)]

    assert states == ["waiting"] * len(calls) + ["done"]
    assert len(await here(office)) == len(wanted) + 102
    assert wanted <= set(await here(office))
    assert reads(office) == (somebodies + 100) // 1000 + 1 + extra_reads
    (event,) = await told(office)
    assert (event["created"], event["left_out"]) == (len(wanted), 10)


async def test_turned_off_half_way_nothing_that_was_read_is_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(office, "Ana Ruiz")
    await office.connect(import_contacts=True)

    async def die(*_: Any, **__: Any) -> None:
        raise TemporaryError("gone", delay=0.001)

    with monkeypatch.context() as patch:
        patch.setattr(remote_contacts, "list_staged", die)
        assert (await office.sync())["state"] == "waiting"
    async with office.bench.hub.database.connection() as conn:
        assert await remote_contacts.list_staged(conn, GALLERY, office.webservice_id, limit=1)
    await turn(office, import_contacts=False)

    await office.sync()

    async with office.bench.hub.database.connection() as conn:
        assert await remote_contacts.list_staged(conn, GALLERY, office.webservice_id, limit=1) == []
    assert await here(office) == {}
