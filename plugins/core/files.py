"""The kind `files`: invoices, payments and contacts as CSV and JSON Lines, for an accountant without an API.

Neither OAuth nor HTTP: `push` writes below a folder that the operator chose (``HUB_CORE__FOLDER``), in a folder for the
gallery and one that the webservice's settings name. A record stands there as the last line that tells of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec
import pydantic

import hub
from hub import Operation, Reference, Remote, RemoteId
from plugins.core.drafts import render_contact, render_invoice, render_payment
from plugins.core.folder import Member, State, read_members, read_state, write_batch
from plugins.core.sheets import render_sheet

Type = Literal["gallery", "tax_code", "contact", "invoice", "payment"]
Index = dict[tuple[str, str], Remote]


class FilesSettings(hub.Settings):
    """What a gallery chooses."""

    folder: str = pydantic.Field(
        default="books",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$",
        title="Folder",
        description="Where the files go, below the gallery's folder: small letters, digits, _ and -.",
    )
    scheduled: bool = pydantic.Field(
        default=False, title="Enable scheduled sync", description="Write files in the background by itself."
    )
    on_change: bool = pydantic.Field(
        default=False, title="Write changes at once", description="With the scheduled sync: soon after every change."
    )
    interval_minutes: int = pydantic.Field(
        default=1440, ge=1, le=10_080, title="Minutes between scheduled runs", description="1440 is once a day."
    )
    sync_from: date | None = pydantic.Field(
        default=None, title="Sync from date", description="Invoices issued on or after this day are written."
    )


class Files(hub.Webservice):
    """Writes each batch as one pair of files."""

    kind = "files"
    title = "Files for your accountant"
    settings = FilesSettings
    limits = hub.Limits(batch=500, body_bytes=50_000_000, in_flight=1)
    capabilities = hub.Capabilities(
        cancel=hub.Cancel.VOID, tax=hub.Tax.NONE, number_unique=True, payments=True, credit_notes=True
    )
    base: ClassVar[Path | None] = None

    def __init__(self, http: hub.Http, book: hub.Book | None = None) -> None:
        super().__init__(http, book)
        self._seen: State = ()
        self._index: Index = {}

    @classmethod
    def configure(cls, config: Mapping[str, Any]) -> None:
        """Take `folder`, an absolute path; without it the kind cannot write."""
        faults = [hub.Fault(name, "is not known here (known: folder)") for name in config if name != "folder"]
        told = config.get("folder") or None
        if told is not None and not (isinstance(told, str) and Path(told).is_absolute()):
            faults.append(hub.Fault("folder", "must be an absolute path"))
        if faults:
            raise hub.FormError(faults)
        cls.base = Path(told) if told else None

    @classmethod
    def exclude_filters(cls) -> tuple[str, ...]:
        """All of the hub's own."""
        return ("number", "contact", "channel", "tag", "kind", "currency", "date", "amount")

    @classmethod
    def render(cls, subject: hub.Subject, book: hub.Book) -> hub.Draft | hub.Held:
        """The record as the columns of its sheet, texts as they are."""
        match subject.record:
            case hub.Contact() as contact:
                return render_contact(contact, subject.number)
            case hub.Invoice() as invoice:
                return render_invoice(invoice, subject)
            case hub.Payment() as payment:
                return render_payment(payment, subject)
            case _:
                return super().render(subject, book)

    @classmethod
    def request(cls, writes: Sequence[hub.Write], remotes: Mapping[Reference, Remote]) -> hub.Request:  # noqa: ARG003 - drafts name all
        """One batch as JSON Lines; nothing is sent anywhere."""
        lines = [
            {
                "operation": write.operation.value,
                "type": write.reference.type,
                "id": write.reference.id,
                "version": write.record_version,
                "number": write.number,
                **(write.draft.body if write.draft else _last_words(write)),
            }
            for write in writes
        ]
        body = b"".join(msgspec.json.encode(line, order="deterministic") + b"\n" for line in lines)
        return hub.Request(method="WRITE", path=f"/{writes[0].reference.type}", body=body)

    async def push(self, request: hub.Request, writes: Sequence[hub.Write], key: str) -> tuple[hub.Outcome, ...]:
        """Write the batch once, however often it is pushed. A full disk or the like is tried again later."""
        folder, type_ = self._folder(), request.path.removeprefix("/")
        told = msgspec.json.Decoder(dict[str, Any]).decode_lines(request.body)
        sheet = render_sheet(type_, told)
        try:
            batch = await asyncio.to_thread(write_batch, folder, type_, key, lines=request.body, sheet=sheet)
        except OSError as error:
            raise hub.TemporaryError(f"The files cannot be written: {error.strerror}.", delay=60) from error
        remotes = {one["id"]: _remote(Member(batch, one)) for one in told}
        return tuple(hub.Accepted(remote=remotes[write.reference.id]) for write in writes)

    async def organisations(self, callback: Mapping[str, str]) -> tuple[hub.Organisation, ...]:  # noqa: ARG002 - no consent
        """The folder itself, so that no two webservices write into one."""
        name = f"{self.book.gallery.id}/{self.book.settings.folder}" if self.book else self.kind
        return (hub.Organisation(id=name, name=name),)

    async def create(self) -> hub.Report:
        """Whether the operator chose a folder."""
        if self.base is None:
            return hub.Report(findings=(hub.Finding(code="refused", message=_NO_BASE, slot="", blocking=True),))
        return hub.Report()

    async def find(self, lookups: Sequence[hub.Lookup]) -> dict[Reference, tuple[Remote, ...]]:
        """What the files last told of each record, by its id: a credit note may have an invoice's number."""
        index = await self._read_index()
        found = {one.reference: index.get((one.reference.type, one.reference.id)) for one in lookups}
        return {name: (remote,) if remote else () for name, remote in found.items()}

    async def read(self, type: hub.EntryType, ids: Sequence[RemoteId]) -> tuple[Remote, ...]:
        """What the files last told of each record; its id there is its id here."""
        index = await self._read_index()
        return tuple(remote for one in ids if (remote := index.get((type, one))))

    async def read_ours(self, type: Type, cursor: str | None) -> hub.Page:  # noqa: ARG002 - one page holds all
        """Everything of *type* at once."""
        index = await self._read_index()
        return hub.Page(items=tuple(remote for (one, _), remote in index.items() if one == type))

    async def _read_index(self) -> Index:
        seen, self._index = await asyncio.to_thread(_index_of, self._folder(), self._seen, self._index)
        self._seen = seen
        return self._index

    def _folder(self) -> Path:
        if self.base is None or self.book is None:
            raise hub.PermanentError("refused", _NO_BASE, "Ask the operator of the hub.")
        gallery, folder = self.book.gallery.id, str(self.book.settings.folder)
        return self.base / (f"_{gallery}" if gallery.startswith(".") else gallery) / folder  # an id may be ".."


