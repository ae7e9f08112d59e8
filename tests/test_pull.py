"""`schemas pull`: what comes into the store and the lock, from servers of every mood and from folders."""

import hashlib
import json
import tomllib

import pytest
from kitchen import Kitchen, ran
from web import Server

from stacbuild.net import Net

EXTENSION = "https://example.com/ours/v1.0.0/schema.json"


def digest(blob):
    return hashlib.sha256(blob).hexdigest()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def waits(monkeypatch):
    """Return the list of the waits between tries, which are not waited."""
    waited = []
    monkeypatch.setattr(Net.__init__, "__kwdefaults__", {**Net.__init__.__kwdefaults__, "sleep": waited.append})
    return waited


# ---- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def kitchen(tmp_path):
    return Kitchen(tmp_path / "k")


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def pulled(kitchen, store, *argv, exit_=0):
    """Pull with --json; return URL → state, and the whole document."""
    document = kitchen.ask("schemas", "pull", *argv, exit_=exit_, env={"STACBUILD_SCHEMAS": str(store)})
    return {told["url"]: told["state"] for told in document["schemas"]}, document


def mirror_of(kitchen, **schemas):
    """Lay out schemas by URL: file name below example.com/ours/v1.0.0 → document."""
    for name, document in schemas.items():
        kitchen.write(f"mirror/https/example.com/ours/v1.0.0/{name}.json", json.dumps(document))
    return str(kitchen / "mirror")


def declares(kitchen, *urls):
    kitchen.recipe["mappings"]["plain"]["stac_extensions"] = {"value": list(urls)}
    kitchen.save()


RULE = {"properties": {"properties": {"properties": {"gsd": {"maximum": 1}}}}}


def test_urls_are_pulled_with_what_they_refer_to_and_no_recipe(kitchen, store, server, waits):
    first = server.schema(
        "/a.json", {"allOf": [{"$ref": "b.json#/x"}, {"$ref": "http://json-schema.org/draft-07/schema#"}]}
    )
    second = server.schema("/b.json", {"x": {"$ref": "a.json"}})
    (kitchen / "stacbuild.toml").unlink()
    states, document = pulled(kitchen, store, f"{server.url}/a.json", "--allow", "127.0.0.1")
    assert states == {f"{server.url}/a.json": "fetched", f"{server.url}/b.json": "fetched"}
    assert document["command"] == "schemas pull"
    assert document["lock"] is None
    port = server.url.rpartition(":")[2]
    for name, blob in (("a", first), ("b", second)):
        assert (store / f"http/127.0.0.1:{port}/{name}.json").read_bytes() == blob
    before = len(server.asked)
    states, _ = pulled(kitchen, store, f"{server.url}/a.json", "--allow", "127.0.0.1")
    assert set(states.values()) == {"kept"}
    assert len(server.asked) == before


def test_json_document_is_this(kitchen, store, server, waits):
    blob = server.schema("/a.json", {})
    _, document = pulled(
        kitchen, store, f"{server.url}/a.json", f"{server.url}/no.json", "--allow", "127.0.0.1", exit_=1
    )
    assert document.pop("seconds") >= 0
    assert document.pop("stacbuild")
    zero = {"updated": 0, "kept": 0, "present": 0, "unusable": 0, "changed": 0}
    assert document == {
        "format": 1,
        "command": "schemas pull",
        "exit": 1,
        "error": None,
        "recipe": None,
        "lock": None,
        "store": str(store),
        "counts": {**zero, "fetched": 1, "unavailable": 1},
        "schemas": [
            {"url": f"{server.url}/a.json", "state": "fetched", "digest": digest(blob), "why": None},
            {
                "url": f"{server.url}/no.json",
                "state": "unavailable",
                "digest": None,
                "why": "the server answers 404 Not Found",
            },
        ],
    }


def test_recipe_knows_from_mapping_and_last_build_and_items_are_judged_again(kitchen, store):
    declares(kitchen, EXTENSION)
    mirror = mirror_of(kitchen, schema={**RULE, "$ref": "more.json"}, more={})
    env = {"STACBUILD_SCHEMAS": str(store)}
    kitchen.build(env=env)
    assert {line["code"] for line in kitchen.failures()} == {"SB302"}
    states, document = pulled(kitchen, store, "--from", mirror)
    more = EXTENSION.replace("schema.json", "more.json")
    assert {url: state for url, state in states.items() if "example.com" in url} == {
        EXTENSION: "fetched",
        more: "fetched",
    }
    assert all(state == "present" for url, state in states.items() if "example.com" not in url)
    assert document["lock"] == "stacbuild.lock"
    status = kitchen.ask("status", exit_=0, env=env)
    codes = {reason["code"] for stale in status["stale"] for reason in stale["reasons"]}
    assert codes == {"schema-changed"}
    built = kitchen.build(exit_=1, env=env)
    assert ran(built) == {"validate": 3}  # their items leave the outputs: nothing is written
    assert {line["code"] for line in kitchen.failures()} == {"SB301"}


def test_schemas_are_pinned_and_the_lock_keeps_its_other_parts(kitchen, store):
    declares(kitchen, EXTENSION)
    kitchen.ask("lock", exit_=0)
    before = tomllib.loads((kitchen / "stacbuild.lock").read_text())
    mirror = mirror_of(kitchen, schema=RULE)
    pulled(kitchen, store, "--from", f"file://{mirror}")
    after = tomllib.loads((kitchen / "stacbuild.lock").read_text())
    blob = (kitchen / "mirror/https/example.com/ours/v1.0.0/schema.json").read_bytes()
    assert after.pop("schemas") == [{"url": EXTENSION, "digest": digest(blob)}]
    before.pop("schemas", None)
    assert after == before
    _, document = pulled(kitchen, store, "--from", mirror)
    assert document["lock"] is None  # it says so already


