"""What every change to a world uses: their register, and edits of the recipe that can be undone."""

CHANGES = {}


def change(function):
    CHANGES[function.__name__] = function
    return function


def set_(world, path, key, value):
    """Set `key` of the recipe's table at `path` and note it; None takes the key away."""
    table = world.recipe
    for part in path:
        table = table.setdefault(part, {})
    world.journal.append(("recipe", (*path, key), table.get(key), value))
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def choose(world, path, key, values, pick):
    set_(world, path, key, values[pick % len(values)])
