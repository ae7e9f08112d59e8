"""One document from the network, politely: https only, a few tries, a limit of size and time, few redirects.

The addresses come from strangers' data. So plain http, and hosts that lie in private networks, are asked only where the
user names the host. Every redirect is judged like the address itself. Never: a cookie, a credential, a file.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Collection
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

TRIES: Final = 4
WAITS: Final = (0.5, 1.0, 2.0)
"""Seconds before the second, third, fourth try, where the server does not say."""
LONGEST_WAIT: Final = 30.0
"""Seconds of `Retry-After` that are waited; a server that wants more is given up."""
TIMEOUT: Final = 20.0
"""Seconds for connecting, and between two pieces of an answer."""
DEADLINE: Final = 60.0
"""Seconds for one whole answer."""
REDIRECTS: Final = 5
_MOVED: Final = {301, 302, 303, 307, 308}
_AGAIN: Final = {408, 425, 429, 500, 502, 503, 504}
_PORTS: Final = {"http": 80, "https": 443}


class NetError(Exception):
    """A document could not be had; `down`: no server answered at all."""

    def __init__(self, why: str, *, down: bool = False) -> None:
        super().__init__(why)
        self.down = down


class _TryAgainError(NetError):
    """The server may give it a little later."""

    def __init__(self, why: str, wait: float | None = None, *, down: bool = False) -> None:
        super().__init__(why, down=down)
        self.wait = wait


class Net:
    """A client that asks for documents; close it.

    Args:
        agent: what it calls itself.
        allowed: hosts that may be asked over http and in private networks.
        limit: bytes of an answer.
        sleep: waits; tests give their own.
    """

    def __init__(
        self, agent: str, *, allowed: Collection[str] = (), limit: int, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        import httpx  # noqa: PLC0415  only where the network is asked

        self._allowed, self._limit, self._sleep = frozenset(allowed), limit, sleep
        self._silent: set[str] = set()
        """Hosts that gave no answer at all: they are not waited for again."""
        self._errors = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
        headers = {"User-Agent": agent, "Accept": "application/json, application/schema+json, */*;q=0.5"}
        self._client = httpx.Client(timeout=TIMEOUT, headers=headers, follow_redirects=False)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def fetch(self, url: str) -> bytes:
        """Return what stands at `url`.

        Raises:
            NetError: it cannot be had; the text says why.
        """
        host = url.split("/", 3)[2:3]
        if self._silent.intersection(host):
            raise NetError(f"{host[0]} gave no answer just now", down=True)
        for turn in range(TRIES):
            try:
                return self._followed(url)
            except _TryAgainError as error:
                wait = WAITS[min(turn, len(WAITS) - 1)] if error.wait is None else error.wait
                if turn == TRIES - 1 or wait > LONGEST_WAIT:
                    self._silent.update(host if error.down else ())
                    raise NetError(str(error), down=error.down) from error
                self._sleep(wait)
        raise AssertionError("the last turn raises or returns")

    def _followed(self, url: str) -> bytes:
        seen = [url]
        while True:
            self._refuse(seen[-1])
            found = self._once(seen[-1])
            if isinstance(found, bytes):
                return found
            target = urljoin(seen[-1], found)
            if target in seen:
                raise NetError(f"it redirects in a circle, to {target}")
            if len(seen) > REDIRECTS:
                raise NetError(f"it redirects more than {REDIRECTS} times")
            seen.append(target)

    def _refuse(self, url: str) -> None:
        """Raise NetError if `url` is none that may be asked."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise NetError(f"{url} is no URL") from error
        if parts.scheme not in _PORTS or not host:
            raise NetError(f"{url} is no URL that can be asked")
        if host in self._allowed:
            return
        if parts.scheme != "https":
            raise NetError(f"it is asked over plain http; --allow {host} permits it")
        if parts.username is not None:
            raise NetError("the URL holds a user name")
        private = _private(host, port or _PORTS[parts.scheme])
        if private is not None:
            raise NetError(f"{host} is {private}, in a private network; --allow {host} permits it")

    def _once(self, url: str) -> bytes | str:
        """Return the answer, or where it redirects to."""
        until = time.monotonic() + DEADLINE
        try:
            with self._client.stream("GET", url) as answer:
                status = answer.status_code
                if status in _MOVED and answer.headers.get("location"):
                    return str(answer.headers["location"])
                if status in _AGAIN:
                    raise _TryAgainError(_said(answer), _after(answer.headers.get("retry-after")))
                if status != 200:  # noqa: PLR2004
                    raise NetError(_said(answer))
                return self._read(answer, until)
        except self._errors as error:
            why = str(error) or type(error).__name__
            raise _TryAgainError(f"no answer: {why}", down=True) from error

    def _read(self, answer: Any, until: float) -> bytes:
        parts, size = [], 0
        for piece in answer.iter_bytes():
            size += len(piece)
            if size > self._limit:
                raise NetError(f"it is larger than {self._limit // 2**20} MiB")
            if time.monotonic() > until:
                raise NetError(f"it takes longer than {DEADLINE:.0f} s")
            parts.append(piece)
        return b"".join(parts)


def _said(answer: Any) -> str:
    return f"the server answers {answer.status_code} {answer.reason_phrase}".strip()


def _after(header: str | None) -> float | None:
    """Return the seconds of a `Retry-After`; dates are not waited for by the clock of this machine."""
    return float(header) if header is not None and header.strip().isdigit() else None


def _private(host: str, port: int) -> str | None:
    """Return an address of `host` that is not public; None too where there is no name server to ask."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return None  # behind a proxy names are its business; else asking fails with words of its own
    return next((address for address in sorted(found) if not _is_public(address)), None)


def _is_public(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return False
