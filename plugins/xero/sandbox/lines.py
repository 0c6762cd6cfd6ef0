"""The rules of lines: accounts, tax, tracking, discounts, amounts. FACTS 4.1, 4.2, 4.8, 4.10. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from plugins.xero.sandbox import arithmetic, wire
from plugins.xero.sandbox.arithmetic import LineTotal, Totals
from plugins.xero.sandbox.context import Context, too_long
from plugins.xero.sandbox.errors import Fault, RefusedError
from plugins.xero.sandbox.state import Account, Line, TrackingCategory
from plugins.xero.sandbox.wire import Json

_NUMBERS = ("Quantity", "UnitAmount", "LineAmount")
_LARGEST = Decimal("9999999999.99")
_DESCRIPTION_MAX = 4000


def is_text_line(line: Json) -> bool:
    """A description alone makes a line of text. FACTS 4.1 [S]."""
    return all(line.get(key) is None for key in (*_NUMBERS, "AccountCode", "AccountID", "ItemCode"))


def judge_lines(
    context: Context, lines: Sequence[Json], *, kind: str, amount_types: str, is_approved: bool, kept: Sequence[Line]
) -> tuple[list[Line], Totals]:
    """Work out *lines* (bound wire lines) of a document of type *kind*.

    *kept* are the lines that stand there now: a line sent with the id of one of them keeps that id, any other gets
    a new one (FACTS 4.6 [O]).

    Raises:
        RefusedError: every fault found, each with its line.
    """
    faults: list[Fault] = []
    accounts = []
    priced: list[Json] = []
    for index, line in enumerate(lines):
        account, found = _judge_account(context, index, line, is_approved=is_approved)
        faults += found
        tax_type, found = _judge_tax(context, index, line, account, amount_types=amount_types)
        faults += found
        faults += _judge_fields(context, index, line, kind=kind, is_approved=is_approved)
        accounts.append(account)
        priced.append({**line, "TaxType": tax_type})
    if faults:
        raise RefusedError(faults)
    settings = context.settings
    rates = context.books.rates()
    if (own := settings.automatic_tax) is not None:
        rates = {tax_type: own if rate else rate for tax_type, rate in rates.items()}
    totals = arithmetic.total(
        lines=priced,
        line_amount_types=amount_types,
        rates=rates,
        unitdp=context.unitdp,
        honour_tax_overrides=settings.honour_tax_overrides and own is None,
        tie=settings.tax_tie,
        override_inclusive=settings.override_inclusive,
    )
    kept_ids = {line.id for line in kept}
    judged = []
    for index, (line, account, worked) in enumerate(zip(priced, accounts, totals.lines, strict=True)):
        faults += _judge_amounts(context, index, line, worked)
        tracking, found = _judge_tracking(context, index, line.get("Tracking") or [])
        faults += found
        judged.append(_judged_line(line, account, worked, tracking, kept_ids))
    if faults:
        raise RefusedError(faults)
    return judged, totals


def _judge_account(
    context: Context, index: int, line: Json, *, is_approved: bool
) -> tuple[Account | None, list[Fault]]:
    at = ("LineItems", index)
    books = context.books
    code, account_id = line.get("AccountCode"), line.get("AccountID")
    if account_id is not None:
        account = books.accounts.get(account_id)
        if account is None:
            return None, [context.fault("account_invalid", *at)]
    elif code:
        account = books.account_coded(code)
        if account is None:
            return None, [context.fault("account_wrong", *at, code=code)]
    else:
        if is_approved and not is_text_line(line):
            return None, [context.fault("account_missing", *at)]
        return None, []
    shown = code or account.code or account.id
    if account.status != "ACTIVE":
        return account, [context.fault("account_archived", *at, code=shown)]
    # FACTS 8.1 [U]: bank accounts, debtors and creditors cannot stand on a line.
    if account.type == "BANK" or account.system in {"DEBTORS", "CREDITORS"}:
        return account, [context.fault("account_wrong", *at, code=shown)]
    return account, []


def _judge_tax(
    context: Context, index: int, line: Json, account: Account | None, *, amount_types: str
) -> tuple[str | None, list[Fault]]:
    tax_type = line.get("TaxType")
    if tax_type is None:  # FACTS 4.1: absent = default of the account
        tax_type = account.tax_type if account else None
        if tax_type not in context.books.tax_rates:
            return None, []
    rate = context.books.tax_rates.get(tax_type)
    if rate is None and tax_type == "NONE":
        return None, []  # every organisation knows NONE, listed or not
    if rate is None or rate.status != "ACTIVE":
        return None, [context.fault("tax_unknown", "LineItems", index, tax=tax_type)]
    if account is not None and account.class_ not in rate.applies:
        code = account.code or account.id
        return None, [context.fault("tax_not_for_account", "LineItems", index, tax=tax_type, code=code)]
    return (None if amount_types == "NoTax" else tax_type), []


def _judge_fields(context: Context, index: int, line: Json, *, kind: str, is_approved: bool) -> list[Fault]:
    at = ("LineItems", index)
    faults = too_long(context, "Description", line.get("Description"), _DESCRIPTION_MAX, *at)
    if not line.get("Description") and is_approved:
        faults.append(context.fault("description_missing", *at))
    if is_approved and not is_text_line(line) and line.get("LineAmount") is None:
        if line.get("Quantity") is None:
            faults.append(context.fault("quantity_missing", *at))
        if line.get("UnitAmount") is None:
            faults.append(context.fault("unit_missing", *at))
    if context.settings.negative_quantity_refused and line.get("Quantity", 0) < 0:
        faults.append(context.fault("quantity_negative", *at))
    if line.get("ItemCode"):  # FACTS 4.1: it must exist in Items; the sandbox has none
        faults.append(context.fault("item_unknown", *at, code=line["ItemCode"]))
    unit = line.get("UnitAmount")
    # FACTS 3.4 [T]: absurd decimals beside a LineAmount give two messages that are beside the point.
    if unit is not None and line.get("LineAmount") is not None and -unit.as_tuple().exponent > 4:
        faults += [context.fault("account_invalid", *at), context.fault("tax_invalid", *at)]
    return faults + _judge_discount(context, line, at, kind=kind)


def _judge_discount(context: Context, line: Json, at: tuple[str, int], *, kind: str) -> list[Fault]:
    percent, amount = line.get("DiscountRate"), line.get("DiscountAmount")
    if percent is None and amount is None:
        return []
    if kind != "ACCREC":  # FACTS 4.1 [S]: not on credit notes or bills
        return [context.fault("discount_not_here", *at)]
    if percent is not None and amount is not None:
        return [context.fault("discount_twice", *at)]
    unit = line.get("UnitAmount") or Decimal(0)
    # DOMAIN 3.4.6 [S]: any DiscountAmount, even 0, is refused on a negative line.
    if (percent is not None and not 0 <= percent <= 100) or (amount is not None and (amount < 0 or unit < 0)):
        return [context.fault("discount_range", *at)]
    return []


def _judge_amounts(context: Context, index: int, line: Json, worked: LineTotal) -> list[Fault]:
    at = ("LineItems", index)
    settings = context.settings
    faults = []
    given = line.get("LineAmount")
    if given is not None and abs(given - worked.amount) > settings.line_total_tolerance:  # FACTS 4.8 [T]
        expected = f"{worked.amount:.2f}"
        faults.append(context.fault("line_mismatch", *at, given=f"{wire.to_cents(given)}", expected=expected))
    if abs(worked.amount) > _LARGEST:
        faults.append(context.fault("line_too_large", *at))
    if worked.tax != worked.own_tax:
        if abs(worked.tax) > abs(worked.amount):  # FACTS 4.8 [T]
            faults.append(context.fault("tax_too_large", *at))
        limit = settings.tax_override_limit
        if limit is not None and abs(worked.tax - worked.own_tax) > limit:
            faults.append(context.fault("tax_too_far", *at, given=worked.tax, expected=worked.own_tax))
    return faults


def _judged_line(
    line: Json, account: Account | None, worked: LineTotal, tracking: tuple[tuple[str, str], ...], kept_ids: set[str]
) -> Line:
    line_id = line.get("LineItemID")
    has_amount = any(line.get(key) is not None for key in _NUMBERS)
    return Line(
        id=line_id if line_id in kept_ids else wire.new_id(),
        description=line.get("Description"),
        quantity=worked.quantity if has_amount else None,
        unit_amount=worked.unit if has_amount else None,
        amount=worked.amount,
        tax=worked.tax,
        tax_type=line["TaxType"],
        account_id=account.id if account else None,
        account_code=account.code if account else None,
        discount_rate=line.get("DiscountRate"),
        discount_amount=line.get("DiscountAmount"),
        tracking=tracking,
    )


def _judge_tracking(
    context: Context, index: int, sent: Sequence[Json]
) -> tuple[tuple[tuple[str, str], ...], list[Fault]]:
    """FACTS 4.1: at most 2, by ids or by names; both must exist and be active (texts [U])."""
    at = ("LineItems", index)
    if len(sent) > 2:
        return (), [context.fault("tracking_many", *at)]
    pairs, faults = [], []
    for one in sent:
        category = _find_category(context, one)
        if category is None:
            name = one.get("Name") or one.get("TrackingCategoryID") or ""
            faults.append(context.fault("tracking_category", *at, name=name))
            continue
        option = next(
            (
                option
                for option in category.options
                if option.status == "ACTIVE"
                and (option.id == one.get("TrackingOptionID") or option.name == one.get("Option"))
            ),
            None,
        )
        if option is None:
            name = one.get("Option") or one.get("TrackingOptionID") or ""
            faults.append(context.fault("tracking_option", *at, name=name))
        else:
            pairs.append((category.id, option.id))
    return tuple(pairs), faults


def _find_category(context: Context, sent: Json) -> TrackingCategory | None:
    for category in context.books.tracking:
        if category.status == "ACTIVE" and (
            category.id == sent.get("TrackingCategoryID") or category.name == sent.get("Name")
        ):
            return category
    return None
