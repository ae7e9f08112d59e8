"""`schemas pull`: the schemas that items are judged by, into the user's store, with what they refer to.

They come from the network, or from a folder that is laid out by URL. What came is pinned in the lock beside the recipe;
a schema that upstream changed is told and not taken, unless that is asked for. A schema that cannot be had is a line of
the report, never the end of it. Builds, status and validate never get here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from stacbuild import canon, files, lockfile
from stacbuild.canon import CanonError, decode
from stacbuild.events import Message, Watcher, nobody
from stacbuild.failures import Exit, SurroundingsError
from stacbuild.locked import profiles
from stacbuild.net import NetError
from stacbuild.report import PullReport
from stacbuild.stages.family import Validators, gathered
from stacbuild.stages.judge import urls_of
from stacbuild.stages.schemas import SchemaStore, bare, place_of, references
from stacbuild.stages.wording import reason_in
from stacbuild.workshop import Workshop

LIMIT: Final = 10 * 2**20
"""Bytes of a schema."""
GOOD: Final = ("fetched", "updated", "kept", "present")
STATES: Final = (*GOOD, "unusable", "changed", "unavailable")
_META = re.compile(r"https?://json-schema\.org/draft")
"""Schemas of JSON Schema itself, which the compiler brings along."""


Look = Callable[[Sequence[Path]], SchemaStore]


class From(Protocol):
    """Where schemas come from."""

    def fetch(self, url: str) -> bytes:
        """Return a schema's bytes; raises NetError."""

    def close(self) -> None:
        """Let go of what is open."""


class Mirror:
    """A folder laid out by URL, in place of the network."""

    def __init__(self, folder: Path) -> None:
        self._store, self._folder = SchemaStore([folder], {}, carried=False), folder

    def fetch(self, url: str) -> bytes:
        """Return a schema's bytes; raises NetError."""
        try:
            found = self._store.find(url)
        except SurroundingsError as error:
            raise NetError(str(error)) from error
        if found is None:
            raise NetError(f"it is not in {self._folder}")
        return found.blob

    def close(self) -> None:
        """Nothing is open."""


class Wish(msgspec.Struct, frozen=True):
    """What is pulled, and how."""

    roots: tuple[str, ...]
    """URLs of schemas; those that they refer to follow."""
    refresh: bool = False
    """Fetch again what is at hand."""
    update: bool = False
    """Take a schema that is not what was pinned."""


class Pull:
    """One pull into the folder `store`.

    Args:
        store: the user's store.
        source: where schemas come from.
        look: folders → schemas of the recipe, of these folders, and of stacbuild; those of the first and the last are
            not fetched, but followed.
        pins: URL → SHA-256 in hex that was agreed on.
        watch: is told each schema that is fetched.
    """

    def __init__(
        self,
        store: Path,
        source: From,
        look: Look,
        pins: dict[str, str],
        watch: Watcher = nobody,
    ) -> None:
        self._store, self._source, self._look, self._watch = store, source, look, watch
        self._at_hand = look(())
        self._kept = SchemaStore([store], {}, carried=False)
        self.pins = dict(pins)
        self.told: dict[str, dict[str, str | None]] = {}
        self._down = 0

    @property
    def down(self) -> bool:
        """Whether no server was reached, though some were asked, and nothing was fetched."""
        return self._down > 0 and not any(told["state"] in ("fetched", "updated") for told in self.told.values())

    def run(self, wish: Wish) -> None:
        """Have every schema of `wish` and all that they refer to."""
        pending = sorted({bare(url) for url in wish.roots}, reverse=True)
        while pending:
            url = pending.pop()
            if url in self.told or _META.match(url):
                continue
            blob = self._had(url, wish)
            if blob is not None:
                pending.extend(sorted(_refers(blob, url) - self.told.keys(), reverse=True))
        self._try_all(wish.roots)

    def _had(self, url: str, wish: Wish) -> bytes | None:
        """Return a schema, fetched if it must be; note what came of it."""
        ours = self._at_hand.find(url)
        if ours is not None:
            self._tell(url, "present", ours.digest.hex())
            return ours.blob
        if place_of(url) is None:
            self._tell(url, "unavailable", None, "it is no URL of a file that can be fetched")
            return None
        kept, pin = self._kept.find(url), self.pins.get(url)
        if kept is not None and not wish.refresh and pin in (None, kept.digest.hex()):
            self.pins[url] = kept.digest.hex()
            self._tell(url, "kept", kept.digest.hex())
            return kept.blob
        return self._fetched(url, pin, None if kept is None else kept.digest.hex(), update=wish.update)

    def _fetched(self, url: str, pin: str | None, before: str | None, *, update: bool) -> bytes | None:
        self._watch(Message("info", "schemas", f"fetching {url}", {}))
        try:
            blob = self._source.fetch(url)
            _refuse_others(blob)
        except NetError as error:
            self._down += error.down
            self._tell(url, "unavailable", None, str(error))
            return None
        digest = canon.digest(blob).hex()
        if pin is not None and digest != pin and not update:
            self._tell(url, "changed", digest, f"upstream is not what {pin[:12]} pins; --update takes it")
            return None
        place = place_of(url)
        assert place is not None
        try:
            if before != digest:
                _write(self._store / place, blob)
        except SurroundingsError as error:
            self._tell(url, "unavailable", digest, f"it cannot be stored: {error}")
            return None
        moved = pin is not None and digest != pin
        self.pins[url] = digest
        self._tell(url, "updated" if moved else "fetched" if before != digest else "kept", digest)
        return blob

    def _tell(self, url: str, state: str, digest: str | None, why: str | None = None) -> None:
        self.told[url] = {"url": url, "state": state, "digest": digest, "why": why}

    def _try_all(self, roots: Iterable[str]) -> None:
        """Compile what was asked for, and say what cannot be used."""
        store = self._look((self._store,))
        for url in sorted({bare(url) for url in roots}):
            if self.told.get(url, {}).get("state") not in GOOD:
                continue
            family = gathered(url, store)
            absent = [name for name, schema in family.found.items() if schema is None]
            why = family.broken or (f"it refers to {absent[0]}, which cannot be had" if absent else None)
            if why is None:
                try:
                    Validators(family, "datetime")
                except Exception as error:  # noqa: BLE001  whatever a stranger's schema does to the compiler
                    why = f"it does not compile: {reason_in(error)}"
            if why is not None:
                self.told[url]["state"], self.told[url]["why"] = "unusable", why


