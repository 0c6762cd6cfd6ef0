"""An organisation, and what people do to it in Xero's own pages: pay, void, archive, lock, edit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from plugins.xero.sandbox import demo_chart, documents, payments, wire
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.context import Context, Plan
from plugins.xero.sandbox.errors import RefusedError
from plugins.xero.sandbox.state import Account, Allocation, Batch, Contact, Document, Payment, TrackingOption
from plugins.xero.sandbox.wire import Json


class Organisation(Books):
    """One organisation of the sandbox; `ledger` holds its records.

    The acts below are a person's: they bear no app, move stamps as Xero's pages do, and raise
    `plugins.xero.sandbox.errors.RefusedError` where Xero would refuse.
    """

    def _context(self) -> Context:
        return Context(books=self, app=None, is_put=False, unitdp=4)

    # payments

    def pay(
        self,
        invoice_id: str,
        amount: Decimal | None = None,
        *,
        account: str = "090",
        on: date | None = None,
        reference: str = "",
        is_reconciled: bool = False,
    ) -> Payment:
        """Record a payment (all that is due when *amount* is None); *account* is a code or an id."""
        invoice = self.ledger.invoices[invoice_id]
        sent = {
            "Invoice": {"InvoiceID": invoice_id},
            "Account": {"AccountID": self.account(account).id},
            "Amount": invoice.left if amount is None else amount,
            "Date": on or self.today(),
            "Reference": reference,
            "IsReconciled": is_reconciled,
        }
        return self.ledger.payments[payments.judge_payment(self._context(), sent).commit()]

    def batch_pay(
        self,
        parts: Iterable[tuple[str, Decimal | None]],
        *,
        account: str = "090",
        on: date | None = None,
        reference: str = "",
    ) -> Batch:
        """Record one deposit that pays several invoices: (invoice id, amount or None for all that is due)."""
        batch = Batch(
            id=wire.new_id(),
            account_id=self.account(account).id,
            on=on or self.today(),
            total=Decimal("0.00"),
            reference=reference,
        )
        self.ledger.batches.touch(batch, self.now())
        for invoice_id, amount in parts:
            payment = self.pay(invoice_id, amount, account=account, on=batch.on, reference=reference)
            payment.batch_id = batch.id
            batch.total += payment.amount
        return batch

    def delete_payment(self, payment_id: str) -> None:
        """Delete one payment, as a person may even when it is reconciled."""
        payment = self.ledger.payments[payment_id]
        payment.status = "DELETED"
        self.put_payment(payment)

    def delete_batch(self, batch_id: str) -> None:
        """Delete a batch payment with all of its parts."""
        batch = self.ledger.batches[batch_id]
        batch.status = "DELETED"
        self.ledger.batches.touch(batch, self.now())
        for payment in self.ledger.payments.values():
            if payment.batch_id == batch_id and payment.status != "DELETED":
                self.delete_payment(payment.id)

    def reconcile(self, payment_id: str) -> None:
        """Match a payment with a bank line."""
        payment = self.ledger.payments[payment_id]
        payment.is_reconciled = True
        self.ledger.payments.touch(payment, self.now())

    # invoices

    def add_invoice(self, **sent: Any) -> Document:
        """Enter an invoice by hand; *sent* holds bound wire fields (`Type` is ACCREC unless given)."""
        fields = {"Type": "ACCREC", "Status": "AUTHORISED", "Date": self.today(), **sent}
        fields.setdefault("DueDate", fields["Date"])
        plan: Plan = documents.judge_document(
            Context(books=self, app=None, is_put=True, unitdp=4), documents.INVOICES, fields
        )
        return self.ledger.invoices[plan.commit()]

    def add_bill(self, contact_id: str, amount: Decimal, *, account: str = "310") -> Document:
        """Enter a bill: a reader of invoices must not take it for a sale."""
        line = {
            "Description": "Bill",
            "Quantity": Decimal(1),
            "UnitAmount": amount,
            "AccountID": self.account(account).id,
        }
        return self.add_invoice(Type="ACCPAY", Contact={"ContactID": contact_id}, LineItems=[line])

    def alter(
        self, invoice_id: str, *, total_by: Decimal = Decimal("0.00"), touch: bool = False, **fields: object
    ) -> Document:
        """Falsify an invoice: shift its total (and first line), set any field; the stamp moves only with *touch*."""
        invoice = self.ledger.invoices[invoice_id]
        if total_by and invoice.lines:
            invoice.lines[0].amount += total_by
        invoice.sub_total += total_by
        invoice.total += total_by
        old_number = invoice.number
        for name, value in fields.items():
            if not hasattr(invoice, name):
                raise AttributeError(f"an invoice has no field {name!r}")
            setattr(invoice, name, value)
        self.ledger.invoice_numbers.move(old_number, invoice.number, invoice.id)
        if touch:
            self.put_document(invoice)
        return invoice

    def edit_line(self, invoice_id: str, index: int = 0, **fields: object) -> Document:
        """Edit one line (wire names, such as UnitAmount or AccountCode); totals and tax are worked out anew."""
        invoice = self.ledger.invoices[invoice_id]
        lines = [documents.as_sent(line, keep_tax=position != index) for position, line in enumerate(invoice.lines)]
        if "AccountCode" in fields:
            lines[index].pop("AccountID", None)
        lines[index].update(fields)
        return self.edit(invoice_id, LineItems=lines)

    def edit(self, invoice_id: str, **sent: object) -> Document:
        """Edit an invoice (bound wire fields), under the rules that the API has too."""
        invoice = self.ledger.invoices[invoice_id]
        plan = documents.judge_document(self._context(), documents.INVOICES, dict(sent), target=invoice)
        return self.ledger.invoices[plan.commit()]

    def approve(self, invoice_id: str) -> Document:
        """Approve a draft."""
        return self.edit(invoice_id, Status="AUTHORISED")

    def void(self, invoice_id: str) -> Document:
        """Void an approved invoice, or delete a draft."""
        is_approved = self.ledger.invoices[invoice_id].status == "AUTHORISED"
        return self.edit(invoice_id, Status="VOIDED" if is_approved else "DELETED")

    # credit

    def credit(
        self, invoice_id: str, amount: Decimal | None = None, *, source: str = "credit_note", on: date | None = None
    ) -> Allocation:
        """Settle an invoice with a credit_note, an overpayment or a prepayment."""
        invoice = self.ledger.invoices[invoice_id]
        amount = invoice.left if amount is None else amount
        on = on or self.today()
        if source == "credit_note":
            note = self.add_credit_note(invoice.contact_id, amount, currency=invoice.currency, on=on)
            sent: Json = {"Amount": amount, "Date": on, "Invoice": {"InvoiceID": invoice_id}}
            key = payments.judge_allocation(self._context(), note, sent).commit()
            return next(one for one in invoice.allocations if one.id == key)
        if amount > invoice.left:
            raise RefusedError([self._context().fault("allocation_exceeds_invoice")])
        allocation = Allocation(
            id=wire.new_id(),
            source=source,
            source_id=wire.new_id(),
            source_number="",
            invoice_id=invoice_id,
            amount=amount,
            on=on,
        )
        invoice.allocations = [*invoice.allocations, allocation]
        self._settle_invoice(invoice)
        return allocation

    def _settle_invoice(self, invoice: Document) -> None:
        self.settle(invoice)
        if self.settings.allocation_bumps_invoice:
            self.put_document(invoice)

    def remove_credit(self, invoice_id: str, allocation_id: str) -> None:
        """Take a credit off an invoice again."""
        invoice = self.ledger.invoices[invoice_id]
        allocation = next(one for one in invoice.allocations if one.id == allocation_id)
        if allocation.source == "credit_note":
            note = self.ledger.credit_notes[allocation.source_id]
            payments.remove_allocation(self._context(), note, allocation_id)
            return
        invoice.allocations = [one for one in invoice.allocations if one is not allocation]
        self._settle_invoice(invoice)

    def add_credit_note(
        self, contact_id: str, amount: Decimal, *, currency: str | None = None, on: date | None = None
    ) -> Document:
        """Enter an approved credit note of one untaxed line."""
        line = {
            "Description": "Credit",
            "Quantity": Decimal(1),
            "UnitAmount": amount,
            "AccountID": self.account("260").id,
        }
        sent = {
            "Type": "ACCRECCREDIT",
            "Status": "AUTHORISED",
            "Contact": {"ContactID": contact_id},
            "Date": on or self.today(),
            "LineAmountTypes": "NoTax",
            "CurrencyCode": currency or self.currency,
            "LineItems": [line],
        }
        context = Context(books=self, app=None, is_put=True, unitdp=4)
        return self.ledger.credit_notes[documents.judge_document(context, documents.CREDIT_NOTES, sent).commit()]

    # contacts

    def add_contact(self, name: str, **fields: Any) -> Contact:
        """Enter a contact; *fields* are those of `state.Contact`. No rule is checked: people's books are untidy."""
        contact = Contact(id=wire.new_id(), name=name, **fields)
        self.put_contact(contact)
        return contact

    def change_contact(self, contact_id: str, **fields: object) -> Contact:
        """Change a contact's fields, unchecked (a website without http://, another name, ...)."""
        contact = self.ledger.contacts[contact_id]
        old_name, old_number = contact.name, contact.number
        for name, value in fields.items():
            if not hasattr(contact, name):
                raise AttributeError(f"a contact has no field {name!r}")
            setattr(contact, name, value)
        self.put_contact(contact, old_name=old_name, old_number=old_number)
        return contact

    def archive_contact(self, contact_id: str) -> None:
        """Archive a contact; possible with open invoices. FACTS 5.2 [T]."""
        self.change_contact(contact_id, status="ARCHIVED")

    def restore_contact(self, contact_id: str) -> None:
        """Restore an archived contact: only a person can. FACTS 5.2 [T]."""
        self.change_contact(contact_id, status="ACTIVE", merged_to=None)

    def merge_contacts(self, source_id: str, target_id: str) -> None:
        """Merge one contact into another: its documents move, it is archived. FACTS 5.2 [S]."""
        self.change_contact(source_id, status="ARCHIVED", merged_to=target_id)
        for shelf in (self.ledger.invoices, self.ledger.credit_notes):
            for document in shelf.values():
                if document.contact_id == source_id:
                    document.contact_id = target_id
                    self.put_document(document)

    # chart and settings

    def account(self, code_or_id: str) -> Account:
        """The account of that id or code, archived or not. Raises KeyError."""
        found = self.accounts.get(code_or_id) or self.account_coded(code_or_id)
        if found is None:
            raise KeyError(code_or_id)
        return found

    def archive_account(self, code_or_id: str) -> None:
        """Archive an account."""
        self.change_account(code_or_id, status="ARCHIVED")

    def restore_account(self, code_or_id: str) -> None:
        """Restore an archived account."""
        self.change_account(code_or_id, status="ACTIVE")

    def change_account(self, code_or_id: str, **fields: object) -> Account:
        """Change an account's fields, unchecked."""
        account = self.account(code_or_id)
        for name, value in fields.items():
            if not hasattr(account, name):
                raise AttributeError(f"an account has no field {name!r}")
            setattr(account, name, value)
        account.updated_at = self.now()
        return account

    def change_tax_rate(self, tax_type: str, *, rate: Decimal | None = None, status: str | None = None) -> None:
        """Change a tax rate's percentage or status."""
        found = self.tax_rates[tax_type]
        found.rate = found.rate if rate is None else rate
        found.status = status or found.status

    def lock(self, *, period: date | None = None, year_end: date | None = None) -> None:
        """Set both lock dates; None takes one away. FACTS 4.9."""
        self.period_lock, self.year_lock = period, year_end

    def subscribe(self, currency: str) -> None:
        """Add a currency."""
        if currency not in self.currencies:
            self.currencies.append(currency)

    def unsubscribe(self, currency: str) -> None:
        """Take a currency away."""
        self.currencies.remove(currency)

    def add_tracking(self, name: str, options: Iterable[str]) -> None:
        """Add a tracking category."""
        self.tracking += demo_chart.demo_tracking(self.id, [(name, tuple(options))])

    def tracking_option(self, category: str, option: str) -> TrackingOption:
        """The option of that name; set its `status` to archive it. Raises KeyError."""
        for one in self.tracking:
            for candidate in one.options:
                if (one.name, candidate.name) == (category, option):
                    return candidate
        raise KeyError((category, option))
