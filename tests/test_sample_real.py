"""Real items of thirty origins, most of them failing or doubtful in some way, come out the same in another process."""

from pathlib import Path

import pytest
from kitchen import Kitchen

DATA = Path(__file__).parents[2] / "shared/data"

pytestmark = pytest.mark.skipif(not (DATA / "items").is_dir(), reason="the real data is not beside this repository")


def test_real_items_come_out_the_same_and_so_do_their_failures(tmp_path):
    kitchen = Kitchen(tmp_path / "here", None)
    files = [str(DATA / "items" / f"{start}*.ndjson") for start in ("pc-", "pgstac-", "earthsearch-", "stactools-")]
    kitchen.recipe |= {
        "sources": {"items": {"kind": "stac-items", "path": files}},
        "mappings": {},
        "collections": {"one": {"from": ["items"], "on-duplicate": "first"}},
        "validation": {"schemas": [str(DATA / "schemas")]},
    }
    kitchen.save()
    kitchen.ask("lock", exit_=0)
    failed = kitchen.ask("build", "--locked", exit_=1)["failures"]["count"]
    part = kitchen.ask("verify", "--sample", "100%", exit_=0)["sample"]
    assert failed > 50
    assert part["items"] == part["total"] > 2500
    assert kitchen.ask("verify", "--locked", "--outputs", exit_=0)["outputs"]["files"] == part["files"]
