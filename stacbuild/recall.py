"""Items that stay though their sources have them no more, read back from the outputs when the memory is lost.

Only for collections with `keep-removed`. Reads old outputs and writes to the store; never touches an output.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from stacbuild import canon
from stacbuild.failures import DamageError, Problem
from stacbuild.held import Inspected
from stacbuild.model import Input, Pair
from stacbuild.outputs.base import Output
from stacbuild.packing import pack
from stacbuild.plan import Plan
from stacbuild.stages.items import adopted
from stacbuild.work import line_of, version_of
from stacbuild.workshop import Workshop

CHUNK = 256


class Recalled(Struct):
    """The items of one collection that no source has any more."""

    collection: str
    source: str
    inputs: list[Input]
    pairs: list[Pair]


def recall(shop: Workshop, plan: Plan, held: dict[str, Inspected]) -> list[Recalled]:
    """Return what stays of each collection with `keep-removed`, if the memory is lost; nothing otherwise.

    Raises:
        DamageError: there were outputs, and none of them can give the items.
    """
    names = [name for name, spec in shop.document.collections.items() if spec.keep_removed]
    if not shop.memory.empty or not names or not held:
        return []
    listed = _listed(plan, set(names))
    return [_collection(shop, name, held, listed[name]) for name in names]


def targets(shop: Workshop, held: dict[str, Inspected]) -> set[str]:
    """Return what patterns with `keep-removed` made, by the outputs' items, if the memory is lost.

    Sources may say less now.
    """
    patterns = [name for name in shop.routes.patterns if shop.recipe.document.collections[name].keep_removed]
    if not shop.memory.empty or not patterns:
        return set()
    taking = ((output, held[output.name]) for output in shop.outputs if output.name in held)
    found = {
        str(document.get("collection"))
        for output, inspected in taking
        for path in inspected.rows.paths()
        if path not in inspected.bad
        for document, _ in output.read_back(path)
        if document.get("type") == "Feature"
    }
    return {name for name in found if shop.routes.owner(name) in patterns}


def _listed(plan: Plan, names: set[str]) -> dict[str, set[str]]:
    """Return the ids that the sources give to each of some collections."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for listing in plan.listings:
        for group in listing.groups():
            for row in group.inputs(plan.memory) if group.packed is not None else ():
                for target, identity, _ in listing.targets(row):
                    if target in found and identity is not None:
                        found[target].add(identity)
    return found


def _collection(shop: Workshop, name: str, held: dict[str, Inspected], listed: set[str]) -> Recalled:
    taking = [output for output in shop.outputs if output.takes([name]) and output.name in held]
    source = shop.document.collections[name].from_[0]
    whole = next((output for output in taking if output.gives_items and not held[output.name].bad), None)
    if whole is None:
        if taking:
            raise _damaged(name, taking)
        return Recalled(name, source, [], [])
    items = (item for item in _items(whole, held[whole.name], name) if item["id"] not in listed)
    pairs = list(_stored(shop, name, items))
    return Recalled(name, source, [Input(pair.key, pair.input, 0, []) for pair in pairs], pairs)


def _damaged(name: str, taking: list[Output]) -> DamageError:
    where = ", ".join(f"'{output.name}'" for output in taking)
    text = f"collection '{name}' keeps what its sources have no more; the memory is lost, and {where} cannot give it"
    hint = (
        "bring the output's files back; without them, remove its .stacbuild-manifest folder, and these items are gone"
    )
    return DamageError(Problem("SB613", text, hint=hint))


def _items(output: Output, held: Inspected, name: str) -> Iterator[dict[str, Any]]:
    """Yield the items of a collection that an output holds, in the store's form."""
    for path in held.rows.paths():
        for document, base in output.read_back(path):
            if document.get("type") == "Feature" and document.get("collection") == name:
                yield adopted(document, base, name)


def _stored(shop: Workshop, name: str, items: Iterator[dict[str, Any]]) -> Iterator[Pair]:
    """Put items into the store and yield their pairs."""
    summaries = shop.pipelines[name].summaries
    batch: list[dict[str, Any]] = []
    for item in items:
        batch.append(item)
        if len(batch) == CHUNK:
            yield from _chunk(shop, batch, summaries)
            batch = []
    if batch:
        yield from _chunk(shop, batch, summaries)


def _chunk(shop: Workshop, batch: list[dict[str, Any]], summaries: list[str]) -> Iterator[Pair]:
    members = [canon.encode_members(item) for item in batch]
    digests = [canon.digest(canon.whole(some)) for some in members]
    lines = [line_of(some) for some in members]
    blob = shop.store.put_chunk(pack([line.text for line in lines]))
    for ordinal, item in enumerate(batch):
        version = version_of(item, digests[ordinal], ordinal, lines[ordinal], summaries)
        version = msgspec.structs.replace(version, blob=blob)
        key = f"kept {item['collection']}/{item['id']}"
        yield Pair(key, digests[ordinal], item["id"], now=version, live=True)
