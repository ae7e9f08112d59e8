"""Reasons for staleness in words: what moved, and what to look at when it was not meant."""

from __future__ import annotations

CODES: dict[str, str] = {
    "new": "It was never built: the record, output or collection is not in the memory. Build it.",
    "source-changed": "The record holds other values than when its item was built. The digests of both are shown; a "
    "row that only moved within its file, or a file that was only touched, is no change. Of an output: catalogs of a "
    "source whose tree it keeps say something else, or lead elsewhere.",
    "source-gone": "The record is no longer in its source. A build takes its item out of the outputs, within "
    "`max-deletions`; bring the record back to keep the item.",
    "mapping-changed": "The mapping that makes this item says something else than before. The items that come out the "
    "same are neither validated nor written again.",
    "lookup-changed": "A lookup table that the mapping uses has other entries than before.",
    "extension-changed": "The configuration of an extension moved, or which extensions a collection applies, or in "
    "what order.",
    "patch-changed": "A patch of the collection says something else, or its place in the list moved. Items are patched "
    "again, from what the extensions gave; those that come out the same are not written.",
    "plugin-changed": "The code of a function that the mapping calls, or of an extension, is another: its file, one "
    "that it imports from the recipe's folder, or the package that it is of.",
    "schema-changed": "A schema that judges the item is another, has come or has gone, or the validation settings "
    "say something else. The item is judged again, not made again.",
    "stage-revised": "This version of stacbuild does that stage in another way than the one that built the item, or a "
    "library that it uses is of another version. What comes out the same is not written.",
    "collection-changed": "What the recipe says of the collection or the catalog moved, or items of it did, so its "
    "documents are made again; or the collection is no longer in the recipe, and its items are taken out.",
    "output-changed": "The output's own settings moved: path, layout, links, indent. Or it is no longer in the recipe, "
    "and what was written of it is removed.",
    "output-missing": "Files of the output are not where they were written. A build writes them again.",
    "output-edited": "Files of the output are not as they were written: somebody edited them. A build writes them "
    "again; put changes into the recipe to keep them.",
    "recipe-changed": "A table of the recipe says something else than when it was locked.",
    "failed-before": "The item failed the last time, and neither its record nor what judges it has moved since. It is "
    "tried again when one of them does, or when it is named: `stacbuild build failed:*`.",
    "forced": "You asked for it with --force: every stage runs, and no cached result is read.",
    "evicted": "The item's document is no longer in the store, so it has to be made again. `gc` with a larger "
    "--max-size keeps more.",
}
"""Reason code → what it means and what to do."""
