"""Bytes under names, on disk: backends with five verbs. Knows nothing of STAC and imports nothing of stacbuild."""
