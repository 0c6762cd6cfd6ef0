"""`/sandbox/`: what an outside process may do to the sandbox, as a person would in Xero's own pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import web

from plugins.xero.sandbox import pages, render, wire
from plugins.xero.sandbox.calls import Calls
from plugins.xero.sandbox.errors import RefusedError
from plugins.xero.sandbox.faults import KINDS, Faults
from plugins.xero.sandbox.organisation import Organisation
from plugins.xero.sandbox.tokens import Tokens
from plugins.xero.sandbox.wire import Json

_ACTS: dict[str, Callable[[Organisation, Json], Any]] = {
    "pay": lambda one, sent: (
        one.pay(
            _invoice(one, sent),
            _amount(sent, "amount"),
            account=sent.get("account", "090"),
            on=wire.parse_day(sent["on"]) if sent.get("on") else None,
            reference=sent.get("reference", ""),
            is_reconciled=bool(sent.get("reconciled")),
        ).id
    ),
    "delete-payment": lambda one, sent: one.delete_payment(sent["payment"]),
    "void": lambda one, sent: one.void(_invoice(one, sent)).status,
    "alter": lambda one, sent: str(
        one.alter(
            _invoice(one, sent),
            total_by=_amount(sent, "total_by") or Decimal("0.00"),
            touch=bool(sent.get("touch")),
        ).total
    ),
    "credit": lambda one, sent: (
        one.credit(_invoice(one, sent), _amount(sent, "amount"), source=sent.get("source", "credit_note")).id
    ),
    "add-contact": lambda one, sent: one.add_contact(sent["name"], email=sent.get("email")).id,
    "archive-contact": lambda one, sent: one.archive_contact(_contact(one, sent)),
    "restore-contact": lambda one, sent: one.restore_contact(_contact(one, sent)),
    "archive-account": lambda one, sent: one.archive_account(sent["account"]),
    "restore-account": lambda one, sent: one.restore_account(sent["account"]),
    "lock": lambda one, sent: one.lock(
        period=wire.parse_day(sent.get("period") or ""), year_end=wire.parse_day(sent.get("year_end") or "")
    ),
}

ROUTES: Sequence[tuple[str, str]] = (
    ("GET /sandbox/", "this page"),
    ("GET /sandbox/state", "organisations, counters and scripted faults as JSON"),
    ("GET /sandbox/calls?last=100", "the last calls as JSON"),
    ("POST /sandbox/faults", '{"kind", "method"?, "path"?, "times"?, "after"?, more by kind}: ' + ", ".join(KINDS)),
    ("DELETE /sandbox/faults", "forget all scripted faults"),
    ("POST /sandbox/organisations/{id}/disconnect", "as if a person removed the app"),
    (
        "POST /sandbox/organisations/{id}/{act}",
        "act: " + ", ".join(_ACTS) + '; a JSON body names "invoice" (id or number), "contact" (id or name), "amount"',
    ),
)


def _amount(sent: Json, key: str) -> Decimal | None:
    return Decimal(str(sent[key])) if sent.get(key) is not None else None


def _invoice(one: Organisation, sent: Json) -> str:
    key = str(sent["invoice"])
    if key in one.ledger.invoices:
        return key
    return one.ledger.invoices_numbered(key)[0].id


def _contact(one: Organisation, sent: Json) -> str:
    key = str(sent["contact"])
    if key in one.ledger.contacts:
        return key
    return one.ledger.contacts_named(key)[0].id


class Control:
    """Handlers below `/sandbox/`."""

    def __init__(
        self, *, organisations: Mapping[str, Organisation], faults: Faults, calls: Calls, tokens: Tokens
    ) -> None:
        self.organisations = organisations
        self.faults = faults
        self.calls = calls
        self.tokens = tokens

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """All routes."""
        return [
            web.get("/", self.to_front),
            web.get("/sandbox", self.to_front),
            web.get("/sandbox/", self.front),
            web.get("/sandbox/state", self.state),
            web.get("/sandbox/calls", self.list_calls),
            web.post("/sandbox/faults", self.add_fault),
            web.delete("/sandbox/faults", self.clear_faults),
            web.post("/sandbox/organisations/{id}/{act}", self.act),
        ]

    async def to_front(self, request: web.Request) -> web.Response:
        """Redirect to the front page."""
        _ = request
        return web.Response(status=302, headers={"Location": "/sandbox/"})

    def _facts(self) -> Json:
        calls = self.calls
        return {
            "calls": calls.total,
            "reads": calls.reads,
            "writes": calls.writes,
            "throttled": calls.throttled,
            "max_in_flight": calls.max_in_flight,
            "faults_injected": dict(self.faults.injected),
        }

    async def front(self, request: web.Request) -> web.Response:
        """The readable page."""
        _ = request
        page = pages.front_page(list(self.organisations.values()), self._facts(), ROUTES)
        return web.Response(text=page, content_type="text/html")

    async def state(self, request: web.Request) -> web.Response:
        """Counts as JSON."""
        _ = request
        organisations = [
            {
                "id": one.id,
                "name": one.name,
                "currency": one.currency,
                "contacts": len(one.ledger.contacts),
                "invoices": len(one.ledger.invoices),
                "credit_notes": len(one.ledger.credit_notes),
                "payments": len(one.ledger.payments),
                "due": str(sum((render.due(one, row) for row in one.ledger.invoices.values()), Decimal("0.00"))),
            }
            for one in self.organisations.values()
        ]
        return _json({"organisations": organisations, **self._facts(), "faults": self.faults.rules})

    async def list_calls(self, request: web.Request) -> web.Response:
        """The last calls, oldest first."""
        last = request.query.get("last", "100")
        count = int(last) if last.isdigit() else 100
        return _json(list(self.calls)[-count:] if count else [])

    async def add_fault(self, request: web.Request) -> web.Response:
        """Script a fault."""
        try:
            sent = await _read(request)
            rule = self.faults.add(sent.pop("kind", ""), **sent)
        except (TypeError, ValueError) as error:
            return _json({"error": str(error)}, status=422)
        return _json(rule, status=201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Forget them."""
        _ = request
        self.faults.clear()
        return web.Response(status=204)

    async def act(self, request: web.Request) -> web.Response:
        """Something that a person does in Xero's pages."""
        organisation = self.organisations.get(request.match_info["id"])
        name = request.match_info["act"]
        if organisation is None or (name not in _ACTS and name != "disconnect"):
            return _json({"error": f"unknown organisation or act (acts: {', '.join(_ACTS)}, disconnect)"}, status=404)
        try:
            sent = await _read(request)
            if name == "disconnect":
                return _json({"done": self.tokens.disconnect_organisation(organisation.id)})
            return _json({"done": _ACTS[name](organisation, sent)})
        except RefusedError as error:
            return _json({"error": str(error)}, status=409)
        except (KeyError, IndexError) as error:
            return _json({"error": f"not found or not given: {error}"}, status=422)
        except (ArithmeticError, ValueError) as error:
            return _json({"error": str(error)}, status=422)


async def _read(request: web.Request) -> Json:
    raw = await request.read()
    sent = wire.decode(raw) if raw else {}
    if not isinstance(sent, dict):
        raise TypeError("a JSON object was expected")
    return sent


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
