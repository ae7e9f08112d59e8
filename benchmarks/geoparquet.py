"""Speed and memory of the geoparquet output, beside the two ways of stac-geoparquet, on the same items.

    python -m benchmarks.geoparquet [N=50000] [COLLECTION=naip]

The items are copies of real ones of one collection, made by a tool beside the repository. Each way runs in a process of
its own, and is timed from the file of items to the file of Parquet:

    stacbuild           what the output does, of lines in an order that is not the file's; no store, no stages
    ndjson              stac_geoparquet.arrow.parse_stac_ndjson_to_parquet as it is called without options
    chunked             parse_stac_items_to_arrow over 10,000 items a chunk, then to_parquet

Goals: five times as fast as ndjson, twice as fast as chunked. Shown are median seconds by the clock and of the
processor, and the greatest memory.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.seeds import SEEDS, SHARED

MAKER = SHARED.parent / "tools" / "synth_items.py"
GOALS = {"ndjson": 5, "chunked": 2}
TURNS = {"stacbuild": 3, "chunked": 3, "ndjson": 1}
CHUNK = 10_000


def main(arguments):
    options = {"N": "50000", "COLLECTION": "naip"} | dict(word.split("=", 1) for word in arguments)
    if not MAKER.exists():
        sys.exit(f"the items are made by {MAKER}, which is not there")
    with tempfile.TemporaryDirectory() as folder:
        lines = made(Path(folder), int(options["N"]), options["COLLECTION"])
        size = lines.stat().st_size
        print(f"{options['N']} items of {options['COLLECTION']}, {size / 1e6:.0f} MB of NDJSON")
        seconds = {}
        for way, turns in TURNS.items():
            found = [measured(way, lines, Path(folder) / f"{way}.parquet") for _ in range(turns)]
            seconds[way] = statistics.median(one[0] for one in found)
            cpu, memory = statistics.median(one[1] for one in found), max(one[2] for one in found)
            written = (Path(folder) / f"{way}.parquet").stat().st_size
            size = f"{memory / 1e6:6.0f} MB held  {written / 1e6:6.1f} MB written"
            print(f"{way:10} {seconds[way]:7.2f} s  {cpu:7.2f} s of processor  {size}")
        for way, goal in GOALS.items():
            times = seconds[way] / seconds["stacbuild"]
            print(f"{times:.1f} times as fast as {way}; wanted {goal}: {'reached' if times >= goal else 'not reached'}")


def made(folder, number, collection):
    """Return a file of items like those of one collection."""
    marks = (f'"collection": "{collection}"', f'"collection":"{collection}"')
    seeds = [line for line in SEEDS.read_text().splitlines() if any(mark in line for mark in marks)]
    (folder / "seeds.ndjson").write_text("\n".join(seeds) + "\n")
    lines = folder / "items.ndjson"
    command = [sys.executable, MAKER, folder / "seeds.ndjson", "-n", str(number), "--seed", "1", "-o", lines]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return lines


def measured(way, lines, out):
    """Return seconds by the clock, of the processor, and bytes of one way, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.geoparquet", "--", way, str(lines), str(out)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(told[-3]), float(told[-2]), int(told[-1])


def run(way, lines, out):
    began = time.perf_counter()
    WAYS[way](lines, out)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def with_stacbuild(lines, out):
    import msgspec  # noqa: PLC0415

    from stacbuild.outputs.base import Item  # noqa: PLC0415
    from stacbuild.outputs.parquet import moments  # noqa: PLC0415
    from stacbuild.outputs.parquet.table import Entry, Options, Table  # noqa: PLC0415

    places = []
    with lines.open("rb") as stream:
        start = 0
        for line in stream:
            places.append((start, len(line), moments.of(msgspec.json.decode(line)["properties"])))
            start += len(line)

        def read(item):
            stream.seek(places[item.ordinal][0])
            return stream.read(places[item.ordinal][1])

        def entry(number):
            _, size, moment = places[number]
            item = Item(f"{number:08}", b"", b"", number, size, 0, "", None, local=False, moment=moment)
            return Entry("c", item, read)

        table = Table([entry(number) for number in range(len(places))], out.parent, Options("zstd", 3, 10_000))
        with out.open("wb") as written:
            for piece in table.pieces(lambda: {"c": {}}):
                written.write(piece)
    assert not table.refused


def with_ndjson(lines, out):
    from stac_geoparquet.arrow import parse_stac_ndjson_to_parquet  # noqa: PLC0415

    parse_stac_ndjson_to_parquet(lines, out)


def with_chunks(lines, out):
    import orjson  # noqa: PLC0415
    from stac_geoparquet.arrow import parse_stac_items_to_arrow, to_parquet  # noqa: PLC0415

    with lines.open("rb") as stream:
        to_parquet(parse_stac_items_to_arrow(map(orjson.loads, stream), chunk_size=CHUNK), out)


WAYS = {"stacbuild": with_stacbuild, "ndjson": with_ndjson, "chunked": with_chunks}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--"]:
        run(sys.argv[2], *map(Path, sys.argv[3:]))
    else:
        main(sys.argv[1:])
