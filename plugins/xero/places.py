"""Where a line goes in Xero: account, tax rate and tracking, by the webservice's mappings. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from hub import (
    Account,
    Book,
    Held,
    Invoice,
    Line,
    Slot,
    Subject,
    TaxCode,
    TaxRate,
    find_account,
    find_option,
    find_tax_rate,
    resolve,
    resolve_tracking,
)
from hub import Mapping as SlotMapping
from plugins.xero.fields import MOST_TRACKING
from plugins.xero.holds import LABELS, hold

ZERO = Decimal(0)
NO_LINE_SYSTEMS = frozenset({"DEBTORS", "CREDITORS"})  # FACTS 8.1
# Codes whose tax is not on the document, whatever rate the gallery keeps for them: a margin-scheme sale must not show
# any VAT (DOMAIN 2), a reverse charge is the buyer's.
UNTAXED_KINDS = frozenset({"margin", "exempt", "out_of_scope", "reverse_charge"})
NONE_RATE = TaxRate(code="NONE", name="No tax", rate=ZERO)  # every organisation knows it, listed or not

# What stands between the names of several artists. A comma does not: "Barker, Thomas" is one.
_BETWEEN = re.compile(r"\s*(?:[;&/\n]|\band\b)\s*", re.IGNORECASE)

_LINE_SLOTS = {
    "portal_fee": "portal",
    "shipping": "shipping",
    "handling": "shipping",
    "deposit": "deposit",
    "voucher": "voucher",
    "levy": "levy",
    "donation": "donation",
    "rounding": "rounding",
    "trade_in": "expense",
}

SLOTS: tuple[Slot, ...] = (
    Slot(
        key="sales",
        label=LABELS["sales"],
        fills=("revenue", "liability"),
        required=True,
        when=("line_kind", "category", "artist", "ownership", "channel"),
        help="The account for what you sell; refine it by what it is, whose it is, and where it was sold.",
    ),
    Slot(key="portal", label=LABELS["portal"], fills=("revenue",), help="Fees of artist portals."),
    Slot(
        key="shipping",
        label=LABELS["shipping"],
        fills=("revenue", "expense"),
        when=("line_kind", "channel"),
        help="Shipping and handling that the buyer pays.",
    ),
    Slot(
        key="bank",
        label=LABELS["bank"],
        fills=("bank", "asset", "liability"),
        when=("method", "currency", "processor_account"),
        help="Where payments arrive: a bank or clearing account for each method.",
    ),
    Slot(
        key="tax",
        label=LABELS["tax"],
        fills=("tax",),
        when=("tax_code",),
        help="The Xero tax rate for each of your tax codes; the percentages must be equal.",
    ),
    Slot(key="no_tax", label=LABELS["no_tax"], fills=("tax",), help="The Xero tax rate for lines without tax."),
    Slot(key="expense", label=LABELS["expense"], fills=("expense", "asset"), help="Works taken in part payment."),
    Slot(key="deposit", label=LABELS["deposit"], fills=("liability",), help="Deposits taken before a sale."),
    Slot(key="voucher", label=LABELS["voucher"], fills=("liability",), help="Vouchers sold and not yet redeemed."),
    Slot(key="levy", label=LABELS["levy"], fills=("liability",), help="Artist's resale right and similar levies."),
    Slot(key="donation", label=LABELS["donation"], fills=("liability",), help="Shares that go to a museum or charity."),
    Slot(
        key="rounding",
        label=LABELS["rounding"],
        fills=("revenue", "expense", "liability", "asset"),
        help="Left open, it is Xero's own rounding account.",
    ),
    Slot(
        key="tracking",
        label=LABELS["tracking"],
        fills=("tracking",),
        when=("salesperson", "artist"),
        help="Xero tracking options by salesperson or artist, two on a line at most.",
    ),
)


def find_slot(facts: Mapping[str, str | None], book: Book) -> str | None:
    """The slot that a line's kind, a line's tax code or a way of payment needs; None: nothing is to be chosen."""
    if "tax_code" in facts:
        return "no_tax" if facts["tax_code"] is None else "tax"
    if "method" in facts:
        return "bank"
    slot = _LINE_SLOTS.get(facts.get("line_kind") or "", "sales")
    found_by_itself = slot == "rounding" and any(one.system == "ROUNDING" for one in book.choices.accounts)
    return None if found_by_itself else slot


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a line goes.

    Attributes:
        wire: Account and TaxType as they are sent.
        account: Code (or name) for people.
        rate: Percent of the Xero tax rate.
        tax_what, tax_slot: What the tax rate was chosen for, and in which slot.
        tracking: (category id, option id, "category: option") for each option.
    """

    wire: dict[str, str]
    account: str
    tax_code: str
    rate: Decimal
    tax_what: str
    tax_slot: str
    tracking: tuple[tuple[str, str, str], ...] = ()


