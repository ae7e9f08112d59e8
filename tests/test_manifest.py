"""Manifests that are edited say what those say that are written whole."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild import manifest
from stacbuild.manifest import Row

PATHS = st.text('ab! "\\/é\n\U0001f30d', min_size=1, max_size=4)
"""Of characters that stand in JSON as others, or before the end of a string."""


def row(path, size):
    return Row(path, size, f"{size:064x}")


def written(base, rows):
    """Write a manifest whole, and return what its parts are known by."""
    held = sorted(rows)
    return manifest.write(base, "out", held, lambda number: row(held[number], rows[held[number]]))


def parts(base):
    return {path.name: path.read_bytes() for path in manifest.folder(base, "out").iterdir()}


@pytest.fixture(scope="module", autouse=True)
def small():
    """Cut manifests into parts of three files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "FILES_A_PART", 3)
        yield


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory.mktemp("edited"), tmp_path_factory.mktemp("whole")


@given(
    before=st.dictionaries(PATHS, st.integers(0, 9), min_size=1, max_size=20),
    told=st.dictionaries(PATHS, st.integers(0, 9) | st.none(), max_size=10),
)
def test_any_edit_gives_what_is_written_whole_or_nothing(folders, before, told):
    edited, whole = folders
    marks = written(edited, before)
    now = {path: size for path, size in (before | told).items() if size is not None}
    rows = {path: None if size is None else row(path, size) for path, size in told.items()}
    found = manifest.edit(edited, "out", marks, rows, len(now))
    again = written(whole, now)
    if found is None:
        assert manifest.parts(len(now)) != manifest.parts(len(before)) or not now
    else:
        assert (found, parts(edited)) == (again, parts(whole))


def test_a_part_that_is_not_as_it_was_is_not_edited(tmp_path):
    marks = written(tmp_path, dict.fromkeys("abcd", 1))
    for path in manifest.folder(tmp_path, "out").iterdir():
        path.write_bytes(path.read_bytes() + json.dumps({"path": "e", "size": 1, "sha256": "0" * 64}).encode())
    before = parts(tmp_path)
    assert manifest.edit(tmp_path, "out", marks, {"a": row("a", 2)}, 4) is None
    assert parts(tmp_path) == before
