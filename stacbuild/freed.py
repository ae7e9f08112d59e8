"""Gives memory that is free back to the machine.

C's allocator gives back what is free at the end of its heap. What was held for every item, and let go of, lies below
what is held still: pieces of a few KB, which it would keep as long as the process lives.
"""

from __future__ import annotations

import contextlib


def give_back() -> None:
    """Give back what is free in the heap; where C's library cannot (it is not glibc) it stays as it is."""
    import ctypes  # noqa: PLC0415  a no-op never gets here

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
