"""Schema errors in words that a person can act on. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from stacbuild.failures import Fault
from stacbuild.stages.paths import pointer


def faults_in(errors: Iterable[Any], url: str) -> Iterator[Fault]:
    """Yield a fault for each error of a validator; of the branches of anyOf and oneOf those that say most."""
    for error in errors:
        yield from _fault(error, url)


def _fault(error: Any, url: str) -> Iterator[Fault]:
    branches = getattr(error.kind, "context", None)
    if branches and error.kind.name in ("anyOf", "oneOf"):
        deepest = max(max((len(e.instance_path) for e in branch), default=0) for branch in branches)
        if deepest > len(error.instance_path):
            best = [b for b in branches if max((len(e.instance_path) for e in b), default=0) == deepest]
            for inner in best[0]:
                yield from _fault(inner, url)
            return
    text = str(error.message)
    if len(text) > 300:
        text = text[:297] + "..."
    yield Fault("validate", "SB301", text, pointer(*(str(part) for part in error.instance_path)), f"schema {url}")
