"""What can be done to the recipe of a world: a function each (changes.py)."""

from changes_kit import change, choose
from world_inputs import EXTENSION, SCHEMAS, WHERE, a_mapping


@change
def mapping_property(world, pick):
    values = [
        {"from": "gsd", "as": "number", "scale": 0.5},
        {"from": "gsd", "as": "number"},
        {"from": "gsd", "as": "integer"},
        {"value": 3},
    ]
    choose(world, ("mappings", "plain", "properties"), "gsd", values, pick)


@change
def mapping_new_property(world, pick):
    rule = {"from": "note", "required": False}
    choose(world, ("mappings", "plain", "properties"), "comment", [None, rule, {"value": "c"}], pick)


@change
def id_rule(world, pick):
    rules = ["name", {"template": "{name}-{key}"}, {"template": "{sat}_{name}"}, "key"]
    choose(world, ("mappings", "plain"), "id", rules, pick)


@change
def lookup(world, pick):
    tables = [a_mapping()["lookups"]["sats"], {"A": "aleph", "B": "beth", "NA": "none"}, {"A": "alpha"}]
    choose(world, ("mappings", "plain", "lookups"), "sats", tables, pick)


@change
def extensions_declared(world, pick):
    rules = [None, a_mapping()["stac_extensions"]]
    choose(world, ("mappings", "plain"), "stac_extensions", rules, pick)


@change
def collection_title(world, pick):
    choose(world, ("collections", "one"), "title", ["One", "First", None], pick)


@change
def summaries(world, pick):
    choose(world, ("collections", "one"), "summaries", [["gsd"], [], ["platform", "gsd"], ["comment"]], pick)


@change
def catalog_description(world, pick):
    choose(world, ("catalog",), "description", ["A world", "Another", None], pick)


