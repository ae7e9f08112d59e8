"""A store and a memory with flipped bits, cut short or gone: never a wrong output; locks; why."""

import fcntl
import json
import os
import shutil
import subprocess

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


def flip(path, share):
    blob = bytearray(path.read_bytes())
    if blob:
        blob[int((len(blob) - 1) * share)] ^= 0x55
        path.write_bytes(blob)


def forget(kitchen):
    shutil.rmtree(kitchen / ".stacbuild/memory")


def same_as_fresh(kitchen, tmp_path):
    fresh = Kitchen(tmp_path / "fresh", rows=None)
    fresh.recipe = kitchen.recipe
    fresh.save()
    fresh.write("rows.csv", (kitchen / "rows.csv").read_bytes())
    fresh.build(exit_=None)
    return fresh.tree("dist") == kitchen.tree("dist")


# --- the store


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_flipped_bits_in_the_store_are_misses_never_wrong_outputs(kitchen, tmp_path, share):
    kitchen.build()
    for path in files_of(kitchen, ".stacbuild/cache"):
        flip(path, share)
    shutil.rmtree(kitchen / "dist")
    kitchen.build()
    assert same_as_fresh(kitchen, tmp_path)
    assert kitchen.run("status", "--check").exit == 0


@pytest.mark.parametrize("size", [0, 10, 1000])
def test_a_store_that_was_cut_short_is_made_again(kitchen, tmp_path, size):
    kitchen.build()
    for path in files_of(kitchen, ".stacbuild/cache"):
        path.write_bytes(path.read_bytes()[:size])
    forget(kitchen)
    shutil.rmtree(kitchen / "dist")
    kitchen.build()
    assert same_as_fresh(kitchen, tmp_path)


def test_every_byte_of_a_small_store_may_be_wrong(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=2, cache={"backend": "filesystem"})
    kitchen.build()
    good = {path: path.read_bytes() for path in files_of(kitchen, ".stacbuild/cache")}
    before = kitchen.tree("dist")
    for path, blob in good.items():
        for share in (0.01, 0.3, 0.6, 0.99):
            for other, content in good.items():
                other.parent.mkdir(parents=True, exist_ok=True)
                other.write_bytes(content)
            path.write_bytes(blob)
            flip(path, share)
            shutil.rmtree(kitchen / "dist")
            kitchen.build()
            assert kitchen.tree("dist") == before


def test_the_store_may_go_without_a_word(kitchen):
    kitchen.build()
    shutil.rmtree(kitchen / ".stacbuild/cache")
    assert ran(kitchen.build()) == {}
    kitchen.rows([row(0, gsd="5"), *(row(number) for number in range(1, 8))])
    assert ran(kitchen.build())["transform"] >= 1
    assert len(kitchen.ids()) == 8


def test_a_store_that_is_a_file_is_exit_6_in_words(one):
    one.write(".stacbuild/cache", "mine")
    done = one.run("build")
    assert done.exit == 6
    assert "store" in done.err
    assert one.ask("build", exit_=6)["error"]["code"].startswith("SB6")
    assert (one / ".stacbuild/cache").read_text() == "mine"


def test_the_store_holds_no_pickle(one):
    one.build()
    blobs = b"".join(path.read_bytes() for path in files_of(one, ".stacbuild/cache"))
    assert b"cpickle" not in blobs.lower()
    assert b"\x80\x04\x95" not in blobs


# --- the memory


