"""Schemas of older drafts in the words of draft 2020-12: what they say stays the same. PURE.

Of draft-04 to draft-07: `dependencies` → `dependentRequired` and `dependentSchemas`, a list of `items` →
`prefixItems`, `additionalItems` → `items`, an `$id` that is a fragment → `$anchor`; beside a `$ref` nothing counts.
"""

from __future__ import annotations

from typing import Any

from stacbuild.stages.schemas import walk

MODERN = "https://json-schema.org/draft/2020-12/schema"
_KEPT = {"$ref", "$id", "definitions", "$defs"}
"""What may stand beside a `$ref`: names, and what others refer to."""
_LIMITS = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))


def as_2020(schema: Any) -> Any:
    """Return `schema`, changed in place, as draft 2020-12 has it; of a draft since 2019-09 as it is."""
    if not isinstance(schema, dict):
        return schema
    if any(f"draft-0{number}" in str(schema.get("$schema")) for number in (3, 4, 6, 7)):
        for part in list(walk(schema)):
            _translate(part)
    schema.setdefault("$id", schema.get("id"))
    schema["$schema"] = MODERN
    return schema


def _translate(part: dict[str, Any]) -> None:
    if isinstance(part.get("$ref"), str):
        for name in part.keys() - _KEPT:
            del part[name]
    if isinstance(part.get("items"), list):
        part["prefixItems"] = part.pop("items")
        part["items"] = part.pop("additionalItems", True)
    if isinstance(part.get("$id"), str) and part["$id"].startswith("#"):
        part["$anchor"] = part.pop("$id")[1:]
    needs = part.pop("dependencies") if isinstance(part.get("dependencies"), dict) else {}
    for name, needed in needs.items():
        keyword = "dependentRequired" if isinstance(needed, list) else "dependentSchemas"
        part.setdefault(keyword, {})[name] = needed
    for strict, limit in _LIMITS:
        if isinstance(part.get(strict), bool):
            bound = part.get(limit)
            if part.pop(strict) and bound is not None:
                part[strict] = part.pop(limit)
