"""`lock` and `verify` over a fake engine: their JSON and their words to the letter."""

import json

from test_cli_fake import ask
from test_cli_json import envelope

from stacbuild.failures import Exit
from stacbuild.report import (
    LockedPart,
    LockReport,
    OutputsPart,
    Reason,
    SamplePart,
    StorePart,
    VerifyReport,
    Wrong,
)

MOVED = [
    Reason("mapping-changed", "mappings.scenes", "0123456789abcdef", "fedcba9876543210", "stacbuild.toml:12:3"),
    Reason("source-changed", "source:csv", {"inputs": 20, "digest": "aa"}, {"inputs": 1, "digest": "bb"}),
    Reason("new", "source:more", None, {"inputs": 1200, "digest": "cc"}),
    Reason("source-gone", "source:old", {"inputs": 3, "digest": "dd"}, None),
    Reason("stage-revised", "transform"),
    Reason("schema-changed", "https://example.com/s.json", "ee", None),
]
BAD = VerifyReport(
    "stacbuild.toml",
    locked=LockedPart("stacbuild.lock", MOVED[:1]),
    outputs=OutputsPart(
        26,
        [
            Wrong("output:site", "edited", "dist/site/catalog.json", "it holds other bytes than were written"),
            Wrong("output:site", "manifest-missing", "dist/.stacbuild-manifest/site/00", "it is not there"),
        ],
        ["dist/site/notes.txt"],
    ),
    store=StorePart(3, [Wrong("chunk:" + "ab" * 32, "damaged", None, "5 items of the catalog lie in it")]),
    sample=SamplePart(
        7,
        "1%",
        1200,
        12,
        14,
        [
            Wrong(
                "item:boreal/S2A_1",
                "differs",
                None,
                "it comes out otherwise",
                [{"path": "/properties/made", "before": "a", "after": 2}, {"path": "/x", "after": None}],
            )
        ],
        {"they share their ids": 2},
    ),
    seconds=0.5,
    exit=Exit.DAMAGE,
)


def test_verify_json_to_the_letter():
    result = ask("verify", "--json", verify=BAD)
    assert result.exit_code == 4
    assert json.loads(result.stdout) == {
        **envelope("verify", 4),
        "recipe": "stacbuild.toml",
        "locked": {
            "path": "stacbuild.lock",
            "moved": [
                {
                    "code": "mapping-changed",
                    "what": "mappings.scenes",
                    "before": "0123456789abcdef",
                    "after": "fedcba9876543210",
                    "at": "stacbuild.toml:12:3",
                }
            ],
        },
        "outputs": {
            "files": 26,
            "wrong": [
                {
                    "target": "output:site",
                    "what": "edited",
                    "path": "dist/site/catalog.json",
                    "message": "it holds other bytes than were written",
                },
                {
                    "target": "output:site",
                    "what": "manifest-missing",
                    "path": "dist/.stacbuild-manifest/site/00",
                    "message": "it is not there",
                },
            ],
            "foreign": ["dist/site/notes.txt"],
            "restored": False,
        },
        "store": {
            "chunks": 3,
            "wrong": [
                {"target": "chunk:" + "ab" * 32, "what": "damaged", "message": "5 items of the catalog lie in it"}
            ],
            "known": True,
        },
        "sample": {
            "seed": 7,
            "asked": "1%",
            "total": 1200,
            "items": 12,
            "files": 14,
            "wrong": [
                {
                    "target": "item:boreal/S2A_1",
                    "what": "differs",
                    "message": "it comes out otherwise",
                    "differences": [
                        {"path": "/properties/made", "before": "a", "after": 2},
                        {"path": "/x", "after": None},
                    ],
                }
            ],
            "skipped": {"they share their ids": 2},
        },
        "seconds": 0.5,
    }


