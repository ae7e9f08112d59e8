"""Functions of the user's own, called with a record. Code is run from the bytes that were read with the recipe.

So no worker looks at a file that somebody is editing, and what runs is what the key says. Modules of the recipe's
folder import each other by a way of their own: nothing is put on `sys.path`, and two recipes may have modules of one
name. Loaded when first called: a build with nothing to do runs no code of the user's.
"""

from __future__ import annotations

import builtins
import datetime as dt
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from stacbuild import canon
from stacbuild.failures import ItemError
from stacbuild.stages.beside import Code
from stacbuild.stages.paths import Get
from stacbuild.stages.values import constant

Function = Callable[[dict[str, Any]], Any]


def caller(code: Code, where: str) -> Get:
    """Return the function record → what the user's function gives for it; None and NaN are missing.

    Moments become text as those of a recipe do, tuples lists.

    Raises:
        ItemError: (from the function) SB217, it cannot be loaded, raises, or gives what JSON cannot say.
    """
    function: list[Function] = []

    def call(record: dict[str, Any]) -> Any:
        try:
            if not function:
                function.append(_loaded(code))
            return _plain(function[0](record))
        except (Exception, SystemExit) as error:
            raise _failed(code, error, where) from error

    return call


def _loaded(code: Code) -> Function:
    """Return the function; one that cannot be loaded is not tried again for each record, but fails for each."""
    try:
        return load(code)
    except (Exception, SystemExit) as error:  # noqa: BLE001  code that is not ours: each item says it
        why, trace = error, error.__traceback__

        def fail(record: dict[str, Any]) -> Any:
            del record
            raise why.with_traceback(trace)

        return fail


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; None for NaN."""
    if type(value) is float:
        return None if value != value else value  # noqa: PLR0124 (NaN)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dict | list):
        canon.encode(value)  # ends where a value holds itself
        canon.refuse_not_numbers(value)  # and bytes
        return value
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, dt.date | dt.time):
        return constant(value)
    raise TypeError(f"it gave {type(value).__name__}, which JSON cannot say")


def _failed(code: Code, error: BaseException, where: str) -> ItemError:
    return ItemError("SB217", f"function '{code.name}' failed: {said(error)}", where, place(error, code))


def said(error: BaseException) -> str:
    """Return what an error of somebody else's code says, on a line; its name where it says nothing, or cannot."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001  code that is not ours
        lines = []
    return f"{type(error).__name__}{f': {lines[0][:300]}' if lines else ''}"


def place(error: BaseException, code: Code) -> str | None:
    """Return the line of the user's code that an error comes from."""
    files = {text.file for text in code.texts.values()}
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in files:
            found = f"it was raised in {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


def named(code: Code) -> Any:
    """Return what `code` names; runs its module, once for each call of this."""
    found: Any = _Modules(code).load(code.module) if code.texts else importlib.import_module(code.module)
    for part in code.name.split("."):
        found = getattr(found, part)
    return found


def load(code: Code) -> Function:
    """Return the function that `code` is, as `named` does."""
    found = named(code)
    if not callable(found):
        raise TypeError(f"{code.name} is {type(found).__name__}, not a function")
    return found  # type: ignore[no-any-return]


class _Modules:
    """The modules of one function, run from their texts; they import each other here and all else as usual."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._loaded: dict[str, ModuleType] = {}
        self._builtins = {**vars(builtins), "__import__": self._import}

    def load(self, name: str) -> ModuleType:
        if name in self._loaded:
            return self._loaded[name]
        parent, _, own = name.rpartition(".")
        above = self.load(parent) if parent else None
        text = self._code.texts[name]
        module = ModuleType(f"_stacbuild_{self._code.digest[:12]}.{name}")
        module.__file__, module.__builtins__ = text.file, self._builtins  # type: ignore[attr-defined]
        module.__package__ = name if text.package else parent
        self._loaded[name] = sys.modules[module.__name__] = module
        exec(compile(text.source, text.file, "exec", dont_inherit=True), vars(module))  # noqa: S102  what the recipe asks for
        if above is not None:
            setattr(above, own, module)
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002  the names that __import__ has
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        package = (globals or {}).get("__package__") or ""
        whole = importlib.util.resolve_name("." * level + name, package) if level else name
        if whole not in self._code.texts:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        module = self.load(whole)
        if not fromlist:
            return self.load(whole.partition(".")[0])
        for member in fromlist:
            if f"{whole}.{member}" in self._code.texts and not hasattr(module, member):
                self.load(f"{whole}.{member}")
        return module
