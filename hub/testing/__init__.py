"""For the tests of plugins: the contract suite, a door that remembers, and builders of records.

`WebserviceContract` is a base class for a test class (pytest collects it, and is not needed to import this). What is
not named here may change without notice; `hub.testing.year` has whole galleries for demos and load tests.
"""

from hub.testing.builders import (
    make_book,
    make_contact,
    make_credit_note,
    make_gallery,
    make_invoice,
    make_line,
    make_payment,
    make_subject,
    make_tax_code,
)
from hub.testing.contract import WebserviceContract, run
from hub.testing.fake_http import FakeHttp, Sent

__all__ = [
    "FakeHttp",
    "Sent",
    "WebserviceContract",
    "make_book",
    "make_contact",
    "make_credit_note",
    "make_gallery",
    "make_invoice",
    "make_line",
    "make_payment",
    "make_subject",
    "make_tax_code",
    "run",
]
