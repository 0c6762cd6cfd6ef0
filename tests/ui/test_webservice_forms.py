"""The pages of webservices without a screen: roles, faults, and what a form may not do."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from hub.domain.sessions import Role
from tests.sync.harness import GALLERY, make_contact, make_invoice
from tests.ui.desk import HOME, OTHER, Answer, Desk, Person
from tests.web.conftest import GALLERY as GALLERY_BODY
from tests.web.webservices.test_connecting import lose_access

LIST = f"{HOME}/webservices"


def buttons(answer: Answer) -> set[str]:
    """What can be pressed in the page's own part."""
    main = answer.text.partition("<main")[2]
    found = re.findall(r"<button[^>]*>([^<]+)</button>|class=\"button[^\"]*\"[^>]*>([^<]+)<", main)
    return {one or other for one, other in found}


def hidden(answer: Answer, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, answer.text
    return found[1]


async def make(owner: Person, **typed: Any) -> Answer:
    form = {"settings.invoice_prefix": "AG", "settings.interval_minutes": "60", "settings.window_days": "14"}
    rest = {
        "settings.invoice_status": "AUTHORISED",
        "settings.rounding": "strict",
        "settings.duplicate_names": "hold",
        "settings.bad_email": "omit",
    }
    return await owner.post(f"{LIST}/new/xero", {**form, **rest, **typed})


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("reader", set()),
        ("bookkeeper", {"Stop", "Pause", "Sync now"}),
        ("owner", {"Stop", "Pause", "Sync now", "Edit", "Reauthorise", "Disconnect", "Settings"}),
        ("operator", {"Stop", "Pause", "Sync now", "Edit", "Reauthorise", "Disconnect", "Settings"}),
    ],
)
async def test_a_role_sees_the_buttons_it_may_press(desk: Desk, role: Role, expected: set[str]) -> None:
    await desk.connect()
    page = await (await desk.person(role)).get(f"{LIST}/{desk.webservice_id}")
    known = {"Stop", "Pause", "Sync now", "Edit", "Reauthorise", "Disconnect", "Settings", "Go on"}
    assert buttons(page) & known == expected


async def test_every_form_of_a_webservice_can_be_opened_by_its_owner(desk: Desk) -> None:
    await desk.connect()
    owner = await desk.person("owner")
    one = f"{LIST}/{desk.webservice_id}"
    for path in (LIST, one, f"{LIST}/new", f"{LIST}/new/xero", f"{LIST}/new/files", f"{one}/access"):
        assert (await owner.get(path)).status == 200, path
    for filter_ in ("number", "contact", "channel", "tag", "kind", "currency", "date", "amount"):
        assert (await owner.get(f"{one}/exclusions/new/{filter_}")).status == 200, filter_
    for page in ("settings", "exclusions", "exclusions?count=1", "disconnect"):
        assert (await owner.get(f"{one}/{page}")).status == 200, page
    assert (await owner.get(f"{one}/organisation")).to == one
    for path in (f"{LIST}/new/xeroo", f"{one}/exclusions/new/nothing", f"{one}/exclusions/1", f"{one}/exclusions/x"):
        assert (await owner.get(path)).status == 404, path
    assert (await owner.get(f"{one}/exclusions?count=perhaps")).status == 422


async def test_what_cannot_be_read_as_a_number_or_a_day_is_told_at_its_field(desk: Desk) -> None:
    owner = await desk.person("owner")
    typed = {"settings.interval_minutes": "soon", "settings.window_days": "0", "settings.sync_from": "31.3.2026"}
    told = await make(owner, name="x" * 201, **typed)
    assert told.status == 422
    assert "At most 200 characters in one line are needed." in told.text
    told = await make(owner, **typed)
    for message in ("A whole number is needed.", "It has to be at least 1.", "A date as YYYY-MM-DD is needed."):
        assert told.text.count(message) == 2, message  # above the form and at the field
    assert 'value="soon"' in told.text
    assert '<details class="fold" open>' in told.text
    assert (await desk.get(f"/api/v1{LIST}"))[1]["items"] == []


async def test_hostile_text_is_shown_as_text(desk: Desk) -> None:
    owner = await desk.person("owner")
    hostile = '"><script>alert(1)</script>'
    told = await make(owner, **{"settings.invoice_prefix": hostile})
    assert told.status == 422
    assert "<script>alert" not in told.text
    made = await make(owner, name=hostile)
    page = await owner.get(made.to.removesuffix("/access"))
    assert page.status == 200
    assert "<script>alert" not in page.text


