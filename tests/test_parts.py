"""Files of many items are made of parts: what did not change is copied, and the bytes are those of a fresh build."""

import os
import random
import shutil
import sys

import pytest
from kitchen import Kitchen, row
from test_kill import HOLD, environment

from stacbuild import making, writing
from stacbuild.view import Catalog

ROWS = 400
OUTPUTS = {
    "lines": {"kind": "ndjson", "path": "dist/{collection}.ndjson"},
    "all": {"kind": "item-collection", "path": "dist/all.json"},
}


def kitchen_of(folder, rows=ROWS, href="https://example.com/{key}.tif", jobs=1):
    kitchen = Kitchen(folder, rows, outputs={name: dict(spec) for name, spec in OUTPUTS.items()})
    kitchen.recipe["collections"] |= {"two": {"from": ["rows"], "mapping": "plain", "where": "gsd < 3"}}
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = {"template": href}
    kitchen.recipe["build"] = {"executor": "serial" if jobs == 1 else "processes", "jobs": jobs}
    kitchen.save()
    return kitchen


@pytest.fixture
def kitchen(tmp_path):
    kitchen = kitchen_of(tmp_path / "k")
    kitchen.build()
    return kitchen


@pytest.fixture
def read(monkeypatch):
    """The ids of the items whose documents were read to be written."""
    ids, before = [], Catalog.read

    def noted(self, item):
        ids.append(item.id)
        return before(self, item)

    monkeypatch.setattr(Catalog, "read", noted)
    return ids


def rows_but(changed, rows=ROWS):
    """Return rows of which some are changed: number → cells; None: it is not there."""
    return [row(n, **changed.get(n, {})) for n in range(rows) if changed.get(n, {}) is not None]


def fresh(kitchen):
    """Return what a build that knows nothing makes of the same recipe and records."""
    other = Kitchen(kitchen.folder.parent / "fresh", None)
    other.recipe = kitchen.recipe
    other.save()
    shutil.copy(kitchen / "rows.csv", other / "rows.csv")
    shutil.rmtree(other / "dist", ignore_errors=True)
    shutil.rmtree(other / ".stacbuild", ignore_errors=True)
    other.build()
    return other.tree("dist")


def assert_as_fresh(kitchen):
    assert kitchen.tree("dist") == fresh(kitchen)


def forget_the_reading(kitchen, read):
    found = list(read)
    assert_as_fresh(kitchen)
    read.clear()
    return found


LATER = [
    pytest.param({7: {"note": "changed"}}, id="changed"),
    pytest.param({7: None}, id="deleted"),
    pytest.param({0: None, ROWS - 1: None}, id="first and last deleted"),
    pytest.param({7: {"id": "zz"}}, id="moved to the end"),
    pytest.param({7: {"id": "a"}}, id="moved to the beginning"),
    pytest.param({n: {"note": "changed"} for n in range(5, ROWS, 150)}, id="changed here and there"),
]


@pytest.mark.parametrize("changed", LATER)
def test_after_a_change_the_bytes_are_those_of_a_fresh_build_and_few_items_are_read(kitchen, read, changed):
    kitchen.rows(rows_but(changed))
    assert sorted(path for path, count in written(kitchen.build()).items() if count) == ["all", "lines"]
    found = forget_the_reading(kitchen, read)
    assert {row(n)["id"] for n, cells in changed.items() if cells and "note" in cells} <= set(found)
    assert 0 < len(found) < ROWS


def written(report):
    return {name: one["written"] for name, one in report["outputs"].items()}


@pytest.mark.parametrize("at", [0, 200, ROWS])
def test_a_record_that_is_inserted_moves_the_run_that_it_is_in(kitchen, read, at):
    rows = rows_but({})
    rows.insert(at, row(1000, id=f"i{at}x"))
    kitchen.rows(rows)
    kitchen.build()
    assert len(forget_the_reading(kitchen, read)) < ROWS


def test_after_many_changes_the_bytes_are_those_of_a_fresh_build(kitchen, read):
    dice = random.Random(11)
    for _ in range(6):
        changed = {n: dice.choice([None, {"note": "x"}, {"id": f"i{n}y"}]) for n in dice.sample(range(ROWS), 3)}
        kitchen.rows(rows_but(changed))
        kitchen.build()
        assert len(forget_the_reading(kitchen, read)) < 2 * ROWS


def test_where_links_change_all_is_made_anew(kitchen, read):
    kitchen.recipe["outputs"]["lines"]["base-url"] = "https://example.com/catalog/"
    kitchen.save()
    kitchen.build()
    assert len(set(forget_the_reading(kitchen, read))) == ROWS
    assert b"https://example.com/catalog/one/collection.json" in (kitchen / "dist/one.ndjson").read_bytes()


def test_where_the_form_of_hrefs_changes_all_is_made_anew_and_no_warning_is_lost(tmp_path, read):
    kitchen = kitchen_of(tmp_path / "k", href="data/{key}.tif")
    first = kitchen.build()
    read.clear()
    kitchen.rows(rows_but({7: {"note": "changed"}}))
    later = kitchen.build()
    assert len(forget_the_reading(kitchen, read)) < ROWS
    assert sb706(later) == sb706(first)
    assert len(sb706(first)) == 2
    for output in OUTPUTS:
        kitchen.recipe["outputs"][output]["hrefs"] = "as-is"
    kitchen.save()
    assert sb706(kitchen.build()) == []
    assert len(set(forget_the_reading(kitchen, read))) == ROWS


