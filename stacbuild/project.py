"""The Python API: open a recipe, then plan, build, ask why, clean. The command line is a thin layer over it.

    import stacbuild
    project = stacbuild.open("stacbuild.toml")
    report = project.build()

Heavy rooms are imported by the verb that needs them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from stacbuild.events import Message, Waiting, Watcher, nobody
from stacbuild.failures import Problem, RecipeError, SurroundingsError, UsageError
from stacbuild.recipe.load import Recipe, load
from stacbuild.recipe.schema import StacJsonOutput
from stacbuild.report import (
    BuildReport,
    CheckReport,
    CleanReport,
    DiffReport,
    GcReport,
    LockReport,
    LsReport,
    PullReport,
    StatusReport,
    VerifyReport,
    WhyReport,
)

if TYPE_CHECKING:
    from stacbuild.profiling import Profile
    from stacbuild.pull import From, Wish
    from stacbuild.request import Request
    from stacbuild.steps import GroupPlan
    from stacbuild.targets import Selection
    from stacbuild.workshop import Workshop

DEFAULT = "stacbuild.toml"
Answer = TypeVar("Answer")


class Project:
    """A recipe that is known to be good, and what can be done with it."""

    def __init__(self, recipe: Recipe, watcher: Watcher = nobody, *, found_above: bool = False) -> None:
        self.recipe = recipe
        self.found_above = found_above
        """The recipe was found in a folder above the current one."""
        self._watch = watcher

    def build(
        self,
        targets: Sequence[str] = (),
        *,
        force: bool = False,
        dry_run: bool = False,
        jobs: int | None = None,
        offline: bool = False,
        fail_fast: bool = False,
        max_failures: float | str | None = None,
        max_deletions: float | str | None = None,
        adopt: bool = False,
        locked: bool = False,
        wait: bool = True,
        profile: str | os.PathLike[str] | None = None,
    ) -> BuildReport:
        """Bring outputs up to date. What can be asked has the names and meanings of `stacbuild build --help`.

        Without `targets` everything is built. A limit is a number, or a share such as "5%"; `jobs=0` is one worker a
        core; None is what the recipe says. With `dry_run` nothing is done, only told.

        Raises:
            UsageError: an unknown target, or `locked` without a lock file.
            StaleError: recipe or sources are not as locked.
            SurroundingsError: the disk refuses, or a file of somebody else is in the way.
            LockedError: another build is at work and `wait` is false.
        """
        from stacbuild.build import build  # noqa: PLC0415
        from stacbuild.profiling import profile_to  # noqa: PLC0415
        from stacbuild.request import Request, workers  # noqa: PLC0415
        from stacbuild.targets import Selection  # noqa: PLC0415

        del offline  # none of the sources that there are asks the network
        spec = self.recipe.document.build
        wish = Request(
            Selection([]),
            force=force,
            jobs=workers(jobs, spec.jobs),
            executor=spec.executor,
            fail_fast=fail_fast,
            max_failures=share(spec.max_failures if max_failures is None else max_failures),
            max_deletions=share(spec.max_deletions if max_deletions is None else max_deletions),
            adopt=adopt,
        )
        with profile_to(None if profile is None else Path(profile), self._warn) as spans:
            request = None
            if targets or dry_run or self._problems(set()):  # told before another build is waited for
                with spans.over("ask"):
                    request, foreseen = self._read(lambda shop: self._asked(shop, wish, targets, locked, dry_run))
                if foreseen is not None:
                    return foreseen
            with self._locked_shop(wait=wait, profile=spans) as shop:
                request = request or self._asked(shop, wish, targets, locked, dry_run)[0]
                return build(shop, request, self._watch)

    def _asked(
        self,
        shop: Workshop,
        wish: Request,
        targets: Sequence[str],
        locked: bool,  # noqa: FBT001  as `build` has it
        dry_run: bool,  # noqa: FBT001
    ) -> tuple[Request, BuildReport | None]:
        """Return a build's request with what has to be looked up for it, and what a dry run tells."""
        from stacbuild.locked import read  # noqa: PLC0415

        self._refuse_missing(shop)
        lock = read(shop) if locked else None
        request = msgspec.structs.replace(wish, selection=self._select(shop, targets), lock=lock)
        if not dry_run:
            return request, None
        from stacbuild.foresee import foresee  # noqa: PLC0415

        return request, foresee(shop, request)

    def plan(self, targets: Sequence[str] = ()) -> Iterator[GroupPlan]:
        """Yield what is not fresh, a group at a time: the very steps that `build` would take."""
        with self._shop() as shop:
            from stacbuild.steps import Options  # noqa: PLC0415

            selection = self._select(shop, targets)
            options = Options(targeted=bool(selection), selected=selection.takes if selection else None)
            yield from shop.plan(shop.listings(), options).groups()

    def status(self, targets: Sequence[str] = (), *, limit: int | None = None) -> StatusReport:
        """Say what is stale and why. Takes no lock, writes nothing."""
        from stacbuild import status  # noqa: PLC0415

        return self._read(lambda shop: status.status(shop, targets, limit))

    def why(self, target: str) -> WhyReport:
        """Tell the history of one item or output."""
        from stacbuild.why import why  # noqa: PLC0415

        return self._read(lambda shop: why(shop, target))

    def ls(self, targets: Sequence[str] = ()) -> LsReport:
        """List targets; of outputs also the files that they hold."""
        from stacbuild import status  # noqa: PLC0415

        return self._read(lambda shop: status.ls(shop, targets))

    def diff(self, targets: Sequence[str] = (), *, limit: int | None = None) -> DiffReport:
        """Tell what a build would change of items, member by member. Takes no lock, writes nothing."""
        from stacbuild.diff import diff  # noqa: PLC0415

        return self._read(lambda shop: diff(shop, targets, limit))

    def lock(self) -> LockReport:
        """Write down what recipe, sources and schemas are now, beside the recipe; `stacbuild.toml` → `stacbuild.lock`.

        Builds nothing. A lock that says so already is not touched.

        Raises:
            RecipeError: a lock is there that is damaged, or a source's file is not there.
            SurroundingsError: a source cannot be read, or the lock cannot be written.
        """
        from stacbuild.locked import lock  # noqa: PLC0415

        def ask(shop: Workshop) -> LockReport:
            self._refuse_missing(shop)
            return lock(shop, self._watch)

        return self._read(ask)

    def pull(self, wish: Wish, source: From, store: Path) -> PullReport:
        """Fetch the schemas that the recipe's items use into `store`, and pin them in the lock beside the recipe.

        Raises:
            RecipeError: the lock is damaged.
            SurroundingsError: the lock cannot be written.
        """
        from stacbuild.pull import pull_urls  # noqa: PLC0415

        return self._read(lambda shop: pull_urls(wish, source, store, shop=shop, watch=self._watch))

    def verify(
        self,
        *,
        locked: bool = False,
        outputs: bool = False,
        sample: int | str | None = None,
        seed: int | None = None,
    ) -> VerifyReport:
        """Say whether what was promised is so; mend nothing. Takes the lock, so that no build is in the middle.

        Args:
            locked: recipe, sources and schemas agree with the lock file.
            outputs: every file that was delivered, and every chunk of the store that the catalog stands on, is there
                and has its digest. Without `locked`, `outputs` and `sample`: this, and `locked` if there is a lock.
            sample: items to be made again, a number or a share such as "1%": from their records, in a process of its
                own without network, in another order, hash seed, time zone and locale; then compared, with the files
                that hold them.
            seed: which items; None: other ones each time. The report says which it was.

        Raises:
            UsageError: `locked` without a lock file.
            RecipeError: the lock file is damaged.
            SurroundingsError: a source cannot be read.
        """
        from stacbuild.verify import Asked, usual, verify  # noqa: PLC0415

        with self._locked_shop(wait=True) as shop:
            self._refuse_missing(shop)
            some = locked or outputs or sample is not None
            number = None if sample is None else share(sample)
            asked = Asked(locked=locked, outputs=outputs, sample=number, seed=seed) if some else usual(shop)
            return verify(shop, asked, self._watch)

    def clean(
        self,
        targets: Sequence[str] = (),
        *,
        force: bool = False,
        cache: bool = False,
        memory: bool = False,
        dry_run: bool = False,
        wait: bool = True,
    ) -> CleanReport:
        """Remove what builds wrote, and only that."""
        from stacbuild.clean import clean  # noqa: PLC0415

        with self._locked_shop(wait=wait) as shop:
            return clean(shop, targets, force=force, cache=cache, memory=memory, dry_run=dry_run)

    def gc(self, *, max_size: int | None = None, max_age: float | None = None, dry_run: bool = False) -> GcReport:
        """Drop from the store what no recent build needs.

        Args:
            max_size: bytes that may be left of what is not referred to.
            max_age: seconds that results which nothing refers to are kept.
            dry_run: only say what would be dropped.
        """
        from stacbuild.gc import gc  # noqa: PLC0415

        with self._locked_shop(wait=True) as shop:
            return gc(shop, max_size=max_size, max_age=max_age, dry_run=dry_run)

    def check(self, *, quick: bool = False) -> CheckReport:
        """Verify the recipe: names, files, schemas, and (unless `quick`) a sample of records."""
        from stacbuild.check import check  # noqa: PLC0415

        return check(self.recipe, quick=quick)

    # --- what the verbs share

    def _warn(self, text: str) -> None:
        self._watch(Message("warning", "project", text))

    @contextmanager
    def _shop(self, profile: Profile | None = None) -> Iterator[Workshop]:
        from stacbuild.profiling import NO_PROFILE  # noqa: PLC0415
        from stacbuild.workshop import opened  # noqa: PLC0415

        with _surroundings(self.recipe.root), opened(self.recipe, profile or NO_PROFILE) as shop:
            yield shop

    @contextmanager
    def _locked_shop(self, *, wait: bool, profile: Profile | None = None) -> Iterator[Workshop]:
        """Yield the workshop with its lock held; the memory is read after the lock is had."""
        from stacbuild.locking import lock  # noqa: PLC0415
        from stacbuild.workshop import STATE  # noqa: PLC0415

        def told(holder: str) -> None:
            self._watch(Waiting(holder))

        path = self.recipe.root / STATE / "lock" / self.recipe.name
        with lock(path, wait=wait, told=told), self._shop(profile) as shop:
            yield shop

    def _read(self, ask: Callable[[Workshop], Answer]) -> Answer:
        """Ask something of the memory without the lock; a build that ends meanwhile is asked once more."""
        from stacbuild.sealed import MemoryLostError  # noqa: PLC0415

        for _ in range(2):
            with self._shop() as shop:
                try:
                    return ask(shop)
                except MemoryLostError:
                    continue
        with self._shop() as shop:
            shop.forget()
            return ask(shop)

    def _select(self, shop: Workshop, targets: Sequence[str]) -> Selection:
        from stacbuild.status import known  # noqa: PLC0415
        from stacbuild.steps import Options  # noqa: PLC0415
        from stacbuild.targets import select  # noqa: PLC0415

        if targets and shop.routes.patterns:
            shop.listings()  # a pattern's targets are known only then
        chosen = select(targets, shop.document, lambda names: known(shop.plan(shop.listings(), Options()), names))
        specs = [shop.document.outputs[name] for name in chosen.outputs]
        tables = {spec.mirror for spec in specs if isinstance(spec, StacJsonOutput) and spec.mirror} - chosen.outputs
        return self._select(shop, [*targets, *(f"output:{name}" for name in sorted(tables))]) if tables else chosen

    def _refuse_missing(self, shop: Workshop) -> None:
        """Raise if a source's file is not there and never was, or no engine is: nothing is built of half a recipe."""
        if self._problems(set()):
            sources = shop.memory.head.sources.items()
            problems = self._problems({f"{name}\0{shard}" for name, source in sources for shard in source.shards})
            if problems:
                raise RecipeError(problems)

    def _problems(self, known: set[str]) -> list[Problem]:
        """Return what is missing of the recipe's files but those that were there once, and of engines."""
        from stacbuild.check import engine_problems, missing  # noqa: PLC0415

        return [*missing(self.recipe, known), *engine_problems(self.recipe)]


