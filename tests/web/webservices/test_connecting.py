"""Connecting, authorising again, disconnecting, taking over."""

from __future__ import annotations

from tests.sync.harness import GALLERY, make_contact, make_gallery, make_invoice, make_payment
from tests.web.webservices.office import BASE, Office


async def test_an_unknown_kind_is_422_and_names_the_known_ones(office: Office) -> None:
    status, told = await office.call("POST", f"{BASE}/webservices", json={"kind": "xeroo"})
    assert status == 422
    assert told["errors"] == [{"at": "kind", "message": "no enabled plugin adds the kind 'xeroo' (known: files, xero)"}]


async def test_all_faults_of_the_settings_are_named_with_their_places(office: Office) -> None:
    settings = {"invoice_prefix": "no spaces", "interval_minutes": "60", "colour": "red", "sync_from": "yesterday"}
    status, told = await office.call("POST", f"{BASE}/webservices", json={"kind": "xero", "settings": settings})
    assert status == 422
    places = {one["at"] for one in told["errors"]}
    assert places == {
        "settings.invoice_prefix",
        "settings.interval_minutes",
        "settings.colour",
        "settings.sync_from",
    }
    assert (await office.get(f"{BASE}/webservices"))[1]["items"] == []


async def test_a_new_webservice_waits_for_consent_under_its_kinds_title(office: Office) -> None:
    link = await office.make(invoice_prefix="HL")
    _, found = await office.get(office.path)
    assert link.startswith("/connect/")
    assert (found["state"], found["name"], found["organisation"]) == ("authorizing", "Xero", None)
    assert (found["settings"]["invoice_prefix"], found["settings"]["window_days"]) == ("HL", 14)
    assert found["missing"] == ["sales"]
    assert next(task["code"] for task in found["checklist"] if not task["done"]) == "access"


async def test_a_refused_consent_changes_nothing(office: Office) -> None:
    link = await office.make()
    begun = await office.client.get(link, allow_redirects=False)
    back = office.bench.sandbox.refuse(begun.headers["Location"])
    cookies = {name: morsel.value for name, morsel in begun.cookies.items()}
    answer = await office.client.get(back[back.index("/oauth/") :], cookies=cookies)
    assert answer.status == 200
    assert "not allowed" in (await answer.text()).lower()
    assert (await office.get(office.path))[1]["state"] == "authorizing"


async def test_after_consent_a_person_picks_even_the_only_organisation(office: Office) -> None:
    status, page = await office.walk(await office.make())
    assert status == 200
    assert office.bench.organisation.name in page
    assert (await office.get(office.path))[1]["state"] == "choosing"
    _, offered = await office.get(f"{office.path}/organisations")
    assert offered["items"] == [{"id": office.bench.organisation.id, "name": office.bench.organisation.name}]


async def test_picking_makes_it_ready_and_enrols_every_record(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment())
    await office.walk(await office.make())
    status, chosen = await office.choose(office.bench.organisation)
    assert (status, chosen["state"]) == (200, "ready")
    assert chosen["counts"] == {"invoice": {"pending": 1}, "payment": {"pending": 1}}
    assert chosen["organisation"]["id"] == office.bench.organisation.id
    assert (chosen["organisation"]["currency"], chosen["organisation"]["country"]) == ("AUD", "AU")
    assert {one["slot"] for one in chosen["findings"] if one["code"] == "unmapped"} >= {"sales", "bank"}
    assert (await office.choose(office.bench.organisation))[0] == 200


async def test_an_organisation_that_was_not_allowed_is_422(office: Office) -> None:
    other = office.bench.sandbox.add_organisation(name="Elsewhere")
    await office.walk(await office.make())
    status, told = await office.choose(other)
    assert (status, told["errors"][0]["at"]) == (422, "id")


async def test_another_organisation_than_before_is_409(office: Office) -> None:
    other = office.bench.sandbox.add_organisation(name="Elsewhere")
    await office.connect()
    status, told = await office.choose(other)
    assert (status, told["type"]) == (409, "/problems/other-organisation")


