"""What a stac-geoparquet file is made of: rows, shapes, columns, metadata. `outputs/geoparquet.py` is the output."""