def gallery_rate(line: Line, invoice: Invoice, subject: Subject) -> Decimal | None:
    """Percent of tax that *line* bears on the document; None when its tax code is not in the hub."""
    if line.kind == "text" or line.tax_code is None or invoice.price_mode == "no_tax":
        return ZERO
    code = subject.tax_codes.get(line.tax_code)
    if code is None:
        return None
    if subject.contact is not None and subject.contact.tax_exempt:
        return ZERO
    return document_rate(code)


def document_rate(code: TaxCode) -> Decimal:
    """Percent of tax that *code* puts on a document."""
    return ZERO if code.kind in UNTAXED_KINDS else code.rate


def find_place(line: Line, invoice: Invoice, subject: Subject, book: Book) -> Place | Held:
    """Account, tax rate and tracking of a line with money, or what a person has to choose."""
    slot = _LINE_SLOTS.get(line.kind, "sales")
    facts = {
        "line_kind": line.kind,
        "category": line.category,
        "artist": deciding_artist(line.artist, book.mappings),
        "ownership": line.ownership,
        "channel": invoice.channel,
        "salesperson": invoice.salesperson,
    }
    account = find_slot_account(slot, facts, book, what=f"lines of the kind “{line.kind.replace('_', ' ')}”")
    if isinstance(account, Held):
        return account
    tax = _find_line_tax(line, invoice, subject, account, book)
    if isinstance(tax, Held):
        return tax
    tracking = _find_tracking(facts, book)
    if isinstance(tracking, Held):
        return tracking
    rate, what, tax_slot = tax
    return _place(account, rate, what, tax_slot, tracking)


def split_artists(text: str | None) -> tuple[str, ...]:
    """The names in a line's `artist`: ``"A. Ruiz & M. Lowe"`` are two."""
    return tuple(name for part in _BETWEEN.split(text or "") if (name := " ".join(part.split())))


def deciding_artist(text: str | None, mappings: Sequence[SlotMapping]) -> str | None:
    """Whose mappings count for a work of several artists: the first one's (DOMAIN L27).

    Unless a mapping names them all as they stand: "Gilbert & George" may be mapped as one.
    """
    names = split_artists(text)
    if len(names) < 2:
        return text
    whole = _fold(text or "")
    named = any(_fold(mapping.when["artist"]) == whole for mapping in mappings if "artist" in mapping.when)
    return text if named else names[0]


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _place(
    account: Account, rate: TaxRate, what: str, slot: str, tracking: tuple[tuple[str, str, str], ...] = ()
) -> Place:
    # Lines name accounts by code, which every version of the API takes; an account without a code goes by its id.
    wire = {"AccountCode": account.code} if account.code else {"AccountID": account.id}
    return Place(
        wire={**wire, "TaxType": rate.code},
        account=account.code or account.name,
        tax_code=rate.code,
        rate=rate.rate,
        tax_what=what,
        tax_slot=slot,
        tracking=tracking,
    )


def find_slot_account(slot: str, facts: dict[str, str | None], book: Book, *, what: str) -> Account | Held:
    """The account that *slot* leads to, checked for use on a line."""
    target = resolve(slot, facts, book.mappings)
    if target is None and slot == "rounding":  # fixed: found by itself (DOMAIN 4)
        account = next((one for one in book.choices.accounts if one.system == "ROUNDING"), None)
    elif target is None:
        cause = f"mapping_missing:{slot}:{facts.get('line_kind') or ''}"
        return hold("mapping_missing", what=what, slot=slot, cause=cause)
    else:
        account = find_account(target, book.choices)
    why = line_account_fault(account)
    if account is None and target is None:
        return hold("mapping_missing", what=what, slot=slot, cause=f"mapping_missing:{slot}")
    if account is None or why:
        cause = f"mapping_invalid:{slot}:{(target.id or target.code) if target else ''}"
        return hold("mapping_invalid", what=what, why=why, slot=slot, cause=cause)
    return account


