"""``python -m corticolimbic``."""

import sys

from corticolimbic.cli import main

if __name__ == "__main__":
    sys.exit(main())
