"""What a recipe is locked to, taken from the recipe and a listing of its sources, and what differs between two locks.

Of the recipe counts what it says, not how: defaults, order, comments are nothing, nor is what only locates sources and
schemas, whose bytes have digests of their own. Secrets are `***`. Never runs a stage; writes
nothing but the lock file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final

import msgspec
from msgspec import Struct

from stacbuild import keys, lockfile
from stacbuild.events import Began, Ended, Progress, Watcher, many, nobody
from stacbuild.failures import Problem, StaleError, SurroundingsError, UsageError
from stacbuild.listed import SourceListing
from stacbuild.listing import Asked, list_sources
from stacbuild.lockfile import Lock, LockedRecipe, LockedSource, LockedStage
from stacbuild.model import Input
from stacbuild.pipeline import Pipeline, pipelines, without_secrets
from stacbuild.recipe.schema import STAC_VERSION, Document
from stacbuild.report import LockReport, Reason
from stacbuild.trace import Memory
from stacbuild.workshop import Workshop

SHORT: Final = 16
"""Digits of a digest that only says which of several things moved."""

_ELSEWHERE: Final = ("build", "cache", "log")
"""Tables that say how, never what."""

_LOCATES: Final = {
    "sources": ("path", "url", "href", "dsn", "http"),
    "outputs": ("dsn",),
    "validation": ("schemas",),
}
_CODES: Final = {
    "sources": "source-changed",
    "mappings": "mapping-changed",
    "extensions": "extension-changed",
    "collections": "collection-changed",
    "catalog": "collection-changed",
    "outputs": "output-changed",
    "validation": "schema-changed",
}
_CARRIED: Final = re.compile(r"https?://(schemas\.stacspec\.org|geojson\.org|json-schema\.org)/")
"""Schemas that come with a library, as its version says."""


def read(shop: Workshop) -> Lock:
    """Return the lock of a recipe.

    Raises:
        UsageError: there is none, or it holds only pins of schemas.
        RecipeError: it is damaged.
    """
    path = lockfile.path_of(shop.recipe.path)
    lock = lockfile.read(path)
    if lock is None or lock.recipe is None:
        text = f"there is no {path.name}" if lock is None else f"{path.name} pins schemas, but locks no recipe"
        hint = f"`stacbuild lock` writes it{'' if path.name == 'stacbuild.lock' else f' for -f {shop.recipe.name}'}"
        raise UsageError(Problem("SB521", f"{text}: nothing to compare with", hint=hint))
    return lock


def listed(shop: Workshop, watch: Watcher = nobody) -> list[SourceListing]:
    """Return what the sources hold, read whole: what memory says of them is not asked."""
    counts: dict[str, int] = {}

    def told(source: str, count: int) -> None:
        counts[source] = count
        watch(Progress("list", count, None, source))

    watch(Began("list"))
    nothing = Memory(shop.folder / "none")
    listings = list_sources(shop.recipe, nothing, Asked(told, reread=True))
    watch(Ended("list", sum(counts.values()), many(len(listings), "source")))
    return listings


def present(shop: Workshop, listings: list[SourceListing], before: Lock | None) -> Lock:
    """Return the lock of now. Schemas that were pinned stay pinned, by their bytes now if they are at hand.

    Raises:
        SurroundingsError: a source cannot be read.
    """
    tables = dict(_tables(shop))
    digest = keys.settings(tables).hex()
    short = {name: keys.settings(value).hex()[:SHORT] for name, value in tables.items()}
    return Lock(
        recipe=LockedRecipe(digest, short),
        sources={listing.name: _source(shop, listing) for listing in listings},
        collections={name: _stages(line) for name, line in _pipelines(shop).items()},
        schemas=lockfile.with_pins(Lock(), _schemas(shop, before)).schemas,
    )


# --- the recipe


def _tables(shop: Workshop) -> Iterator[tuple[str, Any]]:
    """Yield each table of the recipe, entries of tables of tables one by one, as far as it says what is built."""
    fields = msgspec.structs.fields(Document)
    written = Document(**{field.name: getattr(shop.recipe.document, field.name) for field in fields})
    said = without_secrets(_said(written), shop.recipe.redact)
    named = {field.encode_name for field in fields if _is_named(shop, field.name)}
    for table in (field.encode_name for field in fields if field.encode_name in said):
        value = said[table]
        if table in named:
            yield from ((f"{table}.{name}", _placeless(table, entry)) for name, entry in value.items())
        elif table not in _ELSEWHERE:
            yield table, _placeless(table, value)


def _is_named(shop: Workshop, field: str) -> bool:
    """Tell whether a table of the recipe holds tables by names that users choose."""
    return isinstance(getattr(shop.recipe.document, field), dict)


def _said(value: Any) -> Any:
    """Return a table as JSON without what is the default, so that a key of a later version changes nothing."""
    match value:
        case Struct():
            config, fields = value.__struct_config__, msgspec.structs.fields(value)
            tag = {config.tag_field: config.tag} if config.tag_field is not None else {}
            given = {field.encode_name: (getattr(value, field.name), field) for field in fields}
            return tag | {name: _said(member) for name, (member, field) in given.items() if not _default(member, field)}
        case dict():
            return {name: _said(member) for name, member in value.items()}
        case list() | tuple():
            return [_said(member) for member in value]
        case _:
            return msgspec.to_builtins(value)


def _default(value: Any, field: msgspec.structs.FieldInfo) -> bool:
    if value is msgspec.UNSET:
        return True
    default = field.default
    if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    return type(value) is type(default) and bool(value == default)


def _placeless(table: str, entry: Any) -> Any:
    """Return a table without what only locates; of an output's path that is the path of one machine."""
    if not isinstance(entry, dict):
        return entry
    placeless = {key: value for key, value in entry.items() if key not in _LOCATES.get(table, ())}
    if table == "outputs" and PurePath(str(entry.get("path", ""))).is_absolute():
        del placeless["path"]
    return placeless


