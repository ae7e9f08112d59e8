"""What an extension is, for those that are built in and for plug-ins, and what it may ask of its surroundings.

    class Ours:
        name = "ours"
        schema = "https://example.com/ours/v1.0.0/schema.json"

        def apply(self, item, config, ctx):
            return {**item, "properties": {**item["properties"], "ours:level": config["level"]}}

An extension is pure: the same document, configuration and files give the same document; and idempotent: applied to
what it gave, it changes nothing. It sees one document at a time. `stac_extensions` is not its business: `schema` is
put there if it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, NamedTuple, Protocol, runtime_checkable

from stacbuild.failures import ItemError
from stacbuild.reading import FileDigest, Reader
from stacbuild.times import Times

CODES: dict[str, str] = {
    "SB230": "An extension failed on this item: its own words follow. The other items are built.",
    "SB231": "A plug-in cannot be used: its code does not load, it is no extension, or its configuration does not fit.",
    "SB232": "An extension gave back something that is not the item: no object, or another id or type.",
    "SB233": "An extension needs a file that is not there or cannot be read. It is looked for again at each build.",
    "SB234": "An extension says that the item is wrong by its own rules, which no schema can say.",
    "SB235": "An extension is asked for something that the item does not have. See that the field is "
    "there, or take it out of the configuration.",
    "SB236": "An extension writes fields that no published schema knows. Nothing is wrong with that, but nobody checks "
    "them, and programs do not know them unless you tell them.",
}
"""Code → what it means and what to do."""


@runtime_checkable
class Extension(Protocol):
    """An extension.

    Optional members, with what stands for them where they are missing:

    - `schema: str | None`: the URI that documents declare; None: none.
    - `schemas(document, config) -> list[str]`: instead, where the URIs depend on the configuration or on the document
      as it is then: most schemas want one of their fields to be there, if they are declared.
    - `Config: type[msgspec.Struct]`: what its table of the recipe is converted to; without it `config` is a dict.
    - `wants = "dict"`, or `"pystac"`: it is given a `pystac.Item` (or Collection) and gives one back.
    - `scope = ("Feature",)`: the types of document that it takes; with "Collection" it may stand in
      `collection-extensions`.
    - `of_items = ()`: names of settings, of a built-in one, that make no sense of a Collection.
    - `revision = 1`: raised when it gives other bytes (plug-ins are known by their code).
    - `reach(table) -> Reach`: of those built in: how far one goes that has this table in the recipe, as JSON.
      Without it, it may look at all of an Item, and change it.
    - `ready(config) -> Apply`: of those built in: `apply` for a configuration of which something is worked out once.
    - `check(document) -> Iterable[str | tuple[str, str]]`: what is wrong with a finished document that no schema says:
      messages, or (JSON Pointer, message).
    """

    name: str

    def apply(self, item: Any, config: Any, ctx: Context) -> Any:
        """Return the document with the extension applied; `item` may be changed in place."""


class Context:
    """What an extension may ask besides its document: files, each of which is a dependency of the document then."""

    def __init__(self, reader: Reader, extension: str, times: Times | None = None) -> None:
        self._reader, self._extension = reader, extension
        self.times = times
        """When contents were first seen; for `timestamps` alone: whatever else asked it would not be pure."""

    def open(self, href: str) -> BinaryIO:
        """Open a local file for reading.

        Args:
            href: as it stands in the item: relative to the recipe's folder, or a `file://` URL.

        Raises:
            ItemError: SB233, it is not there, cannot be read, or is not local.
        """
        try:
            return self._reader.open(href)
        except OSError as error:
            raise self._refused(href, error) from error

    def digest(self, href: str) -> FileDigest:
        """Return SHA-256 and size of a local file, read in pieces.

        Raises:
            ItemError: SB233, as `open`.
        """
        try:
            return self._reader.digest(href)
        except OSError as error:
            raise self._refused(href, error) from error

    def is_local(self, href: str) -> bool:
        """Tell whether an href points to a file of this machine."""
        return self._reader.is_local(href)

    def exists(self, href: str) -> bool:
        """Tell whether a local file is there; that it is not is a dependency as well."""
        return self._reader.exists(href)

    def _refused(self, href: str, error: OSError) -> ItemError:
        reason = error.strerror or str(error)
        hint = "it is looked for again at each build"
        return ItemError("SB233", f"extension '{self._extension}' cannot read {href}: {reason}", "", hint)


class Reach(NamedTuple):
    """How far an extension goes, of an Item."""

    members: tuple[str, ...]
    """All that it looks at and changes, beside what its table names, and `stac_extensions`."""
    schema: str | None
    """The only one that it may have declared."""
    own: tuple[str, ...] = ()
    """What its table may name that is nothing of the Item."""


Apply = Callable[[dict[str, Any], Context], dict[str, Any]]
"""(document, context) → document: an extension with its configuration."""


def schemas_of(extension: Any, document: Any, config: Any) -> list[str]:
    """Return the URIs that a document declares which an extension was applied to."""
    if hasattr(extension, "schemas"):
        found = extension.schemas(document, config)
        return [found] if isinstance(found, str) else list(found)
    schema = getattr(extension, "schema", None)
    return [schema] if schema else []


def scope_of(extension: Any) -> tuple[str, ...]:
    """Return the types of document that an extension takes."""
    return tuple(getattr(extension, "scope", ("Feature",)))


def found_by(extension: Any, document: Any) -> Iterable[tuple[str, str]]:
    """Yield (JSON Pointer, message) of all that an extension's own check finds wrong."""
    check = getattr(extension, "check", None)
    for one in check(document) or () if check is not None else ():
        yield ("", one) if isinstance(one, str) else (str(one[0]), str(one[1]))
