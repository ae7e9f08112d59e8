"""Eight missions that do not exist, for machines without the repository of data, and the schemas that judge them.

Their items differ as those of real missions do: from few assets to fifteen, with bands or classes, with two to five
extensions, 2 to 10 KB. The schemas are of the form that published ones have (declare me, and have my fields, each of
its type; no others with my prefix), and say of what is used here what those say.
"""

import json

CORE = "1.1.0"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
BASE = "https://stac-extensions.github.io"
VERSIONS = {
    "eo": "v1.1.0",
    "projection": "v2.0.0",
    "view": "v1.0.0",
    "sat": "v1.0.0",
    "raster": "v1.1.0",
    "grid": "v1.1.0",
    "alternate-assets": "v1.2.0",
    "version": "v1.2.0",
}

MISSIONS = {
    # assets, bands an asset, classes, extensions
    "alder": (3, 4, 0, ("eo", "projection")),
    "birch": (15, 1, 0, ("eo", "projection", "view", "sat", "raster")),
    "cedar": (6, 3, 0, ("eo", "projection", "raster")),
    "dogwood": (5, 2, 0, ("eo", "projection", "raster", "view")),
    "elm": (3, 0, 40, ("projection", "raster", "grid")),
    "fir": (8, 1, 0, ("projection", "sat", "raster", "grid")),
    "ginkgo": (4, 0, 20, ("projection", "raster", "grid")),
    "hazel": (12, 1, 0, ("eo", "projection", "view", "grid", "sat")),
}
"""Collection → what its items are like."""

SEEDS_EACH = 10


def seeds():
    """Return collection → items."""
    return {name: [item(name, number) for number in range(SEEDS_EACH)] for name in MISSIONS}


def item(mission, number):
    """Return one item of a mission; `number` moves its numbers."""
    count, bands, classes, extensions = MISSIONS[mission]
    identity = f"{mission.upper()}{number:02}_L2A_T33U{'VWXYZ'[number % 5]}P"
    west, south, zone = 5.1 + number, 44.2 + number / 2, 32631 + number
    ring = [[west, south], [west + 1.31, south + 0.02], [west + 1.29, south + 1.01], [west - 0.02, south + 0.99]]
    moment = f"2020-0{1 + number % 9}-1{number % 10}T10:2{number % 10}:31.{100 + number}Z"
    properties = {"datetime": moment, "created": moment, "updated": moment, "platform": f"{mission}-{number % 3}"}
    properties |= {"constellation": mission, "instruments": ["msi"], "gsd": 10}
    for extension in extensions:
        properties |= fields(extension, number, zone)
    return {
        "type": "Feature",
        "stac_version": CORE,
        "stac_extensions": [f"{BASE}/{name}/{VERSIONS[name]}/schema.json" for name in extensions],
        "id": identity,
        "collection": mission,
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        "bbox": [west - 0.02, south, west + 1.31, south + 1.01],
        "properties": properties,
        "assets": {f"b{n:02}": asset(mission, identity, n, (bands, classes, extensions)) for n in range(count)},
        "links": [{"rel": "via", "href": f"https://data.example.com/source/{identity}.xml", "type": "application/xml"}],
    }


def fields(extension, number, zone):
    """Return what an extension says in properties."""
    return {
        "eo": {"eo:cloud_cover": 12.5 + number},
        "projection": {"proj:code": f"EPSG:{zone}", "proj:centroid": {"lat": 44.7, "lon": 5.7}},
        "view": {"view:off_nadir": 0.5, "view:sun_azimuth": 151.2 + number, "view:sun_elevation": 40.25 + number},
        "sat": {
            "sat:orbit_state": "descending",
            "sat:relative_orbit": 51 + number,
            "sat:absolute_orbit": 20_000 + number,
        },
        "raster": {},
        "grid": {"grid:code": f"MGRS-33U{'VWXYZ'[number % 5]}P"},
    }[extension]


