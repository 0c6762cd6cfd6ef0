"""Everything the sandbox says when it refuses: texts, exceptions and answer bodies. FACTS 1.7, 4.10, 6.4, 11."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from plugins.xero.sandbox import wire
from plugins.xero.sandbox.wire import Json

# Key -> template. A text marked [U] is our wording: FACTS found no source. `SandboxSettings.wording` changes any.
TEXTS: dict[str, str] = {
    # FACTS 4.2 to 4.7
    "date_missing": "The Date field must be specified.",
    "due_date_missing": "The document DueDate field must be specified.",
    "invoice_number_taken": "Invoice # must be unique.",
    "credit_number_taken": "Credit Note # must be unique.",  # [U]
    "not_of_valid_status": "Invoice not of valid status for modification",
    "credit_not_of_valid_status": "Credit note not of valid status for modification",  # [U]
    "has_payment": "This document cannot be edited as it has a payment or credit note allocated to it.",
    "status_has_payment": (
        "The status {status} cannot be applied to the invoice because it has payments or credit notes allocated to it."
    ),
    "invoice_not_found": "An existing Invoice with the specified InvoiceID could not be found",
    "credit_not_found": "An existing Credit Note with the specified CreditNoteID could not be found",
    "wrong_endpoint": "The document with the supplied id was not found for this endpoint.",
    "approval_limit": "You have reached the limit of invoices you can approve",
    "currency_fixed": "The currency of an approved document cannot be changed",  # [U]
    "type_fixed": "The type of a document cannot be changed",  # [U]
    "type_missing": "A Type must be specified",  # [U]
    "contact_missing": "A Contact must be specified for this type of transaction",
    "contact_unidentified": (
        "The Contact must contain at least 1 of the following elements to identify the contact: "
        "Name, ContactID, ContactNumber"
    ),
    "contact_not_found": "The Contact with the specified ContactID could not be found",  # [U]
    "contact_archived": (
        "The contact with the specified contact details has been archived. "
        "The contact must be un-archived before creating new invoices or credit notes."
    ),
    # FACTS 4.1, 4.8 to 4.10
    "lines_missing": "One or more line items must be specified",  # [U]
    "description_missing": "The line item Description must be specified",  # [U]
    "quantity_missing": "The line item Quantity must be specified",  # [U]
    "unit_missing": "The line item UnitAmount must be specified",  # [U]
    "quantity_negative": "The line item Quantity cannot be less than zero",  # [U]
    "account_missing": "The account code or ID must be specified",
    "account_wrong": "Account code '{code}' is not a valid code for this document.",
    "account_archived": (
        "Account code '{code}' has been archived, or has been deleted. Each line item must reference a valid account."
    ),
    "account_invalid": "Account must be valid.",
    "tax_invalid": "Tax rate must be valid.",
    "tax_unknown": "The TaxType code '{tax}' does not exist or cannot be used for this type of transaction.",
    "tax_not_for_account": "The TaxType code '{tax}' cannot be used with account code '{code}'.",
    "tax_too_large": "Tax amount cannot be greater than the line amount",
    "tax_too_far": "The tax amount {given} is too far from the expected tax amount {expected}",  # [U]
    "line_mismatch": "The line total {given} does not match the expected line total {expected}",
    "line_too_large": "The line total cannot be greater than 9999999999.99",  # [U]
    "totals_mismatch": "The document total does not equal the sum of the lines.",
    "total_negative": "The document total cannot be less than zero",  # [U]
    "discount_twice": "Only one of DiscountRate and DiscountAmount can be specified",  # [U]
    "discount_range": "The discount must be between zero and the line amount",  # [U]
    "discount_not_here": "Discounts can only be applied to sales invoices and quotes",  # [U]
    "item_unknown": "Item code '{code}' is not valid",  # [U]
    "tracking_many": "A maximum of 2 tracking categories can be specified for a line item",  # [U]
    "tracking_category": "The tracking category '{name}' could not be found",  # [U]
    "tracking_option": "The tracking option '{name}' could not be found or has been archived",  # [U]
    "currency": "Organisation is not subscribed to currency {currency}",
    "url": "Url must be a valid absolute url",
    "url_xero": "Url cannot contain the word xero",  # [U]
    "period_lock": "The {what} date cannot be before the period lock date, currently set at {day}",
    "year_lock": "The {what} date cannot be before the end of year lock date, currently set at {day}",
    "rate_warning": "The currency rate {rate} differs a lot from the rate of the day",  # [U] FACTS 12, 7 Apr 2026
    "too_long": "{field} cannot exceed {limit} characters",  # [U] FACTS 4.11
    # FACTS 5
    "name_missing": "The contact name must be specified",  # [U]
    "name_taken": (
        "The contact name {name} is already assigned to another contact. "
        "The contact name must be unique across all active contacts."
    ),
    "number_taken": (
        "The contact number {number} is already assigned to another contact. "
        "The contact number must be unique across all contacts."
    ),
    "edit_archived": (
        "The specified contact details matched an archived contact. "
        "Archived contacts cannot currently be edited via the API."
    ),
    "name_characters": "The contact name cannot contain the characters < or >",  # [U]
    "name_symbols": "The contact name contains characters that are not allowed",  # [U]
    "name_spaces": "The contact name cannot have leading, trailing or double spaces",  # [U]
    "email": "Email address must be valid.",
    "website": "Website must be valid.",
    "country": "Country can only contain the letters A to Z",  # [U]
    "persons_many": "A maximum of 5 contact persons can be specified",  # [U]
    # FACTS 6.4
    "exceeds": "Payment amount exceeds the amount outstanding on this document",
    "not_authorised": "Payments can only be made against Authorised documents",
    "payment_account_unknown": "Account could not be found",
    "payment_account_to": "Account type is invalid for making a payment to",
    "payment_account_from": "Account type is invalid for making a payment from",
    "payment_account_archived": "The account has been archived",  # [U]
    "many_documents": "Payment is applied to more than one document",
    "no_document": "Payment must be applied to an invoice or credit note",  # [U]
    "amount_missing": "The payment amount must be greater than zero",  # [U]
    "bank_currency": "The currency of the bank account must be that of the document or of the organisation",  # [U]
    "payment_fixed": "Payments cannot be modified",  # [U]
    "payment_deleted": "The payment has already been deleted",  # [U]
    "payment_in_batch": "This payment is part of a batch payment and cannot be deleted on its own",  # [U]
    "payment_reconciled": "This payment has been reconciled and cannot be deleted",  # [U]
    # FACTS 4.12
    "allocation_exceeds_credit": "The amount exceeds the remaining credit of this credit note",  # [U]
    "allocation_exceeds_invoice": "The amount exceeds the amount outstanding on this document",  # [U]
    "allocation_status": "Credits can only be allocated from and to Authorised documents",  # [U]
    "allocation_contact": "The credit note and the invoice must have the same contact and currency",  # [U]
    "allocation_incomplete": "Amount, Date and Invoice must be specified",  # [U]
}


class Fault(NamedTuple):
    """One validation message; *path* names the part it belongs to, such as ``("LineItems", 0)``."""

    message: str
    path: tuple[str | int, ...] = ()


class RefusedError(Exception):
    """One element is refused with these faults; nothing of it is stored."""

    def __init__(self, faults: list[Fault], element_id: str | None = None) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults
        self.element_id = element_id


class AnswerError(Exception):
    """The whole request ends here, with this answer."""

    def __init__(
        self, status: int, body: bytes = b"", content_type: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status}: {body[:200]!r}")
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = dict(headers or {})


def text(wording: Mapping[str, str], key: str, **facts: object) -> str:
    """The message *key*, in the settings' wording when they have one."""
    return (wording.get(key) or TEXTS[key]).format(**facts)


