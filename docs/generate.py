"""Writes the reference pages from what the program itself reads: `python -m docs.generate`.

recipe.md from the structs of the recipe, command-line.md from click, codes.md from the tables of codes, later.md from
those of what is not built. A test fails when a committed page differs. Nothing is said here that is not said there, but
for each page's first lines.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import click
import msgspec
from msgspec import NODEFAULT, UNSET, Struct, UnsetType
from msgspec.structs import FieldInfo, fields

from stacbuild.cli import registry
from stacbuild.cli.main import root
from stacbuild.cli.options import Global
from stacbuild.codes import ABOUT, REASON, explanations
from stacbuild.recipe import later, schema
from stacbuild.recipe.meanings import meanings, structs

FOLDER = Path(__file__).parent / "reference"
MADE = "<!-- Made by `python -m docs.generate` from the program itself: change the words there. -->\n"
WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Any: "any value",
    dict: "table",
}
PLURALS = {Any: "any values", bool: "true or false"}
HEADS = ("kind", "key", "type", "default", "meaning")


def pages() -> dict[str, str]:
    """Return file name → text of each reference page."""
    return {"recipe.md": recipe(), "command-line.md": command_line(), "codes.md": codes(), "later.md": not_yet()}


def main() -> None:
    """Write the pages; say which have changed."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path.relative_to(FOLDER.parent.parent)}\n")


# ---- the recipe ------------------------------------------------------------------------------------------------------

RECIPE = """# The recipe: every table and key

A recipe is one TOML file. Keys that are marked *needed* have no default; a default that is empty means: not given.
Paths are relative to the folder of the file that they are written in. In any text `${NAME}` is taken from the
environment, `${NAME:-default}` with a default. `stacbuild check` says what is wrong; `stacbuild schema` gives editors
the same keys.
"""


def recipe() -> str:
    """Return the page of the recipe."""
    parts = [MADE, RECIPE, "## The whole\n", _table(_rows(schema.Document, "recipe"))]
    hints = get_type_hints(schema.Document, include_extras=True)
    told: set[type[Struct]] = {schema.Document}
    for field in fields(schema.Document):
        kinds = list(_structs_of(hints[field.name]))
        if kinds:
            parts += _section(field.encode_name, kinds)
            told.update(kinds)
    for kind in structs(schema.Document):
        if kind not in told:
            parts += [f"## {kind.__name__}\n", f"{_sentence(kind)}\n", _table(_rows(kind, kind.__name__))]
    return "\n".join(parts)


def _section(name: str, kinds: list[type[Struct]]) -> Iterator[str]:
    yield f"## {name}\n"
    tagged = [(str(kind.__struct_config__.tag or name), kind) for kind in kinds]
    yield from (f"{_sentence(kind)}\n" for _, kind in tagged)
    yield _table([row for tag, kind in tagged for row in _rows(kind, tag)])


