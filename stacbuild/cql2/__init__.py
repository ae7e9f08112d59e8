"""CQL2 conditions over STAC items, with SQL's three values: true, false and None for unknown. Only true selects.

Text is read by the library `cql2`; what it reads is compiled here, to functions of an item, because the library knows
no unknown. Which names and values mean what stands in `names.py`, `compare.py`, `moments.py`, `arrays.py`,
`spatial.py`. Never: a file, the clock, the network; the library and shapely are loaded by the first that needs them.
"""

from __future__ import annotations

from stacbuild.cql2.compile import Filter, asks_shapely, check_filter, compile_filter
from stacbuild.cql2.parse import FilterError, normal_form

__all__ = ["Filter", "FilterError", "asks_shapely", "check_filter", "compile_filter", "normal_form"]
