"""Lookups in files: every form of them, what is wrong with one, and what a change of one makes stale."""

import gzip
import json
import os
import time

import pytest
from kitchen import Kitchen, ran, row

from stacbuild import lookups
from stacbuild.failures import RecipeError
from stacbuild.lookups import read
from stacbuild.recipe.schema import LookupFile

FORMS = {
    "m.csv": b"code,name\nA,alpha\n1,one\n",
    "m.tsv": b"code\tname\nA\talpha\n1\tone\n",
    "m.json": b'[{"code":"A","name":"alpha"},{"code":1,"name":"one"}]',
    "m.ndjson": b'{"code":"A","name":"alpha"}\n\n{"code":1,"name":"one"}\n',
    "m.csv.gz": gzip.compress(b"code,name\nA,alpha\n1,one\n", mtime=0),
}


def table(folder, content, file="m.csv", key="code", value="name"):
    (folder / file).write_bytes(content.encode() if isinstance(content, str) else content)
    return read(folder, LookupFile(file=file, key=key, value=value))


def refused(folder, content, **spec):
    with pytest.raises(RecipeError) as caught:
        table(folder, content, **spec)
    (problem,) = caught.value.problems
    assert problem.code == "SB118"
    return problem


@pytest.mark.parametrize(("file", "content"), FORMS.items())
def test_a_lookup_is_the_same_in_every_form(tmp_path, file, content):
    assert table(tmp_path, content, file).entries == {"A": "alpha", "1": "one"}


def test_digest_is_of_the_entries_and_not_of_how_they_are_written(tmp_path):
    plain = table(tmp_path, "code,name\nA,alpha\nB,beta\n").digest
    assert table(tmp_path, "other,name,code\nx,beta,B\ny,alpha,A\n").digest == plain
    assert table(tmp_path, '[{"code":"A","name":"alpha"},{"code":"B","name":"beta"}]', "m.json").digest == plain
    assert table(tmp_path, "code,name\nA,alpha\nB,Beta\n").digest != plain


def test_without_value_an_entry_is_the_whole_row(tmp_path):
    content = '[{"code":"A","name":"alpha","gsd":10}]'
    assert table(tmp_path, content, "m.json", value=None).entries == {"A": {"code": "A", "name": "alpha", "gsd": 10}}


def test_a_row_without_a_value_is_no_entry(tmp_path):
    assert table(tmp_path, "code,name\nA,\nB,beta\n").entries == {"B": "beta"}


def test_key_and_value_may_be_paths(tmp_path):
    content = '[{"id":{"code":"A"},"names":["alpha","a"]}]'
    assert table(tmp_path, content, "m.json", key="id.code", value="names.0").entries == {"A": "alpha"}


def test_rows_that_share_a_key_are_told_with_their_lines(tmp_path):
    problem = refused(tmp_path, "code,name\nA,alpha\nB,beta\nA,other\nA,alpha\n")
    assert "'A' in lines 2, 4, 5" in problem.message


