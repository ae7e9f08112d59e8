"""Takes away what builds wrote, and only that: files whose bytes are still those delivered. Never follows a link."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from stacbuild import deliver, files, manifest, removing
from stacbuild.delivered import Delivered
from stacbuild.failures import Problem, UsageError
from stacbuild.held import inspect
from stacbuild.outputs.base import Output
from stacbuild.report import CleanReport
from stacbuild.revision import Revision
from stacbuild.sheets import ledger_of
from stacbuild.sources.registry import kind_of
from stacbuild.targets import parse, select
from stacbuild.workshop import Workshop


def clean(
    shop: Workshop, targets: Sequence[str], *, force: bool, cache: bool, memory: bool, dry_run: bool
) -> CleanReport:
    """Remove delivered files; the caller holds the lock.

    Args:
        shop: whose outputs.
        targets: outputs to be cleaned (`output:NAME`); none: all.
        force: remove edited files too.
        cache: remove the store too.
        memory: remove the memory and the reports too.
        dry_run: only say what would be removed.
    """
    began = time.perf_counter()
    report = CleanReport(shop.recipe.name, [], [], dry_run=dry_run)
    sources = {
        str(s.file) for spec in shop.document.sources.values() for s in kind_of(spec).shards(spec, shop.recipe.root)
    }
    for output in _chosen(shop, targets):
        _clean_output(shop, output, sources, report, force=force)
    if not dry_run and not (memory and not targets):
        shop.memory.commit(msgspec.structs.replace(shop.memory.head, generation=shop.memory.head.generation + 1))
    if cache:
        report.removed.append(_shown(shop, shop.recipe.root / shop.document.cache.path))
        if not dry_run:
            _empty_store(shop)
    if memory:
        _forget(shop, report)
    report.removed.sort()
    report.kept.sort()
    report.linked.sort()
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _chosen(shop: Workshop, targets: Sequence[str]) -> list[Output]:
    wrong = [target for target in targets if parse(target)[0] != "output"]
    if wrong:
        text = f"clean takes outputs, not '{wrong[0]}'"
        raise UsageError(Problem("SB506", text, hint="`stacbuild clean output:NAME`; a build removes items by itself"))
    names = select(targets, shop.document, lambda _: ()).outputs if targets else None
    return [output for output in shop.outputs if names is None or output.name in names]


def _clean_output(shop: Workshop, output: Output, sources: set[str], report: CleanReport, *, force: bool) -> None:
    found = inspect(shop.memory, output.name, output.base)
    if found is None:
        return
    rows = found.rows.whole()
    kept: list[int] = []
    folders = []
    for number, path in enumerate(rows.paths):
        full = output.base / path
        state = found.bad.get(path)
        if state is files.State.MISSING:
            continue
        linked = _through_link(shop, output, path)
        if linked:
            report.linked.append(_shown(shop, full))
        if linked or (state is not None and not force) or str(full) in sources:
            report.kept.append(_shown(shop, full))
            kept.append(number)
            continue
        report.removed.append(_shown(shop, full))
        folders.append(full.parent)
        if not report.dry_run:
            files.remove(str(full))
    if not report.dry_run:
        _remember(shop, output, rows, kept)
        files.remove_empty(folders, output.base)


def _through_link(shop: Workshop, output: Output, path: str) -> bool:
    """Tell whether a folder on the way to a file is a symbolic link; the way begins at the recipe if it is below it."""
    full, root = output.base / path, shop.recipe.root
    if full.is_relative_to(root):
        return removing.through_link(root, full.relative_to(root).as_posix())
    return removing.through_link(output.base, path)


def _remember(shop: Workshop, output: Output, rows: Delivered, kept: list[int]) -> None:
    """Keep the rows of what was kept, so that it is still ours; forget the output where nothing was."""
    left = rows.chosen(kept)
    before = shop.memory.head.outputs.pop(output.name, None)
    if not kept:
        manifest.remove(output.base, output.name)
        return
    marks = deliver.write_manifest(output, left)
    if before is not None:
        generation = shop.memory.head.generation + 1
        number = [other.name for other in shop.outputs].index(output.name)
        ledger = Revision(ledger_of(left)).written(shop.memory.sheets(number, generation))
        before.file = shop.memory.write_delivered(number, generation, ledger)
        before.sheets, before.manifest = sorted({sheet.file for sheet in ledger.sheets}), marks
        before.root, before.count = b"", len(kept)
        shop.memory.head.outputs[output.name] = before


def _empty_store(shop: Workshop) -> None:
    """Remove the store: entry by entry where it may hold other things, whole where it is in our folder."""
    path = shop.recipe.root / shop.document.cache.path
    if path.is_dir():
        backend = shop.store.backend
        for entry in list(backend.list()):
            backend.delete(entry.name)
    shop.close()
    if path.is_relative_to(shop.state) and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)


def _forget(shop: Workshop, report: CleanReport) -> None:
    for path in (shop.folder, shop.failures_path, shop.changes_path):
        if path.exists():
            report.removed.append(_shown(shop, path))
            if report.dry_run:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _shown(shop: Workshop, path: Path) -> str:
    return os.path.relpath(path, shop.recipe.root).replace(os.sep, "/")
