"""The two pages that people see: consent, and the sandbox's own front page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.grants import Pending

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;background:#f3f5f8;color:#1c2733;margin:0;padding:2rem}
main{max-width:34rem;margin:0 auto;background:#fff;border-radius:.75rem;padding:2rem;box-shadow:0 1px 8px #0002}
main.wide{max-width:64rem}h1{font-size:1.4rem;margin-top:0}label{display:block;padding:.4rem 0}
button{font:inherit;padding:.6rem 1.2rem;border-radius:.4rem;border:1px solid #0b7a75;cursor:pointer;margin-right:.5rem}
button[value=allow]{background:#0b7a75;color:#fff}button[value=cancel]{background:#fff;color:#1c2733}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}
code{background:#eef1f4;padding:0 .25rem;border-radius:.2rem}.note{color:#5b6773;font-size:.9rem}
"""


def _page(title: str, body: str, *, is_wide: bool = False) -> str:
    kind = ' class="wide"' if is_wide else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main{kind}><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def consent_page(
    pending: Pending, *, app_name: str, organisations: Sequence[Books], users: Mapping[str, str], is_bulk: bool
) -> str:
    """The form in which a person allows access: one organisation, or several with *is_bulk*. FACTS 1.4 [O*]."""
    kind = "checkbox" if is_bulk else "radio"
    choices = "".join(
        f'<label><input type="{kind}" name="organisation" value="{escape(one.id)}"'
        f"{' checked' if index == 0 else ''}> {escape(one.name)} <span class=note>{escape(one.country)},"
        f" {escape(one.currency)}</span></label>"
        for index, one in enumerate(organisations)
    )
    people = "".join(f'<option value="{escape(key)}">{escape(name)}</option>' for key, name in users.items())
    who = f'<label>Signed in as <select name="user">{people}</select></label>'
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in pending.scopes)
    return _page(
        f"{app_name} wants access to:",
        f'<form method="post" action="authorize"><input type="hidden" name="consent" value="{escape(pending.id)}">'
        f"<fieldset><legend>Organisation</legend>{choices}</fieldset>{who}"
        f"<details><summary>What it may do</summary><ul>{scopes}</ul></details>"
        '<p><button name="action" value="allow">Allow access</button>'
        '<button name="action" value="cancel">Cancel</button></p></form>'
        '<p class="note">This is a sandbox that stands in for Xero. Nothing here reaches a real organisation.</p>',
    )


def error_page(message: str) -> str:
    """What a person sees when the app's request cannot be trusted."""
    return _page("Sorry, something went wrong", f"<p>{escape(message)}</p>")


def front_page(organisations: Sequence[Books], facts: Mapping[str, object], routes: Sequence[tuple[str, str]]) -> str:
    """The sandbox's own page: its organisations, its counters, its control endpoints."""
    rows = "".join(
        f"<tr><td>{escape(one.name)}</td><td><code>{escape(one.id)}</code></td><td>{escape(one.currency)}</td>"
        f"<td>{len(one.ledger.contacts)}</td><td>{len(one.ledger.invoices)}</td>"
        f"<td>{len(one.ledger.credit_notes)}</td><td>{len(one.ledger.payments)}</td></tr>"
        for one in organisations
    )
    counts = "".join(f"<tr><td>{escape(key)}</td><td>{escape(str(value))}</td></tr>" for key, value in facts.items())
    ways = "".join(f"<tr><td><code>{escape(route)}</code></td><td>{escape(what)}</td></tr>" for route, what in routes)
    return _page(
        "Xero sandbox",
        "<table><tr><th>Organisation</th><th>Tenant id</th><th>Currency</th><th>Contacts</th><th>Invoices</th>"
        f"<th>Credit notes</th><th>Payments</th></tr>{rows}</table>"
        f"<h2>Calls</h2><table>{counts}</table><h2>Control</h2><table>{ways}</table>",
        is_wide=True,
    )
