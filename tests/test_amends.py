"""Records that were edited in place: what is one, what is decoded of their group, and that all is as without that."""

import json

import msgspec
import pytest
from amends_kit import as_if_new, damage, memory, report, told
from kitchen import Kitchen, csv_of, ran, row
from world_harm import small_parts

from stacbuild import amends
from stacbuild.amends import Formers
from stacbuild.failures import Fault
from stacbuild.model import Group, Input
from stacbuild.plan import Plan
from stacbuild.row_files import GroupEntry

MANY = 40


@pytest.fixture
def kitchen(tmp_path):
    """One file of records, of which fewer than a group are cut, built once."""
    kitchen = Kitchen(tmp_path / "a", rows=None)
    kitchen.recipe["sources"]["rows"]["path"] = "rows.ndjson"
    kitchen.recipe["collections"]["one"]["summaries"] = ["gsd", "mood"]
    kitchen.recipe["mappings"]["plain"]["properties"]["mood"] = {"from": "mood", "required": False}
    kitchen.recipe["mappings"]["plain"]["properties"]["title"] = {"from": "name", "required": False}
    kitchen.save()
    records(kitchen)
    kitchen.build()
    return kitchen


def records(kitchen, changed=None):
    """Write the records; `changed` are members of some by number."""
    rows = [{**row(number), "mood": number % 3, **(changed or {}).get(number, {})} for number in range(MANY)]
    kitchen.write("rows.ndjson", "".join(json.dumps(one) + "\n" for one in rows))


@pytest.fixture
def decoded(monkeypatch):
    """Give the keys of the pairs that a build decodes of groups that others amend."""
    keys = []
    decode = amends._pair_of

    def counted(raw):
        pair = decode(raw)
        keys.append(pair.key)
        return pair

    monkeypatch.setattr(amends, "_pair_of", counted)
    return keys


@pytest.fixture
def whole(monkeypatch):
    """Give the groups of which work looks at all pairs."""
    files = []
    groups = Plan.groups

    def counted(self, *, leanly=False):
        for group in groups(self, leanly=leanly):
            if leanly and group.edited is None:
                files.append(group.entry.shard)
            yield group

    monkeypatch.setattr(Plan, "groups", counted)
    return files


# --- what is an edit in place


def inputs(*keys, **more):
    return [Input(key, key.encode(), line, [(key, None, None)], **more) for line, key in enumerate(keys)]


class Held:
    """Rows that are held, each under the name of its file."""

    def __init__(self, groups):
        self._groups = {str(number): msgspec.msgpack.encode(Group(rows)) for number, rows in enumerate(groups)}
        self.entries = [GroupEntry("source", name, b"") for name in self._groups]

    def written(self, entry):
        return self._groups[entry.shard]

    def splices(self, entry):
        del entry
        return []


def formers(*groups):
    rows = Held(groups)
    return Formers(rows, rows.entries)


def test_records_that_are_others_are_told_by_their_positions_and_where_they_stand():
    before, now = inputs("a", "b", "c"), inputs("a", "b", "c")
    now[1].digest = b"other"
    told = formers(inputs("x"), before).amended(now)
    rows = msgspec.msgpack.encode(Group(before))
    ((begin, size),) = told.inputs
    assert (told.number, told.moved, told.shifted) == (1, [1], False)
    assert msgspec.msgpack.decode(rows[begin : begin + size], type=Input) == before[1]


def test_a_record_whose_place_matters_and_moved_is_another():
    before, now = inputs("a", "b"), inputs("a", "b")
    now[0].names = [("a", b"placed", None)]
    assert formers(before).amended(now).moved == [0]


@pytest.mark.parametrize(
    "now",
    [
        inputs("b", "a"),
        inputs("a"),
        inputs("a", "b", "c"),
        inputs("a\0b"),
        inputs("a", "c"),
        inputs("a", "b", file="other.json"),
        inputs("a", "b", fault=Fault("fetch", "SB491", "bad")),
        [Input("a", b"a", 0, [("another id", None, None)]), *inputs("b")],
        [Input("a", b"a", 0, [("a", None, "another target")]), *inputs("b")],
    ],
)
def test_other_keys_ids_targets_files_or_faults_are_no_edit_in_place(now):
    assert formers(inputs("a", "b")).amended(now) is None


def test_what_could_not_be_read_before_is_looked_at_whole():
    assert formers(inputs("a", "b", fault=Fault("fetch", "SB491", "bad"))).amended(inputs("a", "b")) is None