def test_verify_in_words():
    assert ask("verify", verify=BAD).stdout.splitlines() == [
        "stacbuild.toml: not as promised (0.50 s)",
        "  stacbuild.lock: 1 difference",
        "    [mappings.scenes] says something else (stacbuild.toml:12:3)",
        "    = hint: if this is meant, `stacbuild lock` brings it up to date",
        "  outputs: 2 wrong, 26 files as written",
        "    dist/site/catalog.json: it holds other bytes than were written",
        "    dist/.stacbuild-manifest/site/00: it is not there",
        "    = hint: `stacbuild build --force` looks into the manifests too",
        "    = hint: `stacbuild build` writes them again; what shall stay belongs into the recipe",
        "    dist/site/notes.txt: no build wrote it",
        "  store: 1 wrong, 3 chunks whole",
        f"    chunk:{'ab' * 32}: 5 items of the catalog lie in it",
        "    = hint: a build makes them again when it needs them; `stacbuild build --force` does now",
        "  sample: 1 wrong; 12 of 1,200 items made again, and 14 files (--seed 7)",
        "    item:boreal/S2A_1: it comes out otherwise",
        '      /properties/made: "a" -> 2',
        "      /x: nothing -> null",
        "    = hint: what makes an item must depend on its record alone: no clock, no chance, no order of a set",
        "    2 left out: they share their ids",
    ]


def test_verify_of_what_is_good_in_words():
    good = VerifyReport(
        "stacbuild.toml",
        LockedPart("stacbuild.lock", []),
        OutputsPart(27, [], restored=True),
        StorePart(1, [], known=False),
        SamplePart(7, "10", 1200, 10, 11, []),
        1.0,
    )
    assert ask("verify", verify=good).stdout.splitlines() == [
        "stacbuild.toml: as promised (1.00 s)",
        "  stacbuild.lock: agrees",
        "  outputs: 27 files as written; the memory is lost: compared with the manifests",
        "  store: 1 chunk whole, needed or not",
        "  sample: 10 of 1,200 items made again, and 11 files: the same bytes (--seed 7)",
    ]
    assert ask("verify", "-q", verify=good).stdout == ""
    assert ask("verify", "-q", verify=BAD).stdout != ""


def a_lock(**changes):
    return LockReport(
        "stacbuild.toml", "stacbuild.lock", True, False, MOVED, {"csv": 1, "more": 1200}, 2, 0.02, **changes
    )


def test_lock_json_to_the_letter():
    document = json.loads(ask("lock", "--json", lock=a_lock()).stdout)
    assert document.pop("moved")[1] == {
        "code": "source-changed",
        "what": "source:csv",
        "before": {"inputs": 20, "digest": "aa"},
        "after": {"inputs": 1, "digest": "bb"},
    }
    assert document == {
        **envelope("lock"),
        "recipe": "stacbuild.toml",
        "path": "stacbuild.lock",
        "written": True,
        "created": False,
        "sources": {"csv": 1, "more": 1200},
        "schemas": 2,
        "seconds": 0.02,
    }


def test_lock_in_words():
    assert ask("lock", lock=a_lock()).stdout.splitlines() == [
        "stacbuild.lock: updated (2 sources, 1,201 inputs, 0.02 s)",
        "  [mappings.scenes] says something else (stacbuild.toml:12:3)",
        "  source 'csv' has 1 input, locked were 20",
        "  source 'more' (1,200 inputs) is new",
        "  source 'old' (3 inputs) is not in the recipe any more",
        "  transform: this version of stacbuild, or of a library, does it in another way",
        "  schema https://example.com/s.json is not at hand",
    ]


def test_options_of_verify_reach_the_engine():
    def asked(*argv):
        return ask("verify", *argv).fake.asked[0][2]

    none = {"locked": False, "outputs": False, "sample": None, "seed": None}
    assert asked() == none
    assert asked("--locked", "--outputs") == {**none, "locked": True, "outputs": True}
    assert asked("--sample", "1%", "--seed", "5") == {**none, "sample": "1%", "seed": 5}
    assert asked("--sample", "10") == {**none, "sample": 10}
