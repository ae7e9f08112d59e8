"""Schemas as far as they look at some members of a document, where all others are as in one that they accept. PURE.

Of a document that was found valid a few members change: a schema says again of the others what it said, so only those
parts are asked that look at what changed. A part is left out where that is sure alone: it is one of several that must
all hold, and looks at named members only. What asks for names stays right as long as the names are the same. Of a
member that is an object, as `properties` are, it may be known too which of its members changed.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final, NamedTuple

from stacbuild import canon
from stacbuild.stages.schemas import resolved, walk

PROPERTIES: Final = "properties"
_ALL_NAMES: Final = frozenset(("additionalProperties", "patternProperties"))
"""Beside these, what `properties` names decides about the members that it does not name."""
_WORDS: Final = frozenset(("$schema", "$id", "$comment", "title", "description", "definitions", "$defs", "examples"))
"""What says nothing of a document."""
_NAMES_ALONE: Final = frozenset(("type", "required", "minProperties", "maxProperties"))
"""What looks at names, and that it is an object."""
_ALONE: Final = (("anyOf",), ("oneOf",), ("not",), ("if", "then", "else"))
"""What says something by itself, whatever stands beside it."""
_LISTS: Final = frozenset(("allOf", "anyOf", "oneOf"))
_SINGLE: Final = frozenset(("not", "if", "then", "else"))
_FAR: Final = frozenset(
    ("unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor", "id")
)
"""With these a schema's meaning hangs on what stands around it."""
_OURS: Final = "stacbuild-part"
"""How definitions are called that are put in."""


class Moved(NamedTuple):
    """Which members of an object changed, where it has the names that it had."""

    names: frozenset[str]
    below: Mapping[str, frozenset[str]] = {}
    """Of those that are objects, of the names that they had: which of their members changed."""
    others: bool = False
    """It is not `names`, but all others."""

    def properties(self, named: Container[str]) -> bool:
        """Tell whether one of some properties may have changed."""
        within = self.below.get(PROPERTIES)
        return PROPERTIES in self.names and (within is None or any(name in named for name in within))

    def has(self, name: str) -> bool:
        """Tell whether a member changed."""
        return (name in self.names) is not self.others

    def within(self, name: str) -> Moved | None:
        """Return what of a member changed; None: any of it."""
        return Moved(self.below[name]) if name in self.below else None


def moved(members: dict[str, bytes], known: dict[str, bytes]) -> Moved | None:
    """Return in what an Item differs from another, of members as `canon.encode_members` gives them.

    None: it has other members.
    """
    if members.keys() != known.keys():
        return None
    names = frozenset(name for name, member in members.items() if known[name] != member)
    if PROPERTIES not in names:
        return Moved(names)
    within = canon.differing(*(each[PROPERTIES][len(PROPERTIES) + 3 :] for each in (members, known)))
    return Moved(names) if within is None else Moved(names, {PROPERTIES: within})


def of_changed(documents: dict[str, Any], url: str, moved: Moved) -> dict[str, Any] | None:
    """Return a schema and what it refers to, as far as they look at what changed.

    Args:
        documents: URL → schema; they are the caller's to give, and are changed.
        url: of the schema itself, which accepts an object that differs in `moved` alone.
        moved: what changed.

    Returns:
        Documents of which the one at `url` accepts what the given one does; None: it is not clear what may be left out.
    """
    root = documents[url]
    if not isinstance(root, dict) or any(_is_unclear(document) for document in documents.values()):
        return None
    cut = _Cut(documents).cut(root, url, moved)
    words = {name: value for name, value in documents[url].items() if name in _WORDS}
    return {**documents, url: {**(cut if isinstance(cut, dict) else {}), **words}}


def says_nothing(schema: Any) -> bool:
    """Tell whether a schema accepts everything, because nothing is left of it."""
    return isinstance(schema, dict) and schema.keys() <= _WORDS


def looks_elsewhere(documents: dict[str, Any], url: str, names: frozenset[str]) -> bool:
    """Tell whether the schema at `url` may look at other members than `names`, beyond that they are there."""
    return not _Cut(documents).passes_over(documents[url], url, Moved(names, others=True))