# --- sources, stages, schemas


def _source(shop: Workshop, listing: SourceListing) -> LockedSource:
    trouble = next((fault for _, fault in listing.troubles()), None)
    if trouble is not None:
        text = f"source '{listing.name}' cannot be read whole: {trouble.message}"
        raise SurroundingsError(Problem("SB523", text, hint=trouble.hint))
    digests = [_digest(row) for group in listing.groups() for row in group.inputs(shop.memory)]
    if not _order_counts(shop, listing):
        digests.sort()
    return LockedSource(len(digests), keys.join(*digests).hex())


def _order_counts(shop: Workshop, listing: SourceListing) -> bool:
    """Tell whether it matters which of two records comes first."""
    collections = shop.recipe.document.collections
    return any(collections[table].on_duplicate != "error" for table in listing.feeds)


def _digest(row: Input) -> bytes:
    """Return the digest of an input, and that of it where it stands if its folder matters."""
    placed = sorted({name[1] for name in row.names if name[1] is not None})
    return b"".join([row.digest, *placed])


def _pipelines(shop: Workshop) -> dict[str, Pipeline]:
    """Return the pipeline of each table of the recipe; a pattern is one, whatever it matches now."""
    return pipelines(shop.recipe.document, shop.recipe.redact)


def _stages(line: Pipeline) -> dict[str, LockedStage]:
    """Return what the stages depend on; of ingredients without secrets, which the pipeline's contexts have in them."""
    return {
        stage.name: LockedStage(
            keys.context(stage.name, stage.revision, ingredients).hex(),
            {name: keys.settings(value).hex()[:SHORT] for name, value in sorted(ingredients.items())},
        )
        for stage, ingredients in zip(line.stages, line.ingredients, strict=True)
    }


def _schemas(shop: Workshop, before: Lock | None) -> dict[str, str]:
    """Return the schemas that items are known to be judged by, and those that were pinned: URL → digest."""
    pins = dict(before.pins) if before is not None else {}
    pins.update(_found(shop, pins))
    for profile in profiles(shop):
        pins.update(_named(at_hand(shop, profile)))
    return pins | _own(shop)


