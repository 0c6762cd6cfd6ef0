"""How one sandbox behaves: limits, lifetimes, and a switch for everything the fact sheet is not sure about."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One sandbox's settings; every duration is in Xero's own (unscaled) seconds.

    A switch marked [U] stands for a point that FACTS calls unverified: a sync must pass under both values.

    ==============================  =======================================  ==================================
    switch (first = default)        values                                   FACTS
    ==============================  =======================================  ==================================
    honour_tax_overrides            True, False                              4.8; DOMAIN 3.4.3 step 10
    automatic_tax                   None (off), a percentage                 DOMAIN 2 [M]: by the buyer's address
    tax_tie                         half_up, half_even                       4.8, DOMAIN 3.4.2 c
    tax_override_limit              None (any), an amount                    13.6
    override_inclusive              False, True                              DOMAIN 0.2
    line_total_tolerance            0, an amount                             4.8, 13.6
    wrong_totals                    refuse, ignore                           4.8
    negative_total_refused          True, False                              4.1
    negative_quantity_refused       True, False                              4.1
    zero_total_paid                 True, False                              4.3
    approval                        granted, submitted, draft, refused       4.3, 13.8
    due_date_required               True, False                              4.2
    void_keeps_amount_due           True, False                              4.3
    voided_number_reusable          False, True                              4.4, 13.4
    paid_editable                   (), field names                          4.5, 13.2
    approved_currency_fixed         True, False                              4.5
    adviser_passes_period_lock      False, True                              4.9
    reference_max                   255, None                                13.13
    contact_number_unique           True, False                              5.1
    country_alphabet                letters_and_spaces, letters_only, any    4.11, 13.1
    name_spaces                     refuse, trim                             5.1
    name_alphabet                   any, bmp (no emoji)                      5.1 is silent; DOMAIN C7
    contact_slots                   by_type, whole                           5.3
    reconciled_payment_deletable    False, True                              6.2, 13.5
    deleted_payments_listed         False, True                              6.5
    allocation_bumps_invoice        True, False                              6.5
    archived_payment_account        not_found, archived                      6.4
    payment_rate_zero               False, True                              6.3
    siblings_survive                True, False                              3.3, 13.11
    summarize_by_default            True, False                              3.3
    nested_errors                   False, True                              3.3
    numeric_strings                 True, False                              7.4
    where_case                      insensitive, sensitive                   5.4
    unchanged_status                200, 304                                 7.1
    summary_pagination              True, False                              7.2, 13.9
    insufficient_scope_status       401, 403                                 1.7
    invalid_client_status           400, 401                                 1.7
    last_disconnect                 forbidden, unauthorized, invalid_grant   1.8, 13.12
    grace_ends_on_use               True, False                              1.3
    retry_kills_first_pair          True, False                              1.3
    broad_scopes_allowed            False, True                              1.5
    settings_read_allowed           True, False                              1.5
    bulk_connect                    False, True                              1.4
    limit_window                    rolling, fixed                           2.1
    short_retry_after               True, False                              2.1 (concurrent, app minute)
    wording                         {}, {text key: other template}           4.10, 13.7
    ==============================  =======================================  ==================================
    """

    # the app and its world
    client_id: str = "sandbox-client"
    client_secret: str | None = "sandbox-secret"  # noqa: S105 - a made-up secret of a stand-in; None = a PKCE app
    app_name: str = "Integration hub"
    redirect_uris: tuple[str, ...] | None = None  # None: any that Xero would let an app register
    clock_factor: float = 1.0  # scales limit windows, idempotency keys, delays; Retry-After stays unscaled
    latency_seconds: float = 0.0  # how long each API call stays in flight, scaled
    gzip: bool = True
    # limits, FACTS 2.1 and 3.1
    per_minute: int = 60
    per_day: int = 5000
    app_per_minute: int = 10_000
    in_flight: int = 5
    limit_window: Literal["rolling", "fixed"] = "rolling"
    short_retry_after: bool = True
    max_body_bytes: int = 3_500_000
    max_url_chars: int = 4000
    # lifetimes, FACTS 1.2, 1.3 and 3.5; tokens live in unscaled time, because `expires_in` says so
    code_seconds: int = 300
    access_token_seconds: int = 1800
    refresh_token_seconds: int = 60 * 86_400
    grace_seconds: int = 1800
    idempotency_seconds: int = 360
    # switches
    honour_tax_overrides: bool = True
    automatic_tax: Decimal | None = None  # what every taxed line bears, whatever its rate and TaxAmount say
    tax_tie: Literal["half_up", "half_even"] = "half_up"
    tax_override_limit: Decimal | None = None
    override_inclusive: bool = False
    line_total_tolerance: Decimal = Decimal(0)
    wrong_totals: Literal["refuse", "ignore"] = "refuse"
    negative_total_refused: bool = True
    negative_quantity_refused: bool = True
    zero_total_paid: bool = True
    approval: Literal["granted", "submitted", "draft", "refused"] = "granted"
    due_date_required: bool = True
    void_keeps_amount_due: bool = True
    voided_number_reusable: bool = False
    paid_editable: tuple[str, ...] = ()
    approved_currency_fixed: bool = True
    adviser_passes_period_lock: bool = False
    reference_max: int | None = 255
    contact_number_unique: bool = True
    country_alphabet: Literal["letters_and_spaces", "letters_only", "any"] = "letters_and_spaces"
    name_spaces: Literal["refuse", "trim"] = "refuse"
    name_alphabet: Literal["any", "bmp"] = "any"
    contact_slots: Literal["by_type", "whole"] = "by_type"
    reconciled_payment_deletable: bool = False
    deleted_payments_listed: bool = False
    allocation_bumps_invoice: bool = True
    archived_payment_account: Literal["not_found", "archived"] = "not_found"
    payment_rate_zero: bool = False
    siblings_survive: bool = True
    summarize_by_default: bool = True
    nested_errors: bool = False
    numeric_strings: bool = True
    where_case: Literal["insensitive", "sensitive"] = "insensitive"
    unchanged_status: Literal[200, 304] = 200
    summary_pagination: bool = True
    insufficient_scope_status: Literal[401, 403] = 401
    invalid_client_status: Literal[400, 401] = 400
    last_disconnect: Literal["forbidden", "unauthorized", "invalid_grant"] = "forbidden"
    grace_ends_on_use: bool = True
    retry_kills_first_pair: bool = True
    broad_scopes_allowed: bool = False
    settings_read_allowed: bool = True
    bulk_connect: bool = False
    wording: Mapping[str, str] = {}
