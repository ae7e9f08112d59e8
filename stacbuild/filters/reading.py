"""What filters take in: items in files of any form, below folders, on standard input; for `transform` records too.

What cannot be read is a piece with a fault. Keeps a record at a time; a JSON document that is not NDJSON is read whole.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final, Literal, NamedTuple

from stacbuild.failures import Fault, ItemError, fault_of
from stacbuild.recipe.schema import StacItemsSource, TableSource
from stacbuild.sources import documents, items, json_document, json_object, loose, table, text
from stacbuild.sources.base import PARQUET, Raw, SourceUnreadable
from stacbuild.stages.items import check

RECORDS: Final = "records"
ITEMS: Final = "items"
"""What a piece is, and the name of its source in the recipe that stages are compiled of."""

Form = Literal["json", "ndjson", "parquet"]

_NO_ITEM: Final = "SB409"
_EMPTY: Final = "SB414"


class Piece(NamedTuple):
    """A record or an item as read: canonical bytes (of one that cannot be read what stands there), or a fault."""

    place: loose.Place
    number: int
    blob: bytes
    source: str = ITEMS
    fault: Fault | None = None


def item_pieces(places: Iterable[loose.Place], form: Form | None) -> Iterator[Piece]:
    """Yield the items of files; `form` None: as their names say, standard input as it begins."""
    for place in places:
        try:
            yield from _items(place, form)
        except SourceUnreadable as error:
            yield from _unreadable(place, error, empty_is_well=form != "parquet")


def record_pieces(places: Iterable[loose.Place], source: TableSource, *, are_items: bool) -> Iterator[Piece]:
    """Yield the records of files, or the items of those that hold items, or of all if they are said to be.

    Args:
        places: the files.
        source: how records are read.
        are_items: they hold items, whatever it looks like.
    """
    for place in places:
        try:
            yield from _records(place, source, are_items=are_items)
        except SourceUnreadable as error:
            yield from _unreadable(place, error, empty_is_well=source.format in (None, "json", "ndjson"))


def _unreadable(place: loose.Place, error: SourceUnreadable, *, empty_is_well: bool) -> Iterator[Piece]:
    """Yield the fault of a file. That nothing comes through a pipe is none: NDJSON of no items is nothing."""
    if place.file is not None or error.code != _EMPTY or not empty_is_well:
        yield Piece(place, 0, b"", fault=Fault("fetch", error.code, error.message, "", error.hint))


def _records(place: loose.Place, source: TableSource, *, are_items: bool) -> Iterator[Piece]:
    form = source.format if place.file is None else table.format_of(place.file, source.format)
    if form == "parquet":
        with _as_file(place) as file:
            if are_items or _holds_items(file):
                yield from _rows(place, file)
                return
            from stacbuild.sources import parquet_table  # noqa: PLC0415  only where there is Parquet

            yield from _pieces(place, parquet_table.records(file, source, 0), RECORDS)
    elif form in ("csv", "tsv"):
        yield from _pieces(place, table.records(loose.blocks(place, source.encoding), form, source), RECORDS)
    else:
        texts = _texts(place, form, source.encoding)
        first = next(texts, None)
        whole = texts if first is None else chain([first], texts)
        if are_items or (first is not None and _is_item(first[1])):
            yield from _of_texts(place, whole)
        else:
            yield from _pieces(place, documents.records(whole, source), RECORDS)


def _texts(place: loose.Place, form: str | None, encoding: str) -> Iterator[tuple[int, bytes]]:
    match form:
        case "ndjson":
            return json_document.lines(text.lines(loose.blocks(place, encoding)))
        case "json":
            return iter(json_document.records(json_document.whole(loose.blocks(place, encoding))))
        case _:
            return loose.texts(place)


def _pieces(place: loose.Place, raws: Iterator[Raw], source: str) -> Iterator[Piece]:
    return (Piece(place, raw.line, raw.blob, source, raw.fault) for raw in raws)


def _is_item(blob: bytes) -> bool:
    """Tell whether a document is a STAC Item, and no record that happens to be GeoJSON."""
    try:
        document = json_object.object_of(blob, "utf-8")
        items.refuse_others(document)
    except ItemError:
        return False
    return document.get("type") == "Feature"


def _items(place: loose.Place, form: Form | None) -> Iterator[Piece]:
    named = "" if place.file is None else text.inner_suffix(place.file)
    if form == "parquet" or (form is None and named in PARQUET):
        with _as_file(place) as file:
            yield from _rows(place, file)
    elif form == "json":
        yield from _of_texts(place, _texts(place, "json", "utf-8"))
    else:
        yield from _of_texts(place, loose.texts(place, lines=form == "ndjson"))


def _of_texts(place: loose.Place, texts: Iterable[tuple[int, bytes]]) -> Iterator[Piece]:
    for number, blob in texts:
        try:
            yield Piece(place, number, _item(blob))
        except ItemError as error:
            if place.named or error.code != _NO_ITEM:  # below a folder lies what is no item
                yield Piece(place, number, blob, fault=fault_of("fetch", error))


def _item(blob: bytes) -> bytes:
    """Return the canonical bytes of the item that a text is; raise ItemError if no stage can take it."""
    document = json_object.object_of(blob, "utf-8")
    if (above := items.above_item(document)) is not None:
        items.refuse_above(above)
    items.refuse_others(document)
    check(document)
    return json_object.canonical(document)


# ---- Parquet ---------------------------------------------------------------------------------------------------------


def _rows(place: loose.Place, file: Path) -> Iterator[Piece]:
    from stacbuild.sources import parquet_items  # noqa: PLC0415  only where there is Parquet

    return _pieces(place, parquet_items.read(file, StacItemsSource(path=""), 0), ITEMS)


def _holds_items(file: Path) -> bool:
    from stacbuild.sources import parquet_file  # noqa: PLC0415  only where there is Parquet

    with parquet_file.opened(file) as parquet:
        return {"id", "stac_version", "assets"} <= set(parquet.schema_arrow.names)


@contextmanager
def _as_file(place: loose.Place) -> Iterator[Path]:
    """Yield the file, or standard input as one: the end of Parquet is read first."""
    if place.file is not None:
        yield place.file
        return
    with tempfile.NamedTemporaryFile(suffix=".parquet") as spool:
        shutil.copyfileobj(loose.stdin(), spool)
        spool.flush()
        yield Path(spool.name)
