"""``python -m hub.testing.year [--expected] [SEED]``: the demo's year as NDJSON on standard output.

With ``--expected`` it is what must come out, one line a record and act, for the year and for the troubles.
"""

from __future__ import annotations

import dataclasses
import sys
from datetime import date

from hub.testing.year import demo_expectations, generate
from hub.testing.year.values import ndjson_line

DEMO_SEED, DEMO_ANCHOR = "demo", date(2026, 6, 30)


def main(arguments: list[str]) -> bytes:
    """What is written for the command line *arguments*."""
    seeds = [one for one in arguments if one != "--expected"]
    seed = seeds[0] if seeds else DEMO_SEED
    if "--expected" not in arguments:
        return generate(seed, DEMO_ANCHOR).ndjson()
    return b"".join(ndjson_line(dataclasses.asdict(one)) for one in demo_expectations(seed, DEMO_ANCHOR))


if __name__ == "__main__":
    sys.stdout.buffer.write(main(sys.argv[1:]))
