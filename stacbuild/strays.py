"""What a build says of links in a source's documents that it does not follow. Reads nothing: the listing found them."""

from __future__ import annotations

from stacbuild.listed import SourceListing
from stacbuild.recipe.lines import printable
from stacbuild.report import Caution
from stacbuild.sources.crawl import Crawl


def of_listings(listings: list[SourceListing]) -> list[Caution]:
    """Return a warning for each sort of links that each source's documents have."""
    return [one for listing in listings if listing.crawl is not None for one in of_crawl(listing.name, listing.crawl)]


def of_crawl(source: str, crawl: Crawl) -> list[Caution]:
    """Return a warning for each sort of links that were not followed."""
    sorts = (
        ("SB424", crawl.dangling, "lead to what is not there, or is no file", None),
        ("SB425", crawl.outside, "lead out of the folder of its root", "`follow-external = true` follows them"),
        ("SB425", crawl.remote, "lead to URLs and are not followed", None),
        ("SB426", crawl.bad, "are no links: no object, or no text as `href`", None),
    )
    return [
        Caution(code, f"source '{source}': {found.count:,} of its links {what}, as in {printable(example)}", hint)
        for code, found, what, hint in sorts
        for example in found.examples[:1]
    ]
