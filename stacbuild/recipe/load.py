"""From a TOML file to a recipe that is known to be good, or to all the problems that it has.

The straight line: files to tables (`include`) → environment (`env`) → copies (`matrix`) → paths of included files
(`relocate`) → tables to structs, key by key, each judged by `checks` → outputs against one another and all else →
`Recipe`. Never fetches, never writes; what leaves here is redacted.
"""

from __future__ import annotations

import os
import re
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
from stacbuild.recipe.axes import outside
from stacbuild.recipe.checks import within_table
from stacbuild.recipe.claims import across_tables
from stacbuild.recipe.env import BadRecipe, Environment, all_forms, redact, unreadable
from stacbuild.recipe.include import gather
from stacbuild.recipe.lines import Draft, Finding, Lines, Sheet
from stacbuild.recipe.matrix import multiplied
from stacbuild.recipe.names import close, missing_key, unknown_key, wrong_kind, wrong_value
from stacbuild.recipe.places import Places, Text
from stacbuild.recipe.relocate import relocated

Keys = tuple[str, ...]
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
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
    places: Places
    secrets: tuple[str, ...]
    warnings: tuple[Problem, ...]

    def at(self, *path: str) -> At | None:
        """Return the place of a key, else of the nearest table around it; None if no file names any of them."""
        return self.places.at(path)

    def at_dotted(self, path: str) -> At | None:
        """Return the place of a key that is told as `mappings.scenes.properties.gsd`, as `at` does."""
        return self.places.at(self.places.names(path))

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
    gathered = gather(path)
    places, environment = gathered.places, Environment(environ)
    try:
        raw = environment.expand(gathered.raw)
        judged = _judged(raw, places, path, environment) if gathered.whole else None
    except RecursionError:
        raise unreadable(places.texts[0].label, "the tables are nested too deep") from None
    secrets = all_forms(environment.secrets)
    problems = [_redacted(problem, secrets) for problem in gathered.problems]
    if judged is not None:
        findings = [*environment.findings, *_apart(judged.findings, environment.findings)]
        problems += _problems(findings, places, secrets)
    if problems or judged is None or judged.document is None:
        raise BadRecipe(_in_order(problems, places), _shown_sources(gathered.sources, secrets))
    warnings = _in_order(_problems(judged.warnings, places, secrets), places)
    return Recipe(path, path.parent, path.name, judged.document, places, secrets, tuple(warnings))


def of_tables(raw: dict[str, Any], root: Path) -> tuple[Recipe | None, list[Finding]]:
    """Return the recipe of tables that stand in no file, or None; and what is wrong with them, at their keys."""
    places = Places()
    places.texts.append(Text("flags", "flags", Lines("")))
    judged = _judged(raw, places, root / "flags", Environment({}))
    if judged.document is None:
        return None, judged.findings
    return Recipe(root / "flags", root, "flags", judged.document, places, (), ()), []


class Judged(NamedTuple):
    """A recipe's document, if nothing is wrong with it, and what was found; paths are those that are written."""

    document: schema.Document | None
    findings: list[Finding]
    warnings: list[Finding]


def _judged(raw: dict[str, Any], places: Places, path: Path, environment: Environment) -> Judged:
    made = multiplied(raw, places)
    environment.notice(made.raw)
    sheet = Sheet(relocated(made.raw, places), path.name, tuple(text.name for text in places.texts[1:]))
    document = _document(sheet, str(path.parent))
    dead = {written for written, _ in outside(made.raw, deep=True)} if made.findings else set()
    findings = [
        *made.findings,
        *_as_written([finding for finding in sheet.findings if finding[1] not in dead], places),
    ]
    return Judged(None if findings else document, findings, _as_written(sheet.warnings, places))


def _as_written(findings: Iterable[Finding], places: Places) -> list[Finding]:
    """Return findings at the paths under which their keys are written: what is wrong in all copies is said of one."""
    alike: dict[tuple[str, Keys, str], list[Finding]] = {}
    for code, path, message, hint in dict.fromkeys(findings):
        written = places.written(path)
        words = QUOTED.sub("", message) if written != path else message
        alike.setdefault((code, written, words), []).append((code, written, message, hint))
    return [_for_all(found) for found in alike.values()]


def _for_all(found: list[Finding]) -> Finding:
    code, path, message, hint = found[0]
    more = len(found) - 1
    return code, path, f"{message} (and {more:,} more like it)" if more else message, hint


def _shown_sources(sources: Mapping[str, str], secrets: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {
        label: tuple(redact(line, secrets) for line in text.replace("\r\n", "\n").split("\n"))
        for label, text in sources.items()
    }


def _apart(findings: Iterable[Finding], others: Iterable[Finding]) -> Iterable[Finding]:
    """Yield the findings about values that are none of the others': one problem for a value that nobody knows."""
    dead = {path for _, path, _, _ in others}
    return (finding for finding in findings if finding[1] not in dead)


def _problems(findings: Iterable[Finding], places: Places, secrets: tuple[str, ...]) -> list[Problem]:
    return [
        _redacted(Problem(code, message, places.at_written(path) or At(places.texts[0].label, 1, 1), hint), secrets)
        for code, path, message, hint in dict.fromkeys(findings)
    ]


def _redacted(problem: Problem, secrets: tuple[str, ...]) -> Problem:
    hint = problem.hint and redact(problem.hint, secrets)
    return Problem(problem.code, redact(problem.message, secrets), problem.at, hint)


def _in_order(problems: list[Problem], places: Places) -> list[Problem]:
    """Return problems in the order of the files, and of the lines in them."""
    order = {text.label: number for number, text in enumerate(places.texts)}

    def place(problem: Problem) -> tuple[int, int, int]:
        at = problem.at or At("")
        return order.get(at.file, len(order)), at.line, at.column

    return sorted(problems, key=place)


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
    if isinstance(written, str) and written in known and not getattr(known[written], "open", False):
        return _table(sheet, value, known[written], path)
    plug_in = next((kind for kind in kinds if getattr(kind, "open", False)), None)
    if plug_in is not None and isinstance(written, str) and _is_code(written, known):
        return plug_in(code=written, config={name: entry for name, entry in value.items() if name != tag})
    sheet.findings.append(wrong_kind(value, tag, [name for name in known if known[name] is not plug_in], path))
    return BAD


def _is_code(written: str, known: Iterable[str]) -> bool:
    """Tell whether a `use` names code: a file, a module, or a word that is not one of ours written wrong."""
    return ":" in written or (bool(written.strip()) and close(written, known) is None)


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
            sheet.findings.append(unknown_key(name, value, kind.__name__, list(keys), path))
    for name, key in keys.items():
        if key.required and name not in raw:
            sheet.findings.append(missing_key(name, kind.__name__, path))
    within_table(sheet, draft)
    if len(sheet.findings) > before:
        return BAD
    return kind(**{keys[name].name: value for name, value in draft.good.items()})
