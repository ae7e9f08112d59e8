"""`diff` of outputs: what somebody edited by hand, beside what a build writes there."""

import json

import pytest
from kitchen import Kitchen, row


@pytest.fixture
def kitchen(tmp_path):
    built = Kitchen(tmp_path / "k")
    built.build()
    return built


ITEM = "dist/site/one/i1/i1.json"


def edit(kitchen, path, change):
    file = kitchen / path
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def test_an_edited_document_shows_what_a_build_puts_back(kitchen):
    edit(kitchen, ITEM, lambda item: item["properties"].update(gsd=99, mine=1))
    edit(kitchen, "dist/site/catalog.json", lambda catalog: catalog.pop("description"))
    assert kitchen.ask("diff", "output:site")["diffs"] == [
        {
            "target": "output:site",
            "verdict": "edited",
            "changes": [{"path": "/description", "after": "A kitchen"}],
            "file": "dist/site/catalog.json",
        },
        {
            "target": "output:site",
            "verdict": "edited",
            "changes": [
                {"path": "/properties/gsd", "before": 99, "after": 2},
                {"path": "/properties/mine", "before": 1},
            ],
            "file": ITEM,
        },
    ]
    assert kitchen.run("diff").out.splitlines() == [
        "output:site dist/site/catalog.json: edited (1 change)",
        '  + /description: "A kitchen"',
        f"output:site {ITEM}: edited (2 changes)",
        "  ~ /properties/gsd: 99 -> 2",
        "  - /properties/mine: 1",
        "2 files would be written again, 3 would stay as they are",
    ]
    assert kitchen.ask("diff", "output:lines")["diffs"] == []
    kitchen.build()
    assert kitchen.ask("diff")["diffs"] == []


def test_missing_files_and_files_of_other_forms_are_named(kitchen):
    (kitchen / ITEM).unlink()
    (kitchen / "dist/one.ndjson").write_text("mine\n")
    found = kitchen.ask("diff")["diffs"]
    assert {(one["target"], one["verdict"], one["file"]) for one in found} == {
        ("output:site", "missing", ITEM),
        ("output:lines", "edited", "dist/one.ndjson"),
    }
    assert all(one["changes"] == [] for one in found)


def test_what_is_no_json_any_more_is_only_named(kitchen):
    for blob in (b"\xff", b"", b"[" * 100_000, b"{"):
        (kitchen / ITEM).write_bytes(blob)
        (one,) = kitchen.ask("diff", "output:site")["diffs"]
        assert (one["verdict"], one["changes"]) == ("edited", [])


def test_edits_and_changed_records_are_shown_together(kitchen):
    edit(kitchen, "dist/site/one/collection.json", lambda document: document.update(title="Mine"))
    kitchen.rows([row(0), row(1, gsd="7"), row(2)])
    before = sorted(kitchen.tree().items())
    found = kitchen.ask("diff")["diffs"]
    assert [one["target"] for one in found] == ["item:one/i1", "output:site"]
    assert {"path": "/title", "before": "Mine", "after": "One"} in found[1]["changes"]
    assert sorted(kitchen.tree().items()) == before
