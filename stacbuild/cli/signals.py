"""SIGTERM as an exception, so that a build can end as cleanly as after Ctrl-C. The standard library only."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Terminated(BaseException):
    """Somebody asked the process to end; a BaseException, since no `except Exception` may swallow it."""


@contextmanager
def terminated() -> Iterator[None]:
    """Raise `Terminated` at the first SIGTERM; later ones are ignored, the end is on its way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, _ignore)
    raise Terminated


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing; a function, because a worker would inherit SIG_IGN."""