def _refers(blob: bytes, url: str) -> set[str]:
    targets, names = references(decode(blob), url)
    return targets - names - {url}


def _refuse_others(blob: bytes) -> None:
    """Raise NetError if a document is no JSON Schema at all, as the page that says "not found" politely."""
    try:
        document = decode(blob)
    except CanonError as error:
        raise NetError(f"what came is not JSON: {error}") from error
    if not isinstance(document, dict | bool):
        raise NetError("what came is JSON, but no schema")


def _write(path: Path, blob: bytes) -> None:
    files.put(files.write_beside(str(path), [blob]), str(path))


# ---- for a recipe, or for a few URLs -------------------------------------------------------------------------------


def pull_urls(
    wish: Wish, source: From, store: Path, *, shop: Workshop | None = None, watch: Watcher = nobody
) -> PullReport:
    """Pull schemas into `store`; of a recipe also those that its items use, and write their pins into its lock.

    Raises:
        RecipeError: the recipe's lock is damaged.
        SurroundingsError: the lock cannot be written.
    """
    began = time.perf_counter()
    path = None if shop is None else lockfile.path_of(shop.recipe.path)
    lock = (None if path is None else lockfile.read(path)) or lockfile.Lock()
    pull = Pull(store, source, _look(shop), lock.pins, watch)
    roots = wish.roots if shop is None else (*wish.roots, *_roots(shop))
    pull.run(msgspec.structs.replace(wish, roots=roots))
    report = _report(pull, store)
    if shop is not None and path is not None:
        report.recipe = shop.recipe.name
        if pull.pins != lock.pins and lockfile.write(path, lockfile.with_pins(lock, pull.pins)):
            report.lock = path.name
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _look(shop: Workshop | None) -> Look:
    if shop is None:
        return lambda folders: SchemaStore(folders, {})
    schemas, root = shop.document.validation.schemas, shop.recipe.root
    files_ = {url: root / file for url, file in schemas.items()} if isinstance(schemas, dict) else {}
    own = [] if isinstance(schemas, dict) else [root / folder for folder in schemas]
    return lambda folders: SchemaStore([*own, *folders], files_, root=root)


def _roots(shop: Workshop) -> set[str]:
    """Return the schemas that a recipe's items use, as far as the recipe and the last build know, and its own refer to.

    A name that is no URL, as extensions had before STAC 1.0.0, is no schema that could be had.
    """
    urls = {url for profile in profiles(shop) for url in urls_of(profile, "item")}
    extra = shop.document.validation.extra
    for file in sorted({shop.recipe.root / file for named in extra.values() for file in named}):
        try:
            urls |= {url for url in _refers(file.read_bytes(), file.absolute().as_uri()) if not url.startswith("file:")}
        except (OSError, CanonError):
            continue  # `check` says that it is not there, or no JSON
    return {url for url in urls if ":" in url}


def _report(pull: Pull, store: Path) -> PullReport:
    """Return what a pull did; its status is 1 if a schema could not be had, 6 if no server could be reached."""
    told = [pull.told[url] for url in sorted(pull.told)]
    counts = {state: sum(one["state"] == state for one in told) for state in STATES}
    bad = counts["unavailable"] + counts["changed"]
    exit_ = Exit.OK if not bad else Exit.SURROUNDINGS if pull.down else Exit.FAILURES
    return PullReport(str(store), counts, told, exit=exit_)
