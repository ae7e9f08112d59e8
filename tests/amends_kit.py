"""What a kitchen's memory holds, without places: for tests of records that were edited in place."""

import json
import shutil

import msgspec
from kitchen import Kitchen

from stacbuild import odd
from stacbuild.aggregate import Fold
from stacbuild.looking import marks_in
from stacbuild.trace import Memory

ALIKE = ("seconds", "stacbuild")
"""What two builds that did the same say differently."""


def memory(kitchen):
    """Return the memory of a kitchen's only recipe."""
    (folder,) = (kitchen / ".stacbuild/memory").iterdir()
    return Memory(folder)


def held(kitchen):
    """Return all that the memory says of groups, without where rows and documents lie, and what numbers stand for."""
    found = memory(kitchen)
    try:
        groups = [_group(found, entry) for entry in found.head.groups]
    finally:
        found.close()
    return sorted(groups, key=lambda group: group["place"])


def _group(found, entry):
    named = [(context.stage, context.digest.hex()) for context in found.head.contexts]
    rows, shares = found.group(entry), found.shares(entry)
    names = found.names(entry)
    return {
        "place": (entry.source, entry.shard, entry.first, entry.line, entry.run),
        "entry": (entry.root, entry.inputs, entry.faults, entry.targets, entry.untaken, entry.above, entry.part),
        "reads": sorted(marks_in(entry.reads)),
        "names": (names.keys, names.ids),
        "tallies": {name: _tally(tally, named) for name, tally in entry.tallies.items()},
        "inputs": [msgspec.to_builtins(row) for row in rows.inputs],
        "pairs": {name: [_pair(pair, named) for pair in some] for name, some in rows.pairs.items()},
        "odd": _odd(shares.pop(odd.NAME), named),
        "shares": {name: repr(msgspec.msgpack.decode(share, type=Fold)) for name, share in shares.items()},
    }


def _tally(tally, named):
    known = msgspec.structs.asdict(tally)
    stages = [sorted(named[number] for number in stage) for stage in tally.contexts]
    return known | {"contexts": stages, "verdicts": sorted(named[number] for number in tally.verdicts)}


def _odd(blob, named):
    group = msgspec.msgpack.decode(blob, type=odd.Group)
    pairs = {name: [_pair(pair, named) for pair in some] for name, some in group.pairs.items()}
    return [msgspec.to_builtins(row) for row in group.inputs], pairs


def _pair(pair, named):
    marks = [(named[one.context], *msgspec.structs.astuple(one)[1:]) for one in pair.marks]
    verdict = pair.verdict and (named[pair.verdict.context], pair.verdict.state, pair.verdict.faults)
    versions = [_version(pair.now) if pair.live else None, _version(pair.kept)]  # others come and go with the store
    return repr((pair.key, pair.input, pair.id, marks, pair.fault, verdict, pair.live, versions))


def _version(version):
    return version and repr(msgspec.structs.replace(version, blob=b"", ordinal=0))


def report(kitchen, *argv):
    """Build and return what the build says, but for the time that it took."""
    done = kitchen.run("build", "--json", *argv)
    told = json.loads(done.out)
    return {name: value for name, value in told.items() if name not in ALIKE}


def told(kitchen):
    """Return what is said of failures, but for when, and of what patches changed."""
    changes = kitchen / ".stacbuild/changes.ndjson"
    failures = [{**one, "timestamp": None} for one in kitchen.failures()]
    return failures, changes.read_text() if changes.exists() else None


def as_if_new(kitchen, exit_=0):
    """Build the same from nothing elsewhere and compare what is written, what fails, and what is remembered."""
    folder = kitchen.folder.parent / "new"
    shutil.copytree(kitchen.folder, folder, ignore=shutil.ignore_patterns("dist", ".stacbuild"))
    other = Kitchen(folder, rows=None)
    other.recipe = kitchen.recipe
    other.save()
    other.build(exit_=exit_)
    assert kitchen.tree("dist") == other.tree("dist")
    assert held(kitchen) == held(other)
    assert [one["source"] for one in kitchen.failures()] == [one["source"] for one in other.failures()]
    shutil.rmtree(folder)


def damage(kitchen, kind):
    """Damage the first file of a kind in the memory everywhere."""
    file = min((kitchen / ".stacbuild/memory").glob(f"*/{kind}*"))
    blob = bytearray(file.read_bytes())
    for at in range(0, len(blob), 7):
        blob[at] ^= 0x40
    file.write_bytes(blob)
