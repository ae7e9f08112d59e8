"""What outputs claim of the disk: against one another, sources, and what is the recipe's own. Looks at no disk."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import cache, cached_property

from stacbuild.recipe import schema
from stacbuild.recipe.judging import matching
from stacbuild.recipe.lines import Draft, Sheet
from stacbuild.recipe.names import clip, did_you_mean, place, shown

ENOUGH = 100
"""Collections of a tree that are looked at: more are alike."""


class Claim:
    """What an output writes: files, or a tree; relative to the recipe's folder."""

    def __init__(self, name: str, files: tuple[str, ...], tree: str | None) -> None:
        self.name, self.files, self.tree = name, files, tree

    def __str__(self) -> str:
        return f"output '{clip(self.name)}'"

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """What nothing else may stand at, in or above; case does not count, as on some disks it does not."""
        return tuple(path.casefold() for path in ((self.tree,) if self.tree is not None else self.files))

    @cached_property
    def places(self) -> frozenset[str]:
        """The files with all folders that they stand in."""
        return frozenset(place for file in self.files for place in _upwards(file.casefold()))


def across_tables(sheet: Sheet, root: str) -> None:
    """Note outputs that clash with one another, with sources, or with what is the recipe's own."""
    takes = cache(lambda patterns: _taken(sheet, patterns))
    claims = [_claim(sheet, draft, root, takes) for draft in sheet.drafts_of("outputs") if "path" in draft.good]
    sound = [claim for claim in claims if _is_apart(sheet, claim, root)]
    for one, other in _near(sound):
        what = _clash(one, other) or _clash(other, one)
        if what:
            sheet.find("SB107", ("outputs", other.name, "path"), what, "give each output a path of its own")
    trees, nearby = [claim for claim in sound if claim.tree is not None], _by_folder(sound)
    for draft in sheet.drafts_of("sources"):
        _keep_sources(sheet, draft, trees, nearby, root)


def _claim(sheet: Sheet, draft: Draft, root: str, takes: Callable[[tuple[str, ...]], list[str]]) -> Claim:
    path = local(draft.good["path"], root)
    patterns = draft.good.get("collections") or ["*"]
    if "collections" in draft.good:
        _warn_of_idle(sheet, draft, patterns, takes)
    ids = takes(tuple(patterns)) or ["*"]
    if draft.kind is schema.StacJsonOutput:
        layout, ids = draft.good.get("layout", "{id}.json"), ids[:ENOUGH]
        items = [re.sub(r"\{[^}]*\}", "1", layout.replace("{collection}", name)) for name in ids]
        documents = ["catalog.json", "collections.json", *(["README.md"] if draft.good.get("readme") else [])]
        inner = [*documents, *(f"{name}/collection.json" for name in ids), *items]
        return Claim(draft.path[1], tuple(f"{path}/{name}" for name in inner), path)
    path = re.sub(r"\{(?!collection\})[^}]*\}", "1", path)
    files = dict.fromkeys(path.replace("{collection}", name) for name in ids) if "{collection}" in path else [path]
    return Claim(draft.path[1], tuple(files), None)


def _warn_of_idle(
    sheet: Sheet, draft: Draft, patterns: list[str], takes: Callable[[tuple[str, ...]], list[str]]
) -> None:
    """Warn of patterns that find no collection."""
    for index, pattern in enumerate(patterns):
        if not takes((pattern,)):
            path = (*draft.path, "collections", str(index))
            message = f"{place(draft.path)}: no collection matches {shown(pattern)}"
            hint = did_you_mean(pattern, list(sheet.entries("collections")), "there is")
            sheet.warnings.append(("SB102", path, message, hint))


def _taken(sheet: Sheet, patterns: tuple[str, ...]) -> list[str]:
    """Return the collections that patterns take, as names in paths."""
    return [re.sub(r"[^A-Za-z0-9._-]", "%", name) for name in matching(sheet.entries("collections"), patterns)]


