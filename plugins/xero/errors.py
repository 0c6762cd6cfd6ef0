"""What Xero says when it refuses -> reason codes, sentences and remedies. Pure.

Their texts are opaque and change: each is recognised by a part of it, in lower case, and quoted to the person as it
came (FACTS 4.10, 6.4, 11). What no rule knows is `refused`, with the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub import AuthorizationError, EntryType, Operation, PermanentError, Refused, Response, ThrottledError
from plugins.xero import wire

DEFAULT_RETRY_AFTER = 5.0  # concurrent and app limits may come without Retry-After, FACTS 2.1
_SCOPES = {"minute": "minute", "day": "day", "concurrent": "concurrent", "appminute": "app"}


class Rule(NamedTuple):
    """One class of refusals.

    `parts`: any of them in the lower-case text. `codes`: by record type and operation where they differ from `code`.
    """

    parts: tuple[str, ...]
    code: str
    remedy: str
    ambiguous: bool = False
    type: EntryType | None = None
    operation: Operation | None = None


_CLOSED = "Remove the payment or credit in Xero and the change goes with the next run, or mark it as resolved."
_LOCK = "Move the lock date in Xero (Settings, Financial settings), or give it a later date in the gallery system."
_MAPPING = "Choose another account in the webservice's mappings, or restore this one in Xero."
_TAX = "Choose another tax rate in the webservice's mappings, or correct it in Xero."
_BANK = "Choose a bank account, or one with “Enable payments”, in the webservice's mappings (slot “Payments”)."
_CONTACT = "Restore the contact in Xero (only a person can), or link this one to another contact."

# In order: the first rule that fits counts.
RULES: tuple[Rule, ...] = (
    Rule(("lock date", "period is locked"), "period_locked", _LOCK),
    Rule(
        ("credit note # must be unique", "credit note number must be unique"),
        "number_taken",
        "Renumber that credit note in Xero and press “Try again”, change this one's number in the gallery system, or "
        "link the two if they are the same.",
        ambiguous=True,
    ),
    Rule(
        ("invoice # must be unique", "invoice number must be unique"),
        "number_taken",
        "Renumber that document in Xero and press “Try again”, change this invoice's number in the gallery system, or "
        "link the two if they are the same invoice.",
        ambiguous=True,
    ),
    # The number is ours, so whoever bears it may be our own write whose answer was lost. A taken name alone is somebody
    # else's: our own would bear our number as well.
    Rule(
        ("contact number", "number must be unique across all contacts"),
        "duplicate_contact",
        "Link this contact to the one in Xero, or say that it is a different person.",
        ambiguous=True,
        type="contact",
        operation=Operation.CREATE,
    ),
    Rule(
        ("already assigned to another contact",),
        "duplicate_contact",
        "Link this contact to the one in Xero, or say that it is a different person.",
        type="contact",
        operation=Operation.CREATE,
    ),
    Rule(
        ("already assigned to another contact",),
        "duplicate_contact",
        "Rename the contact here or in Xero, or merge the two in Xero.",
    ),
    Rule(
        ("not of valid status for modification", "not valid status for modification"),
        "number_void",
        "That number belongs to a voided or deleted document: give the invoice a new one in the gallery system.",
        ambiguous=True,
        type="invoice",
        operation=Operation.CREATE,
    ),
    Rule(("not of valid status for modification", "not valid status for modification"), "closed", _CLOSED),
    Rule(
        ("payments or credit notes allocated", "payment or credit note allocated", "payments or credits allocated"),
        "void_blocked",
        "Remove the payments in Xero and the void goes with the next run, or mark it as resolved.",
        type="invoice",
        operation=Operation.CANCEL,
    ),
    Rule(("payments or credit notes allocated", "payment or credit note allocated"), "closed", _CLOSED),
    Rule(
        ("has been archived. the contact", "archived contact", "contact must be un-archived"),
        "contact_archived",
        _CONTACT,
    ),
    Rule(("gdpr",), "contact_archived", _CONTACT),
    Rule(("email address must be valid", "emailaddress"), "email_invalid", "Correct the e-mail in the gallery system."),
    Rule(
        ("website must be valid",),
        "refused",
        "Open the contact in Xero and clear its Website field: Xero checks it with every change, the hub cannot.",
    ),
    Rule(
        ("country", "addressline", "postal", "region cannot", "city cannot"),
        "address",
        "Correct the address in the gallery system.",
    ),
    Rule(
        ("not subscribed to currency", "not subscribed to the currency"),
        "currency_not_subscribed",
        "Add the currency in Xero (Settings, Currencies; not every plan has several).",
    ),
    Rule(
        ("currency of an approved", "currency cannot be changed"),  # FACTS 4.5; DOMAIN X11: nothing is done silently
        "closed",
        "Put the old currency back, or void this invoice and issue a new one in the gallery system.",
        type="invoice",
        operation=Operation.UPDATE,
    ),
    Rule(
        ("exceeds the amount outstanding", "exceeds the remaining credit"),
        "exceeds_due",
        "Press “Try again”: what is left of the credit note and of the invoice is worked out anew.",
        type="allocation",
    ),
    Rule(
        ("can only be allocated",),
        "not_approved",
        "Approve the credit note and the invoice in Xero and press “Try again”.",
        type="allocation",
    ),
    Rule(
        ("exceeds the amount outstanding",),
        "exceeds_due",
        "Correct the payment, or remove another one of this invoice.",
    ),
    Rule(("only be made against authorised",), "not_approved", "Approve the invoice in Xero; the payment follows."),
    Rule(("making a payment to", "making a payment from", "account could not be found"), "payment_account", _BANK),
    Rule(("account",), "payment_account", _BANK, type="payment", operation=Operation.CREATE),
    Rule(
        ("currency of the bank account",),
        "payment_currency",
        "Choose another account in the mappings (slot “Payments”).",
    ),
    Rule(
        ("reconciled", "batch payment"),
        "refused",
        "Undo it in Xero (remove the reconciliation, or the whole batch payment) and press “Try again”.",
        type="payment",
        operation=Operation.CANCEL,
    ),
    Rule(("cannot be used with account",), "tax_mapping", _TAX),
    Rule(("taxtype", "tax rate must be valid", "tax type"), "tax_mapping", _TAX),
    Rule(("tax amount",), "tax_mapping", _TAX),
    Rule(
        ("not a valid code for this document", "has been archived, or has been deleted", "account must be valid"),
        "mapping_invalid",
        _MAPPING,
    ),
    Rule(
        ("a contact must be specified", "contact with the specified contactid", "contact must contain"),
        "contact_missing",
        "Link the contact to one in Xero again, or press “Try again”.",
    ),
    Rule(
        ("could not be found", "was not found for this endpoint"),
        "refused",
        "It is gone from this organisation in Xero: look it up there, and link it again if it stands elsewhere.",
    ),
    Rule(("tracking",), "mapping_invalid", "Choose another tracking option in the webservice's mappings."),
    Rule(("account code or id must be specified",), "mapping_missing", _MAPPING),
    Rule(
        ("limit of invoices you can approve",), "not_approved", "Xero's plan has a limit a month: wait, or change it."
    ),
    Rule(("approve", "permission"), "not_approved", "Let a user who may approve invoices connect the webservice."),
    Rule(("document total cannot be less than zero", "total must be"), "discount", "Make it a credit note."),
    Rule(("date field must be", "duedate"), "date", "Give the invoice its dates in the gallery system."),
    Rule(("cannot exceed", "too long", "maximum length"), "too_large", "Shorten the text in the gallery system."),
    Rule(
        ("does not match the expected", "does not equal the sum"), "total_mismatch", "Report this: the sums must agree."
    ),
)
# Their texts name what is wrong in Xero or in the mappings, not the record that was refused for it.
_SHARED = frozenset(
    {
        "period_locked",
        "mapping_missing",
        "mapping_invalid",
        "tax_mapping",
        "currency_not_subscribed",
        "payment_account",
        "payment_currency",
        "not_approved",
    }
)
_ASK = "Correct what it names, here or in Xero, and press “Try again”."


def classify(messages: Sequence[str], type: EntryType, operation: Operation, *, what: str = "it") -> Refused:
    """What a refusal with these texts means for a write of this sort; the most telling text decides.

    *what* was refused, as the sentence names it.
    """
    for rule in RULES:
        if rule.type not in (None, type) or rule.operation not in (None, operation):
            continue
        for message in messages:
            text = message.lower()
            if any(part in text for part in rule.parts):
                texts = [message, *(other for other in messages if other != message)]
                if rule.code in _SHARED:  # one remedy for all that Xero says this of
                    said = _quote(texts, "it")
                    return Refused(code=rule.code, message=said, remedy=rule.remedy, cause=f"{rule.code}:{said}")
                said = _quote(texts, what)
                return Refused(code=rule.code, message=said, remedy=rule.remedy, ambiguous=rule.ambiguous)
    return Refused(code="refused", message=_quote(messages, what), remedy=_ASK)


def _quote(messages: Sequence[str], what: str) -> str:
    """One sentence around Xero's own words, however many those are."""
    said = " ".join(dict.fromkeys(messages)).strip()
    if not said:
        return f"Xero refuses {what} and gives no reason."
    return f"Xero refuses {what}: “{said}”" + ("" if said.endswith(".") else ".")


