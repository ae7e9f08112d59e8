"""The rules of `[patches.NAME]`."""

from __future__ import annotations

import re
from typing import Any

from stacbuild.recipe import names
from stacbuild.recipe.judging import at, bad
from stacbuild.recipe.lines import Draft, Sheet

OURS = ("type", "stac_version", "id", "collection", "links")
"""Members that a build gives an item."""

REQUIRED = (
    *("type", "stac_version", "id", "geometry", "properties", "links", "assets", "collection"),
    *("properties.datetime", "assets.*.href"),
)
"""What no item can be without."""

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
        if _is_required(path):
            text = f"{names.place(draft.path)}: 'remove' cannot take {names.shown(path)}: no item can be without it"
            sheet.find("SB103", at(draft, "remove", str(number)), text)


def _path(sheet: Sheet, draft: Draft, key: str, path: str, value: Any) -> None:
    where = at(draft, key, path)
    if isinstance(value, dict):
        inner = next(iter(value), "name")
        text = f"{names.subject(where, 2)} must not be a table"
        sheet.find("SB103", where, text, f'a path is quoted: "{names.clip(path)}.{names.clip(inner)}" = …')
    elif path in OURS or path.startswith(("links.", "collection.")):
        text = f"{names.subject(where, 2)}: {names.shown(path)} is the build's own"
        sheet.find(
            "SB103", where, text, "the mapping gives an item its id; targets, its collection; outputs, its links"
        )


def _is_required(path: str) -> bool:
    steps = re.split(r"(?<!\\)\.", path)
    return any(
        len(steps) == len(parts)
        and all("*" in (step, part) or step == part for step, part in zip(steps, parts, strict=True))
        for parts in (required.split(".") for required in REQUIRED)
    )
