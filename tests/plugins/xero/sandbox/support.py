"""A bare client of the sandbox, and bodies with just what a test is about."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import msgspec

from plugins.xero.sandbox import Organisation, Sandbox, SandboxSettings

REDIRECT = "http://localhost:8321/oauth/callback/xero"
SCOPES = "offline_access accounting.invoices accounting.payments accounting.contacts accounting.settings.read"
VERIFIER = "v" * 64
PLENTY = {"per_minute": 1_000_000, "per_day": 1_000_000, "app_per_minute": 1_000_000}

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Reply(NamedTuple):
    """One answer, read to its end."""

    status: int
    raw: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return _decode(self.raw)


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorize_query(**changes: str) -> str:
    params = {
        "response_type": "code",
        "client_id": "sandbox-client",
        "redirect_uri": REDIRECT,
        "scope": SCOPES,
        "state": "some-state",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changes,
    }
    return urlencode({key: value for key, value in params.items() if value})


def query_of(address: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}


def basic(client_id: str = "sandbox-client", secret: str = "sandbox-secret") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


class Caller:
    """A client that is signed in and connected to the first organisation."""

    def __init__(self, sandbox: Sandbox, base: str, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.base = base
        self.session = session
        self.organisation: Organisation = next(iter(sandbox.organisations.values()))
        self.tokens: dict[str, Any] = {}

    async def sign_in(self, **changes: str) -> dict[str, Any]:
        back = self.sandbox.approve(
            f"{self.base}/identity/connect/authorize?{authorize_query(**changes)}", organisations=[self.organisation]
        )
        reply = await self.token(
            grant_type="authorization_code",
            code=query_of(back)["code"],
            redirect_uri=REDIRECT,
            code_verifier=VERIFIER,
        )
        self.tokens = reply.json
        return self.tokens

    async def token(self, *, headers: dict[str, str] | None = None, **form: str) -> Reply:
        return await self.call(
            "POST", "/connect/token", data=form, headers=basic() if headers is None else headers, is_api=False
        )

    async def refresh(self, token: str | None = None) -> Reply:
        return await self.token(grant_type="refresh_token", refresh_token=token or self.tokens["refresh_token"])

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
        is_api: bool = True,
    ) -> Reply:
        sent = {"Accept": "application/json"}
        if self.tokens:
            sent["Authorization"] = f"Bearer {self.tokens['access_token']}"
        if is_api:
            sent["xero-tenant-id"] = self.organisation.id
            path = f"/api.xro/2.0/{path}"
        sent.update(headers or {})
        if body is not None:
            data = body if isinstance(body, bytes) else _encode(body)
            sent["Content-Type"] = "application/json"
        async with self.session.request(
            method, self.base + path, data=data, headers=sent, allow_redirects=False
        ) as response:
            raw = await response.read()
            return Reply(response.status, raw, {key.lower(): value for key, value in response.headers.items()})

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.call("GET", path, headers={key.replace("_", "-"): one for key, one in headers.items()})

    async def write(self, method: str, key: str, *elements: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
        """Write elements with summarizeErrors=false and unitdp=4: the answered elements."""
        name = key.partition("/")[0]
        path = f"{key}?summarizeErrors=false&unitdp=4"
        reply = await self.call(method, path, body={name: list(elements)}, headers=headers)
        assert reply.status == 200, reply
        found: list[dict[str, Any]] = reply.json[name]
        return found

    async def put(self, key: str, *elements: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
        return await self.write("PUT", key, *elements, **headers)

    async def post(self, key: str, *elements: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
        return await self.write("POST", key, *elements, **headers)

    async def contact(self, name: str = "Ana Ruiz", **fields: Any) -> str:
        (made,) = await self.put("Contacts", {"Name": name, **fields})
        assert made["StatusAttributeString"] == "OK", made
        key: str = made["ContactID"]
        return key

    async def invoice(self, **fields: Any) -> dict[str, Any]:
        """Make an invoice that must be accepted; a contact too unless one is given."""
        if "Contact" not in fields:
            fields["Contact"] = {"ContactID": self.organisation.add_contact(f"Buyer {id(fields)}").id}
        (made,) = await self.put("Invoices", invoice(**fields))
        assert made["StatusAttributeString"] == "OK", made
        return made


def line(**fields: Any) -> dict[str, Any]:
    made = {
        "Description": "Study for a Harbour",
        "Quantity": 1,
        "UnitAmount": Decimal("100.00"),
        "AccountCode": "200",
        "TaxType": "OUTPUT",
        **fields,
    }
    return {key: value for key, value in made.items() if value is not ...}


def invoice(**fields: Any) -> dict[str, Any]:
    """An approved invoice over 110.00; give ... to leave a field out."""
    made = {
        "Type": "ACCREC",
        "Date": "2026-03-04",
        "DueDate": "2026-04-03",
        "LineAmountTypes": "Exclusive",
        "Status": "AUTHORISED",
        "LineItems": [line()],
        **fields,
    }
    return {key: value for key, value in made.items() if value is not ...}


def payment(invoice_id: str, amount: str = "110.00", **fields: Any) -> dict[str, Any]:
    return {
        "Invoice": {"InvoiceID": invoice_id},
        "Account": {"Code": "090"},
        "Date": "2026-03-10",
        "Amount": Decimal(amount),
        **fields,
    }


def messages(element: dict[str, Any]) -> list[str]:
    return [one["Message"] for one in element.get("ValidationErrors", [])]


@asynccontextmanager
async def running(clock: Clock | None = None, *, scope: str = SCOPES, **settings: Any) -> AsyncIterator[Caller]:
    """A sandbox with two organisations, served, and a client signed in to the first; limits out of the way."""
    sandbox = Sandbox(settings=SandboxSettings(**{**PLENTY, **settings}), clock=clock)
    sandbox.add_organisation(name="Harbour Lane", currencies=("USD", "EUR"))
    sandbox.add_organisation(name="Minster Yard", country="GB", currency="GBP")
    async with sandbox.serve() as base, aiohttp.ClientSession() as session:
        caller = Caller(sandbox, base, session)
        await caller.sign_in(scope=scope)
        sandbox.calls.clear()
        yield caller
