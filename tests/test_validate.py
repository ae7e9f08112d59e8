"""`validate FILE…`: documents of any form, verdicts, exit statuses, what is told; schemas are small ones made here."""

import copy
import gzip
import io
import json
import sys

import pytest
import zstandard
from kitchen import Kitchen

URL = "https://example.com/ours/v1.0.0/schema.json"
ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "a",
    "geometry": {"type": "Point", "coordinates": [1, 2]},
    "bbox": [1, 2, 1, 2],
    "properties": {"datetime": "2024-01-01T00:00:00Z"},
    "links": [],
    "assets": {},
}
CATALOG = {"type": "Catalog", "stac_version": "1.0.0", "id": "root", "description": "All", "links": []}
COLLECTION = {
    "type": "Collection",
    "stac_version": "1.0.0",
    "id": "c",
    "description": "Some",
    "license": "MIT",
    "links": [],
    "extent": {"spatial": {"bbox": [[0, 0, 1, 1]]}, "temporal": {"interval": [["2024-01-01T00:00:00Z", None]]}},
}


def item(name="a", **members):
    return {**copy.deepcopy(ITEM), "id": name, **members}


def bad(name="bad"):
    return item(name, properties={"datetime": None})


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path / "k", rows=None)


def put(kitchen, name, *documents, lines=False):
    text = "".join(json.dumps(document) + "\n" for document in documents) if lines else json.dumps(documents[0])
    path = kitchen / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def judged(kitchen, *argv, exit_=0):
    """Return the JSON document of a call."""
    return kitchen.ask("validate", *argv, exit_=exit_)


def counts(document):
    return {name: number for name, number in document["documents"].items() if number}


# ---- what is judged --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [ITEM, CATALOG, COLLECTION], ids=lambda document: document["type"])
@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_items_catalogs_and_collections_are_judged_by_the_schemas_of_their_version(kitchen, document, version):
    put(kitchen, "x.json", {**document, "stac_version": version})
    assert counts(judged(kitchen, "x.json")) == {"total": 1, "valid": 1}
    broken = {name: value for name, value in document.items() if name != "links"}
    put(kitchen, "x.json", {**broken, "stac_version": version})
    failures = judged(kitchen, "x.json", exit_=1)["failures"]["listed"]
    what = {"Feature": "item", "Catalog": "catalog", "Collection": "collection"}[document["type"]]
    assert f"'links' is missing in the {what}" in [failure["message"] for failure in failures]
    assert {failure["target"] for failure in failures} == {f"{what}:{document['id']}"}


def test_features_of_a_collection_elements_of_a_list_and_lines_are_documents_each(kitchen):
    put(kitchen, "fc.json", {"type": "FeatureCollection", "features": [item("a"), bad("b")]})
    put(kitchen, "list.json", [item("a"), CATALOG, bad("b")])
    put(kitchen, "lines.ndjson", item("a"), bad("b"), item("c"), lines=True)
    put(kitchen, "api.json", {"collections": [COLLECTION, {**COLLECTION, "license": 5}], "links": []})
    for name, total, place in [("fc.json", 2, 2), ("list.json", 3, 3), ("lines.ndjson", 3, 2), ("api.json", 2, 2)]:
        document = judged(kitchen, name, exit_=1)
        assert counts(document) == {"total": total, "valid": total - 1, "invalid": 1}
        assert {f["source"]["where"] for f in document["failures"]["listed"]} == {f"{name}:{place}"}


def test_compressed_files_are_read(kitchen):
    line = json.dumps(bad()).encode() + b"\n"
    (kitchen / "a.json.gz").write_bytes(gzip.compress(line))
    (kitchen / "b.ndjson.zst").write_bytes(zstandard.compress(line * 2))
    assert counts(judged(kitchen, "a.json.gz", "b.ndjson.zst", exit_=1)) == {"total": 3, "invalid": 3}


def test_folder_is_all_json_below_and_what_is_not_stac_there_is_skipped(kitchen):
    put(kitchen, "tree/catalog.json", CATALOG)
    put(kitchen, "tree/a/item.json", ITEM)
    put(kitchen, "tree/a/package.json", {"name": "x", "version": "1"})
    put(kitchen, "tree/.git/item.json", bad())
    put(kitchen, "tree/readme.txt", bad())
    document = judged(kitchen, "tree")
    assert counts(document) == {"total": 3, "valid": 2, "skipped": 1}
    assert [file["path"] for file in document["files"]] == [
        "tree/catalog.json",
        "tree/a/item.json",
        "tree/a/package.json",
    ]


