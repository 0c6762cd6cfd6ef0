"""A draft as people and the API see it: money as decimal strings."""

from __future__ import annotations

from typing import Any

from hub.domain.drafts import Draft


def render_draft(draft: Draft) -> dict[str, Any]:
    """``{number, currency, date, lines: [...], total, tax, notes, fields}``; amounts are strings, None for contacts."""
    return {
        "number": draft.number,
        "currency": draft.currency,
        "date": None if draft.on is None else draft.on.isoformat(),
        "lines": [
            {
                "description": line.description,
                "quantity": str(line.quantity),
                "unit_amount": str(line.unit_amount),
                "net": str(line.net),
                "tax": str(line.tax),
                "account": line.account,
                "tax_code": line.tax_code,
                "tracking": list(line.tracking),
            }
            for line in draft.lines
        ],
        "total": None if draft.total is None else str(draft.total),
        "tax": None if draft.tax is None else str(draft.tax),
        "notes": list(draft.notes),
        "fields": dict(draft.shown),
    }
