"""What a person does about entries and problems."""

from __future__ import annotations

from typing import Any

from tests.sync.harness import make_contact, make_invoice, make_payment
from tests.web.webservices.office import Office


async def act(office: Office, entry: dict[str, Any], action: str, **body: Any) -> tuple[int, Any]:
    return await office.call("POST", f"{office.path}/entries/{entry['id']}/{action}", json=body)


def their_invoice(office: Office, number: str, total: int, **fields: Any) -> Any:
    """An invoice that a person entered there, over *total* with 10 % in it."""
    buyer = office.bench.organisation.add_contact("Somebody")
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": total, "AccountCode": "200", "TaxType": "OUTPUT"}
    return office.bench.organisation.add_invoice(
        InvoiceNumber=number, Contact={"ContactID": buyer.id}, LineItems=[line], LineAmountTypes="Inclusive", **fields
    )


async def test_entries_are_filtered_and_paged(office: Office) -> None:
    await office.bench.put(make_contact(), *(make_invoice(f"i-{n}") for n in range(5)), make_invoice("i-9", lines=[]))
    await office.connect()
    await office.sync()
    seen: list[str] = []
    query: dict[str, str] = {"limit": "2", "type": "invoice"}
    while True:
        _, page = await office.get(f"{office.path}/entries", **query)
        seen += [one["record_id"] for one in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert sorted(seen) == [*(f"i-{n}" for n in range(5)), "i-9"]
    _, held = await office.get(f"{office.path}/entries", state="held")
    assert [(one["record_id"], one["reason"]) for one in held["items"]] == [("i-9", "no_lines")]
    _, blocked = await office.get(f"{office.path}/entries", problem=held["items"][0]["problem_id"])
    assert [one["record_id"] for one in blocked["items"]] == ["i-9"]
    assert (await office.get(f"{office.path}/entries", state="odd"))[0] == 422


async def test_a_resolved_difference_stays_until_either_side_changes(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment())
    await office.connect()
    await office.sync()
    await office.bench.put(make_invoice(total="510.00"))
    await office.sync()
    entry = await office.entry("invoice", "i-1")
    assert (entry["state"], entry["reason"]) == ("conflict", "closed")

    status, resolved = await act(office, entry, "resolve", note="agreed with the buyer")
    assert (status, resolved["state"], resolved["resolution"]["by"]) == (200, "resolved", "operator key")
    assert "agreed with the buyer" in resolved["history"][-1]["text"]
    assert (await office.get(f"{office.path}/problems"))[1]["items"] == []
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["state"] == "resolved"

    await office.bench.put(make_invoice(total="520.00"))
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["state"] == "conflict"


async def test_only_what_needs_a_person_can_be_resolved_and_only_with_a_note(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_invoice("i-2", lines=[]))
    await office.connect()
    await office.sync()
    status, told = await act(office, await office.entry("invoice", "i-1"), "resolve", note="why not")
    assert (status, told["type"]) == (409, "/problems/conflict")
    for note in ("", "  ", "a\x00b"):
        status, told = await act(office, await office.entry("invoice", "i-2"), "resolve", note=note)
        assert (status, told["errors"][0]["at"]) == (422, "note")


async def test_retry_runs_for_that_entry_alone(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    office.bench.organisation.lock(period=None)
    await office.bench.put(make_contact("c-2", name="Ben", email=None), make_invoice("i-2", contact_id="c-2"))
    office.bench.organisation.add_contact("Ben")
    await office.sync()
    held = await office.entry("invoice", "i-2")
    assert (held["state"], held["reason"]) == ("held", "duplicate_contact")
    await office.bench.put(make_invoice("i-3"))

    status, tried = await act(office, held, "retry", distinct=True)
    assert (status, tried["state"]) == (200, "pending")
    await office.bench.work()

    _, runs = await office.get(f"{office.path}/runs", limit="1")
    assert runs["items"][0]["invoices"] == ["i-2"]
    assert (await office.entry("invoice", "i-3"))["state"] == "pending"
    contact = await office.entry("contact", "c-2")
    assert any("another contact" in one["text"] for one in (await office.entry("invoice", "i-2"))["history"])
    assert contact["state"] in {"held", "synced"}  # the same name alone may be refused there


async def test_retrying_a_problem_tries_all_that_it_blocks(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_invoice("i-2"))
    await office.connect()
    office.bench.organisation.archive_account("200")
    await office.get(f"{office.path}/choices", refresh="true")
    await office.sync()
    _, problems = await office.get(f"{office.path}/problems")
    (problem,) = problems["items"]
    assert (problem["reason"], problem["count"], problem["closed_at"]) == ("mapping_invalid", 2, None)
    assert problem["message"]
    assert problem["remedy"]
    office.bench.organisation.restore_account("200")
    await office.get(f"{office.path}/choices", refresh="true")

    status, _ = await office.call("POST", f"{office.path}/problems/{problem['id']}/retry")
    assert status == 200
    await office.bench.work()

    assert len(office.bench.books()) == 2
    assert (await office.get(f"{office.path}/problems"))[1]["items"] == []
    _, closed = await office.get(f"{office.path}/problems", closed="true")
    assert [one["count"] for one in closed["items"]] == [0]
    assert (await office.call("POST", f"{office.path}/problems/none/retry"))[0] == 404


async def test_a_linked_invoice_that_is_equal_is_in_the_books_without_a_write(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment())
    await office.connect()
    theirs = their_invoice(office, "AG-1", 500, Date=_day())
    await office.sync()
    held = await office.entry("invoice", "i-1")
    assert held["reason"] == "number_taken"
    office.bench.sandbox.calls.clear()

    status, linked = await act(office, held, "link", remote_id=theirs.id)

    assert (status, linked["state"], linked["remote_id"]) == (200, "synced", theirs.id), linked
    assert office.bench.sandbox.calls.writes == 0
    await office.sync()
    assert (await office.entry("payment", "p-1"))["state"] == "synced"
    assert (await office.proof())["agrees"] is True


def _day() -> Any:
    from datetime import date  # noqa: PLC0415 - one test needs it

    return date(2026, 3, 4)


async def test_a_linked_invoice_that_differs_is_a_conflict_that_names_both_sides(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    theirs = their_invoice(office, "AG-1", 499, Date=_day())
    await office.sync()
    status, linked = await act(office, await office.entry("invoice", "i-1"), "link", remote_id=theirs.id)
    assert (status, linked["state"], linked["reason"]) == (200, "conflict", "edited_there")
    assert "500.00" in linked["message"]
    assert "499.00" in linked["message"]
    assert linked["problem_id"] is not None


async def test_what_does_not_stand_there_cannot_be_linked_nor_what_another_has(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_invoice("i-2", lines=[]))
    await office.connect()
    await office.sync()
    entry = await office.entry("invoice", "i-2")
    for remote_id in ("00000000-0000-0000-0000-000000000000", "nonsense", "a/b"):
        status, told = await act(office, entry, "link", remote_id=remote_id)
        assert (status, told["errors"][0]["at"]) == (422, "remote_id"), told
    status, told = await act(office, entry, "link", remote_id=office.bench.invoice("AG-1").id)
    assert (status, told["type"]) == (409, "/problems/conflict")


async def test_a_contact_is_linked_by_a_persons_word(office: Office) -> None:
    await office.bench.put(make_contact("c-1", name="Ben", email=None), make_invoice())
    await office.connect()
    theirs = office.bench.organisation.add_contact("Ben")
    await office.sync()
    entry = await office.entry("contact", "c-1")
    assert entry["reason"] == "duplicate_contact"
    status, linked = await act(office, entry, "link", remote_id=theirs.id)
    assert (status, linked["state"]) == (200, "synced")
    await office.sync()
    assert office.bench.invoice("AG-1").contact_id == theirs.id


async def test_a_payment_is_linked_only_to_the_same_amount_on_its_invoice(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment(amount="500.00", method="cheque"))
    await office.connect()
    bare = [one for one in (await office.get(f"{office.path}/mappings"))[1]["mappings"] if one["slot"] != "bank"]
    await office.call("PUT", f"{office.path}/mappings", json={"mappings": bare})
    await office.sync()
    entry = await office.entry("payment", "p-1")
    part = office.bench.organisation.pay(office.bench.invoice("AG-1").id, account="090")
    status, linked = await act(office, entry, "link", remote_id=part.id)
    assert (status, linked["state"]) == (200, "synced"), linked
    assert (await office.proof())["agrees"] is True


async def test_resync_sends_an_invoice_again_whatever_its_age(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect(copy_existing=False)
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["reason"] == "before_connection"
    base = office.path.partition("/webservices")[0]
    assert await office.call("POST", f"{base}/invoices/i-1/resync") == (202, {"asked": 1})
    assert (await office.entry("invoice", "i-1"))["state"] == "pending"
    assert (await office.call("POST", f"{base}/invoices/none/resync"))[0] == 404
