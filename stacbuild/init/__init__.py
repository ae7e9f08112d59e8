"""First recipes: from a table, from STAC files, from a ready recipe; and empty STAC documents to fill in.

What stands in a file is looked at (the first records), a recipe is guessed from it, and each guess is said beside the
line that it led to. Never overwrites, never asks the network, never builds.
"""
