"""Answers as tables (CSV) that a spreadsheet opens safely, sent in parts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable

from aiohttp import web

_CHUNK = 64 * 1024
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def escape_cell(text: str) -> str:
    """*text* as a cell that no spreadsheet takes for a formula (PROMISES D7)."""
    if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"} and not _PLAIN.fullmatch(text):
        return f"'{text}"
    return text


def write_line(cells: Iterable[str | None]) -> bytes:
    """One line of a table, its cells escaped; None is an empty cell."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerow([escape_cell(cell or "") for cell in cells])
    return file.getvalue().encode()


def prefers_csv(request: web.Request) -> bool:
    """Whether the caller asks for a table and not for JSON."""
    accepted = request.headers.get("Accept", "")
    return "text/csv" in accepted and "application/json" not in accepted


async def send_parts(request: web.Request, media: str, parts: AsyncIterator[bytes], *, name: str) -> web.StreamResponse:
    """Send *parts* as they come, in chunks of 64 KiB; a table is offered for download as *name*."""
    response = web.StreamResponse(headers={"Content-Type": f"{media}; charset=utf-8"})
    if media == "text/csv":
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    await response.prepare(request)
    if request.method == "HEAD":  # a body would be taken for the next answer of the connection
        await response.write_eof()
        return response
    held = bytearray()
    async for part in parts:
        held += part
        if len(held) >= _CHUNK:
            await response.write(bytes(held))
            held.clear()
    await response.write(bytes(held))
    await response.write_eof()
    return response


async def each(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """*parts* that are there already."""
    for part in parts:
        yield part
