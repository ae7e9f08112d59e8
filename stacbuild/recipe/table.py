"""What all tables of a recipe are made of: the struct that they are, and types of values that are more than text."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

FILE = Meta(extra={"local": "file"})
File = Annotated[str, FILE]
"""A path or glob of this machine, relative to the folder of the file that it is written in."""
Code = Annotated[str, Meta(extra={"local": "code"})]
"""A function: `package.module:name`, or `folder/file.py:name` of this machine, relative as `File` is."""


class Table(Struct, rename="kebab", forbid_unknown_fields=True, omit_defaults=False, kw_only=True, frozen=True):
    """Base of all tables: kebab-case keys, unknown keys refused."""