def test_named_file_that_is_not_stac_is_invalid(kitchen):
    put(kitchen, "package.json", {"name": "x", "version": "1"})
    (failure,) = judged(kitchen, "package.json", exit_=1)["failures"]["listed"]
    assert (failure["code"], failure["message"]) == ("SB409", "not a STAC document")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), ("{", "not a JSON document"), ("[1]", "not an object"), ('{"a": NaN}', "NaN is not a JSON number")],
)
def test_file_that_is_no_json_is_invalid_and_says_why(kitchen, text, words):
    (kitchen / "x.json").write_text(text)
    put(kitchen, "y.json", ITEM)
    document = judged(kitchen, "x.json", "y.json", exit_=1)
    assert counts(document) == {"total": 2, "valid": 1, "invalid": 1}
    assert words in document["failures"]["listed"][0]["message"]


def test_member_named_twice_is_a_warning(kitchen):
    (kitchen / "x.json").write_text(json.dumps(ITEM)[:-1] + ', "id": "b"}')
    (failure,) = judged(kitchen, "x.json")["failures"]["listed"]
    assert (failure["code"], failure["severity"], failure["path"]) == ("SB720", "warning", "/id")


def test_document_before_stac_1_0_is_unchecked_and_says_so(kitchen):
    put(kitchen, "old.json", {**item(), "stac_version": "0.9.0", "stac_extensions": ["eo"]})
    document = judged(kitchen, "old.json")
    assert counts(document) == {"total": 1, "unchecked": 1}
    assert {failure["code"] for failure in document["failures"]["listed"]} == {"SB306"}
    assert "STAC 0.9.0 is older than 1.0.0" in document["failures"]["listed"][0]["message"]
    assert judged(kitchen, "old.json", "--missing-schemas", "fail", exit_=1)["documents"]["invalid"] == 1


# ---- how it is judged ------------------------------------------------------------------------------------------------


def own_schema(kitchen, folder="schemas", maximum=5):
    rule = {"properties": {"properties": {"properties": {"gsd": {"maximum": maximum}}}}}
    put(kitchen, f"{folder}/https/example.com/ours/v1.0.0/schema.json", rule)


def test_schemas_come_from_the_folders_that_are_named(kitchen):
    coarse = item(stac_extensions=[URL], properties={**ITEM["properties"], "gsd": 9})
    put(kitchen, "x.json", coarse)
    assert judged(kitchen, "x.json")["files"][0]["verdict"] == "unchecked"
    own_schema(kitchen)
    document = judged(kitchen, "x.json", "--schemas", "schemas", exit_=1)
    assert document["failures"]["listed"][0]["message"] == "'gsd' must be 5 or less, but is 9"


def test_schemas_come_from_the_users_store(kitchen):
    put(kitchen, "x.json", item(stac_extensions=[URL], properties={**ITEM["properties"], "gsd": 9}))
    own_schema(kitchen, "store")
    assert kitchen.run("validate", "x.json", env={"STACBUILD_SCHEMAS": str(kitchen / "store")}).exit == 1


def test_named_recipe_says_where_schemas_are_and_options_win(kitchen):
    own_schema(kitchen)
    kitchen.recipe["validation"] = {"schemas": ["schemas"], "formats": "all"}
    kitchen.save("other.toml")
    link = {"rel": "self", "href": "not an iri"}
    put(kitchen, "x.json", item(stac_extensions=[URL], links=[link]))
    assert judged(kitchen, "x.json")["files"][0]["verdict"] == "unchecked"
    assert judged(kitchen, "x.json", "-f", "other.toml", exit_=1)["documents"]["invalid"] == 1
    document = judged(kitchen, "x.json", "-f", "other.toml", "--formats", "datetime")
    assert [(f["code"], f["severity"]) for f in document["failures"]["listed"]] == [("SB305", "warning")]


def test_both_engines_give_the_same_verdicts(kitchen):
    put(kitchen, "x.ndjson", item(), bad(), item("c", bbox=[1, 2, 3]), item("d", assets={"a": {}}), lines=True)
    first, second = (judged(kitchen, "x.ndjson", "--engine", engine, exit_=1) for engine in ("fast", "stac-valid"))
    assert counts(first) == counts(second) == {"total": 4, "valid": 1, "invalid": 3}
    assert counts(judged(kitchen, "x.ndjson", "--engine", "stac-validator", exit_=1)) == counts(first)


