"""PUT and POST: bind every element, judge and store one after the other, answer per element. FACTS 3, 11.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from plugins.xero.sandbox import binding, errors, payments, render, wire
from plugins.xero.sandbox.context import Context, Plan
from plugins.xero.sandbox.errors import RefusedError
from plugins.xero.sandbox.resources import Resource
from plugins.xero.sandbox.state import Document
from plugins.xero.sandbox.wire import ZERO_ID, Json


class Written(NamedTuple):
    """The elements of a 200 answer, and how many elements the request had."""

    elements: list[Any]
    asked: int


def read_elements(body: bytes, key: str, *, spec: Mapping[str, Any], bare: bool) -> list[Json]:
    """The raw elements of a request.

    The root's case is not significant (FACTS 3.1 [T]); *bare* also takes one element without a root.

    Raises:
        AnswerError: ErrorNumber 14 for broken JSON, 17 when nothing is understood.
    """
    if not body.strip():
        raise errors.no_data()
    try:
        root = wire.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.cannot_bind(f"The request is not valid JSON: {error}") from None
    if not isinstance(root, dict):
        raise errors.no_data()
    elements = next((value for name, value in root.items() if name.casefold() == key.casefold()), None)
    if elements is None and bare and any(name in spec for name in root):
        elements = [root]
    if isinstance(elements, dict):
        elements = [elements]
    if not isinstance(elements, list) or not elements:
        raise errors.no_data()
    return elements


def write_elements(
    resource: Resource, context: Context, body: bytes, *, target: str | None, summarize: bool
) -> Written:
    """Carry out a write of *resource*; *target* is the id that the URL names.

    With *summarize* one bad element makes the whole answer a 400, though its good siblings are stored all the same
    (FACTS 3.3 [T]; a switch makes them not).

    Raises:
        AnswerError: the whole request is refused.
    """
    bare = target is not None or (resource.takes_bare_post and not context.is_put)
    raws = read_elements(body, resource.key, spec=resource.spec, bare=bare)
    numeric = context.settings.numeric_strings
    bound = [binding.bind(raw, resource.spec, numeric_strings=numeric) for raw in raws]
    if target is not None:
        raws, bound = raws[:1], bound[:1]
    if summarize and not context.settings.siblings_survive:
        refused = [_refusal(resource, context, raw, sent, target) for raw, sent in zip(raws, bound, strict=True)]
        if bad := [element for element in refused if element is not None]:
            raise errors.validation_failed(bad)
    outcomes = [_write_one(resource, context, sent, target) for sent in bound]
    if summarize and any(isinstance(outcome, RefusedError) for outcome in outcomes):
        raise errors.validation_failed(
            [
                echo(resource, context, raw, outcome)
                for raw, outcome in zip(raws, outcomes, strict=True)
                if isinstance(outcome, RefusedError)
            ]
        )
    shown = [
        _show(resource, context, raw, outcome, summarize=summarize) for raw, outcome in zip(raws, outcomes, strict=True)
    ]
    return Written(shown, len(raws))


class _Stored(NamedTuple):
    id: str
    shown: Any
    warnings: tuple[str, ...]


def _write_one(resource: Resource, context: Context, sent: Json, target: str | None) -> _Stored | RefusedError:
    try:
        plan = resource.judge(context, sent, target)
    except RefusedError as refused:
        return refused
    stored = plan.commit()
    return _Stored(stored, resource.show(context.books, stored, context.unitdp), plan.warnings)


def _refusal(resource: Resource, context: Context, raw: Json, sent: Json, target: str | None) -> Json | None:
    try:
        _: Plan = resource.judge(context, sent, target)
    except RefusedError as refused:
        return echo(resource, context, raw, refused)
    return None


def _show(resource: Resource, context: Context, raw: Json, outcome: _Stored | RefusedError, *, summarize: bool) -> Any:
    if isinstance(outcome, RefusedError):
        return {**echo(resource, context, raw, outcome), "StatusAttributeString": "ERROR"}
    shown = outcome.shown
    # FACTS 3.3 [T]: without summarizeErrors=false there is no StatusAttributeString.
    extra: Json = {} if summarize else {"StatusAttributeString": "WARNING" if outcome.warnings else "OK"}
    if outcome.warnings:
        extra["Warnings"] = [{"Message": message} for message in outcome.warnings]
    if not extra:
        return shown
    if isinstance(shown, msgspec.Raw):
        return msgspec.Raw(bytes(shown)[:-1] + b"," + wire.encode(extra)[1:])
    shown.update(extra)
    return shown


def echo(resource: Resource, context: Context, raw: Json, refused: RefusedError) -> Json:
    """A refused element: what was sent, with a zero id when there is none yet. FACTS 3.3, 11.1 [T]."""
    shown: Json = {**raw, resource.id_key: refused.element_id or ZERO_ID, resource.error_key: True}
    top: list[Json] = []
    for fault in refused.faults:
        part = _part(shown, fault.path) if context.settings.nested_errors else None
        if part is None:
            top.append({"Message": fault.message})
        else:  # FACTS 3.3 [S], [T]: messages can sit on sub-objects
            part.setdefault("ValidationErrors", []).append({"Message": fault.message})
    shown["ValidationErrors"] = top
    return shown


def _part(shown: Json, path: Sequence[str | int]) -> Json | None:
    """The part of *shown* at *path*, copied on the way so that the request is left alone; None when there is none."""
    if not path or path[0] not in shown:
        return None
    key = str(path[0])
    if len(path) == 1:
        shown[key] = dict(shown[key])
        return shown[key] if isinstance(shown[key], dict) else None
    shown[key] = list(shown[key])
    index = int(path[1])
    shown[key][index] = dict(shown[key][index])
    part: Json = shown[key][index]
    return part


def write_allocations(context: Context, credit: Document, body: bytes) -> Written:
    """PUT of allocations of one credit note; all in the default mode. FACTS 4.12 [S].

    Raises:
        AnswerError: 400 when one is refused; those before it stay.
    """
    raws = read_elements(body, "Allocations", spec=binding.ALLOCATION, bare=True)
    shown = []
    for raw in raws:
        sent = binding.bind(raw, binding.ALLOCATION, numeric_strings=context.settings.numeric_strings)
        try:
            stored = payments.judge_allocation(context, credit, sent).commit()
        except RefusedError as refused:
            messages = [{"Message": fault.message} for fault in refused.faults]
            raise errors.validation_failed([{**raw, "ValidationErrors": messages}]) from None
        allocation = next(one for one in credit.allocations if one.id == stored)
        shown.append(render.render_allocation(context.books, allocation))
    return Written(shown, len(raws))