def json_error(status: int, body: Json, headers: Mapping[str, str] | None = None) -> AnswerError:
    """An answer with a JSON body."""
    return AnswerError(status, wire.encode(body), "application/json", headers)


def api_error(number: int, kind: str, message: str, elements: list[Any] | None = None) -> AnswerError:
    """FACTS 11.1: a 400 with ErrorNumber; only 10 carries Elements."""
    body: Json = {"ErrorNumber": number, "Type": kind, "Message": message}
    if elements is not None:
        body["Elements"] = elements
    return json_error(400, body)


def validation_failed(elements: list[Any]) -> AnswerError:
    """FACTS 11.1 [S], [T]: the default mode's answer when an element is bad."""
    return api_error(10, "ValidationException", "A validation exception occurred", elements)


def cannot_bind(message: str) -> AnswerError:
    """FACTS 11.1 [T]: JSON that does not fit, no Elements."""
    return api_error(14, "PostDataInvalidException", message)


def bad_query(message: str) -> AnswerError:
    """FACTS 5.5, 11.1 [T]: a `where` or `order` that cannot be understood."""
    return api_error(16, "QueryParseException", message)


def no_data() -> AnswerError:
    """FACTS 11.1 [U]: empty body or unknown root."""
    return api_error(17, "NoDataProcessedException", "No data was found to process in the request")


def problem(status: int, title: str, detail: str, headers: Mapping[str, str] | None = None) -> AnswerError:
    """FACTS 1.7 [T]: the shape of 401, 403 and other refusals before any accounting."""
    body = {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": wire.new_id()}
    return json_error(status, body, headers)


def not_found() -> AnswerError:
    """FACTS 11.2 [T]: 404 is 47 bytes of text/html."""
    return AnswerError(404, b"The resource you're looking for cannot be found", "text/html")


def offline(message: str = "The Xero API is temporarily unavailable") -> AnswerError:
    """FACTS 11.2 [O]: 503 is plain text."""
    return AnswerError(503, message.encode(), "text/plain")
