"""A store of which many chunks are gone costs work, never the build, and never the memory."""

import shutil
from pathlib import Path

import pytest
from kitchen import Kitchen, ran, row
from world_harm import small_parts

ROWS = 40
"""Records: eight chunks of five, where parts are small."""


@pytest.fixture(autouse=True)
def _small():
    with small_parts():
        yield


@pytest.fixture(params=["all", "damaged"])
def lossy(tmp_path, request):
    """Give a built kitchen and what takes its chunks: away with the store, or a bit of each."""
    kitchen = Kitchen(tmp_path, rows=ROWS, cache={"backend": "filesystem"})
    kitchen.build()

    def lose():
        store = Path(tmp_path, ".stacbuild/cache")
        if request.param == "all":
            shutil.rmtree(store)
            return
        for chunk in filter(Path.is_file, store.rglob("cas/**/*")):
            chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")

    return kitchen, lose


def test_outputs_that_are_gone_with_the_store_are_made_anew(lossy):
    kitchen, lose = lossy
    before = kitchen.tree("dist")
    lose()
    shutil.rmtree(kitchen / "dist")
    report = kitchen.build()
    assert kitchen.tree("dist") == before
    assert [warning["code"] for warning in report["warnings"]] == ["SB610"]
    assert report["items"] == {**dict.fromkeys(report["items"], 0), "total": ROWS, "unchanged": ROWS}
    assert ran(kitchen.build()) == {}


def test_items_that_are_to_be_judged_anew_are_made_anew(lossy):
    kitchen, lose = lossy
    lose()
    kitchen.recipe["validation"] = {"formats": "all"}
    kitchen.save()
    report = kitchen.build()
    assert [warning["code"] for warning in report["warnings"]] == ["SB610"]
    assert report["items"]["unchanged"] == ROWS
    assert report["stages"]["validate"]["ran"] == ROWS


def test_a_targeted_build_makes_again_what_is_lost_though_nobody_named_it(lossy):
    kitchen, lose = lossy
    rows = [row(number, gsd="9" if number == 3 else str(number % 9 + 1)) for number in range(ROWS)]
    lose()
    kitchen.rows(rows)
    assert kitchen.build("item:i3")["items"]["modified"] == 1
    assert [item["properties"]["gsd"] for item in kitchen.items()][:1] == [1]
    assert len(kitchen.ids()) == ROWS
    assert ran(kitchen.build()) == {}


def test_unfinished_files_of_a_dead_build_leave_also_when_the_memory_is_lost(tmp_path):
    kitchen = Kitchen(tmp_path, rows=2)
    kitchen.build()
    unfinished = kitchen / "dist/site/one/i0/.stacbuild-999999999-0123456789abcdef"
    unfinished.write_bytes(b"half")
    shutil.rmtree(kitchen / ".stacbuild/memory")
    kitchen.build()
    assert not unfinished.exists()