@change
def output_path(world, pick):
    if world.forgot_places:
        return
    paths = [["dist/site", "dist/deep/site", "site"], ["dist/{collection}.ndjson", "dist/all.ndjson", "l/x.ndjson"]]
    name, values = [("site", paths[0]), ("lines", paths[1])][pick % 2]
    if name in world.recipe["outputs"]:
        choose(world, ("outputs", name), "path", values, pick // 2)


@change
def layout(world, pick):
    layouts = [
        None,
        "{collection}/{year}/{id}.json",
        "{collection}/{year}/{month}/{id}/{id}.json",
        "{collection}/{id}.json",
    ]
    if "site" in world.recipe["outputs"]:
        choose(world, ("outputs", "site"), "layout", layouts, pick)


@change
def indent(world, pick):
    if "site" in world.recipe["outputs"]:
        choose(world, ("outputs", "site"), "indent", [0, 2, 4], pick)


@change
def links(world, pick):
    if "site" in world.recipe["outputs"]:
        table = world.recipe["outputs"]["site"]
        table.pop("links", None)
        table.pop("base-url", None)
        base = {"base-url": "https://a.example/b/"}
        table |= [{}, base, {"links": "absolute", **base}][pick % 3]


@change
def tree_documents(world, pick):
    if "site" in world.recipe["outputs"]:
        key = ["readme", "collections-file"][pick % 2]
        choose(world, ("outputs", "site"), key, [None, True], pick // 2)


@change
def collection_document(world, pick):
    """What stands in a collection's own document alone: assets, an extension, an open interval."""
    told = {"use": "fields", "properties": {"x:told": pick % 3}}
    world.recipe.setdefault("extensions", {})["told"] = told
    key, values = [
        ("assets", [None, {"a": {"href": "img/a.png"}}]),
        ("collection-extensions", [None, ["told"]]),
        ("extent", [None, {"interval": [["2020-01-01", ".."], ["2021-01-01", "2021-12-31"]]}]),
    ][pick % 3]
    choose(world, ("collections", "one"), key, values, pick // 3)


@change
def base_of_lines(world, pick):
    if "lines" in world.recipe["outputs"]:
        choose(world, ("outputs", "lines"), "base-url", [None, "https://a.example/b/"], pick)


@change
def output_takes(world, pick):
    if "extra" in world.recipe["outputs"]:
        choose(world, ("outputs", "extra"), "collections", [None, ["one"], ["t*"]], pick)


EXTRAS = [
    {"kind": "ndjson", "path": "{collection}.ndjson"},
    {"kind": "item-collection", "path": "{collection}.geojson"},
    {"kind": "geoparquet", "path": "{collection}.parquet"},
    {"kind": "geoparquet", "path": "{collection}.parquet", "row-group-size": 4},
    {"kind": "geoparquet", "path": "{year}/{collection}.parquet"},
    {"kind": "geoparquet", "path": "all-{year}.parquet"},
]


def extra(number, folder):
    """Return an output of EXTRAS in a folder."""
    table = EXTRAS[number % len(EXTRAS)]
    return {**table, "path": f"{folder}/{table['path']}"}


@change
def add_or_remove_an_output(world, pick):
    if world.forgot_places:
        return
    outputs = world.recipe["outputs"]
    if "extra" in outputs and pick % 2:
        del outputs["extra"]
    elif pick % 3:
        outputs["extra"] = extra(pick // 6, "dist/extra")
    elif len(outputs) > 1:
        outputs.pop("lines", None)
    else:
        outputs["lines"] = {"kind": "ndjson", "path": "dist/{collection}.ndjson"}


@change
def add_or_remove_a_collection(world, pick):
    collections = world.recipe["collections"]
    if "two" in collections:
        del collections["two"]
    else:
        world.recipe["mappings"]["other"] = a_mapping() | {"id": {"template": "t-{name}"}}
        del world.recipe["mappings"]["other"]["stac_extensions"]
        collections["two"] = {"from": ["rows"], "mapping": ["other", "plain"][pick % 2], "summaries": ["platform"]}


@change
def where(world, pick):
    for name in sorted(world.recipe["collections"])[pick % 2 :][:1]:
        choose(world, ("collections", name), "where", list(WHERE), pick // 2)


@change
def item_extensions(world, pick):
    """Constants of one or two extensions, one of which declares a schema."""
    tables = world.recipe.setdefault("extensions", {})
    tables["marked"] = {"use": "fields", "properties": {"x:mark": pick % 3}}
    tables["ours"] = {"use": "fields", "schema": EXTENSION, "properties": {"x:ours": pick // 3 % 2}}
    for name in sorted(world.recipe["collections"])[pick % 2 :][:1]:
        choose(world, ("collections", name), "extensions", [None, ["marked"], ["ours", "marked"], ["ours"]], pick // 6)


@change
def patches(world, pick):
    """A patch that sets a property, one that drops items, or one after the other; each of all items or of some."""
    tables = world.recipe.setdefault("patches", {})
    tables["sets"] = {"set": {"properties.x:patched": pick % 3}}
    tables["drops"] = {"drop": True}
    for table, condition in zip(("sets", "drops"), (list(WHERE)[pick % 4], list(WHERE)[1 + pick % 3]), strict=True):
        tables[table] |= {} if condition is None else {"where": condition}
    for name in sorted(world.recipe["collections"])[pick % 2 :][:1]:
        chains = [None, ["sets"], ["sets", "drops"], ["drops"]]
        choose(world, ("collections", name), "patches", chains, pick // 6)


@change
def on_duplicate(world, pick):
    for name in sorted(world.recipe["collections"])[pick % 2 :][:1]:
        choose(world, ("collections", name), "on-duplicate", [None, "first", "last", "error"], pick // 2)


@change
def add_or_remove_a_pattern(world, pick):
    collections = world.recipe["collections"]
    if "p-*" in collections:
        del collections["p-*"]
    else:
        world.recipe["mappings"]["named"] = a_mapping() | {"collection": {"template": "p-{sat}"}}
        collections["p-*"] = {"from": ["rows"], "mapping": "named", "title": f"Pattern {pick % 3}"}


@change
def where_a_pattern_leads(world, pick):
    if "p-*" in world.recipe["collections"]:
        rules = [{"template": "p-{sat}"}, {"template": "{name}"}, {"template": "p-{gsd}"}]
        choose(world, ("mappings", "named"), "collection", rules, pick)


@change
def validation_level(world, pick):
    choose(world, ("validation",), "level", ["strict", "warn", "off"], pick)


@change
def schema_file(world, pick):
    world.schema = pick % len(SCHEMAS)


@change
def source_path(world, pick):
    paths = [["data/*.csv", "data/deep/*.csv"], ["data/*.csv"], ["data/deep/*.csv", "data/*.csv"]]
    choose(world, ("sources", "rows"), "path", paths, pick)


@change
def source_missing(world, pick):
    choose(world, ("sources", "rows"), "missing", [None, ["NA"], ["n0", "NA"]], pick)


@change
def build_table(world, pick):
    choose(world, ("build",), "jobs", [None, 1, 2], pick)


@change
def log_table(world, pick):
    choose(world, ("log",), "level", ["info", "debug"], pick)


@change
def comments_and_order(world, pick):
    world.style = pick % 4
