"""What the Collections of a source say of themselves, as our documents may say it: migrated, hrefs as in the store.

Members of a wrong type are left out: what stands in a stranger's document breaks no document of ours. PURE.
"""

from __future__ import annotations

import contextlib
import posixpath
from typing import Any, Final, NamedTuple

from stacbuild import canon, keys
from stacbuild.failures import ItemError
from stacbuild.sources.pages import Page
from stacbuild.stages.hrefs import stored
from stacbuild.stages.migrate import migrate

_TYPES: Final[dict[str, type]] = {
    "title": str,
    "description": str,
    "license": str,
    "keywords": list,
    "providers": list,
    "summaries": dict,
    "extent": dict,
    "assets": dict,
    "item_assets": dict,
    "links": list,
    "stac_extensions": list,
}
_OURS: Final = ("type", "stac_version", "id")
_BOX: Final = (4, 6)


class Stated(NamedTuple):
    """What a Collection says: canonical JSON, and its file's folder relative to the recipe's."""

    blob: bytes
    base: str

    @property
    def digest(self) -> str:
        """Return a digest that moves when what is said does."""
        return keys.join(self.blob, self.base.encode()).hex()


def stated(pages: dict[str, Page]) -> dict[str, Stated]:
    """Return what each Collection among a source's documents says, by its id; of several the first."""
    found: dict[str, Stated] = {}
    for name, page in pages.items():
        if page.kind == "Collection" and page.id and page.about:
            found.setdefault(page.id, Stated(page.about, posixpath.dirname(name)))
    return found


def facts(told: Stated | None) -> dict[str, Any]:
    """Return what a Collection says, for the document of ours that stands for it; nothing where there is none."""
    if told is None:
        return {}
    said = canon.decode(told.blob)
    with contextlib.suppress(ItemError):  # of a version that cannot be raised: what it says stays as it says it
        said = migrate(said)
    found: dict[str, Any] = {name: value for name, value in said.items() if isinstance(value, _TYPES.get(name, object))}
    for name in _OURS:
        found.pop(name, None)
    if "assets" in found:
        assets = {key: asset for key, asset in found["assets"].items() if isinstance(asset, dict)}
        found["assets"] = {key: _placed(asset, told.base) for key, asset in assets.items()}
    if "links" in found:
        found["links"] = [_placed(link, told.base) for link in found["links"] if isinstance(link, dict)]
    return found


def boxes(said: dict[str, Any]) -> list[Any] | None:
    """Return the boxes of a stated extent; None where it has none that are."""
    found = _listed(said, "spatial", "bbox")
    return found if found and all(_is_box(box) for box in found) else None


def intervals(said: dict[str, Any]) -> list[Any] | None:
    """Return the intervals of a stated extent; None where it has none that are."""
    found = _listed(said, "temporal", "interval")
    return found if found and all(_is_interval(one) for one in found) else None


def _listed(said: dict[str, Any], part: str, name: str) -> list[Any]:
    within = said.get("extent", {}).get(part)
    found = within.get(name) if isinstance(within, dict) else None
    return found if isinstance(found, list) else []


def _is_box(box: Any) -> bool:
    return isinstance(box, list) and len(box) in _BOX and all(type(number) in (int, float) for number in box)


def _is_interval(interval: Any) -> bool:
    ends = interval if isinstance(interval, list) else []
    return len(ends) == 2 and all(end is None or isinstance(end, str) for end in ends)  # noqa: PLR2004  a start, an end


def _placed(part: dict[str, Any], base: str) -> dict[str, Any]:
    href = part.get("href")
    return {**part, "href": stored(href, base)} if isinstance(href, str) and href else part
