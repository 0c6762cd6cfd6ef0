"""Twenty thousand invoices in memory: everything still answered by index, never by a walk that hurts."""

from __future__ import annotations

import ast
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from plugins.xero import sandbox
from plugins.xero.sandbox import Organisation, create_sandbox, wire
from plugins.xero.sandbox.accounting import Answer, Ask, answer
from tests.plugins.xero.sandbox.support import invoice, payment


def ask(organisation: Organisation, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    address, _, query = path.partition("?")
    params = dict(part.split("=", 1) for part in unquote(query).split("&") if part)
    found = answer(
        organisation,
        Ask(
            method=method,
            path=tuple(address.split("/")),
            params=params,
            headers={key.replace("_", "-"): value for key, value in headers.items()},
            body=b"" if body is None else wire.encode(body),
            app="app",
        ),
    )
    assert found.status == 200, found.body[:500]
    return found


def test_twenty_thousand_invoices_stay_in_step() -> None:
    organisation = next(iter(create_sandbox().organisations.values()))
    contact = {"ContactID": organisation.add_contact("Ana").id}
    for batch in range(400):
        sent = [invoice(Contact=contact, InvoiceNumber=f"AG{batch * 50 + index}") for index in range(50)]
        ask(organisation, "PUT", "Invoices?summarizeErrors=false", {"Invoices": sent})
    ids = list(organisation.ledger.invoices)
    assert len(ids) == 20_000
    some = ids[::2000]
    ask(organisation, "PUT", "Payments?summarizeErrors=false", {"Payments": [payment(one) for one in some]})
    paid = wire.decode(ask(organisation, "GET", 'Invoices?page=1&where=Status=="PAID"').body)["Invoices"]
    assert [one["InvoiceID"] for one in paid] == some
    seen: set[str] = set()
    for page in range(1, 21):
        found = wire.decode(ask(organisation, "GET", f"Invoices?page={page}&pageSize=1000&createdByMyApp=true").body)
        seen |= {one["InvoiceID"] for one in found["Invoices"]}
        assert found["pagination"]["pageCount"] == 20
    assert seen == set(ids)
    assert sum(one.left for one in organisation.ledger.invoices.values()) == Decimal("110.00") * (20_000 - 10)


def test_the_sandbox_shares_no_code_with_the_hub_or_the_plugin() -> None:
    """An outsider's view of Xero is worth something only while it borrows nothing from what it checks."""
    folder = Path(sandbox.__file__).parent
    roots = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file.name}: relative import"
                roots.add(node.module or "")
    own = {name for name in roots if name == sandbox.__name__ or name.startswith(sandbox.__name__ + ".")}
    outside = {name.split(".")[0] for name in roots - own}
    assert own
    assert outside - sys.stdlib_module_names == {"aiohttp", "msgspec"}