def line_account_fault(account: Account | None) -> str:
    """Why *account* cannot stand on a line, or nothing."""
    if account is None:
        return "it is not there any more"
    shown = f"{account.code} {account.name}" if account.code else account.name
    if not account.active:
        return f"{shown} is archived"
    if account.is_bank:
        return f"{shown} is a bank account"
    if account.system in NO_LINE_SYSTEMS:
        return f"{shown} is one of Xero's own control accounts"
    return ""


def _find_line_tax(
    line: Line, invoice: Invoice, subject: Subject, account: Account, book: Book
) -> tuple[TaxRate, str, str] | Held:
    wanted = gallery_rate(line, invoice, subject) or ZERO
    code = subject.tax_codes.get(line.tax_code) if line.tax_code else None
    exempt = subject.contact is not None and subject.contact.tax_exempt
    # An exempt buyer pays no tax on taxed codes; a code that bears none anyway says better why (export, zero).
    lifted = exempt and code is not None and document_rate(code) != 0
    if code is None or invoice.price_mode == "no_tax" or lifted:
        what = "lines without tax"
        rate = find_slot_tax("no_tax", {}, account, ZERO, book, what=what)
        return rate if isinstance(rate, Held) else (rate, what, "no_tax")
    what = f"the tax code “{code.name}”"
    rate = find_slot_tax("tax", {"tax_code": code.id}, account, wanted, book, what=what)
    return rate if isinstance(rate, Held) else (rate, what, "tax")


def find_slot_tax(
    slot: str, facts: dict[str, str | None], account: Account, wanted: Decimal, book: Book, *, what: str
) -> TaxRate | Held:
    """The tax rate that *slot* leads to, checked: there, active, fit for *account*, and of *wanted* percent."""
    target = resolve(slot, facts, book.mappings)
    key = facts.get("tax_code") or ""
    if target is None:
        return hold("mapping_missing", what=what, slot=slot, cause=f"mapping_missing:{slot}:{key}")
    rate = find_tax_rate(target, book.choices)
    named = target.code or target.id or ""
    if rate is None and named == NONE_RATE.code:
        rate = NONE_RATE
    if rate is None:
        why = "it is not there any more"
        return hold("mapping_invalid", what=what, why=why, slot=slot, cause=f"mapping_invalid:{slot}:{named}")
    if not rate.active:
        return hold("tax_archived", what=what, why=rate.name, slot=slot, cause=f"tax_archived:{rate.code}")
    if account.class_ not in rate.applies_to:
        shown = account.code or account.name
        why = f"“{rate.name}” cannot be used with the account {shown}"
        return hold("tax_account", what=what, why=why, slot=slot, cause=f"tax_mapping:{rate.code}:{shown}")
    if rate.rate != wanted:
        why = f"“{rate.name}” is {rate.rate.normalize():f} %, and {wanted.normalize():f} % is needed"
        return hold("tax_mapping", what=what, why=why, slot=slot, cause=f"tax_mapping:{slot}:{key}:{rate.code}")
    return rate


def _find_tracking(facts: dict[str, str | None], book: Book) -> tuple[tuple[str, str, str], ...] | Held:
    found = []
    for target in resolve_tracking("tracking", facts, book.mappings, most=MOST_TRACKING):
        pair = find_option(target, book.choices)
        if pair is None or not pair[1].active:
            why = "it is not there any more" if pair is None else f"{pair[1].name} is archived"
            cause = f"mapping_invalid:tracking:{target.id}"
            return hold("mapping_invalid", what="tracking", why=why, slot="tracking", cause=cause)
        category, option = pair
        found.append((category.id, option.id, f"{category.name}: {option.name}"))
    return tuple(found)


def find_rounding_place(book: Book) -> Place | Held:
    """Where the rounding line goes: the mapped or Xero's own rounding account, without tax."""
    what = "the rounding line"
    account = find_slot_account("rounding", {"line_kind": "rounding"}, book, what=what)
    if isinstance(account, Held):
        return account
    rate = find_slot_tax("no_tax", {}, account, ZERO, book, what=f"{what} (lines without tax)")
    if isinstance(rate, Held):
        return rate
    return _place(account, rate, what, "no_tax")
