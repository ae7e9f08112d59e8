"""The rules of `[patches.NAME]`."""

from __future__ import annotations

import re
from typing import Any

from stacbuild.recipe import names
from stacbuild.recipe.judging import at, bad
from stacbuild.recipe.lines import Draft, Sheet
from stacbuild.recipe.words import has_star, stands_for

OURS = ("type", "stac_version", "id", "collection", "links")
"""Members that a build gives an item."""
OURS_WITHIN = ("links", "collection")
"""Those of which no part is a patch's either."""

REQUIRED = (
    *("type", "stac_version", "id", "geometry", "properties", "links", "assets", "collection"),
    *("properties.datetime", "assets.*.href"),
)
"""What no item can be without."""

_STEP = re.compile(r"(?<!\\)\.")
EXAMPLE = "as in where = \"gsd < 5 AND platform = 'a'\""


def patch(sheet: Sheet, draft: Draft) -> None:
    """Judge a patch."""
    acts = [key for key in ("set", "append", "remove", "drop") if draft.good.get(key)]
    if not acts and not {"set", "append", "remove", "drop"} & set(draft.raw):
        hint = "write `set`, `append`, `remove` or drop = true"
        sheet.find("SB104", draft.path, f"{names.place(draft.path)} does nothing", hint)
    elif draft.good.get("drop") and len(acts) > 1:
        bad(
            sheet, draft, "drop", f"leaves nothing to {acts[0]}", "an item that is dropped is not changed", code="SB105"
        )
    elif draft.good.get("drop") and draft.good.get("updated"):
        bad(sheet, draft, "updated", "is for items that stay, `drop` leaves none", "take one of them out", code="SB105")
    _paths(sheet, draft)
    where(sheet, draft)


def where(sheet: Sheet, draft: Draft) -> None:
    """Judge the condition of a table."""
    text = draft.good.get("where")
    if text is None:
        return
    from stacbuild.cql2 import check_filter  # noqa: PLC0415  few recipes have one

    problem = check_filter(text)
    if problem is not None:
        bad(sheet, draft, "where", f"cannot be used: {problem}", problem.hint or EXAMPLE)


def _paths(sheet: Sheet, draft: Draft) -> None:
    for key in ("set", "append"):
        for path, value in draft.good.get(key, {}).items():
            _path(sheet, draft, key, path, value)
    for number, path in enumerate(draft.good.get("remove", [])):
        if required := _required(path):
            covers = f"it covers {required}, and " if has_star(path) and path != required else ""
            text = f"{names.place(draft.path)}: 'remove' cannot take {names.shown(path)}: {covers}no item"
            text += " can be without it"
            sheet.find("SB103", at(draft, "remove", str(number)), text)


def _path(sheet: Sheet, draft: Draft, key: str, path: str, value: Any) -> None:
    where = at(draft, key, path)
    if isinstance(value, dict):
        inner = next(iter(value), "name")
        text = f"{names.subject(where, 2)} must not be a table"
        sheet.find("SB103", where, text, f'a path is quoted: "{names.clip(path)}.{names.clip(inner)}" = …')
    elif ours := _ours(path):
        covered = "is" if ours == path.partition(".")[0] else f"covers {ours}, which is"
        text = f"{names.subject(where, 2)}: {names.shown(path)} {covered} the build's own"
        hint = "the mapping gives an item its id; targets, its collection; outputs, its links"
        sheet.find("SB103", where, text, hint)


def _ours(path: str) -> str | None:
    """Return the member of the build's own into which a path leads."""
    first, *below = _STEP.split(path)
    return next((name for name in (OURS if not below else OURS_WITHIN) if stands_for(first, name)), None)


def _required(path: str) -> str | None:
    """Return what no item can be without that a path takes away."""
    steps = _STEP.split(path)
    return next((found for found in REQUIRED if _covers(steps, found.split("."))), None)


def _covers(steps: list[str], parts: list[str]) -> bool:
    return len(steps) == len(parts) and all(
        part == "*" or stands_for(step, part) for step, part in zip(steps, parts, strict=True)
    )
