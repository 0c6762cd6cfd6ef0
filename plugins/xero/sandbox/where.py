"""The `where` and `order` parameters: a parser and its evaluation. FACTS 5.4, 5.5. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from plugins.xero.sandbox import wire
from plugins.xero.sandbox.errors import bad_query

R = TypeVar("R")

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>"(?:[^"]|"")*") | (?P<number>-?\d+(?:\.\d+)?) |
    (?P<op>==|!=|<>|>=|<=|&&|\|\||[=<>(),!]) | (?P<dot>\.) | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    )""",
    re.VERBOSE,
)
_METHODS = {"startswith": str.startswith, "endswith": str.endswith, "contains": str.__contains__}
_NAMES = {"startswith": "StartsWith", "endswith": "EndsWith", "contains": "Contains"}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<>": lambda left, right: left != right,
    ">": lambda left, right: left is not None and left > right,
    ">=": lambda left, right: left is not None and left >= right,
    "<": lambda left, right: left is not None and left < right,
    "<=": lambda left, right: left is not None and left <= right,
}


class Field(NamedTuple, Generic[R]):
    """A field that may be asked for: its kind (guid, text, number, date, bool) and how to get it."""

    kind: str
    get: Callable[[R], Any]


class Filter(NamedTuple, Generic[R]):
    """A parsed `where`: *test* decides a row; *keys* are values a field must have one of, for index look-ups."""

    test: Callable[[R], bool]
    keys: Mapping[str, frozenset[Any]]


class _Literal(NamedTuple):
    kind: str
    value: Any


class _Parser(Generic[R]):
    def __init__(self, source: str, fields: Mapping[str, Field[R]], *, fold: bool) -> None:
        self.source = source
        self.fields = {name.casefold(): (name, field) for name, field in fields.items()}
        self.fold = fold
        self.tokens = self._split(source)
        self.at = 0

    def _split(self, source: str) -> list[tuple[str, str]]:
        tokens, at = [], 0
        source = source.rstrip()
        while at < len(source):
            match = _TOKEN.match(source, at)
            if match is None:
                raise bad_query(f"Syntax error at position {at} of the where clause")
            at = match.end()
            kind = match.lastgroup or ""
            tokens.append((kind, match[kind]))
        return tokens

    def parse(self) -> Filter[R]:
        found = self.either()
        if self.at != len(self.tokens):
            raise bad_query("Syntax error in the where clause")
        return found

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, wanted: str | None = None) -> tuple[str, str]:
        kind, value = self.peek()
        if kind == "end" or (wanted is not None and value != wanted):
            raise bad_query(f"'{wanted or 'expression'}' expected in the where clause")
        self.at += 1
        return kind, value

    def is_word(self, word: str, sign: str) -> bool:
        kind, value = self.peek()
        return (kind == "word" and value.upper() == word) or value == sign

    def either(self) -> Filter[R]:
        left = self.both()
        while self.is_word("OR", "||"):
            self.take()
            left = _join_or(left, self.both())
        return left

    def both(self) -> Filter[R]:
        left = self.one()
        while self.is_word("AND", "&&"):
            self.take()
            left = _join_and(left, self.one())
        return left

    def one(self) -> Filter[R]:
        if self.peek()[1] == "(":
            self.take()
            inside = self.either()
            self.take(")")
            return inside
        name, field, method = self.operand()
        if method is not None:
            return self.call(name, field, method)
        kind, operator = self.take()
        if kind != "op" or operator not in _OPERATORS:
            raise bad_query("Operator expected in the where clause")
        return self.compare(name, field, operator, self.literal())

    def operand(self) -> tuple[str, Field[R], str | None]:
        parts = [self.word()]
        while self.peek()[0] == "dot":
            self.take()
            parts.append(self.word())
        path = ".".join(parts).casefold()
        if path in self.fields:
            return (*self.fields[path], None)
        head, _, last = path.rpartition(".")
        if head in self.fields and last in _METHODS:
            return (*self.fields[head], last)
        raise bad_query(f"No property or field '{parts[-1]}' exists in type")

    def word(self) -> str:
        kind, value = self.take()
        if kind != "word":
            raise bad_query("Identifier expected in the where clause")
        return value

    def call(self, name: str, field: Field[R], method: str) -> Filter[R]:
        self.take("(")
        argument = self.literal()
        self.take(")")
        if argument.kind != "text" or field.kind != "text":
            raise bad_query(f"No applicable method '{_NAMES[method]}' exists in type")
        wanted, ask, get = self.folded(argument.value), _METHODS[method], field.get

        def test(row: R) -> bool:
            value = get(row)
            if value is None:  # FACTS 5.4 [T]
                raise bad_query(f"Where clause invocation error: {_NAMES[method]}")
            return ask(self.folded(value), wanted)

        if self.peek()[1] in {"==", "="}:
            self.take()
            if self.literal().value is not True:
                return Filter(lambda row: not test(row), {})
        _ = name
        return Filter(test, {})

    def folded(self, value: Any) -> Any:
        return value.casefold() if self.fold and isinstance(value, str) else value

    def literal(self) -> _Literal:
        kind, value = self.take()
        if kind == "text":
            return _Literal("text", value[1:-1].replace('""', '"'))  # FACTS 5.5 [T]: a quote inside is doubled
        if kind == "number":
            return _Literal("number", Decimal(value))
        word = value.casefold()
        if word in {"true", "false"}:
            return _Literal("bool", word == "true")
        if word == "null":
            return _Literal("null", None)
        if word == "guid":
            return self.guid()
        if word == "datetime":
            return self.moment()
        raise bad_query(f"Unknown identifier '{value}'")

    def guid(self) -> _Literal:
        self.take("(")
        argument = self.literal()
        self.take(")")
        guid = wire.as_guid(argument.value) if argument.kind == "text" else None
        if guid is None:
            raise bad_query("Guid should contain 32 digits with 4 dashes")
        return _Literal("guid", guid)

    def moment(self) -> _Literal:
        self.take("(")
        parts = [self.literal()]
        while self.peek()[1] == ",":
            self.take()
            parts.append(self.literal())
        self.take(")")
        try:
            if any(part.kind != "number" for part in parts):
                raise ValueError
            return _Literal("date", datetime(*(int(part.value) for part in parts), tzinfo=UTC))  # type: ignore[arg-type, misc] # 3 to 6 whole numbers
        except (ValueError, TypeError, OverflowError):
            raise bad_query("Year, Month, and Day parameters describe an un-representable DateTime") from None

    def compare(self, name: str, field: Field[R], operator: str, literal: _Literal) -> Filter[R]:
        if literal.kind not in {field.kind, "null"}:
            kinds = f"'{field.kind.title()}' and '{literal.kind.title()}'"
            raise bad_query(f"Operator '{operator}' incompatible with operand types {kinds}")
        if literal.kind == "null" and operator not in {"==", "=", "!=", "<>"}:
            raise bad_query(f"Operator '{operator}' incompatible with null")
        ask, get, wanted = _OPERATORS[operator], field.get, self.folded(literal.value)
        keys = {name: frozenset([literal.value])} if operator in {"==", "="} and wanted is not None else {}
        if field.kind == "text" and self.fold:
            return Filter(lambda row: ask(self.folded(get(row)), wanted), keys)
        return Filter(lambda row: ask(get(row), wanted), keys)


