"""The stages there are, in the order in which an item goes through them."""

from __future__ import annotations

from stacbuild.stages.base import Stage
from stacbuild.stages.extend import Extend
from stacbuild.stages.patch import Patch
from stacbuild.stages.transform import Transform
from stacbuild.stages.where import Where

DOCUMENT_STAGES: list[Stage] = [Transform(), Where(), Extend(), Patch()]
"""Each takes the document that the one before it gave; validate and write come after and give none."""

ALL_STAGES = ("fetch", "transform", "extend", "patch", "validate", "write")
"""Every stage that is counted, in the order in which reports have them."""
