"""A patch that is given by flags instead of a recipe: judged by the rules of `[patches.NAME]`, told as wrong usage."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from stacbuild.failures import Problem, UsageError
from stacbuild.recipe.checks_patch import patch as judge
from stacbuild.recipe.lines import Draft, Sheet
from stacbuild.recipe.schema import Patch

NAME: Final = "flags"
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
