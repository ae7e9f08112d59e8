"""Extensions of a collection's own document: applied in order, by configuration, code and files; what fails is told."""

import json

import pytest
from kitchen import Kitchen, ran, row

SCHEMA = "https://example.com/ours/v1.0.0/schema.json"
OURS = f"""
class Ours:
    name = "ours"
    schema = "{SCHEMA}"
    scope = ("Feature", "Collection")

    def apply(self, item, config, ctx):
        item["ours:seen"] = [item["type"], item["extent"]["spatial"]["bbox"][0][0], config.get("level")]
        return item
"""


def kitchen_of(folder, *order, rows=3, code=OURS, **tables):
    """Return a kitchen with a plug-in in a file, and these extensions on its collection's document."""
    kitchen = Kitchen(folder, rows)
    kitchen.write("plugins/ours.py", code)
    kitchen.recipe["extensions"] = {"ours": {"use": "plugins/ours.py:Ours", "level": 3}, **tables}
    kitchen.recipe["collections"]["one"]["collection-extensions"] = list(order or ["ours"])
    kitchen.save()
    return kitchen


def plug_in(folder, body):
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    head = "class Ours:\n    name = 'ours'\n    scope = ('Collection',)\n    def apply(self, item, config, ctx):\n"
    return kitchen_of(folder, code=head + lines + "\n")


def document(kitchen):
    return json.loads((kitchen / "dist/site/one/collection.json").read_bytes())


def codes(report):
    return [warning["code"] for warning in report["warnings"]]


def test_an_extension_is_applied_to_the_collections_document_alone_and_its_schema_declared(tmp_path):
    kitchen = kitchen_of(tmp_path)
    report = kitchen.build()
    assert document(kitchen)["ours:seen"] == ["Collection", 10.0, 3]
    assert document(kitchen)["stac_extensions"] == [SCHEMA]
    assert "ours:seen" not in kitchen.items()[0]
    assert (report["exit"], report["stages"]["extend"]["ran"]) == (0, 0)
    assert ran(kitchen.build()) == {}


