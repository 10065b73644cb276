"""What the package costs beside named peers: ``make bench`` writes ``results.tsv``.

Both sides run in one process, in turn, with one thread for linear algebra. Figures are medians of processor
seconds (user and system, child processes included), so that a busy machine moves both sides alike. Before
anything is timed, both sides' answers are compared.

Columns: ``job`` (``room: what``), ``ours`` and ``peer`` (s), ``peer_name``, ``ratio`` (ours / peer),
``limit`` (s; the part of the job that nobody can leave out), ``ratio_to_limit`` (ours / limit), ``target``,
``met``, ``memory_mb`` (peak resident memory of a fresh process that does our side once).
"""

from __future__ import annotations

import os

# Before anything imports numpy: more threads spin, and their waiting would count as work.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
