"""Extension `scientific` 1.0.0: how the data are cited, with a link for each DOI.

https://github.com/stac-extensions/scientific
"""

from __future__ import annotations

from typing import Any, Final

from stacbuild.extensions.base import Context, Reach
from stacbuild.extensions.places import has_any, place_of, put
from stacbuild.extensions.values import fields_of, prefixed
from stacbuild.recipe.extension_tables import Publication
from stacbuild.recipe.extension_tables import Scientific as Settings

SCHEMA: Final = "https://stac-extensions.github.io/scientific/v1.0.0/schema.json"
PREFIX: Final = "sci:"
_FIELDS: Final = ("sci:doi", "sci:citation", "sci:publications")


class Scientific:
    """Sets `sci:` fields, and links `cite-as`."""

    name = "scientific"
    revision = 1
    scope = ("Feature", "Collection")

    def reach(self, table: dict[str, Any]) -> Reach:
        """Return how far it goes."""
        del table
        return Reach(("properties", "links"), SCHEMA)

    def schemas(self, document: dict[str, Any], config: Settings) -> list[str]:
        """Return the schema, which wants one of its fields to be there."""
        del config
        return [SCHEMA] if has_any(document, _FIELDS) else []

    def apply(self, document: dict[str, Any], config: Settings, ctx: Context) -> dict[str, Any]:
        """Return the document with the fields set, and linked to what they name."""
        del ctx
        where = place_of(document)
        found = prefixed(config, ("doi", "citation"), PREFIX, document, where)
        if config.publications:
            place = f"{where}/sci:publications"
            found["sci:publications"] = [_publication(one, document, place) for one in config.publications]
        dois = [found.get("sci:doi"), *(one.get("doi") for one in found.get("sci:publications", ()))]
        return _linked(put(document, found), [doi for doi in dois if isinstance(doi, str)])


def _publication(one: Publication, document: dict[str, Any], where: str) -> dict[str, Any]:
    told = {"doi": one.doi, "citation": one.citation}
    return fields_of({name: value for name, value in told.items() if value is not None}, document, where)


def _linked(document: dict[str, Any], dois: list[str]) -> dict[str, Any]:
    links = document.get("links") or []
    known = {link.get("href") for link in links if link.get("rel") == "cite-as"}
    urls = [url for url in dict.fromkeys(f"https://doi.org/{doi}" for doi in dois) if url not in known]
    return {**document, "links": [*links, *({"rel": "cite-as", "href": url} for url in urls)]} if urls else document
