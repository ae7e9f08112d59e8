"""What else stacbuild is compared with: the libraries that one would take, an item at a time, on a sample.

    python reference.py FILE NUMBER

Reads NUMBER items of FILE (as stacbuild wrote them) and prints microseconds an item, as JSON, of pystac's
`Item.from_dict` and `to_dict`, and of the reference validator (package stac-valid) with the core schemas from pystac's
wheel, so that neither asks the network. The first ten items are not counted: they fill the libraries' caches. pystac's
time goes to copying dicts and to looking for migrations; the validator's to resolving references anew for each item.
"""

import json
import sys
import time
from pathlib import Path

import pystac
from stac_validator.validate import StacValidate

WARM = 10


def schema_map():
    """Return URL → file of every core schema."""
    folder = Path(pystac.__file__).parent / "validation" / "jsonschemas"
    found = {f"https://geojson.org/schema/{file.name}": str(file) for file in folder.glob("geojson/*.json")}
    for file in folder.glob("stac-spec/v1.1.0/*.json"):
        found[f"https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/{file.name}"] = str(file)
    return found


def through_pystac(item):
    pystac.Item.from_dict(item).to_dict(include_self_link=False, transform_hrefs=False)


def main(file, number):
    with Path(file).open("rb") as stream:
        items = [json.loads(line) for line, _ in zip(stream, range(number + WARM), strict=False)]
    schemas = schema_map()

    def validated(item):
        validator = StacValidate(schema_map=dict(schemas))
        if not validator.validate_dict(item):
            sys.exit(f"{item['id']}: {validator.message}")

    micros = {"items": len(items) - WARM}
    for name, do in (("pystac", through_pystac), ("stac-valid", validated)):
        for item in items[:WARM]:
            do(item)
        began = time.process_time()
        for item in items[WARM:]:
            do(item)
        micros[name] = round((time.process_time() - began) / (len(items) - WARM) * 1e6)
    print(json.dumps(micros))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
