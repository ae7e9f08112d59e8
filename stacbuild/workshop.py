"""What every command over a recipe needs at hand: its memory, pipelines, contexts, outputs, and the store when asked.

Opening it reads one small file; the store, the schemas and the heavy libraries come when there is work for them.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from stacbuild.contexts import Contexts
from stacbuild.failures import Problem, SurroundingsError
from stacbuild.furnish import furnished
from stacbuild.held import Inspected, inspect
from stacbuild.intents import Intents
from stacbuild.keys import join, settings
from stacbuild.listed import SourceListing
from stacbuild.listing import Asked, list_sources
from stacbuild.looking import Looked
from stacbuild.outputs.base import Output
from stacbuild.outputs.registry import open_outputs
from stacbuild.pipeline import pipelines, without_secrets
from stacbuild.plan import Plan
from stacbuild.profiling import NO_PROFILE, Profile
from stacbuild.recipe.extension_tables import Timestamps
from stacbuild.recipe.load import Recipe
from stacbuild.routing import Routes
from stacbuild.row_files import GroupEntry
from stacbuild.settle import root_of
from stacbuild.sources.stamps import stamp_of
from stacbuild.stages import extend
from stacbuild.stages.beside import bare
from stacbuild.stages.judge import Judge
from stacbuild.stages.schemas import user_store
from stacbuild.steps import Options
from stacbuild.store import Store, no_store, open_store
from stacbuild.times import Times
from stacbuild.trace import Memory
from stacbuild.upstream import Upstream
from stacbuild.work import Tools, open_judge

EPOCH: Final = "SOURCE_DATE_EPOCH"
"""Seconds since 1970 that stand for now: https://reproducible-builds.org/specs/source-date-epoch/"""

STATE = ".stacbuild"
"""The folder beside the recipe; safe to delete."""


def tools_of(recipe: Recipe) -> Tools:
    """Return what a worker of a recipe is started with."""
    schemas, root = recipe.document.validation.schemas, recipe.root
    store = str(user_store(os.environ))
    if isinstance(schemas, dict):
        files = {url: str(root / file) for url, file in schemas.items()}
        return Tools(recipe.document, (store,), files, str(root))
    return Tools(recipe.document, (*(str(root / folder) for folder in schemas), store), {}, str(root))


