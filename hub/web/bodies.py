"""Reading what came in, in bounded memory and time, and writing JSON."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import pydantic
from aiohttp import web

from hub.errors import Fault, FormError

SMALL_BYTES = 64 * 1024
RECORD_BYTES = 5 * 1024 * 1024
BODY_SECONDS = 15.0

JSON_TYPES = frozenset({"application/json"})
Model = TypeVar("Model", bound=pydantic.BaseModel)


def check_media(request: web.Request, allowed: frozenset[str] = JSON_TYPES) -> None:
    """Refuse a body that is compressed or of another type.

    Raises:
        web.HTTPUnsupportedMediaType: 415.
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise web.HTTPUnsupportedMediaType(text="Send the body as it is, without Content-Encoding.")
    charset = (request.charset or "utf-8").lower()
    if request.content_type not in allowed or charset not in {"utf-8", "utf8", "us-ascii"}:
        raise web.HTTPUnsupportedMediaType(text=f"Send Content-Type: {min(allowed)} in UTF-8.")


async def read_body(request: web.Request, *, limit: int = SMALL_BYTES, allowed: frozenset[str] = JSON_TYPES) -> bytes:
    """The whole body (JSON, or of the types *allowed*), not yet decoded, of at most *limit* bytes, within 15 s.

    Raises:
        web.HTTPException: 415, 413 or 408.
    """
    check_media(request, allowed)
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while part := await request.content.readany():
                size += len(part)
                if size > limit:
                    raise _too_large(limit)
                parts.append(part)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text=f"The body did not arrive within {BODY_SECONDS:g} s.") from error
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="The body broke off or is not framed as its headers say.") from error
    return b"".join(parts)


async def read_model(request: web.Request, model: type[Model]) -> Model:
    """A small JSON body as *model*. Raises FormError with every fault, and what `read_body` raises."""
    return parse_model(model, await read_body(request))


def parse_model(model: type[Model], raw: bytes) -> Model:
    """*raw* JSON as *model*, strictly: no number for a text, no text for a number. Raises FormError, every fault."""
    try:
        return model.model_validate_json(raw, strict=True)
    except pydantic.ValidationError as error:
        raise FormError(list_faults(error)) from error


def list_faults(error: pydantic.ValidationError) -> list[Fault]:
    """pydantic's findings as faults; places read `mappings[0].to.id`, values are never repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [Fault(_place(one["loc"]), one["msg"].removeprefix("Value error, ")) for one in found]


def _place(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _too_large(limit: int) -> web.HTTPException:
    size = f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 2**10} KiB"
    return web.HTTPRequestEntityTooLarge(limit, text=f"The body is larger than {size}.")


def answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """*value* as JSON: Decimals as strings, datetimes in RFC 3339."""
    body = msgspec.json.encode(value, enc_hook=_write_decimal)
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def _write_decimal(value: Any) -> str:
    if isinstance(value, Decimal):  # the records' own subclass; msgspec knows plain ones
        return format(value, "f")
    raise TypeError(f"no JSON for a {type(value).__name__}")


_ID = re.compile(r"[A-Za-z0-9._-]{1,50}")


def is_id(text: str) -> bool:
    """Whether *text* can be the id of anything of ours."""
    return _ID.fullmatch(text) is not None