def _named(schemas: dict[str, str | None]) -> dict[str, str]:
    """Return the schemas that a lock names: those that are at hand and come with no library."""
    return {url: now for url, now in schemas.items() if now is not None and not _CARRIED.match(url)}


def _own(shop: Workshop) -> dict[str, str]:
    """Return the recipe's own schemas, with what they refer to: file as the recipe names it → digest."""
    extra = shop.recipe.document.validation.extra
    return {url: now for glob in extra for url, now in _named(at_hand(shop, (STAC_VERSION,), glob)).items()}


def _found(shop: Workshop, pins: dict[str, str]) -> dict[str, str]:
    """Return those of the schemas that are locked which are at hand, with their digest now."""
    own = _own(shop)
    now = {url: own.get(url) or schema_of(shop, url) for url in pins}
    return {url: digest for url, digest in now.items() if digest is not None}


def profiles(shop: Workshop) -> Iterator[tuple[str, ...]]:
    """Yield the profiles that items have: by what mappings declare, and by the memory of what was judged."""
    for spec in shop.recipe.document.mappings.values():
        urls = spec.stac_extensions.value if spec.stac_extensions is not None else None
        if isinstance(urls, list):
            yield (STAC_VERSION, *sorted(map(str, urls)))
    head = shop.memory.head
    for number in sorted({n for entry in head.groups for tally in entry.tallies.values() for n in tally.verdicts}):
        yield tuple(head.contexts[number].ingredients.get("profile", ()))


def at_hand(shop: Workshop, profile: tuple[str, ...], collection: str | None = None) -> dict[str, str | None]:
    """Return the digest of every schema that a verdict on such an item depends on; None: it is not at hand."""
    found = {
        name.removeprefix("schema "): value
        for name, value in shop.ingredients(profile, collection).items()
        if name.startswith("schema ")
    }
    return {url: None if value == "absent" else value for url, value in found.items()}


def schema_of(shop: Workshop, url: str) -> str | None:
    """Return the digest of the schema at `url`, or None if it is not at hand."""
    return at_hand(shop, (STAC_VERSION, url)).get(url)


# --- what differs


def differences(shop: Workshop, before: Lock, now: Lock) -> list[Reason]:
    """Return all that is not as it was locked: the recipe's tables, sources, what stages depend on, schemas."""
    tables = list(_moved_tables(before, now))
    told = {(reason.code, reason.what) for reason in tables}
    stages = [reason for reason in _moved_stages(shop, before, now) if (reason.code, reason.what) not in told]
    unique = list({(reason.code, reason.what): reason for reason in stages}.values())
    return [*tables, *_moved_sources(before, now), *unique, *_moved_schemas(before, now)]


def _moved_tables(before: Lock, now: Lock) -> Iterator[Reason]:
    then, today = _tables_of(before), _tables_of(now)
    for name in sorted({*then, *today}):
        if then.get(name) != today.get(name):
            code = _CODES.get(name.split(".")[0], "recipe-changed")
            yield Reason(code, name, then.get(name), today.get(name))


def _tables_of(lock: Lock) -> dict[str, str]:
    return lock.recipe.tables if lock.recipe is not None else {}


def _moved_sources(before: Lock, now: Lock) -> Iterator[Reason]:
    for name in sorted({*before.sources, *now.sources}):
        then, today = before.sources.get(name), now.sources.get(name)
        if then != today:
            code = "new" if then is None else "source-gone" if today is None else "source-changed"
            yield Reason(
                code, f"source:{name}", *(None if s is None else msgspec.to_builtins(s) for s in (then, today))
            )