def test_a_changed_configuration_rewrites_that_document_and_nothing_else(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.recipe["collections"]["two"] = {"from": ["rows"], "mapping": "plain"}
    kitchen.save()
    kitchen.build()
    before = document(kitchen)
    kitchen.recipe["extensions"]["ours"]["level"] = 4
    kitchen.save()
    (reason,) = kitchen.ask("status")["outputs"]["site"]["reasons"]
    assert (reason["code"], reason["what"]) == ("extension-changed", "extensions.ours.level")
    report = kitchen.build()
    assert (ran(report), report["outputs"]["site"]["written"]) == ({}, 1)
    assert document(kitchen)["ours:seen"][2] == 4
    kitchen.recipe["extensions"]["ours"]["level"] = 3
    kitchen.save()
    kitchen.build()
    assert document(kitchen) == before


def test_changed_code_rewrites_that_document(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    kitchen.write("plugins/ours.py", OURS.replace("ours:seen", "ours:found"))
    assert not kitchen.ask("status")["fresh"]
    report = kitchen.build()
    assert (ran(report), report["outputs"]["site"]["written"]) == ({}, 1)
    assert "ours:found" in document(kitchen)


def test_extensions_are_applied_in_order_and_each_sees_what_the_one_before_gave(tmp_path):
    fields = {"use": "fields", "schema": SCHEMA, "properties": {"x:first": "{title}", "ours:seen": "taken over"}}
    kitchen = kitchen_of(tmp_path, "ours", "fields", fields=fields)
    kitchen.build()
    assert document(kitchen)["ours:seen"] == "taken over"
    assert document(kitchen)["x:first"] == "One"
    assert document(kitchen)["stac_extensions"] == [SCHEMA]
    kitchen.recipe["collections"]["one"]["collection-extensions"] = ["fields", "ours"]
    kitchen.save()
    kitchen.build()
    assert document(kitchen)["ours:seen"][0] == "Collection"


def test_what_set_declares_stays_beside_what_extensions_declare(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.recipe["collections"]["one"]["set"] = {"stac_extensions": ["https://example.com/own.json"], "own:a": 1}
    kitchen.save()
    kitchen.build()
    assert document(kitchen)["stac_extensions"] == ["https://example.com/own.json", SCHEMA]


def test_taking_it_away_gives_the_document_without_it(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    del kitchen.recipe["collections"]["one"]["collection-extensions"]
    kitchen.save()
    kitchen.build()
    assert not {"ours:seen", "stac_extensions"} & document(kitchen).keys()


# --- what fails


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise ValueError('no reason')", "SB230"),
        ("return None", "SB232"),
        ("return {**item, 'id': 'other'}", "SB232"),
        ("return {**item, 'stac_extensions': 3}", "SB232"),
        ("return {**item, 'x': float('nan')}", "SB232"),
        ("return ctx.open('nowhere.txt')", "SB233"),
    ],
)
def test_one_that_fails_leaves_the_document_without_it_and_the_build_exits_1_until_it_does_not(tmp_path, body, words):
    kitchen = plug_in(tmp_path, body)
    for _ in range(2):
        report = kitchen.build(exit_=1)
        (warning,) = report["warnings"]
        assert warning["code"] == "SB708"
        assert words in warning["message"]
        assert "'ours'" in warning["message"]
        assert report["items"]["total"] == 3
        assert document(kitchen)["title"] == "One"
        assert not kitchen.ask("status")["fresh"]
    kitchen.write("plugins/ours.py", OURS)
    assert kitchen.build()["warnings"] == []
    assert "ours:seen" in document(kitchen)
    assert kitchen.ask("status")["fresh"]


@pytest.mark.parametrize(
    "body",
    [
        "item.pop('extent'); item.pop('license'); item['title'] = 3; return item",
        "item['extent'] = {'spatial': [], 'temporal': None}; return item",
        "return {**item, 'assets': {'a': {'title': 'no href'}, 'b': {'href': 3}}}",
        "return {**item, 'links': [{'rel': 'about'}]}",
    ],
)
def test_what_is_no_collection_any_more_is_written_and_told(tmp_path, body):
    kitchen = plug_in(tmp_path, body)
    kitchen.recipe["outputs"]["site"] |= {"readme": True, "collections-file": True}
    kitchen.save()
    assert codes(kitchen.build()) == ["SB707"]
    assert document(kitchen)["id"] == "one"


def test_one_that_takes_items_only_is_refused(tmp_path):
    kitchen = kitchen_of(tmp_path, code=OURS.replace('("Feature", "Collection")', '("Feature",)'))
    (warning,) = kitchen.build(exit_=1)["warnings"]
    assert "it takes no Collection" in warning["message"]


def test_a_built_in_one_that_takes_items_only_is_an_error_of_the_recipe(tmp_path):
    kitchen = kitchen_of(tmp_path, "proj", proj={"use": "proj-compat"})
    error = kitchen.ask("build", exit_=2)["error"]
    assert (error["code"], "of items only" in error["message"]) == ("SB103", True)


def test_a_plug_in_may_ask_for_a_collection_of_pystac(tmp_path):
    pytest.importorskip("pystac")
    code = OURS.replace("    schema", '    wants = "pystac"\n    schema').replace(
        'item["ours:seen"] = [item["type"], item["extent"]["spatial"]["bbox"][0][0], config.get("level")]',
        "item.keywords = [type(item).__name__]",
    )
    kitchen = kitchen_of(tmp_path, code=code)
    kitchen.build()
    assert document(kitchen)["keywords"] == ["Collection"]
    assert [link["rel"] for link in document(kitchen)["links"]][:2] == ["root", "parent"]


# --- files


READS = """
class Ours:
    name = "ours"
    scope = ("Collection",)

    def apply(self, item, config, ctx):
        if ctx.exists("notes.txt"):
            with ctx.open("notes.txt") as stream:
                item["ours:notes"] = stream.read().decode()
        return item
"""


def test_files_that_it_reads_are_what_the_document_depends_on_absence_too(tmp_path):
    kitchen = kitchen_of(tmp_path, code=READS)
    kitchen.build()
    assert ran(kitchen.build()) == {}
    assert kitchen.ask("status")["fresh"]
    kitchen.write("notes.txt", "first")
    assert not kitchen.ask("status")["fresh"]
    assert kitchen.build()["outputs"]["site"]["written"] == 1
    assert document(kitchen)["ours:notes"] == "first"
    assert kitchen.ask("status")["fresh"]
    (kitchen / "notes.txt").unlink()
    kitchen.build()
    assert "ours:notes" not in document(kitchen)


def test_verify_makes_the_document_again(tmp_path):
    kitchen = kitchen_of(tmp_path)
    kitchen.build()
    assert kitchen.ask("verify", "--sample", "100%")["exit"] == 0
    assert kitchen.ask("verify", "--outputs")["exit"] == 0
    assert kitchen.ask("diff")["exit"] == 0


def test_many_builds_write_what_one_from_nothing_does(tmp_path):
    kitchen = kitchen_of(tmp_path / "a", rows=1)
    kitchen.build()
    kitchen.rows([row(number) for number in range(3)])
    kitchen.build()
    other = kitchen_of(tmp_path / "b", rows=3)
    other.build()
    assert kitchen.tree("dist") == other.tree("dist")
