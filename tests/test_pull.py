"""`schemas pull`: what comes into the store and the lock, from servers of every mood and from folders."""

import hashlib
import json
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from kitchen import Kitchen, ran

from stacbuild import net
from stacbuild.net import Net, NetError

EXTENSION = "https://example.com/ours/v1.0.0/schema.json"


def digest(blob):
    return hashlib.sha256(blob).hexdigest()


# ---- servers ---------------------------------------------------------------------------------------------------------


class Server:
    """A web server on this machine: `pages` maps a path to (status, headers, body) or to a function that gives it."""

    def __init__(self):
        self.pages, self.asked = {}, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                page = outer.pages.get(self.path, (404, {}, b"nothing here"))
                status, headers, body = page() if callable(page) else page
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for piece in [body] if isinstance(body, bytes) else body:
                        self.wfile.write(piece)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def schema(self, path, document):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.pages[path] = (200, {}, body)
        return body

    def close(self):
        self._server.shutdown()
        self._server.server_close()


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


@pytest.fixture
def client(waits):
    client = Net("test", allowed=["127.0.0.1"], limit=10_000)
    yield client
    client.close()


def refused(client, url):
    with pytest.raises(NetError) as caught:
        client.fetch(url)
    return str(caught.value)


# ---- the client ------------------------------------------------------------------------------------------------------


def test_document_is_fetched_with_our_name_and_redirects_followed(server, client):
    server.pages["/old"] = (301, {"Location": "/newer"}, b"")
    server.pages["/newer"] = (302, {"Location": f"{server.url}/new"}, b"")
    server.schema("/new", b"{}")
    assert client.fetch(f"{server.url}/old") == b"{}"
    assert server.asked == ["/old", "/newer", "/new"]


@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_refusal_is_told_and_only_trouble_of_the_server_is_tried_again(server, client, waits, status):
    server.pages["/x"] = (status, {}, b"")
    assert f"the server answers {status}" in refused(client, f"{server.url}/x")
    assert len(server.asked) == (net.TRIES if status == 500 else 1)
    assert waits == (list(net.WAITS) if status == 500 else [])


def test_server_says_how_long_to_wait(server, client, waits):
    answers = [(503, {"Retry-After": "7"}, b""), (429, {"Retry-After": "0"}, b""), (200, {}, b"{}")]
    server.pages["/x"] = lambda: answers.pop(0)
    assert client.fetch(f"{server.url}/x") == b"{}"
    assert waits == [7.0, 0.0]
    server.pages["/y"] = (503, {"Retry-After": "3600"}, b"")
    assert "503" in refused(client, f"{server.url}/y")
    assert server.asked.count("/y") == 1


def test_redirects_in_a_circle_and_without_end_are_given_up(server, client):
    server.pages["/a"] = (302, {"Location": "/b"}, b"")
    server.pages["/b"] = (302, {"Location": "/a"}, b"")
    assert "in a circle" in refused(client, f"{server.url}/a")
    for number in range(20):
        server.pages[f"/{number}"] = (302, {"Location": f"/{number + 1}"}, b"")
    assert "more than 5 times" in refused(client, f"{server.url}/0")
    assert len(server.asked) < 12


def test_answer_that_is_too_large_is_cut_off(server, client):
    sent = []

    def endless():
        for number in range(1000):
            sent.append(number)
            yield b"x" * 10_000

    server.pages["/x"] = lambda: (200, {}, endless())
    assert "larger than" in refused(client, f"{server.url}/x")
    assert len(sent) < 1000


def test_answer_that_drips_is_given_up(server, client, monkeypatch):
    monkeypatch.setattr(net, "DEADLINE", 0.2)

    def drip():
        for _ in range(50):
            time.sleep(0.05)
            yield b" "

    server.pages["/x"] = lambda: (200, {}, drip())
    began = time.monotonic()
    assert "takes longer" in refused(client, f"{server.url}/x")
    assert time.monotonic() - began < 2


def test_no_server_is_no_answer(client, waits):
    with pytest.raises(NetError, match="no answer") as caught:
        client.fetch("http://127.0.0.1:9/x")
    assert caught.value.down
    assert len(waits) == net.TRIES - 1
    assert "gave no answer just now" in refused(client, "http://127.0.0.1:9/y")
    assert len(waits) == net.TRIES - 1  # a host that is silent is waited for once


def test_strangers_addresses_lead_into_no_private_network(server, monkeypatch):
    stranger = Net("test", limit=1000)
    assert "plain http; --allow 127.0.0.1" in refused(stranger, f"{server.url}/x")
    for host in ("127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "localhost", "0.0.0.0"):
        assert "private network" in refused(stranger, f"https://{host}/x"), host
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("192.168.1.1", 443))])
    assert "192.168.1.1, in a private network" in refused(stranger, "https://example.com/x")
    for url in (
        "ftp://example.com/x",
        "https:///x",
        "https://a:b:c/x",
        "https://me@example.com/x",
        "file:///etc/passwd",
    ):
        assert refused(stranger, url)
    stranger.close()
    assert server.asked == []


def test_redirect_to_a_place_that_may_not_be_asked_is_refused(server, client):
    server.pages["/x"] = (302, {"Location": "http://10.0.0.1/secret"}, b"")
    assert "plain http" in refused(client, f"{server.url}/x")


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
