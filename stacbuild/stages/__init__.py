"""The stages of an item's life: each a pure function of the item and of what it reads from the recipe."""
