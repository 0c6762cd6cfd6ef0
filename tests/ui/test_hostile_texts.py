"""Hostile strings in every field that anybody can fill, on every page; and answers that break off in the middle."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from hub.domain.secrets import Secret
from hub.store import sessions
from hub.store.sessions import Flash
from hub.web.routes import Policy, Route
from hub.web.ui import csrf
from hub.web.ui.formats import Formats
from tests.sync.harness import GALLERY, make_contact, make_gallery, make_invoice, make_line, make_payment
from tests.ui.desk import HOME, Desk, Person, open_desk, open_shared_desk
from tests.ui.test_access import PAGES, path_of
from tests.ui.test_webservice_forms import LIST

EVIL = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}${7*7}</title></textarea><!--"
TURNED = "evil\N{RIGHT-TO-LEFT OVERRIDE}txt.exe\N{LINE SEPARATOR}x"
FORMULA = "=cmd|' /C calc'!A1"


class Tags(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def check_harmless(text: str, where: str) -> None:
    tags = Tags()
    tags.feed(text)
    for tag, attrs in tags.found:
        assert tag not in {"img", "iframe", "object", "embed", "base", "style"}, where
        assert tag != "script" or "src" in attrs, where
        assert not [name for name in attrs if name.startswith("on") or name in {"style", "srcdoc"}], (where, tag, attrs)
        for name in ("href", "action", "formaction", "src", "data-live"):
            value = (attrs.get(name) or "").strip().lower()
            assert not re.match(r"[\s\x00-\x1f]*(javascript|data|vbscript):", value), (where, tag, attrs)
            assert not value.startswith("//"), (where, tag, attrs)


@pytest.fixture(scope="module")
async def poisoned(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A gallery where everything has a hostile name, after a run with every group of outcomes."""
    async with open_shared_desk(postgres_server, postgres_template, tmp_path_factory) as desk:
        await desk.connect()
        assert (await desk.call("PATCH", desk.path, json={"name": EVIL[:200]}))[0] == 200
        rules = [{"filter": "tag", "values": [f"{EVIL}2", TURNED]}, {"filter": "number", "values": [FORMULA]}]
        assert (await desk.put(f"{desk.path}/exclusions", {"exclusions": rules}))[0] == 200
        line = {"description": EVIL, "artist": EVIL, "category": EVIL}
        await desk.bench.put(
            make_gallery(name=EVIL),
            {"type": "tax_code", "id": "odd", "name": EVIL, "rate": "10", "kind": "standard"},
            make_contact("c-1", name=EVIL, email="a\"'><b>@example.com"),
            make_contact("c-2", name=FORMULA),
            make_contact("c-3", name=TURNED),
            make_invoice("i-1", number="E1", lines=[make_line(**line)], reference=EVIL, notes=EVIL, tags=[EVIL]),
            make_invoice("i-2", number=FORMULA, contact_id="c-2", url="javascript:alert(1)"),
            make_invoice("i-3", number='3"><b>', contact_id="c-3", url="JaVaScRiPt:alert(1)", salesperson=EVIL),
            make_invoice("i-4", number="4", lines=[make_line(tax_code="odd", **line)], url='https://a/"><b onx=1>'),
            make_invoice("i-5", number="5", currency=EVIL[:9], lines=[make_line(**line)]),
            make_invoice("i-6", number="-6+1", contact_id="gone"),
            make_invoice("i-7", number="@SUM(1)", contact_id="c-1"),
            make_payment("p-1", invoice_id="i-3", reference=EVIL),
            make_payment("p-5", invoice_id="i-5", currency="<b>"),
        )
        there = desk.bench.organisation
        there.add_contact(FORMULA, email=EVIL)
        await desk.sync()
        standing = desk.bench.invoice("AG-E1")
        there.edit_line(
            standing.id, Description=EVIL, UnitAmount=Decimal("1.00"), TaxAmount=Decimal("0.1"), LineAmount=None
        )
        await desk.sync()
        await desk.sync(dry_run=True)
        yield desk


