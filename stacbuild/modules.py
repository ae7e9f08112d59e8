"""Where the code of a function stands: in a file of the recipe's folder with what that imports there, or in a package.

Code is read and parsed, never run: its digest is asked for by builds that have nothing to do.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Final, Never

from stacbuild.failures import Problem, RecipeError
from stacbuild.recipe.names import did_you_mean
from stacbuild.stages.beside import Code, Text

CODE: Final = "SB119"
GROUP: Final = "stacbuild.extensions"
"""The entry points by which installed packages offer extensions."""
_HINT: Final = 'write "file.py:name" for a file beside the recipe, or "package.module:name"'


def find(root: Path, written: str) -> Code:
    """Return the code of a function as a recipe names it: `ours.py:name`, `ours:name` or `package.module:name`.

    Args:
        root: the recipe's folder; files stand relative to it, and a module there comes before an installed one.
        written: the function.

    Raises:
        RecipeError: SB119, there is no such module or name, or the code is no Python.
    """
    module, _, name = written.rpartition(":")
    if module.endswith(".py"):
        file = root / module
        if not os.path.isfile(file):  # noqa: PTH113 - of a name that is too long `Path` raises
            _bad(f"there is no file {module}", "a path starts at the folder of the file that it is written in")
        return _own(root, [file.parent, root], file.stem, name, written)
    if _file(root, module) is not None:
        return _own(root, [root], module, name, written)
    return _installed(module, name)


def find_extension(root: Path, written: str) -> Code:
    """Return the code of a plug-in: as `find`, also of the user's own folder; a word may be an entry point too.

    Raises:
        RecipeError: SB119, there is none, or its code is no Python.
    """
    own = _own_extensions()
    if ":" in written:
        return find(own if _is_own(root, own, written) else root, written)
    file = own / f"{written}.py"
    if os.path.isfile(file):  # noqa: PTH113 - likewise
        return find(own, f"{written}.py:{_offered(file, own)}")
    from importlib.metadata import entry_points  # noqa: PLC0415  asked for by few recipes

    points = {point.name: point.value for point in entry_points(group=GROUP)}
    if written not in points:
        listed = f"installed packages have: {', '.join(sorted(points)[:8])}" if points else "no package offers any"
        hint = f"{listed}; one in a file is written plugins/ours.py:Class, one for all your recipes is a file in {_OWN}"
        _bad(f"there is no extension {written!r}, built in or installed", hint)
    return find(root, points[written])


_OWN: Final = "~/.config/stacbuild/extensions"


def _own_extensions() -> Path:
    """Return the folder of the user's own extensions."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "stacbuild" / "extensions"


def _is_own(root: Path, own: Path, written: str) -> bool:
    """Tell whether a module is of the user's own folder: there, and not beside the recipe."""
    module = written.rpartition(":")[0]
    if module.endswith(".py"):
        return not os.path.isfile(root / module) and os.path.isfile(own / module)  # noqa: PTH113 - likewise
    return _file(root, module) is None and _file(own, module) is not None


def _offered(file: Path, own: Path) -> str:
    """Return what a file of the user's own offers: `extension`, else its one class with `apply`."""
    tree = _parsed(Text(file.name, package=False, source=_source(file, own)))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and _has_apply(node)]
    bound = {name for node in ast.walk(tree) for name in _bound(node)}
    return "extension" if "extension" in bound or len(classes) != 1 else classes[0]


def _has_apply(node: ast.ClassDef) -> bool:
    return any(isinstance(member, ast.FunctionDef) and member.name == "apply" for member in node.body)


def _bad(message: str, hint: str | None = _HINT) -> Never:
    raise RecipeError(Problem(CODE, message, hint=hint))


# ---- code of the recipe's folder -----------------------------------------------------------------------------------


def _own(root: Path, folders: list[Path], module: str, name: str, written: str) -> Code:
    texts: dict[str, Text] = {}
    trees: dict[str, ast.Module] = {}
    waiting = [module]
    while waiting:
        wanted = waiting.pop()
        file = next((found for folder in folders if (found := _file(folder, wanted)) is not None), None)
        if file is None or wanted in texts:
            continue
        texts[wanted] = Text(_shown(file, root), file.name == "__init__.py", _source(file, root))
        trees[wanted] = _parsed(texts[wanted])
        waiting += [*_parents(wanted), *_imported(trees[wanted], wanted, package=texts[wanted].package)]
    for folder in {parent for known in texts for parent in _parents(known)} - texts.keys():
        texts[folder] = Text(folder, package=True, source=b"")
    _must_have(trees[module], name, written)
    return Code(module, name, _digest(texts, module, name), texts)


