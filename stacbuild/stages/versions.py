"""Versions of installed libraries, told by the folders that installers leave beside them. Never imports one.

`importlib.metadata` knows too; it takes 20 ms to load, and is asked only where no such folder is found.
"""

from __future__ import annotations

import os
import sys
from functools import cache


@cache
def version(library: str) -> str:
    """Return the version of an installed library."""
    prefix = f"{library.replace('-', '_')}-".lower()
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208  thousands of names, of which one is wanted
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info") and name.lower().startswith(prefix):
                return name[len(prefix) :].removesuffix(".dist-info")
    from importlib import metadata  # noqa: PLC0415  seldom

    return metadata.version(library)


def version_of(library: str) -> str:
    """Return `NAME VERSION` of an installed library."""
    return f"{library} {version(library)}"
