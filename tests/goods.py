"""Good recipes of the project, by name: of recipes/, examples/, the pages, and of these tests."""

import re
from pathlib import Path
from typing import NamedTuple

import kitchen
import test_include
import test_matrix
import test_recipe
import world_inputs

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^ *```toml(?: (?P<file>\S+))?\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*/*/README.md"))]


def files():
    """Return the recipes that lie in the project as files."""
    found = [path for top in ("examples", "recipes") for path in sorted((ROOT / top).rglob("stacbuild*.toml"))]
    return [path for path in found if path.is_file()]  # builds leave folders of that name


class Block(NamedTuple):
    """A toml block of a page."""

    page: Path
    file: str | None
    """What it is called there."""
    text: str


def blocks():
    """Return each toml block of the pages, by page and line."""
    found = {}
    for page in PAGES:
        text = page.read_text()
        for match in BLOCK.finditer(text):
            line = text[: match.start("body")].count("\n") + 1
            found[f"{page.relative_to(ROOT)}:{line}"] = Block(page, match["file"], match["body"])
    return found


def is_whole(text):
    """Tell whether a block is a recipe in one file."""
    return "[catalog]" in text and "include =" not in text


def goods():
    """Return good recipes, each whole in one file."""
    return {
        **{str(path.relative_to(ROOT)): path.read_text() for path in files() if is_whole(path.read_text())},
        **{name: block.text for name, block in blocks().items() if is_whole(block.text)},
        "every key": (ROOT / "tests" / "every-key.toml").read_text(),
        "full": test_recipe.FULL,
        "parts in one": test_include.WHOLE,
        "matrix": test_matrix.TILES + test_matrix.EACH + test_matrix.ALL + test_matrix.MAPPING,
        "world": world_inputs.toml(world_inputs.a_recipe()),
        "kitchen": world_inputs.toml(kitchen.RECIPE),
    }
