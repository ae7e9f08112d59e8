"""Make for STAC catalogs: a recipe says what shall exist, a build does only what is stale.

The public names are `open`, `Project` and `__version__`; the first two are loaded on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stacbuild.project import Project, open  # noqa: A004  stacbuild.open reads as it should

__all__ = ["Project", "__version__", "open"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load a public name."""
    if name in __all__:
        from stacbuild import project  # noqa: PLC0415  --help and --version need no more than the version

        return getattr(project, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
