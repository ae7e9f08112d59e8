"""Extensions that are applied again to items of which it is known what all of them gave: what comes of it is what
all of them give of the whole item, whatever their tables, and where that is not sure they are all applied.
"""

from pathlib import Path

import msgspec
import pytest
from extended import BASE, ITEM, changed
from hypothesis import given, settings
from hypothesis import strategies as st
from kitchen import Kitchen
from msgspec import Raw
from test_extensions_laws import ITEMS, USES, configured

from stacbuild import canon, keys
from stacbuild.extensions.registry import reach_of
from stacbuild.extensions.values import members_at, paths_in
from stacbuild.failures import ItemError
from stacbuild.model import Context
from stacbuild.reading import Reader
from stacbuild.recipe import schema
from stacbuild.recipe.extension_tables import Extension
from stacbuild.stages.base import Origin
from stacbuild.stages.extend import Extend
from stacbuild.stages.partly import Again, Partly, again
from stacbuild.work import line_of

WITHOUT_REACH = {"file", "timestamps"}
REACHING = [use for use in USES if use not in WITHOUT_REACH]
HERE = Path(__file__).parent


def document(tables):
    """Return a recipe with these extensions, in this order."""
    names = [f"e{number}" for number in range(len(tables))]
    extensions = {name: msgspec.convert(table, type=Extension) for name, table in zip(names, tables, strict=True)}
    collections = {"c": schema.Collection(from_=["s"], extensions=names)}
    return schema.Document(catalog=schema.Catalog(id="x"), extensions=extensions, collections=collections)


def context(recipe):
    ingredients = Extend().ingredients(recipe, "c")
    return Context("extend", keys.context("extend", Extend.revision, ingredients), ingredients)


def which(before, after):
    """Return what is applied again, of two lists of tables."""
    now = context(document(after))
    return again(context(document(before)), now.ingredients, now.digest)


def extended(tables, item):
    """Return the item with all extensions applied; None where one says that it will not do."""
    try:
        return Extend().work(document(tables), "c")(item, Origin("s", "", reader=Reader(HERE)))
    except ItemError as error:
        if error.code in ("SB234", "SB235"):
            return None
        raise


def line(item):
    return line_of(canon.encode_members(item))[0]


def parts(item):
    return {name: canon.encode(member) for name, member in item.items()}


