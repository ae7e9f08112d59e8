"""Wrong recipes and the exact words that people read: one pair of files a case in `messages/`.

`RENEW_MESSAGES=1 pytest tests/test_recipe_messages.py` writes the words anew; read them as a user before committing.
"""

import os
from pathlib import Path

import pytest

from stacbuild.recipe.env import BadRecipe
from stacbuild.recipe.lines import concise, frame
from stacbuild.recipe.load import load
from stacbuild.recipe.names import CODES

FOLDER = Path(__file__).parent / "messages"
CASES = sorted(FOLDER.glob("*.toml"))
ENVIRON = {"MY_TOKEN": "s3cr3t-value", "HOME": "/home/somebody"}


def words_of(path: Path) -> tuple[str, BadRecipe]:
    with pytest.raises(BadRecipe) as caught:
        load(path, ENVIRON)
    frames = [frame(problem, caught.value.line_of(problem)) for problem in caught.value.problems]
    return "\n\n".join(frames) + "\n", caught.value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_wrong_recipe_is_told_in_these_words(case, monkeypatch):
    monkeypatch.chdir(FOLDER)
    words, _ = words_of(case)
    expected = case.with_suffix(".txt")
    if os.environ.get("RENEW_MESSAGES"):
        expected.write_text(words, encoding="utf-8")
    assert words == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_problem_has_a_known_code_and_a_line(case, monkeypatch):
    monkeypatch.chdir(FOLDER)
    _, error = words_of(case)
    assert all(problem.code in CODES for problem in error.problems)
    assert all(problem.at is not None and problem.at.line > 0 for problem in error.problems)
    files = (f"{case.name}:", "parts/")
    assert all(concise(problem).startswith(files) for problem in error.problems)


def test_there_are_words_for_every_code_but_none_without_a_case():
    told = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.txt"))
    assert [code for code in CODES if f"[{code}]" not in told] == []
