"""Values of a recipe as they are meant: `${NAME}` from the environment, dates as text; and which of them are secret.

`${NAME}` must be set; `${NAME:-default}` takes the default where NAME is unset or empty; `$${` is a literal `${`; any
other `$` is itself. Keys are never expanded. Never reads `os.environ`: the environment is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from math import isfinite
from typing import Any
from urllib.parse import unquote

from stacbuild.recipe.lines import printable

Path = tuple[str, ...]
Finding = tuple[str, Path, str, str | None]
"""A problem before its line is known: code, path of the key, message, hint."""

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
LARGEST = 2**63


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
        if secret:
            self.secrets.add(text)
        self.secrets.update(secrets_in(text))
        return text

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
                self.findings.append(("SB103", path, f"'{path[-1]}' must be a finite number, got {value}", None))
            case int() if not -LARGEST <= value < LARGEST:
                self.findings.append(("SB103", path, f"'{path[-1]}' is too large a number", "write it as a text"))
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
    return tuple(sorted(known, key=lambda secret: (-len(secret), secret)))


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return text with `***` for each secret, for user info of any URL and for parameters named like a secret."""
    for secret in secrets:
        if len(secret) >= SHORT:
            text = text.replace(secret, "***")
        elif secret in text:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    if "://" in text:
        text = USER_INFO.sub("***@", text)
    return PARAMETER.sub(r"\1***", text) if "=" in text else text
