"""A schema as far as it is about Items: without the branches of its `oneOf` that refuse every one of them. PURE.

The schemas of extensions begin with one branch for Items and one for Collections, which a validator has to try both.
That the second refuses an Item is known without trying: it wants another `type`.
"""

from __future__ import annotations

import re
from typing import Any, Final

from stacbuild.stages.schemas import walk

ITEM: Final = "Feature"
"""The `type` of an Item."""
_BRANCHES: Final = ("oneOf", "anyOf")
_WITH_CONST: Final = re.compile(r"https?://json-schema\.org/(draft-0[67]|draft/20(19-09|20-12))/schema#?")
"""Drafts that know `const`."""


def of_items(schema: Any) -> dict[str, Any] | None:
    """Return what accepts the same Items; None: that is the schema itself."""
    if not isinstance(schema, dict) or not _WITH_CONST.fullmatch(str(schema.get("$schema"))):
        return None
    left = {}
    for keyword in _BRANCHES:
        branches = schema.get(keyword)
        if isinstance(branches, list) and "$ref" not in schema:
            kept = [branch for branch in branches if not _refuses_items(branch)]
            if 0 < len(kept) < len(branches):
                left[keyword] = kept
    return {**schema, **left} if left else None


def points_into_branches(schema: Any) -> bool:
    """Tell whether a reference may lead into a branch, by its place."""
    references = (part.get("$ref") for part in walk(schema))
    return any(isinstance(one, str) and any(f"/{keyword}" in one for keyword in _BRANCHES) for one in references)


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
