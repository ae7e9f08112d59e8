"""What the global options say, wherever they stood. Imports nothing: help must be quick."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Settings:
    """Values of the global options; a flag wins over the environment."""

    file: str | None = None
    directory: str | None = None
    json: bool = False
    color: str = "auto"
    progress: str = "auto"
    log_format: str = "text"
    counts: dict[str, int] = field(default_factory=dict)
    """How often `verbose` and `quiet` were given as flags."""
    wished: dict[str, int] = field(default_factory=dict)
    """The same from the environment."""

    def keep(self, name: str, value: Any, *, by_flag: bool) -> None:
        """Take one option's value."""
        if name in ("verbose", "quiet"):
            counts = self.counts if by_flag else self.wished
            counts[name] = counts.get(name, 0) + value
            return
        setattr(self, name, value)

    @property
    def verbosity(self) -> int:
        """Return how much to say: 0 is usual, less is quieter."""
        counts = self.counts or self.wished
        return counts.get("verbose", 0) - counts.get("quiet", 0)