async def test_a_kind_without_consent_is_ready_at_once(desk: Desk) -> None:
    owner = await desk.person("owner")
    made = await owner.post(f"{LIST}/new/files", {"settings.folder": "Not Good", "settings.interval_minutes": "60"})
    assert made.status == 422
    made = await owner.post(f"{LIST}/new/files", {"settings.folder": "books", "settings.interval_minutes": "60"})
    assert made.status == 303
    page = await owner.get(made.to)
    assert page.status in {200, 303}


async def test_an_organisation_that_another_gallery_uses_is_told_beside_the_choice(desk: Desk) -> None:
    await desk.connect()
    assert (await desk.put(f"/api/v1/galleries/{OTHER}", GALLERY_BODY))[0] == 201
    _, made = await desk.call("POST", f"/api/v1/galleries/{OTHER}/webservices", json={"kind": "xero"})
    assert (await desk.walk(made["authorize_url"].removeprefix(desk.services.public_url)))[0] == 200
    other = await desk.person("owner", gallery=OTHER)
    path = f"/galleries/{OTHER}/webservices/{made['id']}/organisation"
    assert (await other.post(path, {"id": "nowhere"})).status == 422
    told = await other.post(path, {"id": desk.bench.organisation.id})
    assert told.status == 409
    assert 'class="error"' in told.text


async def test_stop_goes_on_and_says_so_and_cannot_be_done_before_there_is_anything(desk: Desk) -> None:
    clerk = await desk.person("bookkeeper")
    link = await desk.make()
    assert link
    told = await clerk.post(f"{LIST}/{desk.webservice_id}/state", {"to": "paused"})
    assert told.status == 409
    assert "allow access first" in told.text


async def test_unchanged_settings_are_confirmed_without_a_question(desk: Desk) -> None:
    await desk.connect()
    owner = await desk.person("owner")
    path = f"{LIST}/{desk.webservice_id}/settings"
    form = {"name": "Xero", "do": "save", "settings.interval_minutes": "60", "settings.window_days": "14"}
    choices = {
        "settings.invoice_prefix": "",
        "settings.copy_existing": "1",
        "settings.on_change": "1",
        "settings.invoice_status": "AUTHORISED",
        "settings.rounding": "tax_adjust",
        "settings.duplicate_names": "hold",
        "settings.bad_email": "omit",
    }
    page = await owner.follow(path, {**form, **choices})
    assert "The settings are saved." in page.text
    _, found = await desk.get(desk.path)
    assert next(task for task in found["checklist"] if task["code"] == "settings")["done"]
    assert found["settings"]["invoice_prefix"] == "AG"


async def test_a_preview_of_settings_saves_nothing(desk: Desk) -> None:
    await desk.bench.put(make_contact(), make_invoice())
    await desk.connect()
    owner = await desk.person("owner")
    path = f"{LIST}/{desk.webservice_id}/settings"
    form = {"name": "Other", "do": "preview", "settings.interval_minutes": "60", "settings.sync_from": "2027-01-01"}
    rest = {"settings.invoice_status": "DRAFT", "settings.rounding": "strict"}
    names = {"settings.duplicate_names": "hold", "settings.bad_email": "omit"}
    before = await desk.get(desk.path)
    shown = await owner.post(path, {**form, **rest, **names})
    assert shown.status == 200
    assert "that would go now would be left out:" in shown.text
    assert "before the sync-from date" in shown.text
    after = await desk.get(desk.path)
    assert (after[1]["name"], after[1]["settings"]) == (before[1]["name"], before[1]["settings"])
    saved = await owner.post(path, {**form, **rest, **names, "do": "save", "seen": hidden(shown, "seen")})
    assert saved.status == 303
    assert (await desk.get(desk.path))[1]["settings"]["sync_from"] == "2027-01-01"


async def test_a_rule_that_was_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    await desk.connect()
    owner = await desk.person("owner")
    page = f"{LIST}/{desk.webservice_id}/exclusions"
    rules = [{"filter": "tag", "values": ["a"]}, {"filter": "number", "from": "10"}]
    assert (await desk.put(f"{desk.path}/exclusions", {"exclusions": rules}))[0] == 200
    was = hidden(await owner.get(page), "was")
    assert (await desk.put(f"{desk.path}/exclusions", {"exclusions": rules[1:]}))[0] == 200
    for path, form in ((f"{page}/1", {"argument.values": "b", "do": "save"}), (f"{page}/remove", {"rule": "1"})):
        told = await owner.post(path, {**form, "was": was})
        assert told.status == 409
        assert "The rules were changed meanwhile" in told.text
    assert (await desk.get(f"{desk.path}/exclusions"))[1]["exclusions"] == rules[1:]


