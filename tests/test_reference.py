"""The reference pages are those that the program would write, and every toml block of the pages is a recipe."""

import sys
import tomllib

import pytest
from goods import ROOT, blocks, files
from msgspec.structs import fields

from stacbuild.cli import registry
from stacbuild.codes import explanations
from stacbuild.recipe import schema
from stacbuild.recipe.load import load
from stacbuild.recipe.meanings import meanings, structs


@pytest.fixture(scope="module")
def pages():
    sys.path.insert(0, str(ROOT))
    try:
        from docs.generate import pages  # noqa: PLC0415
    finally:
        sys.path.remove(str(ROOT))
    return pages()


@pytest.mark.parametrize("name", ["recipe.md", "command-line.md", "codes.md", "later.md"])
def test_a_reference_page_is_what_the_program_says(name, pages):
    path = ROOT / "docs" / "reference" / name
    assert path.read_text(encoding="utf-8") == pages[name], "run `make docs` and commit what it writes"


def test_every_key_of_every_kind_stands_in_the_page_with_its_meaning(pages):
    rows = [line for line in pages["recipe.md"].splitlines() if line.startswith("| `")]
    told = {(row.split(" | ")[1].strip("`"), row.rsplit(" | ", 1)[1].removesuffix(" |")) for row in rows}
    for kind in (kind for kind in structs(schema.Document) if not getattr(kind, "open", False)):
        keys = [field.encode_name for field in fields(kind)]
        assert [key for key in keys if (key, meanings(kind)[key].replace("|", "\\|")) not in told] == []


def test_every_command_and_code_has_its_heading(pages):
    assert [name for name in registry.COMMANDS if f"\n## {name}\n" not in pages["command-line.md"]] == []
    assert [code for code in explanations() if f"\n### {code}\n" not in pages["codes.md"]] == []


def test_links_within_the_pages_lead_to_headings(pages):
    for text in pages.values():
        heads = {line.lstrip("# ").lower() for line in text.splitlines() if line.startswith("#")}
        linked = {part.split(")")[0] for part in text.split("](#")[1:]}
        assert linked <= heads


@pytest.mark.parametrize("name", blocks())
def test_a_toml_block_of_a_page_is_a_good_recipe_or_part_of_one(name, tmp_path):
    block = blocks()[name]
    tomllib.loads(block.text)
    for other in blocks().values():
        if other.file and other.page == block.page:
            (tmp_path / other.file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / other.file).write_text(other.text)
    recipe = tmp_path / (block.file or "stacbuild.toml")
    if "[catalog]" not in block.text:  # of the recipe that lies beside the page, else of one that takes it in
        beside = block.page.parent / "stacbuild.toml"
        (tmp_path / "part.toml").write_text(block.text)
        others = f"'{beside}'" if beside.exists() and not block.file else ""
        recipe = tmp_path / "whole.toml"
        recipe.write_text(f"include = ['part.toml', {others}]\n" + ("" if others else '[catalog]\nid = "a"\n'))
    else:
        recipe.write_text(block.text)
    assert load(recipe, {}).warnings == ()


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_recipe_of_the_project_is_good(path):
    assert load(path, {}).warnings == ()