def _join_or(left: Filter[R], right: Filter[R]) -> Filter[R]:
    keys = {name: left.keys[name] | right.keys[name] for name in left.keys if name in right.keys}
    one, other = left.test, right.test
    return Filter(lambda row: one(row) or other(row), keys)


def _join_and(left: Filter[R], right: Filter[R]) -> Filter[R]:
    one, other = left.test, right.test
    return Filter(lambda row: one(row) and other(row), {**left.keys, **right.keys})


def parse_where(source: str, fields: Mapping[str, Field[R]], *, fold: bool = True) -> Filter[R]:
    """Parse a `where`: ==, !=, <, >, AND, OR, brackets, Guid(""), DateTime(y,m,d), StartsWith and the like.

    *fold* compares texts without case (FACTS 5.4).

    Raises:
        AnswerError: ErrorNumber 16; also while testing a row, for StartsWith on null (FACTS 5.4 [T]).
    """
    try:
        return _Parser(source, fields, fold=fold).parse()
    except RecursionError:
        raise bad_query("The where clause is nested too deeply") from None


def sort_rows(rows: Sequence[R], order: str, fields: Mapping[str, Field[R]]) -> list[R]:
    """Sort by an `order` such as ``UpdatedDateUTC ASC, InvoiceID DESC``; stable, nulls first.

    Raises:
        AnswerError: ErrorNumber 16.
    """
    known = {name.casefold(): field for name, field in fields.items()}
    result = list(rows)
    for clause in reversed(order.split(",")):
        words = clause.split()
        field = known.get(words[0].casefold()) if words else None
        direction = words[1].upper() if len(words) == 2 else "ASC"
        if field is None or len(words) > 2 or direction not in {"ASC", "DESC"}:
            raise bad_query(f"No property or field '{clause.strip()}' exists in type")
        get = field.get
        result.sort(key=lambda row: (get(row) is not None, get(row)), reverse=direction == "DESC")
    return result
