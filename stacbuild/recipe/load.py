"""From a TOML file to a recipe that is known to be good, or to all the problems that it has.

The straight line: text and environment (`env`) → tables to structs, key by key, each judged by `checks` → outputs
against one another and all else → `Recipe`. Never fetches, never writes; what leaves here is redacted.
"""

from __future__ import annotations

import os
import types
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, UnsetType
from msgspec.structs import fields

from stacbuild.failures import At, Problem
from stacbuild.recipe import schema
from stacbuild.recipe.checks import within_table
from stacbuild.recipe.claims import across_tables
from stacbuild.recipe.env import BadRecipe, Environment, all_forms, parsed, read, redact, unreadable
from stacbuild.recipe.lines import Draft, Finding, Lines, Sheet
from stacbuild.recipe.names import missing_key, unknown_key, wrong_kind, wrong_value

Keys = tuple[str, ...]
BAD: Any = type("Bad", (), {"__repr__": lambda _: "BAD", "__slots__": ()})()
"""Stands for a value that has a problem: what hangs on it is not judged."""


class Recipe(Struct, frozen=True):
    """A recipe that is known to be good, with what is needed to speak of it."""

    path: Path
    """The file; absolute."""
    root: Path
    """Its folder: relative paths of the recipe start here."""
    name: str
    document: schema.Document
    lines: Lines
    secrets: tuple[str, ...]
    warnings: tuple[Problem, ...]
    label: str = ""
    """The file as messages call it."""

    def at(self, *path: str) -> At | None:
        """Return the place of a key, else of the nearest table around it; None if the file names none of them."""
        place = self.lines.nearest(path)
        return At(self.label or self.name, *place) if place else None

    def redact(self, text: str) -> str:
        """Return text with `***` for every secret of the recipe."""
        return redact(text, self.secrets)


def load(path: Path, environ: Mapping[str, str]) -> Recipe:
    """Return the recipe in a file.

    Args:
        path: the TOML file; a relative one starts at the current folder.
        environ: where `${NAME}` is looked up.

    Raises:
        RecipeError: with every problem found, in the order of their lines.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would leave the folder that a link stands in
    label = _label(path)
    text = read(path, label)
    raw = parsed(text, label)
    environment = Environment(environ)
    try:
        sheet = Sheet(environment.expand(raw), path.name)
        document = _document(sheet, str(path.parent))
    except RecursionError:
        raise unreadable(label, "the tables are nested too deep") from None
    lines, secrets = Lines(text), all_forms(environment.secrets)
    problems = _problems([*environment.findings, *_apart(sheet.findings, environment.findings)], lines, label, secrets)
    if problems or document is None:
        raise BadRecipe(problems, _shown_source(text, secrets))
    warnings = _problems(sheet.warnings, lines, label, secrets)
    return Recipe(path, path.parent, path.name, document, lines, secrets, tuple(warnings), label)


def _label(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return path.name


def _shown_source(text: str, secrets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(redact(line, secrets) for line in text.replace("\r\n", "\n").split("\n"))


def _apart(findings: Iterable[Finding], others: Iterable[Finding]) -> Iterable[Finding]:
    """Yield the findings about values that are none of the others': one problem for a value that nobody knows."""
    dead = {path for _, path, _, _ in others}
    return (finding for finding in findings if finding[1] not in dead)


def _problems(findings: Iterable[Finding], lines: Lines, label: str, secrets: tuple[str, ...]) -> list[Problem]:
    problems = [
        Problem(
            code,
            redact(message, secrets),
            At(label, *(lines.nearest(path) or (1, 1, 1))),
            hint and redact(hint, secrets),
        )
        for code, path, message, hint in dict.fromkeys(findings)
    ]
    return sorted(problems, key=lambda problem: (problem.at.line, problem.at.column) if problem.at else (0, 0))


# ---- tables to structs -----------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """A field of a struct: its name there, its type, and whether a table must have it."""

    name: str
    type: Any
    required: bool


@cache
def keys_of(kind: type[Struct]) -> dict[str, Key]:
    """Return the keys that a table takes, as they are written."""
    types_ = get_type_hints(kind)
    return {field.encode_name: Key(field.name, types_[field.name], field.required) for field in fields(kind)}


@cache
def options_of(type_: Any) -> tuple[Any, ...]:
    """Return the members of a union, without what stands for "not given"."""
    union = get_origin(type_) in (Union, types.UnionType)
    options = get_args(type_) if union else (type_,)
    return tuple(option for option in options if option not in (type(None), UnsetType))


def _document(sheet: Sheet, root: str) -> schema.Document | None:
    """Return the document, or None; what is wrong is noted on the sheet."""
    document = _table(sheet, sheet.raw, schema.Document, ())
    across_tables(sheet, root)
    return None if document is BAD or sheet.findings else document


def _value(sheet: Sheet, value: Any, type_: Any, path: Keys, owner: Draft) -> Any:
    """Return a value as the type wants it, or BAD."""
    options = options_of(type_)
    kinds = [option for option in options if isinstance(option, type) and issubclass(option, Struct)]
    if kinds and isinstance(value, dict):
        return _one_of(sheet, value, kinds, path)
    wanted = next((option for option in options if get_origin(option) is type(value)), None)
    if wanted is None:
        return _leaf(sheet, value, type_, path, owner)
    inner = get_args(wanted)[-1]
    if isinstance(value, dict):
        good = {key: _value(sheet, entry, inner, (*path, key), owner) for key, entry in value.items()}
        return BAD if any(entry is BAD for entry in good.values()) else good
    entries = [_value(sheet, entry, inner, (*path, str(index)), owner) for index, entry in enumerate(value)]
    return BAD if any(entry is BAD for entry in entries) else entries


def _leaf(sheet: Sheet, value: Any, type_: Any, path: Keys, owner: Draft) -> Any:
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError:
        sheet.findings.append(wrong_value(value, type_, path, owner.kind.__name__, len(owner.path)))
        return BAD


def _one_of(sheet: Sheet, value: dict[str, Any], kinds: list[type[Struct]], path: Keys) -> Any:
    """Return a table as the struct that its tag (`kind`) names."""
    tag = kinds[0].__struct_config__.tag_field
    if tag is None:
        return _table(sheet, value, kinds[0], path)
    known = {str(kind.__struct_config__.tag): kind for kind in kinds}
    written = value.get(tag)
    if isinstance(written, str) and written in known:
        return _table(sheet, value, known[written], path)
    sheet.findings.append(wrong_kind(value, tag, list(known), path))
    return BAD


def _table(sheet: Sheet, raw: dict[str, Any], kind: type[Struct], path: Keys) -> Any:
    """Return a table as its struct, or BAD; each key is judged for itself, then the table as a whole."""
    keys, config = keys_of(kind), kind.__struct_config__
    draft = sheet.drafts[path] = Draft(kind, raw, {}, path)
    before = len(sheet.findings)
    for name, value in raw.items():
        if name in keys:
            good = _value(sheet, value, keys[name].type, (*path, name), draft)
            draft.good.update({} if good is BAD else {name: good})
        elif name != config.tag_field:
            sheet.findings.append(unknown_key(name, kind.__name__, list(keys), path))
    for name, key in keys.items():
        if key.required and name not in raw:
            sheet.findings.append(missing_key(name, kind.__name__, path))
    within_table(sheet, draft)
    if len(sheet.findings) > before:
        return BAD
    return kind(**{keys[name].name: value for name, value in draft.good.items()})
