"""Which tests belong to what changed. Decisions only: paths and source text in, paths out."""

import ast
from collections.abc import Iterable, Mapping
from itertools import takewhile
from operator import eq
from pathlib import PurePosixPath

from msgspec import Struct

PRODUCT = ("protocols", "actors", "faultd", "bench", "dev")
SLOW = ("tests/acceptance/", "tests/crash/", "tests/simulation/", "tests/native/")
"""Tests that start daemons, or run for minutes: only where they changed themselves."""
MOST_IMPORTERS = 12
"""Test files that are run beyond the mirrors, so that it stays a matter of seconds."""
FOLDERS = {
    "config/": ("tests/config/",),
    "systemd/": ("tests/systemd/",),
    "docs/": ("tests/faultd/test_docs.py",),
    "README.md": ("tests/faultd/test_docs.py",),
    "CHANGELOG.md": ("tests/faultd/test_docs.py",),
}
"""Files that no test imports, and the tests that read them."""


class Selection(Struct, frozen=True):
    """Test files to run, and those that concern the change but are left out, each as a path from the root, sorted.

    ``unmirrored`` names changed modules that no test file is named for and none of those that are run imports."""

    tests: tuple[str, ...]
    left_out: tuple[str, ...]
    unmirrored: tuple[str, ...]


def select(changed: Iterable[str], test_sources: Mapping[str, str]) -> Selection:
    """The tests for ``changed``. ``test_sources``: the text of each Python file below tests/, by path.

    A module's mirrors are the test files in the folder of the same path below tests/ that are named for it. Beyond them come
    test files that import it, :data:`MOST_IMPORTERS` at most, those nearest to it first."""
    changed = sorted(set(changed))
    test_files = sorted(path for path in test_sources if PurePosixPath(path).name.startswith("test_"))
    imports = {path: _imports(text) for path, text in test_sources.items()}
    run = {path for path in changed if path in test_files}
    importers: set[str] = set()
    unmirrored: list[str] = []
    for path in changed:
        run.update(test for prefix, tests in FOLDERS.items() if path.startswith(prefix) for test in tests)
        module = _module(path)
        if module is None:
            continue
        mirrors = {test for test in test_files if _mirrors(test, path)}
        using = {test for test in test_files if module in imports[test]}
        run.update(mirrors)
        importers.update(using)
        if path.startswith("tests/"):
            continue
        if not mirrors and not using:
            unmirrored.append(path)
    slow = {test for test in run | importers if test.startswith(SLOW) and test not in changed}
    near = sorted(importers - run - slow, key=lambda test: (-_nearness(test, changed), test))[:MOST_IMPORTERS]
    chosen = (run - slow).union(near)
    return Selection(tuple(sorted(chosen)), tuple(sorted((run | importers) - chosen)), tuple(unmirrored))


def _module(path: str) -> str | None:
    """The name by which tests import the file, or None for a file that is no module."""
    pure = PurePosixPath(path)
    if pure.suffix != ".py" or pure.name.startswith("test_"):
        return None
    parts = pure.with_suffix("").parts
    if parts[0] == "tests":
        parts = parts[1:]
    elif parts[0] not in PRODUCT:
        return None
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _mirrors(test: str, path: str) -> bool:
    """Whether a test file stands for a module: below tests/ in the module's own folder or in one of the module's name, and
    named for the module."""
    pure, name = PurePosixPath(path), PurePosixPath(test).stem
    folders = (f"tests/{pure.parent}", f"tests/{pure.with_suffix('')}")
    folder = str(PurePosixPath(test).parent)
    return folder == folders[1] or (folder == folders[0] and f"_{pure.stem}_" in f"{name}_")


def _nearness(test: str, changed: Iterable[str]) -> int:
    """How many folders a test file has in common with the nearest of the changed files, from the top."""
    folders = PurePosixPath(test).parent.parts[1:]
    return max(len(list(takewhile(bool, map(eq, folders, PurePosixPath(path).parts)))) for path in changed)


def _imports(source: str) -> frozenset[str]:
    """Every module that the source imports, also ``a.b`` of ``from a import b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)