def _near(claims: list[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Yield the pairs of which one stands at, in or above the other; with several at one place, each with the first."""
    first: dict[str, int] = {}
    for number, claim in enumerate(claims):
        for root in claim.roots:
            first.setdefault(root, number)
    found = {
        (min(number, other), max(number, other))
        for number, claim in enumerate(claims)
        for root in claim.roots
        for above in _upwards(root)
        if (other := first.get(above, number)) != number
    }
    return ((claims[one], claims[other]) for one, other in sorted(found))


def _upwards(path: str) -> Iterator[str]:
    """Yield a path and the folders that it stands in."""
    while path:
        yield path
        path = path.rpartition("/")[0]


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
    own |= dict(_beside(sheet, root))
    for path in (claim.tree,) if claim.tree else claim.files:
        above = path == "." or set(path.split("/")) == {".."}
        hit = next((what for name, what in own.items() if within(name, path) or within(path, name)), None)
        what = "is the recipe's folder, or one above it" if above else f"is, holds or stands in {hit}" if hit else None
        if what:
            sheet.find("SB107", ("outputs", claim.name, "path"), f"{claim}: 'path' {what}", 'as in "dist/site"')
            return False
    return True


def _beside(sheet: Sheet, root: str) -> Iterator[tuple[str, str]]:
    """Yield the files of lookups and functions, each with what it is."""
    for draft in sheet.drafts.values():
        file = draft.good.get("file") if draft.kind is schema.LookupFile else None
        module = draft.good.get("function", "").rpartition(":")[0] if draft.kind is schema.Rule else ""
        if file:
            yield local(file, root), f"the lookup {clip(file)}"
        elif module.endswith(".py"):
            yield local(module, root), f"the code {clip(module)}"
    for table in sheet.entries("extensions").values():
        module = str(table.get("use", "")).rpartition(":")[0] if isinstance(table, dict) else ""
        if module.endswith(".py"):
            yield local(module, root), f"the code {clip(module)}"


def _clash(one: Claim, other: Claim) -> str | None:
    """Return what is wrong between two outputs; a file that is not .json may stand in a tree, beside its files."""
    if one.tree is not None and other.tree is not None:
        return f"{other} stands inside {one}" if within(other.tree, one.tree) else None
    if one.tree is not None:
        mixed = any(within(one.tree, file) or _is_of(file, one) for file in other.files)
        return f"{other} writes a file into the tree of {one}" if mixed else None
    if other.tree is None and any(file.casefold() in other.places for file in one.files):
        return f"{one} and {other} write the same file"
    return None


def _is_of(path: str, claim: Claim) -> bool:
    """Tell whether a file could be one of a tree's."""
    if claim.tree is None or not within(path, claim.tree):
        return False
    return path.casefold().endswith(".json") or path.casefold() in claim.places


Folders = dict[str, dict[int, list[tuple[str, Claim]]]]
"""First name of a path → number of names → the files that outputs write there."""


def _by_folder(claims: list[Claim]) -> Folders:
    found: Folders = {}
    for claim in claims:
        for file in claim.files:
            found.setdefault(_top(file), {}).setdefault(file.count("/"), []).append((file, claim))
    return found


def _top(path: str) -> str:
    return path.partition("/")[0].casefold()


def _keep_sources(sheet: Sheet, draft: Draft, trees: list[Claim], nearby: Folders, root: str) -> None:
    """Note a source that would read what an output writes."""
    key = "href" if draft.kind is schema.StacCatalogSource else "path"
    paths = draft.good.get(key, [])
    for path in [paths] if isinstance(paths, str) else paths:
        hit = _read_by(local(path, root), trees, nearby)
        if hit is not None:
            message = f"{place(draft.path)}: {shown(path)} matches what {hit} writes"
            sheet.find("SB107", (*draft.path, key), message, "keep what is read and what is written apart")


def _read_by(pattern: str, trees: list[Claim], nearby: Folders) -> Claim | None:
    """Return an output of which a source would read a file."""
    fixed = re.split(r"[^/]*[*?\[]", pattern, maxsplit=1)[0].rstrip("/")
    if pattern.endswith((".json", "*", "]")):
        inside = next((claim for claim in trees if claim.tree is not None and within(fixed, claim.tree)), None)
        if inside is not None:
            return inside
    whole = glob_pattern(pattern)
    for top in [_top(fixed)] if fixed else list(nearby):
        depths = nearby.get(top, {})
        for depth in depths if "**" in pattern else [pattern.count("/")]:
            for file, claim in depths.get(depth, ()):
                if whole.fullmatch(file):
                    return claim
    return None


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
