"""What is changed between two builds: records of shards or item files, and values in the recipe."""

import re

from benchmarks import forms

UPDATED = re.compile(rb'"updated":"[^"]*"')
KINDS = "one", "month", "scattered"


def touched(line, mark):
    """Return a record with another moment of its update; each `mark` is another."""
    kind, turn = mark
    return UPDATED.sub(b'"updated":"%d-01-01T00:00:%02dZ"' % (2030 + KINDS.index(kind), turn), line, count=1)


def change(file, chosen, mark):
    """Change the records of a file for which `chosen(number, line)` is true, and return how many that were."""
    lines = file.read_bytes().splitlines(keepends=True)
    picked = [number for number, line in enumerate(lines) if chosen(number, line)]
    for number in picked:
        lines[number] = touched(lines[number], mark)
    if picked:
        file.write_bytes(b"".join(lines))
    return len(picked)


def files(folder):
    """Return the files of records below folder/data, in order."""
    return sorted(path for path in (folder / "data").rglob("*") if path.is_file())


def one(folder, turn):
    """Change one record in the middle of one file."""
    file = next(iter(files(folder)))
    middle = file.read_bytes().count(b"\n") // 2
    return change(file, lambda number, _: number == middle, ("one", turn))


def of_month(folder, turn):
    """Change all records of one month, which are about 1 %."""
    month = "-".join(forms.month_of(forms.MONTHS // 2 + turn)).encode()
    within = re.compile(rb'"(?:start_)?datetime":"' + month)
    return sum(change(file, lambda _, line: within.search(line) is not None, ("month", turn)) for file in files(folder))


def scattered(folder, turn):
    """Change every hundredth record."""
    return sum(change(file, lambda number, _: number % 100 == turn, ("scattered", turn)) for file in files(folder))


def mapping(text, collection, turn):
    """Return the recipe with another constant in the mapping of one collection."""
    head, mark, rest = text.partition(f"[mappings.{collection}.properties]")
    return head + mark + replaced(rest, 'value = "CC-BY-4.0"', f'value = "CC-BY-{turn}.1"')


def extension(text, turn):
    """Return the recipe with another version in the extension `version`."""
    return replaced(text, 'version = "1.0"', f'version = "1.{turn + 1}"')


def replaced(text, old, new):
    assert old in text
    return text.replace(old, new, 1)
