"""Write the long table that visits_reference.R reads: ``python tests/stats/visits_reference.py FILE.csv``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from stats.test_compare_visits import EDGES, LongStudy

if __name__ == "__main__":
    LongStudy().flat(EDGES[0]).to_csv(sys.argv[1], index=False, float_format="%.17g")
