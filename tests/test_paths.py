"""Field paths and templates: what they read, what counts as missing, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacbuild.failures import ItemError
from stacbuild.stages.paths import TemplateError, as_text, excerpt, fields, getter, kind_of, pointer, renderer, split

RECORD = {
    "a": {"b": {"c": 1}, "list": [10, {"x": 20}]},
    "a.b": "exact",
    "proj:epsg": 32633,
    "dot.in.name": "d",
    "outer": {"x.y": "tail", "x": {"y": "walk"}},
    "nothing": None,
    "nan": float("nan"),
    "deep": {"nan": float("nan")},
    "0": "zero",
    "f": 0.1,
    "t": True,
    "": "nameless",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.list.0", 10),
        ("a.list.1.x", 20),
        ("a.list.2", None),
        ("a.list.-1", None),
        ("a.list.x", None),
        ("a.list.99999999999999999999", None),
        ("a.list.²", None),
        ("proj:epsg", 32633),
        ("absent", None),
        ("absent.deeper", None),
        ("a.b.c.d", None),
        ("nothing.x", None),
        ("0", "zero"),
        ("", "nameless"),
    ],
)
def test_path_walks_objects_and_lists(path, value):
    assert getter(path)(RECORD) == value


def test_exact_key_wins_over_a_walk_at_every_depth():
    assert getter("a.b")(RECORD) == "exact"
    assert getter("outer.x.y")(RECORD) == "tail"
    assert getter("dot.in.name")(RECORD) == "d"


def test_walk_goes_on_where_there_is_no_exact_key():
    assert getter("a.b.c")(RECORD) == 1


def test_backslash_dot_is_a_dot_inside_a_name():
    record = {"x.y": {"z": 1}, "x": {"y": {"z": 2}}}
    assert getter(r"x\.y.z")(record) == 1
    assert getter("x.y.z")(record) == 2
    assert split(r"a.b\.c.d") == ["a", "b.c", "d"]


def test_null_and_nan_are_missing():
    assert getter("nothing")(RECORD) is None
    assert getter("nan")(RECORD) is None
    assert getter("deep.nan")(RECORD) is None


@given(
    st.text(), st.recursive(st.none() | st.text() | st.floats(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_no_path_fails_on_any_record(path, value):
    getter(path)({"a": value, path: value})
    getter("a." + path)({"a": value})


@given(st.lists(st.text(alphabet="ab.:{} é").filter(lambda name: not name.endswith("\\")), min_size=1, max_size=4))
def test_escaped_path_reads_the_very_members_named(names):
    record = value = {}
    for name in names[:-1]:
        value[name] = {}
        value = value[name]
    value[names[-1]] = "found"
    assert getter(".".join(name.replace(".", "\\.") for name in names))(record) == "found"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{proj:epsg}", "32633"),
        ("EPSG:{proj:epsg}/{a.list.0}", "EPSG:32633/10"),
        ("{{{f}}}", "{0.1}"),
        ("{{f}}", "{f}"),
        ("{t}", "true"),
        ("", ""),
        (r"{dot\.in\.name}", "d"),
    ],
)
def test_template_shows_fields_and_braces(template, text):
    assert renderer(template)(RECORD) == text


def test_template_with_a_missing_field_is_missing_as_a_whole():
    assert renderer("x{nothing}y")(RECORD) is None
    assert renderer("x{nan}y")(RECORD) is None


@pytest.mark.parametrize("template", ["{", "}", "a{b", "a}b", "{}", "{ }", "{a{b}}", "{a}}"])
def test_template_with_odd_braces_is_refused(template):
    with pytest.raises(TemplateError, match="names no field"):
        renderer(template)


def test_template_cannot_show_a_list():
    with pytest.raises(ItemError) as caught:
        renderer("{a.list}", "/id")(RECORD)
    assert (caught.value.code, caught.value.path) == ("SB213", "/id")
    assert caught.value.message == "field 'a.list' holds a list, which a template cannot show"
    assert "{list.0}" in caught.value.hint


def test_fields_of_a_template_stand_in_order():
    assert fields("{b}-{{x}}-{a.c}") == ["b", "a.c"]


def test_scalars_as_text_are_as_in_json():
    assert [as_text(value) for value in ("x", True, False, 5, 0.5, 1e300)] == [
        "x",
        "true",
        "false",
        "5",
        "0.5",
        "1e+300",
    ]
    assert as_text([]) is None
    assert as_text({}) is None
    assert as_text(None) is None


def test_kinds_have_plain_words():
    kinds = [kind_of(value) for value in (None, True, "x", 1, 1.5, {}, [])]
    assert kinds == ["null", "true or false", "text", "a number", "a number", "an object", "a list"]


def test_excerpt_quotes_shows_json_and_cuts():
    assert excerpt("a'b") == '"a\'b"'
    assert excerpt(True) == "'true'"
    assert excerpt(None) == "'null'"
    assert excerpt([1, "x"]) == "'[1,\"x\"]'"
    assert excerpt("x" * 200) == "'" + "x" * 79 + "…'"


def test_pointer_escapes_as_rfc_6901_says():
    assert pointer("properties", "a/b~c") == "/properties/a~1b~0c"
    assert pointer() == ""