@pytest.mark.parametrize("name", ["head", "rows-*", "delivered-*"])
@pytest.mark.parametrize("how", ["gone", "empty", "half", "flipped", "noise"])
def test_a_damaged_memory_is_lost_memory_and_runs_nothing(one, tmp_path, name, how):
    one.build()
    before = one.tree("dist")
    found = sorted((one / ".stacbuild/memory/stacbuild.toml").glob(name))
    assert found
    for path in found:
        blob = path.read_bytes()
        path.unlink()
        if how != "gone":
            spoiled = {"empty": b"", "half": blob[: len(blob) // 2], "noise": os.urandom(len(blob))}
            path.write_bytes(spoiled.get(how, blob))
        if how == "flipped":
            flip(path, 0.7)
    for command in (["status"], ["ls"], ["why", "item:i1"], ["build", "-n"]):
        assert one.run(*command).exit == 0
    document = one.build()
    assert ran(document) == {}
    assert one.tree("dist") == before
    assert ran(one.build()) == {}
    assert one.run("status", "--check").exit == 0


@pytest.mark.parametrize("text", ["", "{", "\0\0\0", '["..", [1]]\n[[[[', "[" * 5000])
def test_a_spoiled_intent_is_passed_over_and_nothing_outside_is_touched(one, text):
    one.write("x", "mine")
    one.build()
    before = one.tree()
    one.write(".stacbuild/memory/stacbuild.toml/intent", text)
    assert one.build()["items"]["total"] == 3
    assert one.tree() == before


@pytest.mark.parametrize("how", ["gone", "empty", "half", "noise", "lies"])
def test_a_spoiled_manifest_costs_nothing_while_the_memory_is_there(one, how):
    one.build()
    manifest = one / "dist/.stacbuild-manifest/site/00"
    good = manifest.read_bytes()
    manifest.unlink()
    one.write("precious.txt", "mine")
    lie = b'{"path":"../precious.txt","size":4,"sha256":"00"}\n{"path":"/etc/passwd","size":1,"sha256":"zz"}\n{"path":'
    if how != "gone":
        manifest.write_bytes({"empty": b"", "half": good[: len(good) // 2], "noise": b"\xff\0" * 99}.get(how, lie))
    assert one.build()["items"]["total"] == 3
    forget(one)
    done = one.run("build", "--adopt")
    assert done.exit == 0
    assert (one / "precious.txt").read_text() == "mine"
    one.run("clean", "--force")
    assert (one / "precious.txt").read_text() == "mine"


def test_both_lost_and_the_outputs_there_are_compared_not_rewritten(one):
    one.build()
    written = [path for path in files_of(one, "dist") if ".stacbuild-manifest" not in path.parts]
    stamps = [path.stat().st_mtime_ns for path in written]
    shutil.rmtree(one / ".stacbuild")
    document = one.build()
    assert ran(document) == {"fetch": 3, "transform": 3, "validate": 3}
    assert [path.stat().st_mtime_ns for path in written] == stamps


def test_a_state_folder_that_is_a_file_is_exit_6_in_words(one):
    one.write(".stacbuild", "mine")
    for command in (["build"], ["clean"], ["gc"]):
        done = one.run(*command)
        assert done.exit == 6
        assert ".stacbuild" in done.err
    assert one.run("status").exit in (0, 6)
    assert one.run("check").exit == 0


# --- two recipes, folders, locks


def test_two_recipes_in_a_folder_share_the_store_and_nothing_else(one):
    one.rows([row(0), row(1, lon="x")])
    one.build(exit_=1)
    one.recipe["outputs"] = {"lines": {"kind": "ndjson", "path": "other/{collection}.ndjson"}}
    one.save("other.toml")
    document = one.build("-f", "other.toml", exit_=1)
    assert ran(document) == {"write": 1}
    assert document["failures"]["path"] != ".stacbuild/failures.ndjson"
    assert (one / document["failures"]["path"]).exists()
    one.run("clean", "-f", "other.toml", "--all")
    assert (one / "dist/one.ndjson").exists()
    assert (one / ".stacbuild/failures.ndjson").exists()
    assert one.run("status").exit == 0


def test_a_lock_that_is_held_is_exit_5_and_readers_do_not_wait(one):
    one.build()
    path = one / ".stacbuild/lock/stacbuild.toml"
    with path.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(b'{"pid": 4711, "host": "elsewhere", "since": "now", "command": "stacbuild build"}')
        held.flush()
        done = one.run("build", "--no-wait")
        assert done.exit == 5
        assert "4711" in done.err
        assert one.build("--no-wait", exit_=5)["error"]["code"] == "SB605"
        for command in (["status"], ["ls"], ["why", "item:i1"], ["build", "-n"], ["check"]):
            assert one.run(*command).exit == 0
    assert one.run("build", "--no-wait").exit == 0


@pytest.fixture
def read_only():
    """Give a function that makes a folder one that may only be read."""
    mounted = []

    def mount(folder):
        bind = ["mount", "--bind", str(folder), str(folder)]
        remount = ["mount", "-o", "remount,bind,ro", str(folder)]
        for command in (bind, remount):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"no read-only file system can be mounted here: {done.stderr.strip()}")
            mounted.append(folder)

    yield mount
    for folder in mounted[:1]:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_folder_that_may_only_be_read_is_exit_6_for_builds_and_no_matter_for_readers(one, read_only):
    one.build()
    one.rows([row(0), row(1)])
    read_only(one.folder)
    for command in (["build"], ["clean"], ["gc"], ["build", "--force"]):
        done = one.run(*command)
        assert done.exit == 6
        assert "Read-only" in done.err
        assert one.ask(*command, exit_=6)["error"]["code"].startswith("SB6")
    for command in (["status"], ["ls"], ["why", "item:i1"], ["check"]):
        assert one.run(*command).exit == 0


def test_a_new_folder_that_may_only_be_read_can_be_checked(one, read_only):
    read_only(one.folder)
    assert one.run("build").exit == 6
    for command in (["status"], ["ls"], ["check"]):
        assert one.run(*command).exit == 0


# --- status and why


def test_why_tells_before_after_and_the_line_of_the_recipe(one):
    one.build()
    one.recipe["mappings"]["plain"]["assets"]["data"]["href"] = {"template": "https://example.org/{key}.tif"}
    one.save()
    (line,) = [
        number
        for number, text in enumerate((one / "stacbuild.toml").read_text().splitlines(), 1)
        if text.startswith('"assets"')
    ]
    for document in (one.ask("why", "item:i1", exit_=0), one.ask("status", exit_=0)["stale"][0]):
        (reason,) = [one for one in document["reasons"] if one["code"] == "mapping-changed"]
        assert reason["what"] == "mappings.plain.assets.data.href.template"
        assert reason["before"] == "https://example.com/{key}.tif"
        assert reason["after"] == "https://example.org/{key}.tif"
        assert f"stacbuild.toml:{line}" in reason["at"]
    assert one.run("status", "--check").exit == 3
    one.build()
    assert one.ask("why", "item:i1", exit_=0)["verdict"] == "fresh"


def test_validation_levels_are_judged_from_stored_verdicts(one):
    one.recipe["mappings"]["plain"]["properties"]["license"] = {"from": "note", "default": 5}
    one.rows([row(0, note="MIT"), row(1)])
    totals = []
    for level, exit_ in (("strict", 1), ("warn", 0), ("strict", 1), ("warn", 0), ("off", 0), ("strict", 1)):
        one.recipe["validation"] = {"level": level}
        one.save()
        document = one.build(exit_=exit_)
        totals.append(
            (level, document["items"]["total"], document["failures"]["count"], ran(document).get("validate", 0))
        )
        severities = {failure.get("severity", "error") for failure in one.failures()}
        assert severities == {"strict": {"error"}, "warn": {"warning"}, "off": set()}[level]
        assert bool(document["warnings"]) == (level == "warn")
    assert [total[:3] for total in totals] == [
        ("strict", 1, 1),
        ("warn", 2, 0),
        ("strict", 1, 1),
        ("warn", 2, 0),
        ("off", 2, 0),
        ("strict", 1, 1),
    ]
    assert [total[3] for total in totals] == [2, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("rule", ["warn", "fail"])
def test_an_item_whose_schema_is_not_at_hand_is_told(one, rule):
    url = "https://example.com/nowhere/v1.0.0/schema.json"
    one.recipe["mappings"]["plain"]["stac_extensions"] = {"value": [url]}
    one.recipe["validation"] = {"missing-schemas": rule}
    one.save()
    document = one.build(exit_=0 if rule == "warn" else 1)
    assert document["items"]["total"] == (3 if rule == "warn" else 0)
    assert {failure.get("severity", "error") for failure in one.failures()} == {
        "warning" if rule == "warn" else "error"
    }
    assert all(url in failure["message"] for failure in one.failures())
    assert rule == "fail" or document["warnings"]
    one.write("schemas/https/example.com/nowhere/v1.0.0/schema.json", json.dumps({"type": "object"}))
    one.recipe["validation"]["schemas"] = ["schemas"]
    one.save()
    assert one.build()["items"]["total"] == 3
    assert one.failures() == []


@pytest.mark.parametrize(
    "schema",
    ["", "{", "[]", '{"type": 5}', '{"$ref": "nowhere.json"}', '{"pattern": "("}', "\xff", "null"],
)
def test_a_broken_schema_is_a_verdict_of_its_own_not_a_crash(one, schema):
    url = "https://example.com/x/schema.json"
    one.recipe["mappings"]["plain"]["stac_extensions"] = {"value": [url]}
    one.recipe["validation"] = {"schemas": {url: "x.json"}}
    one.save()
    one.write("x.json", schema.encode("latin-1"))
    document = one.build(exit_=None)
    assert document["exit"] in (0, 1)
    assert one.failures()
    assert "x.json" in json.dumps(one.failures()) or url in json.dumps(one.failures())
    one.write("x.json", '{"type": "object"}')
    assert one.build()["items"]["total"] == 3
    assert one.failures() == []
