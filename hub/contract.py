"""The webservice plugin contract: what a kind declares, decides and does.

A kind is a subclass of `Webservice`. Declared and pure members are class-level and touch nothing; the few I/O members
act through `self.http`, which carries base URL, auth, limits, metering and redaction. A plugin never opens a session,
sleeps, retries, touches the database or sees a token. What a plugin returns is validated before it is stored or sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

import msgspec
import pydantic

from hub.domain.books import Book, Choices, Finding, Organisation, Slot
from hub.domain.books import Mapping as SlotMapping
from hub.domain.capabilities import Capabilities, Limits
from hub.domain.drafts import Draft, Held, Request, Response, Subject, Write
from hub.domain.records import Contact, EntryType, RecordType, Reference
from hub.domain.remotes import Operation, Outcome, Refused, Remote, RemoteId
from hub.errors import ThrottledError


class OAuth(msgspec.Struct, frozen=True, kw_only=True):
    """Provider facts of an OAuth 2 kind; the hub runs the flow, stores and refreshes the grant.

    Attributes:
        client_authentication: ``basic`` (secret in the header) or ``none`` (public client, id in the body).
        refresh_within: Refresh when the access token ends within this many seconds.
        user_claim: Claim of the access token (a JWT, read without trust) that names the remote user;
            grants are shared by it.
        consent_claim: Claim that names this consent; handed to `organisations` as ``callback["consent_id"]``.
    """

    authorize_url: str
    token_url: str
    revocation_url: str | None = None
    client_id: str = ""
    client_secret: pydantic.SecretStr = pydantic.SecretStr("")
    scopes: tuple[str, ...] = ()
    pkce: bool = True
    client_authentication: Literal["basic", "none"] = "basic"
    refresh_within: float = 300.0
    user_claim: str | None = None
    consent_claim: str | None = None


class Http(Protocol):
    """What a kind's I/O members act through: one organisation's (or, before the choice, one grant's) door out.

    `send` waits for the limits, adds auth, extra headers and metering, refreshes the token once on 401, and
    raises TemporaryError (network, time-out), ThrottledError (429, or a limit of ours that opens too late) or
    AuthorizationError (no access after one refresh). Every other answer, errors included, comes back as it is.
    """

    async def send(self, request: Request, *, organisation: bool = True, key: str | None = None) -> Response:
        """Send *request*; `organisation=False` leaves the organisation's header out; `key` is the idempotency key."""
        ...


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of remote records; `cursor` None = the end."""

    items: tuple[Remote, ...]
    cursor: str | None = None


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what changed there. `more`: ask again at once.

    `cursor` is saved in the transaction that saves the items.

    Invoices carry `parts` when told; payments come as Remotes with `document_id`.
    """

    invoices: tuple[Remote, ...] = ()
    payments: tuple[Remote, ...] = ()
    cursor: str
    more: bool = False


class ContactPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of remote contacts, for matching and import; `cursor`: where to go on, `more`: at once.

    `contacts`: of a kind that can be imported from, those of the page that a gallery can have (active, with a name), as
    its contacts, by remote id. Texts stay within what the door takes; the hub gives them their ids.
    """

    items: tuple[Remote, ...]
    cursor: str
    more: bool = False
    contacts: Mapping[RemoteId, Contact] = {}


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """A question for `find`: does this stand there? `draft` is what was (or would be) written.

    `document_id`, `source_id`, `credit_note`: as of the `Write`.
    """

    reference: Reference
    number: str
    draft: Draft | None = None
    document_id: RemoteId | None = None
    source_id: RemoteId | None = None
    credit_note: bool = False


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping a person may accept, and why it is offered."""

    mapping: SlotMapping
    why: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `create` and `edit` say: `blocking` findings keep the webservice from being ready."""

    findings: tuple[Finding, ...] = ()


class Settings(pydantic.BaseModel):
    """Base of a kind's settings: immutable, no unknown fields; the JSON Schema and the form come from it."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Webservice:
    """Base class of a kind. An instance lives during one piece of work for one webservice.

    Subclasses set the class attributes and override what they need; every member has a default that fits a kind
    without that ability.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    settings: ClassVar[type[Settings]] = Settings
    limits: ClassVar[Limits] = Limits()
    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init__(self, http: Http, book: Book | None = None) -> None:
        self.http = http
        self.book = book

    # -- declared

    @classmethod
    def configure(cls, config: Mapping[str, Any]) -> None:
        """Take the operator's section for this plugin (``HUB_XERO__...``) once at start; raises FormError."""

    @classmethod
    def oauth(cls) -> OAuth | None:
        """Provider facts, or None for a kind without OAuth."""
        return None

    @classmethod
    def base_url(cls) -> str:
        """Where `http` sends requests: scheme and host, from the operator's settings, never from remote data."""
        return ""

    @classmethod
    def organisation_headers(cls, organisation_id: str) -> Mapping[str, str]:
        """Headers that pick the organisation on every call."""
        return {}

    @classmethod
    def account_mappings(cls) -> tuple[Slot, ...]:
        """The slots of this kind."""
        return ()

    @classmethod
    def exclude_filters(cls) -> tuple[str, ...]:
        """Keys of the registered exclude filters that make sense for this kind."""
        return ()

    # -- decided: pure

    @classmethod
    def number(cls, subject_type: RecordType, record_number: str, book: Book) -> str:
        """The natural key of a record there, frozen in its entry before the first write.

        For invoices *record_number* is the gallery's number; for contacts and payments the record id.
        """
        return record_number

    @classmethod
    def render(cls, subject: Subject, book: Book) -> Draft | Held:
        """Draft of the record for this kind, or why it cannot be drawn up."""
        return Held(code="refused", message="This kind takes no such record.", remedy="Nothing to do.")

    @classmethod
    def amend(cls, draft: Draft, remote: Remote, book: Book) -> Draft | Held:
        """One more draft after the remote side accepted *draft* with another total, or why there is none.

        Asked once per write; *remote* is what stands there now, and the new draft is written over it.
        """
        return Held(
            code="remote_total",
            message=f"The total there is {remote.total}, not {draft.total}.",
            remedy="Correct it there or in the gallery; no payment goes out before the totals are equal.",
        )

    @classmethod
    def soften(cls, draft: Draft, refused: Refused) -> Draft | None:
        """One plainer draft after the remote side refused *draft*, to be sent at once instead; None: there is none.

        Asked once per write: what is refused again is held. What was given up stands in the new draft's notes.
        """
        return None

    @classmethod
    def batch_size(cls, type: EntryType, operation: Operation) -> int:
        """Members of one request of this sort at most."""
        return cls.limits.batch

    @classmethod
    def request(cls, writes: Sequence[Write], remotes: Mapping[Reference, Remote]) -> Request:
        """One batch of writes of one type and operation -> the exact bytes. *remotes* holds all that drafts need.

        Credit notes are of type ``invoice``, and in batches of their own.
        """
        return Request(method="POST", path="/")

    @classmethod
    def outcomes(cls, writes: Sequence[Write], response: Response) -> tuple[Outcome, ...]:
        """One outcome per write, in the order of *writes*, matched by number or marker, never by position.

        A write that the answer does not name is Unknown. Raises PermanentError for a *known* refusal of the whole
        batch (it may be split), ThrottledError and AuthorizationError where the answer says so; any 5xx or an
        answer that cannot be read is Unknown for all.
        """
        return ()

    @classmethod
    def throttled(cls, response: Response) -> ThrottledError | None:
        """What a limit answer says, or None when *response* is none; by default a 429 with Retry-After."""
        if response.status != 429:
            return None
        after = response.headers.get("retry-after", "")
        return ThrottledError(float(after) if after.isdigit() else 5.0, "minute")

    @classmethod
    def remaining(cls, response: Response) -> Mapping[str, int]:
        """Calls left as an answer tells: keys ``minute``, ``day``, ``app``; empty when it does not."""
        return {}

    @classmethod
    def suggest(cls, choices: Choices, book: Book) -> tuple[Suggestion, ...]:
        """Mappings to offer; never applied without a person."""
        return ()

    @classmethod
    def check_mappings(cls, mappings: Sequence[SlotMapping], choices: Choices, book: Book) -> tuple[Finding, ...]:
        """What is wrong with *mappings* against *choices*: unknown or archived targets, wrong class, rate, currency."""
        return ()

    @classmethod
    def slot_of(cls, facts: Mapping[str, str | None], book: Book) -> str | None:
        """The slot that has to lead somewhere for *facts*; None: nothing needs to be chosen for them.

        *facts* are of a line with money (``line_kind``, ``artist`` ...), of a line's tax (``tax_code``, None: none) or
        of a payment (``method``, ``currency``, ``processor_account``): what occurs is counted, and told as unmapped.
        """
        return None

    @classmethod
    def remote_url(cls, type: EntryType, remote: Remote, organisation: Organisation | None) -> str | None:
        """The link a person can open, or None."""
        return None

    @classmethod
    def webhook(cls, headers: Mapping[str, str], raw: bytes) -> tuple[str, ...] | None:
        """Ids of the organisations to wake; None = the signature is wrong."""
        return None

    # -- done: I/O through self.http

    async def organisations(self, callback: Mapping[str, str]) -> tuple[Organisation, ...]:
        """What the grant opens; *callback* is the consent's query plus ``consent_id``."""
        return (Organisation(id=self.kind, name=self.title),)

    async def create(self) -> Report:
        """A new webservice, after form and consent: can it work, what is left to choose?"""
        return Report()

    async def edit(self, before: Settings) -> Report:
        """Changed settings against the remote side, before they are saved. Raises FormError."""
        return Report()

    async def choices(self) -> Choices:
        """Accounts, tax rates, tracking, currencies, lock dates as they stand there now."""
        return Choices()

    async def find(self, lookups: Sequence[Lookup]) -> dict[Reference, tuple[Remote, ...]]:
        """All that stands there under the natural key of each look-up; `ours` is filled where the side tells it."""
        return {}

    async def read(self, type: EntryType, ids: Sequence[RemoteId]) -> tuple[Remote, ...]:
        """What stands there now, for proof and comparison, without any cache.

        Of type ``invoice`` credit notes are read too. An allocation that was taken off, while its credit note stands,
        is told as deleted.
        """
        return ()

    async def read_ours(self, type: RecordType, cursor: str | None) -> Page:
        """One page of all that our app created there, for the orphans of a proof: ``invoice`` with credit notes.

        What may be another app's after all says ``ours=False``: it counts for records that are linked to it only.
        """
        return Page(items=())

    async def pull(self, cursor: str | None) -> Pulled:
        """One page of what changed there since *cursor* (None: since now). Raises CursorExpiredError."""
        return Pulled(cursor=cursor or "")

    async def pull_linked(self, ids: Sequence[RemoteId], cursor: str | None) -> Pulled:
        """One page of what changed of the invoices *ids*, which a person linked and `pull` leaves out, with payments.

        *cursor* is a line of its own beside that of `pull`. All of an id that it does not know yet counts as changed:
        payments from before the link come back too. Asked only where there are such invoices.
        Raises CursorExpiredError.
        """
        return Pulled(cursor=cursor or "")

    async def pull_credit_notes(self, cursor: str | None) -> Pulled:
        """One page of the credit notes that changed since *cursor* (as `invoices`), with their refunds.

        A line of its own beside those of `pull` and `pull_linked`, asked only while credit notes of ours stand there.
        Those of others are ignored. Raises CursorExpiredError.
        """
        return Pulled(cursor=cursor or "")

    async def contacts(self, cursor: str | None) -> ContactPage:
        """One page of all contacts (archived ones included) changed since *cursor*; None = from the beginning.

        With the capability `import_contacts` its `contacts` tell the active ones whole.
        """
        return ContactPage(items=(), cursor=cursor or "")

    async def push(self, request: Request, writes: Sequence[Write], key: str) -> tuple[Outcome, ...]:
        """Send one batch and read its outcomes. Only a kind without HTTP overrides it."""
        return self.outcomes(writes, await self.http.send(request, key=key))

    async def disconnect(self) -> None:
        """End this organisation's connection at the remote side; repeating it is harmless."""
