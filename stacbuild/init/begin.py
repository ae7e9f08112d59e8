"""From what the user names to the text of a first recipe: a table, STAC files, or a folder of either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from stacbuild.failures import Problem, UsageError
from stacbuild.init import guess, items, sample, written
from stacbuild.init.sample import Sample
from stacbuild.sources import text

HEADS: Final = 20
"""Tables of a folder whose columns are looked at."""
RECIPE: Final = "stacbuild.toml"


class Draft(Struct):
    """A first recipe: its text, what was looked at, and what the user should look at."""

    text: str
    looked: str
    doubts: list[str]


def draft(what: Path, folder: Path) -> Draft:
    """Return a first recipe for `what`, to stand in `folder`.

    Raises:
        UsageError: there is nothing of that name, or nothing in it that a recipe can read.
        RecipeError: the table cannot be read.
    """
    if what.is_dir():
        return _of_folder(what, folder)
    if not what.is_file():
        hint = "name a table (csv, tsv, json, ndjson, parquet), STAC files, or a folder of them"
        raise UsageError(Problem("SB541", f"there is no file or folder {what}", hint=hint))
    found = items.find([what])
    if found.files:
        return _of_items(found, [_from(folder, what)], what.name.split(".")[0])
    if not sample.is_table(what):
        hint = f"a table ends in {', '.join(sample.TABLES)}, perhaps with .gz or .zst behind it"
        raise UsageError(Problem("SB541", f"{what} is neither a table nor a STAC file by its name", hint=hint))
    return _of_tables([(what.name.split(".")[0], _from(folder, what), sample.read(what))], what.name)


def _from(folder: Path, file: Path) -> str:
    """Return a path as the recipe has it: from its own folder."""
    return Path(os.path.relpath(file, folder)).as_posix()


# --- folders


def _of_folder(what: Path, folder: Path) -> Draft:
    files = items.below(what)
    found = items.find(files)
    name = what.resolve().name
    if found.files:
        suffixes = sorted({"".join(file.suffixes[-1:]) for file in found.files})
        return _of_items(found, [p for suffix in suffixes for p in _patterns(what, folder, files, suffix)], name)
    tables = [file for file in files if sample.is_table(file) and file.name not in (RECIPE, "stacbuild.lock")]
    if not tables:
        hint = f"it reads {', '.join(sample.TABLES)}, and STAC items in json, ndjson or parquet"
        raise UsageError(Problem("SB541", f"there is nothing in {what} that a recipe can read", hint=hint))
    drafted = _of_tables(list(_alike(tables, folder, name)), f"the folder {name}")
    if len(tables) > HEADS:
        drafted.doubts.append(f"{len(tables) - HEADS:,} more tables were not looked at")
    return drafted


def _patterns(what: Path, folder: Path, files: list[Path], suffix: str) -> Iterator[str]:
    """Yield wildcards for the files of a folder; in the recipe's own, none that outputs would be found by."""
    mine = [file for file in files if file.name.endswith(suffix)]
    if what.resolve() != folder.resolve():
        yield f"{_from(folder, what)}/**/*{suffix}"
        return
    if any(file.parent == what for file in mine):
        yield f"*{suffix}"
    below = {file.relative_to(what).parts[0] for file in mine if file.parent != what}
    yield from (f"{name}/**/*{suffix}" for name in sorted(below))


def _alike(tables: list[Path], folder: Path, name: str) -> Iterator[tuple[str, str | list[str], Sample]]:
    """Yield tables with the same columns together: a name, their paths, and their sample."""
    groups: dict[tuple[str, ...], list[Sample]] = {}
    for file in tables[:HEADS]:
        found = sample.read(file)
        head = (text.inner_suffix(file), *(column.path for column in found.columns))
        groups.setdefault(head, []).append(found)
    kinds = {(file.parent, "".join(file.suffixes[-1:])) for file in tables}
    for samples in groups.values():
        found = sample.together(samples)
        if len(groups) == len(kinds) == 1 and len(tables) > 1:
            place = _from(folder, tables[0].parent)
            yield name, f"{'' if place == '.' else f'{place}/'}*{tables[0].suffix}", found
        else:
            paths = [_from(folder, file) for file in found.files]
            yield found.files[0].name.split(".")[0], paths[0] if len(paths) == 1 else paths, found


# --- texts


class _Table(Struct):
    name: str
    title: str
    path: str | list[str]
    sample: Sample
    guess: guess.Guess


def _of_tables(found: list[tuple[str, str | list[str], Sample]], called: str) -> Draft:
    names = _names([name for name, *_ in found])
    tables = [
        _Table(own, _title(name), path, some, guess.guess(some))
        for own, (name, path, some) in zip(names, found, strict=True)
    ]
    looked = "; ".join(_looked(table.sample, table.path) for table in tables)
    told = f"A first recipe for {called}, from what stands in it. Put right what is not; `stacbuild check` helps."
    lines = list(written.catalog(tables[0].name, tables[0].title, [told, f"Looked at: {looked}."]))
    for table in tables:
        lines += ["", *written.table(table.name, table.path, table.sample.settings, table.guess), ""]
        lines += written.collection(table.name, table.title, mapping=table.name, sources=[table.name])
    doubts = [doubt for table in tables for doubt in [*_of_reading(table.sample), *table.guess.doubts]]
    return Draft("\n".join([*lines, "", *written.OUTPUTS, ""]), looked, doubts)


def _names(wanted: list[str]) -> list[str]:
    """Return a name of its own for each table."""
    names: list[str] = []
    for name in map(written.slug, wanted):
        own = name
        while own in names:
            own += "-2"
        names.append(own)
    return names


def _title(name: str) -> str:
    words = name.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _looked(found: Sample, path: str | list[str]) -> str:
    name = path if isinstance(path, str) else f"{path[0]} and {len(path) - 1} more like it"
    number = (
        f"the first {sample.RECORDS:,} records" if found.more else f"all {len(found.records) + found.bad:,} records"
    )
    return f"{number} of {name}"


def _of_reading(found: Sample) -> list[str]:
    return [f"{found.bad:,} records of {found.files[0].name} cannot be read"] if found.bad else []


def _of_items(found: items.Found, paths: list[str], name: str) -> Draft:
    names = {each for each in found.collections if each is not None}
    source = written.slug(name)
    looked = f"STAC items in {len(found.files):,} of {found.looked:,} files"
    told = ["A first recipe for STAC items that lie in files. `stacbuild check` looks whether it is right."]
    lines = list(written.catalog(source, _title(name), [*told, f"Looked at: {looked}."]))
    lines += ["", f"[sources.{written.key(source)}]", *written.line("kind", "stac-items")]
    lines += written.line("path", paths if len(paths) > 1 else paths[0], "catalogs and collections are passed over")
    lines.append("")
    if names and not (len(names) == 1 and None not in found.collections and found.whole):
        lines.append('[collections."*"]                # each collection that an item names')
        lines += written.line("from", [source])
        doubts = ["items without a `collection` are in none"] if None in found.collections else []
    else:
        only = next(iter(names), source)
        lines += written.collection(only, _title(only), mapping=None, sources=[source])
        doubts = []
    return Draft("\n".join([*lines, "", *written.OUTPUTS, ""]), looked, doubts)
