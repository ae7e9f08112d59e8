"""Brings a file output to the planned state: what differs is written beside and renamed, what is not wanted removed.

Order: intents, data, sub-catalogs, collections, root, removals the other way, manifest. A reader never sees half a
file, nor a document that links to a file that is not there. Never decides what an item is.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from stacbuild import files, keys, manifest
from stacbuild.delivered import NO_WANT, STAMP, Delivered
from stacbuild.failures import Problem, SurroundingsError
from stacbuild.files import NO_STAT
from stacbuild.held import Inspected, of_rows
from stacbuild.intents import Intents
from stacbuild.making import Made, make
from stacbuild.model import LeftOut
from stacbuild.outputs.base import Item, Output, Sparing, View, Wanted
from stacbuild.parts import Former, Remembered
from stacbuild.pending import Pending
from stacbuild.removing import Kept, remove_files
from stacbuild.revision import Revision
from stacbuild.sheets import Found, Ledger, Writer, ledger_of
from stacbuild.unmoved import Unmoved

Only = Callable[[Wanted], bool]
"""Whether a targeted build is to touch a file."""

Told = Callable[[int, int], None]
"""Is told how many of how many files are brought."""

Elsewhere = Callable[[], Kept]
"""Gives the files that any output held before this build."""

Known = Callable[[bytes], bytes | None]
"""Gives, by the key of a file of many items, the SHA-256 of its bytes; None: nobody knows."""


class Delivery(Struct):
    """What came of delivering an output: counts of files, its rows, and which items were put anew."""

    rows: Ledger
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    adopted: int = 0
    anew: dict[str, set[str] | None] = {}
    """Collection → ids of the items put anew; None: all of them."""
    left: dict[str, list[LeftOut]] = {}
    """File → the items that it cannot hold."""
    touched: bool = False
    """Anything about the rows is new and has to be remembered."""
    folders: set[str] = set()
    """Folders in which a row is another than before."""
    manifest: list[bytes] | None = None
    """What the parts of its manifest are known by; None: they stand as they were."""
    made: list[tuple[bytes, bytes]] = []
    """Key and SHA-256 of each file that was written and holds all of many items."""
    parts: dict[str, Remembered] | None = None
    """File of many items → its parts; None: no such file was made, and what is remembered of them stands."""


class Deliverer:
    """Delivers one output."""

    def __init__(
        self,
        output: Output,
        view: View,
        intents: Intents,
        before: Inspected | None,
        sheets: Writer,
        *,
        adopt: bool,
        only: Only | None = None,
        elsewhere: Elsewhere = frozenset,
        left: dict[str, list[LeftOut]] | None = None,
        known: Known = lambda _: None,
        parts: Callable[[], dict[str, Remembered]] = dict,
        manifest_marks: Sequence[bytes] = (),
        in_place: Mapping[str, Sequence[Item]] | None = None,
    ) -> None:
        self._output, self._view, self._intents, self._adopt = output, view, intents, adopt
        self._only, self._elsewhere, self._known = only, elsewhere, known
        self._parts_before = functools.cache(parts)
        self._pending: list[str] = []
        """Paths that were not as wanted."""
        self._left: list[Wanted] = []
        """Files that are still to be brought, the last first: as rows come, wants go."""
        self._touched: dict[str, set[str]] = {}
        self._all_anew = False
        self._gone: list[str] = []
        self._renewed: list[str] = []
        """Paths whose bytes are not those that were delivered before."""
        self._before = before or of_rows(ledger_of(Delivered([], b"", b"", b"")))
        self._ours = intents.ours(output.base)
        self._rows = Revision(self._before.rows)
        self._sheets, self._marks, self._in_place = sheets, manifest_marks, in_place or {}
        self._top = f"{output.base}/"
        self.delivery = Delivery(self._before.rows, anew={}, left=dict(left or {}))

    def begin(self, touched: dict[str, set[str]], *, all_anew: bool) -> None:
        """Find out what is to be done, and write down that it is about to be.

        Args:
            touched: collection → ids whose bytes are new since this output was last delivered.
            all_anew: the output's own settings moved, so that every item in it is put anew.
        """
        self._touched, self._all_anew = touched, all_anew
        pending = self._sort_out()
        self._refuse_foreign(pending)
        self._gone = self._rows.leave()
        self._pending = [wanted.path for wanted in pending]
        if pending or self._gone:
            parts = manifest.paths(self._output.name, self._rows.count + len(pending))
            self._intents.note(self._output.base, self._pending + self._gone + parts)
        self._left = pending[::-1]

    @property
    def output(self) -> Output:
        """What it delivers."""
        return self._output

    def large(self) -> list[Wanted]:
        """Return the files of many items that are to be brought; others can write them, and this put them."""
        return [wanted for wanted in reversed(self._left) if wanted.many]

    def former(self, wanted: Wanted) -> Former | None:
        """Return the parts of the file that stands in the place of one of many items, if it is as it was delivered."""
        found = self._before.rows.find(wanted.path)
        if found is None or wanted.path in self._before.bad:
            return None
        known = self._parts_before().get(wanted.path)
        if known is None or known.digest != found.digest:
            return None
        return Former(self._stat(found, wanted.path), known.parts)

    def moved(self, wanted: Wanted) -> int | None:
        """Return about how many items of a file of many are new in it; None: all, for all that is known."""
        if self._all_anew or self.former(wanted) is None:
            return None
        names = [wanted.collection] if wanted.collection else self._output.takes(self._view.names())
        return sum(len(self._touched.get(name, ())) for name in names)

    def put(self, written: Iterator[tuple[Wanted, Made]], told: Told) -> None:
        """Put files that stand beside their places; `told` as in `run`."""
        put: set[str] = set()
        for wanted, made in written:
            self._put(wanted, made)
            put.add(wanted.path)
            told(len(put), len(self._pending))
        self._left = [wanted for wanted in self._left if wanted.path not in put]

    def run(self, told: Told) -> Delivery:
        """Bring every file that shall be and is not yet, and return what came of it; `finish` removes what shall not.

        Args:
            told: is called with how many of how many files are brought.
        """
        while self._left:
            wanted = self._left.pop()
            self._put(wanted, self._attempt(wanted))
            told(len(self._pending) - len(self._left), len(self._pending))
        self._note_rows()
        return self.delivery

    def finish(self, kept: Kept, *, sure: bool = False) -> None:
        """Remove what shall not be and bring the manifest to what is.

        Args:
            kept: files that other outputs hold now.
            sure: look into the manifest, whether it says what it shall.
        """
        untouched = frozenset(path for path in self._gone if path not in self._before.bad)
        self.delivery.removed = remove_files(self._output.base, self._gone, kept, untouched)
        if self._changed() or (
            self.delivery.touched and not manifest.folder(self._output.base, self._output.name).is_dir()
        ):
            self.delivery.manifest = self._tell_manifest(sure=sure)
            files.remove_empty([self._output.base], self._output.base)
        elif sure and self._manifest_is_wrong():
            self.delivery.manifest = self._tell_manifest(sure=True)

    def _tell_manifest(self, *, sure: bool) -> list[bytes]:
        """Bring the manifest to what is; where a build was killed it may say anything, and is written whole."""
        rows, known = self.delivery.rows, None
        if not (sure or self._before.restored or self._ours):
            told = {path: _manifest_row(path, found) for path in self._renewed if (found := rows.find(path))}
            told |= dict.fromkeys(self._gone)
            known = manifest.edit(self._output.base, self._output.name, self._marks, told, rows.count)
        rows.let_go()
        return write_manifest(self._output, rows.whole()) if known is None else known

    def _manifest_is_wrong(self) -> bool:
        rows = self.delivery.rows.whole()
        shall = manifest.wrong(
            self._output.base, self._output.name, rows.paths, lambda number: manifest_row(rows, number)
        )
        return any(True for _ in shall)

    # --- what is to be done

    def _sort_out(self) -> list[Wanted]:
        """Return the files to be written in order; those that are as wanted are counted and kept."""
        pending = Pending()
        for wanted in self._files():
            found = self._before.rows.find(wanted.path)
            if found is not None and self._rows.stay(found):
                self.delivery.unchanged -= 1
            if found is not None and wanted.path not in self._before.bad and self._is_as_wanted(wanted, found):
                self._leave_alone(wanted, found)
            elif found is None or self._only is None or self._only(wanted):
                pending.add(wanted)
            else:
                self._leave_open(wanted, found)
        return pending.in_order()

    def _leave_open(self, wanted: Wanted, found: Found) -> None:
        """Note that it is not known what a file was made from that stays as it is; more may be known of its stat."""
        stat = self._stat(found, wanted.path)
        if (stat, NO_WANT) != (found.stat, found.want):
            self._rows.put(wanted.path, stat, found.digest, NO_WANT)

    def _leave_alone(self, wanted: Wanted, found: Found) -> None:
        """Count a file that is as it shall be; its row is another where more is known than it says."""
        stat = self._stat(found, wanted.path)
        if (stat, wanted.want) != (found.stat, found.want):
            self._keep(wanted, found.digest, stat)
        self.delivery.unchanged += 1

    def _files(self) -> Iterator[Wanted]:
        """Return the files that shall be; those that are known to be as they shall are counted and kept unseen."""
        if not isinstance(self._output, Sparing):
            yield from self._output.files(self._view)
            return
        unmoved = Unmoved(self._before, self._rows, self._in_place)
        yield from self._output.files_but(self._view, unmoved)
        self.delivery.unchanged += unmoved.kept

    def _is_as_wanted(self, wanted: Wanted, found: Found) -> bool:
        """Tell whether a file is made from what it shall be; with the memory lost the store knows its bytes."""
        if not self._before.restored or not wanted.many:
            return found.want == wanted.want
        return self._known(self._key(wanted)) == found.digest

    def _key(self, wanted: Wanted) -> bytes:
        """Return the key of a file of many items: all that decides its bytes, and whose it is."""
        output = self._output
        return keys.join(b"file", output.name.encode(), output.settings, wanted.path.encode(), wanted.want)

    def _keep(self, wanted: Wanted, digest: bytes, stat: bytes) -> None:
        self._rows.put(wanted.path, stat, digest, wanted.want)

    def _stat(self, found: Found, path: str) -> bytes:
        return self._before.stats.get(path) or found.stat

    def _refuse_foreign(self, pending: list[Wanted]) -> None:
        """Raise if a file that is not ours is in the way and is not what would be written there."""
        absent: dict[str, bool] = {}
        for wanted in pending:
            path = self._top + wanted.path
            above = path.rpartition("/")[0].rpartition("/")[0]
            if above not in absent:
                absent[above] = not os.path.lexists(above)
            if absent[above] or self._before.rows.find(wanted.path) is not None or wanted.path in self._ours:
                continue
            if not os.path.lexists(path) or (
                self._elsewhere is not None and os.path.normpath(path) in self._elsewhere()
            ):
                continue
            if self._adopt and not os.path.isdir(path):  # noqa: PTH112
                continue
            attempt = None if os.path.isdir(path) else self._attempt(wanted).attempt  # noqa: PTH112
            if attempt is None or files.digest_of(path) != attempt.digest:
                if attempt is not None:
                    files.drop(attempt)
                raise _in_the_way(path)
            files.drop(attempt)

    # --- doing it

    def _attempt(self, wanted: Wanted) -> Made:
        """Write a file beside its place."""
        return make(self._output, self._view, wanted, self.former(wanted) if wanted.many else None)

    def _put(self, wanted: Wanted, made: Made) -> None:
        attempt, left = made.attempt, made.left
        if len(made.parts):
            self.delivery.parts = self.delivery.parts or dict(self._parts_before())
            self.delivery.parts[wanted.path] = Remembered(attempt.digest, made.parts)
        path = self._top + wanted.path
        found = self._before.rows.find(wanted.path)
        self.delivery.left.pop(wanted.path, None)
        if left:
            self.delivery.left[wanted.path] = left
        elif wanted.many:
            self.delivery.made.append((self._key(wanted), attempt.digest))
        if found is None or found.digest != attempt.digest or wanted.path in self._before.bad:
            self._renewed.append(wanted.path)
        here = self._here(wanted.path, found)
        if here == attempt.digest:
            files.drop(attempt)
            self._keep(wanted, attempt.digest, files.stat_of(path) or NO_STAT)
            self.delivery.unchanged += 1
            self.delivery.adopted += found is None
            return
        stat = files.put(attempt, path)
        self._keep(wanted, attempt.digest, stat)
        self.delivery.written += 1
        self._note_anew(wanted, everything=self._all_anew or found is None or wanted.path in self._before.bad)

    def _here(self, path: str, found: Found | None) -> bytes | None:
        """Return the digest of what stands at `path` now, None if nothing or nothing known does."""
        if found is not None and path not in self._before.bad:
            return found.digest
        return files.digest_of(self._top + path) if found is None else None

    def _note_anew(self, wanted: Wanted, *, everything: bool) -> None:
        anew, touched = self.delivery.anew, self._touched
        everything = everything or self._before.restored
        if wanted.item is not None:
            _add(anew, wanted.collection, {wanted.item.id} if self._before.rows.count else None)
        elif wanted.part is not None:
            for name, ids in wanted.part.items():
                _add(anew, name, set(ids) if everything else touched.get(name, set()).intersection(ids))
        elif wanted.many:
            for name in [wanted.collection] if wanted.collection else self._output.takes(self._view.names()):
                _add(anew, name, None if everything else touched.get(name, set()))

    def _changed(self) -> bool:
        done = self.delivery.written or self.delivery.adopted or self._gone
        return bool(done or self._before.restored or self._before.stats)

    def _note_rows(self) -> None:
        self.delivery.touched = self._changed() or bool(self._pending)
        if not self.delivery.touched:
            return
        self.delivery.rows = self._rows.written(self._sheets)
        self.delivery.folders = self._rows.folders
        self._before.rows.let_go()
        self._forget_left()

    def _forget_left(self) -> None:
        """Forget what files left out, and which parts they had, that are no more."""
        done, find = self.delivery, self.delivery.rows.find
        done.left = {path: left for path, left in done.left.items() if find(path)}
        if done.parts is not None:
            done.parts = {path: parts for path, parts in done.parts.items() if find(path)}
        done.rows.let_go()


def write_manifest(output: Output, rows: Delivered) -> list[bytes]:
    """Write the manifest of what an output holds, and return what its parts are known by."""
    return manifest.write(output.base, output.name, rows.paths, lambda number: manifest_row(rows, number))


def manifest_row(rows: Delivered, number: int) -> manifest.Row:
    """Return what the manifest says of file `number`."""
    return manifest.Row(rows.paths[number], rows.stat(number)[0], rows.digest(number).hex())


def _manifest_row(path: str, found: Found) -> manifest.Row | None:
    return manifest.Row(path, STAMP.unpack(found.stat)[0], found.digest.hex())


def sync() -> None:
    """Make everything that was written durable: one sync a build."""
    with contextlib.suppress(OSError):
        os.sync()


def _add(anew: dict[str, set[str] | None], collection: str, ids: set[str] | None) -> None:
    if ids is None:
        anew[collection] = None
        return
    known = anew.setdefault(collection, set())
    if known is not None:
        known |= ids


def _in_the_way(path: str) -> SurroundingsError:
    kind = "folder" if os.path.isdir(path) else "file"  # noqa: PTH112
    hint = "move it away" if kind == "folder" else "move it away, or let the build take it over with --adopt"
    return SurroundingsError(Problem("SB603", f"{path}: a {kind} that no build wrote is in the way", hint=hint))
