"""Extension `dgeo`: content identifiers (CIDs) of decentralised storage, in items and their assets.

Published are `dgeo:cids`, `dgeo:piece_cids`, and of assets `dgeo:cid`, `dgeo:piece_cid`, `dgeo:cid_profile`; that an
asset's CID is among the item's no schema can say, so it is checked here. `dgeo:ownership`, `dgeo:licensing`,
`dgeo:tokenization` and `dgeo:provenance` stand in no published schema: with them alone none is declared.
https://github.com/DecentralizedGeo/dgeo
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import UNSET

from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import at_top, each_asset, place_of, put
from stacbuild.extensions.values import prefixed, value_of
from stacbuild.failures import ItemError
from stacbuild.recipe.extension_tables import Dgeo as Settings
from stacbuild.recipe.extension_tables import DgeoAsset, From

PREFIX: Final = "dgeo:"
FREE: Final = ("ownership", "licensing", "tokenization", "provenance")
"""Fields that no published schema knows."""
CID: Final = re.compile("Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{58,}|B[A-Z2-7]{58,}|z[1-9A-HJ-NP-Za-km-z]{48,}", re.ASCII)
PIECE: Final = re.compile("baga6ea[a-z2-7]{52,}", re.ASCII)
_LISTS: Final = (
    ("cids", "cid", CID, "CID, as in bafybei… or Qm…"),
    ("piece_cids", "piece_cid", PIECE, "piece CID, as in baga6ea…"),
)
"""Of each kind: the field of the item, that of an asset, how they look, what they are called."""
_MAY_MISS: Final = "with `required = false` an item may have none"


class Dgeo:
    """Sets `dgeo:` fields."""

    name = "dgeo"
    revision = 2
    scope = ("Feature", "Collection")

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        return Reach(("properties", "assets"), table.get("schema"))

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the configured schema where there are CIDs, which it wants."""
        return [config.schema] if f"{PREFIX}cids" in at_top(document) else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set."""
        del ctx
        where = place_of(document)
        made = each_asset(document, config.assets, _asset)
        found = prefixed(config, FREE, PREFIX, document, where)
        found |= {field: cids for field, cids in _lists(made, config, where) if cids}
        return put(made, found)

    def check(self, document: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with CIDs, of what the schema says and what it cannot say."""
        where = place_of(document)
        for plural, single, form, words in _LISTS:
            listed = at_top(document).get(f"{PREFIX}{plural}")
            yield from _bad_list(listed, form, words, f"{where}/{PREFIX}{plural}")
            for key, asset in (document.get("assets") or {}).items():
                cid, place = asset.get(f"{PREFIX}{single}"), f"/assets/{key}/{PREFIX}{single}"
                if cid is not None and not _is(cid, form):
                    yield place, f"{_shown(cid)} is no {words}"
                elif cid is not None and cid not in (listed if isinstance(listed, list) else ()):
                    yield place, f"{_shown(cid)} is not among the item's {PREFIX}{plural}"


def _asset(asset: dict[str, Any], table: DgeoAsset, scope: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {**asset, **prefixed(table, ("cid", "piece_cid", "cid_profile"), PREFIX, scope, where)}


def _lists(document: dict[str, Any], config: Settings, where: str) -> Iterator[tuple[str, list[Any]]]:
    for plural, single, _, _ in _LISTS:
        field, given = f"{PREFIX}{plural}", getattr(config, plural)
        if given is None:
            yield field, _gathered(document, field, f"{PREFIX}{single}")
            continue
        value = value_of(given, document, f"{where}/{field}")
        cids = [] if value is UNSET else [value] if isinstance(value, str) else value
        if not isinstance(cids, list):
            raise ItemError("SB235", f"what is taken for {field} is no text and no list", f"{where}/{field}")
        if not cids and isinstance(given, From) and given.required and given.default is UNSET:
            raise ItemError("SB235", f"what is taken for {field} is an empty list", f"{where}/{field}", _MAY_MISS)
        yield field, _once(_flat(cids))


def _gathered(document: dict[str, Any], field: str, single: str) -> list[Any]:
    """Return the identifiers that a document has, and behind them those of its assets."""
    own = at_top(document).get(field)
    assets = (document.get("assets") or {}).values()
    return _once([*(own if isinstance(own, list) else ()), *(asset[single] for asset in assets if asset.get(single))])


def _flat(cids: Iterable[Any]) -> Iterator[Any]:
    """Yield entries; of several fields each may hold one, or a list."""
    for cid in cids:
        yield from cid if isinstance(cid, list) else [cid]


def _once(cids: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for cid in cids:
        if cid not in found:
            found.append(cid)
    return found


def _bad_list(listed: Any, form: re.Pattern[str], words: str, where: str) -> Iterator[tuple[str, str]]:
    if listed is None:
        return
    if not isinstance(listed, list) or not listed:
        yield where, "it is a list with at least one entry, or not there"
        return
    for number, cid in enumerate(listed):
        if not _is(cid, form):
            yield f"{where}/{number}", f"{_shown(cid)} is no {words}"
        elif cid in listed[:number]:
            yield f"{where}/{number}", f"{_shown(cid)} stands there twice"


def _is(cid: Any, form: re.Pattern[str]) -> bool:
    return isinstance(cid, str) and form.fullmatch(cid) is not None


def _shown(cid: Any) -> str:
    text = str(cid)
    return f"'{text if len(text) <= 70 else f'{text[:70]}…'}'"  # noqa: PLR2004
