"""Memory that is free goes back to the machine, also where something that is held lies above it."""

import ctypes
import platform
import subprocess
import sys

import pytest

from stacbuild.freed import give_back

HELD = 40_000
"""Kilobytes that are let go of."""
BETWEEN = f"""
import re
from stacbuild.freed import give_back

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])

lines = [bytes(2_000) for _ in range({HELD} // 2)]
above, full = lines[-1], resident()
del lines
before = resident()
give_back()
print(full, before, resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="C's library here keeps what is free")
def test_what_lies_below_what_is_held_goes_back():
    told = subprocess.run([sys.executable, "-c", BETWEEN], capture_output=True, text=True, check=True).stdout
    full, before, after = map(int, told.split())
    assert full - before < HELD / 10, "by itself C's library keeps it"
    assert full - after > HELD * 0.8


def test_where_no_c_library_can_it_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    give_back()
