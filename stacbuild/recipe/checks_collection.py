"""The rules of `[collections.ID]`."""

from __future__ import annotations

import re
from typing import Any

from stacbuild.recipe import extents, names
from stacbuild.recipe.checks_patch import where
from stacbuild.recipe.judging import at, filled, known_names
from stacbuild.recipe.lines import Draft, Path, Sheet
from stacbuild.recipe.words import is_pattern

OWN_KEYS = ("title", "description", "license", "keywords", "providers", "summaries", "extent", "assets")
OURS = ("type", "id", "stac_version", "item_assets")
OUR_RELS = ("root", "parent", "self", "collection", "child", "item", "items")
"""Links that say where a document stands in its tree: outputs write them."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+$")
_ASSET = re.compile(r"(item_)?assets\.([^.\\]|\\.)+")
"""A path that is one whole asset."""


def collection(sheet: Sheet, draft: Draft) -> None:
    """Judge a target."""
    name = draft.path[-1]
    if is_pattern(name):
        _pattern(sheet, draft)
    filled(sheet, draft, "from", "license")
    known_names(sheet, draft, "from", draft.good.get("from", []), "sources")
    if draft.good.get("mapping") is not None:
        known_names(sheet, draft, "mapping", [draft.good["mapping"]], "mappings")
    elif "mapping" not in draft.raw:
        _needs_mapping(sheet, draft)
    for index, provider in enumerate(draft.good.get("providers", [])):
        if not isinstance(provider.get("name"), str) or not provider["name"].strip():
            path = at(draft, "providers", str(index))
            sheet.find("SB104", path, f"{names.subject(path, 2)}: `name` is missing", 'as in { name = "Us" }')
    applied = draft.good.get("collection-extensions", [])
    known_names(sheet, draft, "collection-extensions", applied, "extensions")
    known_names(sheet, draft, "patches", draft.good.get("patches", []), "patches")
    known_names(sheet, draft, "extensions", draft.good.get("extensions", []), "extensions")
    _extent(sheet, draft, draft.good.get("extent", {}))
    _assets(sheet, draft, draft.good.get("assets", {}))
    _set(sheet, draft)
    where(sheet, draft)


def _pattern(sheet: Sheet, draft: Draft) -> None:
    """Note a pattern over records whose mapping does not say which collection each goes to."""
    mapping = draft.good.get("mapping")
    named = mapping is not None and "collection" in sheet.entries("mappings", mapping)
    if mapping in sheet.entries("mappings") and not named and _of_records(sheet, draft):
        message = f"{names.place(draft.path)} is a pattern, and mapping '{names.clip(mapping)}' names no collection"
        hint = f'write collection = {{ from = "column" }} into [mappings.{mapping}]'
        sheet.find("SB104", draft.path, message, hint)


def _of_records(sheet: Sheet, draft: Draft) -> list[str]:
    kinds = {name: sheet.entries("sources", name).get("kind") for name in draft.good.get("from", [])}
    return [name for name, kind in kinds.items() if kind in names.OF_RECORDS]


def _set(sheet: Sheet, draft: Draft) -> None:
    for name in draft.good.get("set", {}):
        own = name.replace("_", "-")
        if own in OWN_KEYS:
            hint = f"write {own} = … into the table of the collection"
            path = at(draft, "set", name)
            sheet.find("SB105", path, f"{names.subject(path, 2)}: `{own}` is a key of its own", hint)
        elif name in OURS:
            path = at(draft, "set", name)
            sheet.find("SB103", path, f"{names.subject(path, 2)}: `{name}` is written by the build", "take it out")
        elif name == "stac_extensions" and not _is_texts(draft.good["set"][name]):
            path = at(draft, "set", name)
            sheet.find("SB103", path, f"{names.subject(path, 2)}: `stac_extensions` must be a list of URLs")
        elif _ASSET.fullmatch(name) and not isinstance(draft.good["set"][name], dict):
            path = at(draft, "set", name)
            sheet.find("SB103", path, f"{names.subject(path, 2)} must be a table", 'as in { title = "…" }')
        elif name.partition(".")[0] == "links":
            _links(sheet, at(draft, "set", name), draft.good["set"][name])


def _links(sheet: Sheet, path: Path, links: Any) -> None:
    """Note links that cannot be put to those that outputs write."""
    subject = names.subject(path, 2)
    shape = 'as in links = [{ rel = "license", href = "https://…" }]'
    if path[-1] != "links" or not isinstance(links, list):
        sheet.find("SB103", path, f"{subject} must be a list of links under the name `links`", shape)
        return
    for index, link in enumerate(links):
        place, entry = (*path, str(index)), f"{subject}: entry {index + 1}"
        rel, href = (link.get("rel"), link.get("href")) if isinstance(link, dict) else (None, None)
        if not isinstance(rel, str) or not isinstance(href, str):
            sheet.find("SB103", place, f"{entry} needs the texts `rel` and `href`", shape)
        elif rel in OUR_RELS:
            sheet.find("SB103", place, f'{entry}: links with rel "{rel}" are written by the build', "take it out")
        elif not _URL.match(href):
            sheet.find("SB103", place, f"{entry}: `href` must be a URL", "as in https://example.com/licence.html")


def _needs_mapping(sheet: Sheet, draft: Draft) -> None:
    for name in draft.good.get("from", []):
        if sheet.entries("sources", name).get("kind") in names.OF_RECORDS:
            message = f"{names.place(draft.path)}: `mapping` is missing: source '{names.clip(name)}' gives records"
            known = sheet.entries("mappings")
            hint = f"there is: {names.listed(known)}" if known else "write a table [mappings.NAME] and name it here"
            sheet.find("SB104", draft.path, message, hint)
            return


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) and entry for entry in value)


def _assets(sheet: Sheet, draft: Draft, assets: dict[str, dict[str, Any]]) -> None:
    for name, asset in assets.items():
        href = asset.get("href")
        if not isinstance(href, str) or not href.strip():
            path = at(draft, "assets", name)
            what = "`href` is missing" if href is None else "`href` must be a text that is not empty"
            sheet.find(
                "SB104" if href is None else "SB103",
                path,
                f"{names.place(path)}: {what}",
                'as in href = "https://…/a.png"',
            )


def _extent(sheet: Sheet, draft: Draft, extent: dict[str, Any]) -> None:
    for key, value in extent.items():
        path = at(draft, "extent", key)
        if key not in ("bbox", "interval"):
            hint = names.did_you_mean(key, ("bbox", "interval"), "it takes")
            sheet.find("SB101", path, f"unknown key `{names.clip(key)}` in {names.place(path[:-1])}", hint)
        else:
            what = extents.wrong(key, value)
            if what is not None:
                sheet.find("SB103", path, f"{names.subject(path, 2)} {what}")
