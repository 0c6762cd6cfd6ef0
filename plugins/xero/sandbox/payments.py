"""The rules of payments, refunds and allocations of credit. FACTS 4.12, 6. Pure up to the commit."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from plugins.xero.sandbox import wire
from plugins.xero.sandbox.context import Context, Plan, lock_faults, too_long
from plugins.xero.sandbox.errors import Fault, RefusedError
from plugins.xero.sandbox.state import Account, Allocation, Document, Payment
from plugins.xero.sandbox.wire import Json, to_cents

_SIX_PLACES = Decimal("0.000001")


def judge_payment(context: Context, sent: Json) -> Plan:
    """Judge a new payment of an invoice, or a refund of a credit note (FACTS 4.12 [S]).

    Raises:
        RefusedError: every fault found.
    """
    document = _find_document(context, sent)
    account, faults = _judge_account(context, sent, document)
    amount = to_cents(sent.get("Amount", Decimal(0)))
    if amount <= 0:
        faults.append(context.fault("amount_missing"))
    if document.status not in {"AUTHORISED", "PAID"}:  # FACTS 6.4 [T]
        faults.append(context.fault("not_authorised"))
    elif amount > document.left:  # FACTS 6.1, 6.4 [S]
        faults.append(context.fault("exceeds"))
    on = sent.get("Date", context.books.today())
    faults += lock_faults(context, on, "payment")  # FACTS 4.9, text [U]
    faults += too_long(context, "Reference", sent.get("Reference"), context.settings.reference_max)
    if faults or account is None:
        raise RefusedError(faults)
    # FACTS 6.3 [T]: a rate of 0 means that none was set.
    rate = sent.get("CurrencyRate", Decimal(0)).quantize(_SIX_PLACES, rounding=ROUND_HALF_UP)
    rate = rate if rate > 0 else document.currency_rate
    # FACTS 6.3: BankAmount is in the bank account's currency.
    is_same = (account.currency or document.currency) == document.currency
    bank_amount = sent.get("BankAmount") or (amount if is_same else amount / rate)
    payment = Payment(
        id=wire.new_id(),
        type=_payment_type(document),
        account_id=account.id,
        on=on,
        amount=amount,
        bank_amount=to_cents(bank_amount),
        currency_rate=rate,
        invoice_id=None if document.is_credit else document.id,
        credit_note_id=document.id if document.is_credit else None,
        reference=sent.get("Reference", ""),
        is_reconciled=sent.get("IsReconciled", False),
        created_by=context.app,
    )

    def commit() -> str:
        context.books.put_payment(payment)
        return payment.id

    return Plan(commit)


def _payment_type(document: Document) -> str:
    if document.is_credit:
        return "ARCREDITPAYMENT"
    return "ACCRECPAYMENT" if document.type == "ACCREC" else "ACCPAYPAYMENT"


def _find_document(context: Context, sent: Json) -> Document:
    """What the payment names, by id or number: exactly one document. FACTS 6.1, 6.4 [T]."""
    invoice = sent.get("Invoice") or {}
    credit = sent.get("CreditNote") or {}
    invoice_number = invoice.get("InvoiceNumber") or sent.get("InvoiceNumber")
    credit_number = credit.get("CreditNoteNumber") or sent.get("CreditNoteNumber")
    names_invoice = bool(invoice.get("InvoiceID") or invoice_number)
    names_credit = bool(credit.get("CreditNoteID") or credit_number)
    if names_invoice and names_credit:
        raise RefusedError([context.fault("many_documents")])
    if names_credit:
        return _find_credit(context, credit.get("CreditNoteID"), credit_number)
    if names_invoice:
        return find_invoice(context, invoice.get("InvoiceID"), invoice_number)
    raise RefusedError([context.fault("no_document")])


def find_invoice(context: Context, invoice_id: str | None, number: str | None) -> Document:
    """The invoice with that id, else that number. Raises `RefusedError` when there is none."""
    ledger = context.books.ledger
    if invoice_id:
        document = ledger.invoices.get(invoice_id)
    else:
        found = ledger.invoices_numbered(number or "")
        document = next((one for one in found if one.status not in {"VOIDED", "DELETED"}), found[0] if found else None)
    if document is None:
        raise RefusedError([context.fault("invoice_not_found")])
    return document


def _find_credit(context: Context, credit_id: str | None, number: str | None) -> Document:
    ledger = context.books.ledger
    keys = [credit_id] if credit_id else list(ledger.credit_numbers.ids(number or ""))
    document = ledger.credit_notes.get(keys[0]) if keys else None
    if document is None:
        raise RefusedError([context.fault("credit_not_found")])
    return document


def _judge_account(context: Context, sent: Json, document: Document) -> tuple[Account | None, list[Fault]]:
    """The bank side: it exists, is active, takes payments, and its currency fits. FACTS 6.1, 6.3, 6.4."""
    named = sent.get("Account") or {}
    books = context.books
    if account_id := named.get("AccountID"):
        account = books.accounts.get(account_id)
    else:
        code = named.get("Code") or sent.get("Code")
        account = books.account_coded(code) if code else None
    if account is None:
        return None, [context.fault("payment_account_unknown")]
    if account.status != "ACTIVE":
        is_known = context.settings.archived_payment_account == "archived"
        return account, [context.fault("payment_account_archived" if is_known else "payment_account_unknown")]
    if account.type != "BANK" and not account.takes_payments:
        return account, [context.fault("payment_account_from" if document.is_credit else "payment_account_to")]
    if account.currency not in {None, document.currency, books.currency}:  # FACTS 6.3 [U]
        return account, [context.fault("bank_currency")]
    return account, []


def judge_deletion(context: Context, payment: Payment, sent: Json) -> Plan:
    """Judge a POST to one payment: it can only be deleted. FACTS 6.2 [O], [S].

    Raises:
        RefusedError: changed, already deleted, part of a batch, reconciled, or in a locked period.
    """
    faults = []
    if sent.get("Status") != "DELETED":
        faults.append(context.fault("payment_fixed"))
    elif payment.status == "DELETED":
        faults.append(context.fault("payment_deleted"))
    elif payment.batch_id:
        faults.append(context.fault("payment_in_batch"))
    elif payment.is_reconciled and not context.settings.reconciled_payment_deletable:  # FACTS 6.2 [U]
        faults.append(context.fault("payment_reconciled"))
    else:
        faults += lock_faults(context, payment.on, "payment")
    if faults:
        raise RefusedError(faults, payment.id)

    def commit() -> str:
        payment.status = "DELETED"
        context.books.put_payment(payment)
        return payment.id

    return Plan(commit)


def judge_allocation(context: Context, credit: Document, sent: Json) -> Plan:
    """Judge an allocation of *credit* to an invoice. FACTS 4.12 [S]; texts [U].

    Raises:
        RefusedError: every fault found.
    """
    if any(sent.get(key) is None for key in ("Amount", "Date", "Invoice")):
        raise RefusedError([context.fault("allocation_incomplete")])
    named = sent["Invoice"]
    invoice = find_invoice(context, named.get("InvoiceID"), named.get("InvoiceNumber"))
    amount = to_cents(sent["Amount"])
    faults = lock_faults(context, sent["Date"])
    if amount <= 0:
        faults.append(context.fault("amount_missing"))
    if credit.status not in {"AUTHORISED", "PAID"} or invoice.status not in {"AUTHORISED", "PAID"}:
        faults.append(context.fault("allocation_status"))
    if (credit.contact_id, credit.currency) != (invoice.contact_id, invoice.currency):
        faults.append(context.fault("allocation_contact"))
    if amount > credit.left:
        faults.append(context.fault("allocation_exceeds_credit"))
    if amount > invoice.left:
        faults.append(context.fault("allocation_exceeds_invoice"))
    if faults:
        raise RefusedError(faults)
    allocation = Allocation(
        id=wire.new_id(),
        source="credit_note",
        source_id=credit.id,
        source_number=credit.number,
        invoice_id=invoice.id,
        amount=amount,
        on=sent["Date"],
    )

    def commit() -> str:
        credit.allocations = [*credit.allocations, allocation]
        invoice.allocations = [*invoice.allocations, allocation]
        settle_both(context, credit, invoice)
        return allocation.id

    return Plan(commit)


def settle_both(context: Context, credit: Document, invoice: Document) -> None:
    """Work both sides of an allocation out anew. Whether the invoice's stamp moves is a switch: FACTS 6.5 [U]."""
    books = context.books
    books.settle(credit)
    books.settle(invoice)
    books.put_document(credit)
    if context.settings.allocation_bumps_invoice:
        books.put_document(invoice)


def remove_allocation(context: Context, credit: Document, allocation_id: str) -> bool:
    """Take an allocation back; False when *credit* has no such one. FACTS 4.12 [S]."""
    found = next((one for one in credit.allocations if one.id == allocation_id), None)
    if found is None:
        return False
    invoice = context.books.ledger.invoices[found.invoice_id]
    credit.allocations = [one for one in credit.allocations if one is not found]
    invoice.allocations = [one for one in invoice.allocations if one.id != allocation_id]
    settle_both(context, credit, invoice)
    return True
