"""Whether stacbuild and the straight-line script made the same: a comparison of two that do different work is none."""

import sys

import msgspec


def items(folder, collections):
    """End the program unless both made the same items."""
    for name in collections:
        ours, theirs = (folder / top / f"{name}.ndjson" for top in ("dist", "straight"))
        if digests(ours) != digests(theirs):
            sys.exit(f"{name}: stacbuild and the straight-line script made other items")


def tables(folder, collections):
    """End the program unless both made tables of as many rows, with the same columns."""
    for name in collections:
        ours, theirs = (shape(folder / top / f"{name}.parquet") for top in ("dist", "straight"))
        if ours != theirs:
            sys.exit(f"{name}: stacbuild and the straight-line script made other tables: {ours}, {theirs}")


def digests(file):
    """Return id → a digest of each item in a file of lines."""
    with file.open("rb") as stream:
        items = (msgspec.json.decode(line) for line in stream)
        return {item["id"]: hash(msgspec.json.encode(item, order="sorted")) for item in items}


def shape(path):
    """Return how many rows a table has, and its columns, but for those of which every value is missing."""
    import pyarrow.parquet  # noqa: PLC0415  the processes that are measured are started by this one

    with pyarrow.parquet.ParquetFile(path) as file:
        rows, names = file.metadata.num_rows, file.schema_arrow.names
        return rows, sorted(name for name in names if file.read([name])[name].null_count < rows)
