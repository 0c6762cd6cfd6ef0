"""The door: bytes that a gallery sent become a record, or every fault of them at once.

A sound record takes one typed decode. Only when that fails is the input read again as plain values and walked, to say
all that is wrong with it and where. What the door lets in is stored; whether it can go anywhere is judged later.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import msgspec

from hub.domain import door_faults, door_rules
from hub.domain.content import parse_exact
from hub.domain.records import RECORD_TYPES, TYPES, Record, RecordType
from hub.errors import Fault, FormError

MOST_FAULTS = 100
_TITLE = "The record has faults"
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_TRUNCATED = "Input data was truncated"
_BYTE = re.compile(r"^(?:JSON is malformed: )?(.*) \(byte (\d+)\)$")

_decode_any = msgspec.json.Decoder(Record, dec_hook=parse_exact).decode
_decode = {name: msgspec.json.Decoder(shape, dec_hook=parse_exact).decode for name, shape in TYPES.items()}


def parse_record(raw: bytes, *, type: RecordType | None = None, id: str | None = None) -> Record:
    """The record in *raw*, UTF-8 JSON; texts stay as they were sent.

    Args:
        raw: One JSON object.
        type: What the address says; None takes it from the object.
        id: What the address says; None takes it from the object.

    Raises:
        FormError: with every fault and its place (``lines[0].quantity``, ``""`` for the whole), the first 100 of them.
    """
    try:
        record: Record = _decode[type](raw) if type else _decode_any(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _parse_slowly(raw, type, id)
    # a NUL in JSON is always escaped; the escape may also be text about an escape: then the walk finds no fault
    if (id is not None and record.id != id) or b"\\u0000" in raw or not door_rules.is_sound(record):
        return _parse_slowly(raw, type, id)
    return record


def _parse_slowly(raw: bytes, type_: RecordType | None, id_: str | None) -> Record:
    tree = _parse_json(raw)
    if not isinstance(tree, dict):
        raise FormError([Fault("", f"needs a JSON object, not {door_faults.name_of(tree)}")], title=_TITLE)
    faults: list[Fault] = []
    told = tree.pop("type", type_)
    if type_ is not None and told != type_:
        faults.append(Fault("type", f"is {door_faults.shown(told)}, but the address says {door_faults.shown(type_)}"))
    if id_ is not None and tree.setdefault("id", id_) != id_:
        faults.append(Fault("id", f"is {door_faults.shown(tree['id'])}, but the address says {door_faults.shown(id_)}"))
    known = _find_type(type_ or told)
    if known is None:
        faults.append(Fault("type", f"needs one of: {', '.join(RECORD_TYPES)}"))
        raise FormError(faults, title=_TITLE)
    faults += itertools.islice(door_faults.list_faults(TYPES[known], tree), MOST_FAULTS)
    if len(faults) >= MOST_FAULTS:
        faults.append(Fault("", f"has {MOST_FAULTS} faults or more; here are the first"))
    if faults:
        raise FormError(faults, title=_TITLE)
    try:
        record: Record = msgspec.convert(tree, TYPES[known], dec_hook=parse_exact)
    except msgspec.ValidationError as error:  # the walk knows less than the decoder: say what the decoder says
        raise FormError([Fault("", str(error))], title=_TITLE) from error
    return record


def _find_type(told: object) -> RecordType | None:
    return next((name for name in RECORD_TYPES if name == told), None)


def _parse_json(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except RecursionError as error:
        raise FormError([Fault("", "is nested too deeply")], title=_TITLE) from error
    except UnicodeDecodeError as error:
        raise FormError([Fault("", f"is not UTF-8{_bad_byte(raw)}")], title=_TITLE) from error
    except msgspec.DecodeError as error:
        raise FormError([Fault("", f"is not JSON: {_json_fault(str(error), raw)}")], title=_TITLE) from error


def _bad_byte(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f" (byte {error.start})"
    return ""


def _json_fault(said: str, raw: bytes) -> str:
    if found := _BYTE.match(said):
        return f"{found[1]} near byte {found[2]}"
    if said != _TRUNCATED:
        return said.partition(" - at ")[0]  # such as a number out of range; the place in it is none of the record
    if _HALF_PAIR.search(raw):
        return "an escape is half of a surrogate pair, or the text ends too early"
    return f"the text ends too early, after byte {len(raw)}"