@pytest.fixture(scope="module")
async def office(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A desk for what has no effect: connected, with one invoice."""
    async with open_shared_desk(postgres_server, postgres_template, tmp_path_factory) as desk:
        await desk.connect()
        await desk.bench.put(make_contact(), make_invoice("i-1"), make_payment("p-1"))
        yield desk


async def addresses(desk: Desk) -> list[str]:
    """Every page that can be read, with everything that there is."""
    _, runs = await desk.get(f"{desk.path}/runs")
    _, problems = await desk.get(f"{desk.path}/problems", state="all")
    assert len(runs["items"]) >= 3
    assert problems["items"]
    found = []
    for route in PAGES:
        if route.method != "GET" or "{gallery}" not in route.path or route.path.endswith(("/events", "/live", ".csv")):
            continue
        places: dict[str, list[str]] = {
            "id": [f"i-{n}" for n in range(1, 8)],
            "run": [one["id"] for one in runs["items"]],
            "problem": [one["id"] for one in problems["items"]],
            "rule": ["1", "2"],
            "filter": ["tag"],
            "kind": ["xero"],
        }
        names = [name for name in places if f"{{{name}}}" in route.path] or [""]
        found += [
            path_of(route, GALLERY, webservice=desk.webservice_id, **({names[0]: value} if value else {}))
            for value in places.get(names[0], [""])
        ]
    one = f"{LIST}/{desk.webservice_id}"
    more = ["?part=taxes", "?part=payments", "?part=rules", "?invoice=E1", "?invoice=3%22%3E%3Cb%3E"]
    found += [f"{one}/mappings{query}" for query in more]
    found += [f"{one}/proof?period=all", f"{one}/exclusions?count=1", f"{HOME}/invoices?q=%3Cscript%3E%22"]
    return [*found, "/operator", f"/operator/keys?gallery={GALLERY}", "/operator/system"]


async def test_d7_hostile_strings_are_text_on_every_page(poisoned: Desk) -> None:
    people = {role: await poisoned.person(role, user={"name": EVIL, "email": EVIL}) for role in ("reader", "owner")}
    people["operator"] = await poisoned.person("operator")
    seen = 0
    for path in await addresses(poisoned):
        for role, person in people.items():
            if path.startswith("/operator") and role != "operator":
                continue
            answer = await person.get(path)
            assert answer.status in {200, 303, 403}, (path, answer.status, answer.text[-2000:])
            if answer.status == 200:
                check_harmless(answer.text, path)
                assert "49${" not in answer.text
                assert len(answer.text.encode()) < 61_440, path
                seen += "&lt;script&gt;" in answer.text
    assert seen > 30, "they are there to be seen"


async def test_d7_a_fault_repeats_no_markup(poisoned: Desk) -> None:
    person = await poisoned.person("owner")
    form = {
        "name": EVIL,
        "settings.invoice_prefix": EVIL,
        "argument.values": EVIL,
        "id": EVIL,
        "note": EVIL,
        "remote": EVIL,
    }
    for path in (
        "settings",
        "exclusions/new/tag",
        "exclusions/new/currency",
        "organisation",
        "mappings",
        "mappings/preview",
    ):
        answer = await person.post(
            f"{LIST}/{poisoned.webservice_id}/{path}", {**form, "do": "preview", "to.sales": EVIL}
        )
        assert answer.status < 500, path
        check_harmless(answer.text, path)


async def test_d7_no_cell_of_the_proof_is_a_formula(poisoned: Desk) -> None:
    person = await poisoned.person("reader")
    answer = await person.get(f"{LIST}/{poisoned.webservice_id}/proof.csv?period=all")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) > 5
    for cell in (cell for row in rows for cell in row):
        assert cell[:1] not in {"=", "+", "@", "\t"}
        assert cell[:1] != "-" or re.fullmatch(r"-[0-9.]+", cell), cell


async def raw_head(desk: Desk, path: str, **headers: str) -> bytes:
    """All bytes that follow a HEAD on a connection that is kept."""
    host, port = desk.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    lines = [f"HEAD {path} HTTP/1.1", f"Host: {host}:{port}", *(f"{k}: {v}" for k, v in headers.items())]
    after = ["GET /healthz HTTP/1.1", f"Host: {host}:{port}", "Connection: close"]
    writer.write("\r\n".join([*lines, "", *after, "", ""]).encode())
    async with asyncio.timeout(20):
        found = await reader.read()
    writer.close()
    return found


async def test_the_answer_to_a_head_has_no_body(poisoned: Desk) -> None:
    """A proxy that keeps the connection would take the body for the answer to somebody else's request."""
    person = await poisoned.person("owner")
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    paths = [*(await addresses(poisoned))[:60], f"{LIST}/{poisoned.webservice_id}/proof.csv?period=all"]
    for path in dict.fromkeys(paths):
        found = await raw_head(poisoned, path, Cookie=cookie)
        head, _, rest = found.partition(b"\r\n\r\n")
        assert rest.startswith(b"HTTP/1.1 200"), (path, head, rest[:200])


async def test_an_answer_that_broke_in_the_middle_is_cut_and_has_no_second_head(dsn: str, tmp_path: Any) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half ")
        raise KeyError("in the middle")

    route = Route(method="GET", path="/half", handler=break_off, policy=Policy.PUBLIC, summary="Half.", page=True)
    async with open_desk(dsn, tmp_path, more=[route]) as desk:
        with pytest.raises(aiohttp.ClientPayloadError):
            async with desk.http.get(f"{desk.base}/half") as answer:
                await answer.read()


async def test_a_sentence_for_the_next_page_may_be_of_any_text(desk: Desk) -> None:
    """It may quote another side's words, and what was done before it must not look undone."""
    person = await desk.person("reader")
    secret = Secret(next(iter(person.cookies.values())))
    async with desk.bench.hub.database.connection() as conn:
        session = await sessions.find(conn, secret.reveal())
        assert session is not None
        await sessions.add_flash(conn, session, Flash(text=f"They say: \0\ud800{EVIL}" + "x" * 100_000, tone="bad"))
    page = await person.get(HOME)
    assert page.status == 200
    assert "They say: " in page.text
    check_harmless(page.text, HOME)
    assert len(page.text.encode()) < 61_440


@pytest.mark.parametrize("text", ["%", "_", "\\", "%%%", "1' OR '1'='1"])
async def test_signs_of_a_pattern_are_only_signs_in_a_search(poisoned: Desk, text: str) -> None:
    person = await poisoned.person("reader")
    answer = await person.get(f"{HOME}/invoices", params={"q": text})
    assert "No invoice matches" in answer.text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (59.4, "59 seconds"),
        (59.6, "1 minute"),
        (3569, "59 minutes"),
        (3570, "1 hour"),
        (3599, "1 hour"),
        (3600, "1 hour"),
    ],
)
def test_nothing_ever_lasts_sixty_minutes(seconds: float, said: str) -> None:
    assert Formats(country="AU", timezone="UTC", now=datetime.now(UTC)).lasting(seconds) == said


