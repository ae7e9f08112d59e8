"""One process, start to end: seconds by the clock, processor seconds with its children's, and its greatest memory.

Memory is the sum of PSS over the process and all below it (/proc/*/smaps_rollup: pages that n processes share count
1/n in each), sampled every SAMPLE seconds or less often; of a process that was alone all its life it is at least VmHWM,
which the kernel keeps without gaps. Where /proc is missing it is 0.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

SAMPLE = 0.05
SHARE = 20
"""A sample of a large tree takes milliseconds; between two passes this many times what the last one took."""

TREE_EVERY = 5
"""Samples between two looks for new children."""


class Measured(NamedTuple):
    """What one process took."""

    wall: float
    cpu: float
    memory: int
    out: bytes
    status: int


def run(command, folder):
    """Run `command` in `folder` and return what it took; what is still to be written of others is written before."""
    os.sync()
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    watch = Watch(process.pid)
    watch.start()
    errors = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    reader.start()
    out = process.stdout.read()
    reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.end()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed ({process.returncode}):\n{errors[0].decode()[-2000:]}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, watch.peak, out, process.returncode)


def environment():
    """Return what a process is run with: compiled modules are kept, as they are where it is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Watch(threading.Thread):
    """Samples the memory of a process and all below it until told to end."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.peak, self.samples = 0, 0
        self._pid, self._pids, self._over = pid, [pid], threading.Event()
        self._alone, self._high = True, 0

    def run(self):
        pause = 0.0
        while not self._over.wait(pause):
            began = time.perf_counter()
            if self.samples % TREE_EVERY == 0:
                self._pids = tree(self._pid)
            self._alone = self._alone and len(self._pids) == 1
            self.peak = max(self.peak, sum(map(pss, self._pids)))
            self._high = max(self._high, high(self._pid))
            self.samples += 1
            if self._alone:
                self.peak = max(self.peak, self._high)
            pause = max(SAMPLE, SHARE * (time.perf_counter() - began))

    def end(self):
        self._over.set()
        self.join()


def tree(top):
    """Return the ids of a process and all below it."""
    below = {}
    for place in Path("/proc").glob("[0-9]*/stat") if Path("/proc").is_dir() else ():
        try:
            parent = int(place.read_bytes().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
        below.setdefault(parent, []).append(int(place.parent.name))
    found = [top]
    for pid in found:
        found.extend(below.get(pid, ()))
    return found


def pss(pid):
    """Return the bytes that a process holds, its share of shared pages; 0 when it is gone."""
    return _field(f"/proc/{pid}/smaps_rollup", b"Pss:")


def high(pid):
    """Return the most that was ever resident of a process, bytes; 0 when it is gone."""
    return _field(f"/proc/{pid}/status", b"VmHWM:")


def _field(path, name):
    try:
        text = Path(path).read_bytes()
    except OSError:
        return 0
    _, found, rest = text.partition(b"\n" + name)
    return int(rest.split(None, 1)[0]) * 1024 if found else 0
