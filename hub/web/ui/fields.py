"""Forms from JSON Schema (pure): the fields that a model of settings or a filter's arguments asks for, and what came.

Understood are texts, whole numbers, decimals, booleans, dates, choices and lists of texts, each of them or null. What a
schema says beyond that is left to whoever saves: every fault comes from there, and stands at its field. A property may
say two things more for people: ``labels``, the words of its choices, and ``more``: it is seldom needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from hub.errors import Fault
from hub.web.ui.csrf import Form

Kind = Literal["text", "email", "number", "date", "checkbox", "select", "password", "textarea", "ticks"]
"""As `ui.field` has them; ``ticks``: several boxes of one list; ``textarea``: a list, one text a line."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_SAID = {
    "Field required": "This is needed.",
    "Input should be a valid integer": "A whole number is needed.",
    "Input should be a valid string": "A text is needed.",
    "Input should be a valid boolean": "Yes or no is needed.",
}
_LIMIT = re.compile(r"Input should be (greater|less) than( or equal to)? (\S+)")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a form. `key`: the property; `name`: in the form, which is also the place of its faults."""

    key: str
    name: str
    label: str
    kind: Kind
    type: str
    help: str = ""
    options: tuple[tuple[str, str], ...] = ()
    required: bool = False
    nullable: bool = False
    more: bool = False
    default: Any = None
    attrs: dict[str, str] = {}

    def typed(self, value: Any) -> Any:
        """A stored value as it stands in the field: text, lines, the ticked ones, or True."""
        match value:
            case None:
                return () if self.kind == "ticks" else ""
            case bool():
                return value if self.kind == "checkbox" else str(value).lower()
            case list() | tuple():
                return tuple(map(str, value)) if self.kind == "ticks" else "\n".join(map(str, value))
            case _:
                return str(value)

    def shown(self, value: Any) -> str:
        """A stored value in words, for people who only read it."""
        match value:
            case None | "" | [] | ():
                return "–"
            case bool():
                return "Yes" if value else "No"
            case list() | tuple():
                return ", ".join(map(str, value))
            case _:
                return dict(self.options).get(str(value), str(value))


def read_schema(schema: Mapping[str, Any], *, prefix: str = "") -> tuple[Field, ...]:
    """The fields of an object's schema, in its order; a property that no field can ask for (an object) has none."""
    needed = set(schema.get("required", ()))
    found = []
    for key, given in schema.get("properties", {}).items():
        told, nullable = _unfold(given, schema.get("$defs", {}))
        if (field := _field(key, told, prefix=prefix, nullable=nullable, needed=key in needed)) is not None:
            found.append(field)
    return tuple(found)


