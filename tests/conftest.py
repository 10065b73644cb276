"""Where tests find real data."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data, or skip with the reason."""
    named = os.environ.get("CORTICOLIMBIC_SHARED_DATA")
    folder = Path(named) if named else Path(__file__).parents[1] / ".." / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real data: neither CORTICOLIMBIC_SHARED_DATA nor ../shared/data is a folder")
    return folder.resolve()