def _sentence(kind: type[Struct]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _rows(kind: type[Struct], name: str) -> Sequence[tuple[str, ...]]:
    hints, told = get_type_hints(kind, include_extras=True), meanings(kind)
    tag = kind.__struct_config__.tag_field
    if getattr(kind, "open", False):
        known = [("*other*", f"`{tag}`", "function", "*needed*", told["code"])]
        return [*known, ("*other*", "*any*", "any value", "", told["config"])]
    first = [(f"`{name}`", f"`{tag}`", f'`"{name}"`', "*needed*", "Which kind it is.")] if tag else []
    return [
        *first,
        *(
            (
                f"`{name}`",
                f"`{field.encode_name}`",
                _type(hints[field.name]),
                _default(field),
                told[field.encode_name],
            )
            for field in fields(kind)
        ),
    ]


def _default(field: FieldInfo) -> str:
    if field.required:
        return "*needed*"
    default = field.default_factory() if field.default is NODEFAULT else field.default
    if default in (None, UNSET) or isinstance(default, Struct):
        return ""
    text = json.dumps(msgspec.to_builtins(default), ensure_ascii=False)
    return "" if text in ("[]", "{}") else f"`{text}`"


def _type(type_: Any) -> str:
    """Return what a key takes, in the words of a user."""
    return _either([_part(part) for part in _parts(type_)])


def _many(type_: Any) -> str:
    """Return the plural of what a key takes."""
    return _either([PLURALS.get(part) or _plural(part) for part in _parts(type_)])


def _either(words: list[str]) -> str:
    some = list(dict.fromkeys(words))
    some = [word for word in some if not (word.startswith("whole") and word.removeprefix("whole ") in some)]
    return " or ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)


def _part(part: Any) -> str:
    if part in WORDS:
        return WORDS[part]
    match get_origin(part):
        case None:
            return _link(part)
        case origin if origin is Annotated:
            return {"file": "path", "code": "function"}[part.__metadata__[0].extra["local"]]
        case origin if origin is list:
            return f"list of {_many(get_args(part)[0])}"
        case origin if origin is dict:
            inner = get_args(part)[1]
            return "table" if inner is Any else f"table of {_many(inner)}"
    return _either([f'`"{word}"`' for word in get_args(part)])


def _plural(part: Any) -> str:
    word = _part(part)
    first, of, rest = word.partition(" of ")
    return word if word.startswith(("[", "`", "*")) else f"{first}s{of}{rest}"


def _link(kind: type[Struct]) -> str:
    if getattr(kind, "open", False):
        return "*other*"
    if kind.__struct_config__.tag_field:
        return f"`{kind.__struct_config__.tag}`"
    return f"[{kind.__name__}](#{kind.__name__.lower()})" if kind in _values() else "table"


def _values() -> set[type[Struct]]:
    """Return the structs that stand inside of tables, and have a section of their own."""
    top = {kind for type_ in get_type_hints(schema.Document).values() for kind in _structs_of(type_)}
    return set(structs(schema.Document)) - top


def _structs_of(type_: Any) -> Iterator[type[Struct]]:
    for part in _parts(type_):
        if isinstance(part, type) and issubclass(part, Struct):
            yield part
        elif get_origin(part) is dict:
            yield from _structs_of(get_args(part)[1])


def _parts(type_: Any) -> list[Any]:
    inner = get_args(type_) if get_origin(type_) not in (None, list, dict, Literal, Annotated) else (type_,)
    return [part for part in inner if part not in (type(None), UnsetType)]


def _table(rows: Sequence[tuple[str, ...]], heads: tuple[str, ...] = HEADS) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


# ---- the command line ------------------------------------------------------------------------------------------------

COMMANDS = """# The command line: every command and option

Results go to stdout, all else to stderr. Options of every command may stand before or after its name; a flag wins over
its variable in the environment.
"""


def command_line() -> str:
    """Return the page of the command line."""
    context = click.Context(root, info_name="stacbuild", **root.context_settings)
    shared = [param for param in root.params if isinstance(param, Global)]
    parts = [
        MADE,
        COMMANDS,
        _table([(f"[`{name}`](#{name})", line) for name, line in registry.COMMANDS.items()], ("command", "does")),
    ]
    parts += ["## Options of every command\n", _options(shared, click.Context(root, **root.context_settings))]
    for name in registry.COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        parts += _command(name, command, context)
    return "\n".join(parts)


def _command(name: str, command: click.Command, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield f"## {name}\n"
    yield f"```console\n{' '.join(['stacbuild', name, *command.collect_usage_pieces(context)])}\n```\n"
    yield f"{_prose(command.help or '')}\n"
    own = [param for param in command.params if not isinstance(param, Global) and param.name not in ("version", "help")]
    options = [param for param in own if isinstance(param, click.Option) and not param.hidden]
    if options:
        yield _options(options, context)
    if command.epilog:
        yield f"{_prose(command.epilog)}\n"
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _command(f"{name} {inner}", found, parent)


def _prose(text: str) -> str:
    """Return a help text as Markdown: what click must not wrap is code."""
    parts = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "\n\n".join(_code(part) if part.lstrip().startswith("\b") else " ".join(part.split()) for part in parts)


def _code(part: str) -> str:
    head, *lines = [line for line in part.replace("\b", "").strip("\n").split("\n") if line.strip()]
    return f"{head}\n\n```\n{dedent(chr(10).join(lines))}\n```" if lines else head


def _options(params: Sequence[click.Option], context: click.Context) -> str:
    rows = []
    for param in params:
        told = param.to_info_dict()
        names = ", ".join(f"`{name}`" for name in [*param.opts, *param.secondary_opts])
        value = "" if param.is_flag or param.count else f"`{param.make_metavar(context)}`"
        default = param.default if value and isinstance(param.default, str | int | float) else ""
        variables = [told["envvar"]] if isinstance(told["envvar"], str) else told["envvar"] or []
        rows.append(
            (
                names,
                value,
                f"`{default}`" if default != "" else "",
                " ".join(f"`{v}`" for v in variables),
                param.help or "",
            )
        )
    return _table(rows, ("option", "value", "default", "environment", "meaning"))


# ---- codes -----------------------------------------------------------------------------------------------------------

CODES = """# Every code

What `stacbuild explain CODE` says of each. Codes of errors and warnings begin with SB; the others are the reasons that
`status` and `why` give.
"""


def codes() -> str:
    """Return the page of codes."""
    parts = [MADE, CODES]
    known = explanations()
    for about in [*ABOUT.values(), REASON]:
        parts.append(f"## {about[:1].upper()}{about[1:]}\n")
        for one in known.values():
            if one.about == about:
                example = f"\n```\n{one.example.rstrip()}\n```\n" if one.example else ""
                parts.append(f"### {one.code}\n\n{one.meaning}\n{example}")
    return "\n".join(parts)


# ---- what is not built yet -------------------------------------------------------------------------------------------

LATER = """# Not built yet

The recipe language and the command line name these. One that is used gets a clear "not available yet", and nothing is
done.
"""


def not_yet() -> str:
    """Return the page of what is not built yet."""
    keys = [(_owner(owner), f"`{key}`") for owner, names in later.LATER_KEYS.items() for key in sorted(names)]
    values = [
        (_owner(owner), f"`{key}` = {', '.join(f'`{value}`' for value in values)}")
        for (owner, key), values in later.LATER_VALUES.items()
    ]
    shapes = [(_owner(owner), f"`{key}` as {what}") for (owner, key), (_, what) in later.LATER_SHAPES.items()]
    rows = [*keys, *values, *shapes, ("the command line", ", ".join(f"`{name}`" for name in registry.LATER))]
    return "\n".join([MADE, LATER, _table(sorted(rows), ("where", "what"))])


def _owner(name: str) -> str:
    """Return the table of the recipe that a struct is."""
    plain = {field.encode_name for field in fields(schema.Document)}
    kind = getattr(schema, name, None)
    table = re.match(r"`(\[.+?\])`", inspect.getdoc(kind) or "") if kind is not None else None
    tag = kind.__struct_config__.tag if kind is not None else None
    if table is not None:
        return f"`{table.group(1)}`{f' of kind `{tag}`' if tag else ''}"
    return f"`[{name}.NAME]`" if name in plain else f"`{name}`"


if __name__ == "__main__":
    main()
