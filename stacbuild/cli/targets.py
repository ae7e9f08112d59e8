"""Targets from the command line, from a file or from standard input: one a line, as they are or as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stacbuild.cli.options import NotYet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOTHING_NAMED = "no targets in {}; without any target the whole recipe would be meant"


def read(targets: Sequence[str], targets_from: str | None, directory: str | None = None) -> tuple[str, ...]:
    """Return all targets that are named; `-` is standard input, once.

    Raises:
        click.UsageError: a file cannot be read or names nothing, which must not come to mean everything.
    """
    named = [target for target in targets if target != "-"]
    files = ["-"] if len(named) < len(targets) else []
    if targets_from is not None and targets_from not in files:
        files.append(targets_from)
    for file in files:
        named.extend(_lines(_text(file, directory), file))
    if files and not named:
        raise click.UsageError(NOTHING_NAMED.format(" and ".join(_called(file) for file in files)))
    return tuple(dict.fromkeys(named))


def _called(file: str) -> str:
    return "standard input" if file == "-" else file


def _text(file: str, directory: str | None) -> str:
    try:
        if file == "-":
            return sys.stdin.buffer.read().decode() if sys.stdin else ""
        return Path(directory or ".", file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"targets cannot be read from {_called(file)}: {error}") from None


def _lines(text: str, file: str) -> Iterator[str]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        word = line.strip()
        if word.startswith("{"):
            yield _entry(word, f"{_called(file)}:{number}")
        elif word and not word.startswith("#"):
            yield word


def _entry(line: str, at: str) -> str:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise click.UsageError(f"{at}: not a JSON object") from None
    for key in ("ref", "source", "input"):
        if key in entry:
            raise NotYet(f"{at}: `{key}` of a target")
    target = entry.get("target")
    if not isinstance(target, str) or not target or len(entry) > 1:
        raise click.UsageError(f'{at}: a target in JSON is {{"target": "item:ID"}}')
    return target
