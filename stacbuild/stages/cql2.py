"""CQL2 conditions, as stages ask for them; they live in `stacbuild/cql2`, where reading a recipe can check them too."""

from __future__ import annotations

from stacbuild.cql2 import Filter, FilterError, check_filter, compile_filter, normal_form

__all__ = ["Filter", "FilterError", "check_filter", "compile_filter", "normal_form"]
