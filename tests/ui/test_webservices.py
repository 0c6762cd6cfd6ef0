"""Webservices in a browser: from *New Webservice* to a chosen organisation, Stop, settings, exclusions, the end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.sync.harness import make_contact, make_invoice, make_line
from tests.ui.browser import look
from tests.ui.desk import HOME, Desk

LIST = f"{HOME}/webservices"


async def stock(desk: Desk, n: int = 3) -> None:
    """Some invoices, issued from March on."""
    await desk.bench.put(make_contact())
    await desk.bench.put(*(make_invoice(f"i-{k}", issued_on=f"2026-0{k + 2}-04") for k in range(1, n + 1)))


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def test_from_new_webservice_to_a_chosen_organisation(desk: Desk, page: Page, shots: Path) -> None:
    """The article's steps 1 to 4, in its words: nine clicks and one typed field."""
    await stock(desk)
    await page.goto(await desk.link("owner"))
    await page.get_by_role("navigation", name="Sections").get_by_role("link", name="Webservices").click()
    await expect(page.get_by_text("No webservice yet")).to_be_visible()
    await look(page, shots, "list-empty")
    await page.get_by_role("link", name="New Webservice").click()
    await look(page, shots, "kinds")
    await page.get_by_role("link", name="Choose Xero").click()
    await look(page, shots, "new")
    for label in ("Invoice prefix", "Admin email", "Enable scheduled sync", "Import all Xero contacts"):
        await expect(page.get_by_label(label)).to_be_visible()
    await expect(page.get_by_label("Rounding")).to_be_hidden()
    await page.get_by_label("Admin email").fill("books@example.com")
    await page.get_by_label("Copy all existing invoices").check()
    await press(page, "Create Webservice")
    await page.wait_for_url("**/access")
    await look(page, shots, "access")
    await press(page, "Allow access")
    await expect(page).to_have_title(re.compile("wants access"))
    await press(page, "Allow access")
    await page.wait_for_url("**/organisation")
    await expect(page.get_by_label(desk.bench.organisation.name)).to_be_checked()
    await look(page, shots, "organisation")
    await press(page, "Choose this organisation")
    await page.wait_for_url("**/mappings")
    one = page.url.removesuffix("/mappings")
    desk.webservice_id = one.rpartition("/")[2]
    assert one == f"{desk.base}{LIST}/{desk.webservice_id}"
    _, found = await desk.get(desk.path)
    assert (found["state"], found["organisation"]["id"]) == ("ready", desk.bench.organisation.id)
    assert (found["settings"]["admin_email"], found["settings"]["copy_existing"]) == ("books@example.com", True)
    await page.goto(one)
    todo = page.get_by_role("region", name="Before the first sync")
    await expect(todo.get_by_role("listitem").filter(has_text="Done:")).to_have_count(2)
    await expect(todo.get_by_role("link", name="Choose accounts")).to_be_visible()
    await look(page, shots, "todo")


