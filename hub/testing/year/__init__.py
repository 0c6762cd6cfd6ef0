"""A year in a gallery: deterministic records for the demo and the end-to-end tests, with what must become of them.

Pure and of the standard library alone: no clock, no chance. `generate` is the demo's year (400 invoices, every odd
case by fixed quota), `minster_yard` a smaller British gallery, `TINY` a handful of invoices each for four kinds of
tax, `many` an endless supply of plain records for load tests. `tell_troubles` is a gallery in which everything goes
wrong once; `demo_expectations` is all that the demo expects.
"""

from hub.testing.year.expectations import demo_expectations, expected_in_year
from hub.testing.year.harbour import generate
from hub.testing.year.load import load_gallery, many
from hub.testing.year.others import TINY, minster_yard
from hub.testing.year.troubles import Expectation, Story, tell_troubles
from hub.testing.year.values import (
    Expected,
    RemoteAccount,
    RemoteContact,
    RemoteCurrency,
    RemoteFact,
    RemoteInvoice,
    RemoteLock,
    RemotePayment,
    RemoteTaxRate,
    Void,
    Year,
    ndjson_line,
)

__all__ = [
    "TINY",
    "Expectation",
    "Expected",
    "RemoteAccount",
    "RemoteContact",
    "RemoteCurrency",
    "RemoteFact",
    "RemoteInvoice",
    "RemoteLock",
    "RemotePayment",
    "RemoteTaxRate",
    "Story",
    "Void",
    "Year",
    "demo_expectations",
    "expected_in_year",
    "generate",
    "load_gallery",
    "many",
    "minster_yard",
    "ndjson_line",
    "tell_troubles",
]
