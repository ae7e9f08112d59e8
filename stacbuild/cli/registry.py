"""The commands: a line each, in the order of `--help`; a command's module is imported when it is called.

Names of LATER are promised and not built yet: no help shows them, and calling one says so.
"""

from __future__ import annotations

COMMANDS = {
    "init": "Write a first recipe from what is there, or copy a ready one.",
    "build": "Bring outputs up to date.",
    "status": "Say what is stale and why, without the network.",
    "why": "Tell one target's history: what it was built from and what moved.",
    "diff": "Show items before and after: what a build would change.",
    "ls": "List targets, or the files of an output, one a line.",
    "check": "Check recipes: names, files, schemas, a sample of records.",
    "validate": "Judge STAC files wherever they lie, without a recipe.",
    "transform": "Make items of records, or of items, by a mapping.",
    "extend": "Put extensions into items.",
    "patch": "Change items that a condition selects.",
    "convert": "Write items in another form.",
    "schemas": "Fetch the schemas that items are judged by into the user's store.",
    "explain": "Say what an error or reason code means and what to do.",
    "schema": "Print the JSON Schema of recipes, for editors.",
    "completion": "Print a shell's completion script.",
    "clean": "Remove what builds wrote, and only that.",
    "lock": "Write down what recipe and sources are now, to compare with later.",
    "verify": "Verify that outputs and store are what was promised.",
    "gc": "Drop from the store what no recent build needs.",
}

LATER = ("discover", "fetch", "report", "serve", "watch", "cache")
