"""Settings: what a gallery chooses for its Xero webservice, and what the operator sets once (``HUB_XERO__...``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal
from urllib.parse import urlsplit

import pydantic
from email_validator import EmailNotValidError, validate_email

from hub import Fault, FormError, Settings

DEFAULT_PREFIX = "AG"
_PREFIX = re.compile(r"[A-Za-z0-9/_-]{1,20}")
DEFAULT_SCOPES = "offline_access accounting.invoices accounting.payments accounting.contacts accounting.settings.read"


class XeroSettings(Settings):
    """What a gallery chooses; names and defaults are fixed (DESIGN section 6)."""

    invoice_prefix: str = pydantic.Field(
        default=DEFAULT_PREFIX,
        title="Invoice prefix",
        description="Put before invoice numbers: invoice 1234 becomes AG-1234 in Xero. Blank means AG. A change counts "
        "for invoices that are not in Xero yet.",
    )
    admin_email: str | None = pydantic.Field(
        default=None,
        title="Admin email",
        description="Where messages about this webservice go, if not to the gallery's own address. May stay blank.",
    )
    scheduled: bool = pydantic.Field(
        default=False,
        title="Enable scheduled sync",
        description="Run in the background by itself. Otherwise the sync runs only when you start it.",
    )
    on_change: bool = pydantic.Field(
        default=True,
        title="Send changes at once",
        description="With the scheduled sync: a change is sent about ten seconds after things go quiet.",
        json_schema_extra={"more": True},
    )
    interval_minutes: int = pydantic.Field(
        default=60,
        ge=1,
        le=10_080,
        title="Minutes between scheduled runs",
        description="How often Xero is asked for payments. Each run costs at least one call of the day's budget.",
        json_schema_extra={"more": True},
    )
    import_contacts: bool = pydantic.Field(
        default=False,
        title="Import all Xero contacts",
        description="Copy the existing contacts from Xero to the gallery, once. Repeating it makes no duplicates.",
    )
    copy_existing: bool = pydantic.Field(
        default=False,
        title="Copy all existing invoices and associated contacts to Xero",
        description="Send existing invoices too. Without this or a date below, only those made from now on are sent.",
    )
    sync_from: date | None = pydantic.Field(
        default=None,
        strict=True,
        title="Sync from date",
        description="Invoices issued on or after this day are sent, earlier ones never. May lie in the past or future.",
    )
    window_days: int | None = pydantic.Field(
        default=14,
        ge=1,
        le=3650,
        title="Days to look back",
        description="Invoices last changed longer before the last run are left out and listed. Blank means no limit.",
        json_schema_extra={"more": True},
    )
    invoice_status: Literal["AUTHORISED", "DRAFT"] = pydantic.Field(
        default="AUTHORISED",
        title="Invoices arrive as",
        description="Approved: ready for payments. Draft: somebody approves each one in Xero first.",
        json_schema_extra={"labels": {"AUTHORISED": "Approved", "DRAFT": "Draft"}, "more": True},
    )
    rounding: Literal["tax_adjust", "rounding_line", "strict"] = pydantic.Field(
        default="tax_adjust",
        title="Rounding",
        description="Where the cent goes when tax-exclusive lines cannot reach a total: into the tax of a line, "
        "into a rounding line of its own, or nowhere.",
        json_schema_extra={
            "labels": {
                "tax_adjust": "Into the tax of a line",
                "rounding_line": "Into a rounding line of its own",
                "strict": "Nowhere: the invoice is held",
            },
            "more": True,
        },
    )
    duplicate_names: Literal["hold", "suffix"] = pydantic.Field(
        default="hold",
        title="When a contact's name is taken in Xero",
        description="The invoice waits for a person, or a second contact is made with its number in the name.",
        json_schema_extra={"labels": {"hold": "A person decides", "suffix": "Make a second contact"}, "more": True},
    )
    bad_email: Literal["omit", "hold"] = pydantic.Field(
        default="omit",
        title="When an e-mail address is not valid",
        description="The contact goes without it, and a note says so; or it waits for a correction.",
        json_schema_extra={
            "labels": {"omit": "Send the contact without it", "hold": "Wait for a correction"},
            "more": True,
        },
    )

    @pydantic.field_validator("invoice_prefix", mode="before")
    @classmethod
    def _blank_prefix(cls, value: Any) -> Any:
        """Blank means the default (help article); null too."""
        return DEFAULT_PREFIX if value is None or (isinstance(value, str) and not value.strip()) else value

    @pydantic.field_validator("invoice_prefix")
    @classmethod
    def _check_prefix(cls, value: str) -> str:
        if not _PREFIX.fullmatch(value):
            raise ValueError("1 to 20 of the letters A-Z and a-z, digits, /, _ and - are needed")
        return value

    @pydantic.field_validator("admin_email", mode="before")
    @classmethod
    def _blank_email(cls, value: Any) -> Any:
        return None if isinstance(value, str) and not value.strip() else value

    @pydantic.field_validator("admin_email")
    @classmethod
    def _check_email(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            return validate_email(value.strip(), check_deliverability=False, test_environment=True).normalized
        except EmailNotValidError as error:
            raise ValueError(f"this is no e-mail address: {error}") from error

    @pydantic.field_validator("window_days", mode="before")
    @classmethod
    def _blank_is_none(cls, value: Any) -> Any:
        """A form sends an empty field for "not set"."""
        return None if value == "" else value

    @pydantic.field_validator("sync_from", mode="before")
    @classmethod
    def _parse_day(cls, value: Any) -> Any:
        """Blank means "not set"; a day is ``YYYY-MM-DD``, never a number (pydantic would take it for a time stamp)."""
        if value == "":
            return None
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError as error:
                raise ValueError("a date as YYYY-MM-DD is needed") from error
        return value


class XeroConfig(pydantic.BaseModel):
    """The operator's part: the app's credentials, where Xero is, and the limits of its plan."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    client_id: str = ""
    client_secret: pydantic.SecretStr = pydantic.SecretStr("")
    scopes: str = DEFAULT_SCOPES
    login_url: str = "https://login.xero.com"
    identity_url: str = "https://identity.xero.com"
    api_url: str = "https://api.xero.com"
    per_minute: int = pydantic.Field(default=60, ge=1)
    per_day: int = pydantic.Field(default=5000, ge=1)
    webhook_key: pydantic.SecretStr = pydantic.SecretStr("")

    @pydantic.field_validator("login_url", "identity_url", "api_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("an absolute http or https address is needed")
        return value.rstrip("/")

    @pydantic.field_validator("scopes")
    @classmethod
    def _check_scopes(cls, value: str) -> str:
        scopes = value.split()
        if "offline_access" not in scopes:
            raise ValueError("offline_access is needed: without it there is no refresh token")
        return " ".join(scopes)

    @property
    def webhook_keys(self) -> tuple[str, ...]:
        """The signing keys that are accepted, several while one replaces another."""
        return tuple(key for part in self.webhook_key.get_secret_value().split(",") if (key := part.strip()))


def parse_config(config: Mapping[str, Any]) -> XeroConfig:
    """The operator's section as checked values. Raises FormError with every fault, secrets left out."""
    try:
        return XeroConfig.model_validate(dict(config))
    except pydantic.ValidationError as error:
        faults = [Fault("xero." + ".".join(str(part) for part in one["loc"]), one["msg"]) for one in error.errors()]
        raise FormError(faults, title="The settings of the Xero plugin have faults") from None
