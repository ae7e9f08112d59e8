"""From a TOML file to a recipe that is known to be good, or to all the problems that it has.

The straight line: read → parse → environment → tables (`checks`) → `Recipe`. Never fetches, never writes, and shows no
secret: every message that leaves here is redacted.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from stacbuild.failures import At, Problem, RecipeError
from stacbuild.recipe import schema
from stacbuild.recipe.checks import Sheet, judge
from stacbuild.recipe.env import PARAMETER, USER_INFO, Environment, Finding, all_forms, is_secret_name, redact
from stacbuild.recipe.lines import Lines

LARGEST = 10 * 1024 * 1024
"""Bytes of a recipe; more is no recipe but data that was named by mistake."""
TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
LINE_KEY = re.compile(r"""\s*(?:\S.*[.{,]\s*)?["']?([A-Za-z0-9_-]+)["']?\s*=""")


class Recipe(Struct, frozen=True):
    """A recipe that is known to be good, with what is needed to speak of it."""

    path: Path
    """The file; absolute."""
    root: Path
    """Its folder: relative paths of the recipe start here."""
    name: str
    document: schema.Document
    lines: Lines
    secrets: tuple[str, ...]
    warnings: tuple[Problem, ...]
    label: str = ""
    """The file as messages call it."""

    def at(self, *path: str) -> At | None:
        """Return the place of a key, else of the nearest table around it; None if the file names none of them."""
        place = self.lines.nearest(path)
        return At(self.label or self.name, *place) if place else None

    def redact(self, text: str) -> str:
        """Return text with `***` for every secret of the recipe."""
        return redact(text, self.secrets)


class BadRecipe(RecipeError):  # noqa: N818 - it is the kind of RecipeError that can show its lines
    """A recipe with problems; `source` are its lines, redacted, for the frames."""

    def __init__(self, problems: list[Problem], source: tuple[str, ...] = ()) -> None:
        super().__init__(problems)
        self.source = source

    def line_of(self, problem: Problem) -> str | None:
        """Return the source line that a problem is about."""
        number = problem.at.line if problem.at else 0
        return self.source[number - 1] if 0 < number <= len(self.source) else None


def load(path: Path, environ: Mapping[str, str]) -> Recipe:
    """Return the recipe in a file.

    Args:
        path: the TOML file; a relative one starts at the current folder.
        environ: where `${NAME}` is looked up.

    Raises:
        RecipeError: with every problem found, in the order of their lines.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would leave the folder that a link stands in
    label = _label(path)
    text = _read(path, label)
    raw = _parsed(text, label)
    environment = Environment(environ)
    try:
        sheet = Sheet(environment.expand(raw), path)
        document = judge(sheet)
    except RecursionError:
        raise _unreadable(label, "the tables are nested too deep") from None
    lines, secrets = Lines(text), all_forms(environment.secrets)
    problems = _problems([*environment.findings, *_apart(sheet.findings, environment.findings)], lines, label, secrets)
    if problems or document is None:
        raise BadRecipe(problems, _shown_source(text, secrets))
    warnings = _problems(sheet.warnings, lines, label, secrets)
    return Recipe(path, path.parent, path.name, document, lines, secrets, tuple(warnings), label)


def _label(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):
        return path.name


def _unreadable(label: str, message: str, hint: str | None = None, line: int = 0, column: int = 0) -> BadRecipe:
    return BadRecipe([Problem("SB100", message, At(label, line, column), hint)])


def _read(path: Path, label: str) -> str:
    try:
        content = _content(path, label)
    except FileNotFoundError:
        hint = "`-f FILE` names the recipe; to build everything again use `--force`"
        raise _unreadable(label, "there is no such recipe", hint) from None
    except OSError as error:
        raise _unreadable(label, f"the recipe cannot be read: {error.strerror or error}") from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(content, error, label) from None


def _content(path: Path, label: str) -> bytes:
    if path.is_dir():
        inside = path / "stacbuild.toml"
        hint = f"did you mean `{label}/{inside.name}`?" if inside.is_file() and label != "." else None
        raise _unreadable(label, "the recipe is a folder, not a file", hint)
    with path.open("rb") as file:
        content = file.read(LARGEST + 1) if path.is_file() else None
    if content is None:
        raise _unreadable(label, "the recipe is not a regular file")
    if len(content) > LARGEST:
        raise _unreadable(label, "the recipe is larger than 10 MB", "`-f` names the recipe, a TOML file; is this data?")
    return content


def _not_utf8(content: bytes, error: UnicodeDecodeError, label: str) -> BadRecipe:
    before = content[: error.start]
    column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
    message = f"the recipe is not UTF-8: byte 0x{content[error.start]:02x}"
    hint = "it looks like UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "save the file as UTF-8"
    return _unreadable(label, message, hint, before.count(b"\n") + 1, column)


def _parsed(text: str, label: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _unreadable(label, "the values are nested too deep", None, 1, 1) from None
    except ValueError as error:
        raise _broken(text, str(error), label) from None


def _broken(text: str, words: str, label: str) -> BadRecipe:
    """Return the error of a text that is not TOML; tomllib says the place at the end of its message."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    match = TOML_PLACE.search(words)
    line, column = (len(lines), len(lines[-1]) + 1) if match else (1, 1)
    if match and match.group(1):
        line, column = int(match.group(1)), int(match.group(2))
    said = TOML_PLACE.sub("", words) if match else "a value is out of range"
    problem = Problem(
        "SB100", f"this is not TOML: {said[:1].lower()}{said[1:]}", At(label, line, column), _advice(said)
    )
    return BadRecipe([problem], tuple(_masked(lines)))


def _advice(said: str) -> str | None:
    hints = {
        "Invalid value": "a text needs quotes; true and false are written small",
        "Cannot declare": "a table stands once: put its keys together",
        "Cannot overwrite": "a key is set once",
        "Expected '=' after a key": "a key with a colon, space or slash needs quotes",
        "Unescaped '\\'": "in '…' a backslash is itself",
        "Illegal character": "a text in one pair of quotes ends on its line",
        "Expected newline or end of document": "one key a line",
    }
    return next((hint for beginning, hint in hints.items() if said.startswith(beginning)), None)


def _masked(lines: Iterable[str]) -> Iterable[str]:
    """Yield the lines of a text that is not TOML, without what may be a secret: nothing tells which values are."""
    hidden = False
    for line in lines:
        if line.lstrip().startswith("["):
            hidden = bool(re.search(r"\b(?:headers|auth)\b", line))
        match = LINE_KEY.match(line)
        name = match.group(1) if match else ""
        secret = hidden or name in ("headers", "auth", "dsn") or (is_secret_name(name) and name != "key")
        if match and secret:
            line = f"{line[: match.end()]} ***"  # noqa: PLW2901
        yield PARAMETER.sub(r"\1***", USER_INFO.sub("***@", line))


def _shown_source(text: str, secrets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(redact(line, secrets) for line in text.replace("\r\n", "\n").split("\n"))


def _apart(findings: Iterable[Finding], others: Iterable[Finding]) -> Iterable[Finding]:
    """Yield the findings about values that are none of the others': one problem for a value that nobody knows."""
    dead = {path for _, path, _, _ in others}
    return (finding for finding in findings if finding[1] not in dead)


def _problems(findings: Iterable[Finding], lines: Lines, label: str, secrets: tuple[str, ...]) -> list[Problem]:
    problems = [
        Problem(
            code,
            redact(message, secrets),
            At(label, *(lines.nearest(path) or (1, 1, 1))),
            hint and redact(hint, secrets),
        )
        for code, path, message, hint in dict.fromkeys(findings)
    ]
    return sorted(problems, key=lambda problem: (problem.at.line, problem.at.column) if problem.at else (0, 0))
