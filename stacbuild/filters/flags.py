"""A patch or an extension given by flags instead of a recipe: judged by the rules of its table, told as wrong usage."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from stacbuild.failures import Problem, UsageError
from stacbuild.recipe.checks_patch import patch as judge
from stacbuild.recipe.lines import Draft, Sheet
from stacbuild.recipe.load import Recipe, of_tables
from stacbuild.recipe.schema import Patch

NAME: Final = "flags"
_DOT: Final = re.compile(r"(?<!\\)\.")
_SAID: Final = f"patch '{NAME}': "


def patch_of(where: str | None, put: list[str], append: list[str], remove: list[str], *, drop: bool) -> Patch:
    """Return the patch that flags say.

    Args:
        where: CQL2; None: every item.
        put: `path=value` each; a value is JSON, or else text.
        append: likewise; the elements of an array, or one value.
        remove: paths.
        drop: leave the items out.

    Raises:
        UsageError: SB001 where a flag has no value, else as a recipe with that patch.
    """
    raw: dict[str, Any] = {"where": where} if where is not None else {}
    raw |= {"set": dict(_pair("--set", one) for one in put)} if put else {}
    raw |= {"append": {path: _listed(value) for path, value in _pairs("--append", append)}} if append else {}
    raw |= {"remove": remove} if remove else {}
    raw |= {"drop": True} if drop else {}
    sheet = Sheet({"patches": {NAME: raw}}, "")
    judge(sheet, Draft(Patch, raw, raw, ("patches", NAME)))
    if sheet.findings:
        problems = [Problem(code, _words(said), hint=hint and _words(hint)) for code, _, said, hint in sheet.findings]
        raise UsageError(problems)
    return msgspec.convert(raw, Patch)


def extension_of(use: str, put: list[str], root: Path) -> Recipe:
    """Return a recipe of the one extension that flags say.

    Args:
        use: a built-in, or code, as `use` in a recipe.
        put: `key=value` each, dotted where tables stand in tables; a value is JSON, or else text.
        root: the folder that plug-ins and the files that it reads are looked for from.

    Raises:
        UsageError: SB001 where a flag has no value or two contradict, else as a recipe with that extension.
    """
    table: dict[str, Any] = {"use": use}
    for path, value in _pairs("--set", put):
        _put(table, path, value)
    recipe, findings = of_tables({"catalog": {"id": NAME}, "extensions": {use: table}}, root)
    if recipe is None:
        raise UsageError([Problem(code, said, hint=hint) for code, _, said, hint in findings])
    return recipe


def _put(table: dict[str, Any], path: str, value: Any) -> None:
    r"""Put a value at a dotted path, the last part of which is the key; `\.` is a dot in a name."""
    *above, last = [part.replace("\\.", ".") for part in _DOT.split(path)]
    for name in above:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            break
    if not isinstance(table, dict) or last in table:
        hint = "each key once; what stands in a table is named with dots, as in alternates.mirror.href"
        raise UsageError(Problem("SB001", f"--set {path} does not fit what other flags say", hint=hint))
    table[last] = value


def _pairs(flag: str, given: list[str]) -> list[tuple[str, Any]]:
    return [_pair(flag, one) for one in given]


def _pair(flag: str, given: str) -> tuple[str, Any]:
    path, sign, value = given.partition("=")
    if not sign or not path:
        hint = f"as in {flag} 'properties.gsd=10'; a value is JSON, or else text"
        raise UsageError(Problem("SB001", f"{flag} takes PATH=VALUE, not {given!r}", hint=hint))
    try:
        return path, msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return path, value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _words(text: str) -> str:
    """Return a sentence about a table of a recipe as one about flags."""
    for key in ("where", "set", "append", "remove", "drop"):
        text = text.replace(f"'{key}'", f"--{key}").replace(f"`{key}`", f"--{key}")
    return text.replace(_SAID, "").replace("drop = true", "--drop")
