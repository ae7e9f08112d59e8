"""What a build would complain of that is known before it: files that cannot be read, deletions that it would not do.

So `status` and a dry run say it too. Reads nothing, decides nothing: the listing and the plan have found it.
"""

from __future__ import annotations

from stacbuild.account import failed_of
from stacbuild.listed import SourceListing
from stacbuild.plan import Plan
from stacbuild.report import Caution
from stacbuild.trace import Head
from stacbuild.vanished import Gone

STAY = "its items stay as they were last built"


def unreadable(listings: list[SourceListing]) -> list[Caution]:
    """Return a warning for each source file that cannot be read now."""
    return [
        Caution(
            "SB493",
            f"source '{listing.name}': {file}: {fault.message}",
            fault.hint or STAY,
        )
        for listing in listings
        for file, fault in listing.troubles()
    ]


def failing(head: Head, listings: list[SourceListing]) -> int:
    """Return how many failures a memory holds, with the files that cannot be read now for those that could not."""
    before = sum(1 for source in head.sources.values() for _ in source.troubles())
    return failed_of(head) - before + len(unreadable(listings))


def held_back(plan: Plan) -> list[str]:
    """Return a sentence for each source of which so much vanished that nothing of it is deleted."""
    if plan.options.targeted:
        return []
    return [_sentence(gone) for gone in plan.gone if gone.held and gone.inputs]


def _sentence(gone: Gone) -> str:
    share = f"{len(gone.inputs):,} of {gone.known:,}"
    text = f"source '{gone.source}': {share} records vanished at once; nothing of it is deleted"
    return f"{text} (--max-deletions 100% deletes them)"
