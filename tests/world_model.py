"""How often each stage runs: engine.md's table as a model that knows nothing of the engine."""

from collections import Counter
from typing import NamedTuple

from world_inputs import WHERE


class Bounds(NamedTuple):
    """How often a stage may have run."""

    least: int
    most: int


STAGES = ("transform", "extend", "patch")
"""What makes an item, in order; the latter two only where a collection asks for them."""


class Pair(NamedTuple):
    """A record in a collection: what goes into each stage that it reaches, the item that comes out, its verdict."""

    name: tuple
    works: tuple
    item: bytes | None
    identity: str | None
    verdict: tuple | None
    invalid: bool
    shared: bool
    dropped: bool = False


class Model:
    """Remembers every (stage, context, input) that was ever worked on; what is in it is never worked on again."""

    def __init__(self):
        self.made, self.known = set(), set()
        self.last, self.shared = {}, set()

    def predict(self, inputs, pairs, *, force=False):
        ran = Counter(work[0] for pair in pairs if not pair.shared for work in self._again(pair, force=force))
        fetch = len(inputs) if force else sum(digest not in self.known for digest in inputs)
        found = {"fetch": fetch} | {stage: ran[stage] for stage in (*STAGES, "validate")}
        return found | {"transform": ran["transform"] + self._shared(pairs)}

    def _again(self, pair, *, force):
        """Return what a pair is worked on anew: from the first stage that nobody did, but for what is as it was."""
        chain = [*pair.works, *([pair.verdict] if pair.verdict else [])]
        if force:
            return chain
        first = next((at for at, work in enumerate(chain) if work not in self.made), len(chain))
        was = self.last.get(pair.name, ())
        same = next((at for at in range(first + 1, len(chain)) if all(work in was for work in chain[at:])), len(chain))
        return chain[first:same]

    def _shared(self, pairs):
        """Items that share their id fail without being worked on; they count when that is new."""
        return sum(pair.shared and (pair.name, pair.works[0][2]) not in self.shared for pair in pairs)

    def built(self, inputs, pairs):
        self.known.update(inputs)
        self.made.update(work for pair in pairs if not pair.shared for work in pair.works)
        self.made.update(pair.verdict for pair in pairs if pair.verdict)
        self.last = {pair.name: {*pair.works, pair.verdict} for pair in pairs}
        self.shared = {(pair.name, pair.works[0][2]) for pair in pairs if pair.shared}

    def forget(self):
        self.last, self.shared = {}, set()


def extended(item, spec):
    """Return an item with the extension `fields` applied: constants, and the schema that it declares."""
    declared = item.get("stac_extensions", [])
    more = [uri for uri in [spec.get("schema")] if uri and uri not in declared]
    told = {"stac_extensions": [*declared, *more]} if more or declared else {}
    return {**item, **told, "properties": {**item["properties"], **spec["properties"]}}


def patched(item, spec):
    """Return an item with a patch applied, and whether that drops it."""
    if not WHERE[spec.get("where")](item["properties"]):
        return item, False
    news = {path.removeprefix("properties."): value for path, value in spec.get("set", {}).items()}
    return {**item, "properties": {**item["properties"], **news}}, bool(spec.get("drop"))
