"""One rule of a mapping, compiled: the function from a record to one value of its item.

The order is the recipe language's: where it comes from → lookup → split → join → as → scale → offset; then what stands
for a missing value. Compiled once to closures, since this is the innermost loop of a build. Never: I/O, or a look at
another record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from msgspec import UNSET

from stacbuild.failures import ItemError
from stacbuild.recipe import schema
from stacbuild.stages.beside import Beside, table_name
from stacbuild.stages.functions import caller
from stacbuild.stages.paths import Get, as_text, excerpt, fields, getter, kind_of, renderer
from stacbuild.stages.values import Convert, constant, converter, scaler

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__slots__": ()})()
"""What a rule gives when its field is to be left out."""

Record = dict[str, Any]


class Means(NamedTuple):
    """What a mapping's rules share: its tables, what stands beside the recipe, the zone of moments without one."""

    lookups: dict[str, dict[str, Any]]
    beside: Beside = Beside()
    zone: str | None = None


def rule(spec: str | schema.Rule, means: Means, where: str, kind: str | None = None) -> Get:
    """Return the function record → value, or MISSING when the field is to be left out.

    Args:
        spec: a field's path, or a rule.
        means: what the mapping's rules share.
        where: JSON Pointer of the item's field, for errors.
        kind: what `as` is where the rule does not say it.

    Raises:
        ItemError: (from the function) SB201 to SB204, SB213, SB216, SB217.
        TemplateError: the template cannot be read.
    """
    if isinstance(spec, str):
        spec = schema.Rule(from_=spec)
    steps = _steps(spec, means, where, spec.as_ or kind)
    absent = _absent(spec, means, where, spec.as_ or kind)
    if spec.value is not UNSET:
        return _constant(constant(spec.value), steps, absent)
    return _chain(_source(spec, means, where), steps, absent)


def _source(spec: schema.Rule, means: Means, where: str) -> Get:
    if isinstance(spec.from_, list):
        return _several(spec.from_, whole=spec.join is None and spec.split is None)
    if spec.from_ is not None:
        return getter(spec.from_)
    if spec.function is not None:
        return caller(means.beside.code[spec.function], where)
    return renderer(spec.template or "", where)


def _several(paths: list[str], *, whole: bool) -> Get:
    """Return the function that reads a list of fields; None when all are missing or, if it is to be `whole`, one is."""
    readers = [getter(path) for path in paths]

    def read(record: Record) -> list[Any] | None:
        values = [get(record) for get in readers]
        present = [value for value in values if value is not None]
        return None if not present or (whole and len(present) < len(values)) else present

    return read


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


# ---- steps ---------------------------------------------------------------------------------------------------------


def _steps(spec: schema.Rule, means: Means, where: str, kind: str | None) -> list[Convert]:
    """Return what is done to a value, in the recipe language's order."""
    steps: list[Convert] = []
    if spec.lookup is not None:
        steps.append(_lookup(_entry_of(spec.lookup, means)))
    if spec.split is not None:
        steps.append(_split(spec.split, where))
    if spec.join is not None:
        steps.append(_join(spec.join, where))
    typed: list[Convert] = []
    is_list = spec.join is None and (spec.split is not None or isinstance(spec.from_, list))
    if kind is not None and not (is_list and kind == "array"):
        typed.append(converter(kind, spec.format, where, means.zone))
    if spec.scale is not None or spec.offset is not None:
        typed.append(scaler(spec.scale, spec.offset, where, whole=kind == "integer"))
    return steps + (list(map(_each, typed)) if is_list else typed)


def _entry_of(lookup: str | schema.LookupFile, means: Means) -> Callable[[str], Any]:
    """Return the function that finds an entry in the table that a rule names; None where there is none."""
    if isinstance(lookup, str):
        return {name: constant(value) for name, value in means.lookups.get(lookup, {}).items()}.get
    table = means.beside.tables[table_name(lookup)]
    return lambda text: table.entries.get(text)  # noqa: PLW0108  read when first asked


def tables_of(rules: Iterable[schema.Rule], means: Means) -> dict[str, Any]:
    """Return what rules depend on besides themselves: their tables, of those in files and of code the digests."""
    found: dict[str, Any] = {}
    for spec in rules:
        if isinstance(spec.lookup, str):
            found[spec.lookup] = means.lookups.get(spec.lookup, {})
        elif spec.lookup is not None:
            found[table_name(spec.lookup)] = means.beside.tables[table_name(spec.lookup)].digest
        if spec.function is not None:
            found[f"\0{spec.function}"] = means.beside.code[spec.function].digest
    return found


