"""Words of the command line to values: sizes, ages, limits, jobs, choices. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Choice(click.Choice[str]):
    """One of a few words; `later` are promised and not built yet."""

    def __init__(self, words: Sequence[str], later: Sequence[str] = ()) -> None:
        super().__init__(words)
        self.later = later

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        if value in self.later:
            self.fail(f"`{value}` is not available yet; there is {', '.join(self.choices)}.", param, ctx)
        return super().convert(value, param, ctx)


class Size(click.ParamType[int]):
    """`20GB`, `500MiB`, `1000` to bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?) *([KMGT]I?)?B?", str(value).upper())
        if match is None:
            self.fail(f"{value!r} is no size; write it like 20GB or 500MiB.", param, ctx)
        return int(float(match[1]) * SIZES[match[2] or ""])


class Age(click.ParamType[int]):
    """`7d`, `12h`, `30m` to seconds."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return seconds."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?) *([smhdw])", str(value).lower())
        if match is None:
            self.fail(f"{value!r} is no age; write it like 7d, 12h or 30m.", param, ctx)
        return int(float(match[1]) * AGES[match[2]])


class Limit(click.ParamType[int | str]):
    """`10` to a count, `5%` to a share (as the word that it is)."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the count or the share."""
        text = str(value).strip()
        if re.fullmatch(r"\d+", text, re.ASCII):
            return int(text)
        if not re.fullmatch(r"\d+(\.\d+)?%", text, re.ASCII) or float(text[:-1]) > 100:  # noqa: PLR2004 - per cent
            self.fail(f"{value!r} is neither a count nor a share like 5%.", param, ctx)
        return text


class Jobs(click.ParamType[int]):
    """`4`; `0` and `auto` are one a core."""

    name = "jobs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the count, 0 for one a core."""
        text = "0" if value == "auto" else str(value)
        if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
            self.fail(f"{value!r} is neither a number of jobs nor auto.", param, ctx)
        return int(text)
