"""`verify --outputs`: every file and every chunk is read; what is missing, edited or damaged is listed, and mended by
the next build, not by looking."""

import os
import shutil

import pytest
from kitchen import Kitchen, row

BACKENDS = ("embedded", "filesystem")


@pytest.fixture(params=BACKENDS)
def stored(tmp_path, request):
    kitchen = Kitchen(tmp_path / "here", rows=8, cache={"backend": request.param})
    kitchen.build()
    return kitchen


@pytest.fixture
def kitchen(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=4)
    kitchen.build()
    return kitchen


ITEM = "dist/site/one/i1/i1.json"


def verify(kitchen, *argv):
    """Return what `verify` says is wrong, after checking that its exit status says so too."""
    done = kitchen.ask("verify", *(argv or ["--outputs"]))
    found = {(one.get("path") or one["target"], one["what"]) for one in wrongs(done)}
    assert done["exit"] == (4 if found else 0)
    return found


def wrongs(done):
    return done["outputs"]["wrong"] + done["store"]["wrong"]


def flip(path, at=-10):
    blob = bytearray(path.read_bytes())
    blob[at] ^= 1
    stat = path.stat()
    path.write_bytes(blob)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def everything(kitchen):
    return kitchen.tree("dist", ".stacbuild/memory")


def test_what_was_just_built_is_as_promised(stored):
    before = everything(stored)
    done = stored.ask("verify", "--outputs", exit_=0)
    assert done["outputs"]["files"] == len([path for path in stored.tree("dist") if "manifest" not in path])
    assert (done["outputs"]["wrong"], done["outputs"]["foreign"], done["outputs"]["restored"]) == ([], [], False)
    assert (done["store"]["chunks"], done["store"]["wrong"], done["store"]["known"]) == (1, [], True)
    assert (done["locked"], done["sample"]) == (None, None)
    assert everything(stored) == before


def test_without_options_outputs_and_the_lock_if_there_is_one_are_verified(kitchen):
    assert kitchen.ask("verify", exit_=0)["locked"] is None
    kitchen.ask("lock")
    done = kitchen.ask("verify", exit_=0)
    assert done["locked"] == {"path": "stacbuild.lock", "moved": []}
    assert done["outputs"]["files"] > 0
    assert kitchen.ask("verify", "--locked", exit_=0)["outputs"] is None
    kitchen.recipe["catalog"]["title"] = "Other"
    kitchen.save()
    assert kitchen.ask("verify", exit_=3)["outputs"]["wrong"] == []
    (kitchen / ITEM).unlink()
    assert len(kitchen.ask("verify", exit_=4)["locked"]["moved"]) == 1


def test_one_flipped_byte_under_the_old_stamp_is_found(kitchen):
    flip(kitchen / ITEM)
    flip(kitchen / "dist/one.ndjson")
    assert verify(kitchen) == {(ITEM, "edited"), ("dist/one.ndjson", "edited")}
    assert f"    {ITEM}: it holds other bytes than were written\n" in kitchen.run("verify").out


def test_file_that_is_gone_is_missing(kitchen):
    shutil.rmtree(kitchen / "dist/site/one/i1")
    (kitchen / "dist/site/catalog.json").unlink()
    assert verify(kitchen) == {(ITEM, "missing"), ("dist/site/catalog.json", "missing")}


def folder(path):
    path.mkdir()


def pipe(path):
    os.mkfifo(path)


def link(path):
    other = path.with_name("other")
    other.write_text("{}")
    path.symlink_to(other)