_NO_BASE = "The operator has not chosen a folder for files (HUB_CORE__FOLDER)."


def _last_words(write: hub.Write) -> dict[str, Any]:
    """What a cancelling line repeats of what stands there, so that each line can be read by itself."""
    remote = write.remote
    if remote is None or remote.total is None:
        return {}
    name = "amount" if write.reference.type == "payment" else "total"
    return {name: remote.total, "currency": remote.currency}


def _index_of(folder: Path, seen: State, index: Index) -> tuple[State, Index]:
    """What stands there now; *index* again when no file changed since *seen*."""
    try:
        state = read_state(folder)
        if state != seen:
            index = {(one.told["type"], one.told["id"]): _remote(one) for one in read_members(folder)}
    except (OSError, ValueError, KeyError, ArithmeticError) as error:
        raise hub.TemporaryError(f"The files cannot be read: {error}.", delay=60) from error
    return state, index


def _remote(member: Member) -> Remote:
    """What one line says that stands there."""
    told = member.told
    total = told.get("amount" if told["type"] == "payment" else "total")
    on = told.get("paid_on" if told["type"] == "payment" else "issued_on")
    alive: Literal["active", "approved"] = "active" if told["type"] == "contact" else "approved"
    gone: Literal["deleted", "voided"] = "deleted" if told["type"] == "payment" else "voided"
    invoice = told.get("invoice_id")
    return Remote(
        id=RemoteId(told["id"]),
        version=f"{member.batch}-{told['version']}",
        number=told["number"],
        status=gone if told["operation"] == Operation.CANCEL else alive,
        currency=told.get("currency"),
        total=None if total is None else Decimal(total),
        on=None if on is None else date.fromisoformat(on),
        document_id=RemoteId(invoice) if invoice else None,
        name=told.get("name"),
        email=told.get("email"),
        ours=True,
    )
