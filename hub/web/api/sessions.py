"""Handing a user over: the gallery system makes a link that signs one browser in, once."""

from __future__ import annotations

from typing import Literal

import pydantic
from aiohttp import web

from hub.domain import sessions as rules
from hub.domain.callbacks import is_local_hub
from hub.domain.sessions import Visitor
from hub.errors import Fault, FormError
from hub.store import sessions
from hub.web.api.records import check_gallery
from hub.web.api.shapes import TEXT, TIME, shape
from hub.web.bodies import answer, read_model
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route

ENTER = "/enter/"


class UserInput(pydantic.BaseModel):
    """Who comes; shown on the pages, nothing is sent there."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    name: str = pydantic.Field(default="", max_length=rules.LONGEST_NAME)
    email: str = pydantic.Field(default="", max_length=rules.LONGEST_NAME)


class SessionInput(pydantic.BaseModel):
    """A user to hand over: what they may do, who they are, the way back, and an accent colour such as `#1d5c63`."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    role: Literal["reader", "bookkeeper", "owner"]
    user: UserInput = UserInput()
    return_url: str
    theme: str | None = None


async def create_session(request: web.Request) -> web.StreamResponse:
    """Make the link."""
    told = await read_model(request, SessionInput)
    settings = request.app[DEPS].settings
    check(told, allow_local=is_local_hub(settings.url()))
    gallery_id = request.match_info["gallery"]
    visitor = Visitor(
        role=told.role,
        gallery_id=gallery_id,
        user_name=told.user.name.strip(),
        user_email=told.user.email.strip(),
        return_url=told.return_url,
        theme=told.theme,
    )
    async with request.app[DEPS].database.transaction() as connection:
        await check_gallery(connection, gallery_id)
        one_time, ends_at = await sessions.add_link(connection, visitor)
    return answer({"url": f"{settings.url()}{ENTER}{one_time}", "expires_at": ends_at}, status=201)


def check(told: SessionInput, *, allow_local: bool) -> None:
    """Raises FormError with every fault."""
    findings = (
        ("user.name", rules.check_line(told.user.name)),
        ("user.email", rules.check_line(told.user.email)),
        ("return_url", rules.check_return_url(told.return_url, allow_local=allow_local)),
        ("theme", None if told.theme is None else rules.check_theme(told.theme)),
    )
    if faults := [Fault(at, found) for at, found in findings if found is not None]:
        raise FormError(faults)


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/galleries/{gallery}/sessions",
        handler=create_session,
        policy=Policy.GALLERY_ADMIN,
        summary="Hand a user over: a link that signs one browser in to the gallery's pages, once, within five minutes.",
        tag="Sessions",
        request=SessionInput,
        response=shape("Session", url={**TEXT, "description": "Send the browser there."}, expires_at=TIME),
        status=(201,),
    ),
)
