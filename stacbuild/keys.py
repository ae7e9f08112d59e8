"""Every ingredient of a key is visible here. PURE.

    context = SHA-256("stacbuild/1" · stage · revision · canonical bytes of what of the recipe it reads)
    key     = SHA-256(context · digest of what goes in)

Never in a key: where things lie, host, clock, worker count, order of tables, secrets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from stacbuild import canon

FORMAT = b"stacbuild/1"


def join(*parts: bytes) -> bytes:
    """Return the SHA-256 of `parts`, each preceded by its length, so that no two lists of parts read alike."""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)
    return hasher.digest()


def context(stage: str, revision: int, ingredients: dict[str, Any]) -> bytes:
    """Return the digest of what a stage's results depend on besides their input."""
    return join(FORMAT, stage.encode(), str(revision).encode(), canon.encode(ingredients))


def stage_key(context_digest: bytes, input_digest: bytes) -> bytes:
    """Return the key of one result: a context of 32 bytes, an input of 32 bytes."""
    return hashlib.sha256(context_digest + input_digest).digest()


def placed(record_digest: bytes, base: str) -> bytes:
    """Return the input digest of a record whose folder decides where its relative hrefs point."""
    return join(record_digest, base.encode())


def read_key(key: bytes, files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the key of a result that read files, each a path and the SHA-256 of what it held."""
    return join(key, *(part for path, digest in files for part in (path.encode(), digest)))


def settings(value: Any) -> bytes:
    """Return the digest of a part of the recipe, for "is it what it was"."""
    return join(FORMAT, canon.encode(value))
