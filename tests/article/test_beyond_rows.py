"""Beyond the article: reasons explained, looks before writes, credit notes, currencies, links; and what it costs."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from tests.article.house import (
    accounts_of,
    events,
    explain,
    invoice_here,
    live_payments,
    make_note,
    note_there,
    press,
    problems,
    run_quietly,
    save_mappings,
    usual,
    void,
    writes,
)
from tests.catalogue.desk import (
    BASE,
    connect,
    held,
    lines_there,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
    outcome,
    put,
    refresh,
    send,
    synced,
    there_invoice,
)
from tests.sync.harness import cents
from tests.telling.receivers import Receiver, is_signed
from tests.telling.tellers import Told
from tests.web.webservices.office import Office

# -- Explain


async def test_explain_tells_the_ordered_checks_one_sentence_the_remedy_and_the_draft(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice("i-1"), make_invoice("i-2", status="draft"))
    fine, kept = await explain(desk, "i-1"), await explain(desk, "i-2")
    assert (fine["verdict"], fine["remedy"]) == ("The next run creates it.", None)
    assert all(check["pass"] and check["message"] for check in fine["checks"])
    assert [check["code"] for check in fine["checks"]][:6] == [
        "webservice",
        "status",
        "excluded",
        "date",
        "sync_from",
        "window",
    ]
    draft = fine["draft"]
    assert (draft["number"], draft["currency"], draft["total"], draft["tax"]) == ("AG-1", "AUD", "500.00", "45.45")
    assert (kept["reason"], kept["remedy"], kept["draft"]) == (
        "draft",
        "Issue the invoice in the gallery system.",
        None,
    )
    assert writes(desk) == 0

    await desk.sync()  # what was explained is what was posted
    ((_, _, net, tax),) = lines_there(there_invoice(desk, "AG-1"))
    assert (str(net), str(tax)) == (draft["lines"][0]["net"], draft["tax"])
    assert (await explain(desk, "i-1"))["verdict"] == "It stands in the books."


async def test_explain_says_the_same_as_the_entry_for_what_is_held(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(lines=[]))
    await desk.sync()
    entry, told = await held(desk, "i-1", "no_lines"), await explain(desk)
    assert (told["verdict"], told["remedy"]) == (entry["message"], entry["remedy"])
    assert [check["message"] for check in told["checks"] if check["pass"] is False] == [entry["message"]]


# -- Preview and dry run


async def test_dry_run_lists_what_it_would_write_counts_it_and_writes_nothing_and_then_exactly_that_goes(
    desk: Office,
) -> None:
    note = make_note(applies_to="i-1")
    await send(desk, make_contact(), make_invoice(), make_payment(amount="300.00"), note, make_invoice("i-2", lines=[]))
    dry = await desk.sync(dry_run=True)
    assert Counter((one["type"], one["operation"]) for one in dry["writes"]) == {
        ("contact", "create"): 1,
        ("invoice", "create"): 2,
        ("payment", "create"): 1,
        ("allocation", "create"): 1,
    }
    assert dry["counts"]["created"] == 5
    assert (writes(desk), desk.bench.books()) == (0, {})
    assert (await outcome(desk, "invoice", "i-1"))[0] == "pending"

    wet = await desk.sync()
    assert wet["counts"]["created"] == dry["counts"]["created"]
    assert (await desk.sync(dry_run=True))["writes"] == []


# -- Problems


async def test_problems_are_grouped_by_cause_with_what_they_block_and_one_retry_takes_all(desk: Office) -> None:
    sent = [make_invoice(f"i-{n}", lines=[make_line(kind="framing", price="500.00")]) for n in range(1, 6)]
    await send(desk, make_contact(), *sent, make_invoice("i-8", lines=[]), make_invoice("i-9"))
    desk.bench.organisation.archive_account("220")
    await refresh(desk)
    await desk.sync()
    by_reason = {one["reason"]: one for one in await problems(desk)}
    assert {reason: one["count"] for reason, one in by_reason.items()} == {"mapping_invalid": 5, "no_lines": 1}
    problem = by_reason["mapping_invalid"]
    assert ("220" in problem["message"], bool(problem["remedy"]), problem["closed_at"]) == (True, True, None)
    _, blocked = await desk.get(f"{desk.path}/entries", problem=problem["id"])
    assert {one["record_id"] for one in blocked["items"]} == {f"i-{n}" for n in range(1, 6)}

    desk.bench.organisation.restore_account("220")
    await refresh(desk)
    assert (await desk.call("POST", f"{desk.path}/problems/{problem['id']}/retry"))[0] == 200
    await desk.bench.work()
    assert len(desk.bench.books()) == 6
    assert [one["reason"] for one in await problems(desk)] == ["no_lines"]
    assert [one["id"] for one in await problems(desk, "closed")] == [problem["id"]]


# -- History


async def test_history_tells_an_entrys_life_in_plain_sentences(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(lines=[make_line(tax_code="moon")]))
    await desk.sync()
    await put(desk, make_invoice())
    await desk.sync()
    await put(desk, make_invoice(total="510.00"))
    await desk.sync()
    desk.bench.organisation.pay(desk.bench.invoice("AG-1").id)
    await desk.sync()
    await put(desk, make_invoice(total="520.00"))
    await desk.sync()
    await press(desk, await desk.entry("invoice", "i-1"), "resolve", note="Agreed by phone.")
    history = (await desk.entry("invoice", "i-1"))["history"]
    assert [one["at"] for one in history] == sorted(one["at"] for one in history)
    told = [one["text"] for one in history]
    for words in ("moon", "520.00 in the gallery", "Agreed by phone."):
        assert any(words in text for text in told), (words, told)
    assert len(told) >= 5
    for text in told:
        assert text[0].isupper() or text[0] == "“", text
        assert text.rstrip("”")[-1] in ".…", text
        assert "_" not in text, text


# -- Events and signed webhooks


async def test_webhooks_tell_the_gallery_system_of_payments_and_problems_signed_and_in_order(
    told: Told, receiver: Receiver
) -> None:
    office = told.office
    await connect(office)
    await send(office, make_contact(), make_invoice(), make_invoice("i-2", lines=[]))
    secret = await told.register(receiver.url)
    await office.sync()
    office.bench.organisation.pay(office.bench.invoice("AG-1").id, cents("200.00"))
    await office.sync()
    receiver.statuses = [500]  # down for a moment: kept, and sent again
    await told.look()
    await told.deliver()
    wanted = ["entry.needs_person", "payment.received", "problem.opened"]
    assert sorted(one for one in receiver.types if one in wanted) == wanted
    payment = next(one for one in receiver.taken if one["type"] == "payment.received")
    assert (payment["data"]["invoice_id"], payment["data"]["amount"]) == ("i-1", "200.00")
    assert all(is_signed(headers, body, secret) for headers, body in receiver.raw)
    by_cursor = [one["id"] for one in await events(office)]
    taken = [one["id"] for one in receiver.taken]
    assert taken == by_cursor[-len(taken) :]
    assert receiver.tries[0] == receiver.tries[1] == taken[0]


# -- Credit notes, allocations and refunds


async def test_credit_notes_go_out_are_applied_to_their_invoice_and_refunded_and_the_proof_agrees(
    desk: Office,
) -> None:
    await send(desk, make_contact(), make_invoice(), make_payment(amount="400.00"))
    await send(desk, make_note("n-1", total="100.00", applies_to="i-1"), make_note("n-2", total="60.00"))
    refund = make_payment("r-1", kind="refund", invoice_id="n-2", amount="60.00", paid_on="2026-03-13")
    await send(desk, refund)
    await desk.sync()
    for type_, id_ in (("invoice", "n-1"), ("invoice", "n-2"), ("payment", "r-1"), ("allocation", "n-1")):
        await synced(desk, type_, id_)
    assert [(note_there(desk, f"AG-n-{n}").status, str(note_there(desk, f"AG-n-{n}").total)) for n in (1, 2)] == [
        ("PAID", "100.00"),
        ("PAID", "60.00"),
    ]
    assert desk.bench.invoice("AG-1").status == "PAID"
    invoice = await invoice_here(desk)
    assert (invoice["due"], len(invoice["payments"])) == ("0.00", 1)  # the credit did not come back as a payment
    await run_quietly(desk)
    proof = await desk.proof()
    assert (proof["agrees"], proof["complete"]) == (True, True)

    await put(desk, make_note("n-1", total="100.00"))  # not applied any more
    await void(desk, "n-1")
    await desk.sync()
    assert note_there(desk, "AG-n-1").status == "VOIDED"
    assert (await invoice_here(desk))["due"] == "100.00"
    assert (await desk.proof())["agrees"] is True


async def test_refunds_need_a_credit_note_and_never_exceed_it(desk: Office) -> None:
    refund = make_payment("r-1", kind="refund", amount="60.00", paid_on="2026-03-13")
    await send(desk, make_contact(), make_invoice(), make_payment(), refund)
    await desk.sync()
    assert "credit note" in (await held(desk, "r-1", "refused", type_="payment"))["remedy"]
    await send(desk, make_note(total="50.00"), refund | {"invoice_id": "n-1"})
    await desk.sync()
    await held(desk, "r-1", "exceeds_due", type_="payment")
    await put(desk, refund | {"invoice_id": "n-1", "amount": "50.00"})
    await desk.sync()
    await synced(desk, "payment", "r-1")
    assert live_payments(desk) == [cents("500.00")]


# -- Deposit, voucher, levy, trade_in


async def test_lines_of_deposits_vouchers_levies_and_trade_ins_go_to_their_accounts(desk: Office) -> None:
    lines = [
        make_line("1", price="1000.00"),
        make_line("2", price="300.00", kind="deposit", tax_code=None),
        make_line("3", price="50.00", kind="voucher", tax_code=None),
        make_line("4", price="40.00", kind="levy", tax_code=None),
        make_line("5", price="-200.00", kind="trade_in", tax_code=None),
    ]
    await send(desk, make_contact(), make_invoice(lines=lines, total="1190.00"))
    await send(desk, make_payment(amount="1190.00"))
    await desk.sync()
    assert accounts_of(desk, "AG-1") == ["200", "835", "836", "845", "310"]
    untaxed = [line.tax_type for line in desk.bench.invoice("AG-1").lines[1:]]
    assert set(untaxed) == {"BASEXCLUDED"}
    assert desk.bench.books()["AG-1"] == ("PAID", cents("1190.00"), cents("1190.00"))


# -- Multi-currency


async def test_currencies_are_checked_against_the_organisation_and_no_rate_is_sent_unless_one_is_given(
    desk: Office,
) -> None:
    desk.bench.organisation.subscribe("EUR")
    await refresh(desk)
    await send(
        desk,
        make_contact(),
        make_invoice("i-1", currency="EUR"),
        make_invoice("i-2", currency="EUR", exchange_rate="0.6"),
        make_invoice("i-3", currency="CHF"),
        make_invoice("i-4", exchange_rate="0.6"),
    )
    await desk.sync()
    rates = {number: desk.bench.invoice(number).currency_rate for number in ("AG-1", "AG-2", "AG-4")}
    assert rates == {"AG-1": desk.bench.organisation.day_rate("EUR"), "AG-2": Decimal("0.6"), "AG-4": Decimal(1)}
    assert there_invoice(desk, "AG-1")["CurrencyCode"] == "EUR"
    assert "CHF" in (await held(desk, "i-3", "currency_not_subscribed"))["message"]

    desk.bench.organisation.subscribe("CHF")
    await refresh(desk)
    await desk.sync()
    await synced(desk, "invoice", "i-3")
    proof = await desk.proof()
    assert (proof["agrees"], {one["currency"] for one in proof["sums"]}) == (True, {"AUD", "CHF", "EUR"})


# -- Tracking, links


async def test_tracking_by_salesperson_and_artist_uses_existing_options_only(desk: Office) -> None:
    organisation = desk.bench.organisation
    organisation.tracking.clear()
    organisation.add_tracking("Seller", ["Ann"])
    organisation.add_tracking("Artist", ["Lowe"])
    choices = await refresh(desk)
    options = {
        option["name"]: {"category_id": one["id"], "id": option["id"]}
        for one in choices["tracking"]
        for option in one["options"]
    }
    by_seller: dict[str, Any] = {"slot": "tracking", "when": {"salesperson": "Ann"}, "to": options["Ann"]}
    by_artist: dict[str, Any] = {"slot": "tracking", "when": {"artist": "M. Lowe"}, "to": options["Lowe"]}
    await save_mappings(desk, *usual(), by_seller, by_artist)
    unknown = by_seller | {"to": {"category_id": options["Ann"]["category_id"], "id": "no-such-option"}}
    assert (await desk.put(f"{desk.path}/mappings", {"mappings": [*usual(), unknown]}))[0] == 422

    lines = [make_line("1", price="200.00", artist="M. Lowe"), make_line("2", price="300.00")]
    await send(desk, make_contact(), make_invoice(lines=lines, salesperson="Ann"), make_invoice("i-2"))
    await desk.sync()
    names = [len(line.tracking) for number in ("AG-1", "AG-2") for line in desk.bench.invoice(number).lines]
    assert names == [2, 1, 0]
    assert [len(one.options) for one in organisation.tracking] == [1, 1]  # none was made


async def test_links_lead_back_to_the_gallerys_page_and_into_xero_from_every_entry(desk: Office) -> None:
    url = "https://gallery.example/invoices/1"
    await send(desk, make_contact(), make_invoice(url=url), make_payment(amount="100.00"), make_note(applies_to="i-1"))
    await desk.sync()
    assert there_invoice(desk, "AG-1")["Url"] == url
    for type_, id_ in (("contact", "c-1"), ("invoice", "i-1"), ("payment", "p-1"), ("invoice", "n-1")):
        entry = await synced(desk, type_, id_)
        assert entry["remote_url"].startswith("https://go.xero.com/"), entry
        assert entry["remote_id"] in entry["remote_url"]
    (shown,) = (await invoice_here(desk))["entries"]
    assert shown["remote_url"] == (await desk.entry("invoice", "i-1"))["remote_url"]


# -- Cost


async def test_cost_nothing_costs_a_call_per_invoice(desk: Office) -> None:
    """120 invoices of 20 contacts, each paid: calls are counted by path, at the first run and at a quiet one."""
    contacts = [make_contact(f"c-{n}", name=f"Buyer {n}") for n in range(20)]
    invoices = [
        make_invoice(f"i-{n}", contact_id=f"c-{n % 20}", url=f"https://gallery.example/{n}") for n in range(120)
    ]
    payments = [make_payment(f"p-{n}", invoice_id=f"i-{n}") for n in range(120)]
    await send(desk, *contacts, *invoices, *payments)
    calls = desk.bench.sandbox.calls
    calls.clear()
    run = await desk.sync()
    assert (run["state"], run["counts"]["created"]) == ("done", 260), run
    asked = {path.replace("/api.xro/2.0/", ""): n for path, n in calls.by_path.items() if "/api.xro/" in path}
    assert {path: n for path, n in asked.items() if path.startswith(("PUT", "POST"))} == {
        "PUT Contacts": 1,
        "PUT Invoices": 3,  # 50 at a time
        "PUT Payments": 3,
    }
    assert set(asked) <= {"PUT Contacts", "PUT Invoices", "PUT Payments", "GET Invoices", "GET Contacts"}
    assert sum(n for path, n in asked.items() if path.startswith("GET")) <= 6
    assert run["calls"] == sum(asked.values())
    assert not [one for one in calls if "History" in one.path or "OnlineInvoice" in one.path]

    calls.clear()
    for n in range(5):  # looking is free
        await explain(desk, f"i-{n}")
        await invoice_here(desk, f"i-{n}")
        await desk.get(f"{BASE}/invoices", limit="100")
        await desk.get(f"{desk.path}/entries", limit="100")
    assert len(calls) == 0
    await run_quietly(desk)
    assert calls.reads <= 3