CHAINS = st.lists(st.sampled_from(REACHING).flatmap(configured), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(CHAINS, st.data(), ITEMS)
def test_an_item_is_made_again_as_all_extensions_make_it_of_the_whole(before, data, item):
    after = [data.draw(st.just(table) | configured(table["use"])) for table in before]
    item = canon.decode(line(item))  # as it lies in the store
    gave, wanted = extended(before, item), extended(after, item)
    if gave is None:
        return
    applied = which(before, after)
    assert applied is not None
    try:
        made = Partly(document(after), "c", applied).made(line(item), line(gave))
    except ItemError:
        made = None
        assert wanted is None
    if made is not None:
        assert wanted is not None
        assert canon.whole(made.members) == canon.encode(wanted)
        assert all(member == made.item[name] for name, member in wanted.items() if type(made.item[name]) is not Raw)
        was, now = parts(gave), parts(wanted)
        assert (made.moved is None) == (was.keys() != now.keys())
        if made.moved is not None:
            assert made.moved.names == {name for name in was if was[name] != now[name]}


@pytest.mark.parametrize("use", REACHING)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_extension_looks_no_further_than_it_reaches(use, data):
    table, item = data.draw(configured(use)), data.draw(ITEMS)
    wanted = extended([table], item)
    if wanted is None:
        return
    told = msgspec.to_builtins(msgspec.convert(table, type=Extension))
    reach = reach_of(told)
    seen = {member for path in paths_in(told) if path not in reach.own for member in members_at(path)}
    seen |= {*reach.members, "type", "id", "collection", "stac_extensions"}
    hidden = {name: member if name in seen else Raw(b"0") for name, member in item.items()}
    made = extended([table], hidden)
    assert all(made[name] is hidden[name] for name in item if name not in seen)
    assert {name: made[name] for name in made if name in seen} == {
        name: wanted[name] for name in wanted if name in seen
    }
    changed_ = {name for name in wanted if item.get(name, ...) != wanted[name]}
    assert changed_ <= {*reach.members, "stac_extensions"}
    new = [url for url in wanted.get("stac_extensions", []) if url not in (item.get("stac_extensions") or [])]
    assert new in ([], [reach.schema])


def test_a_number_of_another_type_is_another_table():
    """Python says that 0 is 0.0; an item that is written says which it is."""
    assert which([{"use": "eo", "cloud-cover": 0.0}], [{"use": "eo", "cloud-cover": 0}]).names == ("e0",)
    assert which([{"use": "eo", "cloud-cover": 0}], [{"use": "eo", "cloud-cover": 0}]).names == ()


VERSION, OTHER = {"use": "version", "version": "1"}, {"use": "version", "version": "2"}
MIRROR = {"use": "alternate-assets", "alternates": {"m": {"href": "https://m/{path}"}}}
OF_PLATFORM = {"use": "alternate-assets", "alternates": {"m": {"href": "https://m/{platform}"}}}
OURS = {"use": "fields", "schema": "https://example.com/ours.json", "properties": {"x": 1}}


def test_only_what_changed_is_applied_and_what_it_touches():
    assert which([MIRROR, VERSION], [MIRROR, OTHER]) == Again(("e1",), ("properties", "stac_extensions"))
    assert which([VERSION, MIRROR], [OTHER, MIRROR]) == Again(("e0",), ("properties", "stac_extensions"))
    assert which([MIRROR, VERSION], [OF_PLATFORM, VERSION]).names == ("e0", "e1")
    assert which([OF_PLATFORM, VERSION], [OF_PLATFORM, OTHER]).names == ("e0", "e1")
    assert which([MIRROR, OURS, VERSION], [MIRROR, OURS, OTHER]).names == ("e1", "e2")


def test_extensions_that_declare_versions_of_one_schema_are_always_applied():
    tables = [{"use": "projection", "code": "EPSG:32634"}, {"use": "proj-compat"}]

    assert which([*tables, VERSION], [*tables, OTHER]).names == ("e0", "e1", "e2")
    both = [{**OURS, "properties": {}, "assets": {"x": 1}}, {**MIRROR}, VERSION]
    assert which(both, [*both[:2], OTHER]).names == ("e2",)


@pytest.mark.parametrize("use", sorted(WITHOUT_REACH))
def test_where_the_reach_of_one_is_not_known_all_are_applied(use):
    assert which([{"use": use}, VERSION], [{"use": use}, OTHER]) is None
    assert reach_of({"use": "ours"}) is None


def test_other_extensions_another_order_other_code_and_secrets_are_not_made_out():
    old, new = context(document([MIRROR, VERSION])), context(document([MIRROR, OTHER]))
    hidden = {**new.ingredients, "extensions.e0": {"use": "***"}}

    assert again(old, new.ingredients, new.digest) is not None
    assert again(old, hidden, new.digest) is None
    assert again(Context("extend", old.digest, {}), new.ingredients, new.digest) is None
    assert again(Context("extend", b"of code of before", old.ingredients), new.ingredients, new.digest) is None
    assert which([VERSION], [OTHER, VERSION]) is None


def test_an_item_that_declared_another_version_before_is_made_of_the_whole():
    mine = changed(assets={}, stac_extensions=[f"{BASE}/alternate-assets/v1.1.0/schema.json"])
    partly = Partly(document([MIRROR, OTHER]), "c", which([MIRROR, VERSION], [MIRROR, OTHER]))

    assert partly.made(line(mine), line(extended([MIRROR, VERSION], mine))) is None
    assert partly.made(line(ITEM), line(extended([MIRROR, VERSION], ITEM))) is not None


# ---- builds ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(monkeypatch):
    """Return a list to which it goes what was made in part, None where that was not sure."""
    found, whole = [], Partly.made

    def noting(self, given, gave):
        found.append(whole(self, given, gave))
        return found[-1]

    monkeypatch.setattr(Partly, "made", noting)
    return found


def kitchen(folder, **tables):
    found = Kitchen(folder, rows=40)
    found.recipe["extensions"] = {"mirror": MIRROR, "edition": VERSION, **tables}
    found.recipe["collections"]["one"]["extensions"] = ["mirror", "edition"]
    found.save()
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"edition": OTHER},
        {"mirror": {**MIRROR, "own-name": "S3"}},
        {"mirror": {**MIRROR, "assets": []}},
        {"edition": {"use": "fields", "properties": {"datetime": "2020-01-01T00:00:00Z", "title": "T"}}},
        {"edition": {"use": "version", "version": "{nowhere}"}},
    ],
)
def test_a_build_with_a_changed_extension_gives_what_one_from_nothing_gives(tmp_path, made, change):
    for name in ("warm", "cold"):
        (tmp_path / name).mkdir()
    warm, cold = kitchen(tmp_path / "warm"), kitchen(tmp_path / "cold", **change)
    warm.build()
    assert made == []

    warm.recipe["extensions"].update(change)
    warm.save()
    fails = "nowhere" in str(change)
    report = warm.build("--max-deletions", "100%", exit_=int(fails))
    wanted = cold.build(exit_=int(fails))
    assert report["stages"]["transform"]["ran"] == 0
    assert report["stages"]["extend"] == wanted["stages"]["extend"]
    assert report["items"]["failed"] == wanted["items"]["failed"] == 40 * fails
    assert [one is not None for one in made] == [True] * 40 * (not fails)
    assert warm.tree("dist") == cold.tree("dist")


def test_what_was_forced_is_made_of_the_whole(tmp_path, made):
    warm = kitchen(tmp_path)
    warm.build()
    warm.build("--force")

    assert made == []
