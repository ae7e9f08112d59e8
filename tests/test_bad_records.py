"""Bad records, and keys and ids that are not one record's: each costs itself, and says where and why."""

import json

import pytest
from kitchen import Kitchen, csv_of, ran, row


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path)


def codes(kitchen):
    return [failure["code"] for failure in kitchen.failures()]


# --- records


def test_each_bad_record_costs_itself_and_says_where_and_why(kitchen):
    bad = {
        1: row(1, date="2024-13-01"),
        3: row(3, date="2024-02-30T00:00:00Z"),
        4: row(4, gsd="NaN"),
        5: row(5, gsd="inf"),
        6: row(6, gsd="1e400"),
        7: row(7, gsd="abc"),
        8: row(8, lon="200"),
        9: row(9, lat="-95"),
        10: row(10, lat=""),
        11: row(11, date=""),
        12: row(12, id=""),
        13: row(13, key=""),
        14: "a,b",
        15: "a,b,c,d,e,f,g,h,i",
        16: row(16, id="nul\0"),
    }
    kitchen.rows([bad.get(number) or row(number) for number in range(17)])
    document = kitchen.build(exit_=1)
    assert (kitchen.ids(), document["failures"]["count"]) == (["i0", "i2"], len(bad))
    failures = kitchen.failures()
    assert {failure["source"]["where"] for failure in failures} == {f"rows.csv:{number + 2}" for number in bad}
    assert all(failure["message"] and failure["code"].startswith("SB") for failure in failures)
    again = kitchen.build(exit_=1)
    assert (ran(again), again["failures"]["count"]) == ({}, len(bad))
    assert kitchen.failures() == failures
    assert kitchen.run("check").exit == 1
    kitchen.rows([row(number) for number in range(17)])
    assert kitchen.build()["items"]["total"] == 17


def test_lines_that_move_move_in_the_list_of_failures(kitchen):
    kitchen.rows([row(0), row(1, lon="x")])
    kitchen.build(exit_=1)
    kitchen.write("rows.csv", (kitchen / "rows.csv").read_text().replace("\n", "\n\n", 1))
    assert ran(kitchen.build(exit_=1)) == {}
    assert [failure["source"]["where"] for failure in kitchen.failures()] == ["rows.csv:4"]
    (kitchen / ".stacbuild/failures.ndjson").unlink()
    kitchen.build(exit_=1)
    assert [failure["source"]["where"] for failure in kitchen.failures()] == ["rows.csv:4"]


def test_bytes_of_another_encoding_cost_their_record(kitchen):
    kitchen.write("rows.csv", csv_of([row(0), row(1, note="é")]).encode("latin-1"))
    kitchen.build(exit_=1)
    assert kitchen.ids() == ["i0"]
    (failure,) = kitchen.failures()
    assert 'encoding = "latin-1"' in failure["hint"]
    kitchen.recipe["sources"]["rows"]["encoding"] = "latin-1"
    kitchen.save()
    kitchen.build()
    assert [item["properties"].get("note") for item in kitchen.items()] == [None, "é"]


def test_bad_json_lines_cost_themselves(kitchen):
    kitchen.recipe["sources"]["rows"]["path"] = "rows.ndjson"
    kitchen.save()
    deep = "[" * 10_000 + "]" * 10_000
    kitchen.write(
        "rows.ndjson",
        "\n".join(
            [
                json.dumps(row(0)),
                json.dumps(row(1, id="a\0b")),
                json.dumps(row(2)).replace('"i2"', '"\\ud800"'),
                json.dumps(row(3)).replace('"3"', "NaN"),
                json.dumps(row(4)).replace('"4"', "1e999"),
                deep,
                json.dumps(row(5)).replace('""', deep),
                '{"a":' * 10_000 + "1" + "}" * 10_000,
                "null",
                "[]",
                '"x"',
                "{",
                json.dumps(row(6, key=None)),
                json.dumps(row(7, id={"a": 1})),
                json.dumps(row(9)),
            ]
        ),
    )
    kitchen.build(exit_=1)
    assert kitchen.ids() == ["i0", "i9"]
    assert len(kitchen.failures()) == 13
    assert ran(kitchen.build(exit_=1)) == {}


def test_a_record_of_50_mb_is_built_or_fails_alone(kitchen):
    kitchen.recipe["sources"]["rows"]["path"] = "rows.ndjson"
    kitchen.save()
    records = [row(0), row(1, note="x" * 50_000_000), row(2)]
    kitchen.write("rows.ndjson", "\n".join(map(json.dumps, records)))
    document = kitchen.build(exit_=None)
    assert {"i0", "i2"} <= set(kitchen.ids())
    assert document["items"]["total"] + document["items"]["failed"] == 3
    assert document["exit"] == (1 if document["items"]["failed"] else 0)
    assert ran(kitchen.build(exit_=None)) == {}


# --- keys and ids that are not one record's


def test_records_that_share_a_key_all_fail_and_removing_all_but_one_heals(kitchen):
    kitchen.rows([row(0), row(1), row(2, key="k1"), row(3, key="k1")])
    document = kitchen.build(exit_=1)
    assert (kitchen.ids(), document["failures"]["count"]) == (["i0"], 3)
    places = {f"rows.csv:{line}" for line in (3, 4, 5)}
    assert {failure["source"]["where"] for failure in kitchen.failures()} == places
    assert all(place in failure["message"] for failure in kitchen.failures() for place in places)
    assert ran(kitchen.build(exit_=1)) == {}
    kitchen.rows([row(0), row(2, key="k1")])
    assert kitchen.build()["failures"]["count"] == 0
    assert kitchen.ids() == ["i0", "i2"]


def test_items_that_share_an_id_all_fail_over_sources_and_removing_all_but_one_heals(kitchen):
    kitchen.recipe["sources"]["more"] = {"kind": "table", "path": "more.csv", "key": "key"}
    kitchen.recipe["collections"]["one"]["from"] = ["rows", "more"]
    kitchen.recipe["collections"]["two"] = {"from": ["more"], "mapping": "plain"}
    kitchen.save()
    kitchen.write("more.csv", csv_of([row(7), row(1), row(8, id="i1")]))
    document = kitchen.build(exit_=1)
    assert (kitchen.ids(), kitchen.ids("two")) == (["i0", "i2", "i7"], ["i7"])
    assert document["items"]["failed"] == 5
    places = ["more.csv:3", "more.csv:4", "rows.csv:3"]
    ours = [failure for failure in kitchen.failures() if failure["collection"] == "one"]
    assert [failure["source"]["where"] for failure in ours] == places
    assert all(place in failure["message"] for failure in ours for place in places)
    kitchen.write("more.csv", csv_of([row(7)]))
    assert kitchen.build()["failures"]["count"] == 0
    assert (kitchen.ids(), kitchen.ids("two")) == (["i0", "i1", "i2", "i7"], ["i7"])


def test_an_id_of_many_can_be_asked_for(kitchen):
    kitchen.rows([row(0), row(1), row(2, id="i1")])
    kitchen.build(exit_=1)
    done = kitchen.run("why", "item:i1")
    assert "rows.csv:3" in done.out + done.err
