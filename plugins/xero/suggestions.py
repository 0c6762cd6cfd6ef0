"""Mappings to offer for a fresh webservice, from the organisation's own chart. Never applied without a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub import Account, Book, Choices, Mapping, Suggestion, Target, TaxCode, TaxRate
from plugins.xero.places import document_rate

# Slot -> words of an account's name that speak for it, best first, and the classes it may have.
_WORDS: tuple[tuple[str, dict[str, str], tuple[str, ...], tuple[str, ...]], ...] = (
    ("sales", {}, ("sales", "artwork", "revenue"), ("revenue",)),
    ("sales", {"ownership": "consigned"}, ("consigned", "consignment"), ("revenue",)),
    ("sales", {"line_kind": "framing"}, ("framing",), ("revenue",)),
    ("sales", {"line_kind": "edition"}, ("edition",), ("revenue",)),
    ("sales", {"line_kind": "publication"}, ("publication", "book"), ("revenue",)),
    ("portal", {}, ("portal", "fee"), ("revenue",)),
    ("shipping", {}, ("shipping", "freight", "delivery"), ("revenue",)),
    ("expense", {}, ("cost of art", "cost of goods", "purchases"), ("expense",)),
    ("deposit", {}, ("deposit",), ("liability",)),
    ("voucher", {}, ("voucher", "gift"), ("liability",)),
    ("levy", {}, ("levy", "resale"), ("liability",)),
    ("donation", {}, ("donation", "charit"), ("liability",)),
)
_METHODS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("stripe", ("stripe",)),
    ("paypal", ("paypal",)),
    ("cash", ("till", "cash", "petty")),
    ("voucher", ("voucher", "gift")),
)
_NO_TAX_WORDS = ("no tax", "no vat", "no gst", "tax exempt", "bas excluded", "none", "out of scope")


def suggest(choices: Choices, book: Book) -> tuple[Suggestion, ...]:
    """What to offer for slots that have no mapping yet.

    Tax codes are offered by equal rate, if the hub names the gallery's (``book.extra["tax_codes"]``).
    """
    taken = {(mapping.slot, tuple(sorted(mapping.when.items()))) for mapping in book.mappings}
    offered = [*_accounts(choices), *_banks(choices), *_taxes(choices, book.extra.get("tax_codes") or ())]
    return tuple(one for one in offered if (one.mapping.slot, tuple(sorted(one.mapping.when.items()))) not in taken)


def _offer(slot: str, when: dict[str, str], target: Target, why: str) -> Suggestion:
    return Suggestion(mapping=Mapping(slot=slot, when=when, to=target), why=why)


def _shown(account: Account) -> str:
    return f"{account.code} {account.name}" if account.code else account.name


def _accounts(choices: Choices) -> Iterable[Suggestion]:
    for slot, when, words, classes in _WORDS:
        usable = [one for one in choices.accounts if one.active and not one.is_bank and one.class_ in classes]
        account = _best(usable, words)
        if account is None and slot == "sales" and not when:
            account = next((one for one in usable if one.code == "200"), usable[0] if usable else None)
        if account is not None:
            yield _offer(slot, when, Target(id=account.id), f"{_shown(account)} looks like it by its name.")
    for account in choices.accounts:
        if account.system == "ROUNDING" and account.active:
            yield _offer("rounding", {}, Target(id=account.id), f"{_shown(account)} is Xero's own rounding account.")


def _best(accounts: Sequence[Account], words: Sequence[str]) -> Account | None:
    for word in words:
        for account in accounts:
            if word in account.name.casefold():
                return account
    return None


def _banks(choices: Choices) -> Iterable[Suggestion]:
    base = choices.organisation.currency if choices.organisation else None
    takers = [one for one in choices.accounts if one.active and (one.is_bank or one.takes_payments)]
    named: set[str] = set()
    for method, words in _METHODS:
        if account := _best(takers, words):
            named.add(account.id)
            yield _offer(
                "bank", {"method": method}, Target(id=account.id), f"{_shown(account)} looks like it by its name."
            )
    plain = [one for one in takers if one.is_bank and one.id not in named and one.currency in (None, base)]
    for method in ("bank_transfer", "card_terminal", "cheque"):
        if plain:
            account = plain[0]
            yield _offer("bank", {"method": method}, Target(id=account.id), f"{_shown(account)} is a bank account.")


def _taxes(choices: Choices, codes: Iterable[TaxCode]) -> Iterable[Suggestion]:
    usable = [one for one in choices.tax_rates if one.active and "revenue" in one.applies_to]
    free = [one for one in usable if one.rate == 0]
    none = _best_rate(free, _NO_TAX_WORDS) or next((one for one in free if one.code == "NONE"), None)
    if none is not None:
        yield _offer("no_tax", {}, Target(code=none.code), f"“{none.name}” is 0 %.")
    for code in codes:
        wanted = document_rate(code)
        fitting = [one for one in usable if one.rate == wanted]
        rate = _best_rate(fitting, (code.name.casefold(), code.kind, code.id.casefold()))
        rate = rate or _best_rate(fitting, ("income", "output", "sales")) or (fitting[0] if fitting else None)
        if rate is not None:
            why = f"“{rate.name}” is {rate.rate.normalize():f} % too."
            yield _offer("tax", {"tax_code": code.id}, Target(code=rate.code), why)


def _best_rate(rates: Sequence[TaxRate], words: Sequence[str]) -> TaxRate | None:
    for word in words:
        for rate in rates:
            if word and word in rate.name.casefold():
                return rate
    return None
