"""What the rules of all tables are written with: where a key is, what is said of it, and the commonest findings.

A rule notes what it finds on the sheet and goes on. Never decides a table as a whole; never reads a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from stacbuild.recipe import later, names
from stacbuild.recipe.lines import Draft, Path, Sheet

GLOB = re.compile(r"[*?\[]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")

GUESSES = 100
"""Problems of a recipe after which no near names are looked for: of ten thousand names that takes long."""


def at(draft: Draft, *names_: str) -> Path:
    """Return the path of a key of a table."""
    return (*draft.path, *names_)


def say(draft: Draft, key: str) -> str:
    """Return the beginning of a sentence about a key of a table."""
    return names.subject(at(draft, key), len(draft.path))


def bad(sheet: Sheet, draft: Draft, key: str, what: str, hint: str | None = None, *, code: str = "SB103") -> None:
    """Note what is wrong with the value of a key."""
    sheet.find(code, at(draft, key), f"{say(draft, key)} {what}", hint)


def filled(sheet: Sheet, draft: Draft, *keys: str) -> None:
    """Note texts that are empty or hold control characters, alone or in a list."""
    for key in keys:
        value = draft.good.get(key)
        entries = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        if any(isinstance(entry, str) and not entry.strip() for entry in entries):
            bad(sheet, draft, key, "must not be empty")
        elif any(isinstance(entry, str) and CONTROL.search(entry) for entry in entries):
            bad(sheet, draft, key, "must not hold control characters")
        elif value == []:
            bad(sheet, draft, key, "must not be an empty list")


def exactly_one(sheet: Sheet, draft: Draft, keys: Iterable[str], what: str) -> None:
    """Note a table that has none of `keys`, or several; `what` comes from them."""
    options = list(keys)
    given = [key for key in options if key in draft.raw]
    whole = names.place(draft.path)
    if len(given) > 1:
        sheet.find(
            "SB105", at(draft, given[1]), f"{whole}: {names.listed(given)} exclude each other", "keep one of them"
        )
    elif not given and not set(draft.raw) & later.LATER_KEYS.get(draft.kind.__name__, frozenset()):
        sheet.find(
            "SB104", draft.path, f"{whole} does not say where {what} from", f"write one of {names.listed(options)}"
        )


def known_names(sheet: Sheet, draft: Draft, key: str, written: list[str], table: str) -> None:
    """Note names in `written` that are no entry of `table`, or stand twice."""
    known, what = sheet.entries(table), names.SINGULAR[table]
    seen: set[str] = set()
    for index, name in enumerate(written):
        path = (
            at(draft, key, str(index))
            if key in ("from", "extensions", "collection-extensions", "patches")
            else at(draft, key)
        )
        if name not in known and name.strip():
            hint = None if known else f"there is no [{table}.NAME]"
            if known and len(sheet.findings) < GUESSES:
                hint = names.did_you_mean(name, known, "there is")
            sheet.find("SB102", path, f"{names.place(draft.path)}: unknown {what} {names.shown(name)}", hint)
        elif name in seen:
            sheet.find("SB105", path, f"{names.place(draft.path)}: {what} {names.shown(name)} is named twice")
        seen.add(name)


def matching(known: dict[str, Any], patterns: Sequence[str]) -> list[str]:
    """Return the names that globs match, or that stand among them."""
    globs = [pattern for pattern in patterns if GLOB.search(pattern)]
    if not globs:
        return [name for name in dict.fromkeys(patterns) if name in known]
    exact = set(patterns)
    return [name for name in known if name in exact or any(fnmatchcase(name, glob) for glob in globs)]


def did_you_mean_one(name: str, known: tuple[str, ...]) -> str | None:
    """Return the hint for a word that is close to one of `known`."""
    meant = names.close(name, known)
    return f"did you mean `{meant}`?" if meant else None


def template(sheet: Sheet, draft: Draft, key: str) -> None:
    """Note a template whose braces do not match."""
    text = draft.good.get(key)
    for match in PIECE.finditer(text) if isinstance(text, str) else ():
        alone = match.group() in ("{", "}")
        if alone or (match.group(1) is not None and not match.group(1).strip()):
            what = f"holds a `{match.group()}` alone" if alone else "names no field between `{` and `}`"
            hint = "a field stands as {path}; a brace itself is `{{` or `}}`"
            bad(sheet, draft, key, f"{what}, at character {match.start() + 1}", hint, code="SB111")
            return


def placeholders(sheet: Sheet, draft: Draft, key: str, text: str, allowed: tuple[str, ...]) -> None:
    """Note `{NAME}` that a path does not take."""
    for name in dict.fromkeys(re.findall(r"\{([^{}]*)\}", text)):
        if name not in allowed:
            takes = " ".join(f"{{{one}}}" for one in allowed)
            what = f"takes {takes}, not {{{names.clip(name)}}}" if allowed else f"takes no {{{names.clip(name)}}}"
            bad(sheet, draft, key, what, did_you_mean_one(name, allowed), code="SB102")
    if re.search("[{}]", re.sub(r"\{[^{}]*\}", "", text)):
        bad(sheet, draft, key, "holds a brace alone", code="SB111")
