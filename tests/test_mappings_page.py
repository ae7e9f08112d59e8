"""The page about mappings: its files are built, and give what it says."""

import re

from goods import ROOT
from kitchen import Kitchen

PAGE = (ROOT / "docs/mappings.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_builds(tmp_path):
    files = re.findall(r"^```\w+ scenes/(\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert [name for name, _ in files] == ["scenes.csv", "stacbuild.toml", "fleet.csv", "ours.py"]
    kitchen = Kitchen(tmp_path / "k", rows=None)
    for name, text in files:
        kitchen.write(name, text)

    assert kitchen.build()["mappings"] == {"scenes": {"mapped": 3, "failed": 0, "reasons": {}}}
    landsat, first, second = kitchen.items("scenes")
    assert first["properties"] == {
        "datetime": "2024-05-03T09:30:00Z",
        "platform": "sentinel-2a",
        "constellation": "sentinel-2",
        "gsd": 10,
        "eo:cloud_cover": 12.5,
        "instruments": ["msi", "aux"],
        "title": "S2A T1",
        "ours:season": "summer",
        "license": "CC-BY-4.0",
    }
    assert (second["geometry"]["type"], second["bbox"]) == ("MultiPolygon", [179.2, -17.5, -179.6, -16.8])
    assert "eo:cloud_cover" not in second["properties"]
    assert (landsat["properties"]["instruments"], landsat["properties"]["datetime"]) == (
        ["oli", "tirs"],
        "2024-05-03T22:00:00Z",
    )
    assert "constellation" not in landsat["properties"]