async def test_what_was_typed_stays_and_each_fault_stands_at_its_field(desk: Desk, page: Page, shots: Path) -> None:
    await page.goto(await desk.link("owner"))
    await page.goto(f"{desk.base}{LIST}/new/xero")
    await page.get_by_label("Invoice prefix").fill("no spaces")
    await page.get_by_label("Admin email").fill("nobody")
    await page.get_by_label("Enable scheduled sync").check()
    await press(page, "Create Webservice")
    await expect(page.get_by_role("alert")).to_contain_text("Admin email")
    await expect(page.get_by_label("Invoice prefix")).to_have_value("no spaces")
    await expect(page.get_by_label("Invoice prefix")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Admin email")).to_have_value("nobody")
    await expect(page.locator("#f-settings-admin_email-error")).to_contain_text("no e-mail address")
    await expect(page.get_by_label("Enable scheduled sync")).to_be_checked()
    await look(page, shots, "new-faults")
    assert (await desk.get(desk.path.rpartition("/")[0]))[1]["items"] == []


async def test_a_refused_consent_comes_back_to_where_it_can_be_tried_again(desk: Desk, page: Page) -> None:
    await page.goto(await desk.link("owner"))
    await page.goto(f"{desk.base}{LIST}/new/xero")
    await press(page, "Create Webservice")
    await press(page, "Allow access")
    await press(page, "Cancel")
    await page.wait_for_url("**/access")
    await expect(page.get_by_role("alert")).to_contain_text("The connection was not allowed. Nothing was stored")
    await expect(page.get_by_role("button", name="Allow access")).to_be_visible()


async def test_the_list_and_the_own_page_tell_how_it_stands(desk: Desk, page: Page, shots: Path) -> None:
    await desk.connect()
    await stock(desk)
    await desk.bench.put(make_invoice("i-9", lines=[make_line(tax_code="nowhere")]))
    await desk.call("PATCH", desk.path, json={"settings": {"scheduled": True}})
    await desk.sync()
    await desk.call("POST", f"/api/v1{LIST}", json={"kind": "xero", "name": "Xero of the fair"})
    await page.goto(await desk.link("owner"))
    await page.goto(desk.base + LIST)
    card = page.get_by_role("region", name="Xero", exact=True)
    await expect(card).to_contain_text("Connected")
    await expect(card.locator(".need .n")).to_have_text("1")
    await expect(card).to_contain_text("Last run just now: done")
    fair = page.get_by_role("region", name="Xero of the fair")
    await expect(fair.get_by_role("link", name="Allow access to Xero.")).to_be_visible()
    await card.locator("summary").click()
    await expect(card.get_by_role("link", name="Edit")).to_be_visible()
    await look(page, shots, "list")
    await page.get_by_role("link", name="Xero", exact=True).click()
    await expect(page.get_by_role("region", name="What needs you")).to_contain_text("1 record waits")
    await expect(page.get_by_role("region", name="Settings")).to_contain_text("Invoices arrive as")
    await expect(page.get_by_role("region", name="Settings")).to_contain_text("Approved")
    await look(page, shots, "one")


async def test_stop_is_one_button_and_go_on_another(desk: Desk, page: Page, shots: Path) -> None:
    await desk.connect()
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(f"{desk.base}{LIST}/{desk.webservice_id}")
    await press(page, "Stop")
    await expect(page.get_by_text("Stopped: nothing is written to Xero until somebody presses Go on.")).to_be_visible()
    assert (await desk.get(desk.path))[1]["state"] == "paused"
    await look(page, shots, "stopped")
    await page.locator(".title > .actions").get_by_role("button", name="Go on").first.click()
    await expect(page.get_by_text("It goes on")).to_be_visible()
    assert (await desk.get(desk.path))[1]["state"] == "ready"


async def test_settings_show_what_they_let_in_before_they_are_saved(desk: Desk, page: Page, shots: Path) -> None:
    await stock(desk)
    await desk.connect(copy_existing=False)
    await page.goto(await desk.link("owner"))
    await page.goto(desk.base + LIST)
    await page.locator("details.menu > summary").click()
    await page.get_by_role("link", name="Edit").click()
    await look(page, shots, "settings")
    await page.get_by_label("Sync from date").fill("2026-04-01")
    await press(page, "Update Webservice")
    preview = page.get_by_role("region", name="What this changes")
    await expect(preview).to_contain_text("2 invoices that are kept out now would be sent:")
    await expect(preview).to_contain_text("$1,000.00; issued from 4 April 2026 to 4 May 2026")
    await look(page, shots, "settings-preview")
    assert (await desk.get(desk.path))[1]["settings"]["sync_from"] is None
    await expect(page.get_by_label("Sync from date")).to_have_value("2026-04-01")
    await preview.get_by_role("button", name="Update Webservice").click()
    await expect(page.get_by_text("The settings are saved.")).to_be_visible()
    assert (await desk.get(desk.path))[1]["settings"]["sync_from"] == "2026-04-01"
    assert page.url == f"{desk.base}{LIST}/{desk.webservice_id}"


async def test_a_rule_is_made_changed_and_removed(desk: Desk, page: Page, shots: Path) -> None:
    await stock(desk)
    await desk.connect()
    await page.goto(await desk.link("owner"))
    await page.goto(f"{desk.base}{LIST}/{desk.webservice_id}/exclusions")
    await look(page, shots, "exclusions-empty")
    await page.get_by_role("link", name="Invoice number").click()
    await page.locator("[name='argument.from']").fill("2")
    await page.locator("[name='argument.to']").fill("1")
    await press(page, "Save rule")
    await expect(page.get_by_role("alert")).to_contain_text("To: 1 comes before from (2).")
    await page.locator("[name='argument.to']").fill("3")
    await press(page, "Save rule")
    await expect(page.get_by_role("region", name="What this changes")).to_contain_text(
        "2 invoices that would go now would be left out:"
    )
    await look(page, shots, "exclusion")
    assert (await desk.get(f"{desk.path}/exclusions"))[1]["exclusions"] == []
    await page.get_by_role("button", name="Save rule").last.click()
    await expect(page.get_by_text("Saved. Left out from now on: invoice number from 2 to 3.")).to_be_visible()
    await page.get_by_role("link", name="Channel").click()
    await page.get_by_label("shopify").check()
    await page.get_by_label("fair").check()
    await press(page, "Save rule")
    saved = (await desk.get(f"{desk.path}/exclusions"))[1]["exclusions"]
    assert saved[1] == {"filter": "channel", "values": ["shopify", "fair"]}
    await page.get_by_role("link", name="Count what each leaves out").click()
    await expect(page.get_by_role("row", name="invoice number from 2 to 3")).to_contain_text("2")
    await look(page, shots, "exclusions")
    await page.get_by_role("link", name="Change rule 2").click()
    await expect(page.get_by_label("fair")).to_be_checked()
    await page.get_by_label("fair").uncheck()
    await press(page, "Save rule")
    assert (await desk.get(f"{desk.path}/exclusions"))[1]["exclusions"][1]["values"] == ["shopify"]
    await page.get_by_role("row", name="invoice number").get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog")
    if await dialog.count():
        await dialog.get_by_role("button", name="Remove rule 1").click()
    await expect(page.get_by_text("The rule is gone: invoice number from 2 to 3.")).to_be_visible()
    assert len((await desk.get(f"{desk.path}/exclusions"))[1]["exclusions"]) == 1


@pytest.mark.parametrize("script", [False], indirect=True)
async def test_disconnecting_says_first_what_it_means(desk: Desk, page: Page, shots: Path) -> None:
    await desk.connect()
    await stock(desk, 1)
    await desk.sync()
    await page.goto(await desk.link("owner"))
    await page.goto(desk.base + LIST)
    await page.locator("details.menu > summary").click()
    await page.get_by_role("link", name="Disconnect").click()
    await expect(page.get_by_text("What stands in the books stays there: 2 records.")).to_be_visible()
    await look(page, shots, "disconnect")
    await press(page, "Disconnect")
    await expect(page.get_by_text("Xero is disconnected.")).to_be_visible()
    assert (await desk.get(desk.path))[1]["state"] == "disconnected"
    await page.get_by_text("1 disconnected webservice").click()
    await page.get_by_role("link", name="Xero", exact=True).click()
    await expect(page.get_by_text("Its history is kept")).to_be_visible()
    await look(page, shots, "disconnected")
