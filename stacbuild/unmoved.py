"""Which files of an output are as they shall be and need not be named: those of collections in which little moved.

Answers what an output asks before it names its files, and notes which rows stay for it. Never touches the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from stacbuild.held import Inspected
from stacbuild.outputs.base import Item, Wanted
from stacbuild.revision import Revision


class Unmoved:
    """What one output holds; `kept` are the files that were found to stay."""

    def __init__(self, before: Inspected, rows: Revision, in_place: Mapping[str, Sequence[Item]]) -> None:
        """Begin with no file found.

        Args:
            before: what it held, and what of that is not as it was.
            rows: where it is noted which rows stay.
            in_place: collection → its items that moved, where nothing else did since the output was as it should be.
        """
        self._before, self._rows, self._in_place = before, rows, in_place
        self.kept = 0

    def unmoved(self, document: Wanted, folder: str) -> bool:
        """Tell whether all files below a folder are as they shall be, as `document` says that moves when they do."""
        if self._before.restored:
            return False
        found = self._before.rows.find(document.path)
        return found is not None and found.want == document.want and self.stay(folder)

    def moved(self, collection: str) -> Sequence[Item] | None:
        """Return the items of a collection that moved, if nothing else did."""
        return self._in_place.get(collection)

    def digest(self, path: str) -> bytes | None:
        """Return the SHA-256 of a file, or None if the output does not hold it as it was delivered."""
        found = self._before.rows.find(path)
        return None if found is None or path in self._before.bad else found.digest

    def stay(self, folder: str) -> bool:
        """Note that the files below a folder stay; False: it is not known of all that they are as they were."""
        if any(path.startswith(folder) for path in (*self._before.bad, *self._before.stats)):
            return False
        count = self._rows.stay_below(folder)
        self.kept += count or 0
        return count is not None

    def stay_but(self, paths: Collection[str]) -> bool:
        """Note that all files stay but some; False: it is not known of all that they are as they were."""
        before = self._before
        if before.restored or before.bad or before.stats or any(self.digest(path) is None for path in paths):
            return False
        count = self._rows.stay_all()
        self.kept += count or 0
        return count is not None