def dangling(path):
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("put", "what", "words"),
    [
        (folder, "edited", "no file stands there"),
        (pipe, "edited", "no file stands there"),
        (link, "edited", "other bytes than were written (a symbolic link"),
        (dangling, "missing", "it is not there (a symbolic link"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_stands_in_the_place_of_a_file_is_told(kitchen, put, what, words):
    (kitchen / ITEM).unlink()
    put(kitchen / ITEM)
    assert verify(kitchen) == {(ITEM, what)}
    assert words in kitchen.run("verify").out


@pytest.mark.parametrize("put", [pipe, link, dangling], ids=lambda value: value.__name__)
def test_next_build_mends_what_verify_found(kitchen, put):
    before = kitchen.tree("dist")
    flip(kitchen / "dist/site/one/i2/i2.json")
    os.utime(kitchen / "dist/site/one/i2/i2.json")
    (kitchen / ITEM).unlink()
    put(kitchen / ITEM)
    assert len(verify(kitchen)) == 2
    kitchen.build()
    assert verify(kitchen) == set()
    assert {path: blob for path, blob in kitchen.tree("dist").items() if not path.endswith("other")} == before


def test_files_of_others_are_listed_and_are_not_wrong(kitchen):
    kitchen.write("dist/site/one/old.json", "{}")
    kitchen.write("dist/else.txt", "not in a folder of ours")
    done = kitchen.ask("verify", "--outputs", exit_=0)
    assert done["outputs"]["foreign"] == ["dist/site/one/old.json"]
    assert "dist/site/one/old.json: no build wrote it" in kitchen.run("verify").out


def test_many_wrong_files_are_all_in_json_and_few_on_the_screen(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=40)
    kitchen.build()
    shutil.rmtree(kitchen / "dist/site")
    assert len(verify(kitchen)) == 42
    shown = kitchen.run("verify").out
    assert "and 22 more" in shown
    assert shown.count("it is not there") == 20


# --- manifests, lost memory


def part(kitchen, output="site"):
    return kitchen / f"dist/.stacbuild-manifest/{output}/00"


def cut(path):
    path.write_bytes(path.read_bytes()[:-5])


def turned(path):
    path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("damage", [cut, turned], ids=["cut", "turned"])
def test_damaged_manifest_is_found_and_force_writes_it_anew(kitchen, damage, lost):
    good = part(kitchen).read_bytes()
    damage(part(kitchen))
    if lost:
        shutil.rmtree(kitchen / ".stacbuild/memory")
    name = "dist/.stacbuild-manifest/site/00"
    assert (name, "manifest-damaged") in verify(kitchen)
    assert "--force" in kitchen.run("verify").out
    kitchen.build("--force")
    assert verify(kitchen) == set()
    assert part(kitchen).read_bytes() == good


def test_what_a_targeted_build_leaves_alone_is_told_with_its_size_though_what_was_delivered_was_lost(kitchen):
    for sheets in (kitchen / ".stacbuild/memory").glob("*/sheets-*"):
        sheets.unlink()
    kitchen.rows([row(0, note="new"), *map(row, range(1, 4))])
    kitchen.build("item:one/i0")
    assert '"size":0' not in part(kitchen).read_text()
    kitchen.build()
    assert verify(kitchen) == set()


def test_missing_manifest_is_found(kitchen):
    part(kitchen).unlink()
    assert verify(kitchen) == {("dist/.stacbuild-manifest/site/00", "manifest-missing")}


def test_force_leaves_a_good_manifest_alone(kitchen):
    before = part(kitchen).stat()
    kitchen.build("--force")
    now = part(kitchen).stat()
    assert (now.st_ino, now.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_with_memory_lost_the_manifests_say_what_was_promised(kitchen):
    shutil.rmtree(kitchen / ".stacbuild/memory")
    done = kitchen.ask("verify", "--outputs", exit_=0)
    assert done["outputs"]["restored"] is True
    flip(kitchen / ITEM)
    (kitchen / "dist/one.ndjson").unlink()
    assert verify(kitchen) == {(ITEM, "edited"), ("dist/one.ndjson", "missing")}


@pytest.mark.parametrize("line", ['{"path":"x","size":1,"sha256":"zz"}', '{"path":"../x","size":1,"sha256":""}', "7"])
def test_manifest_of_rubbish_is_no_crash(kitchen, line):
    part(kitchen).write_text(f"{line}\n")
    shutil.rmtree(kitchen / ".stacbuild/memory")
    assert verify(kitchen) == {("dist", "unbuilt")}
    kitchen.build()


def test_what_was_never_built_is_not_as_promised(tmp_path):
    kitchen = Kitchen(tmp_path / "here", rows=2)
    assert {what for _, what in verify(kitchen)} == {"unbuilt"}
    assert "it was never built" in kitchen.run("verify").out


def test_output_that_the_recipe_moved_since_is_looked_at_where_it_was_built(kitchen):
    kitchen.recipe["outputs"]["lines"]["path"] = "elsewhere/{collection}.ndjson"
    kitchen.save()
    assert verify(kitchen) == set()


def test_damaged_memory_is_no_crash(kitchen):
    for path in (kitchen / ".stacbuild/memory/stacbuild.toml").glob("rows-*"):
        path.write_bytes(b"rubbish" + path.read_bytes()[7:])
    done = kitchen.ask("verify", "--outputs", exit_=0)
    assert (done["store"]["known"], done["store"]["chunks"]) == (False, 1)
    (kitchen / ".stacbuild/memory/stacbuild.toml/head").write_bytes(b"rubbish")
    assert kitchen.ask("verify", "--outputs", exit_=0)["outputs"]["restored"] is True


# --- the store


def chunks(kitchen):
    return [path for path in (kitchen / ".stacbuild/cache").rglob("*") if path.is_file() and "cas" in path.parts]


@pytest.mark.parametrize("lost", [False, True])
def test_damaged_chunk_is_found_and_left_as_it_is(tmp_path, lost):
    kitchen = Kitchen(tmp_path / "here", rows=8, cache={"backend": "filesystem"})
    kitchen.build()
    (chunk,) = chunks(kitchen)
    flip(chunk)
    if lost:
        shutil.rmtree(kitchen / ".stacbuild/memory")
    for _ in range(2):
        (wrong,) = kitchen.ask("verify", "--outputs", exit_=4)["store"]["wrong"]
        assert (wrong["target"], wrong["what"]) == (f"chunk:{chunk.name}", "damaged")
    assert ("8 items" in wrong["message"]) is not lost
    assert chunk.exists()


def test_missing_chunk_is_found_and_force_makes_it_again(stored):
    name = stored.ask("verify", "--outputs")["store"]
    assert name["chunks"] == 1
    if chunks(stored):
        chunks(stored)[0].unlink()
    else:
        shutil.rmtree(stored / ".stacbuild/cache")
    assert {what for _, what in verify(stored)} == {"missing"}
    assert "--force" in stored.run("verify").out
    stored.build("--force")
    assert verify(stored) == set()
