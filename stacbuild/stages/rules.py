"""One rule of a mapping, compiled: the function from a record to one value of its item.

The order is the recipe language's: where it comes from → lookup → as → scale → offset; then what stands for a missing
value. Compiled once to closures, since this is the innermost loop of a build. Never: I/O, or a look at another record.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.paths import Get, as_text, excerpt, fields, getter, renderer
from stacbuild.stages.values import Convert, constant, converter, scaler

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__slots__": ()})()
"""What a rule gives when its field is to be left out."""

Lookups = dict[str, dict[str, Any]]
Record = dict[str, Any]


def rule(spec: str | schema.Rule, lookups: Lookups, where: str, kind: str | None = None) -> Get:
    """Return the function record → value, or MISSING when the field is to be left out.

    Args:
        spec: a field's path, or a rule.
        lookups: the mapping's tables.
        where: JSON Pointer of the item's field, for errors.
        kind: what `as` is where the rule does not say it.

    Raises:
        ItemError: (from the function) SB201 to SB204, SB213.
        TemplateError: the template cannot be read.
    """
    if isinstance(spec, str):
        spec = schema.Rule(from_=spec)
    steps = _steps(spec, lookups, where, spec.as_ or kind)
    absent = _absent(spec, where, spec.as_ or kind)
    if spec.value is not UNSET:
        return _constant(constant(spec.value), steps, absent)
    get = getter(spec.from_) if spec.from_ is not None else renderer(spec.template or "", where)
    return _chain(get, steps, absent)


def _chain(get: Get, steps: list[Convert], absent: Convert) -> Get:
    """Compile the commonest numbers of steps apart: this is the innermost loop of a build."""
    if not steps:

        def plain(record: Record) -> Any:
            value = get(record)
            return absent(record) if value is None else value

        return plain

    def run(record: Record) -> Any:
        value = get(record)
        for step in steps:
            if value is None:
                break
            value = step(value)
        return absent(record) if value is None else value

    return run


def _constant(value: Any, steps: list[Convert], absent: Convert) -> Get:
    if not steps:
        return lambda _: value
    return _chain(lambda _: value, steps, absent)


def _steps(spec: schema.Rule, lookups: Lookups, where: str, kind: str | None) -> list[Convert]:
    """Return what is done to a value, in the recipe language's order: lookup → as → scale → offset."""
    steps: list[Convert] = []
    if spec.lookup is not None:
        steps.append(_lookup(lookups.get(spec.lookup, {})))
    if kind is not None:
        steps.append(converter(kind, spec.format, where))
    if spec.scale is not None or spec.offset is not None:
        steps.append(scaler(spec.scale, spec.offset, where, whole=kind == "integer"))
    return steps


def _lookup(table: dict[str, Any]) -> Convert:
    entries = {name: constant(value) for name, value in table.items()}

    def find(value: Any) -> Any:
        text = as_text(value)
        return None if text is None else entries.get(text)

    return find


def _absent(spec: schema.Rule, where: str, kind: str | None) -> Convert:
    """Return the function that says what stands for a missing value; it gets the record, for its message."""
    if spec.default is not UNSET:
        default = constant(spec.default)
        if kind in ("datetime", "date") and isinstance(default, str):
            to_time = converter(kind, None, where)
            return lambda _: to_time(default)
        return lambda _: default
    if not spec.required:
        return lambda _: MISSING

    def fail(record: Record) -> Any:
        raise _missing(spec, where, record)

    return fail


def _missing(spec: schema.Rule, where: str, record: Record) -> ItemError:
    hint = "give it a default, or required = false to leave it out"
    value = _read_again(spec, record)
    if value is None:
        absent = spec.from_ if spec.from_ is not None else _first_absent(spec.template or "", record)
        of = "" if spec.from_ is not None else f", which template '{spec.template}' names"
        return ItemError("SB201", f"the record has no value in '{absent}'{of}", where, hint)
    source = "its value" if spec.value is not UNSET else f"'{spec.from_ or spec.template}'"
    if spec.lookup is not None:
        message = f"lookup '{spec.lookup}' has no entry for {excerpt(value)}, found in {source}"
        return ItemError("SB202", message, where, f"add it to the lookup, or {hint}")
    return ItemError("SB201", f"{source} holds {excerpt(value)}, which counts as missing", where, hint)


def _read_again(spec: schema.Rule, record: Record) -> Any:
    if spec.value is not UNSET:
        return spec.value
    return (getter(spec.from_) if spec.from_ is not None else renderer(spec.template or ""))(record)


def _first_absent(template: str, record: Record) -> str:
    return next((path for path in fields(template) if getter(path)(record) is None), "")
