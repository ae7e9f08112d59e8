"""Schemas as far as they are about Items, and so that a validator has less to do: they accept the same Items. PURE.

The schemas of extensions begin with one branch for Items and one for Collections, which a validator has to try both.
That the second refuses an Item is known without trying: it wants another `type`. And they ask of each name in an object
whether it begins with their prefix, by a pattern with a look-ahead: without it the same pattern is matched by an
automaton. The two take more than half of the time that most extensions' schemas take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from stacbuild.stages.schemas import walk

ITEM: Final = "Feature"
"""The `type` of an Item."""
_BRANCHES: Final = ("oneOf", "anyOf")
_ALONE: Final = "allOf"
"""What says the same of one branch, and nothing that is below it is turned round."""
_PATTERNS: Final = "patternProperties"
_WITH_CONST: Final = re.compile(r"https?://json-schema\.org/(draft-0[67]|draft/20(19-09|20-12))/schema#?")
"""Drafts that know `const`."""
_NOT_BEGINNING: Final = re.compile(r"\^\(\?!([A-Za-z0-9_:-]{1,40})\)")


def of_items(documents: Mapping[str, Any], url: str) -> dict[str, Any] | None:
    """Return a schema and what it refers to, made quick.

    Args:
        documents: URL → schema; they are the caller's to give, and are changed.
        url: of the schema itself.

    Returns:
        Documents of which the one at `url` accepts the same Items; None: those that were given are as good.
    """
    if _points_inside(documents.values()):
        return None
    halved = _halved(documents[url])
    changed = [_without_look_ahead(part) for document in documents.values() for part in walk(document)]
    if halved is documents[url] and not any(changed):
        return None
    return {**documents, url: halved}


def _points_inside(documents: Iterable[Any]) -> bool:
    """Tell whether a reference may lead into a branch or to a pattern, by its place."""
    references = (part.get("$ref") for document in documents for part in walk(document))
    inside = tuple(f"/{keyword}" for keyword in (*_BRANCHES, _PATTERNS))
    return any(isinstance(one, str) and any(keyword in one for keyword in inside) for one in references)


# ---- branches --------------------------------------------------------------------------------------------------------


def _halved(schema: Any) -> Any:
    """Return a schema without the branches that refuse every Item; itself: there are none, or nothing would be left."""
    if not isinstance(schema, dict) or not _WITH_CONST.fullmatch(str(schema.get("$schema"))) or "$ref" in schema:
        return schema
    left = dict(schema)
    for keyword in _BRANCHES:
        branches = schema.get(keyword)
        if isinstance(branches, list):
            kept = [branch for branch in branches if not _refuses_items(branch)]
            if 0 < len(kept) < len(branches):
                del left[keyword]
                left[keyword if len(kept) > 1 or _ALONE in left else _ALONE] = kept
    return schema if left == schema else left


def _refuses_items(branch: Any) -> bool:
    """Tell whether a branch, or all that it consists of, wants a `type` that no Item has."""
    if not isinstance(branch, dict) or "$ref" in branch:  # beside which older drafts see nothing
        return False
    parts = branch.get("allOf")
    return _wants_another(branch) or (isinstance(parts, list) and any(map(_refuses_items, parts)))


def _wants_another(part: dict[str, Any]) -> bool:
    required, properties = part.get("required"), part.get("properties")
    if not isinstance(required, list) or "type" not in required or not isinstance(properties, dict):
        return False
    kind = properties.get("type")
    return isinstance(kind, dict) and "$ref" not in kind and kind.get("const", ITEM) != ITEM


# ---- patterns --------------------------------------------------------------------------------------------------------


def _without_look_ahead(schema: dict[str, Any]) -> bool:
    """Say the patterns of a schema's names without look-ahead, in place; return whether there was one."""
    named = schema.get(_PATTERNS)
    if not isinstance(named, dict):
        return False
    said = {plain(pattern): below for pattern, below in named.items()}
    if said.keys() == named.keys() or len(said) < len(named):
        return False
    schema[_PATTERNS] = said
    return True


def plain(pattern: str) -> str:
    """Return a pattern that matches the same texts: `^(?!ab)` as `^(?:(?:[^a]|$)|a(?:[^b]|$))`, any other as it is."""
    match = _NOT_BEGINNING.fullmatch(pattern)
    if match is None:
        return pattern
    ways = (f"{match[1][:at]}(?:[^{letter}]|$)" for at, letter in enumerate(match[1]))
    return f"^(?:{'|'.join(ways)})"
