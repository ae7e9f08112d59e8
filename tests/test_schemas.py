"""The schema store: where schemas are looked for, and what their documents refer to."""

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild.failures import SurroundingsError
from stacbuild.stages.schemas import SchemaStore, bare, references, strip_formats

URL = "https://example.com/ours/v1.0.0/schema.json"
REAL = Path(__file__).parents[2] / "shared/data/schemas"
DATE_TIME = frozenset({"date-time"})
CORE = "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json"


def written(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


# ---- finding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["https/example.com/ours/v1.0.0/schema.json", "example.com/ours/v1.0.0/schema.json"])
def test_folder_is_laid_out_by_url_with_or_without_scheme(tmp_path, layout):
    file = written(tmp_path, layout, "{}")
    found = SchemaStore([tmp_path], {}).find(URL)
    assert (found.url, found.blob, found.file) == (URL, b"{}", file)
    assert found.digest.hex() == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_files_come_before_folders_and_folders_in_their_order(tmp_path):
    for folder in ("one", "two"):
        written(tmp_path / folder, "example.com/ours/v1.0.0/schema.json", f'"{folder}"')
    own = written(tmp_path, "own.json", '"own"')
    folders = [tmp_path / "none", tmp_path / "two", tmp_path / "one"]
    assert SchemaStore(folders, {}).find(URL).blob == b'"two"'
    assert SchemaStore(folders, {URL: own}).find(URL).blob == b'"own"'
    assert SchemaStore(folders, {URL + "#": own}).find(URL).blob == b'"own"'


def test_named_file_that_is_not_there_leaves_the_folders(tmp_path):
    written(tmp_path, "example.com/ours/v1.0.0/schema.json", "{}")
    assert SchemaStore([tmp_path], {URL: tmp_path / "none.json"}).find(URL).blob == b"{}"


def test_fragment_is_no_part_of_a_schema_address(tmp_path):
    written(tmp_path, "example.com/ours/v1.0.0/schema.json", "{}")
    assert SchemaStore([tmp_path], {}).find(URL + "#/definitions/x").url == URL
    assert bare("a#b#c") == "a"


def test_recipe_folder_wins_over_the_core_schemas(tmp_path):
    written(tmp_path, CORE.removeprefix("https://"), "true")
    assert SchemaStore([tmp_path], {}).find(CORE).blob == b"true"


def test_core_schemas_are_at_hand_without_any_folder():
    store = SchemaStore([], {})
    assert b'"title": "STAC Item"' in store.find(CORE).blob
    assert store.find("https://geojson.org/schema/Feature.json") is not None
    assert store.find("https://schemas.stacspec.org/v9.9.9/item-spec/json-schema/item.json") is None


def test_finding_core_schemas_does_not_import_pystac():
    code = f"""
import sys
from stacbuild.stages.schemas import SchemaStore
assert SchemaStore([], {{}}).find({CORE!r}) is not None
sys.exit("pystac" in sys.modules)
"""
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/../../secret.json",
        "https://example.com//etc/passwd",
        "https://example.com/./secret.json",
        "https://../secret.json",
        "https:///secret.json",
        "https://example.com/" + "x" * 5000,
        "https://example.com/a\0b",
        "https://example.com/",
        "https://example.com/folder",
        "file:///etc/passwd",
        "/etc/passwd",
        "eo",
        "",
    ],
)
def test_odd_address_leads_nowhere(tmp_path, url):
    written(tmp_path, "secret.json", "{}")
    written(tmp_path, "schemas/example.com/folder/x.json", "{}")
    assert SchemaStore([tmp_path / "schemas"], {}).find(url) is None


@pytest.mark.parametrize("path", ["../secret.json", "%2e%2e/secret.json", "a/../../secret.json"])
def test_file_address_does_not_lead_out_of_the_recipe_folder(tmp_path, path):
    written(tmp_path, "secret.json", "{}")
    written(tmp_path, "recipe/own.json", "{}")
    root = tmp_path / "recipe"
    store = SchemaStore([], {}, root=root)
    assert store.find(f"{root.as_uri()}/own.json") is not None
    assert store.find(f"{root.as_uri()}/{path}") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every file")