def asset(mission, identity, number, kind):
    """Return one asset."""
    bands, classes, extensions = kind
    made = {
        "href": f"https://data.example.com/{mission}/{identity}/{identity}_B{number:02}.tif",
        "type": COG,
        "title": f"Band {number} of {mission}, surface reflectance",
        "roles": ["data", "reflectance"],
        "proj:shape": [10980, 10980],
        "proj:transform": [10, 0, 399960, 0, -10, 4200000],
    }
    if bands and "eo" in extensions:
        made["eo:bands"] = [
            {
                "name": f"B{number:02}{band}",
                "common_name": "red",
                "center_wavelength": 0.6 + band / 100,
                "full_width_half_max": 0.04,
            }
            for band in range(bands)
        ]
    if "raster" in extensions:
        raster = {"nodata": 0, "data_type": "uint16", "spatial_resolution": 10, "scale": 0.0001, "offset": -0.1}
        made["raster:bands"] = [raster] * max(1, bands)
    if classes:
        made["classes"] = [{"value": value, "description": f"class {value} of what grows"} for value in range(classes)]
    return made


# --- schemas

NUMBER, TEXT = {"type": "number"}, {"type": "string"}
NUMBERS = {"type": "array", "items": NUMBER}
BAND = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "common_name": {"type": "string", "enum": ["red", "green", "blue", "nir", "coastal", "pan"]},
        "center_wavelength": NUMBER,
        "full_width_half_max": NUMBER,
    },
}
RASTER_BAND = {
    "type": "object",
    "properties": {
        "nodata": {"oneOf": [NUMBER, {"type": "string", "enum": ["nan", "inf", "-inf"]}]},
        "data_type": {"type": "string", "enum": ["int8", "int16", "uint8", "uint16", "float32", "float64", "other"]},
        "spatial_resolution": NUMBER,
        "scale": NUMBER,
        "offset": NUMBER,
    },
}
PLACE = {"type": "object", "required": ["href"], "properties": {"href": TEXT, "alternate:name": TEXT}}
ALTERNATE = {"type": "object", "additionalProperties": PLACE}
FIELDS = {
    "eo": {"eo:cloud_cover": {**NUMBER, "minimum": 0, "maximum": 100}, "eo:bands": {"type": "array", "items": BAND}},
    "projection": {
        "proj:code": {"type": ["string", "null"], "pattern": "^EPSG:"},
        "proj:shape": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}},
        "proj:transform": {**NUMBERS, "minItems": 6, "maxItems": 9},
        "proj:centroid": {"type": "object", "required": ["lat", "lon"], "properties": {"lat": NUMBER, "lon": NUMBER}},
    },
    "view": {
        "view:off_nadir": {**NUMBER, "minimum": 0, "maximum": 90},
        "view:sun_azimuth": {**NUMBER, "minimum": 0, "maximum": 360},
        "view:sun_elevation": {**NUMBER, "minimum": -90, "maximum": 90},
    },
    "sat": {
        "sat:orbit_state": {"type": "string", "enum": ["ascending", "descending", "geostationary"]},
        "sat:relative_orbit": {"type": "integer", "minimum": 1},
        "sat:absolute_orbit": {"type": "integer", "minimum": 1},
    },
    "raster": {"raster:bands": {"type": "array", "minItems": 1, "items": RASTER_BAND}},
    "grid": {"grid:code": {"type": "string", "pattern": "^[A-Z0-9]+-[-_.A-Za-z0-9]+$"}},
    "alternate-assets": {"alternate": ALTERNATE},
    "version": {"version": TEXT, "deprecated": {"type": "boolean"}},
}
"""Extension → its fields, in properties and assets."""

PREFIXES = {"eo": "eo", "projection": "proj", "view": "view", "sat": "sat", "raster": "raster", "grid": "grid"}


def schema(name):
    """Return the schema of an extension."""
    prefix = PREFIXES.get(name)
    fields = {"type": "object", "properties": FIELDS[name]}
    if prefix:
        fields["patternProperties"] = {f"^(?!{prefix}:)": {}}
        fields["additionalProperties"] = False
    url = f"{BASE}/{name}/{VERSIONS[name]}/schema.json"
    return url, {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": url + "#",
        "type": "object",
        "required": ["stac_extensions"],
        "properties": {
            "stac_extensions": {"type": "array", "contains": {"const": url}},
            "properties": {"allOf": [{"$ref": "#/definitions/fields"}]},
            "assets": {"type": "object", "additionalProperties": {"$ref": "#/definitions/fields"}},
        },
        "definitions": {"fields": fields},
    }


def write_schemas(folder):
    """Write the schemas below `folder`, laid out by their URLs."""
    for name in VERSIONS:
        url, document = schema(name)
        file = folder / url.partition("://")[2]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document))
