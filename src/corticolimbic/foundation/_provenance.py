"""Provenance: which software made a result."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "nibabel",
    "nilearn",
    "scikit-learn",
    "pydantic",
    "matplotlib",
)


@cache
def package_version() -> str:
    """Return this package's version."""
    try:
        return version("corticolimbic")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0+unknown"


def environment() -> dict[str, str]:
    """Return the versions of Python and of the packages whose code can change a number."""
    found = {"corticolimbic": package_version(), "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
