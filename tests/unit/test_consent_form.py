"""Walking a consent without a browser: the form goes back as it stands, or with what was chosen."""

from __future__ import annotations

import pytest

from hub.client import ConsentForm

PAGE = (
    '<form method="post" action="authorize"><input type="hidden" name="consent" value="c-1">'
    '<label><input type="radio" name="organisation" value="o-1" checked> Harbour <span>AU, AUD</span></label>'
    '<label><input type="radio" name="organisation" value="o-2"> Tidemark <span>AU, AUD</span></label>'
    '<button name="action" value="allow">Allow</button><button name="action" value="cancel">Cancel</button></form>'
)


@pytest.mark.parametrize(("choose", "organisation"), [("", "o-1"), ("Harbour", "o-1"), ("Tidemark", "o-2")])
def test_what_is_ticked_goes_back_unless_something_else_is_chosen(choose: str, organisation: str) -> None:
    form = ConsentForm(choose)
    form.feed(PAGE)
    assert (form.action, form.fields) == (
        "authorize",
        {"consent": "c-1", "organisation": organisation, "action": "allow"},
    )