def open(  # noqa: A001  stacbuild.open reads as it should
    recipe: str | os.PathLike[str] | None = None,
    *,
    directory: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    watcher: Watcher = nobody,
) -> Project:
    """Open a recipe.

    Args:
        recipe: the file; None: `stacbuild.toml` here, or in a folder above up to the repository's root.
        directory: the folder that `recipe` and the search start from; None: the current one.
        environ: where `${NAME}` is looked up; None: the process's environment.
        watcher: is told what happens.

    Raises:
        RecipeError: with every problem of the recipe.
        UsageError: no recipe was found.
    """
    start = Path(directory) if directory is not None else Path()
    path, above = (start / recipe, False) if recipe is not None else _find(start)
    project = Project(load(path, os.environ if environ is None else environ), watcher, found_above=above)
    for warning in project.recipe.warnings:
        watcher(Message("warning", "recipe", warning.message, {"code": warning.code}))
    return project


@contextmanager
def _surroundings(root: Path) -> Iterator[None]:
    """Say in words what the disk or the store refuses, wherever that was."""
    from cache_backends.base import BackendError  # noqa: PLC0415

    try:
        yield
    except BackendError as error:
        hint = "free some space if the disk is full; else check [cache] path and its permissions"
        raise SurroundingsError(Problem("SB601", f"the store refuses: {error}", hint=hint)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else f"something below {root}"
        hints = {
            28: "free some space and try again",
            13: "check its permissions",
            30: "stacbuild writes beside the recipe",
        }
        text = f"cannot use {where}: {error.strerror or error}"
        raise SurroundingsError(Problem("SB607", text, hint=hints.get(error.errno or 0))) from error


def _find(start: Path) -> tuple[Path, bool]:
    folder = start.absolute()
    for place in (folder, *folder.parents):
        if (place / DEFAULT).is_file():
            return (start / DEFAULT if place == folder else place / DEFAULT), place != folder
        if (place / ".git").exists() or place == Path.home():
            break
    hint = "write one, or name it with -f FILE"
    raise UsageError(Problem("SB500", f"there is no {DEFAULT} here or in a folder above", hint=hint))


def share(value: float | str) -> int | float:
    """Return a limit: a number as it is, a share such as "5%" as a float between 0 and 1."""
    text = str(value).strip()
    if text.endswith("%"):
        return float(text[:-1]) / 100
    return int(float(text))