def test_engine_that_is_not_installed_says_how_to_install_it(kitchen, monkeypatch):
    put(kitchen, "x.json", ITEM)

    def absent(name):
        raise sys.modules["importlib.metadata"].PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", absent)
    document = judged(kitchen, "x.json", "--engine", "stac-valid", exit_=2)
    assert document["error"]["code"] == "SB307"
    assert "pip install 'stacbuild[stac-valid]'" in document["error"]["hint"]


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_json_document_is_this(kitchen):
    put(kitchen, "x.json", bad())
    document = judged(kitchen, "x.json", "--failures", "f.ndjson", exit_=1)
    assert document.pop("seconds") >= 0
    failure = document["failures"]["listed"][0]
    assert json.loads((kitchen / "f.ndjson").read_text()) == failure
    assert failure.pop("timestamp").endswith("Z")
    assert document.pop("stacbuild")
    schema = "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json"
    assert document == {
        "format": 1,
        "command": "validate",
        "exit": 1,
        "error": None,
        "documents": {"total": 1, "valid": 0, "invalid": 1, "unchecked": 0, "skipped": 0},
        "files": [
            {
                "path": "x.json",
                "verdict": "invalid",
                "documents": {"valid": 0, "invalid": 1, "unchecked": 0, "skipped": 0},
            }
        ],
        "failures": {
            "count": 1,
            "path": "f.ndjson",
            "listed": [
                {
                    "target": "item:bad",
                    "item_id": "bad",
                    "collection": None,
                    "stage": "validate",
                    "error_type": "validation_error",
                    "message": "datetime is null, so start_datetime and end_datetime are needed",
                    "path": "/properties/datetime",
                    "hint": f"schema {schema}",
                    "attempts": 1,
                    "source": {"name": "x.json", "where": "x.json"},
                    "record": None,
                    "code": "SB301",
                    "group": failure["group"],
                    "ref": None,
                }
            ],
        },
    }


def test_screen_has_a_line_a_fault_a_line_a_missing_schema_and_a_sum(kitchen):
    put(kitchen, "x.ndjson", bad(), item("b", stac_extensions=[URL]), item("c", stac_extensions=[URL]), lines=True)
    put(kitchen, "y.json", ITEM)
    done = kitchen.run("validate", "x.ndjson", "y.json")
    first, second, last = done.out.splitlines()
    assert first.startswith("x.ndjson:1: error[SB301]: /properties/datetime: datetime is null, so")
    assert second.startswith(f"unchecked[SB302]: schema {URL} is not at hand, declared by x.ndjson:2 and 1 more (")
    assert last.startswith("4 documents in 2 files: 1 valid, 1 invalid, 2 unchecked (")
    assert kitchen.run("validate", "-q", "y.json").out == ""


def test_filter_passes_what_is_not_invalid_and_says_the_rest_on_stderr(kitchen):
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in (item("a"), bad("b"), item("c")))
    done = kitchen.run("validate", stdin=lines)
    assert done.exit == 1
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["a", "c"]
    assert "-:2: error[SB301]: /properties/datetime" in done.err
    assert kitchen.run("validate", "-", stdin=lines).out.startswith("-:2: error[SB301]")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gz", "zst"])
def test_standard_input_is_told_by_what_stands_in_it(kitchen, pack):
    whole = json.dumps({"type": "FeatureCollection", "features": [item("a"), item("b")]}, indent=1)
    forms = {
        json.dumps(ITEM): 1,
        json.dumps(ITEM, indent=2): 1,
        whole: 2,
        json.dumps([item("a"), item("b"), item("c")]): 3,
        f"\n{json.dumps(ITEM)}\n\n{json.dumps(item('b'))}\n": 2,
    }
    for text, total in forms.items():
        done = kitchen.run("validate", "-", "--json", stdin=pack(text.encode()))
        assert counts(json.loads(done.out)) == {"total": total, "valid": total}


def test_file_that_is_not_there_is_wrong_usage_and_nothing_is_judged(kitchen):
    put(kitchen, "x.json", bad())
    document = judged(kitchen, "x.json", "none.json", "neither.json", exit_=2)
    assert document["error"]["message"] == "there is no file none.json"
    assert len(document["error"]["problems"]) == 2


def test_nothing_asks_the_network(kitchen, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    put(kitchen, "x.json", item(stac_extensions=[URL]))
    for engine in ("fast", "stac-valid"):
        assert judged(kitchen, "x.json", "--engine", engine)["documents"]["unchecked"] == 1


def test_file_that_cannot_be_read_ends_with_the_surroundings_status(kitchen, monkeypatch):
    put(kitchen, "x.json", ITEM)
    put(kitchen, "y.json", ITEM)
    real = io.open

    def refusing(path, *rest, **named):
        if str(path).endswith("x.json"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **named)

    monkeypatch.setattr("io.open", refusing)
    document = judged(kitchen, "x.json", "y.json", exit_=6)
    assert counts(document) == {"total": 2, "valid": 1, "invalid": 1}


def test_filter_passes_documents_as_they_are_but_for_white_space(kitchen):
    big = json.dumps({**CATALOG, "z": 12345678901234567890123, "a": 1.0, "x": "é"}, ensure_ascii=False, indent=3)
    done = kitchen.run("validate", stdin=big.encode())
    assert done.out == json.dumps(json.loads(big), ensure_ascii=False, separators=(",", ":")) + "\n"