def sb706(report):
    return sorted(warning["message"] for warning in report["warnings"] if warning["code"] == "SB706")


@pytest.mark.parametrize("harm", ["edit", "delete", "truncate", "link", "pipe"])
def test_a_file_that_is_not_as_it_was_delivered_is_made_whole(kitchen, read, harm):
    spoil(kitchen / "dist/one.ndjson", harm)
    kitchen.rows(rows_but({7: {"note": "changed"}}))
    kitchen.build()
    assert len(read) >= ROWS
    assert_as_fresh(kitchen)


def spoil(file, harm):
    blob = file.read_bytes()
    if harm in ("edit", "truncate"):
        file.write_bytes(blob.replace(b"i399", b"i3x9") if harm == "edit" else blob[:-7])
        return
    file.unlink()
    if harm == "link":
        (file.parents[1] / "elsewhere").write_bytes(blob)
        file.symlink_to(file.parents[1] / "elsewhere")
    if harm == "pipe":
        os.mkfifo(file)


@pytest.mark.parametrize("harm", ["append", "cut off", "touch", "rewrite"])
def test_a_file_that_moves_while_it_is_copied_gives_nothing(kitchen, monkeypatch, read, harm):
    copied = []

    def copy(self, part, before=making._Standing.copy):
        yield from before(self, part)
        if not copied:
            copied.append(part)
            disturb(kitchen / "dist/one.ndjson", harm)

    monkeypatch.setattr(making._Standing, "copy", copy)
    del kitchen.recipe["outputs"]["all"]
    kitchen.save()
    kitchen.rows(rows_but({7: {"note": "changed"}}))
    kitchen.build()
    assert copied
    assert len(set(read)) == ROWS
    monkeypatch.undo()
    assert_as_fresh(kitchen)


def disturb(file, harm):
    with file.open("r+b") as stream:
        if harm == "append":
            stream.seek(0, os.SEEK_END)
            stream.write(b"\n")
        elif harm == "cut off":
            stream.truncate(10)
        elif harm == "rewrite":
            stream.write(b"?")
    os.utime(file)


def test_what_is_remembered_of_parts_may_be_lost_or_damaged(kitchen, read):
    for number, harm in enumerate((lambda file: file.unlink(), lambda file: file.write_bytes(b"?"))):
        for file in (kitchen / ".stacbuild/memory/stacbuild.toml").glob("parts-*"):
            harm(file)
        kitchen.rows(rows_but({7: {"note": f"changed {number}"}}))
        assert kitchen.build()["warnings"] == []
        assert len(set(forget_the_reading(kitchen, read))) == ROWS


def test_without_the_memory_all_is_made_and_the_next_change_is_small_again(kitchen, read):
    shutil.rmtree(kitchen / ".stacbuild/memory")
    for note in ("changed", "again"):
        read.clear()
        kitchen.rows(rows_but({7: {"note": note}}))
        kitchen.build()
    assert len(forget_the_reading(kitchen, read)) < ROWS


def test_force_copies_nothing_and_what_it_notes_of_parts_is_of_use(kitchen, read):
    kitchen.rows(rows_but({7: {"note": "changed"}}))
    kitchen.build("--force")
    assert len(set(read)) == ROWS
    read.clear()
    kitchen.rows(rows_but({7: {"note": "again"}}))
    kitchen.build()
    assert len(forget_the_reading(kitchen, read)) < ROWS


def test_nobody_reads_what_is_remembered_of_parts_where_nothing_is_written(kitchen, monkeypatch):
    monkeypatch.setattr("stacbuild.parts_file.read", lambda *_: pytest.fail("it was read"))
    kitchen.build()
    monkeypatch.undo()
    (file,) = (kitchen / ".stacbuild/memory/stacbuild.toml").glob("parts-*-1")
    kitchen.recipe["collections"]["one"]["title"] = "Another"
    kitchen.save()
    kitchen.build()
    assert file.exists()


def test_workers_copy_too_and_write_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "WORTH", 1)
    copied = []

    def taken(self, view, given, before=writing.Writers._taken):
        copied.extend(given.spans.spans[0].facts["copied"] for _ in [0] if given.spans)
        return before(self, view, given)

    monkeypatch.setattr(writing.Writers, "_taken", taken)
    kitchen = kitchen_of(tmp_path / "k", jobs=2)
    kitchen.build()
    kitchen.rows(rows_but({7: {"note": "changed"}}))
    kitchen.build("--profile", "trace.json")
    sizes = sorted((kitchen / path).stat().st_size for path in ("dist/all.json", "dist/one.ndjson"))
    assert len(copied) == len(sizes)
    assert all(size / 2 < some < size for some, size in zip(sorted(copied), sizes, strict=True))
    (kitchen / "trace.json").unlink()
    assert_as_fresh(kitchen)


PROGRAM = """
import os, signal
from stacbuild import files
def die(path, pieces, owner=0, before=files.write_beside):
    return before(path, list(pieces)[:1] + [os.kill(os.getpid(), signal.SIGKILL)], owner)
files.write_beside = die
from stacbuild.cli.main import main
main()
"""


def test_killed_while_a_file_is_made_of_parts_is_repaired(kitchen, read):
    import subprocess  # noqa: PLC0415

    kitchen.rows(rows_but({7: {"note": "changed"}}))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "build", "-q"], cwd=kitchen.folder, env=environment(), timeout=HOLD, check=False
    )
    assert done.returncode == -9
    kitchen.build()
    assert len(read) < 2 * ROWS
    assert_as_fresh(kitchen)
