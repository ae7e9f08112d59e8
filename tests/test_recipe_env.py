"""`${NAME}` in a recipe, and secrets: what is hidden, and what is not."""

import pytest

from stacbuild.failures import RecipeError
from stacbuild.recipe.env import BadRecipe, redact
from stacbuild.recipe.lines import frame
from stacbuild.recipe.load import load

SITE = """
[catalog]
id = "a"
[sources.scenes]
kind = "table"
path = "a.csv"
key = "scene_id"
[mappings.scenes]
id = "scene_id"
geometry = { wkt = "footprint" }
datetime = { from = "acquired", as = "datetime", format = "%d/%m/%Y" }
[mappings.scenes.properties]
platform = "sat"
[outputs.site]
kind = "stac-json"
path = "dist"
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, name="stacbuild.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def problems_of(path, environ=None):
    with pytest.raises(RecipeError) as caught:
        load(path, environ or {})
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("${NAME}", "value"),
        ("x-${NAME}-${NAME}", "x-value-value"),
        ("${NONE:-other}", "other"),
        ("${NONE:-}", ""),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY}", ""),
        ("$${NAME}", "${NAME}"),
        ("$NAME $ $$ 5$", "$NAME $ $$ 5$"),
        ("${BRACES}", "{id} ${NAME}"),
    ],
)
def test_environment_values_stand_where_they_are_named(write, written, meant):
    environ = {"NAME": "value", "EMPTY": "", "BRACES": "{id} ${NAME}"}
    assert load(write(f"[catalog]\nid = 'a'\ntitle = '{written}'\n"), environ).document.catalog.title == meant


def test_a_value_that_is_not_known_has_one_problem_only(write):
    problems = problems_of(write(SITE.replace('"%d/%m/%Y"', '"${FORM}"').replace('"dist"', '"${PLACE}"')))
    assert [(problem.code, problem.at.line) for problem in problems] == [("SB106", 11), ("SB106", 16)]


SECRET = """
[catalog]
id = "a"
title = "${HIDDEN_KEY} ${Plain} ${my_Token:-fallback-secret}"
[outputs.site]
kind = "stac-json"
path = "dist"
base-url = "https://someone:pa%40ss@example.com/x"
description = "https://x.example/?a=1&api_key=k3yk3y&sig=s1gs1g"
dsn = "host=h password=dsn-pass"
api-token = "tok-literal"
key = "not hidden"
[outputs.site.http]
headers = { Authorization = "Bearer ${EARTH}", "X-Other" = "other-header" }
auth = ["list-user", "list-pass"]
"""
ENVIRON = {"HIDDEN_KEY": "hidden-value", "Plain": "plain-value", "EARTH": "earth-value"}
HIDDEN = [
    "hidden-value",
    "fallback-secret",
    "someone:pa%40ss",
    "pa%40ss",
    "pa@ss",
    "k3yk3y",
    "s1gs1g",
    "dsn-pass",
    "tok-literal",
    "earth-value",
    "other-header",
    "list-user",
    "list-pass",
]


def test_no_error_shows_a_secret_whatever_its_origin(write):
    with pytest.raises(BadRecipe) as caught:
        load(write(SECRET), ENVIRON)
    error = caught.value
    shown = "\n".join(frame(problem, error.line_of(problem)) for problem in error.problems) + "\n".join(
        [line for lines in error.sources.values() for line in lines]
    )
    assert [secret for secret in HIDDEN if secret in shown] == []
    assert "not hidden" in shown


def test_redact_hides_secrets_and_leaves_the_rest(write):
    text = '[catalog]\nid = "a"\ntitle = "${A_PASSWORD} ${PIN_KEY}"\n'
    recipe = load(write(text), {"A_PASSWORD": "hunter22", "PIN_KEY": "7"})
    assert recipe.redact("hunter22 at 17:07, pin 7") == "*** at 17:07, pin ***"
    assert recipe.redact("https://u:p@x.example/?token=abc&b=1") == "https://***@x.example/?token=***&b=1"


def test_what_a_mapping_writes_is_public_unless_it_is_a_secret_of_the_environment(write):
    text = SITE.replace('platform = "sat"', 'object-key = "scene_id"\nx = { value = "${S_TOKEN}" }')
    recipe = load(write(text), {"S_TOKEN": "sssss"})
    assert recipe.redact("scene_id sssss") == "scene_id ***"


def test_a_secret_that_is_part_of_another_is_hidden_as_a_whole():
    assert redact("abcdef abc", ("abcdef", "abc")) == "*** abc".replace("abc", "***")
