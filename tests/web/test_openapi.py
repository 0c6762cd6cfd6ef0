"""The OpenAPI document says what the application does."""

from __future__ import annotations

import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hub.domain.records import TYPES, Contact, Line
from hub.web.app import ROUTES
from hub.web.routes import Policy
from hub.web.schemas import Schemas
from tests.web.conftest import Api

RECORDS = {record.__name__ for record in TYPES.values()} | {"Line", "Discount", "Fee", "Settled", "TaxComponent"}


async def test_the_document_is_valid_and_lists_every_route(shared: Api) -> None:
    status, document = await shared.get("/api/v1/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    OpenAPIV31SpecValidator(document).validate()
    listed = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    assert listed == {(route.method, route.path) for route in ROUTES if route.tag}
    ids = [one["operationId"] for operations in document["paths"].values() for one in operations.values()]
    assert len(ids) == len(set(ids))


async def test_open_routes_say_so(shared: Api) -> None:
    _, document = await shared.get("/api/v1/openapi.json")
    for route in ROUTES:
        if route.tag:
            operation = document["paths"][route.path][route.method.lower()]
            assert (operation.get("security") == []) is (route.policy is Policy.PUBLIC)
            assert ("401" in operation["responses"]) is (route.policy is not Policy.PUBLIC)


async def test_money_is_a_string_with_a_pattern(shared: Api) -> None:
    _, document = await shared.get("/api/v1/openapi.json")
    schemas = document["components"]["schemas"]
    price = schemas["Line"]["properties"]["unit_price"]
    assert price["type"] == "string"
    assert re.search(price["pattern"], "450.00")
    assert not re.search(price["pattern"], "1e3")
    assert r"\Z" not in str(document)
    records = {name: schemas[name] for name in schemas if name.removesuffix("Input").removeprefix("Stored") in RECORDS}
    assert len(records) >= 3 * len(TYPES) - 3
    assert '"type": "number"' not in json.dumps(records)


async def test_a_put_may_leave_out_type_and_id(shared: Api) -> None:
    _, document = await shared.get("/api/v1/openapi.json")
    assert document["components"]["schemas"]["ContactInput"]["required"] == ["name"]
    stored = document["components"]["schemas"]["StoredInvoice"]["properties"]
    assert {"version", "updated_at", "payments", "paid", "due", "entries", "stale"} <= stored.keys()


async def test_the_page_shows_every_call_and_every_link_leads_somewhere(shared: Api) -> None:
    response = await shared.send("GET", "/api/v1/docs")
    text = await response.text()
    assert response.content_type == "text/html"
    assert "<script" not in text
    assert "http://" not in text.replace("http://localhost", "")
    anchors = set(re.findall(r'id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= anchors
    for route in ROUTES:
        if route.tag:
            assert f"<code>{route.path}</code>" in text, route.path
    for problem in set(re.findall(r'href="(/problems/[a-z-]+)"', text)):
        assert (await shared.send("GET", problem)).status == 200


def test_two_shapes_of_one_name_are_refused() -> None:
    schemas = Schemas()
    schemas.add("Line", {"type": "string"})
    with pytest.raises(ValueError, match="Line"):
        schemas.reference(Line)
    schemas.reference(Contact)