async def test_an_organisation_has_one_live_webservice_over_all_galleries(office: Office) -> None:
    await office.connect()
    status, _ = await office.put("/api/v1/galleries/second", make_gallery(id="second"))
    assert status == 201
    _, made = await office.call("POST", "/api/v1/galleries/second/webservices", json={"kind": "xero"})
    await office.walk(made["authorize_url"].removeprefix(office.services.public_url))
    path = f"/api/v1/galleries/second/webservices/{made['id']}/organisation"
    status, told = await office.call("POST", path, json={"id": office.bench.organisation.id})
    assert (status, told["type"]) == (409, "/problems/organisation-in-use")


async def lose_access(office: Office) -> None:
    """A person removes the app inside Xero, and the next run finds out."""
    office.bench.sandbox.disconnect(office.bench.organisation)
    await office.bench.put(make_contact("c-9"), make_invoice("i-9", contact_id="c-9"))
    assert (await office.sync())["state"] == "failed"
    assert (await office.get(office.path))[1]["state"] == "reauthorize"


async def test_consent_to_the_same_organisation_goes_on(office: Office) -> None:
    await office.connect()
    await lose_access(office)
    _, problems = await office.get(f"{office.path}/problems")
    assert [one["reason"] for one in problems["items"]] == ["reauthorize"]

    _, told = await office.call("POST", f"{office.path}/authorize")
    status, page = await office.walk(told["authorize_url"].removeprefix(office.services.public_url))

    assert status == 200
    assert "again" in page
    assert (await office.get(office.path))[1]["state"] == "ready"
    assert (await office.get(f"{office.path}/problems"))[1]["items"] == []
    assert (await office.sync())["counts"]["created"] == 2


async def test_consent_to_another_organisation_is_refused_and_the_state_stays(office: Office) -> None:
    other = office.bench.sandbox.add_organisation(name="Elsewhere")
    await office.connect()
    await lose_access(office)
    _, told = await office.call("POST", f"{office.path}/authorize")
    status, page = await office.walk(told["authorize_url"].removeprefix(office.services.public_url), other)
    assert status == 409
    assert office.bench.organisation.name in page
    assert (await office.get(office.path))[1]["state"] == "reauthorize"


async def test_disconnecting_ends_the_connection_there_and_keeps_the_history(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    await office.sync()
    for _ in range(2):
        assert (await office.call("DELETE", office.path))[0] == 204
    assert office.bench.sandbox.disconnect(office.bench.organisation) == 0  # nothing was left to end
    _, found = await office.get(office.path)
    assert (found["state"], found["next_run_at"]) == ("disconnected", None)
    assert (await office.entry("invoice", "i-1"))["state"] == "synced"
    row = await office.services.get(GALLERY, office.webservice_id)
    assert row.grant_id is None
    for method, tail, body in (("PATCH", "", {"name": "x"}), ("POST", "/sync", {}), ("POST", "/authorize", None)):
        status, told = await office.call(method, office.path + tail, json=body)
        assert (status, told["type"]) == (409, "/problems/not-ready")


async def test_a_new_webservice_on_the_same_organisation_goes_on_with_what_stands_there(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment())
    await office.connect()
    await office.sync()
    await office.call("DELETE", office.path)
    await office.bench.put(make_invoice("i-2", total="70.00"))
    office.bench.sandbox.calls.clear()

    await office.connect()
    run = await office.sync()

    assert (run["state"], run["counts"]["created"]) == ("done", 1), run
    assert sorted(office.bench.books()) == ["AG-1", "AG-2"]
    assert (await office.proof())["agrees"] is True


async def test_tokens_that_another_webservice_shares_are_kept(office: Office) -> None:
    await office.connect()
    first = office.path
    other = office.bench.sandbox.add_organisation(name="Elsewhere")
    await office.walk(await office.make(), other)
    assert (await office.choose(other))[1]["state"] == "ready"
    assert (await office.call("DELETE", office.path))[0] == 204
    assert (await office.get(f"{first}/choices", refresh="true"))[0] == 200


async def test_a_kind_without_oauth_is_ready_at_once_or_says_what_is_missing(office: Office) -> None:
    status, made = await office.call("POST", f"{BASE}/webservices", json={"kind": "files"})
    assert (status, made["authorize_url"], made["state"]) == (201, None, "choosing")
    _, told = await office.call(
        "POST", f"{BASE}/webservices/{made['id']}/organisation", json={"id": f"{GALLERY}/books"}
    )
    assert "folder" in told["findings"][0]["message"]