def test_schema_that_changed_upstream_is_told_and_taken_only_on_demand(kitchen, store):
    declares(kitchen, EXTENSION)
    mirror = mirror_of(kitchen, schema=RULE)
    pulled(kitchen, store, "--from", mirror)
    old = (store / "https/example.com/ours/v1.0.0/schema.json").read_bytes()
    mirror_of(kitchen, schema={})
    assert pulled(kitchen, store, "--from", mirror)[0][EXTENSION] == "kept"
    states, document = pulled(kitchen, store, "--from", mirror, "--refresh", exit_=1)
    assert states[EXTENSION] == "changed"
    (told,) = [told for told in document["schemas"] if told["state"] == "changed"]
    assert "--update takes it" in told["why"]
    assert (store / "https/example.com/ours/v1.0.0/schema.json").read_bytes() == old
    assert pulled(kitchen, store, "--from", mirror, "--update")[0][EXTENSION] == "updated"
    assert (store / "https/example.com/ours/v1.0.0/schema.json").read_bytes() == b"{}"
    lock = tomllib.loads((kitchen / "stacbuild.lock").read_text())
    assert lock["schemas"] == [{"url": EXTENSION, "digest": digest(b"{}")}]


def test_store_of_another_machine_is_brought_to_what_is_pinned(kitchen, store, tmp_path):
    declares(kitchen, EXTENSION)
    mirror = mirror_of(kitchen, schema=RULE)
    pulled(kitchen, store, "--from", mirror)
    other = tmp_path / "other"
    place = other / "https/example.com/ours/v1.0.0/schema.json"
    place.parent.mkdir(parents=True)
    place.write_text('{"title": "of another day"}')
    assert pulled(kitchen, other, "--from", mirror)[0][EXTENSION] == "fetched"
    assert place.read_bytes() == (store / "https/example.com/ours/v1.0.0/schema.json").read_bytes()


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"<html>not found</html>", "not JSON"), (b"[1]", "no schema"), (b"", "not JSON"), (b'{"a": 1', "not JSON")],
)
def test_what_is_no_schema_is_told_and_not_kept(kitchen, store, server, waits, body, why):
    server.schema("/x.json", body)
    states, document = pulled(kitchen, store, f"{server.url}/x.json", "--allow", "127.0.0.1", exit_=1)
    assert list(states.values()) == ["unavailable"]
    assert why in document["schemas"][0]["why"]
    assert not store.exists()


def test_broken_upstream_schema_is_told_and_not_fatal(kitchen, store, server, waits):
    server.schema("/bad.json", {"type": 5})
    server.schema("/half.json", {"$ref": "none.json"})
    server.schema("/good.json", {})
    urls = [f"{server.url}/{name}.json" for name in ("bad", "good")]
    states, document = pulled(kitchen, store, *urls, "--allow", "127.0.0.1")
    assert states == {urls[0]: "unusable", urls[1]: "fetched"}
    assert "does not compile" in document["schemas"][0]["why"]
    states, document = pulled(kitchen, store, f"{server.url}/half.json", "--allow", "127.0.0.1", exit_=1)
    assert states == {f"{server.url}/half.json": "unusable", f"{server.url}/none.json": "unavailable"}
    done = kitchen.run("schemas", "pull", *urls, "--allow", "127.0.0.1", env={"STACBUILD_SCHEMAS": str(store)})
    assert done.exit == 0
    assert done.out.startswith(f"unusable {urls[0]}: it does not compile: ")


def test_no_network_is_the_surroundings(kitchen, store, waits):
    _, document = pulled(kitchen, store, "http://127.0.0.1:9/x.json", "--allow", "127.0.0.1", exit_=6)
    assert "no answer" in document["schemas"][0]["why"]


def test_schemas_of_the_recipe_are_not_fetched_and_those_of_own_schemas_are(kitchen, store):
    declares(kitchen, EXTENSION)
    far = "https://example.com/ours/v1.0.0/far.json"
    mirror = mirror_of(kitchen, far={})
    kitchen.write("schemas/example.com/ours/v1.0.0/schema.json", json.dumps(RULE))
    kitchen.write("own.json", json.dumps({"allOf": [{"$ref": far}, {"$ref": "beside.json"}]}))
    kitchen.recipe["validation"] = {"schemas": ["schemas"], "extra": {"one": ["own.json"]}}
    kitchen.save()
    states, _ = pulled(kitchen, store, "--from", mirror)
    assert states[EXTENSION] == "present"
    assert states[far] == "fetched"
    assert not any("beside" in url for url in states)


@pytest.mark.parametrize(
    "url",
    ["https://example.com/a?b=c", "https://example.com/../a", "https://example.com//a", "https://example.com/", "eo"],
)
def test_addresses_that_have_no_place_in_a_folder_are_not_fetched(kitchen, store, url):
    states, document = pulled(kitchen, store, url, exit_=1)
    assert states == {url: "unavailable"}
    assert "no URL of a file" in document["schemas"][0]["why"]


def test_wrong_usage_says_what_to_write(kitchen, store):
    assert "no such folder" in kitchen.ask("schemas", "pull", "--from", "none", exit_=2)["error"]["message"]
    assert "pull" in kitchen.ask("schemas", "push", exit_=2)["error"]["message"]
