"""What we know of the other side: records that stand there, and what became of a write."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NewType

import msgspec

RemoteId = NewType("RemoteId", str)

RemoteStatus = Literal["draft", "submitted", "approved", "paid", "voided", "deleted", "active", "archived"]


class RemotePart(msgspec.Struct, frozen=True, kw_only=True):
    """One settlement of a remote invoice: a payment, or a part of a credit, prepayment or overpayment.

    Of a credit note: a refund (`payment`), or an `allocation`, whose `document_id` is the invoice it settles and whose
    `id` is that which `find` and `read` give to the allocation. `amount` is in the document's currency, positive.
    `reference` holds our marker when we made it.
    """

    id: RemoteId
    kind: Literal["payment", "credit", "prepayment", "overpayment", "allocation"] = "payment"
    amount: Decimal
    on: date
    reference: str = ""
    account_id: str | None = None
    deleted: bool = False
    reconciled: bool = False
    batch_id: str | None = None
    document_id: RemoteId | None = None


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of one remote record, from an outcome, a look-up, a read or a pull.

    Attributes:
        version: Whatever tells two states of it apart (a time stamp of theirs), opaque.
        number: Invoice number, contact number, or the reference of a payment.
        total: With tax, in `currency`; None for contacts.
        paid: All that settled it so far, credits included (of a credit note: what is refunded or allocated); None for
            contacts.
        credit_note: It is a credit note, whose type is ``invoice`` all the same.
        on: The document's date there.
        contact_id: The remote contact it belongs to.
        parts: What settled it, where the answer told; None means "not told", () means "nothing".
        document_id: For a payment: the remote invoice or credit note it settles. For an allocation: the invoice.
        lines: Totals per account and tracking as told, for the comparison a person reads.
        line_ids: (id there, the kind's own key of what it says) of each line, in order, so that an update keeps them.
        rate: The exchange rate it stands at there, in the remote side's own direction.
        ours: The remote side says that our app created it; None where it does not say.
        name, email: Of a contact.
        merged_into: A contact that was merged there lives on under this id.
    """

    id: RemoteId
    version: str = ""
    number: str | None = None
    status: RemoteStatus = "approved"
    currency: str | None = None
    total: Decimal | None = None
    tax: Decimal | None = None
    paid: Decimal | None = None
    updated_at: datetime | None = None
    on: date | None = None
    contact_id: RemoteId | None = None
    parts: tuple[RemotePart, ...] | None = None
    document_id: RemoteId | None = None
    account_id: str | None = None
    reconciled: bool = False
    batch_id: str | None = None
    lines: tuple[tuple[str, str], ...] = ()
    line_ids: tuple[tuple[str, str], ...] = ()
    rate: Decimal | None = None
    ours: bool | None = None
    name: str | None = None
    email: str | None = None
    merged_into: RemoteId | None = None
    credit_note: bool = False


class Operation(StrEnum):
    """What a write does at the remote side. `CANCEL` voids, deletes or reverses by the kind's capability."""

    CREATE = "create"
    UPDATE = "update"
    CANCEL = "cancel"


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The remote side took the write and told what stands there now."""

    remote: Remote
    warnings: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A known refusal of one member. `code` is a reason code of the hub (DESIGN section 6, Reasons).

    `ambiguous`: the refusal says that something of this name stands there already (a number or a marker taken):
    look it up before anything else, it may be our own write whose answer was lost. `cause` groups what one remedy
    solves; left out, each record is a problem of its own.
    """

    code: str
    message: str
    remedy: str
    ambiguous: bool = False
    cause: str = ""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody can say what became of the write: it is looked up, never guessed."""

    why: str


class NotNow(msgspec.Struct, frozen=True, kw_only=True):
    """Known not to have been done, worth trying again later without a person (a limit, a pause of theirs)."""

    why: str
    retry_after: float | None = None


Outcome = Accepted | Refused | Unknown | NotNow
