"""Hrefs in the store's form: URLs as given, local ones relative to the recipe's folder."""

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild.outputs.document import href_from
from stacbuild.stages.hrefs import is_relative, is_url, stored


@pytest.mark.parametrize(
    ("href", "base", "expected"),
    [
        ("a.tif", "", "a.tif"),
        ("a.tif", "data", "data/a.tif"),
        ("./a.tif", "data", "data/a.tif"),
        ("../a.tif", "data", "a.tif"),
        ("../../a.tif", "data", "../a.tif"),
        ("../a.tif", "../up", "../a.tif"),
        ("a/./b/../c.tif", "", "a/c.tif"),
        ("a//b.tif", "", "a/b.tif"),
        ("dir/", "data", "data/dir/"),
        (".", "", "."),
        ("..", "data", "."),
        (".hidden/a..b", "", ".hidden/a..b"),
        ("a.tif?x=../y#../z", "data", "data/a.tif?x=../y#../z"),
        ("a%20b.tif", "", "a%20b.tif"),
        ("a b.tif", "", "a b.tif"),
    ],
)
def test_relative_href_is_resolved_against_its_folder(href, base, expected):
    assert stored(href, base) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a/../b.tif",
        "s3://bucket/key",
        "gs://b/x",
        "urn:isbn:1",
        "data:image/png;base64,AA==",
        "//host/path",
        "HTTP://EXAMPLE.COM/",
        "file:///data/a.tif",
    ],
)
def test_url_stays_as_it_is_wherever_it_stands(url):
    assert is_url(url)
    assert not is_relative(url)
    assert stored(url, "data") == url


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/data/a.tif", "file:///data/a.tif"),
        ("/data/../a.tif", "file:///a.tif"),
        ("C:\\data\\a.tif", "file:///C:/data/a.tif"),
        ("c:/data/a.tif", "file:///c:/data/a.tif"),
        ("\\\\server\\share\\a.tif", "file://server/share/a.tif"),
    ],
)
def test_absolute_path_becomes_a_file_url(path, expected):
    assert not is_relative(path)
    assert stored(path, "data") == expected


def test_colon_in_a_first_name_is_kept_from_being_a_scheme():
    assert stored("../S2A:x.tif", "data") == "./S2A:x.tif"
    assert stored("./S2A:x.tif", "") == "./S2A:x.tif"


def test_folder_whose_name_means_something_in_a_url_is_encoded():
    assert stored("a.tif", "100% #1?") == "100%25 %231%3F/a.tif"


names = st.sampled_from(["a", "b.c", "..", ".", "é"])


@given(st.lists(names, min_size=1, max_size=6), st.lists(names, max_size=3))
def test_stored_href_points_where_the_given_one_did(href, base):
    folder = "/".join(base)
    found = stored("/".join(href), folder)
    assert posixpath.normpath(found) == posixpath.normpath(posixpath.join(folder, *href))
    assert ".." not in found.lstrip("./").split("/")
    assert stored(found, "") == found


SEGMENTS = st.sampled_from(["a", "b", "dist", "..", ".", "", ".h", "c.tif", "d:e", "f%20", "g h", "\\", "~", "*"])
PATHS = st.lists(SEGMENTS, min_size=1, max_size=5).map("/".join)
FOLDERS = ["/w/p", "/w/p/dist", "/w/p/dist/a", "/w/p/a/../dist", "/w/q", "/w", "/", "/w/p/.h", "/x/dist"]


@given(PATHS, st.sampled_from(["", "", "?x=../y", "#/z"]), st.sampled_from(FOLDERS), st.sampled_from(["/w/p", "/"]))
def test_from_a_folder_a_local_href_leads_where_it_led_from_the_recipe(path, tail, folder, root):
    if is_url(path):
        return
    way = posixpath.relpath(posixpath.join(root, path), folder)
    expected = (way if way.startswith(".") else f"./{way}") + tail
    assert href_from(folder, root)(path + tail) == expected


@pytest.mark.parametrize("url", ["https://example.com/a", "s3://b/k", "urn:a", "//host/a"])
def test_from_a_folder_a_url_is_what_it_is(url):
    assert href_from("/w/p/dist", "/w/p")(url) == url
