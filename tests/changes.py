"""What can be done to a world (world.py): a function each, of the world and a number that says which and how.

Edits go to the journal, so that any one of them can be undone later without the others.
"""

import os
import shutil

from changes_kit import change
from world_disk import STATE, tree
from world_harm import flip_a_blob
from world_inputs import a_row

MEAN = ["kill_a_build", "kill_a_build", "damage_the_store", "lose_the_memory", "break_a_record", "undo", "undo"]
"""Changes that come more often than others."""

# --- records


def _put_row(world, pick, value):
    """Put `value` in the place of a record."""
    places = world.every_row()
    path, at = places[pick % len(places)]
    world.journal.append(("row", path, world.rows[path][at], value))
    world.rows[path][at] = value


@change
def edit(world, pick):
    world.turn += 1
    _put_row(world, pick, a_row(pick % 30, world.turn))


@change
def edit_one_cell(world, pick):
    row = _a_record(world, pick)
    if row is not None:
        column, values = [("gsd", "123456789"), ("sat", ["A", "B", "NA"]), ("lat", "05")][pick % 3]
        _swap(world, row, row | {column: values[pick // 3 % len(values)]})


@change
def edit_what_no_mapping_reads(world, pick):
    row = _a_record(world, pick)
    if row is not None:
        _swap(world, row, row | {"note": f"n{pick % 3}"})


@change
def break_a_record(world, pick):
    row = _a_record(world, pick)
    if row is not None:
        other = _a_record(world, pick // 7)
        broken = [
            f"{row['key']},too,few",
            row | {"date": "yesterday"},
            row | {"key": other["key"]},
            row | {"name": other["name"]},
            row | {"sat": "X", "lon": "east"},
            row | {"key": ""},
            row | {"name": ""},
            ",".join(["many"] * 20),
        ]
        _swap(world, row, broken[pick % len(broken)])


def _a_record(world, pick):
    rows = [row for path, at in world.every_row() if isinstance(row := world.rows[path][at], dict)]
    return rows[pick % len(rows)] if rows else None


def _swap(world, row, value):
    for path, at in world.every_row():
        if world.rows[path][at] is row:
            world.journal.append(("row", path, row, value))
            world.rows[path][at] = value
            return


@change
def add(world, pick):
    if len(world.every_row()) < 40:
        path = sorted(world.rows)[pick % len(world.rows)]
        rows = world.rows[path]
        rows.insert(pick % (len(rows) + 1), a_row(pick % 32, pick % 4))


@change
def remove(world, pick):
    places = [place for place in world.every_row() if place[0] != "data/a.csv"]
    places += [place for place in world.every_row() if place[0] == "data/a.csv"][1:]
    if places:
        path, at = places[pick % len(places)]
        world.journal.append(("row", path, world.rows[path].pop(at), None))


@change
def undo(world, pick):
    """Undo one of several: the others stay."""
    if not world.journal:
        return
    kind, place, old, new = world.journal.pop(pick % len(world.journal))
    if kind == "recipe":
        *path, key = place
        table = world.recipe
        for part in path:
            table = table.get(part, {})
        if table.get(key) == new and (old is not None or path[0] not in ("outputs", "collections")):
            _restore(table, key, old)
    elif new is None:
        world.rows.setdefault(place, []).append(old)
    elif new in world.rows.get(place, []):
        world.rows[place][world.rows[place].index(new)] = old


def _restore(table, key, old):
    if old is None:
        table.pop(key, None)
    else:
        table[key] = old


# --- files


@change
def touch(world, pick):
    path = world.folder / sorted(world.rows)[pick % len(world.rows)]
    if path.exists():
        os.utime(path)


@change
def reorder(world, pick):
    rows = world.rows[sorted(world.rows)[pick % len(world.rows)]]
    if pick % 2:
        rows.reverse()
    else:
        rows.sort(key=str)


@change
def insert_a_blank_line(world, pick):
    rows = world.rows[sorted(world.rows)[pick % len(world.rows)]]
    rows.insert(pick % (len(rows) + 1), None)


@change
def split_a_file(world, pick):
    path = sorted(world.rows)[pick % len(world.rows)]
    rows = world.rows[path]
    if len(rows) > 2 and len(world.rows) < 5:
        name = f"{path.rpartition('/')[0]}/part{pick % 9}.csv"
        if name not in world.rows:
            half = len(rows) // 2
            world.rows[path], world.rows[name] = rows[:half], rows[half:]


@change
def join_files(world, pick):
    parts = [path for path in sorted(world.rows) if "part" in path]
    if parts:
        path = parts[pick % len(parts)]
        world.rows["data/a.csv"] += world.rows.pop(path)


@change
def rename_a_file(world, pick):
    parts = [path for path in sorted(world.rows) if "part" in path]
    name = f"data/deep/renamed-part{pick % 5}.csv"
    if parts and name not in world.rows:
        world.rows[name] = world.rows.pop(parts[pick % len(parts)])


@change
def move_a_record(world, pick):
    paths = sorted(world.rows)
    places = [place for place in world.every_row() if place[0] == paths[pick % len(paths)]][1:]
    if places:
        path, at = places[pick % len(places)]
        world.rows[paths[(pick + 1) % len(paths)]].append(world.rows[path].pop(at))


# --- behind the build's back


@change
def delete_an_output_file(world, pick):
    paths = _written(world)
    if paths:
        paths[pick % len(paths)].unlink()


@change
def edit_an_output_file(world, pick):
    paths = _written(world)
    if paths:
        path = paths[pick % len(paths)]
        path.write_bytes([b"", b"{}", path.read_bytes() + b"\n", path.read_bytes()][pick % 4])


@change
def delete_an_output_folder(world, pick):
    folders = sorted({path.parent for path in _written(world)})
    if folders:
        shutil.rmtree(folders[pick % len(folders)])


def _written(world):
    files = tree(world.folder)
    return [world.folder / path for path in sorted(files) if files[path] is not None and ".stacbuild-" not in path]


@change
def lose_the_memory(world, pick):
    """Also by halves: the head cut short or with a bit flipped, rows cut short or gone."""
    folder = world.folder / STATE / "memory"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    heads = [path for path in files if path.name == "head"]
    rows = [path for path in files if path.name.startswith("rows-")]
    if not heads:
        return
    head = heads[0]
    damaged = rows[pick % len(rows)] if rows and pick % 2 else head
    match pick // 2 % 4:
        case 0:
            shutil.rmtree(folder)
        case 1:
            damaged.write_bytes(damaged.read_bytes()[: pick % 97])
        case 2:
            blob = damaged.read_bytes()
            damaged.write_bytes(blob[:-9] + bytes([blob[-9] ^ 4]) + blob[-8:])
        case _:
            damaged.unlink()
    world.lost_memory(rows_only=damaged is not head and pick // 2 % 4 > 0)


@change
def lose_everything(world, pick):
    shutil.rmtree(world.folder / STATE, ignore_errors=True)
    world.lost_everything()
    world.forgot_places = True


@change
def damage_the_store(world, pick):
    world.doubt = flip_a_blob(world.folder, pick) or world.doubt


@change
def kill_a_build(world, pick):
    world.kill_at(pick % 30)
