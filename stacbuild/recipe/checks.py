"""What a recipe must be: tables turned into the structs of `schema.py`, and every rule that a type cannot say.

A table is converted key by key, so that one bad key hides no other. Never stops at the first problem, never reads a
file: what a path points at is the business of who opens it.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from pathlib import Path as File
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct, UnsetType

from stacbuild.recipe import names, schema
from stacbuild.recipe.env import Finding

Path = tuple[str, ...]
BAD: Any = type("Bad", (), {"__repr__": lambda _: "BAD", "__slots__": ()})()
"""Stands for a value that has a problem: what hangs on it is not judged."""


class Draft(NamedTuple):
    """A table under judgement: as written, and those of its keys that are good."""

    kind: type[Struct]
    raw: dict[str, Any]
    good: dict[str, Any]
    path: Path


class Sheet:
    """One recipe under judgement, and what was found."""

    def __init__(self, raw: dict[str, Any], file: File) -> None:
        self.raw, self.file = raw, file
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []
        self.drafts: dict[Path, Draft] = {}

    def find(self, code: str, path: Path, message: str, hint: str | None = None) -> None:
        """Note a problem at a key."""
        self.findings.append((code, path, message, hint))

    def names(self, table: str) -> list[str]:
        """Return the names that a table of tables has, those of bad tables too."""
        entries = self.raw.get(table)
        return list(entries) if isinstance(entries, dict) else []


class Key(NamedTuple):
    """A field of a struct as the walk needs it."""

    name: str
    type: Any
    required: bool


@cache
def keys_of(kind: type[Struct]) -> dict[str, Key]:
    """Return the keys that a table takes."""
    return {field.encode_name: Key(field.name, field.type, field.required) for field in msgspec.structs.fields(kind)}


def judge(sheet: Sheet) -> schema.Document | None:
    """Return the document, or None; what is wrong is noted on the sheet."""
    document = _table(sheet, sheet.raw, schema.Document, ())
    return None if document is BAD or sheet.findings else document


def _value(sheet: Sheet, value: Any, type_: Any, path: Path, owner: Draft) -> Any:
    options = _options(type_)
    kinds = [option for option in options if isinstance(option, type) and issubclass(option, Struct)]
    if kinds and (isinstance(value, dict) or len(options) == len(kinds)):
        return _one_of(sheet, value, kinds, path, owner)
    whole = next(
        (option for option in options if get_origin(option) is {dict: dict, list: list}.get(type(value))), None
    )
    if whole is not None and isinstance(value, dict):
        return _entries(sheet, value, get_args(whole)[1], path, owner)
    if whole is not None and isinstance(value, list):
        good = [_value(sheet, entry, get_args(whole)[0], (*path, str(at)), owner) for at, entry in enumerate(value)]
        return BAD if BAD in good else good
    return _leaf(sheet, value, type_, path, owner)


@cache
def _options(type_: Any) -> tuple[Any, ...]:
    union = get_origin(type_) in (Union, types.UnionType)
    options = get_args(type_) if union else (type_,)
    return tuple(option for option in options if option not in (type(None), UnsetType))


def _entries(sheet: Sheet, value: dict[str, Any], type_: Any, path: Path, owner: Draft) -> Any:
    good = {key: _value(sheet, entry, type_, (*path, key), owner) for key, entry in value.items()}
    return BAD if any(entry is BAD for entry in good.values()) else good


def _leaf(sheet: Sheet, value: Any, type_: Any, path: Path, owner: Draft) -> Any:
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError:
        sheet.find("SB103", path, f"bad value {path}")
        return BAD


def _one_of(sheet: Sheet, value: Any, kinds: list[type[Struct]], path: Path, owner: Draft) -> Any:
    kind = kinds[0]
    tag = kind.__struct_config__.tag_field
    if not isinstance(value, dict):
        sheet.find("SB103", path, f"{path} must be a table")
        return BAD
    if tag is not None:
        found = [one for one in kinds if one.__struct_config__.tag == value.get(tag)]
        if not found:
            sheet.find("SB102", path, "kind")
            return BAD
        kind = found[0]
    return _table(sheet, value, kind, path)


def _table(sheet: Sheet, raw: dict[str, Any], kind: type[Struct], path: Path) -> Any:
    keys = keys_of(kind)
    draft = Draft(kind, raw, {}, path)
    sheet.drafts[path] = draft
    bad = False
    for name, value in raw.items():
        if name == kind.__struct_config__.tag_field:
            continue
        key = keys.get(name)
        if key is None:
            sheet.find("SB101", (*path, name), f"unknown key `{name}`")
            bad = True
            continue
        good = _value(sheet, value, key.type, (*path, name), draft)
        bad = bad or good is BAD
        if good is not BAD:
            draft.good[key.name] = good
    for name, key in keys.items():
        if key.required and name not in raw:
            sheet.find("SB104", path, f"missing {name}")
            bad = True
    return BAD if bad else kind(**draft.good)
