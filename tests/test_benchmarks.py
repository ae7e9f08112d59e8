"""What `make bench` measures is what it says: records, changes, comparisons and verdicts; nothing is timed here."""

import importlib.util
import itertools
import json
import subprocess
from collections import Counter

import pytest

from benchmarks import cases, changes, forms, goals, missions, ninja, scan, seeds, workload, worlds
from benchmarks.measure import Measured
from benchmarks.world import World

RECORDS = 200


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Give a small world of made-up missions, built from nothing and compared with the straight-line script."""
    world = World(tmp_path_factory.mktemp("world"), lambda _: None, RECORDS, jobs=1, real=False)
    world.make(worlds.BOTH)
    worlds.PLANS["shards"].first(world, 1)
    return world


def records(folder):
    return [json.loads(line) for file in changes.files(folder) for line in file.read_bytes().splitlines()]


def test_same_number_makes_the_same_record_and_another_number_another_id():
    form, again = (forms.Form(missions.item("birch", 3)) for _ in range(2))
    lines = [form.fill(number) for number in range(2_000)]
    assert lines == [again.fill(number) for number in range(2_000)]
    assert len({json.loads(line)["id"] for line in lines}) == 2_000


def test_record_is_its_seed_but_for_id_moments_place_and_clouds():
    seed = missions.item("birch", 3)
    made = json.loads(forms.Form(seed).fill(11))
    asset = made["assets"]["b00"]
    assert asset["href"].count(made["id"]) == 2
    asset["href"] = asset["href"].replace(made["id"], seed["id"])
    assert asset == seed["assets"]["b00"]
    assert made["properties"].keys() == seed["properties"].keys()
    assert made["properties"]["platform"] == seed["properties"]["platform"]
    assert made["stac_extensions"] == seed["stac_extensions"]


def test_footprint_stays_on_the_earth_in_its_box_and_keeps_its_size():
    for number in range(500):
        made = json.loads(forms.Form(missions.item("elm", 1)).fill(number))
        ring = made["geometry"]["coordinates"][0]
        west, south, east, north = made["bbox"]
        assert (min(x for x, _ in ring), max(y for _, y in ring)) == (west, north)
        assert -180 <= west < east <= 180
        assert -90 <= south < north <= 90
        assert (round(east - west, 6), round(north - south, 6)) == (1.33, 1.01)


def test_each_month_has_a_hundredth_of_the_records():
    form = forms.Form(missions.item("alder", 0))
    months = Counter(json.loads(form.fill(number))["properties"]["datetime"][:7] for number in range(5_000))
    assert len(months) == forms.MONTHS
    assert all(20 < count < 90 for count in months.values())


def test_missions_are_as_large_and_rich_as_real_items():
    sizes = [len(forms.Form(seed).fill(1)) for items in missions.seeds().values() for seed in items]
    assert 4_000 < sum(sizes) / len(sizes) < 7_000
    assert all(2 <= len(kind[3]) <= 5 for kind in missions.MISSIONS.values())


@pytest.mark.skipif(not seeds.SEEDS.exists(), reason="the repository of data is not beside this one")
def test_real_seeds_are_as_large_as_was_said():
    found, _ = seeds.seeds()
    sizes = [sum(len(forms.Form(seed).fill(1)) for seed in items) / len(items) for items in found.values()]
    assert len(sizes) == 8
    assert 4_500 < sum(sizes) / 8 < 6_000


def test_shards_and_item_files_hold_the_same_records(tmp_path):
    for name, single in (("shards", False), ("files", True)):
        workload.make(tmp_path / name, RECORDS, real=False, single=single)
    left, right = (records(tmp_path / name) for name in ("shards", "files"))
    assert len(left) == len(changes.files(tmp_path / "files")) == RECORDS
    assert sorted(item["id"] for item in left) == sorted(item["id"] for item in right)


def test_what_is_built_is_what_the_straight_line_script_makes(built):
    assert built.results.keys() == {"straight", "cold"}
    assert sum(len(file.read_bytes().splitlines()) for file in (built.folder / "dist").glob("*.ndjson")) == RECORDS


def test_each_case_does_what_it_is_about(built, monkeypatch):
    monkeypatch.setattr(cases, "SHORT", 1)
    monkeypatch.setattr(cases, "CHANGES", 1)
    plan = worlds.PLANS["shards"]
    for name in (
        "no-op",
        "one-record",
        "mapping-of-one",
        "extension",
        "memory-lost",
        "outputs-deleted",
        "status",
        "why",
    ):
        plan.cases[name](built, 1)  # which ends the program if the build did something else
    assert built.results["one-record"][0].memory > 0
    assert built.summary()["extension-back"]["all_seconds"]


def test_case_that_did_something_else_ends_the_program(built):
    with pytest.raises(SystemExit, match=r"wanted {'transform': 7}"):
        built.build("nonsense", transform=7)


def test_item_files_are_built_and_one_of_them_is_built_again(tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "SHORT", 1)
    monkeypatch.setattr(cases, "CHANGES", 1)
    plan = worlds.PLANS["files"]
    plan.run(World(tmp_path, lambda _: None, 40, jobs=1, real=False), {"no-op", "scan", "one-record"}, 1)
    assert scan.stamps(tmp_path / "data") == 40


def test_items_of_a_table_are_those_of_its_script_and_a_row_is_changed_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "CHANGES", 2)
    plan = worlds.PLANS["table"]
    plan.run(plan.kind(tmp_path, lambda _: None, 60, jobs=1, real=False), {"one-record"}, 1)
    items = [json.loads(line) for line in (tmp_path / "dist" / "scenes.ndjson").read_bytes().splitlines()]
    assert len({item["id"] for item in items}) == 60


def test_month_is_one_hundredth_and_scattered_too(tmp_path):
    workload.make(tmp_path, 1_600, real=False)
    before = records(tmp_path)
    assert 4 < changes.of_month(tmp_path, 0) < 35
    moved = [one for one, two in zip(before, records(tmp_path), strict=True) if one != two]
    assert {item["properties"]["datetime"][:7] for item in moved} == {"-".join(forms.month_of(forms.MONTHS // 2))}
    assert changes.scattered(tmp_path, 1) == 16


@pytest.mark.skipif(not importlib.util.find_spec("ninja"), reason="ninja is not installed")
def test_ninja_has_nothing_to_do_until_an_input_is_newer(tmp_path):
    ninja.make(tmp_path / "ninja", 30)
    run = [ninja.program(), "-C", str(tmp_path / "ninja")]
    assert "no work to do" in subprocess.run(run, capture_output=True, text=True, check=True).stdout
    (tmp_path / "ninja" / "in" / "0" / "7").touch()
    assert "[1/1]" in subprocess.run(run, capture_output=True, text=True, check=True).stdout


def world_of(**seconds):
    """Return a world of the full size with one run of each case."""
    world = World("nowhere", print, goals.FULL, jobs=2)
    world.results = {name.replace("_", "-"): [Measured(took, took, 10**8, b"", 0.0)] for name, took in seconds.items()}
    return world


def verdict(text, number, **seconds):
    goal = next(goal for goal in goals.GOALS if goal.text == text)
    return goal.judged({"shards": world_of(**seconds)}, number)["verdict"]


def test_ratio_is_judged_with_any_number_of_records():
    text = "cold: times a straight-line script"
    for number in (1_000, goals.FULL):
        assert verdict(text, number, cold=210, straight=100) == "NOT REACHED"
        assert verdict(text, number, cold=190, straight=100) == "reached"
    assert verdict(text, goals.FULL, straight=100) == "not measured"


def test_seconds_are_judged_with_all_records_or_if_they_are_missed_with_fewer():
    text = "no-op of shards"
    assert verdict(text, goals.FULL, no_op=0.4) == "reached"
    assert verdict(text, 1_000, no_op=0.4) == "not judged: it is for 800,000"
    assert verdict(text, 1_000, no_op=0.6) == verdict(text, goals.FULL, no_op=0.6) == "NOT REACHED"


def test_ratio_to_what_takes_no_time_is_judged_with_all_records():
    text = "no-op of shards: ninja, times ours"
    assert verdict(text, goals.FULL, ninja=5, no_op=0.4) == "reached"
    assert verdict(text, 1_000, ninja=0.1, no_op=0.4) == "not judged: it is for 800,000"


def test_turns_are_compared_pair_by_pair():
    world = world_of(cold=1, straight=1)
    world.results = {
        name: [Measured(took, took, 0, b"", 0.0) for took in runs]
        for name, runs in {"cold": (10, 4, 6), "straight": (5, 2, 1)}.items()
    }
    assert world.ratio("cold", "straight") == 2


def test_cases_are_chosen_by_world_by_name_and_by_both():
    assert worlds.chosen({"cold"}) == {"shards": set()}
    assert worlds.chosen({"months/scattered", "status"}) == {"shards": {"status"}, "months": {"scattered"}}
    assert worlds.chosen({"scattered"}).keys() == {"months", "site"}
    assert worlds.chosen({"files"}) == {"files": {"no-op", "scan", "one-record"}}
    assert worlds.chosen(set(worlds.PLANS)).keys() == worlds.PLANS.keys()
    everything = itertools.chain.from_iterable(plan.cases for plan in worlds.PLANS.values())
    assert set(everything) < worlds.names()
