"""All outputs of a recipe: which are as they shall be, which are delivered, which are gone from the recipe.

Each is brought to its state by `deliver`; here is decided which, and with what of the items that changed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from stacbuild import manifest, parts_file
from stacbuild.account import Account
from stacbuild.as_built import OutputMemory
from stacbuild.deliver import Deliverer, Delivery, Only
from stacbuild.events import Began, Ended, Progress, Watcher, many
from stacbuild.failures import Problem, UsageError
from stacbuild.files import State
from stacbuild.held import Inspected, folder_marks, inspect
from stacbuild.outputs.base import Item, Output, Wanted
from stacbuild.removing import Kept, clear_up, take_away
from stacbuild.request import Request
from stacbuild.roster import item_of
from stacbuild.row_files import GroupEntry
from stacbuild.settle import Settler
from stacbuild.sheets import Ledger
from stacbuild.targets import Selection
from stacbuild.view import Catalog
from stacbuild.workshop import Workshop
from stacbuild.writing import Due, Writers

FILES_TOLD: Final = 64
"""Files between two events of progress."""

_NAMED: Final = 8
"""Files that a warning names."""


class _Leaving(NamedTuple):
    """What an output holds that is no longer in the recipe, or not there; `edited` are files that somebody changed."""

    name: str
    base: Path
    rows: Ledger
    edited: set[str]


class Outlets:
    """The outputs of one build. `held` is what they held before it."""

    def __init__(
        self, shop: Workshop, request: Request, watch: Watcher, account: Account, held: dict[str, Inspected]
    ) -> None:
        self._shop, self._request, self._watch, self._account, self._held = shop, request, watch, account, held
        self._head = shop.memory.head
        self._deliverers: list[Deliverer] = []
        self._leaving: list[_Leaving] = []
        self._before: Kept | None = None
        self._unfinished: set[str] = set()
        self._steady = {one.name for one in shop.outputs if self._fresh(one, self._head.groups)}
        """Outputs that are as they should be if no item had moved."""

    def fresh(self) -> bool:
        """Tell whether nothing is to be done if no item changes."""
        names = {output.name for output in self._shop.outputs}
        return set(self._head.outputs) == names and all(
            self._fresh(output, self._head.groups) for output in self._shop.outputs
        )

    def _fresh(self, output: Output, entries: list[GroupEntry]) -> bool:
        before = self._head.outputs.get(output.name)
        found = self._held.get(output.name)
        if (
            before is None
            or before.path != self._shop.place(output)
            or (found is None and before.count)
            or before.pending
        ):
            return False
        if found is not None and (found.bad or found.stats or found.restored):
            return False
        return before.root == self._shop.output_root(output, entries)

    def deliver(self, view: Catalog, settler: Settler, writers: Writers) -> dict[str, Delivery | None]:
        """Deliver every output that is not as it shall be; None stands for one that was left alone."""
        self._watch(Began("write"))
        deliveries: dict[str, Delivery | None] = {}
        touched = {name: changes.touched() for name, changes in settler.changes.items()}
        due = {output.name for output in self._shop.outputs if self._due(output, touched, settler)}
        for output in self._shop.outputs:
            if output.name in due:
                self._refuse_unknown(output)
        begun = {
            o.name: self._begun(o, view, touched, self._in_place(o, settler))
            for o in self._shop.outputs
            if o.name in due
        }
        self._let_write(list(begun.values()), view, writers)
        writers.end()
        for output in self._shop.outputs:
            deliveries[output.name] = self._run(begun[output.name]) if output.name in begun else None
        view.let_go()
        self._shop.store.put_files(one for some in deliveries.values() if some is not None for one in some.made)
        self._take_away()
        self._finish(deliveries)
        self._unfinished = view.unfinished
        self._shop.read_for.update(view.read_for)
        written = sum(delivery.written for delivery in deliveries.values() if delivery is not None)
        self._watch(Ended("write", written, f"{many(written, 'file')} written"))
        return deliveries

    def _due(self, output: Output, touched: dict[str, set[str]], settler: Settler) -> bool:
        """Tell whether an output is one that the build is about, and not as it shall be."""
        selection = self._request.selection
        if selection and not self._concerns(output, selection, touched):
            return False
        return self._request.force or not self._fresh(output, settler.entries)

    def _refuse_unknown(self, output: Output) -> None:
        """Raise, before anything is written, if only some files are asked for of what is not known as it is now."""
        selection = self._request.selection
        before = self._head.outputs.get(output.name)
        other = before is None or self._moved(output, before)
        if selection and not selection.stale and output.name not in selection.outputs and other:
            text = f"output '{output.name}' was never built as the recipe has it now"
            raise UsageError(Problem("SB503", text, hint=f"build output:{output.name} first"))
        if self._narrow(selection) and self._shop.memory.lost:
            text = f"what output '{output.name}' holds is not known any more: the memory is lost"
            raise UsageError(Problem("SB503", text, hint="build without targets first"))

    def _moved(self, output: Output, before: OutputMemory) -> bool:
        return before.path != self._shop.place(output) or before.settings != output.settings

    def _begun(
        self, output: Output, view: Catalog, touched: dict[str, set[str]], in_place: dict[str, list[Item]]
    ) -> Deliverer:
        """Return what delivers an output; it knows what is to be done."""
        selection = self._request.selection
        before = self._head.outputs.get(output.name)
        moved = before is not None and self._moved(output, before)
        number = [other.name for other in self._shop.outputs].index(output.name)
        if before is not None and before.path != self._shop.place(output):
            self._leave(output.name, before)
        behind = {name: set(ids) for name, ids in before.pending.items()} if before is not None else {}
        mine = {name: touched.get(name, set()) | behind.get(name, set()) for name in {*touched, *behind}}
        only = self._only(selection) if self._narrow(selection) else None
        deliverer = Deliverer(
            output,
            view,
            self._shop.intents,
            self._held.get(output.name),
            self._shop.memory.sheets(number, self._head.generation + 1),
            adopt=self._request.adopt,
            only=only,
            elsewhere=self._held_before,
            left=before.left if before is not None and before.path == self._shop.place(output) else None,
            known=(lambda _: None) if self._request.force else self._shop.store.file,
            parts=dict if self._request.force else partial(parts_file.read, self._shop.memory, output.name),
            in_place=in_place,
            manifest_marks=before.manifest if before is not None else (),
        )
        self._deliverers.append(deliverer)
        with self._shop.profile.over(f"begin {output.name}", output=output.name):
            deliverer.begin(mine, all_anew=moved)
        return deliverer

    def _in_place(self, output: Output, settler: Settler) -> dict[str, list[Item]]:
        """Return the items whose bytes moved, of collections in which nothing else did since the last build.

        An extension of a collection's document may make any link of what its items say together: such are left out.
        """
        if self._request.selection or self._request.force or output.name not in self._steady:
            return {}
        tables = self._shop.document.collections
        moved = {name: changes.only_in_place() for name, changes in settler.changes.items()}
        return {
            name: [item_of(one, "", {}) for one in some]
            for name, some in moved.items()
            if some is not None and not tables[name].collection_extensions
        }

    def _let_write(self, deliverers: list[Deliverer], view: Catalog, writers: Writers) -> None:
        """Let workers write the files of many items of all outputs, where that takes less time."""
        large = [(one, wanted) for one in deliverers for wanted in one.large()]
        due = [Due(one.output, wanted, one.former(wanted), one.moved(wanted)) for one, wanted in large]
        if self._request.selection or not writers.worth(view, due):
            return
        with contextlib.closing(writers.written(view, due)) as written:
            for deliverer, some in itertools.groupby(zip(large, written, strict=True), lambda pair: pair[0][0]):
                files = ((wanted, made) for (_, wanted), made in some)
                deliverer.put(files, self._told(deliverer.output.name))

    def _run(self, deliverer: Deliverer) -> Delivery:
        name = deliverer.output.name
        with self._shop.profile.over(f"write {name}", output=name):
            return deliverer.run(self._told(name))

    def _told(self, output: str) -> Callable[[int, int], None]:
        """Return what tells how many files of an output are looked at; every file would be too often."""

        def told(done: int, total: int) -> None:
            if done % FILES_TOLD == 0 or done == total:
                self._watch(Progress("write", done, total, output))

        return told

    def _concerns(self, output: Output, selection: Selection, touched: dict[str, set[str]]) -> bool:
        if selection.outputs:
            return output.name in selection.outputs
        changed = {name for name, ids in touched.items() if ids}
        named = {collection for collection, *_ in selection.pairs} | selection.collections | changed
        fed = {n for n, line in self._shop.pipelines.items() if not selection.sources.isdisjoint(line.sources)}
        return selection.stale or not (named | fed).isdisjoint(output.takes(sorted(self._shop.document.collections)))

    def _only(self, selection: Selection) -> Only:
        def touched(wanted: Wanted) -> bool:
            return wanted.item is None or self._account.takes(selection, wanted.collection, wanted.item.id)

        return touched

    def _take_away(self) -> None:
        """Remove what outputs hold that the recipe has no more."""
        if self._request.selection:
            return
        names = {output.name for output in self._shop.outputs}
        for name, before in self._head.outputs.items():
            if name not in names:
                self._leave(name, before)

    def _leave(self, name: str, before: OutputMemory) -> None:
        base = self._shop.recipe.root / before.path
        found = inspect(self._shop.memory, name, base)
        if found is None or found.restored:
            return
        unfinished = self._shop.intents.ours(base)
        edited = {path for path, state in found.bad.items() if state is State.EDITED and path not in unfinished}
        self._shop.intents.note(base, [path for path in found.rows.paths() if path not in edited])
        self._leaving.append(_Leaving(name, base, found.rows, edited))

    def _finish(self, deliveries: dict[str, Delivery | None]) -> None:
        """Remove what shall not be; last of all, since a file that one output leaves may be another's now."""
        kept = self._kept(deliveries)
        for deliverer in self._deliverers:
            deliverer.finish(kept, sure=self._request.force)
        for one in self._leaving:
            edited = _full([(one.base, sorted(one.edited))]) - kept
            self._account.left[one.name] = take_away(one.base, one.name, one.rows, kept | edited)
            self._tell_of_edited(one.name, sorted(edited))
        if not self._request.selection:
            clear_up(self._shop.intents.left, kept)

    def _tell_of_edited(self, name: str, paths: list[str]) -> None:
        """Say which files of an output that is taken away stay, because somebody edited them."""
        if paths:
            shown = [os.path.relpath(path, self._shop.recipe.root) for path in paths]
            more = f", and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
            text = f"output '{name}' is taken away, but not what was edited since: {', '.join(shown[:_NAMED])}{more}"
            self._account.warn("SB730", text, "no output has them any more: they are yours to keep or to remove")

    def _kept(self, deliveries: dict[str, Delivery | None]) -> Kept:
        """Return all files that outputs hold now; none, where no output moved and nothing was left unfinished."""
        head = self._head.outputs
        same = all((o.name in head and head[o.name].settings == o.settings) for o in self._shop.outputs)
        if same and not self._leaving and not self._shop.intents.left:
            return frozenset()
        kept = []
        for output in self._shop.outputs:
            delivery = deliveries[output.name]
            rows = delivery.rows if delivery is not None else self._shop.memory.ledger(output.name)
            if rows is not None:
                kept.append((output.base, [*rows.paths(), *manifest.paths(output.name, rows.count)]))
        return _full(kept)

    def _held_before(self) -> Kept:
        if self._before is None:
            now = {output.name: output.base for output in self._shop.outputs}
            held = [(now[name], found.rows.paths()) for name, found in self._held.items()]
            held += [(one.base, one.rows.paths()) for one in self._leaving]
            self._before = _full(held)
        return self._before

    def memories(self, settler: Settler, deliveries: dict[str, Delivery | None]) -> dict[str, OutputMemory]:
        """Return what is to be remembered of each output; rows that are new are written."""
        result = {}
        touched = {name: changes.touched() for name, changes in settler.changes.items() if changes.touched()}
        for number, output in enumerate(self._shop.outputs):
            delivery, before = deliveries[output.name], self._head.outputs.get(output.name)
            if delivery is None:
                if before is not None:
                    behind = touched if self._request.selection else {}
                    result[output.name] = self._left_behind(output, before, behind)
                continue
            parts = before.parts if before is not None else ""
            if delivery.parts is not None:
                parts = parts_file.write(self._shop.memory, number, delivery.parts)
            marks = before.manifest if before is not None else []
            file, sheets, folders = self._rows_remembered(number, delivery, before)
            result[output.name] = OutputMemory(
                output.kind,
                self._shop.place(output),
                output.settings,
                self._root(output, settler.entries),
                file,
                self._still_pending(before),
                delivery.rows.count,
                delivery.left,
                parts,
                folders,
                sheets,
                marks if delivery.manifest is None else delivery.manifest,
            )
        return result

    def _rows_remembered(
        self, number: int, delivery: Delivery, before: OutputMemory | None
    ) -> tuple[str, list[str], dict[str, bytes]]:
        """Return where the rows of output number `number` are remembered, and the marks of its folders."""
        if before is not None and not delivery.touched:
            return before.file, before.sheets, before.folders
        rows, held = delivery.rows, self._held.get(self._shop.outputs[number].name)
        file = self._shop.memory.write_delivered(number, self._head.generation + 1, rows)
        known = before.folders if before is not None and held is not None and not held.restored else {}
        return file, sorted({sheet.file for sheet in rows.sheets}), folder_marks(rows, known, delivery.folders)

    def _root(self, output: Output, entries: list[GroupEntry]) -> bytes:
        """Return what an output is made from; nothing that is ever so again where a document could not be finished."""
        unfinished = output.documents and not self._unfinished.isdisjoint(
            output.takes(sorted(self._shop.document.collections))
        )
        return b"" if unfinished else self._shop.output_root(output, entries)

    def _left_behind(self, output: Output, before: OutputMemory, touched: dict[str, set[str]]) -> OutputMemory:
        taken = output.takes(sorted(self._shop.document.collections))
        for name in taken:
            if touched.get(name):
                before.pending[name] = sorted({*before.pending.get(name, []), *touched[name]})
        return before

    def _still_pending(self, before: OutputMemory | None) -> dict[str, list[str]]:
        """Return the items that were to be delivered already before a build of other items."""
        selection = self._request.selection
        if before is None or not self._narrow(selection):
            return {}
        taken = self._account.takes
        left = {name: [i for i in ids if not taken(selection, name, i)] for name, ids in before.pending.items()}
        return {name: ids for name, ids in left.items() if ids}

    def _narrow(self, selection: Selection) -> bool:
        """Tell whether only the files of named items are to be touched."""
        return bool(selection) and not selection.outputs and not selection.stale


def _full(held: Iterable[tuple[Path, Iterable[str]]]) -> Kept:
    return frozenset(os.path.normpath(f"{base}/{path}") for base, paths in held for path in paths)
