"""Xero's field limits: the one table that drives the checks and the shortening (FACTS 4.1, 4.11, 5.1)."""

from __future__ import annotations

from typing import Literal

import msgspec


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """What one field takes.

    Attributes:
        most: Characters at most.
        too_long: What happens to more: ``cut`` at a character's edge, ``drop`` the field, ``hold`` the record,
            ``wrap`` into the next line.
        alphabet: ``any``, ``letters`` (A-Z, a-z and spaces), ``ascii``, or ``name`` (no angle brackets, no outer or
            double spaces).
        unique: Among what its value may stand once only, or blank.
        source: Section of FACTS, with its mark.
    """

    most: int
    too_long: Literal["cut", "drop", "hold", "wrap"] = "cut"
    alphabet: Literal["any", "letters", "ascii", "name"] = "any"
    unique: str = ""
    source: str = "4.11 [S]"


FIELDS: dict[str, Field] = {
    "Contact.Name": Field(most=255, alphabet="name", unique="active contacts", source="5.1 [S], [T]"),
    "Contact.FirstName": Field(most=255, alphabet="name"),
    "Contact.LastName": Field(most=255, alphabet="name"),
    "Contact.EmailAddress": Field(most=255, too_long="drop", alphabet="ascii"),
    "Contact.ContactNumber": Field(most=50, too_long="hold", unique="all contacts", source="5.1 [S], [T]"),
    "Contact.TaxNumber": Field(most=50, too_long="drop"),
    "Address.AddressLine": Field(most=500, too_long="wrap"),
    "Address.City": Field(most=255),
    "Address.Region": Field(most=255),
    "Address.PostalCode": Field(most=50, too_long="hold"),
    "Address.Country": Field(most=50, too_long="drop", alphabet="letters"),
    "Phone.PhoneNumber": Field(most=50, too_long="drop"),
    "Phone.PhoneAreaCode": Field(most=10, too_long="drop"),
    "Phone.PhoneCountryCode": Field(most=20, too_long="drop"),
    "Invoice.InvoiceNumber": Field(most=255, too_long="hold", unique="sales invoices", source="4.1 [S], 4.4"),
    "Invoice.Reference": Field(most=255, source="4.1 [U]: no length is known, 255 is what other references take"),
    "Invoice.Url": Field(most=2000, too_long="drop", source="4.1 [U]: no length is known"),
    "Payment.Reference": Field(most=255, source="13 [U]: no length is known, 255 is that of a batch payment"),
    "LineItem.Description": Field(most=4000, source="4.1 [O*]"),
    "Account.Code": Field(most=10),
}

MOST_ADDRESS_LINES = 4  # AddressLine1 to 4, FACTS 4.11
MOST_TRACKING = 2  # options of one line, FACTS 4.1
MOST_LINE_AMOUNT = "9999999999.99"  # LineAmount, FACTS 4.1
# Ours: 1,000 lines are a normal large invoice, 10,000 are a mistake (DOMAIN L8, L9); the body must fit in any case.
MOST_LINES = 5000
MOST_BODY_BYTES = 3_500_000  # FACTS 3.1