class Workshop:
    """A recipe with what was built of it. Close it."""

    def __init__(self, recipe: Recipe, profile: Profile = NO_PROFILE) -> None:
        self.profile = profile
        self.state = recipe.root / STATE
        self.folder = self.state / "memory" / recipe.name
        self.memory = Memory(self.folder)
        recipe, self.lookups = furnished(recipe, self.memory.head.lookups)
        self.recipe = recipe
        self.routes = Routes(recipe)
        self.intents = Intents(self.folder)
        self.outputs: list[Output] = open_outputs(recipe.document.outputs, recipe.root)
        self.upstream = Upstream(recipe.document, self.routes, self.memory)
        empty = [name for name in self.memory.head.collections if self.routes.owner(name) in self.routes.patterns]
        self._aim([*self.memory.head.groups, GroupEntry("", "", b"", targets=empty)])
        self._judge: Judge | None = None
        self._store: Store | None = None
        self._times: Times | None = None
        self.contexts = self.new_contexts()
        self.read_for = dict(self.memory.head.read_for)
        """Collection → files that its document was made from."""

    def _aim(self, entries: Iterable[GroupEntry]) -> None:
        """Take the targets that patterns have found; before the sources are listed, those of the last build."""
        self.targets = sorted({target for entry in entries for target in entry.targets})
        self.document = self.routes.expanded(self.targets)
        self.pipelines = pipelines(self.document, self.recipe.redact)

    @property
    def failures_path(self) -> Path:
        """Where this recipe's failures are listed."""
        return self._listed_in("failures")

    @property
    def changes_path(self) -> Path:
        """Where the last build's hits of this recipe's patches are listed."""
        return self._listed_in("changes")

    def _listed_in(self, name: str) -> Path:
        stem = self.recipe.name.removesuffix(".toml")
        return self.state / (f"{name}.ndjson" if stem == "stacbuild" else f"{name}-{stem}.ndjson")

    @property
    def tools(self) -> Tools:
        """What a worker is started with."""
        tools = tools_of(msgspec.structs.replace(self.recipe, document=self.document))
        return msgspec.structs.replace(tools, times=self.times, profiled=self.profile.on)

    @property
    def times(self) -> Times | None:
        """When contents were first seen, and the one moment of this build; None: the recipe does not ask."""
        asked = any(isinstance(table, Timestamps) for table in self.document.extensions.values())
        if self._times is None and (asked or any(patch.updated for patch in self.document.patches.values())):
            self._times = self._times_kept()
        return self._times

    def _times_kept(self) -> Times:
        epoch = os.environ.get(EPOCH, "").strip()
        if epoch and not (epoch.isascii() and epoch.isdigit() and len(epoch) < 12):  # noqa: PLR2004  year 5138
            hint = "as in SOURCE_DATE_EPOCH=$(git log -1 --format=%ct), or unset it"
            raise SurroundingsError(
                Problem("SB608", f"{EPOCH} must be seconds since 1970, got {epoch[:40]!r}", hint=hint)
            )
        kept = self.recipe.root / self.document.cache.path
        return Times(
            int(epoch or time.time()), fixed=bool(epoch), read=lambda: self.store.times() if kept.exists() else b""
        )

    @property
    def store(self) -> Store:
        """The store, opened at first use."""
        if self._store is None:
            spec = self.document.cache
            self._store = open_store(spec.backend, self.recipe.root / spec.path, self.memory.index)
        return self._store

    @property
    def judge(self) -> Judge:
        """The judge of documents, opened at first use."""
        if self._judge is None:
            self._judge = open_judge(self.tools)
        return self._judge

    def only_look(self) -> None:
        """Do not make a store that is not there: whoever says so reads only."""
        if self._store is None and not (self.recipe.root / self.document.cache.path).exists():
            self._store = no_store()

    def close(self) -> None:
        """Close what was opened."""
        self.memory.close()
        if self._store is not None:
            self._store.close()
            self._store = None

    def forget(self) -> None:
        """Go on without memory: it turned out to be damaged."""
        self.memory.forget()
        self.contexts = self.new_contexts()

    def remember(self) -> None:
        """Take the memory as it stands on disk again: a build that ended early has changed what was read of it."""
        self.memory.read_again()
        self.contexts = self.new_contexts()

    def new_contexts(self) -> Contexts:
        """Return the contexts of now beside those of the memory."""
        return Contexts(self.memory.head.contexts, self.pipelines, self.ingredients)

    def ingredients(self, profile: tuple[str, ...], collection: str | None = None) -> dict[str, str]:
        """Return what a verdict on an item of `profile` in `collection` depends on."""
        return self.judge.ingredients(profile, collection)

    # --- asking

    def listings(self, asked: Asked | None = None) -> list[SourceListing]:
        """Return what the sources hold now."""
        asked = msgspec.structs.replace(asked or Asked(), profile=self.profile)
        with self.profile.over("list"):
            listings = list_sources(self.recipe, self.memory, asked)
        before = self.targets
        listed = (group.entry for listing in listings for group in listing.groups())
        self.upstream.take(listings)
        others = sorted(self._left_with_items(listings) | self._stated_targets(listings))
        self._aim([*self._kept_entries(), *listed, GroupEntry("", "", b"", targets=others)])
        if self.targets != before:
            self.contexts = self.new_contexts()
        return listings

    def _stated_targets(self, listings: list[SourceListing]) -> set[str]:
        """Return the targets of patterns that collections of a source are, whether they have items or not."""
        found = {
            self.routes.target(table, name)
            for listing in listings
            for table in listing.feeds
            if table in self.routes.patterns
            for name in (self.upstream.collections(listing.name) if listing.crawl else ())
        }
        return {target for target in found if target}

    def _left_with_items(self, listings: list[SourceListing]) -> set[str]:
        """Return the targets of patterns with `keep-removed` whose items vanished: they are there with these."""
        keeping = {name for name in self.routes.patterns if self.recipe.document.collections[name].keep_removed}
        found: set[str] = set()
        for listing in listings if keeping else ():
            wanted = [e for e in listing.vanished if any(self.routes.owner(name) in keeping for name in e.targets)]
            new = (group for group in listing.groups() if wanted and group.packed is not None)
            keys = {row.key for group in new for row in group.inputs(self.memory)}
            for entry in wanted:
                for name, pairs in self.memory.group(entry).pairs.items():
                    stays = any(pair.key not in keys and pair.built is not None for pair in pairs)
                    found |= {name} if stays and self.routes.owner(name) in keeping else set()
        return found

    def also(self, targets: set[str]) -> None:
        """Take targets too that no source names any more: their items stay."""
        self._aim([GroupEntry("", "", b"", targets=sorted({*self.targets, *targets}))])
        self.contexts = self.new_contexts()

    def _kept_entries(self) -> list[GroupEntry]:
        """Return the groups of what vanished and stays: their targets are there without an input."""
        return [entry for entry in self.memory.head.groups if not entry.shard]

    def plan(self, listings: list[SourceListing], options: Options) -> Plan:
        """Return what is stale and why; a target all of whose items are held back from going is one still."""
        plan = self._plan(listings, options)
        held = {gone.source for gone in plan.gone if gone.held and gone.inputs}
        vanished = (entry for listing in listings if listing.name in held for entry in listing.vanished)
        if left := {target for entry in vanished for target in entry.targets} - set(self.targets):
            self.also(left)
            return self._plan(listings, options)
        return plan

    def _plan(self, listings: list[SourceListing], options: Options) -> Plan:
        with self.profile.over("plan"):
            looked = Looked(self.recipe.root, self.memory.looked())
            return Plan(self.document, self.pipelines, self.contexts, self.memory, listings, options, looked)

    def place(self, output: Output) -> str:
        """Return an output's base folder as the memory has it: relative to the recipe's, as a checkout may move."""
        root = str(self.recipe.root)
        return str(output.base) if output.path.startswith("/") else os.path.relpath(output.base, root)

    def taken(self, output: Output) -> bool:
        """Tell whether the memory of another recipe has an output of that name in that folder: it is no lost one."""
        others = (folder for folder in self.folder.parent.glob("*") if folder != self.folder)
        heads = (Memory(folder).head.outputs.get(output.name) for folder in others)
        return any(known is not None and known.path == self.place(output) for known in heads)

    def inspect(self) -> dict[str, Inspected]:
        """Return what each output holds, and what of it is wrong."""
        mine = [output for output in self.outputs if output.name in self.memory.head.outputs or not self.taken(output)]
        with self.profile.over("inspect outputs"):
            found = {output.name: inspect(self.memory, output.name, output.base) for output in mine}
        return {name: inspected for name, inspected in found.items() if inspected is not None}

    def output_root(self, output: Output, entries: list[GroupEntry]) -> bytes:
        """Return a digest of all that an output is made from."""
        names = output.takes(sorted(self.document.collections))
        parts = [root_of(entries, name) for name in names]
        if output.documents:
            parts += [settings(self._catalog()), *(self.collection_settings(name) for name in names)]
            parts += self.upstream.digests(self.document, names).values()
        return join(output.settings, settings(names), *parts)

    def collection_settings(self, name: str) -> bytes:
        """Return a digest of what the recipe says of a collection's document."""
        spec = msgspec.to_builtins(self.document.collections[name])
        for key in ("from", "mapping", "on-duplicate", "where", "keep-removed"):
            spec.pop(key, None)
        chain = self.document.collections[name].collection_extensions
        code = [[extend.settings(self.document, one), extend.code_of(self.document, one)] for one in chain]
        told = self.upstream.stated(name)
        said = {} if told is None else {"upstream": told.digest}
        return settings({**spec, **said, **({"code": code, "files": self._stamps(name)} if chain else {})})

    def _stamps(self, name: str) -> list[list[Any]]:
        """Return what stat says of the files that a collection's document was made from."""
        stamps = [(path, stamp_of(self.recipe.root / path)) for path in self.read_for.get(name, [])]
        return [[path, None if stamp is None else msgspec.to_builtins(stamp)] for path, stamp in stamps]

    def _catalog(self) -> dict[str, Any]:
        catalog: dict[str, Any] = msgspec.to_builtins(self.document.catalog)
        return catalog

    def effective(self) -> dict[str, Any]:
        """Return the recipe as far as it decides what is built, without what only locates."""
        document: dict[str, Any] = msgspec.to_builtins(bare(self.document))
        for name in ("beside", "build", "cache", "log"):
            document.pop(name, None)
        return document

    def public_config(self) -> dict[str, Any]:
        """Return the effective recipe without secrets, to be remembered."""
        config: dict[str, Any] = without_secrets(self.effective(), self.recipe.redact)
        return config


@contextmanager
def opened(recipe: Recipe, profile: Profile = NO_PROFILE) -> Iterator[Workshop]:
    """Yield a workshop and close it.

    The cyclic collector comes seldom meanwhile: rows are many and have no cycles; it would walk them again and again.
    """
    before = gc.get_threshold()
    gc.set_threshold(20_000, 20, 100)
    try:
        with closing(Workshop(recipe, profile)) as shop:
            yield shop
    finally:
        gc.set_threshold(*before)
