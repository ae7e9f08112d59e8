"""From a TOML file to a recipe that is known to be good, or to all the problems that it has.

The straight line: text and environment (`env`) → tables to structs, key by key, each judged by `checks` → outputs
against one another and all else → `Recipe`. Never fetches, never writes; what leaves here is redacted.
"""

from __future__ import annotations

import os
import re
import types
import unicodedata
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase, translate
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import Struct, UnsetType

from stacbuild.failures import At, Problem
from stacbuild.recipe import schema
from stacbuild.recipe.checks import within_table
from stacbuild.recipe.env import BadRecipe, Environment, all_forms, parsed, read, redact, unreadable
from stacbuild.recipe.lines import Draft, Finding, Lines, Sheet
from stacbuild.recipe.names import clip, did_you_mean, missing_key, place, shown, unknown_key, wrong_kind, wrong_value

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
    return {field.encode_name: Key(field.name, field.type, field.required) for field in msgspec.structs.fields(kind)}


@cache
def options_of(type_: Any) -> tuple[Any, ...]:
    """Return the members of a union, without what stands for "not given"."""
    union = get_origin(type_) in (Union, types.UnionType)
    options = get_args(type_) if union else (type_,)
    return tuple(option for option in options if option not in (type(None), UnsetType))


def _document(sheet: Sheet, root: str) -> schema.Document | None:
    """Return the document, or None; what is wrong is noted on the sheet."""
    document = _table(sheet, sheet.raw, schema.Document, ())
    _across_tables(sheet, root)
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


# ---- between outputs and all else ------------------------------------------------------------------------------------


class Claim(NamedTuple):
    """What an output writes: files, or a tree; relative to the recipe's folder."""

    name: str
    files: tuple[str, ...]
    tree: str | None

    def __str__(self) -> str:
        return f"output '{clip(self.name)}'"


def _across_tables(sheet: Sheet, root: str) -> None:
    """Note outputs that clash with one another, with sources, or with what is the recipe's own."""
    claims = [_claim(sheet, draft, root) for draft in sheet.drafts_of("outputs") if "path" in draft.good]
    sound = [claim for claim in claims if _is_apart(sheet, claim, root)]
    for one, other in combinations(sound, 2):
        what = _clash(one, other) or _clash(other, one)
        if what:
            sheet.find("SB107", ("outputs", other.name, "path"), what, "give each output a path of its own")
    for draft in sheet.drafts_of("sources"):
        _keep_sources(sheet, draft, sound, root)


def _claim(sheet: Sheet, draft: Draft, root: str) -> Claim:
    path = local(draft.good["path"], root)
    ids = _taken(sheet, draft)
    if draft.kind is schema.StacJsonOutput:
        layout = draft.good.get("layout", "{id}.json")
        items = [re.sub(r"\{[^}]*\}", "1", layout.replace("{collection}", name)) for name in ids]
        inner = ["catalog.json", *(f"{name}/collection.json" for name in ids), *items]
        return Claim(draft.path[1], tuple(f"{path}/{name}" for name in inner), path)
    return Claim(draft.path[1], tuple(dict.fromkeys(path.replace("{collection}", name) for name in ids)), None)


def _taken(sheet: Sheet, draft: Draft) -> list[str]:
    """Return the collections that an output takes, as names in paths; a pattern that finds none is a warning."""
    known = list(sheet.entries("collections"))
    patterns = draft.good.get("collections") or ["*"]
    for index, pattern in enumerate(patterns if "collections" in draft.good else ()):
        if not any(fnmatchcase(name, pattern) for name in known):
            path = (*draft.path, "collections", str(index))
            message = f"{place(draft.path)}: no collection matches {shown(pattern)}"
            sheet.warnings.append(("SB102", path, message, did_you_mean(pattern, known, "there is")))
    taken = [name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)]
    return [re.sub(r"[^A-Za-z0-9._-]", "%", name) for name in taken or ["*"]]


def local(path: str, root: str) -> str:
    """Return a path of the recipe relative to its folder: without `./`, with `..` at its beginning only."""
    whole = os.path.normpath(os.path.join(root, path))  # noqa: PTH118 - text only, nothing is looked at
    return unicodedata.normalize("NFC", os.path.relpath(whole, root)).replace(os.sep, "/")


def within(path: str, tree: str) -> bool:
    """Tell whether a path is a tree or stands in it; case does not count, as on some disks it does not."""
    return tree == "." or f"{path}/".casefold().startswith(f"{tree}/".casefold())


def _is_apart(sheet: Sheet, claim: Claim, root: str) -> bool:
    """Tell whether an output stays away from the recipe, its memory, cache and log; note it if not."""
    cache = local(str(sheet.entries("cache").get("path", ".stacbuild/cache")), root)
    log = sheet.entries("log").get("file")
    own = {sheet.name: "the recipe", ".stacbuild": "the memory, .stacbuild", cache: "the cache"}
    own |= {local(log, root): "the log"} if isinstance(log, str) else {}
    for path in (claim.tree,) if claim.tree else claim.files:
        above = path == "." or set(path.split("/")) == {".."}
        hit = next((what for name, what in own.items() if within(name, path) or within(path, name)), None)
        what = "is the recipe's folder, or one above it" if above else f"is, holds or stands in {hit}" if hit else None
        if what:
            sheet.find("SB107", ("outputs", claim.name, "path"), f"{claim}: 'path' {what}", 'as in "dist/site"')
            return False
    return True


def _clash(one: Claim, other: Claim) -> str | None:
    """Return what is wrong between two outputs; a file that is not .json may stand in a tree, beside its files."""
    if one.tree is not None and other.tree is not None:
        return f"{other} stands inside {one}" if within(other.tree, one.tree) else None
    if one.tree is not None:
        mixed = any(within(one.tree, file) or _is_of(file, one) for file in other.files)
        return f"{other} writes a file into the tree of {one}" if mixed else None
    if other.tree is None and any(within(file, path) for path in one.files for file in other.files):
        return f"{one} and {other} write the same file"
    return None


def _is_of(path: str, claim: Claim) -> bool:
    """Tell whether a file could be one of a tree's."""
    if claim.tree is None or not within(path, claim.tree):
        return False
    return path.casefold().endswith(".json") or any(within(file, path) for file in claim.files)


def _keep_sources(sheet: Sheet, draft: Draft, claims: list[Claim], root: str) -> None:
    """Note a source that would read what an output writes."""
    paths = draft.good.get("path", [])
    for path in [paths] if isinstance(paths, str) else paths:
        pattern = local(path, root)
        fixed = re.split(r"[^/]*[*?\[]", pattern, maxsplit=1)[0].rstrip("/")
        for claim in claims:
            inside = claim.tree is not None and within(fixed, claim.tree) and pattern.endswith((".json", "*", "]"))
            if inside or any(glob_pattern(pattern).fullmatch(file) for file in claim.files):
                message = f"{place(draft.path)}: {shown(path)} matches what {claim} writes"
                sheet.find("SB107", (*draft.path, "path"), message, "keep what is read and what is written apart")
                break


@cache
def glob_pattern(pattern: str) -> re.Pattern[str]:
    """Return the expression of a glob: `*` and `?` within a name, `**` over folders, `[…]` of characters."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\])", pattern)
    return re.compile("".join(words.get(piece) or _set(piece) for piece in pieces), re.IGNORECASE | re.DOTALL)


def _set(piece: str) -> str:
    if len(piece) < 3 or piece[0] != "[":  # noqa: PLR2004 - a set has something in it
        return re.escape(piece)
    return re.sub(r"^\(\?s:|\)\\[Zz]$", "", translate(piece))
