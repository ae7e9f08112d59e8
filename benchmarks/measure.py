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
    others: float
    """Processors that other processes kept busy meanwhile: with many, seconds by the clock say little."""


def run(command, folder):
    """Run `command` in `folder` and return what it took; what is still to be written of others is written before."""
    os.sync()
    began, busy_before = time.perf_counter(), busy()
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    watch = Watch(process.pid)
    watch.start()
    errors = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
    reader.start()
    out = process.stdout.read()
    reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    wall, used = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    others = max(0.0, busy() - busy_before - used) / wall
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.end()
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed ({process.returncode}):\n{errors[0].decode()[-2000:]}")
    return Measured(wall, used, watch.peak, out, others)


def busy():
    """Return the seconds that all processors were busy since the machine was started; 0 where that is not told."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_bytes().split(b"\n", 1)[0].split()[1:9]]
    except OSError:
        return 0.0
    user, nice, system, _idle, _waiting, interrupt, soft, _stolen = ticks
    return (user + nice + system + interrupt + soft) / os.sysconf("SC_CLK_TCK")


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
