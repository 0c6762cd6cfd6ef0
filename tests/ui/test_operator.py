"""The operator's pages: who needs someone, keys that are shown once, daemons, health and settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hub.settings import Settings
from hub.store import keys, webservices
from hub.web.ui.pages.operator import list_settings
from tests.sync.harness import GALLERY, make_contact, make_invoice, make_line
from tests.ui.browser import look
from tests.ui.desk import HOME, Desk
from tests.web.conftest import OPERATOR_KEY


async def count_keys(desk: Desk, gallery_id: str | None) -> int:
    async with desk.bench.hub.database.connection() as conn:
        return len(await keys.list_keys(conn, gallery_id))


async def test_who_needs_someone_stands_first(desk: Desk, page: Page, shots: Path) -> None:
    await desk.connect()
    await desk.bench.put(make_contact(), make_invoice(lines=[make_line(tax_code="nowhere")]))
    await desk.sync()
    await page.goto(await desk.link("operator"))
    row = page.get_by_role("table", name="Webservices that need someone").get_by_role("row", name="Xero")
    await expect(row).to_contain_text("Harbour Lane Gallery")
    await look(page, shots, "operator-needy")
    await row.get_by_role("link", name="1", exact=True).click()
    await expect(page).to_have_url(f"{desk.base}{HOME}/webservices/{desk.webservice_id}/problems")


async def test_those_without_access_come_before_problems(desk: Desk) -> None:
    await desk.connect()
    person = await desk.person("operator")
    assert "No webservice needs anybody." in (await person.get("/operator")).text
    async with desk.bench.hub.database.transaction() as conn:
        await webservices.set_state(conn, GALLERY, desk.webservice_id, "reauthorize")
    assert "Access ended" in (await person.get("/operator")).text
    assert "Access ended" not in (await person.get("/operator?q=harbour")).text


async def test_a_key_is_made_shown_once_and_revoked(desk: Desk, page: Page, shots: Path, script: bool) -> None:
    before = await count_keys(desk, GALLERY)
    await page.goto(await desk.link("operator"))
    await page.goto(f"{desk.base}/operator/keys?gallery={GALLERY}")
    await page.get_by_label("Role").select_option("gallery-reader")
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.get_by_text("This is the new key.")).to_be_visible()
    secret = await page.locator(".secret code").inner_text()
    await look(page, shots, "operator-key-made")
    async with desk.bench.hub.database.connection() as conn:
        made = await keys.find(conn, secret)
        stored = str(await conn.fetch("SELECT * FROM session")) + str(await conn.fetch("SELECT * FROM api_key"))
    assert made is not None
    assert (made.role, made.gallery_id) == ("gallery-reader", GALLERY)
    assert secret not in stored
    await page.goto(f"{desk.base}/operator/keys?gallery={GALLERY}")
    assert secret not in await page.content()
    row = page.get_by_role("row", name=made.id)
    await row.get_by_role("button", name="Revoke").click()
    if script:
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("The key is revoked")).to_be_visible()
    assert await count_keys(desk, GALLERY) == before


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"role": "gallery-admin", "gallery": "nowhere"}, "There is no such gallery."),
        ({"role": "gallery-admin", "gallery": "a/b <c>"}, "There is no such gallery."),
        ({"role": "gallery-admin", "gallery": "x" * 200}, "There is no such gallery."),
        ({"role": "gallery-admin", "gallery": ""}, "a gallery-admin&#39;s key needs its gallery"),
        ({"role": "operator", "gallery": GALLERY}, "an operator&#39;s key is for all galleries"),
        ({"role": "god", "gallery": GALLERY}, "Choose one of the roles."),
    ],
)
async def test_a_key_that_cannot_be_made_is_said_why_at_the_form(desk: Desk, form: dict[str, str], said: str) -> None:
    person = await desk.person("operator")
    before = await count_keys(desk, GALLERY), await count_keys(desk, None)
    answer = await person.post("/operator/keys", form)
    assert answer.status == 422
    assert said in answer.text
    assert (await count_keys(desk, GALLERY), await count_keys(desk, None)) == before


async def test_only_a_live_key_of_that_gallery_is_revoked(desk: Desk) -> None:
    person = await desk.person("operator")
    once = re.search(r'name="once" value="([^"]+)"', (await person.get("/operator/keys")).text)
    assert once is not None
    made = await person.post("/operator/keys", {"role": "operator", "once": once[1]})
    key = re.search(r"/operator/keys/(key_\w+)/revoke", made.text)
    assert key is not None
    path = f"/operator/keys/{key[1]}/revoke"
    for gallery in (GALLERY, "nowhere", "a b"):
        assert (await person.post(path, {"gallery": gallery})).status == 404
    assert "The key is revoked" in (await person.follow(path)).text
    assert (await person.post(path)).status == 404


async def test_the_system_page_shows_health_and_no_secret(desk: Desk, page: Page, shots: Path) -> None:
    await desk.connect()
    async with desk.bench.hub.database.transaction() as conn:
        await conn.execute(
            "UPDATE lease SET owner = 'd-17', until = clock_timestamp() + interval '30 seconds', doing = 'invoices'"
        )
    await page.goto(await desk.link("operator"))
    await page.get_by_role("link", name="System").click()
    daemons = page.get_by_role("table", name="Daemons")
    await expect(daemons.get_by_role("row", name="d-17")).to_contain_text("invoices")
    await expect(daemons.get_by_role("row", name="d-17")).to_contain_text("Gone")
    await expect(daemons.get_by_role("row", name=desk.bench.hub.scheduler.owner)).to_contain_text("At rest")
    setting = page.get_by_role("row", name="HUB_OPERATOR_KEY")
    await expect(setting).to_contain_text("set, not shown")
    shown = await page.content()
    assert OPERATOR_KEY not in shown
    assert "sandbox-secret" not in shown
    await look(page, shots, "operator-system")


async def test_a_webservice_that_nobody_works_at_is_told(desk: Desk) -> None:
    await desk.connect()
    person = await desk.person("operator")
    assert "no daemon works at it" not in (await person.get("/operator/system")).text
    async with desk.bench.hub.database.transaction() as conn:
        await conn.execute("UPDATE webservice SET due_at = clock_timestamp() - interval '2 minutes'")
    assert "1 webservice has been due for more than a minute" in (await person.get("/operator/system")).text


def test_every_setting_is_listed_and_secrets_only_as_set() -> None:
    given = Settings.model_validate(
        {
            "operator_key": "very-secret",
            "database_url": "postgresql://u:hidden@db/hub",
            "frame_ancestors": "https://a.example",
        }
    )
    listed = {name: value for name, value, _ in list_settings(given)}
    assert set(listed) == {f"HUB_{name.upper()}" for name in Settings.model_fields}
    assert (listed["HUB_OPERATOR_KEY"], listed["HUB_DATABASE_URL"]) == ("set, not shown", "set, not shown")
    assert (listed["HUB_SMTP_URL"], listed["HUB_FRAME_ANCESTORS"]) == ("not set", "https://a.example")
    assert "very-secret" not in str(listed)
    assert "hidden" not in str(listed)
