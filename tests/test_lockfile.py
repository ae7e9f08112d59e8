"""The lock file: one state is the same bytes, sections are apart, what is not ours is refused with its line."""

import random

import msgspec
import pytest

from stacbuild import lockfile
from stacbuild.failures import Exit, RecipeError
from stacbuild.lockfile import Lock, LockedRecipe, LockedSchema, LockedSource, LockedStage

A, B = "a" * 64, "b" * 64
SHORT = "0123456789abcdef"


def a_lock(**changes):
    full = {
        "recipe": LockedRecipe(A, {"sources.x": SHORT, "catalog": SHORT}),
        "sources": {"x": LockedSource(6, A), "a/ü b": LockedSource(0, B)},
        "collections": {"one": {"transform": LockedStage(A, {"mapping": SHORT, "catalog": SHORT})}},
        "schemas": [LockedSchema("https://example.com/b.json", A), LockedSchema("https://example.com/a.json", B)],
    }
    return Lock(**full | changes)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "stacbuild.lock"
    assert lockfile.write(path, a_lock()) is True
    read = lockfile.read(path)
    assert msgspec.structs.replace(read, schemas=sorted(read.schemas)) == a_lock(schemas=sorted(a_lock().schemas))
    assert read.pins == {"https://example.com/a.json": B, "https://example.com/b.json": A}


def test_order_in_memory_means_nothing(tmp_path):
    lock = a_lock()
    turned = a_lock(
        recipe=LockedRecipe(A, dict(reversed(lock.recipe.tables.items()))),
        sources=dict(reversed(lock.sources.items())),
        schemas=lock.schemas[::-1] + lock.schemas,
    )
    assert lockfile.encoded(turned) == lockfile.encoded(lock)


def test_same_lock_is_not_written_again(tmp_path):
    path = tmp_path / "stacbuild.lock"
    lockfile.write(path, a_lock())
    before = path.stat()
    assert lockfile.write(path, lockfile.read(path)) is False
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [one.name for one in tmp_path.iterdir()] == ["stacbuild.lock"]


def test_pins_are_replaced_and_the_rest_stays(tmp_path):
    path = tmp_path / "stacbuild.lock"
    lockfile.write(path, a_lock())
    before = path.read_text()
    lockfile.write(path, lockfile.with_pins(lockfile.read(path), {"https://example.com/c.json": B}))
    assert lockfile.read(path).pins == {"https://example.com/c.json": B}
    head = before.index("[[schemas]]")
    assert path.read_text()[:head] == before[:head]


def test_pins_need_no_locked_recipe(tmp_path):
    path = tmp_path / "stacbuild.lock"
    lockfile.write(path, lockfile.with_pins(Lock(), {"https://example.com/c.json": B}))
    assert "[recipe]" not in path.read_text()
    assert lockfile.read(path).recipe is None


def test_no_file_is_no_lock(tmp_path):
    assert lockfile.read(tmp_path / "stacbuild.lock") is None


def test_each_recipe_of_a_folder_has_its_lock(tmp_path):
    names = [lockfile.path_of(tmp_path / name).name for name in ("stacbuild.toml", "other.toml", "a.b.toml", "plain")]
    assert names == ["stacbuild.lock", "other.lock", "a.b.lock", "plain.lock"]


GOOD = lockfile.encoded(a_lock()).decode()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no `format`"),
        ("[package]\nname = 'x'\n", 1, "no `format`"),
        ("# one\nformat = 2\n", 2, "its format is 2"),
        ("format = true\n", 1, "its format is True"),
        ("format = 1\nrecipe = ", 2, "not TOML"),
        ("format = 1\n\x00", 2, "not TOML"),
        ("format = 1\na = " + "[" * 5000, 1, "nested too deep"),
        ("format = 1\n<<<<<<< HEAD\nx = 1\n=======\n", 2, "a merge left its marks"),
        ("format = 1\n[sources.x]\ninputs = 'many'\ndigest = 'x'\n", 3, "expected `int`"),
        ("format = 1\n[sources.x]\ninputs = 2\n", 2, "missing required field `digest`"),
        (GOOD.replace("[sources.x]", "[sources.x]\ncolour = 1"), None, "unknown field `colour`"),
        (GOOD.replace(A, A[:-1], 1), 5, "is no digest of 64"),
        (GOOD.replace(SHORT, "z" * 16, 1), 8, "is no digest of 16"),
        (GOOD + f'\n[[schemas]]\nurl = "https://example.com/a.json"\ndigest = "{A}"\n', None, "stands twice"),
    ],
)
def test_what_is_damaged_or_foreign_is_refused_with_its_line(tmp_path, text, line, words):
    path = tmp_path / "stacbuild.lock"
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        lockfile.read(path)
    (problem,) = caught.value.problems
    assert (caught.value.exit, problem.code) == (Exit.USAGE, "SB520")
    assert words in problem.message
    assert "stacbuild lock" in problem.hint
    assert problem.at.file == "stacbuild.lock"
    assert line is None or problem.at.line == line
    assert path.read_text() == text


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "stacbuild.lock"
    path.write_bytes(b"format = 1\n# \xff\n")
    with pytest.raises(RecipeError, match="not text"):
        lockfile.read(path)


def mutated(chance, blob):
    """Return a lock that somebody's hand or disk went over."""
    lines = blob.splitlines(keepends=True)
    match chance.randrange(6):
        case 0:
            at = chance.randrange(len(blob))
            return blob[:at] + bytes([chance.randrange(256)]) + blob[at + 1 :]
        case 1:
            return blob[: chance.randrange(len(blob))]
        case 2:
            del lines[chance.randrange(len(lines))]
        case 3:
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
        case 4:
            chance.shuffle(lines)
        case _:
            at = chance.randrange(len(lines))
            lines[at] = (
                lines[at].split(b"=")[0] + b"= " + chance.choice([b"1", b"[]", b"{}", b'"x"', b"2024-01-01"]) + b"\n"
            )
    return b"".join(lines)


def test_no_damage_is_a_crash(tmp_path):
    chance, path, refused = random.Random(3), tmp_path / "stacbuild.lock", 0
    for _ in range(500):
        path.write_bytes(mutated(chance, GOOD.encode()))
        try:
            lockfile.read(path)
        except RecipeError as error:
            refused += 1
            (problem,) = error.problems
            assert (problem.code, problem.at.line > 0) == ("SB520", True)
            assert problem.at.line <= path.read_bytes().count(b"\n") + 1
    assert refused > 300
