"""Whatever is sent to the calls about webservices gets an answer that names the fault, and changes nothing."""

from __future__ import annotations

from typing import Any

from tests.sync.harness import GALLERY, make_contact, make_invoice
from tests.web.webservices.office import BASE, Office

NUL = "a\0b"
DEEP: Any = {"a": {"b": [[[{"c": 1}]]]}}
BODIES: tuple[Any, ...] = (
    None,
    [],
    "text",
    5,
    {},
    {"unknown": 1},
    {"kind": NUL, "settings": {}},
    {"kind": "xero", "name": NUL},
    {"kind": "xero", "name": "n" * 300},
    {"kind": "xero", "settings": {"admin_email": NUL}},
    {"kind": "xero", "settings": DEEP},
    {"kind": "files", "settings": {"folder": "../.."}},
    {"state": "disconnected"},
    {"settings": {"invoice_prefix": "\ud83d\ude00"}},
    {"settings": {"interval_minutes": 2**80, "window_days": -1}},
    {"id": NUL},
    {"id": "x" * 300},
    {"mappings": [None, 5, DEEP, {"slot": "sales", "to": {"id": NUL}}]},
    {"mappings": [{"slot": "sales", "when": {"artist": NUL}, "to": {"code": "200"}}]},
    {"mappings": {"slot": "sales"}},
    {"exclusions": [{"filter": "tag", "values": [NUL]}]},
    {"exclusions": [{"filter": "amount", "from": 1e300}]},
    {"exclusions": [5]},
    {"invoices": [NUL]},
    {"invoices": ["../x"], "dry_run": True},
    {"note": NUL},
    {"remote_id": NUL},
    {"distinct": "yes"},
)


async def test_no_body_is_answered_by_a_5xx_and_none_changes_the_books(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    await office.sync()
    entry = await office.entry("invoice", "i-1")
    before = (await office.get(office.path))[1]
    actions = [f"{office.path}/entries/{entry['id']}/{one}" for one in ("resolve", "link")]
    targets = [
        ("POST", f"{BASE}/webservices"),
        ("PATCH", office.path),
        ("POST", f"{office.path}/organisation"),
        ("PUT", f"{office.path}/mappings"),
        ("PUT", f"{office.path}/exclusions"),
        ("POST", f"{office.path}/sync"),
        *(("POST", path) for path in actions),
    ]
    harmless = {("PATCH", 4), ("POST", 4)}  # an empty object: no change; a run
    for method, path in targets:
        for index, body in enumerate(BODIES):
            status, told = await office.call(method, path, json=body)
            assert 400 <= status < 500 or (method, index) in harmless, (method, path, body, status, told)
            if status == 422:
                assert told["errors"], (method, path, body)
                assert NUL not in str(told["errors"])
    await office.bench.work()
    after = (await office.get(office.path))[1]
    assert {**before, "last_run": None, "budget": None} == {**after, "last_run": None, "budget": None}
    assert len((await office.get(f"{BASE}/webservices"))[1]["items"]) == 1
    assert list(office.bench.books()) == ["AG-1"]


async def test_odd_ids_and_queries_are_404_and_422(office: Office) -> None:
    await office.connect()
    for name in ("..", "%00", "a%20b", "x" * 51, "%F0%9F%98%80"):
        assert (await office.call("GET", f"{BASE}/webservices/{name}"))[0] == 404
        for tail in (f"runs/{name}", f"runs/{name}/events"):
            assert (await office.call("GET", f"{office.path}/{tail}"))[0] == 404
        for tail in (f"entries/{name}/retry", f"problems/{name}/retry"):
            assert (await office.call("POST", f"{office.path}/{tail}", json={}))[0] in {404, 405}
    for query in ("limit=0", "limit=x", "type=moon", "problem=%00", "record=%0a", "cursor=%00"):
        assert (await office.call("GET", f"{office.path}/entries?{query}"))[0] == 422, query
    for query in ("from=2026-13-01", "format=pdf", "to=%00"):
        assert (await office.call("GET", f"{office.path}/proof?{query}"))[0] == 422, query
    assert (await office.call("GET", f"{office.path}/choices?refresh=perhaps"))[0] == 422


async def test_a_webservice_that_lost_its_access_can_still_be_disconnected(office: Office) -> None:
    await office.connect()
    office.bench.sandbox.tokens.revoke_user(next(iter(office.bench.sandbox.tokens.users)))
    assert (await office.call("DELETE", office.path))[0] == 204
    assert (await office.services.get(GALLERY, office.webservice_id)).state == "disconnected"
