"""gc keeps what current versions and other recipes need, also what failed; a dry one drops nothing."""

import shutil

import pytest
from kitchen import Kitchen, ran, row

BACKENDS = ("embedded", "filesystem")


@pytest.fixture(params=BACKENDS)
def kitchen(tmp_path, request):
    return Kitchen(tmp_path / "here", rows=8, cache={"backend": request.param})


@pytest.fixture
def one(tmp_path):
    return Kitchen(tmp_path / "here")


def files_of(kitchen, folder):
    return sorted(path for path in (kitchen / folder).rglob("*") if path.is_file())


def forget(kitchen):
    shutil.rmtree(kitchen / ".stacbuild/memory")


def test_gc_keeps_what_current_versions_need(kitchen):
    kitchen.build()
    kitchen.rows([row(number, gsd="3") for number in range(6)])
    kitchen.build()
    before = kitchen.tree("dist")
    document = kitchen.ask("gc", "--max-age", "0s", exit_=0)
    assert document["entries"]["removed"] == document["entries"]["before"] - document["entries"]["after"]
    kitchen.ask("gc", "--max-size", "0B", exit_=0)
    forget(kitchen)
    shutil.rmtree(kitchen / "dist")
    assert ran(kitchen.build()) == {"write": 6}
    assert kitchen.tree("dist") == before


def test_gc_keeps_what_failed_too(kitchen):
    kitchen.rows([row(0), row(1, lon="x"), row(2, gsd="y"), "a,b"])
    kitchen.recipe["mappings"]["plain"]["properties"]["license"] = {"from": "note", "default": 5}
    kitchen.save()
    kitchen.build(exit_=1)
    kitchen.ask("gc", "--max-age", "0s", "--max-size", "0B", exit_=0)
    forget(kitchen)
    assert ran(kitchen.build(exit_=1)) == {}


def test_gc_of_one_recipe_keeps_what_another_needs(one):
    one.build()
    one.recipe["mappings"]["plain"]["properties"]["x"] = {"value": 1}
    one.recipe["outputs"] = {"lines": {"kind": "ndjson", "path": "other/{collection}.ndjson"}}
    one.save("other.toml")
    one.build("-f", "other.toml")
    assert one.run("gc", "--max-age", "0s", "--max-size", "0B").exit == 0
    shutil.rmtree(one / ".stacbuild/memory")
    shutil.rmtree(one / "other")
    assert ran(one.build("-f", "other.toml")) == {"write": 3}
    assert ran(one.build()) == {}


def test_a_dry_gc_drops_nothing(kitchen):
    kitchen.build()
    kitchen.rows([row(0)])
    kitchen.build()
    before = {
        path: path.read_bytes() for path in files_of(kitchen, ".stacbuild/cache") if not path.name.endswith("-shm")
    }
    assert kitchen.ask("gc", "-n", "--max-age", "0s", exit_=0)["dry_run"] is True
    kitchen.run("gc", "-n")
    after = {
        path: path.read_bytes() for path in files_of(kitchen, ".stacbuild/cache") if not path.name.endswith("-shm")
    }
    assert after.keys() == before.keys()
