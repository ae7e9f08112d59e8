"""Other places of the same bytes: templates on every form of href, and what the published schema does not see."""

from urllib.parse import urlsplit

import pytest
from extended import COLLECTION, ITEM, applied, changed, refused
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

URL = "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json"
CONTRACT = {
    "use": "alternate-assets",
    "alternates": {"mirror": {"href": "https://mirror.example.com/{path}", "name": "Mirror"}},
}


def of(href, template="https://m/{path}"):
    item = changed(assets={"data": {"href": href}})
    table = {"use": "alternate-assets", "alternates": {"mirror": {"href": template}}}
    return applied(table, item)["assets"]["data"]["alternate"]["mirror"]["href"]


def test_each_asset_gets_the_other_place_of_its_path():
    made = applied(CONTRACT)
    assert made["assets"]["data"]["alternate"] == {
        "mirror": {"href": "https://mirror.example.com/data/a.tif", "alternate:name": "Mirror"}
    }
    assert made["assets"]["thumb"]["alternate"]["mirror"]["href"] == "https://mirror.example.com/x/a.png"
    assert made["stac_extensions"] == [URL]
    assert made["assets"]["data"]["href"] == ITEM["assets"]["data"]["href"]


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("https://example.com/a/b.tif", "a/b.tif"),
        ("https://example.com:8443/a/b.tif?sig=x&y=/z#page", "a/b.tif"),
        ("s3://bucket/a/b.tif", "a/b.tif"),
        ("gs://bucket//a.tif", "a.tif"),
        ("data/a.tif", "data/a.tif"),
        ("../a.tif", "a.tif"),
        ("./x/../../../y/./a..tif", "y/a..tif"),
        ("s3://bucket/x/%2E%2e/%2e./../a.tif", "a.tif"),
        ("../..", ""),
        ("file:///srv/a.tif", "srv/a.tif"),
        ("a%20b.tif", "a%20b.tif"),
        ("https://example.com", ""),
        ("https://[bad/a.tif", "a.tif"),
        ("/vsicurl/x.tif", "vsicurl/x.tif"),
    ],
)
def test_the_path_of_an_href_is_without_scheme_host_and_query(href, path):
    assert of(href) == f"https://m/{path}"


PIECES = (
    *("https", "s3", ":", "/", "//", "://", "?", "#", "@", "[", "]", "%2F", " ", "\t", "\n", "\r", "\0", "\x1f", "\\"),
    *(
        "a",
        "B",
        "9",
        "-",
        "+",
        ".",
        "..",
        "~",
        "_",
        "x.tif",
        "host",
        ":80",
        "é",
        "\uff0f",
        "\u2100",
        "{",
        "}",
        "&",
        "=",
    ),
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join) | st.text(min_size=1))
@example("https://host/" + "/" * 50_000 + "\n")
@settings(max_examples=500)
def test_the_path_is_that_of_urlsplit_whatever_the_href(href):
    try:
        path = urlsplit(href).path.lstrip("/")
    except ValueError:
        path = href.partition("://")[2].partition("/")[2]

    assume(not {".", ".."} & set(path.split("/")))
    assert of(href, "{name}|{path}") == f"{path.rpartition('/')[2]}|{path}"


def test_braces_of_a_template_that_name_nothing_stay_as_they_are():
    assert of("s3://b/x/a.tif", "{{{path}}} {} } { {{name}} %s%%%(path)s") == "{x/a.tif} {} } { {name} %s%%%(path)s"
    assert of("s3://b/x/a.tif", "{{{path}}} {} } { {{name}} {platform}") == "{x/a.tif} {} } { {name} one"


def test_templates_know_the_files_name_the_assets_key_and_the_items_fields():
    assert of("s3://b/x/a.tif", "https://m/{collection}/{id}/{asset}/{name}?of={platform}") == (
        "https://m/c/a/data/a.tif?of=one"
    )
    assert refused({"use": "alternate-assets", "alternates": {"m": {"href": "{nowhere}"}}}).code == "SB235"


def test_title_and_description_of_an_entry_are_templates_as_its_href_is():
    told = {
        "href": "https://m/{path}",
        "title": "Mirror of {id}",
        "description": "{{{asset}} at {name}",
        "name": "{id}",
    }
    made = applied({"use": "alternate-assets", "alternates": {"m": told}})["assets"]["data"]["alternate"]["m"]
    assert made["title"] == f"Mirror of {ITEM['id']}"
    assert made["description"] == "{data} at a.tif"
    assert made["alternate:name"] == "{id}", "the same place has the same name in all items"


def test_alternates_that_are_there_stay_and_the_same_name_is_renewed():
    known = {"mirror": {"href": "old"}, "tape": {"href": "tape://1"}}
    made = applied(CONTRACT, changed(assets={"data": {"href": "a.tif", "alternate": known}}))
    assert made["assets"]["data"]["alternate"] == {
        "mirror": {"href": "https://mirror.example.com/a.tif", "alternate:name": "Mirror"},
        "tape": {"href": "tape://1"},
    }
    assert applied(CONTRACT, made) == made


def test_only_the_named_assets_get_them_and_the_own_place_may_have_a_name():
    made = applied({**CONTRACT, "assets": ["thumb", "nowhere"], "own-name": "Ours"})
    assert made["assets"]["data"] == ITEM["assets"]["data"]
    assert made["assets"]["thumb"]["alternate:name"] == "Ours"
    assert set(made["assets"]) == {"data", "thumb"}


def test_other_fields_of_an_entry_are_values_too():
    entry = {"href": "s3://b/{path}", "title": "T", "description": "D", "fields": {"storage:tier": "{platform}"}}
    made = applied({"use": "alternate-assets", "alternates": {"s3": entry}}, changed(assets={"d": {"href": "a"}}))
    assert made["assets"]["d"]["alternate"]["s3"] == {
        "href": "s3://b/a",
        "title": "T",
        "description": "D",
        "storage:tier": "one",
    }


@pytest.mark.parametrize(
    "assets", [{}, None, ..., {"d": {"title": "no href"}}, {"d": {"href": ""}}, {"d": {"href": 5}}]
)
def test_items_without_assets_or_hrefs_are_left_as_they_are(assets):
    item = changed(assets=assets)
    assert applied(CONTRACT, item) == item


@pytest.mark.parametrize(
    ("asset", "path"),
    [
        ({"alternate": {}}, "/assets/d/alternate"),
        ({"alternate": [1]}, "/assets/d/alternate"),
        ({"alternate": None}, "/assets/d/alternate"),
        ({"alternate": {"s3": {}}}, "/assets/d/alternate/s3"),
        ({"alternate": {"s3": {"href": ""}}}, "/assets/d/alternate/s3"),
        ({"alternate": {"s3": {"href": "a", "alternate:name": ""}}}, "/assets/d/alternate/s3/alternate:name"),
        ({"alternate:name": 5}, "/assets/d/alternate:name"),
    ],
)
def test_what_the_published_schema_lets_pass_is_told(asset, path):
    error = refused({**CONTRACT, "assets": ["other"]}, changed(assets={"d": {"href": "a", **asset}}))
    assert (error.code, error.path) == ("SB234", path)


def test_an_asset_may_be_called_alternate():
    assert "alternate" in applied(CONTRACT, changed(assets={"alternate": {"href": "a"}}))["assets"]["alternate"]


def test_assets_of_a_collection_get_them_too():
    made = applied(CONTRACT, {**COLLECTION, "assets": {"all": {"href": "all.parquet"}}})
    assert made["assets"]["all"]["alternate"]["mirror"]["href"] == "https://mirror.example.com/all.parquet"
