"""What people and strangers do to the pages that nobody meant: twice, at once, late, from elsewhere, with odd bytes."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import aiohttp
import pytest

from hub.store import keys
from hub.web.ui import csrf, live
from tests.sync.harness import GALLERY, make_contact, make_invoice, make_line
from tests.ui.desk import HOME, Answer, Desk, Person
from tests.ui.test_webservice_forms import LIST, hidden

SETTINGS = {
    "settings.invoice_prefix": "AG",
    "settings.interval_minutes": "60",
    "settings.invoice_status": "AUTHORISED",
    "settings.rounding": "tax_adjust",
    "settings.duplicate_names": "hold",
    "settings.bad_email": "omit",
    "settings.copy_existing": "1",
    "do": "save",
}
OPERATOR_KEYS = "/operator/keys"


def here(desk: Desk, *parts: str) -> str:
    return "/".join((LIST, desk.webservice_id, *parts))


async def count_keys(desk: Desk) -> int:
    async with desk.bench.hub.database.connection() as conn:
        return len(await keys.list_keys(conn, GALLERY))


# -- twice


async def test_a_form_of_a_key_that_is_sent_twice_makes_one_key(desk: Desk) -> None:
    operator = await desk.person("operator")
    page = await operator.get(f"{OPERATOR_KEYS}?gallery={GALLERY}")
    form = {"role": "gallery-reader", "gallery": GALLERY, "once": hidden(page, "once")}
    before = await count_keys(desk)
    made = await operator.post(OPERATOR_KEYS, form)
    assert (made.status, "This is the new key" in made.text) == (200, True)
    again = await operator.post(OPERATOR_KEYS, form)  # what a reload sends
    assert (again.status, "This is the new key" in again.text) == (409, False)
    assert "made already" in again.text
    assert await count_keys(desk) == before + 1
    assert hidden(again, "once") != form["once"], "the page that says so has a fresh form"
    other = await operator.post(OPERATOR_KEYS, {**form, "once": hidden(again, "once")})
    assert "This is the new key" in other.text
    assert await count_keys(desk) == before + 2


async def test_two_sendings_at_once_of_one_form_make_one_key(desk: Desk) -> None:
    operator = await desk.person("operator")
    page = await operator.get(f"{OPERATOR_KEYS}?gallery={GALLERY}")
    form = {"role": "gallery-reader", "gallery": GALLERY, "once": hidden(page, "once")}
    before = await count_keys(desk)
    answers = await asyncio.gather(*(operator.post(OPERATOR_KEYS, form) for _ in range(4)))
    assert sorted(one.status for one in answers) == [200, 409, 409, 409]
    assert await count_keys(desk) == before + 1


@pytest.mark.parametrize("once", ["", "x", "0" * 16, "f" * 300, "' or 1", "é"])
async def test_a_mark_that_the_page_did_not_give_makes_no_key(desk: Desk, once: str) -> None:
    operator = await desk.person("operator")
    before = await count_keys(desk)
    answer = await operator.post(OPERATOR_KEYS, {"role": "gallery-reader", "gallery": GALLERY, "once": once})
    assert answer.status == 409
    assert await count_keys(desk) == before


# -- two people at once


async def test_settings_that_somebody_else_saved_meanwhile_are_not_written_over(desk: Desk) -> None:
    await desk.connect()
    mia, ben = await desk.person("owner"), await desk.person("owner")
    path = here(desk, "settings")
    seen = hidden(await mia.get(path), "was")
    assert (await ben.post(path, {**SETTINGS, "was": seen, "settings.admin_email": "ben@example.com"})).status == 303
    late = await mia.post(path, {**SETTINGS, "was": seen, "settings.invoice_prefix": "HL"})
    assert late.status == 409
    assert "Somebody else changed the settings meanwhile" in late.text
    assert "ben@example.com is saved." in late.text
    _, stands = await desk.get(desk.path)
    assert (stands["settings"]["admin_email"], stands["settings"]["invoice_prefix"]) == ("ben@example.com", "AG")
    # what was typed is still there, and sending it once more is a person's word
    assert 'value="HL"' in late.text
    form = {**SETTINGS, "was": hidden(late, "was"), "settings.invoice_prefix": "HL"}
    assert (await mia.post(path, {**form, "settings.admin_email": "ben@example.com"})).status == 303


async def test_two_settings_saved_at_the_same_moment_are_never_mixed(desk: Desk) -> None:
    await desk.connect()
    people = [await desk.person("owner") for _ in range(2)]
    path = here(desk, "settings")
    was = hidden(await people[0].get(path), "was")
    forms = [{**SETTINGS, "was": was, "settings.invoice_prefix": f"P{n}"} for n in range(2)]
    answers = await asyncio.gather(*(one.post(path, form) for one, form in zip(people, forms, strict=True)))
    assert sorted(one.status for one in answers) == [303, 409]


async def test_two_programs_that_change_different_settings_at_once_both_do(desk: Desk) -> None:
    await desk.connect()
    given = {"admin_email": "a@example.com", "invoice_prefix": "HL", "interval_minutes": 90}
    answers = await asyncio.gather(
        *(desk.call("PATCH", desk.path, json={"settings": {name: value}}) for name, value in given.items())
    )
    assert {status for status, _ in answers} == {200}
    _, stands = await desk.get(desk.path)
    assert {name: stands["settings"][name] for name in given} == given


async def test_two_rules_added_at_the_same_moment_are_both_kept_or_one_is_refused(desk: Desk) -> None:
    await desk.connect()
    people = [await desk.person("owner") for _ in range(4)]
    path = here(desk, "exclusions", "new", "tag")
    answers = await asyncio.gather(
        *(one.post(path, {"argument.values": f"t{n}", "do": "save"}) for n, one in enumerate(people))
    )
    saved = [n for n, one in enumerate(answers) if one.status == 303]
    assert {one.status for one in answers} <= {303, 409}
    _, told = await desk.get(f"{desk.path}/exclusions")
    assert sorted(one["values"][0] for one in told["exclusions"]) == [f"t{n}" for n in saved]


async def test_invoices_excluded_at_the_same_moment_are_all_excluded(desk: Desk) -> None:
    ids = [f"i-{n}" for n in range(1, 6)]
    await desk.bench.put(make_contact(), *(make_invoice(one) for one in ids))
    await desk.connect()
    person = await desk.person("bookkeeper")
    answers = await asyncio.gather(
        *(person.post(f"{HOME}/invoices/{one}/webservices/{desk.webservice_id}/exclude") for one in ids)
    )
    assert {one.status for one in answers} == {303}
    _, told = await desk.get(f"{desk.path}/exclusions")
    assert sorted(value for one in told["exclusions"] for value in one["values"]) == ["1", "2", "3", "4", "5"]


def fields_of(answer: Answer, form: str) -> dict[str, str]:
    """What a browser would send of the form with this class, untouched."""
    inside = re.search(rf'<form [^>]*class="{form}".*?</form>', answer.text, re.DOTALL)
    assert inside, answer.text
    found = {}
    for tag in re.findall(r"<input [^>]*>", inside[0]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="checkbox"' not in tag:
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, body in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', inside[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return found


async def test_saving_one_row_of_the_mapping_leaves_what_somebody_else_chose_meanwhile(desk: Desk) -> None:
    await desk.bench.put(make_contact(), make_invoice())
    await desk.connect()
    mia, ben = await desk.person("bookkeeper"), await desk.person("bookkeeper")
    path = here(desk, "mappings")
    mias, bens = [fields_of(await one.get(f"{path}?part=accounts"), "map") for one in (mia, ben)]
    assert (mias["to.sales"], mias["to.shipping"]) == ("200", "230")
    assert (await ben.post(path, {**bens, "to.sales": "220"})).status == 303
    assert (await mia.post(path, {**mias, "to.shipping": "200"})).status == 303
    now = fields_of(await mia.get(f"{path}?part=accounts"), "map")
    assert (now["to.sales"], now["to.shipping"]) == ("220", "200")


# -- late


async def make_conflict(desk: Desk) -> str:
    """An invoice in the books that somebody changed there; returns its entry."""
    await desk.connect()
    await desk.bench.put(make_contact(), make_invoice("i-1"))
    await desk.sync()
    await change_there(desk, "463.64", "46.36")
    entry = await desk.entry("invoice", "i-1")
    assert entry["state"] == "conflict", entry
    return str(entry["id"])


async def change_there(desk: Desk, net: str, tax: str) -> None:
    there = desk.bench.organisation
    there.edit_line(desk.bench.invoice("AG-1").id, UnitAmount=Decimal(net), TaxAmount=Decimal(tax), LineAmount=None)
    await desk.sync()


def form_to(answer: Answer, end: str) -> tuple[str, dict[str, str]]:
    """(action, hidden fields) of the form whose address ends so."""
    found = re.search(rf'<form method="post" action="([^"]*{end})"(.*?)</form>', answer.text, re.DOTALL)
    assert found, answer.text
    fields = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', found[2]))
    fields.pop(csrf.FIELD)
    return found[1], fields


async def test_a_difference_that_changed_meanwhile_is_not_accepted_unseen(desk: Desk) -> None:
    entry_id = await make_conflict(desk)
    person = await desk.person("bookkeeper")
    pages = [await person.get(f"{HOME}/invoices/i-1")]
    problem = re.search(r"/problems/([\w.-]+)", pages[0].text)
    assert problem
    pages.append(await person.get(here(desk, "problems", problem[1])))
    assert pages[1].status == 200
    await change_there(desk, "9.09", "0.91")  # it is another difference now
    forms = [form_to(pages[0], "/resolve"), form_to(pages[0], "/retry")]
    forms += [(here(desk, "problems", problem[1], "entries", entry_id), form_to(pages[1], f"/entries/{entry_id}")[1])]
    for action, fields in forms:
        told = await person.post(action, {**fields, "note": "agreed"})
        assert told.status == 409, action
        assert "meanwhile" in told.text
    assert (await desk.entry("invoice", "i-1"))["state"] == "conflict"
    action, fields = form_to(await person.get(f"{HOME}/invoices/i-1"), "/resolve")
    assert (await person.post(action, {**fields, "note": "agreed"})).status == 303
    assert (await desk.entry("invoice", "i-1"))["state"] == "resolved"


async def test_trying_again_what_became_a_conflict_meanwhile_writes_nothing_over(desk: Desk) -> None:
    """ "Try again" of a harmless hold is not the word that what was changed there is to be written over."""
    await desk.connect()
    await desk.bench.put(make_contact(), make_invoice("i-1", lines=[make_line(tax_code="later")]))
    await desk.sync()
    person = await desk.person("bookkeeper")
    action, fields = form_to(await person.get(f"{HOME}/invoices/i-1"), "/retry")
    await desk.bench.put({"type": "tax_code", "id": "later", "name": "Later", "rate": "10", "kind": "standard"})
    _, mapped = await desk.get(f"{desk.path}/mappings")
    more = {"slot": "tax", "when": {"tax_code": "later"}, "to": {"code": "OUTPUT"}}
    assert (await desk.put(f"{desk.path}/mappings", {"mappings": [*mapped["mappings"], more]}))[0] == 200
    await desk.sync()
    await change_there(desk, "463.64", "46.36")
    assert (await desk.entry("invoice", "i-1"))["state"] == "conflict"
    assert (await person.post(action, fields)).status == 409
    await desk.bench.work()
    assert (await desk.entry("invoice", "i-1"))["state"] == "conflict"


# -- streams


@asynccontextmanager
async def streaming(desk: Desk, person: Person, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    headers = {"Cookie": cookie, "Accept": "text/event-stream"}
    async with desk.http.get(desk.base + path, headers=headers) as answer:
        yield answer


async def run_of(desk: Desk) -> str:
    """A run that waits to be worked at."""
    await desk.connect()
    status, run = await desk.call("POST", f"{desk.path}/sync", json={})
    assert status == 202, run
    return str(run["id"])


@pytest.mark.parametrize("end", ["left", "idle", "over"])
async def test_a_stream_ends_with_its_session(desk: Desk, end: str) -> None:
    run = await run_of(desk)
    person = await desk.person("reader")
    async with streaming(desk, person, here(desk, "runs", run, "events")) as answer, asyncio.timeout(10):
        assert answer.status == 200
        assert (await answer.content.readline()).startswith(b"data:")
        if end == "left":
            assert (await person.post("/leave")).status == 303
        else:
            column = {"idle": "seen_at", "over": "ends_at"}[end]
            async with desk.bench.hub.database.transaction() as conn:
                await conn.execute(f"UPDATE session SET {column} = clock_timestamp() - interval '1 day'")  # noqa: S608 - our own words
        rest = await answer.content.read()
    assert b"event: done" in rest, "the browser loads the page anew, and is told that it is signed out"


async def test_a_stream_about_what_is_gone_ends_as_a_stream(desk: Desk) -> None:
    await desk.bench.put(make_contact(), make_invoice())
    person = await desk.person("reader")
    async with streaming(desk, person, f"{HOME}/invoices/i-1/live") as answer, asyncio.timeout(10):
        assert answer.status == 200
        status, _ = await desk.call("DELETE", f"/api/v1/galleries/{GALLERY}/invoices/i-1")
        assert status == 204
        rest = await answer.content.read()
    assert b"event: done" in rest
    assert b"HTTP/1" not in rest


async def test_one_browser_has_so_many_streams_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_STREAMS", 2)
    run = await run_of(desk)
    path = here(desk, "runs", run, "events")
    person, other = await desk.person("reader"), await desk.person("reader")
    async with streaming(desk, person, path) as one, streaming(desk, person, path) as two:
        assert (one.status, two.status) == (200, 200)
        async with streaming(desk, person, path) as three:
            assert three.status == 503
        async with streaming(desk, other, path) as theirs:
            assert theirs.status == 200
    async with asyncio.timeout(10):
        while True:  # the server notices that they are gone with its next line
            async with streaming(desk, person, path) as again:
                if again.status == 200:
                    break
            await asyncio.sleep(0.05)


async def test_a_head_opens_no_stream_and_reads_nothing_there(desk: Desk) -> None:
    run = await run_of(desk)
    await desk.bench.put(make_contact(), make_invoice())
    person = await desk.person("reader")
    streams = [here(desk, "runs", run, "events"), here(desk, "events"), f"{HOME}/invoices/i-1/live"]
    for path in (*streams, here(desk, "proof.csv") + "?period=all", here(desk, "proof") + "?period=all"):
        async with asyncio.timeout(5):
            answer = await person.send("HEAD", path)
        assert answer.status in {200, 405}, path
