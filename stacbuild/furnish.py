"""Reads what stands beside a recipe: lookup tables in files, and the code of functions, followed along its imports.

Never runs code of the user's, never writes. What is missing or broken is an error of the recipe, at its line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from stacbuild.extensions.base import scope_of
from stacbuild.extensions.registry import built_in
from stacbuild.failures import Problem, RecipeError
from stacbuild.listing import moved
from stacbuild.recipe import names, schema
from stacbuild.recipe.extension_tables import PlugIn
from stacbuild.recipe.load import Recipe
from stacbuild.sources.stamps import stamp_of
from stacbuild.stages.beside import Beside, Code, Entries, Furnished, table_name
from stacbuild.stamped import LookupMemory, ShardMemory

Keys = tuple[str, ...]
Lookups = dict[str, LookupMemory]
LOOKUP: Final = "SB118"
"""The code of what is wrong with a lookup's file."""


def furnished(recipe: Recipe, known: Lookups) -> tuple[Recipe, Lookups]:
    """Return a recipe with what stands beside it, and what is to be remembered of its lookups' files.

    A file that has not moved since it was read is not read again before somebody asks for its entries.

    Raises:
        RecipeError: SB118, a lookup's file cannot be used; SB119, a function is not there.
    """
    problems: list[Problem] = []
    seen: Lookups = {}
    found = _read(recipe, problems, known, seen)
    if problems:
        raise RecipeError(problems)
    names = (field.name for field in msgspec.structs.fields(schema.Document))
    document = Furnished(**{name: getattr(recipe.document, name) for name in names}, beside=found)
    return msgspec.structs.replace(recipe, document=document), seen


def problems_beside(recipe: Recipe) -> list[Problem]:
    """Return what is wrong with what stands beside a recipe."""
    problems: list[Problem] = []
    _read(recipe, problems, {}, {})
    return problems


def _read(recipe: Recipe, problems: list[Problem], known: Lookups, seen: Lookups) -> Beside:
    tables: dict[str, Entries] = {}
    code: dict[str, Code] = {}
    for path, rule in _rules(recipe.document):
        try:
            if isinstance(rule.lookup, schema.LookupFile) and table_name(rule.lookup) not in tables:
                tables[table_name(rule.lookup)] = _table(recipe, rule.lookup, known, seen)
            if rule.function is not None and rule.function not in code:
                code[rule.function] = _function(recipe, rule.function)
        except RecipeError as error:
            key = "lookup" if error.problems[0].code == LOOKUP else "function"
            problems += [_placed(recipe, problem, path, key) for problem in error.problems]
    for name, table in recipe.document.extensions.items():
        if isinstance(table, PlugIn) and table.code not in code:
            try:
                code[table.code] = _extension(recipe, table.code)
            except RecipeError as error:
                problems += [_placed(recipe, problem, ("extensions", name), "use") for problem in error.problems]
    problems += _out_of_scope(recipe)
    return Beside(tables, code)


def _out_of_scope(recipe: Recipe) -> Iterator[Problem]:
    """Yield built-in extensions that are to be applied to a collection's document and say what only items can."""
    for name, table in recipe.document.collections.items():
        for number, one in enumerate(table.collection_extensions):
            where = ("collections", name, "collection-extensions", str(number))
            for what, hint in _of_items(recipe.document.extensions[one]):
                text = f"{names.place(where[:2])}: extension '{one}' {what}"
                yield Problem("SB103", text, recipe.at(*where), hint)


def _of_items(table: Any) -> Iterator[tuple[str, str]]:
    """Yield what of an extension's table is of items only, and what to do."""
    extension = built_in(table)
    if extension is None:
        return
    if "Collection" not in scope_of(extension):
        hint = "name it in `extensions`, or use `fields` for what the collection shall say"
        yield f"({extension.name}) is of items only", hint
    if paths := [".".join(path) for path in _given(table, set(getattr(extension, "of_items", ())))]:
        hint = "name one without; what items have, `summaries` of the collection can tell"
        yield f"({extension.name}) sets what only items have: {names.listed(paths)}", hint


def _given(table: Any, wanted: set[str], path: Keys = ()) -> Iterator[Keys]:
    """Yield the path of each value in a table, or in those that it holds, that has one of some names and is given."""
    for name, key in zip(table.__struct_fields__, table.__struct_encode_fields__, strict=True):
        value = getattr(table, name)
        if name in wanted and value is not None and value is not False and value not in ({}, []):
            yield (*path, key)
            continue
        within = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, member in within:
            if isinstance(member, msgspec.Struct):
                yield from _given(member, wanted, (*path, key, str(step)))


def _table(recipe: Recipe, spec: schema.LookupFile, known: Lookups, seen: Lookups) -> Entries:
    name, file = table_name(spec), recipe.root / spec.file
    before, stamp, now = known.get(name), stamp_of(file), time.time_ns()
    if before is not None and not moved(ShardMemory(before.stamp, before.seen_ns), stamp):
        seen[name] = before
        return Entries(before.digest, None, lambda: _again(recipe.root, spec, before.digest))
    table = _now(recipe.root, spec)
    seen[name] = LookupMemory(stamp if stamp_of(file) == stamp else None, now, table.digest)
    return table


def _now(root: Path, spec: schema.LookupFile) -> Entries:
    from stacbuild import lookups  # noqa: PLC0415  most recipes have none

    return lookups.read(root, spec)


def _again(root: Path, spec: schema.LookupFile, digest: str) -> dict[str, Any]:
    table = _now(root, spec)
    if table.digest != digest:
        text = f"lookup file {spec.file} changed while it was used"
        raise RecipeError(Problem(LOOKUP, text, hint="run the command again when its writer is done"))
    return table.entries


def _function(recipe: Recipe, written: str) -> Code:
    from stacbuild import modules  # noqa: PLC0415  most recipes have none

    return modules.find(recipe.root, written)


def _extension(recipe: Recipe, written: str) -> Code:
    from stacbuild import modules  # noqa: PLC0415  most recipes have none

    return modules.find_extension(recipe.root, written)


def _placed(recipe: Recipe, problem: Problem, path: Keys, key: str) -> Problem:
    message = recipe.redact(f"{names.place(path)}: {problem.message}")
    return msgspec.structs.replace(problem, message=message, at=recipe.at(*path, key))


def _rules(document: schema.Document) -> Iterator[tuple[Keys, schema.Rule]]:
    """Yield every rule of every mapping with its place in the recipe."""
    for name, mapping in document.mappings.items():
        for field in msgspec.structs.fields(mapping):
            yield from _rules_in(getattr(mapping, field.name), ("mappings", name, field.encode_name))


def _rules_in(value: Any, path: Keys) -> Iterator[tuple[Keys, schema.Rule]]:
    if isinstance(value, schema.Rule):
        yield path, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _rules_in(member, (*path, name))