def _is_unclear(document: Any) -> bool:
    """Tell whether references in a document may mean something else than by its URL."""
    return any(_FAR & part.keys() or ("$id" in part and part is not document) for part in walk(document))


class _Cut:
    """Leaves out; `documents` get a definition for each part that is referred to and of which something is left."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self._documents = documents
        self._under_way: set[tuple[str, str]] = set()
        self._put = 0

    def cut(self, schema: Any, base: str, moved: Moved) -> Any:
        """Return what of a schema is to be asked again, True for nothing; it stands where it must hold."""
        if not isinstance(schema, dict):
            return schema
        if self.passes_over(schema, base, moved):
            return True
        if "$ref" in schema:
            return self._referred(schema, base, moved)
        left = self._without_past(schema, base, moved)
        named = schema.get("properties")
        if isinstance(named, dict) and not _ALL_NAMES & schema.keys():
            kept = {name: below for name, below in named.items() if moved.has(name)}
            left["properties"] = {name: self._below(name, below, base, moved) for name, below in kept.items()}
        if isinstance(schema.get("allOf"), list):
            parts = [self.cut(part, base, moved) for part in schema["allOf"]]
            left["allOf"] = [part for part in parts if part is not True] or [True]
        return left

    def _without_past(self, schema: dict[str, Any], base: str, moved: Moved) -> dict[str, Any]:
        """Return a schema without what in it says something by itself, and looks at nothing that changed."""
        left = {**schema}
        for words in _ALONE:
            some = {word: schema[word] for word in words if word in schema}
            if self.passes_over(some, base, moved):
                left = {word: value for word, value in left.items() if word not in some}
        return left

    def _below(self, name: str, schema: Any, base: str, moved: Moved) -> Any:
        """Return what is to be asked again of a member that changed."""
        within = moved.within(name)
        return schema if within is None else self.cut(schema, base, within)

    def _referred(self, schema: dict[str, Any], base: str, moved: Moved) -> Any:
        """Return a reference to what is left of what one refers to."""
        place = (base, schema["$ref"])
        target = self._target(schema, base)
        if target is None or place in self._under_way:
            return schema
        self._under_way.add(place)
        left = self.cut(*target, moved)
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

    def passes_over(self, schema: Any, base: str, moved: Moved) -> bool:
        """Tell whether a schema looks at nothing that changed, wherever it stands."""
        if not isinstance(schema, dict):
            return isinstance(schema, bool)
        if "$ref" in schema:
            return self._refers_past(schema, base, moved)
        return all(self._says_past(*said, base, moved) for said in schema.items())

    def _says_past(self, keyword: str, value: Any, base: str, moved: Moved) -> bool:
        """Tell whether what a schema says with a keyword looks at nothing that changed."""
        if keyword in _WORDS or keyword in _NAMES_ALONE:
            return True
        if keyword == "properties":
            return isinstance(value, dict) and all(self._looks_past(*said, base, moved) for said in value.items())
        if keyword == "patternProperties":
            return isinstance(value, dict) and all(map(_is_of_names, value.values()))
        if keyword in _LISTS:
            return isinstance(value, list) and all(self.passes_over(part, base, moved) for part in value)
        if keyword == "additionalProperties":
            return _is_of_names(value)
        return keyword in _SINGLE and self.passes_over(value, base, moved)

    def _looks_past(self, name: str, schema: Any, base: str, moved: Moved) -> bool:
        """Tell whether what is said of a member looks at nothing that changed."""
        if not moved.has(name) or _is_of_names(schema):
            return True
        within = moved.within(name)
        return within is not None and self.passes_over(schema, base, within)

    def _refers_past(self, schema: dict[str, Any], base: str, moved: Moved) -> bool:
        place = (base, schema["$ref"])
        target = self._target(schema, base)
        if target is None or place in self._under_way:
            return False
        self._under_way.add(place)
        passed = self.passes_over(*target, moved)
        self._under_way.discard(place)
        return passed


def _is_of_names(schema: Any) -> bool:
    """Tell whether a schema says of a member that it may be there, or may not, whatever it is."""
    return isinstance(schema, bool) or schema == {}