@pytest.mark.parametrize(
    ("content", "spec", "said"),
    [
        ("code,name\n,alpha\n", {}, "line 2: no value in the key 'code'"),
        ("kode,name\nA,alpha\n", {}, "code"),
        ("code,nmae\nA,alpha\n", {}, "no row has a value in 'name'"),
        ("code,name\nA,alpha,more\n", {}, "line 2: "),
        ("", {}, "empty"),
        ('[{"code":"A"', {"file": "m.json"}, "m.json"),
        ("code,name\n", {"file": "m.xyz"}, "m.xyz"),
        (b"no gzip", {"file": "m.csv.gz"}, "m.csv.gz"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, spec, said):
    assert said in refused(tmp_path, content, **spec).message


def test_a_column_that_no_row_has_brings_the_near_one(tmp_path):
    assert refused(tmp_path, "code,nmae\nA,alpha\n").hint == "did you mean `nmae`?"


# ---- in a build


@pytest.fixture
def kitchen(tmp_path):
    """Three rows, of gsd 1, 2, 3; the platform is looked up by gsd in a file."""
    kitchen = Kitchen(tmp_path / "k")
    rule = {"from": "gsd", "lookup": {"file": "tables/m.csv", "key": "code", "value": "name"}}
    kitchen.recipe["mappings"]["plain"]["properties"]["platform"] = rule
    kitchen.save()
    kitchen.write("tables/m.csv", "code,name\n1,alpha\n2,beta\n3,gamma\n")
    return kitchen


def platforms(kitchen):
    return [item["properties"]["platform"] for item in kitchen.items()]


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_items_take_what_the_file_says(kitchen, executor):
    kitchen.recipe["build"] = {"executor": executor, "jobs": 2}
    kitchen.save()
    kitchen.build()
    assert platforms(kitchen) == ["alpha", "beta", "gamma"]


def test_a_changed_lookup_runs_transform_of_its_mapping_and_then_what_came_out_otherwise(kitchen):
    kitchen.build()
    kitchen.write("tables/m.csv", "code,name\n1,ALPHA\n2,beta\n3,gamma\n")
    stale = kitchen.ask("status")["stale"]
    assert {
        reason["code"] for target in stale if target["target"].startswith("item:") for reason in target["reasons"]
    } == {"lookup-changed"}
    assert ran(kitchen.build()) == {"transform": 3, "validate": 1, "write": 1}
    assert platforms(kitchen) == ["ALPHA", "beta", "gamma"]


def test_a_lookup_that_is_touched_moved_or_written_otherwise_runs_nothing(kitchen):
    kitchen.build()
    os.utime(kitchen / "tables/m.csv")
    assert ran(kitchen.build()) == {}
    kitchen.write("tables/m.csv", "code,name\r\n3,gamma\r\n2,beta\r\n1,alpha\r\n")
    assert ran(kitchen.build()) == {}
    rule = kitchen.recipe["mappings"]["plain"]["properties"]["platform"]
    rule["lookup"] = {"file": "other.json", "key": "k.c", "value": "n"}
    kitchen.save()
    names = {"1": "alpha", "2": "beta", "3": "gamma"}
    kitchen.write("other.json", json.dumps([{"k": {"c": code}, "n": name} for code, name in names.items()]))
    assert ran(kitchen.build()) == {}


def test_undoing_a_change_of_a_lookup_runs_nothing_but_write(kitchen):
    kitchen.build()
    before = (kitchen / "tables/m.csv").read_bytes()
    kitchen.write("tables/m.csv", "code,name\n1,x\n2,y\n3,z\n")
    kitchen.build()
    kitchen.write("tables/m.csv", before)
    assert ran(kitchen.build()) == {"write": 3}


def test_an_id_that_is_looked_up_follows_the_file(kitchen):
    kitchen.recipe["mappings"]["plain"]["id"] = kitchen.recipe["mappings"]["plain"]["properties"]["platform"]
    kitchen.save()
    kitchen.build()
    assert kitchen.ids() == ["alpha", "beta", "gamma"]
    kitchen.write("tables/m.csv", "code,name\n1,one\n2,beta\n3,gamma\n")
    assert kitchen.build()["items"]["deleted"] == 1
    assert kitchen.ids() == ["beta", "gamma", "one"]


def test_a_value_without_entry_costs_its_record(kitchen):
    kitchen.write("tables/m.csv", "code,name\n1,alpha\n2,beta\n")
    kitchen.build(exit_=1)
    (failure,) = kitchen.failures()
    assert (failure["code"], failure["path"]) == ("SB202", "/properties/platform")
    assert "tables/m.csv" in failure["message"]


@pytest.mark.parametrize("command", ["build", "status", "check"])
def test_a_missing_file_ends_the_command_and_names_the_line(kitchen, command):
    (kitchen / "tables/m.csv").unlink()
    done = kitchen.run(command)
    assert done.exit == 2
    assert "SB118" in done.err + done.out
    assert "stacbuild.toml:" in done.err + done.out


def test_a_file_that_is_not_there_brings_where_paths_begin(tmp_path):
    with pytest.raises(RecipeError) as caught:
        read(tmp_path, LookupFile(file="none.csv", key="code"))
    assert caught.value.problems[0].hint == "paths are relative to the recipe's folder"


def test_lookup_file_is_relative_to_the_recipe(kitchen, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    kitchen.build()
    assert platforms(kitchen) == ["alpha", "beta", "gamma"]


def test_a_file_that_has_not_moved_is_not_read_until_there_is_work(kitchen, monkeypatch):
    kitchen.build()
    time.sleep(0.05)  # what was looked at within a clock tick of its change is looked at again
    kitchen.rows([row(5, gsd="3"), row(0)])
    kitchen.build()
    read = []
    monkeypatch.setattr("stacbuild.furnish._now", lambda root, spec: read.append(spec) or lookups.read(root, spec))
    assert ran(kitchen.build()) == {}
    kitchen.ask("status")
    assert read == []
    kitchen.rows([row(5, gsd="3"), row(0), row(6, gsd="1")])
    assert ran(kitchen.build())["transform"] == 1
    assert len(read) == 1


def test_a_file_that_changes_while_it_is_used_ends_the_build(kitchen, monkeypatch):
    kitchen.build()
    time.sleep(0.05)
    kitchen.rows([row(5, gsd="3"), row(0)])
    kitchen.build()
    kitchen.rows([row(5, gsd="3"), row(0), row(6, gsd="1")])
    kitchen.write("tables/m.csv", "code,name\n1,other\n")
    monkeypatch.setattr("stacbuild.furnish.moved", lambda known, stamp: False)
    done = kitchen.run("build")
    assert done.exit == 2
    assert "changed while it was used" in done.err


def test_lookup_file_is_locked_by_what_it_says(kitchen):
    kitchen.ask("lock", exit_=0)
    kitchen.write("tables/m.csv", "name,code\nalpha,1\nbeta,2\ngamma,3\n")
    assert kitchen.run("verify", "--locked").exit == 0
    kitchen.write("tables/m.csv", "code,name\n1,alpha\n2,beta\n3,delta\n")
    done = kitchen.run("verify", "--locked")
    assert (done.exit, "mappings" in done.out) == (3, True)
