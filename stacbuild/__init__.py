"""Make for STAC catalogs: a recipe says what shall exist, a build does only what is stale."""

__version__ = "0.1.0"
