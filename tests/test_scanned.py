"""Which files a path stands for as the scan finds them, and how blocks of them are cut, written and read."""

from pathlib import Path

import pytest

from stacbuild import blocks
from stacbuild.blocks import Block
from stacbuild.recipe.schema import StacItemsSource
from stacbuild.sealed import MemoryLostError
from stacbuild.sources import scanned, stac_items
from stacbuild.sources.base import Shard


def paths(pattern, root):
    """Return the files of a pattern as they are listed alone, and as the scan has them."""
    source = StacItemsSource(path=pattern)
    alone = {shard.name: shard.named for shard in stac_items.shards(source, root)}
    found = {}
    for one in scanned.scan(pattern, root):
        if isinstance(one, Shard):
            found[one.name] = one.named
        else:
            found.update((name, False) for run in one.runs() for name in run.names)
    return alone, found


PATTERNS = [
    "*.json", "**", "**/*", "**/*.json", "**/**/*.json", "d/*", "d/**", "d/**/x.json", "d/*/x.json", "*/x.json",
    "d/x.json", "d/[xy].json", "d/.h*", ".hidden/*", "*/.h.json", "nowhere/*.json", "nowhere.json", "./d/*.json",
    "d/../d/*.json", "d/e/../*.json", ["d/*.json", "d/x.json"], ["d/x*", "d/*n"], ["link/*.json", "d/*.json"],
    ["link/x.json", "d/*.json"], "d/x?json", "[d]/x.json", "d/*.stacbuild*", "**/e/*", "d//x.json",
    "../t/d/*.json", "b[1].json", "d/big.json",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
def test_the_scan_finds_what_the_listing_of_single_files_finds(tmp_path, pattern):
    root = tmp_path / "t"
    for name in ("x.json", "d/x.json", "d/y.json", "d/.h.json", "d/n", "d/e/x.json", "d/e/f/x.json", ".hidden/x.json",
                 "d/.stacbuild-1-2", ".stacbuild/x.json", "b[1].json", "d/t.parquet", "d/ü.json"):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}")
    (root / "d/big.json").write_bytes(b" " * (blocks.LARGE + 1))
    (root / "link").symlink_to("d")
    (root / "d/to.json").symlink_to("x.json")
    (root / "d/dangling.json").symlink_to("nowhere")
    alone, found = paths(pattern, root)
    assert found == alone


def test_absolute_paths_are_listed_as_those_of_single_files(tmp_path):
    (tmp_path / "away").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "away/x.json").write_text("{}")
    alone, found = paths(f"{tmp_path}/away/*.json", tmp_path / "here")
    assert found == alone == {"../away/x.json": False}


def a_block(names):
    return blocks.block_of("d/", names, [bytes([1]) * 32] * len(names))


def test_a_file_more_moves_two_runs_at_most():
    names = [f"d/{number:05}.json" for number in range(5000)]
    before = {run.digest for run in a_block(names).runs()}
    for more in ("d/00000-.json", "d/02500-.json", "d/99999.json"):
        after = {run.digest for run in a_block(sorted([*names, more])).runs()}
        assert len(after - before) <= 2
    assert 10 < len(before) < 40


def test_runs_are_all_of_a_block_in_order_and_of_bounded_length():
    names = [f"d/{number:05}" for number in range(3000)]
    runs = list(a_block(names).runs())
    assert [name for run in runs for name in run.names] == names
    assert max(len(run.names) for run in runs) <= 512
    assert a_block([]).count == 0
    assert list(a_block([]).runs()) == []


def test_columns_stand_as_written_and_damage_is_seen(tmp_path):
    block = a_block(["d/a", "d/\udcff"])
    place = blocks.write(tmp_path, 1, {"any": (block, {})})["any"]
    assert blocks.read(tmp_path, "d/", place) == block
    assert place.mark == block.mark != blocks.without(block, {"d/a"}).mark
    (tmp_path / "files-1").write_bytes(b"?" * place.length)
    with pytest.raises(MemoryLostError):
        blocks.read(tmp_path, "d/", place)


def test_columns_in_many_files_are_drawn_together(tmp_path):
    places = [blocks.write(tmp_path, n, {0: (a_block([f"d/{n}"]), {})})[0] for n in range(20)]
    blocks.drawn_together(tmp_path, 20, places)
    assert {place.file for place in places} == {20}
    assert [blocks.read(tmp_path, "d/", place) for place in places] == [a_block([f"d/{n}"]) for n in range(20)]


def test_a_block_is_told_from_a_file_by_its_name():
    assert isinstance(next(iter(scanned.scan("*.py", Path(__file__).parent))), Block | Shard)