def find_throttle(response: Response) -> ThrottledError | None:
    """What a limit answer says, or None: a 429, or a 503 with a limit's header (FACTS 2.1)."""
    problem = response.headers.get("x-rate-limit-problem", "").strip().lower()
    if response.status != 429 and not (response.status == 503 and problem):
        return None
    after = response.headers.get("retry-after", "").strip()
    seconds = float(after) if after.isdecimal() else DEFAULT_RETRY_AFTER
    return ThrottledError(seconds, _SCOPES.get(problem, "minute"))


def read_remaining(headers: Mapping[str, str]) -> dict[str, int]:
    """Calls left by Xero's headers (FACTS 2.1), keys ``minute``, ``day``, ``app``."""
    names = {"minute": "x-minlimit-remaining", "day": "x-daylimit-remaining", "app": "x-appminlimit-remaining"}
    return {key: int(value) for key, name in names.items() if (value := headers.get(name, "").strip()).isdecimal()}


def find_refusal(response: Response) -> AuthorizationError | ThrottledError | PermanentError | None:
    """What a whole answer is that is neither a success nor a question of single elements; None for 2xx, 304 and 5xx.

    A 5xx is no refusal: what became of a write is unknown (FACTS 11.2).
    """
    if throttled := find_throttle(response):
        return throttled
    status = response.status
    if status < 400 or status >= 500:
        return None
    fault = wire.decode_fault(response.body)
    said = _fault_text(fault, response)
    if status in (401, 403):
        scope = "scope" in response.headers.get("www-authenticate", "").lower() or "scope" in said.lower()
        if scope:
            return AuthorizationError(f"The consent does not cover this: {said} Connect the webservice again.")
        return AuthorizationError(f"Xero no longer lets the hub into this organisation: {said}")
    if status in (413, 414):
        return PermanentError("too_large", f"The request is too large for Xero: {said}", "Split the invoice.")
    if status == 404:
        return PermanentError("refused", f"Xero cannot find it: {said}", "It may have been deleted in Xero.")
    return PermanentError("refused", f"Xero refused the request ({status}): {said}", _ASK)


def _fault_text(fault: wire.Fault | None, response: Response) -> str:
    """The telling part of a refusal's body, at most 300 characters; bodies may be empty, plain text or HTML."""
    if fault is not None:
        texts = [text for text in (fault.type, fault.title, fault.detail, fault.message) if text]
        messages = [message for element in fault.elements or () for message in wire.walk_messages(element)]
        said = " ".join(dict.fromkeys([*texts[-2:], *messages]))
    else:
        said = " ".join(response.body[:2000].decode("utf-8", "replace").split())
    return f"“{said[:300]}”" if said else f"status {response.status} without a text."
