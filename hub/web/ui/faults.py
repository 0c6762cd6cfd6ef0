"""What goes wrong, as a page: what it is in one sentence, and the way out. Never a code alone, never a stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

from hub.web.problems import Problem
from hub.web.ui.render import render_page
from hub.web.ui.session import drop_cookie, find_cookie, find_visit


class _Words(NamedTuple):
    title: str
    way: str


_AGAIN = "Go back and try it once more."
_WORDS: Mapping[str, _Words] = {
    "unauthorized": _Words("You are not signed in", "Open the hub from your gallery system again."),
    "forbidden": _Words("This is not for your role", "Somebody with more rights in your gallery system can do it."),
    "not-found": _Words("There is nothing here", "Check the address, or start from the overview."),
    "method-not-allowed": _Words("This page cannot be used that way", "Start from the overview."),
    "too-large": _Words("That was too much at once", "Send less in one form."),
    "invalid": _Words("Something is not right yet", "Go back, correct it and send it again."),
    "bad-request": _Words("This could not be read", _AGAIN),
    "timeout": _Words("It took too long", _AGAIN),
    "internal": _Words("Something went wrong in the hub", "Nothing is lost. Try again; if it stays, tell support."),
    "remote": _Words(
        "The accounting system refused", "Read its words, put it right there or in the gallery, and try again."
    ),
    "limit-reached": _Words("The accounting system takes no more calls for now", "Try again later; nothing is lost."),
    "remote-unavailable": _Words("The accounting system does not answer", "Try again in a few minutes."),
    "unavailable": _Words("The hub is busy", "Try again in a few seconds."),
    "gone": _Words(
        "This link has ended",
        "Go back to your gallery system and open the hub from there again: each link works once, within five minutes.",
    ),
}
_GENERAL = _Words("That is not possible now", _AGAIN)
_OWN_TEXT = frozenset({"internal", "method-not-allowed", "unavailable"})  # their detail says nothing to people


def render_fault(request: web.Request, problem: Problem) -> web.Response:
    """The page of *problem*, with the navigation where somebody is signed in."""
    name = problem.type.rpartition("/")[2]
    words = _WORDS["gone"] if request.path.startswith("/enter/") else _WORDS.get(name, _GENERAL)
    visit = find_visit(request)
    title = "There is no such link" if name == "not-found" and words is _WORDS["gone"] else words.title
    if name == "forbidden" and "role" not in problem.detail:
        title = "Nothing was done"
    detail = "" if name in _OWN_TEXT else problem.detail
    way = ("To the overview", visit.home) if visit is not None else None
    if visit is not None and visit.gallery is not None:
        way = ("To the overview", visit.path())
    response = render_page(
        request,
        "sentence.html",
        status=problem.status,
        title=title,
        sentences=[text for text in (detail, words.way) if text],
        faults=problem.errors,
        way=way,
        mark=f"{problem.status} · request {problem.request_id}",
    )
    if name == "unauthorized" and find_cookie(request):
        drop_cookie(request, response)
    return response
