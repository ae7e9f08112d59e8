"""Trees of files as worlds are compared: what builds wrote, the items in it, how two differ, what must not be left."""

import contextlib
import io
import json
import os
from pathlib import Path

from pyarrow import parquet

STATE = ".stacbuild"
INPUTS = ("data", "schemas", "stacbuild.toml", STATE)
"""What of a world is not written by builds."""


def tree(folder):
    """Return all that builds left in `folder`: file → bytes, folder → None, but for empty folders at the top."""
    found = {}
    for here, folders, names in os.walk(folder):
        if Path(here) == Path(folder):
            folders[:] = [name for name in folders if name not in INPUTS]
        found.update((os.path.relpath(Path(here, name), folder), None) for name in folders)
        found.update((os.path.relpath(Path(here, name), folder), Path(here, name).read_bytes()) for name in names)
    full = {Path(path).parts[0] for path, blob in found.items() if blob is not None}
    return {path: blob for path, blob in found.items() if path not in INPUTS and Path(path).parts[0] in full}


def items_in(files):
    """Yield (collection, id, file, bytes) of every item in the files of a tree; what is no JSON holds none."""
    for path, blob in files.items():
        with contextlib.suppress(ValueError, KeyError):
            yield from _items_of(path, blob)


def _items_of(path, blob):
    if blob is not None and path.endswith(".parquet"):
        for row in parquet.read_table(io.BytesIO(blob)).to_pylist():
            yield row["collection"], row["id"], path, repr(_without_nulls(row))
    if blob is not None and path.endswith((".ndjson", ".geojson")):
        for line in blob.splitlines():
            if path.endswith(".ndjson") or line.startswith(b'{"type":"Feature",'):
                item = json.loads(line.rstrip(b","))
                yield item["collection"], item["id"], path, line.rstrip(b",")
    elif blob is not None and path.endswith(".json"):
        document = json.loads(blob)
        if isinstance(document, dict) and document["type"] == "Feature":
            yield document["collection"], document["id"], path, blob


def _without_nulls(value):
    """Return a cell without the members that only other rows have, and numbers as a column of floats has them."""
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in sorted(value.items()) if member is not None}
    if isinstance(value, list):
        return [_without_nulls(member) for member in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def put(folder, files):
    """Write those of `files` (path → bytes) that are not so already."""
    for path, blob in files.items():
        file = folder / path
        if not file.is_file() or file.read_bytes() != blob:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(blob)


def differences(found, wanted):
    """Return in words how two trees differ."""
    extra = [f"{path} should not be there" for path in sorted(found.keys() - wanted.keys())]
    less = [f"{path} is missing" for path in sorted(wanted.keys() - found.keys())]
    both = sorted(found.keys() & wanted.keys())
    other = [f"{path}: {found[path]!r} is not {wanted[path]!r}" for path in both if found[path] != wanted[path]]
    return extra + less + other


def leftovers(folder):
    """Return unfinished files and intents that a finished build must not leave."""
    return [str(path) for path in folder.rglob("*") if path.name.startswith(".stacbuild-") and path.is_file()] + [
        str(path) for path in folder.glob(f"{STATE}/memory/*/intent")
    ]