def _moved_stages(shop: Workshop, before: Lock, now: Lock) -> Iterator[Reason]:
    lines = _pipelines(shop)
    for collection in sorted(before.collections.keys() & now.collections.keys()):
        then, today = before.collections[collection], now.collections[collection]
        for stage in lines[collection].stages:
            was, is_ = then.get(stage.name), today.get(stage.name)
            if was is None or is_ is None or was.context == is_.context:
                continue
            moved = [n for n, digest in sorted(is_.ingredients.items()) if was.ingredients.get(n) != digest]
            yield from (Reason(*stage.reason(shop.recipe.document, collection, name)) for name in moved)
            if not moved:
                yield Reason("stage-revised", stage.name)


def _moved_schemas(before: Lock, now: Lock) -> Iterator[Reason]:
    then, today = before.pins, now.pins
    for url in sorted({*then, *today}):
        if then.get(url) != today.get(url):
            yield Reason("schema-changed", url, then.get(url), today.get(url))


def sentence(reason: Reason) -> str:
    """Return a difference in words."""
    what, before, after = reason.what or "", reason.before, reason.after
    if what.startswith("source:"):
        counts = [f"{side['inputs']:,} input{'' if side['inputs'] == 1 else 's'}" for side in (before, after) if side]
        if before is None or after is None:
            return f"source '{what[7:]}' ({counts[0]}) is {'new' if before is None else 'not in the recipe any more'}"
        if before["inputs"] == after["inputs"]:
            return f"source '{what[7:]}' has other records than locked ({counts[0]}, as before)"
        return f"source '{what[7:]}' has {counts[1]}, locked were {before['inputs']:,}"
    if reason.code == "schema-changed" and what.split(".")[0] != "validation":
        state = "is not locked yet" if before is None else "is not at hand" if after is None else "is another"
        return f"schema {what} {state}"
    if reason.code == "stage-revised":
        return f"{what}: this version of stacbuild, or of a library, does it in another way"
    state = "is new" if before is None and after else "is gone" if after is None and before else "says something else"
    return f"[{what}] {state}"


# --- comparing


def compare(shop: Workshop, lock: Lock, listings: list[SourceListing]) -> list[Reason]:
    """Return what of recipe, sources and schemas is not as `lock` has it, each with its line of the recipe."""
    now = present(shop, listings, None)
    now.schemas = lockfile.with_pins(Lock(), _found(shop, lock.pins)).schemas
    return [_placed(shop, reason) for reason in differences(shop, lock, now)]


def _placed(shop: Workshop, reason: Reason) -> Reason:
    at = shop.recipe.at_dotted((reason.what or "").replace("source:", "sources."))
    reason.at = str(at) if at is not None and at.line else None
    return reason


def refuse_other(shop: Workshop, lock: Lock, listings: list[SourceListing]) -> None:
    """Raise StaleError, with a problem for each thing that is not as locked: a build is then not begun."""
    moved = compare(shop, lock, listings)
    if moved:
        path = lockfile.path_of(shop.recipe.path).name
        hint = f"nothing was built; if this is meant, `stacbuild lock` brings {path} up to date"
        raise StaleError([Problem("SB522", f"not as locked: {sentence(one)}", _at(shop, one), hint) for one in moved])


def _at(shop: Workshop, reason: Reason) -> Any:
    return shop.recipe.at_dotted((reason.what or "").replace("source:", "sources.")) if reason.at else None


def lock(shop: Workshop, watch: Watcher = nobody) -> LockReport:
    """Bring the lock file to what recipe and sources are now; one that says so already is not touched."""
    began = time.perf_counter()
    path = lockfile.path_of(shop.recipe.path)
    before = lockfile.read(path)
    now = present(shop, listed(shop, watch), before)
    moved = [] if before is None else [_placed(shop, reason) for reason in differences(shop, before, now)]
    written = before is None or lockfile.encoded(before) != lockfile.encoded(now)
    if written:
        lockfile.write(path, now)
    return LockReport(
        shop.recipe.name,
        path.name,
        written=written,
        created=before is None,
        moved=moved,
        sources={name: source.inputs for name, source in now.sources.items()},
        schemas=len(now.schemas),
        seconds=round(time.perf_counter() - began, 3),
    )
