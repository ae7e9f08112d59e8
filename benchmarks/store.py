"""How large the store is beside the raw JSON of real items, with several versions of each kept in it.

Synthetic records would be no measure: those of one seed differ in a few bytes, and compress too well. The items are
those of the repository of data; where that is not there, nothing is measured. First they are built, then with another
mapping, then with another extension's config too: after each, what the store's folder takes on the disk, and after
`stacbuild gc`.
"""

import msgspec

from benchmarks import changes, seeds, workload
from benchmarks.world import STACBUILD, World

ITEMS = seeds.SHARED / "items"
RECIPE = """
[sources.real]
kind = "stac-items"
path = "data/*.ndjson"

[mappings.real.properties]
license = { value = "CC-BY-4.0" }
"bench:origin" = { template = "urn:bench:{collection}:{id}" }

[collections."*"]
from = ["real"]
mapping = "real"
extensions = ["mirrors", "edition"]
on-duplicate = "last"
"""


class RealItems(World):
    """Real items as they were found; some are not valid."""

    def make(self, outputs, **_):
        """Copy the items, in their order."""
        (self.folder / "data").mkdir()
        blobs = [file.read_bytes() for file in sorted(ITEMS.glob("*.ndjson"))] if ITEMS.exists() else []
        for place, blob in enumerate(blobs):
            (self.folder / "data" / f"{place:02}.ndjson").write_bytes(blob)
        items = (msgspec.json.decode(line) for blob in blobs for line in blob.splitlines())
        self.number = sum(item.get("collection") is not None for item in items)  # others are of no target
        size = sum(map(len, blobs))
        self.made = {
            "records": self.number,
            "collections": ["real"],
            "files": len(blobs),
            "bytes": size,
            "bytes_per_record": round(size / max(1, self.number)),
            "made_of": "real items",
        }
        self.outputs = outputs
        self.write(self.text(self.jobs))

    def text(self, jobs):
        head = workload.HEAD % {"schemas": workload.schemas(self.folder), "jobs": jobs}
        lenient = head.replace("[validation]", '[validation]\nlevel = "warn"')
        return lenient + RECIPE + "".join(workload.OUTPUTS[name] for name in self.outputs)


def store(world, _):
    """Build three versions and note what the store takes after each."""
    if not world.number:
        world.facts["store"] = f"not measured: there are no real items ({ITEMS})"
        return
    world.build("cold")
    sizes = {"one version": taken(world)}
    world.write(changes.mapping(world.recipe, "real", 1))
    world.build("mapping-changed", fetch=0)
    sizes["two versions"] = taken(world)
    world.write(changes.extension(world.recipe, 1))
    world.build("extension-changed", transform=0)
    sizes["three versions"] = taken(world)
    world.run("gc", [*STACBUILD, "gc"])
    sizes["after gc"] = taken(world)
    world.facts["store, share of raw JSON"] = {
        name: round(size / world.made["bytes"], 3) for name, size in sizes.items()
    }


def taken(world):
    """Return the bytes that the store takes on the disk."""
    files = (path for path in (world.folder / ".stacbuild" / "cache").rglob("*") if path.is_file())
    return sum(file.stat().st_blocks * 512 for file in files)
