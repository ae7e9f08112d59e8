"""What a recipe is made from: the text of its file, `${NAME}` from the environment; and which of its values are secret.

`${NAME}` must be set; `${NAME:-default}` takes the default where NAME is unset or empty; `$${` is a literal `${`; any
other `$` is itself. Path are never expanded. Never reads `os.environ`: the environment is an argument.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from math import isfinite
from pathlib import Path as File
from typing import Any
from urllib.parse import unquote

from stacbuild.failures import At, Problem, RecipeError
from stacbuild.recipe import broken
from stacbuild.recipe.lines import Finding, Path, printable
from stacbuild.recipe.names import about

LARGEST = 10 * 1024 * 1024
"""Bytes of a recipe; more is no recipe but data that was named by mistake."""
LINE_KEY = re.compile(r"""\s*(?:\S.*[.{,]\s*)?["']?([A-Za-z0-9_-]+)["']?\s*=""")
REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
SECRET_KEYS = ("headers", "auth", "dsn")
"""Every value at or under a key of such a name is secret."""
SECRET_NAME = re.compile(r"(?:^|.*-)(?:token|secret|password|key)", re.IGNORECASE)
PUBLIC = ("catalog", "mappings", "collections", "patches")
NAMED = ("sources", "outputs", "extensions")
"""Tables of tables with names that users choose."""
USER_INFO = re.compile(r"(?<=://)([^/?#\s:]*)(?::([^/?#\s]*))?@")
PARAMETER = re.compile(
    r"([?&;](?:[\w.-]*[-_])?(?:token|key|sig|signature|secret|password)=)([^&#;\s\"']+)", re.IGNORECASE
)
PASSWORD = re.compile(r"\bpassword\s*=\s*(?:'([^']*)'|([^\s']+))", re.IGNORECASE)
SHORT = 4
"""A secret with fewer characters is replaced only where it stands alone: a one-letter password spoils no other word."""
HIDDEN = "***"
"""What is shown of a secret."""
LARGEST_NUMBER = 2**63


class BadRecipe(RecipeError):  # noqa: N818 - it is the kind of RecipeError that can show its lines
    """A recipe with problems; `sources` are the lines of its files by label, redacted, for the frames."""

    def __init__(self, problems: list[Problem], sources: Mapping[str, tuple[str, ...]] | None = None) -> None:
        super().__init__(problems)
        self.sources = dict(sources or {})

    def line_of(self, problem: Problem) -> str | None:
        """Return the source line that a problem is about."""
        lines = self.sources.get(problem.at.file, ()) if problem.at else ()
        number = problem.at.line if problem.at else 0
        return lines[number - 1] if 0 < number <= len(lines) else None


def unreadable(label: str, message: str, hint: str | None = None, line: int = 0, column: int = 0) -> BadRecipe:
    """Return the error of a recipe that does not come to be read as tables."""
    return BadRecipe([Problem("SB100", message, At(label, line, column), hint)])


def read(path: File, label: str, what: str = "the recipe") -> str:
    """Return the text of a file of a recipe, without its BOM.

    Args:
        path: of the file.
        label: what messages call it.
        what: it is: the recipe, or a file that it includes.

    Raises:
        BadRecipe: with a line if the text is to blame, else without.
    """
    try:
        content = _content(path, label, what)
    except FileNotFoundError:
        hint = "`-f FILE` names the recipe; to build everything again use `--force`"
        raise unreadable(label, f"there is no such {what.removeprefix('the ')}", hint) from None
    except OSError as error:
        raise unreadable(label, f"{what} cannot be read: {error.strerror or error}") from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(content, error, label, what) from None


def _content(path: File, label: str, what: str) -> bytes:
    if path.is_dir():
        inside = path / "stacbuild.toml"
        hint = f"did you mean `{label}/{inside.name}`?" if inside.is_file() and label != "." else None
        raise unreadable(label, f"{what} is a folder, not a file", hint)
    if path.exists() and not path.is_file():
        raise unreadable(label, f"{what} is not a regular file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise unreadable(label, f"{what} is larger than 10 MB", "`-f` names the recipe, a TOML file; is this data?")
    return content


def _not_utf8(content: bytes, error: UnicodeDecodeError, label: str, what: str) -> BadRecipe:
    before = content[: error.start]
    column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
    message = f"{what} is not UTF-8: byte 0x{content[error.start]:02x}"
    hint = "it looks like UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "save the file as UTF-8"
    return unreadable(label, message, hint, before.count(b"\n") + 1, column)


def parsed(text: str, label: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises:
        BadRecipe: it is none.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise unreadable(label, "the values are nested too deep", None, 1, 1) from None
    except ValueError as error:
        said = broken.told(text, str(error))
        problem = Problem("SB100", f"this is not TOML: {said.words}", At(label, said.line, said.column), said.hint)
        raise BadRecipe([problem], {label: _masked(text)}) from None


def _masked(text: str) -> tuple[str, ...]:
    """Return the lines of a text that is not TOML, without what may be a secret: nothing tells which values are."""
    return tuple(_mask(text.replace("\r\n", "\n").rstrip("\n").split("\n")))


def _mask(lines: Iterable[str]) -> Iterable[str]:
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


# ---- values ----------------------------------------------------------------------------------------------------------


class Environment:
    """Expands the strings of one recipe and remembers what it saw: secrets and problems."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.secrets: set[str] = set()
        self.findings: list[Finding] = []

    def expand(self, value: Any, path: Path = (), *, secret: bool = False) -> Any:
        """Return a TOML value with environment values put in and dates as text."""
        match value:
            case dict():
                return {
                    key: self.expand(entry, (*path, key), secret=secret or is_secret((*path, key)))
                    for key, entry in value.items()
                }
            case list():
                return [self.expand(entry, (*path, str(index)), secret=secret) for index, entry in enumerate(value)]
            case str():
                return self._string(value, path, secret=secret)
            case _:
                return self._other(value, path)

    def _string(self, text: str, path: Path, *, secret: bool) -> str:
        if "${" in text:
            text = REFERENCE.sub(lambda match: self._reference(match, path, secret=secret), text)
        self._notice(text, secret=secret)
        return text

    def _notice(self, text: str, *, secret: bool) -> None:
        if secret:
            self.secrets.add(text)
        self.secrets.update(secrets_in(text))

    def notice(self, value: Any, path: Path = (), *, secret: bool = False) -> None:
        """Remember the secrets of tables that are expanded already: the matrix has put values together since."""
        match value:
            case dict():
                for key, entry in value.items():
                    self.notice(entry, (*path, key), secret=secret or is_secret((*path, key)))
            case list():
                for index, entry in enumerate(value):
                    self.notice(entry, (*path, str(index)), secret=secret)
            case str():
                self._notice(value, secret=secret)
            case _:
                pass

    def _reference(self, match: re.Match[str], path: Path, *, secret: bool) -> str:
        if match.group() == "$${":
            return "${"
        named = NAME.fullmatch(match.group(1) or "")
        if named is None:
            self._find("SB106", path, f"`{match.group()}` is not a reference to an environment variable")
            return match.group()
        name, default = named.groups()
        value = self.environ.get(name) or default
        if value is None:
            value = self.environ.get(name)
        if value is None:
            self._unset(path, name)
            return match.group()
        if secret or is_secret_name(name):
            self.secrets.add(value)
        return value

    def _unset(self, path: Path, name: str) -> None:
        hint = f"set it, or write `${{{name}:-default}}`"
        self.findings.append(("SB106", path, f"environment variable `{name}` is not set", hint))

    def _find(self, code: str, path: Path, message: str) -> None:
        self.findings.append((code, path, message, "write `${NAME}` or `${NAME:-default}`; `$${` is a literal `${`"))

    def _other(self, value: Any, path: Path) -> Any:
        match value:
            case datetime() | date() | time():
                return moment(value)
            case float() if not isfinite(value):
                self.findings.append(("SB103", path, f"{about(path)} must be a finite number, got {value}", None))
            case int() if not -LARGEST_NUMBER <= value < LARGEST_NUMBER:
                self.findings.append(("SB103", path, f"{about(path)} is too large a number", "write it as a text"))
                return 0
        return value


def moment(value: date | time) -> str:
    """Return a TOML date or time as RFC 3339 text; one without a zone is UTC."""
    if not isinstance(value, datetime):
        return value.isoformat()
    text = value.isoformat()
    return f"{text}Z" if value.tzinfo is None else text.removesuffix("+00:00") + "Z" * text.endswith("+00:00")


def is_secret(path: Path) -> bool:
    """Tell whether the value at a key is secret by the key's name; what goes into documents as it is, is not."""
    name = path[-1]
    if path[0] in PUBLIC or (len(path) == 2 and path[0] in NAMED):  # noqa: PLR2004 - its second name is the user's
        return False
    return name in SECRET_KEYS or (is_secret_name(name) and name != "key")


def is_secret_name(name: str) -> bool:
    """Tell whether a name, `_` read as `-`, ends in `-token`, `-secret`, `-password` or `-key`, or is such a word."""
    return SECRET_NAME.fullmatch(name.replace("_", "-")) is not None


def secrets_in(text: str) -> Iterator[str]:
    """Yield the secrets that a URL or a connection string carries: user info and parameters of known names."""
    if "://" in text:
        for match in USER_INFO.finditer(text):
            yield from _user_info(*match.groups())
        yield from (match.group(2) for match in PARAMETER.finditer(text))
    if "=" in text:
        yield from (match.group(1) or match.group(2) for match in PASSWORD.finditer(text))


def _user_info(user: str, password: str | None) -> Iterator[str]:
    if password is not None:
        yield f"{user}:{password}"
        yield password
    elif len(user) >= 2 * SHORT:
        yield user


def all_forms(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return secrets with the other forms in which a text may show them, longest first."""
    known = {secret for secret in secrets if secret.strip()}
    known |= {unquote(secret) for secret in known} | {printable(secret) for secret in known}
    known |= {repr(secret)[1:-1] for secret in known}
    return tuple(sorted(known, key=lambda secret: (-len(secret), secret)))


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return text with `***` for each secret, for user info of any URL and for parameters named like a secret."""
    for secret in secrets:
        if len(secret) >= SHORT:
            text = text.replace(secret, HIDDEN)
        elif secret in text:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    if "://" in text:
        text = USER_INFO.sub("***@", text)
    return PARAMETER.sub(r"\1***", text) if "=" in text else text
