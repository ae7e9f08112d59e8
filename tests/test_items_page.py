"""The page about items that exist: its files are built, and give what it says."""

import re

from goods import ROOT
from kitchen import Kitchen

PAGE = (ROOT / "docs/items.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_builds(tmp_path):
    files = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert [name for name, _ in files] == ["drop/items.ndjson", "stacbuild.toml"]
    kitchen = Kitchen(tmp_path / "k", rows=None)
    for name, text in files:
        kitchen.write(name, text)

    report = kitchen.build()

    assert report["patches"] == {
        "cloudy": {"matched": 1, "changed": 1, "dropped": 0},
        "names": {"matched": 2, "changed": 2, "dropped": 0},
        "no-drafts": {"matched": 3, "changed": 1, "dropped": 0},
    }
    assert "SB705" in {warning["code"] for warning in report["warnings"]}
    (cloudy,) = kitchen.items("s2-l1c")
    first, second = kitchen.items("s2-l2a")
    assert (cloudy["properties"]["keywords"], cloudy["properties"]["platform"]) == (["cloudy"], "sentinel-2a")
    assert (first["properties"], second["properties"]["platform"]) == (
        {"datetime": "2024-05-01T10:00:00Z", "platform": "sentinel-2a", "cloud": 12},
        "sentinel-2b",
    )
    alternates = first["assets"]["data"]["alternate"]
    assert (alternates["s3"]["href"], alternates["local"]["href"]) == (
        "s3://mirror/l2a/a2.tif",
        "file:///archive/s2-l2a/a2.tif",
    )
    assert first["assets"]["data"]["alternate:name"] == "https"
