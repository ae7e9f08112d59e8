"""Codes of rooms that give one or two each: commands, work, memory, disk, lock, warnings."""

from __future__ import annotations

CODES: dict[str, str] = {
    "SB000": "A problem that has no code of its own; its message says all that is known.",
    "SB001": "The command line cannot be understood: an unknown command or option, or a value that does not fit. "
    "`stacbuild COMMAND --help` lists what there is.",
    "SB002": "This command, option or value is planned and not in this version.",
    "SB006": "The machine refuses: no memory, no room on the disk behind stdout, a file that cannot be opened.",
    "SB007": "The command was interrupted or told to end. What was finished is kept; the next build goes on there.",
    "SB070": "A bug in stacbuild, not a mistake of yours. Please report it with the traceback that -v shows.",
    "SB108": "A source names a file that is not there, or a pattern that no file matches. A path starts at the "
    "folder of the file that it is written in.",
    "SB109": "A folder or file of `validation.schemas` is not there. A path starts at the folder of "
    "the file that it is written in.",
    "SB112": "Two patterns of one length match a collection, so that it is not plain whose it is. Write a longer "
    "pattern, or a table of that collection's own name.",
    "SB116": "A pattern among the collections matches none that its sources name. `stacbuild ls` lists what there is.",
    "SB118": "The file of a lookup cannot be used: it is not there or cannot be read, a row has no key, or several "
    "rows share one. Nothing is built before the whole table is good.",
    "SB119": "A function that the recipe names is not there: no such file or module, no such name in it, or it is not "
    "Python.",
    "SB293": "Several records would make an item of one id in one collection; none of them is written. Make the id of "
    "more fields, or take all records but one out of the source.",
    "SB294": 'Another input of that id is taken, as on-duplicate = "first" or "last" orders. Nothing is wrong.',
    "SB297": "The worker process that made this item died, most likely for want of memory. Try fewer --jobs; a record "
    "that does it alone is too large.",
    "SB298": "The item would hold what JSON cannot say: NaN, Infinity, half of a character, or too deep a nesting.",
    "SB299": "A bug in stacbuild that this item brought out; the other items are built. Please report it.",
    "SB490": "A source file changed while it was read, twice. Build again when whoever writes it is done; its items "
    "stay as they were.",
    "SB491": "A record has no value in the source's `key`, so that nothing identifies it. Choose other columns, fill "
    'the cell, or use key = "*" for records that have no name.',
    "SB492": "Several records share one value of `key`; none of them is used. Choose columns that differ for each.",
    "SB493": "A source file cannot be read now. Its items stay as they were last built and are tried next time.",
    "SB494": "A source file cannot be read: two processes died over it, most likely for want of memory. Try fewer "
    "--jobs; its items stay as they were last built and are tried next time.",
    "SB500": "There is no stacbuild.toml here or in a folder above. Name the recipe with -f, or write one with "
    "`stacbuild init`.",
    "SB501": "A target is written `kind:name`, with the kind item, collection, source, output, failed or stale.",
    "SB502": "No target has that name. `stacbuild ls` lists all of them; the hint lists near ones.",
    "SB503": "Some items of an output are asked for, but the output was never built or has other settings now. Build "
    "it whole once.",
    "SB504": "Only an item or an output has a history of its own. `stacbuild status TARGET` looks at the others.",
    "SB505": "One item is asked for, and the name means several. Write item:COLLECTION/ID.",
    "SB506": "`clean` removes what outputs hold, so it takes outputs only. A build removes items by itself when their "
    "records are gone.",
    "SB510": "`explain` knows no such code. Without a code it lists all of them.",
    "SB520": "The lock file is damaged, was edited by hand, or is another tool's. Take it back from version control, "
    "or remove it and write it anew with `stacbuild lock`.",
    "SB521": "`--locked` compares with the lock file beside the recipe, and there is none. `stacbuild lock` writes it.",
    "SB522": "Recipe, sources or schemas are not as the lock file has them, so `build --locked` does nothing. If the "
    "change is meant, `stacbuild lock` and commit the lock file.",
    "SB523": "A source file cannot be read, so that nothing can be locked, or compared with the lock.",
    "SB524": "The process that makes items again for `verify --sample` died, for want of memory or by a library that "
    "crashed. Try a smaller sample.",
    "SB530": "A file that a command was given is not there.",
    "SB531": "The file that `--failures` names cannot be written.",
    "SB540": "A table has no record that can be read, so that no recipe can be guessed from it.",
    "SB541": "There is nothing that a first recipe could read: no such file, no table and no STAC items by what is in "
    "it. Name a csv, tsv, json, ndjson or parquet table, STAC files, or a folder of them.",
    "SB542": "No ready recipe has that name. `stacbuild init --list` lists them.",
    "SB543": "A file is there already, and `init` overwrites nothing. Write elsewhere with -o, or use --force.",
    "SB550": "A file is there already, and filters overwrite nothing. Name another, or use --force.",
    "SB551": "In which form items shall be written is not told by the name, or cannot be written there. Forms are "
    ".ndjson, .json, .geojson, .parquet, each but the last also with .gz or .zst, and a folder, with / at its end.",
    "SB552": "Two items would have the same file in a folder: the same collection and id, or ones that differ in case "
    "only. The first is written. Ids are unique within a collection; NDJSON holds what is not.",
    "SB553": "The recipe has no such mapping, extension, patch or source.",
    "SB601": "The store beside the recipe cannot be opened or written. Free some space, or look at its permissions; "
    "it may be deleted, which costs time only.",
    "SB602": "An output file cannot be written: no room, no permission, or something of another kind in its place.",
    "SB603": "A file that no build wrote stands where an output is to be written. Move it away, or overwrite it with "
    "--adopt.",
    "SB604": "The lock beside the recipe cannot be made. The recipe's folder must be writable.",
    "SB605": "Another build of this recipe is at work. Leave out --no-wait to wait for it.",
    "SB606": 'The worker processes cannot be started. [build] executor = "serial" does without them.',
    "SB607": "The disk refuses something that a build needs. The message names the file and the reason.",
    "SB608": "The environment variable SOURCE_DATE_EPOCH is not a number of seconds since 1970, as a recipe with the "
    "extension `timestamps`, or a patch with `updated = true`, needs it. Set it to one, or unset it.",
    "SB609": "Worker processes died twice over the same work, as when memory runs out. Fewer --jobs need less of it; "
    '[build] executor = "serial" does without workers.',
    "SB610": "Parts of the store were missing or damaged. They are made again; nothing is lost but time.",
    "SB611": "The memory was damaged and is not used. The store and the manifests beside the outputs are asked "
    "instead.",
    "SB612": "Documents are lost that nothing can make again: of items that are kept though their records vanished or "
    "fail now. Bring the records back, or let the items go with --max-deletions 100%.",
    "SB613": "A collection keeps items that its sources have no more, the memory is lost, and no output that held them "
    "is whole. Nothing was written. Bring the output's files back, or give those items up.",
    "SB701": "A summarised field has too many different values, so its summary is left out. Take it out of "
    "`summaries`.",
    "SB702": "A collection has no item with a footprint, so its extent is the world. Set `extent` in its table.",
    "SB730": "An output is no longer in the recipe, or has another path, and files of it were edited since they were "
    "written. What a build wrote is removed, those stay: they are yours to keep or to remove.",
    "SB703": 'Items were built that are invalid (under level = "warn") or could not be checked in full. '
    "failures.ndjson says which and why.",
    "SB704": "A pattern among the collections matches none that its sources name, so that nothing is written for it.",
    "SB705": "Inputs of a source are in no collection: they name none, or one that no pattern matches. A table of its "
    "own name, or a wider pattern, takes them.",
    "SB706": "Files of many items have no folder that hrefs could start from, so local ones are made absolute with the "
    "output's `base-url`. Without one, or above the recipe's folder, they are written relative to the recipe's folder, "
    'and most programs will not find them. Give it a `base-url`, or say `hrefs = "as-is"`.',
    "SB707": "The document of a collection breaks the core's schema, or that of an extension that it declares. It is "
    "written all the same; programs may refuse it. The path says where in the document.",
    "SB708": "An extension of `collection-extensions` failed on the collection's document, which is written without "
    "what it gives. The build exits 1, and the next one tries it again.",
    "SB710": "So many records of a source vanished at once that a build deletes nothing of it: it may be the source "
    "that is wrong. `stacbuild build --max-deletions 100%` deletes them.",
    "SB720": "An object of a JSON record names a member more than once. Readers differ on which one counts; here it is "
    "the last one. Keep one.",
    "SB721": "Files that a pattern of a source of items finds hold no Item: a Catalog, a Collection, or an empty list. "
    "Nothing is lost; a narrower pattern says what is meant.",
    "SB722": "A mapping reads a field that no record of the sample has. A misspelt column with `required = false` "
    "fails nothing and leaves its property out of every item. If the name is right, nothing is wrong.",
    "SB723": "A patch or an extension stands in the recipe and no collection names it, so that it does nothing.",
    "SB724": "A text of the recipe that goes into items, collections or links holds a secret: a `${NAME}` that is "
    "named like one, the password of a URL, a signature. No log and no report has it, but what is written shows it.",
    "SB740": "A Parquet table cannot hold an item: its geometry is none, or has positions of 2 numbers here and of 3 "
    "there, its datetime is no moment, or a member is not what it is in STAC. All other items are in the table, and "
    "the item is in all other outputs. Mend it, or leave its collection out of that output.",
    "SB741": "The assets or properties of a Parquet table have so many different keys that they cannot be columns, so "
    "that they are one column of JSON text. stacbuild reads it back; other programs do not. Use one key for what is "
    "the same of each item, such as `data`, not a key of the item's name.",
}
"""Code → what it means and what to do."""
