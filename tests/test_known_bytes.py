"""Records that stand in a changed file as they stood are known by their bytes: the same inputs as if decoded."""

import json
import random

import pytest
from kitchen import Kitchen, row
from test_listing_elsewhere import failing, remembered

from stacbuild.sources import json_object, text

NUMBER = 400


def an_item(number, **properties):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"i{number}",
        "geometry": {"type": "Point", "coordinates": [number % 90, number % 45]},
        "bbox": [number % 90, number % 45, number % 90, number % 45],
        "properties": {"datetime": "2024-01-01T00:00:00Z", **properties},
        "links": [],
        "assets": {"data": {"href": f"./{number}.tif" if number % 2 else f"https://example.com/{number}.tif"}},
    }


def of_rows(folder):
    kitchen = Kitchen(folder, rows=None, build={"executor": "serial", "max-failures": "100%"})
    kitchen.recipe["sources"]["rows"]["path"] = "data/it.ndjson"
    kitchen.save()
    return kitchen


def of_items(folder):
    kitchen = of_rows(folder)
    kitchen.recipe["sources"]["rows"] = {"kind": "stac-items", "path": "data/it.ndjson"}
    del kitchen.recipe["mappings"]
    kitchen.recipe["collections"]["one"] = {"from": ["rows"], "on-duplicate": "last"}
    kitchen.save()
    return kitchen


@pytest.fixture(params=[(of_rows, row), (of_items, an_item)], ids=["rows", "items"])
def kind(request):
    return request.param


@pytest.fixture
def decoded(monkeypatch):
    """The texts that were decoded."""
    texts = []
    real = json_object.object_of

    def counted(one, encoding):
        texts.append(one)
        return real(one, encoding)

    monkeypatch.setattr(json_object, "object_of", counted)
    monkeypatch.setattr("stacbuild.sources.documents.object_of", counted)
    return texts


def write(kitchen, lines):
    kitchen.write("data/it.ndjson", "".join(f"{line}\n" for line in lines))


def assert_as_fresh(kitchen, fresh):
    fresh.write("data/it.ndjson", (kitchen / "data/it.ndjson").read_bytes())
    fresh.build(exit_=None)
    assert remembered(kitchen) == remembered(fresh)
    assert kitchen.tree("dist") == fresh.tree("dist")
    assert failing(kitchen) == failing(fresh)


def test_of_a_changed_file_only_what_changed_is_decoded(tmp_path, kind, decoded):
    kitchen, record = kind[0](tmp_path / "it"), kind[1]
    lines = [json.dumps(record(number)) for number in range(NUMBER)]
    write(kitchen, lines)
    kitchen.build(exit_=0)
    assert len(decoded) == NUMBER
    decoded.clear()
    lines[100] = json.dumps(record(100, gsd="5"))
    lines[300:302] = []
    lines.insert(200, json.dumps(record(9000)))
    write(kitchen, lines)
    assert kitchen.build(exit_=0)["items"]["added"] == 1
    assert sorted(set(decoded)) == sorted(f"{lines[at]}\n".encode() for at in (100, 200))
    assert_as_fresh(kitchen, kind[0](tmp_path / "fresh"))


def test_force_decodes_all(tmp_path, kind, decoded):
    kitchen = kind[0](tmp_path / "it")
    write(kitchen, [json.dumps(kind[1](number)) for number in range(9)])
    kitchen.build(exit_=0)
    decoded.clear()
    kitchen.build("--force", exit_=0)
    assert len(decoded) == 9


def test_settings_that_say_what_records_are_make_all_be_decoded(tmp_path, kind, decoded):
    kitchen = kind[0](tmp_path / "it")
    lines = [json.dumps(kind[1](number)) for number in range(9)]
    write(kitchen, lines)
    kitchen.build(exit_=0)
    decoded.clear()
    kitchen.recipe["sources"]["rows"]["ignore"] = ["note", "properties.note"]
    kitchen.save()
    write(kitchen, lines[1:])
    kitchen.build(exit_=0)
    assert len(set(decoded)) == 8


def test_records_that_were_not_decoded_can_still_be_worked_on(tmp_path, kind):
    kitchen = kind[0](tmp_path / "it")
    kitchen.recipe.setdefault("mappings", {}).setdefault("plain", {}).setdefault("properties", {})["more"] = {
        "value": 0
    }
    kitchen.recipe["collections"]["one"]["mapping"] = "plain"
    kitchen.save()
    lines = [json.dumps(kind[1](number)) for number in range(50)]
    write(kitchen, lines)
    kitchen.build(exit_=0)
    kitchen.recipe["mappings"]["plain"]["properties"]["more"] = {"value": 1}
    kitchen.save()
    write(kitchen, [json.dumps(kind[1](7, note="other")), *lines[8:]])
    kitchen.build(exit_=0)
    assert [item["properties"]["more"] for item in kitchen.items()] == [1] * 43


def test_any_edits_give_what_a_fresh_folder_has(tmp_path, kind):
    chance = random.Random(5)
    kitchen, record = kind[0](tmp_path / "it"), kind[1]
    lines = [json.dumps(record(number)) for number in range(NUMBER)]
    for turn in range(8):
        write(kitchen, lines)
        kitchen.build(exit_=None)
        assert_as_fresh(kitchen, kind[0](tmp_path / f"fresh-{turn}"))
        for _ in range(chance.randrange(1, 6)):
            edit(chance, lines, record)


def edit(chance, lines, record):
    """Change, insert, move, double, take out, re-write or damage a line, and give one the id of another."""
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(8):
        case 0:
            lines[at] = json.dumps(record(chance.randrange(NUMBER), gsd=str(chance.randrange(1, 9))))
        case 1:
            lines.insert(at, json.dumps(record(chance.randrange(10**6))))
        case 2:
            lines.insert(to, lines.pop(at))
        case 3:
            lines.insert(to, lines[at])
        case 4:
            del lines[at]
        case 5:
            lines[at] = lines[at].replace(": ", ":  ", 1)
        case 6:
            lines[at] = lines[at][: chance.randrange(len(lines[at]))]
        case 7:
            lines[at] = ""


def test_a_line_that_is_too_long_is_no_other():
    assert text.mark_of(text.Cut(b"{}")) == b""
    assert len(text.mark_of(b"{}")) == 16
    assert text.mark_of(b"{}") != text.mark_of(b"{} ")
