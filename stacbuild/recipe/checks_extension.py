"""The rules of `[extensions.NAME]`."""

from __future__ import annotations

import re
from typing import Any, Final

from stacbuild.recipe import names
from stacbuild.recipe.extension_tables import Dgeo
from stacbuild.recipe.judging import at, bad, filled
from stacbuild.recipe.lines import Draft, Sheet

CID: Final = "Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{58,}|B[A-Z2-7]{58,}|z[1-9A-HJ-NP-Za-km-z]{48,}"
"""How a CID looks, as the schema of `dgeo` says it."""
PIECE_CID: Final = "baga6ea[a-z2-7]{52,}"
DOI: Final = r"10\.[0-9a-zA-Z]{4,}/\S+"
FREE: Final = ("ownership", "licensing", "tokenization", "provenance")
"""Fields of `dgeo` that no published schema knows."""
_CIDS: Final = (
    ("cids", CID, "a CID, as in bafybei… or Qm…"),
    ("piece-cids", PIECE_CID, "a piece CID, as in baga6ea…"),
    ("cid", CID, "a CID, as in bafybei… or Qm…"),
    ("piece-cid", PIECE_CID, "a piece CID, as in baga6ea…"),
)
_LENGTHS: Final = {"bbox": (4, 6), "shape": (2,), "transform": (6, 9)}


def says_something(sheet: Sheet, draft: Draft) -> None:
    """Note a table that sets nothing."""
    if draft.raw.keys() <= ({"use", "schema"} if draft.kind is Dgeo else {"use"}):
        hint = f"it takes: {names.listed(draft.kind.__struct_encode_fields__)}"
        sheet.find("SB104", draft.path, f"{names.place(draft.path)} sets nothing", hint)


def alternate_assets(sheet: Sheet, draft: Draft) -> None:
    """Judge a table of `alternate-assets`."""
    if draft.good.get("alternates") == {}:
        bad(sheet, draft, "alternates", "must not be empty", 'as in alternates.mirror = { href = "https://…/{path}" }')
    filled(sheet, draft, "own-name")


def dgeo(sheet: Sheet, draft: Draft) -> None:
    """Judge a table of `dgeo`."""
    says_something(sheet, draft)
    cids(sheet, draft)
    filled(sheet, draft, "schema", "cids", "piece-cids")
    for key in FREE:
        if draft.raw.get(key) in ({}, [], ""):
            bad(sheet, draft, key, "must not be empty")
        elif key in draft.raw:
            message = f"{names.place(draft.path)}: no published schema knows 'dgeo:{key}'"
            hint = "it is written as it stands here; what reads the catalog must know it by itself"
            sheet.warnings.append(("SB236", at(draft, key), message, hint))


def cids(sheet: Sheet, draft: Draft) -> None:
    """Note constants that are no CIDs; templates are judged when they are put in."""
    for key, form, words in _CIDS:
        value = draft.good.get(key)
        for number, one in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(one, str) and "{" not in one and one.strip() and not re.fullmatch(form, one, re.ASCII):
                path = at(draft, key, str(number)) if isinstance(value, list) else at(draft, key)
                text = f"{names.subject(path, len(draft.path))} must be {words}, got {names.shown(one)}"
                sheet.find("SB103", path, text, 'a field of the item is named so: { from = "properties.cid" }')


def file_info(sheet: Sheet, draft: Draft) -> None:
    """Judge a table of `file`."""
    if draft.good.get("checksum") is False and draft.good.get("size") is False:
        bad(sheet, draft, "size", "and 'checksum' are both false: nothing is left to write", code="SB105")
    filled(sheet, draft, "assets")


def projection(sheet: Sheet, draft: Draft) -> None:
    """Judge fields of `projection`, of an item or an asset."""
    if "use" in draft.raw:
        says_something(sheet, draft)
    for key, lengths in _LENGTHS.items():
        value = draft.good.get(key)
        if isinstance(value, list) and len(value) not in lengths:
            words = " or ".join(map(str, lengths))
            bad(sheet, draft, key, f"must have {words} numbers, got {len(value)}")


def with_bands(sheet: Sheet, draft: Draft) -> None:
    """Note bands of which some have names and some have none."""
    named = [band.name is not None for band in draft.good.get("bands", [])]
    if any(named) and not all(named):
        without = named.index(False)
        path = at(draft, "bands", str(without))
        text = f"{names.subject(path, len(draft.path))} has no `name`, others have"
        sheet.find("SB104", path, text, "a band is found by its name, or by its place: name all of them, or none")


def scientific(sheet: Sheet, draft: Draft) -> None:
    """Judge a table of `scientific`."""
    says_something(sheet, draft)
    doi(sheet, draft)


def doi(sheet: Sheet, draft: Draft) -> None:
    """Note a constant that is no DOI."""
    value: Any = draft.good.get("doi")
    if isinstance(value, str) and "{" not in value and not re.fullmatch(DOI, value, re.ASCII):
        found = re.search(DOI, value, re.ASCII)
        hint = f'write "{names.clip(found.group())}"' if found else 'as in doi = "10.1000/xyz123"'
        bad(sheet, draft, "doi", f"must be a DOI, got {names.shown(value)}", hint)


def source(sheet: Sheet, draft: Draft) -> None:
    """Judge `{ from = … }`."""
    filled(sheet, draft, "from")
    if draft.good.get("required") is False and "default" in draft.raw:
        bad(sheet, draft, "default", "and `required` exclude each other", "keep the default", code="SB105")
