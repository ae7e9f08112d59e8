"""The collections' own documents: what the recipe says and what the items do, extensions applied, judged.

An extension that fails costs the document what it would have put there, never the build. Never writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from stacbuild import aggregate, upstream
from stacbuild.failures import ItemError, Problem
from stacbuild.reading import Reader
from stacbuild.recipe import extents
from stacbuild.recipe.schema import STAC_VERSION, Collection, Document
from stacbuild.stages.hrefs import stored
from stacbuild.stages.judge import Judge
from stacbuild.stages.paths import put
from stacbuild.times import Times

FAULTS_TOLD: Final = 3
"""Faults of a collection's document that one warning names."""
_MEND: Final = "mend it in its table of [collections], where `set` wins over what is said upstream, or its extensions"


class Made(NamedTuple):
    """A collection's document without links of the tree, and what is to be known of how it was made."""

    facts: dict[str, Any]
    read: list[str]
    """Files that it was made from, relative to the recipe's folder."""
    odd: list[Problem]
    """What its items are short of."""
    failed: list[Problem]
    """Extensions that should have given something and failed."""


def made(
    document: Document, name: str, total: aggregate.Fold, root: Path, said: dict[str, Any], times: Times | None = None
) -> Made:
    """Return a collection's document over items of which `total` tells.

    Args:
        document: the recipe.
        name: the collection's id.
        total: what its items say together.
        root: the recipe's folder.
        said: what the collection says of itself upstream.
        times: when contents were first seen; None: nobody asks.
    """
    facts, odd = _told(name, document.collections[name], total, said)
    extended, read, failed = _extended(document, name, facts, Reader(root), times)
    return Made(extended, read, odd, failed)


def _told(
    name: str, spec: Collection, total: aggregate.Fold, said: dict[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return a collection's document without links of the tree, and what is odd about it.

    What the recipe says wins over what is said upstream; what the items say of extent does too.
    """
    found, left_out = aggregate.summaries(total, spec.summaries)
    odd = [_too_many(name, field) for field in left_out]
    extent = _extent(spec, total, said)
    if extent is None:
        extent = {"spatial": {"bbox": [aggregate.WORLD]}, "temporal": {"interval": _intervals(spec, total, said)}}
        text = f"collection '{name}' has no item with a footprint: its extent is the world"
        odd.append(Problem("SB702", text, hint=f"set [collections.{name}] extent"))
    facts: dict[str, Any] = {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "id": name,
        "title": spec.title or said.get("title") or name,
        "description": spec.description or said.get("description") or spec.title or said.get("title") or name,
        "license": spec.license or said.get("license") or "other",
        "extent": extent,
    }
    optional = {
        "keywords": spec.keywords or said.get("keywords"),
        "providers": spec.providers or said.get("providers"),
        "assets": {key: {**asset, "href": stored(asset["href"], "")} for key, asset in spec.assets.items()}
        or said.get("assets"),
        "summaries": found if spec.summaries else said.get("summaries"),
        "item_assets": {**aggregate.item_assets(total), **said.get("item_assets", {})},
    }
    others = {key: value for key, value in said.items() if key not in facts and key not in optional}
    document = {**facts, **others, **{key: value for key, value in optional.items() if value}}
    for path, value in spec.set.items():
        put(document, path, value)
    return document, odd


def _too_many(name: str, field: str) -> Problem:
    text = f"collection '{name}': {field} has more than {aggregate.VALUES_AT_MOST} values: not summarised"
    return Problem("SB701", text, hint="take it out of `summaries`")


def _extent(spec: Collection, total: aggregate.Fold, said: dict[str, Any]) -> dict[str, Any] | None:
    """Return the extent; None where neither the recipe nor an item nor who is upstream has a box."""
    if "bbox" in spec.extent:
        boxes: list[Any] | None = extents.boxes(spec.extent["bbox"])
    else:
        box = aggregate.bbox(total)
        boxes = upstream.boxes(said) if box is None else [box]
    if boxes is None:
        return None
    return {"spatial": {"bbox": boxes}, "temporal": {"interval": _intervals(spec, total, said)}}


def _intervals(spec: Collection, total: aggregate.Fold, said: dict[str, Any]) -> list[Any]:
    if "interval" in spec.extent:
        return extents.intervals(spec.extent["interval"])
    interval = aggregate.interval(total)
    return (upstream.intervals(said) if interval == [None, None] else None) or [interval]


# --- extensions


def _extended(
    document: Document, name: str, facts: dict[str, Any], reader: Reader, times: Times | None
) -> tuple[dict[str, Any], list[str], list[Problem]]:
    """Return a collection's document with its extensions applied, the files that they read, and which failed.

    An extension that fails leaves the document as it was before it.
    """
    chain = document.collections[name].collection_extensions
    if not chain:
        return facts, [], []
    from stacbuild.stages.extend import Applied, in_order, misshapen  # noqa: PLC0415  few recipes have any

    if odd := misshapen(facts):
        text = f"collection '{name}': its document is without its extensions: it has {odd}"
        return facts, [], [Problem("SB708", text, hint="mend what `set` puts there, or what is said upstream")]
    problems = []
    links = facts.get("links", [])
    made = {**facts, "stac_extensions": facts.get("stac_extensions", []), "links": links}
    for one in in_order(document, chain):
        try:
            made = Applied(document, one).to(made, reader, times)
        except ItemError as error:
            problems.append(_failed(name, one, error))
    empty = {key for key in ("stac_extensions", "links") if not made.get(key) and key not in facts}
    return {key: value for key, value in made.items() if key not in empty}, sorted(reader.taken), problems


def _failed(name: str, extension: str, error: ItemError) -> Problem:
    where = f" at {error.path}" if error.path else ""
    text = f"collection '{name}': its document is without extension '{extension}': {error.code} {error.message}{where}"
    return Problem("SB708", text, hint=error.hint or "it is tried again at each build")


# --- judging


def judged(judge: Judge, documents: Mapping[str, dict[str, Any]]) -> Iterator[Problem]:
    """Yield a warning for each collection whose document breaks a schema that it declares, or the core's."""
    for name, facts in sorted(documents.items()):
        verdict = judge.judge({"links": [], **facts}, kind="collection")
        errors = [fault for fault in verdict.faults if not fault.warning]
        if verdict.state == "invalid":
            told = "; ".join(f"{fault.path or '/'}: {fault.message}" for fault in errors[:FAULTS_TOLD])
            more = f"; and {len(errors) - FAULTS_TOLD} more" if len(errors) > FAULTS_TOLD else ""
            text = f"collection '{name}': its document is not valid: {told}{more}"
            yield Problem("SB707", text, hint=_MEND)
