"""Drafts of the kind `files`: the columns of its sheets, with the texts of the gallery as they are. Pure."""

from __future__ import annotations

from typing import Any

from hub import Contact, Draft, Held, Invoice, Line, Payment, Reference, Subject, TaxCode


def render_contact(contact: Contact, number: str) -> Draft:
    """A contact with its address in one cell."""
    address = contact.address
    body: dict[str, Any] = {
        "name": contact.name,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "organisation": contact.organisation,
        "email": contact.email,
        "phone": contact.phone,
        "tax_number": contact.tax_number,
    }
    if address is not None:
        body |= {
            "address": ", ".join(address.lines),
            "city": address.city,
            "region": address.region,
            "postcode": address.postcode,
            "country": address.country or address.country_text,
        }
    return Draft(number=number, body=_given(body))


def render_invoice(invoice: Invoice, subject: Subject) -> Draft | Held:
    """An invoice or credit note with its lines; the total is the gallery's own."""
    if subject.contact is None:
        return Held(
            code="contact_missing",
            message=f"Its contact {invoice.contact_id} is not in the hub.",
            remedy="Send the contact to the hub.",
        )
    body: dict[str, Any] = {
        "kind": invoice.kind,
        "issued_on": invoice.issued_on and invoice.issued_on.isoformat(),
        "due_on": invoice.due_on and invoice.due_on.isoformat(),
        "contact_id": invoice.contact_id,
        "contact": subject.contact.name,
        "currency": invoice.currency,
        "price_mode": invoice.price_mode,
        "total": str(invoice.total),
        "discount": _discount(invoice),
        "reference": invoice.reference,
        "channel": invoice.channel,
        "lines": [_line(line, subject.tax_codes.get(line.tax_code or "")) for line in invoice.lines],
    }
    return Draft(
        number=subject.number,
        body=_given(body),
        needs=(Reference("contact", invoice.contact_id),),
        currency=invoice.currency,
        total=invoice.total,
        on=invoice.issued_on,
    )


def render_payment(payment: Payment, subject: Subject) -> Draft | Held:
    """A payment or refund under the number of its invoice; without a currency it has the invoice's."""
    if subject.invoice is None:
        return Held(
            code="refused",
            message=f"Its invoice {payment.invoice_id} is not in the hub.",
            remedy="Send the invoice to the hub.",
        )
    currency = payment.currency or subject.invoice.currency
    body = {
        "kind": payment.kind,
        "invoice_id": payment.invoice_id,
        "invoice_number": subject.invoice_number or subject.invoice.number,
        "paid_on": payment.paid_on.isoformat(),
        "amount": str(payment.amount),
        "currency": currency,
        "method": payment.method,
        "fee": payment.fee and str(payment.fee.amount),
        "fee_currency": payment.fee and payment.fee.currency,
        "reference": payment.reference,
    }
    return Draft(
        number=subject.number,
        body=_given(body),
        needs=(Reference("invoice", payment.invoice_id),),
        currency=currency,
        total=payment.amount,
        on=payment.paid_on,
    )


def _line(line: Line, code: TaxCode | None) -> dict[str, Any]:
    return _given(
        {
            "line": line.id,
            "line_kind": line.kind,
            "description": line.description,
            "quantity": str(line.quantity),
            "unit_price": str(line.unit_price),
            "line_discount": _discount(line),
            "tax_code": line.tax_code,
            "tax_rate": code and str(code.rate),
            "artist": line.artist,
            "category": line.category,
            "ownership": line.ownership,
        }
    )


def _discount(of: Invoice | Line) -> str | None:
    if of.discount is None:
        return None
    return f"{of.discount.percent}%" if of.discount.percent is not None else str(of.discount.amount)


def _given(body: dict[str, Any]) -> dict[str, Any]:
    """Without what is not there, so that a line holds only facts."""
    return {key: value for key, value in body.items() if value is not None and value != ""}
