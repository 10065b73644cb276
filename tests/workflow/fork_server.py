"""Starts commands as processes of their own, without the seconds of importing: one JSON list a line on stdin.

Answers each with the process' id (which is also its group's), and with its exit code once it ended.
"""

from __future__ import annotations

import json
import os
import sys


def serve() -> None:
    """Answer until stdin ends."""
    # What a run imports on its way, so that the moments of killing fall into its work.
    import matplotlib.backends.backend_svg
    import matplotlib.figure
    import matplotlib.patches  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.covariance  # noqa: F401

    import corticolimbic.report
    import corticolimbic.workflow  # noqa: F401
    from corticolimbic.cli import main

    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            code = 1
            try:
                code = main(json.loads(line))
            finally:
                os._exit(code)
        os.setpgid(child, child)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":  # worker processes import this file
    serve()
