"""The same seed gives the same bytes, for ever: the golden digest stands here."""

from __future__ import annotations

import decimal
import os
import subprocess
import sys
from collections import Counter
from datetime import date

from hub.testing.year import TINY, generate, minster_yard
from hub.testing.year.dice import Dice, shuffled

ANCHOR = date(2026, 6, 30)
GOLDEN = "71ad1b7bdc99c65fe27b187a485c8fd2ef3860b745e360b72dee2c80d54a8ed3"
GOLDEN_YORK = "0b4f560fc8fffc27e9170682b617ae655621d30225a16e9fd2d8808f3c028f07"


def test_golden_digest() -> None:
    assert generate("demo", ANCHOR).digest() == GOLDEN


def test_golden_digest_of_york() -> None:
    assert minster_yard("demo", ANCHOR).digest() == GOLDEN_YORK


def test_another_seed_gives_other_bytes() -> None:
    assert generate("demo", ANCHOR).ndjson() != generate("demo2", ANCHOR).ndjson()
    assert minster_yard("demo", ANCHOR).ndjson() != minster_yard("demo2", ANCHOR).ndjson()


def test_any_day_of_the_month_is_the_same_anchor() -> None:
    assert generate("demo", date(2026, 6, 2)) == generate("demo", ANCHOR)


def test_another_anchor_moves_the_year() -> None:
    made = generate("demo", date(2024, 2, 29))
    assert (made.first_day, made.last_day) == (date(2023, 3, 1), date(2024, 2, 29))
    days = [record["issued_on"] for record in made.of_type("invoice")]
    assert days == sorted(days)
    assert "2023-03-01" <= days[0] <= days[-1] <= "2024-02-29"


def test_bytes_do_not_depend_on_hash_randomisation_nor_on_the_process() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-m", "hub.testing.year"],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            timeout=60,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert runs == [generate("demo", ANCHOR).ndjson()] * 2


def test_bytes_do_not_depend_on_the_callers_decimal_context() -> None:
    with decimal.localcontext(prec=6, rounding=decimal.ROUND_DOWN):
        rough = [generate("demo", ANCHOR).digest(), minster_yard("demo", ANCHOR).digest()]
        tiny = {key: make("demo", ANCHOR).digest() for key, make in TINY.items()}
    assert rough == [GOLDEN, GOLDEN_YORK]
    assert tiny == {key: make("demo", ANCHOR).digest() for key, make in TINY.items()}


def test_every_seed_fills_every_quota_with_the_same_outcomes() -> None:
    found = [
        Counter((item.state, item.reason) for item in generate(str(n), ANCHOR).expected if item.type == "invoice")
        for n in range(10)
    ]
    assert found == [found[0]] * 10


def test_a_shuffle_does_not_depend_on_the_order_it_is_given() -> None:
    assert shuffled("s", "e", ["a", "b", "c"]) == shuffled("s", "e", ["c", "a", "b"])


def test_values_of_one_field_do_not_depend_on_other_fields() -> None:
    dice = Dice("s", "contact", 7)
    alone = Dice("s", "contact", 7).number("name")
    dice.number("email")
    assert dice.number("name") == alone
    assert len({dice.number("name"), dice.number("email"), Dice("s", "contact", 8).number("name")}) == 3
