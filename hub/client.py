"""A small client of the hub's own HTTP API: what the demo and the commands use, as any outside program would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
import msgspec

from hub.errors import HubError

API = "/api/v1"


class RefusedError(HubError):
    """The hub answered with a problem; its text names all faults."""


class HubClient:
    """Speaks to one hub with one key. Answers come as plain JSON values."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session."""
        timeout = aiohttp.ClientTimeout(total=600)
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._key}"}, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        assert self._session is not None  # noqa: S101 - used inside `async with`
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if data is not None else {}
        async with self._session.request(method, f"{self._url}{API}{path}", data=data, headers=headers) as answer:
            raw = await answer.read()
            value = msgspec.json.decode(raw) if raw else None
            if answer.status >= 400:
                raise RefusedError(_explain(method, path, value))
            return value

    async def get(self, path: str) -> Any:
        """GET."""
        return await self._call("GET", path)

    async def put(self, path: str, body: Any) -> Any:
        """PUT."""
        return await self._call("PUT", path, body)

    async def post(self, path: str, body: Any) -> Any:
        """POST."""
        return await self._call("POST", path, body)

    async def get_all(self, path: str) -> list[Any]:
        """Every item of a list, page by page."""
        items: list[Any] = []
        cursor = None
        while True:
            page = await self.get(f"{path}?limit=200" + (f"&cursor={cursor}" if cursor else ""))
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    async def send_records(self, gallery: str, lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send records as NDJSON; one answer per line, in order."""
        assert self._session is not None  # noqa: S101 - used inside `async with`
        body = b"".join(msgspec.json.encode(dict(line)) + b"\n" for line in lines)
        url = f"{self._url}{API}/galleries/{gallery}/records"
        headers = {"Content-Type": "application/x-ndjson"}
        async with self._session.post(url, data=body, headers=headers) as answer:
            raw = await answer.read()
            if answer.status >= 400:
                raise RefusedError(_explain("POST", url, msgspec.json.decode(raw)))
            return [msgspec.json.decode(line) for line in raw.splitlines() if line]


def _explain(method: str, path: str, problem: Any) -> str:
    faults = "; ".join(f"{f['at']}: {f['message']}" for f in (problem or {}).get("errors", []))
    told = (problem or {}).get("detail") or (problem or {}).get("title") or "refused"
    return f"{method} {path}: {told} {faults}".strip()


async def accept_consent(authorize_url: str, *, choose: str = "") -> str:
    """Walk a consent as a person in a browser does: open the link, press the first button of the form, come back.

    *choose*: the text beside the one to be ticked instead of what the form has ticked already, such as an
    organisation's name. Returns the text of the last page. Raises RefusedError when a page answers with an error.
    """
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=60)) as browser:
        async with browser.get(authorize_url) as page:
            form = ConsentForm(choose)
            form.feed(await page.text())
            target = urljoin(str(page.url), form.action)
            if page.status >= 400 or not form.action:
                raise RefusedError(f"the consent page answered {page.status}")
        async with browser.post(target, data=form.fields) as back:
            text = await back.text()
            if back.status >= 400:
                raise RefusedError(f"the consent came back with {back.status}: {text[:500]}")
            return text


class ConsentForm(HTMLParser):
    """The first form of a page, filled in as it stands: hidden fields, what is checked, first options, first button."""

    def __init__(self, choose: str = "") -> None:
        super().__init__()
        self._choose = choose
        self._offered: tuple[str, str] | None = None
        self.action = ""
        self.fields: dict[str, str] = {}
        self._select = ""
        self._pressed = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what a browser would send."""
        found = {k: v or "" for k, v in attrs}
        name = found.get("name", "")
        if tag == "form" and not self.action:
            self.action = found.get("action") or "."
        elif tag == "input" and name:
            choice = found.get("type") in {"radio", "checkbox"}
            self._offered = (name, found.get("value", "")) if choice else None
            if not choice or "checked" in found:
                self.fields[name] = found.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and self._select not in self.fields:
            self.fields[self._select] = found.get("value", "")
        elif tag == "button" and name and not self._pressed:
            self._pressed = True
            self.fields[name] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        """Tick what stands beside the wanted text."""
        if self._offered is not None and self._choose and self._choose in data:
            self.fields[self._offered[0]] = self._offered[1]
