"""What outputs claim of the disk: against one another, sources, and what is the recipe's own. Looks at no disk."""

from __future__ import annotations

import os
import re
import unicodedata
from fnmatch import fnmatchcase, translate
from functools import cache
from itertools import combinations
from typing import NamedTuple

from stacbuild.recipe import schema
from stacbuild.recipe.lines import Draft, Sheet
from stacbuild.recipe.names import clip, did_you_mean, place, shown


class Claim(NamedTuple):
    """What an output writes: files, or a tree; relative to the recipe's folder."""

    name: str
    files: tuple[str, ...]
    tree: str | None

    def __str__(self) -> str:
        return f"output '{clip(self.name)}'"


def across_tables(sheet: Sheet, root: str) -> None:
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
    own |= {local(name, root): f"the included file {clip(name)}" for name in sheet.included}
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
