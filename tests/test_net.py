"""The client that fetches one document: redirects, tries, limits, and where strangers' addresses may not lead."""

import time

import pytest
from web import Server

from stacbuild import net
from stacbuild.net import Net, NetError


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