def _lookup(entry_of: Callable[[str], Any]) -> Convert:
    """Return the function that looks a value up; of a list each entry, and None if one has none."""

    def find(value: Any) -> Any:
        if type(value) is list:
            found = [find(entry) for entry in value]
            return None if not found or None in found else found
        text = as_text(value)
        return None if text is None else entry_of(text)

    return find


def _each(step: Convert) -> Convert:
    """Return the function that does `step` to each entry of a list; None if that leaves one missing."""

    def run(values: list[Any]) -> list[Any] | None:
        done = [step(value) for value in values]
        return None if None in done else done

    return run


def _split(separator: str, where: str) -> Convert:
    """Return the function text → its parts, without white space around them and empty ones; None if there is none.

    Of a list each entry is split, into one list.
    """

    def parts(value: Any) -> list[str] | None:
        texts = (
            [_text(entry, where, "split") for entry in value] if type(value) is list else [_text(value, where, "split")]
        )
        return [part for text in texts for raw in text.split(separator) if (part := raw.strip())] or None

    return parts


def _join(separator: str, where: str) -> Convert:
    """Return the function list → its entries as one text; null entries are left out, None if that leaves nothing."""

    def joined(value: Any) -> str | None:
        values = value if type(value) is list else [value]
        return separator.join(_text(entry, where, "joined") for entry in values if entry is not None) or None

    return joined


def _text(value: Any, where: str, done: str) -> str:
    text = as_text(value)
    if text is None:
        message = f"{excerpt(value)} cannot be {done}: it is {kind_of(value)}"
        raise ItemError("SB216", message, where, "text, numbers, true and false can")
    return text


# ---- missing values ------------------------------------------------------------------------------------------------


def _absent(spec: schema.Rule, means: Means, where: str, kind: str | None) -> Convert:
    """Return the function that says what stands for a missing value; it gets the record, for its message."""
    if spec.default is not UNSET:
        default = constant(spec.default)
        if kind in ("datetime", "date") and isinstance(default, str):
            to_time = converter(kind, None, where, means.zone)
            return lambda _: to_time(default)
        return lambda _: default
    if not spec.required:
        return lambda _: MISSING

    def fail(record: Record) -> Any:
        raise _missing(spec, means, where, record)

    return fail


def _missing(spec: schema.Rule, means: Means, where: str, record: Record) -> ItemError:
    hint = "give it a default, or required = false to leave it out"
    value = spec.value if spec.value is not UNSET else _source(spec, means, where)(record)
    if value is None:
        return ItemError("SB201", _nothing(spec, record), where, hint)
    source = "its value" if spec.value is not UNSET else _named(spec)
    unknown = [] if spec.lookup is None else _without_entry(value, _entry_of(spec.lookup, means))
    if unknown:
        lookup = spec.lookup if isinstance(spec.lookup, str) else spec.lookup.file if spec.lookup else ""
        message = f"lookup '{lookup}' has no entry for {excerpt(unknown[0])}, found in {source}"
        before = "; the lookup comes before `split`" if spec.split is not None else ""
        return ItemError("SB202", message, where, f"add it to the lookup, or {hint}{before}")
    return ItemError("SB201", f"{source} holds {excerpt(value)}, which counts as missing", where, hint)


def _without_entry(value: Any, entry_of: Callable[[str], Any]) -> list[Any]:
    values = value if type(value) is list and value else [value]
    return [entry for entry in values if (text := as_text(entry)) is None or entry_of(text) is None]


def _nothing(spec: schema.Rule, record: Record) -> str:
    """Return the sentence that says what of a rule's source has no value."""
    if isinstance(spec.from_, str):
        return f"the record has no value in '{spec.from_}'"
    if spec.function is not None:
        return f"function '{spec.function}' gave no value"
    paths = spec.from_ if spec.from_ is not None else fields(spec.template or "")
    absent = next((path for path in paths if getter(path)(record) is None), "")
    if spec.from_ is None:
        return f"the record has no value in '{absent}', which template '{spec.template}' names"
    if spec.join is not None or spec.split is not None:
        return f"the record has no value in any of {_named(spec)}"
    return f"the record has no value in '{absent}', one of {_named(spec)}"


def _named(spec: schema.Rule) -> str:
    if isinstance(spec.from_, list):
        return ", ".join(f"'{path}'" for path in spec.from_)
    return f"'{spec.from_ or spec.template or spec.function}'"
