"""Plain records in any number, for load tests and the bench: lazy, flat in memory, fast.

All amounts are whole minor units here (ints), so that a record costs one hash and little arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256

from hub.testing.year.arithmetic import places_of
from hub.testing.year.values import Record

FIRST_DAY = date(2025, 7, 1)
_DAYS = tuple((FIRST_DAY + timedelta(n)).isoformat() for n in range(420))  # to pay in, after the year of issue
_GST: Record = {"type": "tax_code", "id": "gst", "name": "GST 10%", "rate": "10", "kind": "standard", "components": []}
_METHODS = ("bank_transfer", "stripe")


def load_gallery(currency: str = "AUD") -> Record:
    """The gallery the records of `many` belong to."""
    return {
        "type": "gallery",
        "id": "load",
        "name": "Load Test Gallery",
        "country": "AU",
        "currency": currency,
        "timezone": "Australia/Sydney",
    }


def many(seed: str, invoices: int, contacts: int, payments: int, currency: str = "AUD") -> Iterator[Record]:
    """One tax code (``gst``), then *contacts*, then *invoices* in order of issue, each followed by its payments.

    Every record can be synced: issued invoices of 1 to 4 lines, inclusive and exclusive prices mixed, the contacts
    in turn. The payments are spread evenly over the invoices: the only one of an invoice pays it in full or, one
    time in four, a half; several share its total. They go by ``bank_transfer`` and ``stripe``.

    Raises:
        ValueError: There are invoices but no contacts, or more than 400 payments an invoice.
    """
    if invoices and (contacts < 1 or payments > 400 * invoices):
        raise ValueError("every invoice needs a contact, and takes at most 400 payments")
    decimals = places_of(currency)
    yield _GST
    for number in range(1, contacts + 1):
        yield _contact(number)
    done = 0
    for number in range(1, invoices + 1):
        luck = sha256(f"{seed}|many|{number}".encode()).digest()
        day = (number - 1) * 365 // invoices
        lines, total = _lines(luck, number, decimals)
        inclusive = luck[0] % 2 == 0
        yield {
            "type": "invoice",
            "id": f"load-i-{number}",
            "number": str(number),
            "status": "issued",
            "contact_id": f"load-c-{1 + (number - 1) % contacts}",
            "issued_on": _DAYS[day],
            "due_on": _DAYS[day + 30],
            "currency": currency,
            "price_mode": "inclusive" if inclusive else "exclusive",
            "lines": lines,
            "total": _money(total, decimals),
        }
        until = number * payments // invoices
        for part, share in enumerate(_shares(luck, total, until - done), 1):
            yield {
                "type": "payment",
                "id": f"load-p-{number}-{part}",
                "invoice_id": f"load-i-{number}",
                "paid_on": _DAYS[day + min(part, 50)],
                "amount": _money(share, decimals),
                "currency": currency,
                "method": _METHODS[luck[20] % 2],
            }
        done = until


def _contact(number: int) -> Record:
    return {
        "type": "contact",
        "id": f"load-c-{number}",
        "name": f"Load Buyer {number}",
        "first_name": "Load",
        "last_name": f"Buyer {number}",
        "email": f"buyer.{number}@example.com",
        "address": {
            "lines": [f"{number} Wharf Rd"],
            "city": "Sydney",
            "region": "NSW",
            "postcode": "2000",
            "country": "AU",
        },
    }


def _lines(luck: bytes, number: int, decimals: int) -> tuple[list[Record], int]:
    """The lines, and the total they come to."""
    inclusive = luck[0] % 2 == 0
    total = 0
    lines = []
    for position in range(1, 2 + luck[1] % 4):
        price = 4_000 + int.from_bytes(luck[4 * position : 4 * position + 3], "big") % 2_000_000
        quantity = 1 + (luck[4 * position + 3] % 8 == 0)
        base = price * quantity
        total += base if inclusive else base + (base + 5) // 10  # 10 %, halves up
        lines.append(
            {
                "id": str(position),
                "kind": "artwork" if position == 1 else "framing",
                "description": f"Load work {number}, part {position}",
                "quantity": str(quantity),
                "unit_price": _money(price, decimals),
                "tax_code": "gst",
                "ownership": ("consigned" if luck[2] % 2 else "owned") if position == 1 else None,
            }
        )
    return lines, total


def _shares(luck: bytes, total: int, count: int) -> list[int]:
    if count == 1 and luck[3] % 4 == 0:
        return [total // 2]
    return [total * part // count - total * (part - 1) // count for part in range(1, count + 1)]


def _money(units: int, decimals: int) -> str:
    if not decimals:
        return str(units)
    scale = 10**decimals
    return f"{units // scale}.{units % scale:0{decimals}d}"