def test_unreadable_file_is_an_error_of_the_surroundings(tmp_path):
    written(tmp_path, "example.com/ours/v1.0.0/schema.json", "{}").chmod(0)
    with pytest.raises(SurroundingsError, match="cannot be read"):
        SchemaStore([tmp_path], {}).find(URL)


def test_error_while_reading_is_told_with_its_code(tmp_path, monkeypatch):
    file = written(tmp_path, "x.json", "{}")

    def denied(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(SurroundingsError) as caught:
        SchemaStore([], {URL: file}).find(URL)
    (problem,) = caught.value.problems
    assert problem.code == "SB304"
    assert problem.message == f"schema file {file} cannot be read: Permission denied"


def test_file_is_read_once(tmp_path):
    file = written(tmp_path, "example.com/ours/v1.0.0/schema.json", "{}")
    store = SchemaStore([tmp_path], {})
    first = store.find(URL)
    file.unlink()
    assert store.find(URL) is first


# ---- formats ---------------------------------------------------------------------------------------------------------


def test_only_format_keywords_are_stripped_not_names_or_data():
    kept = {
        "format": "date-time",
        "properties": {"format": {"type": "string", "enum": ["format"]}},
        "patternProperties": {"format": {"const": {"format": "uri"}}},
        "definitions": {"format": {"examples": [{"format": "uri"}], "default": {"format": "uri"}}},
        "dependencies": {"format": ["a"]},
        "required": ["format"],
        "enum": [{"format": "uri"}],
    }
    schema = json.loads(json.dumps(kept))
    strip_formats(schema, DATE_TIME)
    assert schema == kept


def test_formats_are_stripped_at_every_depth():
    schema = {
        "format": "uri",
        "allOf": [{"format": "iri"}, {"if": {"format": "email"}, "then": {"not": {"format": "uuid"}}}],
        "items": [{"format": "uri"}],
        "additionalProperties": {"format": "uri"},
        "properties": {"properties": {"properties": {"properties": {"format": "uri"}}}, "f": {"format": "date-time"}},
        "definitions": {"x": {"format": "uri"}},
        "dependencies": {"a": {"format": "uri"}},
        "ours": {"format": "uri"},
    }
    strip_formats(schema, DATE_TIME)
    assert json.dumps(schema).count('"format"') == 1
    assert schema["properties"]["f"] == {"format": "date-time"}


@given(st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["properties", "format", "enum", "$ref", "$id", "a"]), x)))  # fmt: skip  # noqa: E501
def test_any_document_can_be_walked(document):
    references(document, URL)
    strip_formats(document, DATE_TIME)


# ---- references ------------------------------------------------------------------------------------------------------


def test_references_are_resolved_against_the_address_asked_for_not_the_root_id():
    schema = {
        "$id": "https://wrong.example.com/other/",
        "allOf": [{"$ref": "sibling.json"}, {"$ref": "#/definitions/x"}, {"$ref": "../up.json#/a"}],
        "properties": {"$ref": {"$ref": "https://elsewhere.com/a.json#frag"}},
        "enum": [{"$ref": "data.json"}],
        "definitions": {"x": {"$id": "sub/", "items": {"$ref": "leaf.json"}}},
    }
    targets, names = references(schema, URL)
    assert targets - names == {
        "https://example.com/ours/v1.0.0/sibling.json",
        URL,
        "https://example.com/ours/up.json",
        "https://elsewhere.com/a.json",
        "https://example.com/ours/v1.0.0/sub/leaf.json",
    }


@pytest.mark.skipif(not REAL.is_dir(), reason="the collection of published schemas is not beside this repository")
def test_every_published_schema_is_found_by_its_address():
    store = SchemaStore([REAL], {})
    files = [file for file in REAL.rglob("*.json") if file.is_file()]
    assert len(files) > 300
    for file in files:
        assert store.find(f"https://{file.relative_to(REAL).as_posix()}").file == file
