"""A build of ninja with as many targets as there are records, all up to date: an edge has one file in and one out.

The files are empty. So that the targets need not be made by as many processes, ninja's log is written here, in the form
that it writes after a build of one target; a log is a line a target, with a hash of its command. All commands are
the same, and so are the hashes.
"""

import importlib.util
import subprocess

EACH = 1_000
"""Files in a folder."""

RULE = "rule make\n  command = true\n\n"


def missing():
    """Return why there is nothing to compare with, or None."""
    return None if importlib.util.find_spec("ninja") else "ninja is missing (pip install ninja)"


def program():
    import ninja  # noqa: PLC0415  an optional comparison

    return f"{ninja.BIN_DIR}/ninja"


def make(folder, number):
    """Write the files, build.ninja and the log into `folder`."""
    folder.mkdir(parents=True)
    names = [f"{place // EACH}/{place}" for place in range(number)]
    for top in ("in", "out"):
        for start in range(0, number, EACH):
            (folder / top / str(start // EACH)).mkdir(parents=True)
        for name in names:
            (folder / top / name).touch()
    edges = "".join(f"build out/{name}: make in/{name}\n" for name in names)
    (folder / "build.ninja").write_text(RULE + edges)
    write_log(folder, names)


def write_log(folder, names):
    """Write the log of a build that made everything after its inputs."""
    subprocess.run([program(), f"out/{names[0]}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    head, line = (folder / ".ninja_log").read_text().splitlines()[:2]
    began, ended, _, _, digest = line.split("\t")
    rows = (f"{began}\t{ended}\t{(folder / 'out' / name).stat().st_mtime_ns}\tout/{name}\t{digest}\n" for name in names)
    (folder / ".ninja_log").write_text(head + "\n" + "".join(rows))
