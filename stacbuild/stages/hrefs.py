"""Hrefs as the store keeps them: URLs as they are, local ones relative to the recipe's folder.

Never: looks whether a file is there, or touches percent-encoding, queries and fragments.
"""

from __future__ import annotations

import re

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_USUAL = ("https://", "s3://", "http://", "//")
"""How nearly all begin: this is asked of every href several times."""
_TAIL = re.compile("[?#]")
_FIXED = (*_USUAL, "/", "\\\\")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


def is_url(href: str) -> bool:
    """Return whether `href` has a scheme or a host (`//host/…`); a drive letter is no scheme."""
    return href.startswith(_USUAL) or _SCHEME.match(href) is not None


def is_relative(href: str) -> bool:
    """Return whether what `href` points to depends on where it stands."""
    return not (href.startswith(_FIXED) or _SCHEME.match(href) or _DRIVE.match(href))


def stored(href: str, base: str) -> str:
    """Return `href` in the store's form.

    Args:
        href: a URL, an absolute path of this machine, or a path relative to `base`.
        base: folder relative to the recipe's, posix; "" is the recipe's folder itself.

    Returns:
        A URL as given; `file:///…` for an absolute path; else a path relative to the recipe's folder, without `.`
        segments, with `..` only in front (RFC 3986, 5.2.4).
    """
    if is_url(href):
        return href
    if href.startswith("/"):
        return "file://" + _clean(href)
    if _DRIVE.match(href):
        return "file:///" + href.replace("\\", "/")
    if href.startswith("\\\\"):
        return "file:" + href.replace("\\", "/")
    return _clean(f"{_encoded(base)}/{href}" if base else href)


def _encoded(folder: str) -> str:
    """Return a folder's name as a path in an href: what would end the path, or decode to something else, is encoded."""
    return folder.replace("%", "%25").replace("?", "%3F").replace("#", "%23")


def _clean(href: str) -> str:
    """Drop `.`, empty and inner `..` segments of the path part; a slash at the end stays."""
    path, tail = _cut(href)
    if "./" not in path and "//" not in path and not path.endswith((".", "/")):
        return _guarded(path) + tail
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif segment not in ("", ".", "..") or (segment == ".." and not path.startswith("/")):
            kept.append(segment)
    text = "/".join(kept)
    if path.startswith("/"):
        text = "/" + text
    elif not text:
        return "." + tail
    slash = "/" if kept and path.endswith(("/", "/.", "/..")) else ""
    return _guarded(text) + slash + tail


def _cut(href: str) -> tuple[str, str]:
    """Split `href` before its query or fragment."""
    tail = _TAIL.search(href)
    return (href[: tail.start()], href[tail.start() :]) if tail else (href, "")


def _guarded(path: str) -> str:
    """Keep a first segment with a colon from being read as a scheme (RFC 3986, 4.2)."""
    return "./" + path if ":" in path.partition("/")[0] else path
