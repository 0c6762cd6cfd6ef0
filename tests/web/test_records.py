"""Records over HTTP: PUT, GET, lists, and what the door refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.web.conftest import BASE, GALLERY, Api, make_invoice, make_payment

TAX_CODE = {"name": "GST 10%", "rate": "10"}
CONTACT = {"name": "Ana Ruiz"}
SOUND = {
    "tax-codes": ("tax_code", TAX_CODE),
    "contacts": ("contact", CONTACT),
    "invoices": ("invoice", make_invoice()),
    "payments": ("payment", make_payment()),
}


@pytest.mark.parametrize("path", SOUND)
async def test_put_creates_then_changes_nothing_then_changes(admin: Api, path: str) -> None:
    type_, body = SOUND[path]
    status, created = await admin.put(f"{BASE}/{path}/x-1", body)
    assert (status, created["type"], created["id"], created["version"]) == (201, type_, "x-1", 1)
    assert body.items() <= {key: created[key] for key in body}.items() or path == "invoices"
    status, same = await admin.put(f"{BASE}/{path}/x-1", {**body, "type": type_, "id": "x-1"})
    assert (status, same) == (200, created)
    field = {"tax-codes": "name", "contacts": "name", "invoices": "reference", "payments": "reference"}[path]
    status, changed = await admin.put(f"{BASE}/{path}/x-1", {**body, field: "new"})
    assert (status, changed["version"], changed[field]) == (200, 2, "new")
    assert changed["updated_at"] > created["updated_at"]
    assert await admin.get(f"{BASE}/{path}/x-1") == (200, changed)


@pytest.mark.parametrize("path", SOUND)
async def test_what_is_not_there_is_404(shared: Api, path: str) -> None:
    for id_ in ("nobody", "a b", "%00", "x" * 51, "a%2Fb"):
        response = await shared.send("GET", f"{BASE}/{path}/{id_}")
        problem = await response.json(content_type=None)
        assert (response.status, problem["type"]) == (404, "/problems/not-found")
        assert response.content_type == "application/problem+json"


async def test_a_gallery_is_made_and_changed(operator: Api) -> None:
    status, body = await operator.put("/api/v1/galleries/new-one", {**GALLERY, "email": "a@example.com"})
    assert (status, body["id"], body["version"], body["default_due_days"]) == (201, "new-one", 1, 30)
    assert await operator.put("/api/v1/galleries/new-one", {**GALLERY, "email": "a@example.com"}) == (200, body)
    assert await operator.get("/api/v1/galleries/new-one") == (200, body)
    _, page = await operator.get("/api/v1/galleries", limit="2")
    assert [item["id"] for item in page["items"]] == ["harbour-lane", "new-one"]
    _, rest = await operator.get("/api/v1/galleries", limit="2", cursor=page["next"])
    assert ([item["id"] for item in rest["items"]], rest["next"]) == (["other-side"], None)


async def test_all_faults_at_once_each_with_its_place(shared: Api) -> None:
    line = {"id": "1", "kind": "sculpture", "description": 7, "quantity": 1, "unit_price": 450.0, "colour": "red"}
    status, problem = await shared.put(
        f"{BASE}/invoices/i-1", make_invoice(lines=[line], total=450, contact_id="x" * 51)
    )
    assert (status, problem["type"], problem["status"]) == (422, "/problems/invalid", 422)
    places = {fault["at"] for fault in problem["errors"]}
    assert places == {
        "contact_id",
        "lines[0].kind",
        "lines[0].description",
        "lines[0].quantity",
        "lines[0].unit_price",
        "lines[0].colour",
        "total",
    }
    assert (await shared.get(f"{BASE}/invoices/i-1"))[0] == 404


MONEY: list[tuple[str, Any, str]] = [
    ("tax-codes", {**TAX_CODE, "rate": 10}, "rate"),
    ("tax-codes", {**TAX_CODE, "components": [{"name": "a", "rate": 1.5}]}, "components[0].rate"),
    ("invoices", make_invoice(total=450), "total"),
    ("invoices", make_invoice(exchange_rate=1.1), "exchange_rate"),
    ("invoices", make_invoice(discount={"amount": 1}), "discount.amount"),
    ("invoices", make_invoice(discount={"percent": 1.0}), "discount.percent"),
    *(
        ("invoices", make_invoice(lines=[{**make_invoice()["lines"][0], field: value}]), f"lines[0].{field}{inner}")
        for field, value, inner in [
            ("quantity", 1, ""),
            ("unit_price", 4.5, ""),
            ("discount", {"amount": 1}, ".amount"),
            ("discount", {"percent": 1}, ".percent"),
        ]
    ),
    ("payments", make_payment(amount=100), "amount"),
    ("payments", make_payment(amount=1e2), "amount"),
    ("payments", make_payment(fee={"amount": 1, "currency": "AUD"}), "fee.amount"),
    ("payments", make_payment(settled={"amount": 1.5, "currency": "AUD"}), "settled.amount"),
    ("payments", make_payment(settled={"amount": "1", "currency": "AUD", "rate": 2}), "settled.rate"),
]


@pytest.mark.parametrize(("path", "body", "place"), MONEY)
async def test_a_json_number_is_never_money(shared: Api, path: str, body: object, place: str) -> None:
    status, problem = await shared.put(f"{BASE}/{path}/x-1", body)
    assert (status, [fault["at"] for fault in problem["errors"]]) == (422, [place])


async def test_a_json_number_is_no_cash_rounding(operator: Api) -> None:
    status, problem = await operator.put("/api/v1/galleries/g-2", {**GALLERY, "cash_rounding": 0.05})
    assert (status, [fault["at"] for fault in problem["errors"]]) == (422, ["cash_rounding"])


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("invoices", {**make_invoice(), "id": "other"}, "id"),
        ("invoices", {**make_invoice(), "type": "payment"}, "type"),
        ("payments", make_payment(amount="0"), "amount"),
        ("payments", make_payment(amount="-1"), "amount"),
        ("payments", make_payment(amount="NaN"), "amount"),
        ("payments", make_payment(amount="1e400"), "amount"),
        ("contacts", {"name": "a\u0000b"}, "name"),
        ("contacts", {"name": "a", "tags": []}, "tags"),
        ("contacts", [], ""),
        ("contacts", "text", ""),
        ("contacts", None, ""),
    ],
)
async def test_the_door_refuses(shared: Api, path: str, body: object, place: str) -> None:
    headers = {"Content-Type": "application/json"}
    status, problem = await shared.call("PUT", f"{BASE}/{path}/x-1", data=json.dumps(body), headers=headers)
    assert (status, problem["errors"][0]["at"]) == (422, place)


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b'{"name": "\\ud800"}'])
async def test_what_is_not_json_is_422(shared: Api, raw: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    status, problem = await shared.call("PUT", f"{BASE}/contacts/c-1", data=raw, headers=headers)
    assert (status, problem["errors"][0]["at"]) == (422, "") or problem["errors"][0]["at"] == "name"


async def test_an_id_that_is_none_is_named(shared: Api) -> None:
    for id_ in ("a%20b", "x" * 51, "%00", "caf%C3%A9"):
        status, problem = await shared.put(f"{BASE}/contacts/{id_}", CONTACT)
        assert (status, problem["errors"][0]["at"]) == (422, "id")


async def test_a_number_of_another_invoice_is_refused(admin: Api) -> None:
    await admin.put(f"{BASE}/invoices/i-1", make_invoice())
    status, problem = await admin.put(f"{BASE}/invoices/i-2", make_invoice())
    assert (status, [fault["at"] for fault in problem["errors"]]) == (422, ["number"])
    assert (await admin.put(f"{BASE}/invoices/i-3", make_invoice(kind="credit_note")))[0] == 201


async def test_an_older_put_says_stale_and_changes_nothing(admin: Api) -> None:
    _, stored = await admin.put(f"{BASE}/contacts/c-1", {**CONTACT, "source_updated_at": "2026-03-04T10:00:00Z"})
    older = {"name": "Old", "source_updated_at": "2026-03-04T09:59:59Z"}
    status, body = await admin.put(f"{BASE}/contacts/c-1", older)
    assert (status, body) == (200, {**stored, "stale": True})
    assert await admin.get(f"{BASE}/contacts/c-1") == (200, stored)


async def test_an_invoice_carries_payments_paid_and_due(admin: Api) -> None:
    await admin.put(f"{BASE}/invoices/i-1", make_invoice())
    assert (await admin.get(f"{BASE}/invoices/i-1"))[1]["due"] == "450.00"
    await admin.put(f"{BASE}/payments/p-1", make_payment())
    await admin.put(f"{BASE}/payments/p-2", make_payment(amount="50.5", currency="AUD"))
    await admin.put(f"{BASE}/payments/p-3", make_payment(amount="7", status="pending"))
    await admin.put(f"{BASE}/payments/p-4", make_payment(amount="7", currency="USD"))
    await admin.put(f"{BASE}/payments/p-5", make_payment(amount="7", kind="refund"))
    _, one = await admin.get(f"{BASE}/invoices/i-1")
    assert [payment["id"] for payment in one["payments"]] == ["p-1", "p-2", "p-3", "p-4", "p-5"]
    assert (one["paid"], one["due"], one["entries"]) == ("143.50", "306.50", [])
    _, page = await admin.get(f"{BASE}/invoices")
    assert page == {"items": [one], "next": None}


async def test_refunds_pay_out_a_credit_note(admin: Api) -> None:
    await admin.put(f"{BASE}/invoices/i-1", make_invoice(kind="credit_note"))
    await admin.put(f"{BASE}/payments/p-1", make_payment(kind="refund"))
    _, one = await admin.get(f"{BASE}/invoices/i-1")
    assert (one["paid"], one["due"]) == ("100.00", "350.00")


async def test_lists_page_by_cursor_and_go_on_where_they_ended(admin: Api) -> None:
    for index in range(5):
        await admin.put(f"{BASE}/contacts/c-{index}", {"name": f"Name {index}"})
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        status, page = await admin.get(f"{BASE}/contacts", limit="2", cursor=cursor)
        assert status == 200
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [f"c-{index}" for index in range(5)]


async def test_changed_since_gives_what_changed_then_or_later(admin: Api) -> None:
    for id_ in ("c-1", "c-2", "c-3"):
        _, last = await admin.put(f"{BASE}/contacts/{id_}", CONTACT)
    _, changed = await admin.put(f"{BASE}/contacts/c-1", {"name": "New"})
    _, page = await admin.get(f"{BASE}/contacts", changed_since=last["updated_at"])
    assert [item["id"] for item in page["items"]] == ["c-3", "c-1"]
    _, page = await admin.get(f"{BASE}/contacts", changed_since=changed["updated_at"].replace("Z", "+00:00"))
    assert [item["id"] for item in page["items"]] == ["c-1"]
    _, page = await admin.get(f"{BASE}/contacts", changed_since="2999-01-01T00:00:00Z")
    assert page == {"items": [], "next": None}


async def test_q_and_state_narrow_a_list(admin: Api) -> None:
    await admin.put(f"{BASE}/invoices/i-1", make_invoice(number="A-1"))
    await admin.put(f"{BASE}/invoices/i-2", make_invoice(number="B-2", status="draft"))
    await admin.put(f"{BASE}/contacts/c-1", {"name": "Ana RUIZ", "email": "ana@example.com"})
    await admin.put(f"{BASE}/contacts/c-2", {"name": "100% _odd_ \\ 'name'"})

    async def ids(path: str, **query: str) -> list[str]:
        _, page = await admin.get(f"{BASE}/{path}", **query)
        return [item["id"] for item in page["items"]]

    assert await ids("invoices", q="b-2") == ["i-2"]
    assert await ids("invoices", state="draft") == ["i-2"]
    assert await ids("invoices", state="held") == []
    assert await ids("contacts", q="ruiz") == ["c-1"]
    assert await ids("contacts", q="%") == ["c-2"]
    assert await ids("contacts", q="nobody") == []


async def test_every_fault_of_a_query_is_named(shared: Api) -> None:
    status, problem = await shared.get(f"{BASE}/contacts", limit="0", state="happy", q="\u0000")
    assert (status, sorted(fault["at"] for fault in problem["errors"])) == (422, ["limit", "q", "state"])
    for name, value in [("cursor", "abc"), ("changed_since", "yesterday"), ("changed_since", "2026-01-01T00:00:00")]:
        status, problem = await shared.get(f"{BASE}/contacts", **{name: value})
        assert (status, problem["errors"][0]["at"]) == (422, name)


async def test_void_keeps_the_invoice_and_owes_nothing(admin: Api) -> None:
    await admin.put(f"{BASE}/invoices/i-1", make_invoice())
    status, body = await admin.call(
        "POST", f"{BASE}/invoices/i-1/void", json={"on": "2026-03-05", "reason": "Typed twice"}
    )
    assert (status, body["status"], body["due"], body["version"]) == (200, "void", "0.00", 2)
    assert body["void"] == {"on": "2026-03-05", "reason": "Typed twice"}
    status, again = await admin.call("POST", f"{BASE}/invoices/i-1/void", json={"on": "2026-03-06"})
    assert (status, again) == (200, body)


async def test_void_with_payments_is_a_conflict(admin: Api) -> None:
    await admin.put(f"{BASE}/invoices/i-1", make_invoice())
    await admin.put(f"{BASE}/payments/p-1", make_payment())
    status, problem = await admin.call("POST", f"{BASE}/invoices/i-1/void", json={"on": "2026-03-05"})
    assert (status, problem["type"]) == (409, "/problems/has-payments")
    await admin.put(f"{BASE}/payments/p-1", make_payment(status="deleted"))
    assert (await admin.call("POST", f"{BASE}/invoices/i-1/void", json={"on": "2026-03-05"}))[0] == 200


async def test_a_bad_void_names_its_faults(admin: Api) -> None:
    await admin.put(f"{BASE}/invoices/i-1", make_invoice())
    for body, places in [
        ({"on": 20260305}, ["on"]),
        ({"on": "5 March", "reason": 7, "why": ""}, ["on", "reason", "why"]),
        ({"on": "2026-03-05", "reason": "a\u0000"}, ["reason"]),
        ([], [""]),
    ]:
        status, problem = await admin.call("POST", f"{BASE}/invoices/i-1/void", json=body)
        assert (status, [fault["at"] for fault in problem["errors"]]) == (422, places)


async def test_events_come_by_cursor(admin: Api, operator: Api) -> None:
    assert await admin.get(f"{BASE}/events") == (200, {"items": [], "next": None})
    assert (await admin.get(f"{BASE}/events", after="x"))[0] == 422
    assert (await operator.get("/api/v1/galleries/nowhere/events"))[0] == 404


async def test_an_unknown_gallery_is_404_for_an_operator(operator: Api) -> None:
    base = "/api/v1/galleries/nowhere"
    assert (await operator.get(base))[0] == 404
    assert (await operator.get(f"{base}/contacts"))[0] == 404
    assert (await operator.put(f"{base}/contacts/c-1", CONTACT))[0] == 404
    assert (await operator.get("/api/v1/galleries/a%00b"))[0] == 404
