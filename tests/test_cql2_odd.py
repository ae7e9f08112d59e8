"""Conditions and items of any shape: an answer or a refusal, never an accident."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stacbuild.cql2 import FilterError, check_filter, compile_filter, normal_form

CONDITIONS = [
    "a = 1 OR a <> 'x' AND NOT a IS NULL",
    "a < b AND a >= 2.5 OR b > 'x'",
    "a BETWEEN b AND c",
    "a IN (1, 'x', true, b)",
    "a IN ('x', 'y')",
    "a LIKE 'x%' OR casei(a) = casei('X') OR accenti(a) LIKE '_'",
    "a + b * 2 - c / 3 > b % 2 OR a div b = 1 OR a ^ b = c",
    "a = (1, 'x') OR a_equals(a, b) OR a_contains(a, (1, 'x')) OR a_containedBy(a, (b, c)) OR a_overlaps(a, b)",
    "datetime > '2024-01-01' OR a = TIMESTAMP('2024-01-01T00:00:00Z') OR DATE('2024-01-01') < a OR datetime < a",
    "t_during(a, INTERVAL(b, '..')) OR t_equals(a, b) OR t_intersects(INTERVAL(a, b), DATE('2024-01-01'))",
    "s_intersects(a, BBOX(0, 0, 2, 2)) OR s_within(a, b) OR s_equals(POINT(1 1), a) OR s_touches(geometry, bbox)",
    "assets.a.b = 1 OR links.0.a = 1 OR a.b.c = 1 OR a.0 = 1 OR properties.a = 1 OR id = 'x'",
    "a OR NOT b OR (a = b) = c",
]
SHAPES = st.sampled_from(
    [
        {"type": "Point", "coordinates": [1, 1]},
        {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [0, 2], [2, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 1]}]},
        {"type": "LineString", "coordinates": [[0, 0]]},
        [0, 0, 1, 1],
        [170, -10, -170, 10],
    ]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5),
    st.sampled_from(["x", "2024-01-01", "2024-01-01T00:00:00Z", 10**400, -(10**30), "..", "X%"]),
)  # fmt: skip
names = st.sampled_from(["a", "b", "c", "datetime", "type", "coordinates", "geometries", "href"])
values = st.recursive(
    scalars | SHAPES, lambda part: st.lists(part, max_size=4) | st.dictionaries(names, part, max_size=3), max_leaves=8
)
items = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.dictionaries(names, values) | values,
        "geometry": values,
        "bbox": values,
        "assets": values,
        "links": values,
        "id": values,
    },
)
FILTERS = [compile_filter(condition) for condition in CONDITIONS]


@settings(max_examples=300, deadline=None)
@given(items)
def test_items_of_any_shape_get_an_answer(item):
    for condition in FILTERS:
        assert condition(item) in (True, False, None)


@st.composite
def mutated(draw):
    text = draw(st.sampled_from(CONDITIONS))
    for _ in range(draw(st.integers(1, 4))):
        place, size = draw(st.integers(0, len(text))), draw(st.integers(0, 4))
        text = (
            text[:place]
            + draw(st.sampled_from(["", "(", ")", "'", '"', ",", "a", "1", "=", " NOT ", "..", "é", "\n"]))
            + text[place + size :]
        )
    return text


@settings(max_examples=400, deadline=None)
@given(mutated() | st.text(max_size=20))
def test_text_of_any_kind_is_read_or_refused_in_words(text):
    problem = check_filter(text)
    if problem is None:
        assert compile_filter(text)({"properties": {"a": 1, "b": "x"}}) in (True, False, None)
        normal_form(text)
    else:
        assert str(problem)
        assert len(str(problem)) < 300
        assert "\n" not in str(problem)


OPERATORS = ["and", "or", "not", "=", "<", "in", "between", "like", "casei", "isNull", "+", "s_within", "t_after", "x"]
trees = st.recursive(
    scalars | st.fixed_dictionaries({"property": scalars}) | SHAPES,
    lambda part: (
        st.lists(part, max_size=3)
        | st.fixed_dictionaries(
            {
                "op": st.sampled_from(OPERATORS),
                "args": st.lists(part, max_size=3) | part,
            }
        )
        | st.dictionaries(
            st.sampled_from(["op", "args", "date", "timestamp", "interval", "bbox", "type"]), part, max_size=3
        )
    ),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["op", "args", "property", "date", "interval", "type"]), trees, max_size=3) | trees
)
def test_json_of_any_shape_is_read_or_refused(tree):
    text = msgspec.json.encode(tree).decode() if not has_big(tree) else "{}"
    if not text.startswith("{"):
        text = '{"op":"not","args":[' + text + "]}"
    try:
        compile_filter(text)({"properties": {"a": 1}})
    except FilterError as error:
        assert str(error)  # noqa: PT017  either will do


def has_big(value):
    if isinstance(value, dict):
        return any(map(has_big, value.values()))
    if isinstance(value, list):
        return any(map(has_big, value))
    return isinstance(value, int) and abs(value) >= 2**63