def test_a_key_with_a_zero_in_it_is_not_two_keys(kitchen):
    kitchen.recipe["mappings"]["plain"]["assets"] = {}
    kitchen.save()
    for keys in (["a", "b"], ["a\0b"], ["a", "b"]):
        rows = [{**row(number), "key": key} for number, key in enumerate(keys)]
        kitchen.write("rows.ndjson", "".join(json.dumps(one) + "\n" for one in rows))
        kitchen.build("--max-deletions", "100%")
        assert kitchen.ids() == ["i0", "i1"][: len(keys)]
        as_if_new(kitchen)


# --- what is done


def test_only_pairs_of_records_that_moved_are_decoded(kitchen, decoded, whole):
    records(kitchen, {7: {"mood": 2.5}, 31: {"name": "Other"}})
    done = kitchen.build()
    assert ran(done) == {"fetch": 2, "transform": 2, "validate": 2, "write": 2}
    assert (done["items"]["modified"], done["items"]["unchanged"]) == (2, MANY - 2)
    assert (decoded[:2], whole) == (["k7", "k31"], [])
    as_if_new(kitchen)


def test_where_nothing_that_aggregates_need_moved_no_other_pair_is_decoded(kitchen, decoded, whole):
    records(kitchen, {7: {"name": "Seven"}, 31: {"name": "Other"}})
    kitchen.build()
    assert (decoded, whole) == (["k7", "k31"], [])
    as_if_new(kitchen)


@pytest.mark.parametrize("value", [1.0, True, "1", None, -1, 1e300, [1], {}])
def test_a_value_that_is_equal_in_python_and_another_in_json_is_summarised(kitchen, value):
    records(kitchen, {number: {"mood": value} for number in range(1, MANY, 3)})
    kitchen.build()
    as_if_new(kitchen)


def test_false_is_summarised_where_a_zero_was(kitchen):
    records(kitchen, {number: {"mood": False} for number in range(0, MANY, 3)})
    kitchen.build()
    as_if_new(kitchen)


def test_a_failure_behind_a_record_that_takes_more_lines_is_told_at_its_line(tmp_path):
    kitchen = Kitchen(tmp_path / "a", [row(n, **({"date": "never"} if n == 7 else {})) for n in range(MANY)])
    kitchen.build(exit_=1)
    rows = [row(n, **({"date": "never"} if n == 7 else {"note": "two\nlines"} if n == 2 else {})) for n in range(MANY)]
    kitchen.write("rows.csv", csv_of(rows))
    kitchen.build(exit_=1)
    assert [one["source"]["where"] for one in kitchen.failures()] == ["rows.csv:10"]
    as_if_new(kitchen, exit_=1)


def test_a_record_that_fails_and_comes_back_leaves_no_trace(kitchen):
    records(kitchen, {5: {"date": "never"}})
    kitchen.build(exit_=1)
    assert "i5" not in kitchen.ids()
    as_if_new(kitchen, exit_=1)
    records(kitchen, {5: {"date": "never", "gsd": "3"}, 6: {"gsd": "3"}})
    kitchen.build(exit_=1)
    as_if_new(kitchen, exit_=1)
    records(kitchen)
    done = kitchen.build()
    assert done["items"]["added"] == 1
    assert kitchen.failures() == []
    as_if_new(kitchen)


def test_an_edit_that_is_undone_comes_from_the_store(kitchen):
    records(kitchen, {5: {"gsd": "9.5"}})
    kitchen.build()
    records(kitchen)
    assert ran(kitchen.build()) == {"write": 1}
    as_if_new(kitchen)


def test_nothing_is_to_be_done_after_it(kitchen):
    records(kitchen, {5: {"gsd": "9.5"}})
    kitchen.build()
    assert kitchen.ask("status")["fresh"]
    assert ran(kitchen.build()) == {}


def test_what_may_be_asked_before_and_after_says_what_a_build_does(kitchen):
    records(kitchen, {5: {"gsd": "9.5"}, 6: {"date": "never"}})
    stale = [one["target"] for one in kitchen.ask("status")["stale"] if one["target"].startswith("item:")]
    assert stale == ["item:one/i5", "item:one/i6"]
    assert kitchen.ask("build", "-n")["stages"]["transform"]["ran"] == 2
    assert kitchen.ask("diff")["diffs"]
    kitchen.build(exit_=1)
    assert kitchen.ask("why", "item:one/i5")["exit"] == 0


# --- what a group is known by, besides its rows