def _unfold(given: Mapping[str, Any], named: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A property with what it refers to in it, without null, and whether it may be null."""
    told = dict(given)
    one_of = [part for part in told.pop("anyOf", ()) if part.get("type") != "null"]
    nullable = "anyOf" in given and len(one_of) < len(given["anyOf"])
    for part in [*one_of[:1], *told.pop("allOf", ())]:
        told = {**part, **told}
    if isinstance(reference := told.pop("$ref", None), str):
        told = {**named.get(reference.rpartition("/")[2], {}), **told}
    if isinstance(told.get("type"), list):
        nullable = nullable or "null" in told["type"]
        told["type"] = next((one for one in told["type"] if one != "null"), "string")
    if "const" in told:
        told["enum"] = [told["const"]]
    return told, nullable


def _field(key: str, told: Mapping[str, Any], *, prefix: str, nullable: bool, needed: bool) -> Field | None:
    type_ = told.get("type", "string")
    if type_ not in {"string", "integer", "number", "boolean", "array"}:
        return None
    kind = _kind(type_, told)
    labels = told.get("labels", {})
    values = told.get("enum") or told.get("items", {}).get("enum") or ()
    options = [(str(one), str(labels.get(str(one)) or _words(str(one)))) for one in values]
    if kind == "select" and nullable:
        options = [("", "–"), *options]
    return Field(
        key=key,
        name=f"{prefix}{key}",
        label=told.get("title") or _words(key),
        kind=kind,
        type=type_,
        help=told.get("description", ""),
        options=tuple(options),
        required=kind not in {"checkbox", "ticks"} and not nullable and (needed or type_ in {"integer", "number"}),
        nullable=nullable,
        more=bool(told.get("more")),
        default=told.get("default"),
        attrs=_attrs(kind, told),
    )


def _kind(type_: str, told: Mapping[str, Any]) -> Kind:
    if type_ == "array":
        return "ticks" if "enum" in told.get("items", {}) else "textarea"
    if told.get("enum"):
        return "select"
    match told.get("format"):
        case "date" if type_ == "string":
            return "date"
        case "email":
            return "email"
        case "password":
            return "password"
    return "checkbox" if type_ == "boolean" else "number" if type_ == "integer" else "text"


def _attrs(kind: Kind, told: Mapping[str, Any]) -> dict[str, str]:
    """What the browser itself can check; decimals are typed as text, so that nothing rounds them."""
    made = {"autocomplete": "off"} if kind in {"text", "email"} else {}
    if kind == "password":
        made = {"autocomplete": "new-password"}
    if kind == "number":
        made |= {name: str(told[at]) for name, at in (("min", "minimum"), ("max", "maximum")) if at in told}
    if kind in {"text", "email", "password"} and "maxLength" in told:
        made["maxlength"] = str(told["maxLength"])
    if told.get("type") == "number":
        made["inputmode"] = "decimal"
    return made


def _words(code: str) -> str:
    return code.replace("_", " ").replace("-", " ").capitalize()


def read_values(fields: Sequence[Field], form: Form) -> dict[str, Any]:
    """What was typed, as plain JSON values; what cannot be one stays a text, and saving names the fault.

    A secret that was left empty is left out: the stored one stays.
    """
    found = {field.key: _value(field, form) for field in fields}
    secret = {field.key for field in fields if field.kind == "password"}
    return {key: value for key, value in found.items() if value is not None or key not in secret}


def _value(field: Field, form: Form) -> Any:
    text = form.text(field.name)
    nothing: list[str] | None = None if field.nullable else []
    match field.kind:
        case "checkbox":
            return form.flag(field.name)
        case "ticks":
            return list(form.all(field.name)) or nothing
        case "textarea":
            lines = [line.strip() for line in text.split("\n")]
            return [line for line in lines if line] or nothing
        case "password":
            return text or None
    if not text and field.nullable:
        return None
    if field.type == "integer" and _WHOLE.fullmatch(text):
        return int(text)
    return {"true": True, "false": False}.get(text, text) if field.type == "boolean" else text


def typed_of(fields: Sequence[Field], form: Form) -> dict[str, Any]:
    """What was typed, as it was typed, to be shown again; secrets are not."""
    found: dict[str, Any] = {}
    for field in fields:
        match field.kind:
            case "checkbox":
                found[field.key] = form.flag(field.name)
            case "ticks":
                found[field.key] = form.all(field.name)
            case "password":
                found[field.key] = ""
            case _:
                found[field.key] = form.text(field.name)
    return found


def typed_from(fields: Sequence[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as they stand in the fields; what is not stored has its default."""
    return {field.key: field.typed(values.get(field.key, field.default)) for field in fields}


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """Faults of a form: at its fields (by name), and the others."""

    at: dict[str, str] = {}
    others: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.at or self.others)


def place_faults(faults: Iterable[Fault], names: Iterable[str]) -> Faults:
    """Each fault at the field of its place (``settings.sync_from``, ``values[2]`` at ``values``), in people's words."""
    known = set(names)
    at: dict[str, str] = {}
    others: list[str] = []
    for place, message in faults:
        base, _, rest = place.partition("[")
        said = say(message)
        if base not in known:
            others.append(said if not place else f"{place}: {said}")
        else:
            line = f"Line {int(number) + 1}: " if (number := rest.partition("]")[0]).isdecimal() else ""
            at[base] = " ".join(part for part in (at.get(base), line + said) if part)
    return Faults(at=at, others=tuple(others))


def say(message: str) -> str:
    """A fault's message as a sentence: what a library says in its own way is said in ours."""
    if known := _SAID.get(message):
        return known
    if found := _LIMIT.fullmatch(message):
        side = {"greater": "more than", "less": "less than"}[found[1]]
        end = {"greater": "at least", "less": "at most"}[found[1]]
        return f"It has to be {end if found[2] else side} {found[3]}."
    text = message.replace("Input should be", "It has to be", 1).strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