def _file(folder: Path, module: str) -> Path | None:
    """Return the file of a module below `folder`; None if there is none."""
    if not all(part.isidentifier() for part in module.split(".")):
        return None
    path = folder.joinpath(*module.split("."))
    options = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((file for file in options if os.path.isfile(file)), None)  # noqa: PTH113 - likewise


def _shown(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name


def _source(file: Path, root: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        _bad(f"{_shown(file, root)} cannot be read: {error.strerror}", None)


def _parsed(text: Text) -> ast.Module:
    try:
        return ast.parse(text.source, text.file)
    except (SyntaxError, ValueError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        _bad(f"{text.file}{line} is not Python: {said}", None)


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _imported(tree: ast.Module, module: str, *, package: bool) -> Iterator[str]:
    """Yield the names that a module may import, wherever in it; some are members and no modules."""
    here = module if package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _resolved(node, here)
            if base is not None:
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")


def _resolved(node: ast.ImportFrom, package: str) -> str | None:
    try:
        return importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    except (ImportError, ValueError):
        return None


def _digest(texts: dict[str, Text], module: str, name: str) -> str:
    """Return a digest of all modules, and of which of them has the name: two that import each other are one text."""
    hasher = hashlib.sha256(f"{module}\0{name}".encode())
    for one, text in sorted(texts.items()):
        hasher.update(f"\0{one}\0{len(text.source)}\0".encode() + text.source)
    return hasher.hexdigest()


# ---- names ---------------------------------------------------------------------------------------------------------


def _must_have(tree: ast.Module, name: str, written: str) -> None:
    top = name.partition(".")[0]
    names = {found for node in ast.walk(tree) for found in _bound(node)}
    if top not in names and not names & {"*", "__getattr__"}:
        offered = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        _bad(f"{written.rpartition(':')[0]} has no function or class {top!r}", did_you_mean(top, offered, "there is"))


def _bound(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Import() | ast.ImportFrom():
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        case ast.Name(ctx=ast.Store()):
            yield node.id


# ---- installed code ------------------------------------------------------------------------------------------------


def _installed(module: str, name: str) -> Code:
    top, *below = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        _bad(f"there is no module {top!r}, beside the recipe or installed")
    inner = _below(spec, below)
    if inner is None:
        _bad(f"package {top!r} has no module {module!r}")
    if inner.origin is not None and inner.origin.endswith(".py"):
        file = Path(inner.origin)
        _must_have(_parsed(Text(file.name, package=False, source=_source(file, file.parent))), name, f"{module}:{name}")
    return Code(module, name, _digest_of_package(spec, module, name), {})


def _below(spec: ModuleSpec, names: list[str]) -> ModuleSpec | None:
    """Return the spec of a module in a package, without running the package."""
    found: ModuleSpec | None = spec
    for name in names:
        if found is None or found.submodule_search_locations is None:
            return None
        found = PathFinder.find_spec(f"{found.name}.{name}", list(found.submodule_search_locations))
    return found


def _digest_of_package(spec: ModuleSpec, module: str, name: str) -> str:
    """Return a digest of a package's modules, and of the Python that has it where it is a part of that."""
    hasher = hashlib.sha256(f"{module}\0{name}\0{_version(spec)}".encode())
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = [(folder, file) for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in _CODE]
    if not folders and spec.origin is not None and Path(spec.origin).is_file():
        files = [(Path(spec.origin).parent, Path(spec.origin))]
    for folder, file in files:
        hasher.update(
            f"\0{file.relative_to(folder).as_posix()}\0".encode() + hashlib.sha256(file.read_bytes()).digest()
        )
    return hasher.hexdigest()


_CODE: Final = (".py", ".so", ".pyd")


def _version(spec: ModuleSpec) -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  asked for by few recipes

    if spec.name in sys.stdlib_module_names:
        return "{}.{}.{}".format(*sys.version_info)
    try:
        return version(spec.name)
    except PackageNotFoundError:
        return ""
