"""``python -m hub.testing.year [SEED]``: the demo's year as NDJSON on standard output."""

from __future__ import annotations

import sys
from datetime import date

from hub.testing.year import generate

DEMO_SEED, DEMO_ANCHOR = "demo", date(2026, 6, 30)

if __name__ == "__main__":
    seed = sys.argv[1] if len(sys.argv) > 1 else DEMO_SEED
    sys.stdout.buffer.write(generate(seed, DEMO_ANCHOR).ndjson())
