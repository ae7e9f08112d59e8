"""The reference validator off the network: schemas come from where a build finds them, trees are walked by links."""

import importlib
import json

from stacbuild.stages.schemas import SchemaStore


def schema_at(store, url):
    """Return a schema by its URL, as JSON."""
    found = store.find(url.partition("#")[0])
    assert found is not None, f"{url} is not at hand"
    return json.loads(found.blob)


def serve(utilities, store, monkeypatch):
    """Let stac-valid find schemas where it would ask the network for them."""
    read = utilities.fetch_and_parse_file
    utilities.fetch_and_parse_schema.cache_clear()

    def found(path, headers=None):
        return schema_at(store, path) if path.startswith("http") else read(path, headers)

    monkeypatch.setattr(utilities, "fetch_and_parse_file", found)


def recursively(file, folders, monkeypatch):
    """Return what stac-valid says of a document and all below it, in its recursive mode; `folders` have schemas."""
    serve(importlib.import_module("stac_validator.utilities"), SchemaStore(folders, {}), monkeypatch)
    run = importlib.import_module("stac_validator.validate").StacValidate(str(file), recursive=True)
    run.run()
    return run.message