def test_a_file_that_an_item_reads_only_since_its_edit_is_looked_at(kitchen):
    kitchen.recipe["mappings"]["plain"]["assets"]["data"]["href"] = {"template": "pixels/{name}.tif"}
    kitchen.recipe["extensions"] = {"sums": {"use": "file"}}
    kitchen.recipe["validation"] = {"level": "off"}
    kitchen.recipe["collections"]["one"]["extensions"] = ["sums"]
    kitchen.save()
    for name in ("a", "b"):
        kitchen.write(f"pixels/{name}.tif", name)
    records(kitchen, {number: {"name": "a"} for number in range(MANY)})
    kitchen.build()
    records(kitchen, {number: {"name": "b" if number == 5 else "a"} for number in range(MANY)})
    assert ran(kitchen.build())["extend"] == 1
    as_if_new(kitchen)
    kitchen.write("pixels/b.tif", "other")
    assert ran(kitchen.build())["extend"] == 1
    as_if_new(kitchen)


@pytest.mark.parametrize("texts", [("bad", "good"), ("good", "bad"), ("bad", "worse")])
def test_what_a_schema_warns_of_comes_and_goes_with_an_edit(kitchen, texts):
    enum = {"properties": {"properties": {"properties": {"note": {"enum": ["", "good"]}}}}}
    kitchen.write("notes.json", json.dumps(enum))
    kitchen.recipe["validation"] = {"level": "warn", "extra": {"one": ["notes.json"]}}
    kitchen.save()
    for text in texts:
        records(kitchen, {5: {"note": text}})
        kitchen.build()
        assert [one["item_id"] for one in kitchen.failures()] == ["i5"] * (text != "good")
        assert [f"is '{text}'" in one["message"] or text in one["message"] for one in kitchen.failures()] in (
            [],
            [True],
        )
        as_if_new(kitchen)


def test_an_edit_that_a_build_did_not_come_to_is_done_by_the_next(kitchen):
    with small_parts():
        kitchen.build("--force")
        records(kitchen, {0: {"date": "never"}} | {number: {"name": "Other"} for number in range(9, MANY)})
        stopped = kitchen.build("--fail-fast", exit_=1)
        assert stopped["stages"]["transform"]["ran"] < MANY - 9, "or this shows nothing"
        assert not kitchen.ask("status")["fresh"]
        kitchen.build(exit_=1)
        as_if_new(kitchen, exit_=1)


# --- damage


@pytest.mark.parametrize("kind", ["rows", "head"])
def test_damaged_memory_is_lost_memory_and_no_wrong_output(kitchen, kind):
    records(kitchen, {7: {"name": "Seven"}})
    damage(kitchen, kind)
    kitchen.build()
    as_if_new(kitchen)


def test_damaged_shares_are_found_where_they_are_taken_over(kitchen):
    found = memory(kitchen)
    (entry,) = found.head.groups
    (file,) = (kitchen / ".stacbuild/memory").glob("*/rows-*")
    blob = bytearray(file.read_bytes())
    blob[entry.offset + entry.length + 5] ^= 0x40
    file.write_bytes(blob)
    records(kitchen, {7: {"name": "Seven"}})
    done = kitchen.build()
    assert "SB611" in {one["code"] for one in done["warnings"]}
    as_if_new(kitchen)


def test_rows_of_versions_that_lack_what_was_noted_later_are_taken_over(kitchen, monkeypatch):
    """An earlier version of the program noted less of an item; such rows are read as ever."""
    had = amends._had

    def shortened(*given):
        found = had(*given)
        return amends.Had({key: (span, short(blob)) for key, (span, blob) in found.moved.items()}, found.built)

    def short(blob):
        pair = msgspec.msgpack.decode(blob)
        pair[6] = pair[6][:-1]
        return msgspec.msgpack.encode(pair)

    monkeypatch.setattr(amends, "_had", shortened)
    records(kitchen, {7: {"name": "Seven"}})
    kitchen.build()
    monkeypatch.undo()
    records(kitchen, {8: {"name": "Eight"}})
    kitchen.build()
    fresh = Kitchen(kitchen.folder.parent / "new", rows=None)
    fresh.recipe = kitchen.recipe
    fresh.save()
    records(fresh, {8: {"name": "Eight"}})
    fresh.build()
    assert kitchen.tree("dist") == fresh.tree("dist")


@pytest.mark.parametrize("how", [["--force"], ["item:one/i5"], ["--fail-fast"]])
def test_other_ways_to_build_leave_what_a_new_build_makes(kitchen, how):
    records(kitchen, {5: {"gsd": "9.5"}, 30: {"gsd": "8"}})
    report(kitchen, *how)
    kitchen.build()
    as_if_new(kitchen)
    assert told(kitchen) == ([], None)
