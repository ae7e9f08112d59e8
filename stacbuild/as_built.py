"""What the memory holds of collections and outputs besides their items: how they were last built. Values only."""

from __future__ import annotations

from msgspec import Struct

from stacbuild.model import LeftOut


class CollectionMemory(Struct, array_like=True):
    """A collection as last built."""

    duplicates: dict[str, list[tuple[str, str, int]]] = {}
    """Ids that several inputs share → source, file and line of each, in the order of precedence."""
    summaries: list[str] = []
    sources: list[str] = []
    """Its `from`: the order decides which of several items of one id is first."""
    on_duplicate: str = "error"


class OutputMemory(Struct, array_like=True):
    """An output as last delivered."""

    kind: str
    path: str
    """Its base folder, relative to the recipe's."""
    settings: bytes
    root: bytes
    """Digest of all that it was made from."""
    file: str
    """Where its delivered rows are."""
    pending: dict[str, list[str]] = {}
    """Items that changed since, because only other outputs were built: collection → ids."""
    count: int = 0
    """Files that it held."""
    left: dict[str, list[LeftOut]] = {}
    """File → the items that it cannot hold."""
    parts: str = ""
    """Where the parts of its files of many items are remembered; "" if they are not."""
    folders: dict[str, bytes] = {}
    """Folders of its files → the mark of these (`held.py`); none where folders have few."""
    sheets: list[str] = []
    """Where the sheets of its delivered rows stand."""
    manifest: list[bytes] = []
    """Of each part of its manifest, what its bytes are known by."""
