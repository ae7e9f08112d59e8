"""Schemas as far as they look at some members of a document, where all others are as in one that they accept. PURE.

Of a document that was found valid a few members change: a schema says again of the others what it said, so only those
parts are asked that look at what changed. A part is left out where that is sure alone: it is one of several that must
all hold, and looks at named members only. What asks for names stays right as long as the names are the same.
"""

from __future__ import annotations

from typing import Any, Final

from stacbuild.stages.schemas import resolved, walk

_ALL_NAMES: Final = frozenset(("additionalProperties", "patternProperties"))
"""Beside these, what `properties` names decides about the members that it does not name."""
_WORDS: Final = frozenset(("$schema", "$id", "$comment", "title", "description", "definitions", "$defs", "examples"))
"""What says nothing of a document."""
_NAMES_ALONE: Final = frozenset(("type", "required", "minProperties", "maxProperties"))
"""What looks at names, and that it is an object."""
_LISTS: Final = frozenset(("allOf", "anyOf", "oneOf"))
_SINGLE: Final = frozenset(("not", "if", "then", "else"))
_FAR: Final = frozenset(
    ("unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor", "id")
)
"""With these a schema's meaning hangs on what stands around it."""
_OURS: Final = "stacbuild-part"
"""How definitions are called that are put in."""


def of_changed(documents: dict[str, Any], url: str, changed: frozenset[str]) -> dict[str, Any] | None:
    """Return a schema and what it refers to, as far as they look at `changed`.

    Args:
        documents: URL → schema; they are the caller's to give, and are changed.
        url: of the schema itself, which accepts an object of the same names that differs in `changed` alone.
        changed: names of members of the object.

    Returns:
        Documents of which the one at `url` accepts what the given one does; None: it is not clear what may be left out.
    """
    root = documents[url]
    if not isinstance(root, dict) or any(_is_unclear(document) for document in documents.values()):
        return None
    cut = _Cut(documents, changed).cut(root, url)
    words = {name: value for name, value in documents[url].items() if name in _WORDS}
    return {**documents, url: {**(cut if isinstance(cut, dict) else {}), **words}}


def _is_unclear(document: Any) -> bool:
    """Tell whether references in a document may mean something else than by its URL."""
    return any(_FAR & part.keys() or ("$id" in part and part is not document) for part in walk(document))


class _Cut:
    """Leaves out; `documents` get a definition for each part that is referred to and of which something is left."""

    def __init__(self, documents: dict[str, Any], changed: frozenset[str]) -> None:
        self._documents, self._changed = documents, changed
        self._under_way: set[tuple[str, str]] = set()
        self._put = 0

    def cut(self, schema: Any, base: str) -> Any:
        """Return what of a schema is to be asked again, True for nothing; it stands where it must hold."""
        if not isinstance(schema, dict):
            return schema
        if self._passes_over(schema, base):
            return True
        if "$ref" in schema:
            return self._referred(schema, base)
        left = dict(schema)
        named = schema.get("properties")
        if isinstance(named, dict) and not _ALL_NAMES & schema.keys():
            left["properties"] = {name: below for name, below in named.items() if name in self._changed}
        if isinstance(schema.get("allOf"), list):
            parts = [self.cut(part, base) for part in schema["allOf"]]
            left["allOf"] = [part for part in parts if part is not True] or [True]
        return left

    def _referred(self, schema: dict[str, Any], base: str) -> Any:
        """Return a reference to what is left of what one refers to."""
        place = (base, schema["$ref"])
        target = self._target(schema, base)
        if target is None or place in self._under_way:
            return schema
        self._under_way.add(place)
        left = self.cut(*target)
        self._under_way.discard(place)
        return True if left is True else {"$ref": self._defined(left, target[1])}

    def _defined(self, schema: Any, address: str) -> str:
        """Put a definition into a document and return what refers to it."""
        self._put += 1
        name = f"{_OURS}-{self._put}"
        document = self._documents[address] = {**self._documents[address]}
        document["definitions"] = {**document.get("definitions", {}), name: schema}
        return f"{address}#/definitions/{name}"

    def _target(self, schema: dict[str, Any], base: str) -> tuple[Any, str] | None:
        """Return what a schema refers to that does nothing else, with the URL of its document."""
        if not isinstance(schema["$ref"], str) or schema.keys() - _WORDS - {"$ref"}:
            return None
        target = resolved(self._documents, base, schema["$ref"])
        if target is None or not isinstance(self._documents[target[1]], dict):
            return None
        return target if isinstance(self._documents[target[1]].get("definitions", {}), dict) else None

    def _passes_over(self, schema: Any, base: str) -> bool:
        """Tell whether a schema looks at none of the changed members, wherever it stands."""
        if not isinstance(schema, dict):
            return isinstance(schema, bool)
        if "$ref" in schema:
            return self._refers_past(schema, base)
        for keyword, value in schema.items():
            if keyword in _WORDS or keyword in _NAMES_ALONE:
                continue
            if keyword == "properties":
                passed = isinstance(value, dict) and all(
                    name not in self._changed or below in (True, {}) for name, below in value.items()
                )
            elif keyword in _LISTS:
                passed = isinstance(value, list) and all(self._passes_over(part, base) for part in value)
            else:
                passed = keyword in _SINGLE and self._passes_over(value, base)
            if not passed:
                return False
        return True

    def _refers_past(self, schema: dict[str, Any], base: str) -> bool:
        place = (base, schema["$ref"])
        target = self._target(schema, base)
        if target is None or place in self._under_way:
            return False
        self._under_way.add(place)
        passed = self._passes_over(*target)
        self._under_way.discard(place)
        return passed
