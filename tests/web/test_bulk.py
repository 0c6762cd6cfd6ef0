"""NDJSON: a line for a line, in order; a bad line never stops the rest; memory stays flat."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from typing import Any

import psutil
import pytest
from aiohttp import ClientError

from hub.errors import BusyError
from hub.store import records
from hub.web import lines
from hub.web.lines import InputLine, LineSplitter
from tests.web.conftest import BASE, GALLERY, Api, make_invoice, make_payment

PATH = f"{BASE}/records"
NDJSON = {"Content-Type": "application/x-ndjson"}


async def post(api: Api, body: Any) -> list[dict[str, Any]]:
    response = await api.send("POST", PATH, data=io.BytesIO(body), headers=NDJSON)
    assert (response.status, response.content_type) == (200, "application/x-ndjson")
    return [json.loads(line) for line in (await response.text()).splitlines()]


def as_lines(values: Iterable[object]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def contact(index: int, **changes: Any) -> dict[str, Any]:
    return {"type": "contact", "id": f"c-{index}", "name": f"Name {index}", **changes}


async def test_every_type_in_any_order(admin: Api) -> None:
    values = [
        {"type": "payment", "id": "p-1", **make_payment()},
        {"type": "invoice", "id": "i-1", **make_invoice()},
        contact(1),
        {"type": "tax_code", "id": "gst", "name": "GST", "rate": "10"},
        {"type": "gallery", "id": "harbour-lane", **GALLERY, "name": "New name"},
        contact(1),
        contact(1, name="Other"),
        contact(1, name="Old", source_updated_at="2020-01-01T00:00:00Z"),
    ]
    answers = await post(admin, as_lines(values))
    assert [(one["line"], one["type"], one["id"], one["status"], one["errors"]) for one in answers] == [
        (1, "payment", "p-1", "created", []),
        (2, "invoice", "i-1", "created", []),
        (3, "contact", "c-1", "created", []),
        (4, "tax_code", "gst", "created", []),
        (5, "gallery", "harbour-lane", "changed", []),
        (6, "contact", "c-1", "same", []),
        (7, "contact", "c-1", "changed", []),
        (8, "contact", "c-1", "changed", []),
    ]
    _, invoice = await admin.get(f"{BASE}/invoices/i-1")
    assert invoice["paid"] == "100.00"


async def test_equal_records_change_nothing_and_older_ones_are_stale(admin: Api) -> None:
    values = [contact(1, source_updated_at="2026-01-01T00:00:00Z"), contact(2)]
    await post(admin, as_lines(values))
    _, before = await admin.get(f"{BASE}/contacts")
    older = contact(1, name="Old", source_updated_at="2025-01-01T00:00:00Z")
    answers = await post(admin, as_lines([*values, older]))
    assert [one["status"] for one in answers] == ["same", "same", "stale"]
    assert await admin.get(f"{BASE}/contacts") == (200, before)


async def test_a_bad_line_never_stops_the_rest(admin: Api) -> None:
    body = (
        b"\n"  # a blank line counts but is not answered
        + as_lines([contact(1)])
        + b"{not json\n"
        + b"\xff\xfe\n"
        + as_lines([contact(2, name=7, colour="red"), {"id": "c-3", "name": "no type"}, contact(4, id="a b")])
        + as_lines([{"type": "gallery", "id": "other-side", **GALLERY}])
        + b"  \r\n"
        + as_lines(
            [{"type": "invoice", "id": "i-1", **make_invoice()}, {"type": "invoice", "id": "i-2", **make_invoice()}]
        )
        + json.dumps(contact(5)).encode()  # no line end after the last line
    )
    answers = await post(admin, body)
    told = [(one["line"], one["id"], one["status"], [fault["at"] for fault in one["errors"]]) for one in answers]
    assert told == [
        (2, "c-1", "created", []),
        (3, None, "refused", [""]),
        (4, None, "refused", [""]),
        (5, "c-2", "refused", ["name", "colour"]),
        (6, "c-3", "refused", ["type"]),
        (7, "a b", "refused", ["id"]),
        (8, "other-side", "refused", ["id"]),
        (10, "i-1", "created", []),
        (11, "i-2", "refused", ["number"]),
        (12, "c-5", "created", []),
    ]


async def test_an_over_long_line_is_skipped_and_named(admin: Api) -> None:
    long = contact(1, name="x" * lines.LINE_BYTES)
    answers = await post(admin, as_lines([long, contact(2)]) + json.dumps(long).encode())
    assert [(one["line"], one["status"]) for one in answers] == [(1, "refused"), (2, "created"), (3, "refused")]
    assert "5 MiB" in answers[0]["errors"][0]["message"]


async def test_answers_come_while_the_input_still_comes(admin: Api) -> None:
    answered = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield as_lines([contact(1)])
        await answered.wait()  # would wait for ever if the answer came at the end only
        yield as_lines([contact(2)])

    async with asyncio.timeout(20):
        request = admin.client.post(PATH, data=body(), headers={**admin.headers, **NDJSON})
        async with request as response:
            first = json.loads(await response.content.readline())
            answered.set()
            second = json.loads(await response.content.readline())
    assert [(one["id"], one["status"]) for one in (first, second)] == [("c-1", "created"), ("c-2", "created")]


async def test_a_client_that_reads_nothing_before_it_has_sent_all_is_served(admin: Api) -> None:
    """Such clients are common; their answers must not fill the pipe and stop the reading of their input."""
    count = 60_000  # answers of about 6 MB: more than the buffers of a socket hold
    host, port = admin.client.host, admin.client.port
    reader, writer = await asyncio.open_connection(host, port, limit=1024)
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n"
    body = b"{}\n" * count
    head += f"Authorization: {admin.headers['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    async with asyncio.timeout(60):
        writer.transport.pause_reading()
        writer.write(head.encode() + body)
        writer.transport.set_write_buffer_limits(high=0)
        await writer.drain()  # all is sent, nothing was read
        writer.transport.resume_reading()
        answer = await reader.read(-1)
    writer.close()
    _, _, chunked = answer.partition(b"\r\n\r\n")
    told = re.sub(rb"\r\n[0-9a-fA-F]+\r\n", b"", chunked)
    assert told.count(b'"status":"refused"') == count
    assert chunked.endswith(b"0\r\n\r\n")


@pytest.mark.slow
async def test_100_000_records_in_flat_memory(admin: Api) -> None:
    """Hub and client share this process, so the bound holds for both; 100,000 answers alone would be 10 MB."""
    await _import(admin, 3_000)
    before = _memory()
    peak = await _import(admin, 100_000)
    assert peak - before < 16 * 2**20, (before, peak)


async def _import(api: Api, count: int) -> int:
    """Send and read *count* records as streams; the most memory this process had, in bytes."""

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, count, 500):
            yield as_lines(contact(index) for index in range(start, start + 500))

    statuses: Counter[bytes] = Counter()
    peak = 0
    async with api.client.post(PATH, data=body(), headers={**api.headers, **NDJSON}) as response:
        async for line in response.content:
            statuses[line.split(b'"status":"')[1].split(b'"')[0]] += 1
            if statuses.total() % 5_000 == 0:
                peak = max(peak, _memory())
    assert statuses.total() == count, statuses
    assert statuses.keys() <= {b"created", b"same"}, statuses
    return peak


def _memory() -> int:
    return int(psutil.Process().memory_info().rss)


async def test_a_stalled_body_ends_with_a_word_about_it(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines.read_chunks, "__kwdefaults__", {"limit": lines.LINE_BYTES, "idle": 0.2})
    stop = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield as_lines([contact(1)])
        await stop.wait()

    request = admin.client.post(PATH, data=body(), headers={**admin.headers, **NDJSON})
    async with asyncio.timeout(20), request as response:
        told = [json.loads(await response.content.readline()) for _ in range(2)]
        stop.set()
    assert [(one["line"], one["status"]) for one in told] == [(1, "created"), (2, "refused")]
    assert "send it again" in told[1]["errors"][0]["message"]


async def test_a_busy_database_costs_lines_and_not_the_answer(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    save = records.save
    calls = []

    async def busy_once(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise BusyError
        return await save(*arguments)

    monkeypatch.setattr(records, "save", busy_once)
    answers = await post(admin, as_lines(contact(index) for index in range(501)))
    refused = [one for one in answers if one["status"] == "refused"]
    assert [one["line"] for one in refused] == list(range(1, 501))
    assert refused[0]["errors"][0]["message"].endswith("send it again")
    assert answers[500]["status"] == "created"


async def test_a_crash_cuts_the_answer_short(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def crash(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(records, "save", crash)
    with pytest.raises(ClientError):
        await admin.send("POST", PATH, data=as_lines([contact(1)]), headers=NDJSON)
    monkeypatch.undo()
    assert (await post(admin, as_lines([contact(1)])))[0]["status"] == "created"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/x-ndjson; charset=utf-16"}, 415),
        ({"Content-Type": "application/octet-stream"}, 200),
        ({"Content-Type": "application/json"}, 200),
    ],
)
async def test_the_type_of_the_body(shared: Api, headers: dict[str, str], status: int) -> None:
    response = await shared.send("POST", PATH, data=b"\n", headers=headers)
    assert response.status == status


async def test_an_empty_body_has_an_empty_answer(shared: Api) -> None:
    response = await shared.send("POST", PATH, data=b"", headers=NDJSON)
    assert (response.status, await response.text()) == (200, "")


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_lines_are_the_same_however_the_bytes_come(step: int) -> None:
    data = b"one\n\n  two \r\n" + b"x" * 11 + b"\nthree\n" + b"y" * 30
    splitter = LineSplitter(limit=10)
    found = [line for at in range(0, len(data), step) for line in splitter.feed(data[at : at + step])]
    found += splitter.close()
    assert found == [
        InputLine(1, b"one"),
        InputLine(3, b"two"),
        InputLine(4, None),
        InputLine(5, b"three"),
        InputLine(6, None),
    ]
    assert splitter.close() == []


async def test_a_broken_off_body_says_so(admin: Api) -> None:
    reader, writer = await asyncio.open_connection(admin.client.host, admin.client.port)
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
    line = as_lines([contact(1)])
    writer.write(f"{head}Authorization: {admin.headers['Authorization']}\r\n\r\n{len(line):x}\r\n".encode())
    writer.write(line + b"\r\nnot-a-size\r\n")
    async with asyncio.timeout(20):
        answer = await reader.read(-1)
    writer.close()
    assert b"broke off" in answer or b"400 Bad Request" in answer
