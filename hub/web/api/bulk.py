"""Many records at once: NDJSON in, one answer line for each input line, while the input still comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
from aiohttp import web

from hub.domain import door
from hub.domain.records import Gallery, Record, type_of
from hub.errors import BusyError, Fault, FormError, UnavailableError
from hub.store import records
from hub.web import bodies, lines
from hub.web.api.records import check_gallery
from hub.web.deps import DEPS
from hub.web.lines import InputLine, Outbox
from hub.web.middlewares import REQUEST_ID
from hub.web.routes import Policy, Route

log = structlog.get_logger(__name__)

MEDIA = "application/x-ndjson"
# octet-stream is what clients send that were told nothing; none of these can come from a form of another site
TYPES = frozenset(
    {MEDIA, "application/ndjson", "application/jsonl", "application/jsonlines", "application/x-jsonlines"}
    | {"application/json", "application/octet-stream"}
)
_TOO_LONG = Fault("", f"is longer than {lines.LINE_BYTES // 2**20} MiB: a record may not be, it was skipped")
_NOT_NOW = Fault("", "was not stored, the database did not answer in time: send it again")


class _Named(msgspec.Struct, frozen=True):
    """What a refused line says of itself."""

    type: Any = None
    id: Any = None


_decode_named = msgspec.json.Decoder(_Named).decode


async def import_records(request: web.Request) -> web.StreamResponse:
    """Store what comes line by line, a chunk a transaction, and answer each line in its order."""
    bodies.check_media(request, TYPES)
    gallery_id = request.match_info["gallery"]
    async with request.app[DEPS].database.connection() as connection:
        await check_gallery(connection, gallery_id)
    response = web.StreamResponse(headers={"Content-Type": MEDIA, "X-Request-Id": request[REQUEST_ID]})
    await response.prepare(request)
    try:
        async with Outbox(response) as outbox:
            await _answer_lines(request, gallery_id, outbox)
    except (ConnectionError, TimeoutError) as error:
        log.warning("bulk.broken", error=type(error).__name__)
        _cut(request)
    except Exception:  # the answer has begun: all that can still be said is that it is not whole
        log.exception("bulk.crashed")
        _cut(request)
    return response


async def _answer_lines(request: web.Request, gallery_id: str, outbox: Outbox) -> None:
    number = 0
    try:
        async for chunk in lines.read_chunks(request.content):
            number = chunk[-1].number
            outbox.put(await _store_chunk(request, gallery_id, chunk))
    except lines.IdleError:
        fault = Fault("", f"nothing came for {lines.IDLE_SECONDS:g} s: the rest was not waited for, send it again")
        outbox.put(_render(_refuse(InputLine(number + 1, b""), [fault])))
    except web.RequestPayloadError:
        fault = Fault("", "the body broke off: what follows was not read, send it again")
        outbox.put(_render(_refuse(InputLine(number + 1, b""), [fault])))


async def _store_chunk(request: web.Request, gallery_id: str, chunk: Sequence[InputLine]) -> bytes:
    answers: dict[int, dict[str, Any]] = {}
    sound: list[tuple[InputLine, Record]] = []
    for line in chunk:
        match _parse(line, gallery_id):
            case list() as faults:
                answers[line.number] = _refuse(line, faults)
            case record:
                sound.append((line, record))
    if sound:
        answers |= await _save(request, gallery_id, sound)
    return b"".join(_render(answers[line.number]) for line in chunk)


def _parse(line: InputLine, gallery_id: str) -> Record | list[Fault]:
    if line.raw is None:
        return [_TOO_LONG]
    try:
        record = door.parse_record(line.raw)
    except FormError as error:
        return error.faults
    if isinstance(record, Gallery) and record.id != gallery_id:
        return [Fault("id", f"is another gallery: this address is of {gallery_id!r}")]
    return record


async def _save(
    request: web.Request, gallery_id: str, sound: Sequence[tuple[InputLine, Record]]
) -> dict[int, dict[str, Any]]:
    try:
        async with request.app[DEPS].database.transaction() as connection:
            saved = await records.save(connection, gallery_id, [record for _, record in sound])
    except (BusyError, UnavailableError) as error:
        log.warning("bulk.not_stored", error=type(error).__name__, lines=len(sound))
        return {line.number: _refuse(line, [_NOT_NOW]) for line, _ in sound}
    return {
        line.number: _told(line.number, type_of(record), record.id, one.status, one.faults)
        for (line, record), one in zip(sound, saved, strict=True)
    }


def _refuse(line: InputLine, faults: Sequence[Fault]) -> dict[str, Any]:
    try:
        named = _decode_named(line.raw or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        named = _Named()
    names = [value if isinstance(value, str) and len(value) <= 50 else None for value in (named.type, named.id)]
    return _told(line.number, names[0], names[1], "refused", faults)


def _told(number: int, type_: str | None, id_: str | None, status: str, faults: Sequence[Fault]) -> dict[str, Any]:
    errors = [{"at": fault.at, "message": fault.message} for fault in faults]
    return {"line": number, "type": type_, "id": id_, "status": status, "errors": errors}


def _render(told: dict[str, Any]) -> bytes:
    return msgspec.json.encode(told) + b"\n"


def _cut(request: web.Request) -> None:
    """End the connection without the end of the body: the client must not take what it has for all."""
    if request.transport is not None:
        request.transport.abort()


_LINE = {
    "type": "object",
    "title": "BulkLine",
    "description": "One line of the answer.",
    "properties": {
        "line": {"type": "integer", "description": "Number of the input line, from 1; blank lines count."},
        "type": {"type": ["string", "null"]},
        "id": {"type": ["string", "null"]},
        "status": {"enum": ["created", "changed", "same", "stale", "refused"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"at": {"type": "string"}, "message": {"type": "string"}},
                "required": ["at", "message"],
            },
        },
    },
    "required": ["line", "type", "id", "status", "errors"],
}

ROUTES = (
    Route(
        method="POST",
        path="/api/v1/galleries/{gallery}/records",
        handler=import_records,
        policy=Policy.GALLERY_ADMIN,
        summary="Store records of any type, one JSON object (with its `type`) a line; the answer has a line for each. "
        "A bad line never stops the rest.",
        tag="Records",
        request={"type": "string", "description": "Lines of JSON."},
        response=_LINE,
        media=MEDIA,
        problems=("bad-request",),
    ),
)