async def sizes(person: Person, query: str) -> tuple[dict[str, int], int]:
    """(what the tabs of the list say, how many rows there are)."""
    answer = await person.get(f"{HOME}/invoices{query}")
    bar = answer.text.partition('aria-label="Groups"')[2].partition("</nav>")[0]
    tabs = re.findall(r"<span>([^<]+)</span> <strong>([\d,]+)</strong>", bar)
    return {name: int(n) for name, n in tabs}, len(re.findall(r'<th scope="row"><a', answer.text))


async def test_every_tab_leads_to_as_many_invoices_as_it_says(poisoned: Desk) -> None:
    person = await poisoned.person("reader")
    tabs, shown = await sizes(person, "")
    assert tabs["All"] == shown == 7
    for group, name in (("in_the_books", "In the books"), ("on_its_way", "On its way"), ("needs_you", "Needs you")):
        again, rows = await sizes(person, f"?group={group}")
        assert again == tabs
        assert rows == tabs[name], group


# -- odd bytes


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


QUERIES = (
    "cursor=" + cursor("0001-01-01T00:00:00+23:00", "x"),
    "cursor=" + cursor("9999-12-31T23:59:59-23:00", "x"),
    "cursor=" + cursor("2026-01-01T00:00:00+00:00", "x" * 400),
    "cursor=" + cursor(None, "x"),
    "cursor=" + cursor("2026-01-01T00:00:00+00:00", "99999999999999:é"),
    "cursor=%00&q=%00&invoice=%00&from=%00&to=%00&page=%00&start=%00&group=%00&reason=%00&webservice=%00&gallery=%00",
    "q=%ED%A0%80&invoice=%ED%A0%80&gallery=%ED%A0%80&reason=%ED%A0%80&cursor=%ED%A0%80",
    "q=%E2%80%AE%E2%81%A6&invoice=%E2%80%AE",
    "q=" + "%25" * 60 + "&go=1",
    "q=%5C%27%22%3Cscript%3E&go=1",
    "q=" + "-" * 150 + "&go=1",
    "from=0001-01-01&to=9999-12-31",
    "from=9999-12-31&to=0001-01-01",
    "page=200&start=5000&count=1&saved=1&differ=999999&more=1&change=zzzz",
    "page=²&start=²&from=²",
    "&".join(f"x{n}=1" for n in range(400)),
)


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
async def test_d3_no_query_breaks_a_page(office: Desk, query: str) -> None:
    people = {role: await office.person(role) for role in ("owner", "operator")}
    for route in PAGES:
        if route.method != "GET" or route.path.endswith(("/events", "/live")):
            continue
        person = people["operator" if "{gallery}" not in route.path else "owner"]
        path = path_of(route, GALLERY, webservice=office.webservice_id, id="i-1", kind="xero", filter="tag", rule="1")
        answer = await person.get(f"{path}?{query}")
        assert answer.status < 500, (path, answer.text)
        assert "<script>" not in answer.text


BODIES = (
    {"x": "\0"},
    {"a": "\ud800"},
    dict.fromkeys(("name", "note", "remote_id"), "z" * 20_000),
    dict.fromkeys(
        ("name", "note", "remote", "id", "role", "gallery", "part", "invoice"),
        "\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}evil",
    ),
    {"way": "resolve", "note": "\x1b[31m", "name": "\x7f", "do": "save", "rule": "٣", "id": "../..", "to": "x"},
    {"from": "9" * 30, "part": "taxes", "invoice": "%s" * 40, "all": "1", "accept": "x", "remove": "y", "count": "1"},
    {f"to.{n}": "x" for n in range(1_500)},
)


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_d3_no_form_breaks_a_page(office: Desk, body: dict[str, str]) -> None:
    for route in PAGES:
        if route.method != "POST" or route.path == "/leave":
            continue
        person = await office.person("operator" if "{gallery}" not in route.path else "owner")
        token = csrf.make_token(Secret(next(iter(person.cookies.values()))))
        path = path_of(route, GALLERY, webservice=office.webservice_id, id="i-1", kind="xero", filter="tag", rule="1")
        if path.endswith(("/disconnect", "/access")):
            continue
        raw = "&".join(
            f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}"
            for name, value in {csrf.FIELD: token, **body}.items()
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await person.send("POST", path, data=raw.encode(), headers=form)
        assert answer.status < 500, (path, answer.text)
