"""Slices of a file are given as they were written, or not at all; and no file is made of what is damaged."""

import os
import random

import pytest

from stacbuild import checksums, files, making
from stacbuild.checksums import SLICE, DamagedError, Slices, summed
from stacbuild.outputs.base import Rank, Wanted
from stacbuild.parts import Former, Part
from stacbuild.sources.stamps import SLACK_NS

SIZES = [0, 1, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE, 3 * SLICE + 7]


def bytes_of(size):
    return random.Random(size).randbytes(size)


def cut(blob, sizes):
    """Return `blob` in pieces of some sizes, over and over."""
    pieces, at, number = [], 0, 0
    while at < len(blob):
        pieces.append(blob[at : at + sizes[number % len(sizes)]])
        at, number = at + len(pieces[-1]), number + 1
    return pieces


def sums_of(pieces):
    sums = bytearray()
    assert b"".join(summed(iter(pieces), sums)) == b"".join(pieces)
    return bytes(sums)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cuts", [[1 << 20], [1000, 1, 70_000], [SLICE], [SLICE - 1, 1, SLICE + 1]])
def test_checksums_do_not_know_in_which_pieces_a_file_was_written(size, cuts):
    blob = bytes_of(size)
    assert sums_of(cut(blob, cuts)) == sums_of([blob])
    assert len(sums_of([blob])) == 8 * -(-size // SLICE)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes_of(SIZES[-1]))
    return path


def read(path, begin, end, sums=None):
    blob = path.read_bytes()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return b"".join(Slices(descriptor, sums_of([blob]) if sums is None else sums).read(begin, end))
    finally:
        os.close(descriptor)


def test_any_range_is_read(file):
    blob, dice = file.read_bytes(), random.Random(5)
    places = [0, 1, SLICE - 1, SLICE, SLICE + 1, len(blob), *(dice.randrange(len(blob)) for _ in range(20))]
    for begin in places:
        for end in places:
            assert read(file, begin, end) == blob[begin:end]


def test_a_range_that_is_not_there_or_of_other_bytes_is_not_read(file):
    blob = file.read_bytes()
    sums = sums_of([blob])
    with pytest.raises(DamagedError):
        read(file, 5, len(blob) + 1)
    with pytest.raises(DamagedError):
        read(file, 0, 1, sums=b"")
    file.write_bytes(blob[: 2 * SLICE] + b"?" + blob[2 * SLICE + 1 :])
    assert read(file, 7, 2 * SLICE, sums) == blob[7 : 2 * SLICE]
    with pytest.raises(DamagedError):
        read(file, 2 * SLICE - 1, len(blob), sums)


class Halves:
    """An output with a file of two parts."""

    def __init__(self, base, blob):
        self.base, self.blob, self.made = base, blob, 0

    def content(self, view, wanted, standing):
        half = len(self.blob) // 2
        for begin, end in ((0, half), (half, len(self.blob))):
            mark = bytes([begin > 0]) * 16
            found = standing.find(mark)
            self.made += found is None
            yield from standing.copy(found) if found else [self.blob[begin:end]]
            standing.note(Part(mark, begin, end - begin))


class Nobody:
    def left_out(self):
        return []


def test_a_file_that_was_damaged_though_its_stat_is_the_same_is_made_whole(tmp_path, monkeypatch):
    output, wanted = Halves(tmp_path, bytes_of(SIZES[-1])), Wanted("file", bytes(16), Rank.DATA, many=True)
    path = tmp_path / "file"
    monkeypatch.setattr(making, "SLACK_NS", -SLACK_NS)
    made = making.make(output, Nobody(), wanted)
    files.put(made.attempt, str(path))
    again = making.make(output, Nobody(), wanted, Former(files.stat_of(str(path)), made.parts))
    assert (again.copied, output.made) == (len(output.blob), 2)
    assert again.attempt.digest == made.attempt.digest
    assert again.parts == made.parts

    path.write_bytes(output.blob[:-3] + b"?" + output.blob[-2:])
    mended = making.make(output, Nobody(), wanted, Former(files.stat_of(str(path)), made.parts))
    assert (mended.copied, output.made) == (0, 4)
    assert mended.attempt.digest == made.attempt.digest


def test_a_disk_that_does_not_read_costs_the_copy_and_not_the_build(tmp_path, monkeypatch):
    output, wanted = Halves(tmp_path, bytes_of(10)), Wanted("file", bytes(16), Rank.DATA, many=True)
    monkeypatch.setattr(making, "SLACK_NS", -SLACK_NS)
    made = making.make(output, Nobody(), wanted)
    files.put(made.attempt, str(tmp_path / "file"))

    def broken(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(checksums.os, "pread", broken)
    again = making.make(output, Nobody(), wanted, Former(files.stat_of(str(tmp_path / "file")), made.parts))
    assert (again.copied, again.attempt.digest) == (0, made.attempt.digest)
