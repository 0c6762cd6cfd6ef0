"""Answers -> outcomes: FACTS 3.3, 11, and each class of message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub import (
    Accepted,
    AuthorizationError,
    Operation,
    Outcome,
    PermanentError,
    RecordType,
    Reference,
    Refused,
    Remote,
    RemoteId,
    Response,
    TemporaryError,
    ThrottledError,
    Unknown,
    Write,
)
from plugins.xero import errors, reading
from plugins.xero.webservice import Xero

ZERO = "00000000-0000-0000-0000-000000000000"


def write(number: str, kind: RecordType = "invoice", operation: Operation = Operation.CREATE, **changes: Any) -> Write:
    return Write(reference=Reference(kind, number), operation=operation, number=number, **changes)


def answer(*elements: dict[str, Any], root: str = "Invoices", status: int = 200, **headers: str) -> Response:
    return Response(status=status, headers=headers, body=json.dumps({"Status": "OK", root: elements}).encode())


def fine(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "InvoiceID": f"id-{number}",
        "InvoiceNumber": number,
        "StatusAttributeString": "OK",
        "Status": "AUTHORISED",
        "Total": 500.0,
        "TotalTax": 45.45,
        "UpdatedDateUTC": "/Date(1439434356790+0000)/",
        "DateString": "2026-03-04T00:00:00",
        **changes,
    }


def bad(number: str, *messages: str, **changes: Any) -> dict[str, Any]:
    told = {"ValidationErrors": [{"Message": text} for text in messages], "StatusAttributeString": "ERROR"}
    return {"InvoiceID": ZERO, "InvoiceNumber": number, "Status": "DELETED", "HasErrors": True, **told, **changes}


def read(*numbers: str, response: Response) -> tuple[Outcome, ...]:
    return Xero.outcomes([write(number) for number in numbers], response)


def test_outcomes_follow_the_number_and_never_the_position() -> None:
    first, second = read("AG-1", "AG-2", response=answer(fine("AG-2"), fine("AG-1")))
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert (first.remote.id, second.remote.id) == ("id-ag-1", "id-ag-2")


def test_an_element_that_is_missing_or_twice_is_unknown() -> None:
    first, second = read("AG-1", "AG-2", response=answer(fine("AG-1"), fine("AG-1")))
    assert isinstance(first, Unknown)
    assert isinstance(second, Unknown)


def test_a_refused_echo_is_refused_whatever_status_it_shows() -> None:
    first, second = read("AG-1", "AG-2", response=answer(bad("AG-1", "Invoice # must be unique."), fine("AG-2")))
    assert isinstance(first, Refused)
    assert (first.code, first.ambiguous) == ("number_taken", True)
    assert "Invoice # must be unique." in first.message
    assert isinstance(second, Accepted)


def test_messages_count_wherever_they_stand_and_however_they_are_called() -> None:
    nested = fine("AG-1", LineItems=[{"ValidationErrors": [{"Description": "Account must be valid."}]}])
    (outcome,) = read("AG-1", response=answer(nested))
    assert isinstance(outcome, Refused)
    assert outcome.code == "mapping_invalid"


def test_an_error_without_a_text_is_refused_all_the_same() -> None:
    (outcome,) = read("AG-1", response=answer(bad("AG-1")))
    assert isinstance(outcome, Refused)
    assert outcome.code == "refused"


def test_a_success_without_an_id_is_unknown() -> None:
    (outcome,) = read("AG-1", response=answer(fine("AG-1", InvoiceID=ZERO)))
    assert isinstance(outcome, Unknown)


def test_warnings_are_kept() -> None:
    told = fine("AG-1", StatusAttributeString="WARNING", Warnings=[{"Message": "The currency rate is odd"}])
    (outcome,) = read("AG-1", response=answer(told))
    assert isinstance(outcome, Accepted)
    assert outcome.warnings == ("The currency rate is odd",)


def test_changes_are_recognised_by_id() -> None:
    stands = Remote(id=RemoteId("id-9"))
    one = write("AG-1", operation=Operation.CANCEL, remote=stands)
    (outcome,) = Xero.outcomes([one], answer(fine("AG-OLD", InvoiceID="ID-9", Status="VOIDED")))
    assert isinstance(outcome, Accepted)
    assert outcome.remote.status == "voided"
    (other,) = Xero.outcomes([one], answer(fine("AG-1", InvoiceID="id-8")))
    assert isinstance(other, Unknown)


def test_payments_are_recognised_by_their_marker() -> None:
    told = {"PaymentID": "p-1", "Reference": "abc-1 Thanks", "Amount": 5, "Invoice": {"InvoiceID": "i-1"}}
    (outcome,) = Xero.outcomes([write("abc-1", "payment")], answer(told, root="Payments"))
    assert isinstance(outcome, Accepted)
    assert (outcome.remote.document_id, str(outcome.remote.total)) == ("i-1", "5")


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_a_cut_answer_is_unknown_for_all(cut: int) -> None:
    whole = answer(fine("AG-1"), fine("AG-2"))
    outcomes = read("AG-1", "AG-2", response=Response(status=200, body=whole.body[:-cut]))
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"Invoices": 7}', b"\xff\xfe"])
def test_an_answer_that_is_something_else_is_unknown_for_all(body: bytes) -> None:
    (outcome,) = read("AG-1", response=Response(status=200, body=body))
    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504])
def test_every_5xx_is_unknown_for_all(status: int) -> None:
    response = Response(status=status, body=b"The Xero API is currently offline for maintenance")
    assert [type(one) for one in read("AG-1", "AG-2", response=response)] == [Unknown, Unknown]


@pytest.mark.parametrize(
    ("status", "headers", "seconds", "scope"),
    [
        (429, {"retry-after": "26", "x-rate-limit-problem": "Minute"}, 26, "minute"),
        (429, {"retry-after": "66975", "x-rate-limit-problem": "day"}, 66975, "day"),
        (429, {"x-rate-limit-problem": "concurrent"}, 5, "concurrent"),
        (429, {"x-rate-limit-problem": "appminute"}, 5, "app"),
        (429, {}, 5, "minute"),
        (503, {"x-rate-limit-problem": "minute", "retry-after": "9"}, 9, "minute"),
    ],
)
def test_o4_o5_limits_are_told_with_their_time(
    status: int, headers: dict[str, str], seconds: float, scope: str
) -> None:
    with pytest.raises(ThrottledError) as caught:
        read("AG-1", response=Response(status=status, headers=headers))
    assert (caught.value.retry_after, caught.value.scope) == (seconds, scope)


@pytest.mark.parametrize("status", [401, 403])
def test_o13_no_access_is_an_authorization_error(status: int) -> None:
    body = b'{"Title":"Forbidden","Status":403,"Detail":"AuthenticationUnsuccessful"}'
    with pytest.raises(AuthorizationError, match="AuthenticationUnsuccessful"):
        read("AG-1", response=Response(status=status, body=body))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, b'{"ErrorNumber":14,"Type":"PostDataInvalidException","Message":"Error converting value"}', "refused"),
        (400, b'{"ErrorNumber":16,"Type":"QueryParseException","Message":"No"}', "refused"),
        (400, b'{"ErrorNumber":17,"Type":"NoDataProcessedException"}', "refused"),
        (400, b"Idempotency Key: k is used with a different request.", "refused"),
        (404, b"The resource you're looking for cannot be found", "refused"),
        (412, b"", "refused"),
        (413, b"", "too_large"),
        (414, b"", "too_large"),
    ],
)
def test_a_refusal_of_the_whole_is_permanent(status: int, body: bytes, code: str) -> None:
    with pytest.raises(PermanentError) as caught:
        read("AG-1", response=Response(status=status, body=body))
    assert caught.value.code == code


def test_the_elements_of_a_400_are_refused_and_the_others_unknown() -> None:
    elements = [bad("AG-2", "The Date field must be specified.")]
    body = json.dumps({"ErrorNumber": 10, "Type": "ValidationException", "Elements": elements}).encode()
    first, second = read("AG-1", "AG-2", response=Response(status=400, body=body))
    assert isinstance(first, Unknown)
    assert isinstance(second, Refused)
    assert second.code == "date"


CREATE, UPDATE, CANCEL = Operation.CREATE, Operation.UPDATE, Operation.CANCEL
MESSAGES: list[tuple[str, RecordType, Operation, str]] = [
    ("The Date field must be specified.", "invoice", CREATE, "date"),
    ("The document DueDate field must be specified.", "invoice", CREATE, "date"),
    ("Invoice # must be unique.", "invoice", CREATE, "number_taken"),
    ("Invoice not of valid status for modification", "invoice", CREATE, "number_void"),
    ("Invoice not of valid status for modification", "invoice", UPDATE, "closed"),
    ("This document cannot be edited as it has a payment or credit note allocated to it.", "invoice", UPDATE, "closed"),
    (
        "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it.",
        "invoice",
        CANCEL,
        "void_blocked",
    ),
    (
        (
            "The contact with the specified contact details has been archived. The contact must be un-archived before "
            "creating new invoices or credit notes."
        ),
        "invoice",
        CREATE,
        "contact_archived",
    ),
    (
        (
            "The specified contact details matched an archived contact. Archived contacts cannot currently be edited "
            "via the API."
        ),
        "contact",
        UPDATE,
        "contact_archived",
    ),
    (
        (
            "The contact name Buzz is already assigned to another contact. The contact name must be unique across all "
            "active contacts."
        ),
        "contact",
        CREATE,
        "duplicate_contact",
    ),
    ("The contact number X is already assigned to another contact.", "contact", CREATE, "duplicate_contact"),
    ("The contact name Buzz is already assigned to another contact.", "contact", UPDATE, "duplicate_contact"),
    (
        "The document date cannot be before the end of year lock date, currently set at 31-Jul-2013",
        "invoice",
        CREATE,
        "period_locked",
    ),
    ("The document date cannot be before the period lock date, currently set at x", "payment", CREATE, "period_locked"),
    ("Account code 'x' is not a valid code for this document.", "invoice", CREATE, "mapping_invalid"),
    (
        "Account code 'x' has been archived, or has been deleted. Each line item must reference a valid account.",
        "invoice",
        CREATE,
        "mapping_invalid",
    ),
    ("The account code or ID must be specified", "invoice", CREATE, "mapping_missing"),
    ("Account must be valid.", "invoice", CREATE, "mapping_invalid"),
    ("Tax rate must be valid.", "invoice", CREATE, "tax_mapping"),
    ("The TaxType code 'x' cannot be used with account code 'y'.", "invoice", CREATE, "tax_mapping"),
    (
        "The TaxType code 'x' does not exist or cannot be used for this type of transaction.",
        "invoice",
        CREATE,
        "tax_mapping",
    ),
    ("Tax amount cannot be greater than the line amount", "invoice", CREATE, "tax_mapping"),
    ("Organisation is not subscribed to currency EUR", "invoice", CREATE, "currency_not_subscribed"),
    ("Users Organisation is not subscribed to currency NZD", "invoice", CREATE, "currency_not_subscribed"),
    ("A Contact must be specified for this type of transaction", "invoice", CREATE, "contact_missing"),
    ("An existing Invoice with the specified InvoiceID could not be found", "invoice", UPDATE, "refused"),
    ("The document with the supplied id was not found for this endpoint.", "invoice", UPDATE, "refused"),
    ("Email address must be valid.", "contact", CREATE, "email_invalid"),
    ("Website must be valid.", "contact", UPDATE, "refused"),
    ("Country can only contain the letters A to Z", "contact", CREATE, "address"),
    ("The line total 1.00 does not match the expected line total 100.00", "invoice", CREATE, "total_mismatch"),
    ("The document total does not equal the sum of the lines.", "invoice", CREATE, "total_mismatch"),
    ("You have reached the limit of invoices you can approve", "invoice", CREATE, "not_approved"),
    ("Payment amount exceeds the amount outstanding on this document", "payment", CREATE, "exceeds_due"),
    ("Payments can only be made against Authorised documents", "payment", CREATE, "not_approved"),
    ("Account could not be found", "payment", CREATE, "payment_account"),
    ("Account type is invalid for making a payment to", "payment", CREATE, "payment_account"),
    ("This payment has been reconciled and cannot be deleted", "payment", CANCEL, "refused"),
    ("Something nobody ever saw", "invoice", CREATE, "refused"),
]


@pytest.mark.parametrize(("text", "kind", "operation", "code"), MESSAGES)
def test_each_message_has_its_reason_their_words_and_a_remedy(
    text: str, kind: RecordType, operation: Operation, code: str
) -> None:
    refused = errors.classify([text], kind, operation)
    assert refused.code == code
    assert text in refused.message
    assert refused.remedy


def test_the_most_telling_of_several_messages_decides_and_all_are_quoted() -> None:
    refused = errors.classify(["Something", "Invoice # must be unique."], "invoice", CREATE)
    assert refused.code == "number_taken"
    assert "Something" in refused.message


def test_reads_raise_for_what_is_no_success() -> None:
    reading.check(Response(status=200))
    reading.check(Response(status=304))
    with pytest.raises(TemporaryError):
        reading.check(Response(status=503, body=b"The Organisation is offline"))
    with pytest.raises(PermanentError):
        reading.check(Response(status=404, body=b"<html>"))


def test_calls_left_are_read_from_the_headers() -> None:
    headers = {"x-minlimit-remaining": "59", "x-daylimit-remaining": "4999", "x-appminlimit-remaining": "n/a"}
    assert Xero.remaining(Response(status=200, headers=headers)) == {"minute": 59, "day": 4999}
