"""The kind `xero`: declares, decides through the pure modules beside it, and reads through the `http` it is given."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hub import (
    Book,
    Cancel,
    Capabilities,
    Choices,
    Draft,
    EntryType,
    Finding,
    Held,
    Idempotency,
    Limits,
    OAuth,
    Operation,
    Organisation,
    Outcome,
    RecordType,
    Reference,
    Refused,
    Remote,
    Report,
    Request,
    Response,
    Settings,
    Slot,
    Subject,
    Suggestion,
    Tax,
    ThrottledError,
    Write,
)
from hub import Mapping as SlotMapping
from plugins.xero import choices as parsing
from plugins.xero import errors, outcomes, parse, reading, render, request, suggestions
from plugins.xero.fallback import fallback
from plugins.xero.fields import MOST_BODY_BYTES
from plugins.xero.places import SLOTS, find_slot
from plugins.xero.reader import Reader
from plugins.xero.settings import XeroConfig, XeroSettings, parse_config

_LINKS = {"invoice": "invoicing/view", "contact": "contacts/contact"}


class Xero(Reader):
    """Xero, by its Accounting API 2.0."""

    kind: ClassVar[str] = "xero"
    title: ClassVar[str] = "Xero"
    settings: ClassVar[type[Settings]] = XeroSettings
    config: ClassVar[XeroConfig] = XeroConfig()
    limits: ClassVar[Limits] = Limits(
        batch=50,
        body_bytes=MOST_BODY_BYTES,
        in_flight=5,
        per_minute=60,
        per_day=5000,
        app_per_minute=10_000,
        timeout=20.0,
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        cancel=Cancel.VOID,
        tax=Tax.LINE,
        idempotency=Idempotency.HEADER,
        number_unique=True,
        currency_fixed=True,  # FACTS 4.5 [U]
        payments=True,
        credit_notes=True,
        allocations=True,
        pull=True,
        import_contacts=True,
        webhooks=True,
    )

    # -- declared

    @classmethod
    def configure(cls, config: Mapping[str, Any]) -> None:
        """Take ``HUB_XERO__...``: credentials, addresses, limits. Raises FormError."""
        cls.config = parse_config(config)
        cls.limits = Limits(
            batch=50,
            body_bytes=MOST_BODY_BYTES,
            in_flight=5,
            per_minute=cls.config.per_minute,
            per_day=cls.config.per_day,
            app_per_minute=10_000,
            timeout=20.0,
        )

    @classmethod
    def oauth(cls) -> OAuth:
        """Xero's OAuth 2 (FACTS 1); without a secret the app counts as a PKCE app."""
        config = cls.config
        return OAuth(
            authorize_url=f"{config.login_url}/identity/connect/authorize",
            token_url=f"{config.identity_url}/connect/token",
            revocation_url=f"{config.identity_url}/connect/revocation",
            client_id=config.client_id,
            client_secret=config.client_secret,
            scopes=tuple(config.scopes.split()),
            pkce=True,
            client_authentication="basic" if config.client_secret.get_secret_value() else "none",
            user_claim="xero_userid",
            consent_claim="authentication_event_id",
        )

    @classmethod
    def base_url(cls) -> str:
        """The API's host."""
        return cls.config.api_url

    @classmethod
    def organisation_headers(cls, organisation_id: str) -> Mapping[str, str]:
        """The header that picks the organisation (FACTS 1.6)."""
        return {"xero-tenant-id": organisation_id}

    @classmethod
    def account_mappings(cls) -> tuple[Slot, ...]:
        """The slots of DESIGN section 6."""
        return SLOTS

    @classmethod
    def exclude_filters(cls) -> tuple[str, ...]:
        """All that tell invoices apart."""
        return ("channel", "contact", "currency", "number", "kind", "tag", "date", "amount")

    # -- decided

    @classmethod
    def number(cls, subject_type: RecordType, record_number: str, book: Book) -> str:
        """Invoice number with prefix, contact number with tag, or the payment's marker."""
        match subject_type:
            case "invoice":
                return render.invoice_number(record_number, book.settings.invoice_prefix)
            case "contact":
                return render.contact_number(record_number, book.tag)
            case "payment":
                return render.payment_marker(record_number, book.tag)
        return record_number

    @classmethod
    def render(cls, subject: Subject, book: Book) -> Draft | Held:
        """The draft, or what a person has to do first."""
        return render.render(subject, book)

    @classmethod
    def amend(cls, draft: Draft, remote: Remote, book: Book) -> Draft | Held:
        """One more draft, when Xero accepted an invoice with a tax of its own (DOMAIN 3.4.3, step 10)."""
        return fallback(draft, remote, book)

    @classmethod
    def soften(cls, draft: Draft, refused: Refused) -> Draft | None:
        """A contact whose name may have been refused for its emoji, without them (DOMAIN C7)."""
        return render.soften(draft, refused)

    @classmethod
    def batch_size(cls, type: EntryType, operation: Operation) -> int:
        """Payments are deleted one at a time, allocations written so."""
        return request.batch_size(type, operation, cls.limits.batch)

    @classmethod
    def request(cls, writes: Sequence[Write], remotes: Mapping[Reference, Remote]) -> Request:
        """The exact bytes of one batch."""
        return request.build(writes, remotes)

    @classmethod
    def outcomes(cls, writes: Sequence[Write], response: Response) -> tuple[Outcome, ...]:
        """What became of each write."""
        return outcomes.read(writes, response)

    @classmethod
    def throttled(cls, response: Response) -> ThrottledError | None:
        """A 429, or a 503 with a limit's header."""
        return errors.find_throttle(response)

    @classmethod
    def remaining(cls, response: Response) -> Mapping[str, int]:
        """Calls left by Xero's headers."""
        return errors.read_remaining(response.headers)

    @classmethod
    def suggest(cls, choices: Choices, book: Book) -> tuple[Suggestion, ...]:
        """By the names of the accounts and the percentages of the tax rates."""
        return suggestions.suggest(choices, book)

    @classmethod
    def check_mappings(cls, mappings: Sequence[SlotMapping], choices: Choices, book: Book) -> tuple[Finding, ...]:
        """Archived, gone, of the wrong class, rate or currency; and what has no mapping yet."""
        return parsing.check_mappings(mappings, choices, book.extra.get("tax_codes") or ())

    @classmethod
    def slot_of(cls, facts: Mapping[str, str | None], book: Book) -> str | None:
        """The slot that a line's kind, a line's tax code or a way of payment needs."""
        return find_slot(facts, book)

    @classmethod
    def remote_url(cls, type: EntryType, remote: Remote, organisation: Organisation | None) -> str | None:
        """Xero's own link (FACTS 10), of an allocation that to its credit note; None without a known organisation."""
        if organisation is None or not organisation.short_code:
            return None
        code = organisation.short_code
        old = f"https://go.xero.com/organisationlogin/default.aspx?shortcode={code}&redirecturl="
        if type == "allocation" or remote.credit_note:
            note = parse.split_allocation_id(remote.id)[0]
            return f"{old}/AccountsReceivable/ViewCreditNote.aspx?creditNoteID={note}"
        if type in _LINKS:
            return f"https://go.xero.com/app/{code}/{_LINKS[type]}/{remote.id}"
        if type == "payment":
            return f"{old}/Bank/ViewTransaction.aspx?bankTransactionID={remote.id}"
        return None

    @classmethod
    def webhook(cls, headers: Mapping[str, str], raw: bytes) -> tuple[str, ...] | None:
        """Organisations named by a properly signed delivery; its events are hints, never data (FACTS 9)."""
        told = next((value for name, value in headers.items() if name.lower() == "x-xero-signature"), "")
        good = False
        for key in cls.config.webhook_keys:
            signature = base64.b64encode(hmac.new(key.encode(), raw, hashlib.sha256).digest())
            good |= hmac.compare_digest(signature, told.encode("utf-8", "replace"))
        if not good:
            return None
        try:
            events = json.loads(raw).get("events") or []
            return tuple(dict.fromkeys(str(one["tenantId"]) for one in events if one.get("tenantId")))
        except (ValueError, AttributeError, TypeError):
            return ()

    # -- done

    async def organisations(self, callback: Mapping[str, str]) -> tuple[Organisation, ...]:
        """What the consent touched, else (an id that names nothing) all that the grant opens."""
        consent = callback.get("consent_id") or ""
        found: tuple[Organisation, ...] = ()
        if consent:
            response = await self._get(reading.connections(consent), organisation=False)
            found = parsing.parse_connections(response.body)
        if not found:
            found = parsing.parse_connections((await self._get(reading.connections(), organisation=False)).body)
        return found

    async def create(self) -> Report:
        """What is left to choose, by the choices that the hub has just read; without them the organisation is asked."""
        read = self.book.choices if self.book else None
        return self._report(read if read and read.organisation else await self.choices())

    async def edit(self, before: Settings) -> Report:  # noqa: ARG002 - the contract's
        """Nothing of the settings depends on the remote side; the findings are refreshed."""
        return self._report(await self.choices())

    def _report(self, choices: Choices) -> Report:
        mappings = self.book.mappings if self.book else ()
        codes = (self.book.extra.get("tax_codes") or ()) if self.book else ()
        return Report(findings=parsing.check_mappings(mappings, choices, codes))

    async def choices(self) -> Choices:
        """Five reads: organisation, accounts, tax rates, tracking, currencies."""
        organisation_id = self.book.organisation_id if self.book else None
        organisation = parsing.parse_organisation(
            (await self._get(reading.settings("Organisation"))).body, organisation_id
        )
        base = organisation.currency if organisation else None
        return Choices(
            organisation=organisation,
            accounts=parsing.parse_accounts((await self._get(reading.settings("Accounts"))).body),
            tax_rates=parsing.parse_tax_rates((await self._get(reading.settings("TaxRates"))).body),
            tracking=parsing.parse_tracking((await self._get(reading.settings("TrackingCategories"))).body),
            currencies=parsing.parse_currencies((await self._get(reading.settings("Currencies"))).body, base),
        )

    async def disconnect(self) -> None:
        """``DELETE /connections/{id}``: ends this organisation's connection alone; one that is gone is fine."""
        organisation = self.book.choices.organisation if self.book else None
        wanted = self.book.organisation_id if self.book else None
        connection = organisation.connection_id if organisation else None
        if connection is None and wanted:
            response = await self._get(reading.connections(), organisation=False)
            found = parsing.parse_connections(response.body)
            connection = next((one.connection_id for one in found if one.id == wanted), None)
        if connection is None:
            return
        response = await self.http.send(reading.disconnection(connection), organisation=False)
        if response.status not in (204, 404):
            reading.check(response)