async def test_the_faults_of_a_rule_stand_at_its_fields(desk: Desk) -> None:
    await desk.bench.put(make_contact(), make_invoice())
    await desk.connect()
    owner = await desk.person("owner")
    page = f"{LIST}/{desk.webservice_id}/exclusions"
    told = await owner.post(f"{page}/new/currency", {"argument.values": "AUD\n\ndollars", "do": "save"})
    assert told.status == 422
    assert "Line 2: &#39;dollars&#39; is no currency code" in told.text
    assert "AUD\n\ndollars</textarea>" in told.text
    told = await owner.post(f"{page}/new/amount", {"argument.from": "", "do": "save"})
    assert (told.status, "Needs from, to or both." in told.text) == (422, True)
    told = await owner.post(f"{page}/new/number", {"argument.from": "1", "argument.to": "3", "do": "save"})
    assert (told.status, "1 invoice</strong> that would go now would be left out:" in told.text) == (200, True)
    assert (await desk.get(f"{desk.path}/exclusions"))[1]["exclusions"] == []


async def test_a_form_that_is_too_large_is_413(desk: Desk) -> None:
    await desk.connect()
    owner = await desk.person("owner")
    page = f"{LIST}/{desk.webservice_id}/exclusions/new/tag"
    assert (await owner.post(page, {"argument.values": "x" * 70_000})).status == 413


async def test_the_page_of_a_webservice_stays_small_with_many_rules(desk: Desk) -> None:
    await desk.connect()
    rules = [{"filter": "tag", "values": [f"tag {n} {k}" for k in range(60)]} for n in range(100)]
    assert (await desk.put(f"{desk.path}/exclusions", {"exclusions": rules}))[0] == 200
    owner = await desk.person("owner")
    one = f"{LIST}/{desk.webservice_id}"
    for path in (one, f"{one}/exclusions"):
        page = await owner.get(path)
        assert page.status == 200
        assert len(page.text.encode()) < 60_000, path
    told = await owner.get(f"{one}/exclusions")
    assert "There are as many rules as can be kept." in told.text
    assert GALLERY in told.text


async def test_a_run_under_way_is_told_as_it_changes(desk: Desk) -> None:
    await desk.connect()
    reader = await desk.person("reader")
    one = f"{LIST}/{desk.webservice_id}"
    assert "event: done" in (await reader.get(f"{one}/events")).text
    await set_lease(desk, "clock_timestamp() + interval '1 minute'")
    for page in (await reader.get(LIST), await reader.get(one)):
        assert "Sending invoices." in page.text
        assert "Running" in page.text
    assert f'data-live="{one}/events"' in page.text
    cookie = "; ".join(f"{name}={value}" for name, value in reader.cookies.items())
    async with asyncio.timeout(20), desk.http.get(f"{desk.base}{one}/events", headers={"Cookie": cookie}) as stream:
        first = await stream.content.readuntil(b"\r\n\r\n")
        assert b"Sending invoices." in first
        await set_lease(desk, "clock_timestamp() - interval '1 minute'")
        assert b"event: done" in await stream.content.read()


async def set_lease(desk: Desk, until: str) -> None:
    """Let somebody hold, or give back, the lease."""
    async with desk.bench.hub.database.transaction() as conn:
        await conn.execute(f"UPDATE lease SET owner = 'w-1', until = {until}, doing = 'Sending invoices.'")  # noqa: S608 - our own words


async def test_a_consent_that_belongs_to_no_beginning_leads_back_with_a_sentence(desk: Desk) -> None:
    callback = "/oauth/callback/xero?state=none&code=c"
    owner = await desk.person("owner")
    back = await owner.get(callback)
    assert (back.status, back.to) == (303, HOME)
    assert "start the connection from the webservice" in (await owner.get(back.to)).text
    for other in (await desk.person(None), await desk.person("bookkeeper")):
        assert (await other.get(callback)).status == 409


async def test_a_consent_for_another_organisation_leads_back_to_where_it_is_tried_again(desk: Desk) -> None:
    await desk.connect()
    other = desk.bench.sandbox.add_organisation(name="Elsewhere")
    await lose_access(desk)
    owner = await desk.person("owner")
    one = f"{LIST}/{desk.webservice_id}"
    link = (await owner.post(f"{one}/access")).to
    begun = await owner.get(link.removeprefix(desk.services.public_url))
    cookies = {name: morsel.value for name, morsel in begun.cookies.items()}
    answer = desk.bench.sandbox.approve(begun.to, organisations=[other])
    browser = Person(owner.base, owner.http, owner.cookies | cookies)
    back = await browser.get(answer[answer.index("/oauth/") :])
    assert (back.status, back.to) == (303, f"{one}/access")
    assert "This consent does not open" in (await owner.get(back.to)).text
    assert (await desk.get(desk.path))[1]["state"] == "reauthorize"
