"""Shelf: a sound kind of these tests, and the system it writes to. Bugs are planted in subclasses of it."""

# ruff: noqa: ARG003 - a kind takes what the contract gives

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import pydantic

import hub


class ShelfSettings(hub.Settings):
    """What a gallery chooses."""

    prefix: str = pydantic.Field(default="S", description="Put before numbers.")
    password: pydantic.SecretStr | None = pydantic.Field(default=None, description="Of the shelf.")


class ShelfSystem:
    """The system itself: items by id."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}

    def answer(self, request: hub.Request) -> hub.Response:
        if request.method == "GET":
            query = dict(request.query)
            found = [one for one in self.items.values() if one["path"] == request.path and _fits(one, query)]
            return _told(found)
        sent = msgspec.json.decode(request.body)["items"]
        return _told([self._put(request, one) for one in sent])

    def _put(self, request: hub.Request, one: dict[str, Any]) -> dict[str, Any]:
        id_ = one.get("id") or f"remote-{len(self.items) + 1}"
        self.items[id_] = {**self.items.get(id_, {}), **one, "id": id_, "path": request.path}
        return self.items[id_]


def _fits(one: dict[str, Any], query: dict[str, str]) -> bool:
    return all(one.get(key) == value for key, value in query.items())


def _told(items: list[dict[str, Any]]) -> hub.Response:
    return hub.Response(status=200, body=msgspec.json.encode({"items": items}))


class Shelf(hub.Webservice):
    """Writes contacts, invoices and payments in batches."""

    kind = "shelf"
    title = "Shelf"
    settings: ClassVar[type[hub.Settings]] = ShelfSettings
    limits = hub.Limits(batch=10, body_bytes=100_000)
    capabilities = hub.Capabilities(
        cancel=hub.Cancel.DELETE,
        tax=hub.Tax.NONE,
        number_unique=True,
        payments=True,
        pull=True,
        import_contacts=True,
        webhooks=True,
    )

    @classmethod
    def base_url(cls) -> str:
        return "https://shelf.example.com"

    @classmethod
    def account_mappings(cls) -> tuple[hub.Slot, ...]:
        return (hub.Slot(key="sales", label="Sales", fills=("revenue",)),)

    @classmethod
    def number(cls, subject_type: str, record_number: str, book: hub.Book) -> str:
        return f"{book.settings.prefix}-{record_number}"

    @classmethod
    def render(cls, subject: hub.Subject, book: hub.Book) -> hub.Draft | hub.Held:
        match subject.record:
            case hub.Contact(name=name, phone=phone):
                return hub.Draft(number=subject.number, body={"name": name, "phone": phone})
            case hub.Invoice(kind="invoice") as invoice:
                if subject.contact is None:
                    return cls.hold()
                return cls.money(
                    subject, invoice.total, invoice.currency, ("contact", invoice.contact_id), invoice.reference
                )
            case hub.Payment(kind="payment") as payment if subject.invoice:
                currency = payment.currency or subject.invoice.currency
                return cls.money(subject, payment.amount, currency, ("invoice", payment.invoice_id), "")
            case _:
                return super().render(subject, book)

    @classmethod
    def hold(cls) -> hub.Held:
        return hub.Held(code="contact_missing", message="Its contact is missing.", remedy="Send it.")

    @classmethod
    def money(cls, subject: hub.Subject, total: Decimal, currency: str, need: tuple[Any, str], text: str) -> hub.Draft:
        body = {"total": str(total), "currency": currency, "text": text}
        needs = (hub.Reference(*need),)
        return hub.Draft(number=subject.number, body=body, needs=needs, total=total, currency=currency)

    @classmethod
    def request(cls, writes: Sequence[hub.Write], remotes: Mapping[hub.Reference, hub.Remote]) -> hub.Request:
        items = [cls.item(write, remotes) for write in writes]
        return hub.Request(
            method="POST", path=f"/{writes[0].reference.type}", body=msgspec.json.encode({"items": items})
        )

    @classmethod
    def item(cls, write: hub.Write, remotes: Mapping[hub.Reference, hub.Remote]) -> dict[str, Any]:
        own = {"id": write.remote.id} if write.remote else {}
        if write.draft is None:
            return {**own, "number": write.number, "status": "deleted"}
        needs: dict[str, str] = {one.type: remotes[one].id for one in write.draft.needs}
        return {**own, **needs, "number": write.number, **write.draft.body}

    @classmethod
    def outcomes(cls, writes: Sequence[hub.Write], response: hub.Response) -> tuple[hub.Outcome, ...]:
        if response.status != 200:
            return tuple(hub.Unknown(why=str(response.status)) for _ in writes)
        try:
            told = {one.number: one for one in cls.parse(response)}
        except (msgspec.DecodeError, UnicodeDecodeError, LookupError):
            return tuple(hub.Unknown(why="It cannot be read.") for _ in writes)
        return tuple(
            hub.Accepted(remote=told[write.number]) if write.number in told else hub.Unknown(why="It is not named.")
            for write in writes
        )

    @classmethod
    def webhook(cls, headers: Mapping[str, str], raw: bytes) -> tuple[str, ...] | None:
        return None

    @classmethod
    def parse(cls, response: hub.Response) -> list[hub.Remote]:
        return [
            hub.Remote(
                id=hub.RemoteId(one["id"]),
                number=one["number"],
                status=one.get("status", "approved"),
                currency=one.get("currency"),
                total=Decimal(one["total"]) if "total" in one else None,
            )
            for one in msgspec.json.decode(response.body)["items"]
        ]

    async def ask(self, type_: str, **query: str) -> tuple[hub.Remote, ...]:
        response = await self.http.send(hub.Request(method="GET", path=f"/{type_}", query=tuple(query.items())))
        try:
            if response.status == 200:
                return tuple(self.parse(response))
        except (msgspec.DecodeError, UnicodeDecodeError, LookupError) as error:
            raise hub.TemporaryError("Shelf's answer cannot be read.") from error
        raise hub.TemporaryError(f"Shelf answered {response.status}.")

    async def find(self, lookups: Sequence[hub.Lookup]) -> dict[hub.Reference, tuple[hub.Remote, ...]]:
        return {one.reference: await self.ask(one.reference.type, number=one.number) for one in lookups}

    async def read(self, type: str, ids: Sequence[hub.RemoteId]) -> tuple[hub.Remote, ...]:
        return tuple([remote for one in ids for remote in await self.ask(type, id=one)])

    async def pull(self, cursor: str | None) -> hub.Pulled:
        return hub.Pulled(invoices=await self.ask("invoice"), cursor=cursor or "begin")

    async def contacts(self, cursor: str | None) -> hub.ContactPage:
        response = await self.http.send(hub.Request(method="GET", path="/contact", query=()))
        if response.status != 200:
            raise hub.TemporaryError(f"Shelf answered {response.status}.")
        try:
            told = msgspec.json.decode(response.body)["items"]
        except (msgspec.DecodeError, UnicodeDecodeError, LookupError) as error:
            raise hub.TemporaryError("Shelf's answer cannot be read.") from error
        items = [hub.Remote(id=hub.RemoteId(one["id"]), status="active", name=one["name"]) for one in told]
        contacts = {one.id: hub.Contact(id=one.id, name=one.name or "") for one in items}
        new = () if cursor else tuple(items)
        return hub.ContactPage(items=new, cursor="end", more=False, contacts={one.id: contacts[one.id] for one in new})
