"""`make check`: what changed against main, checked in seconds.

    python -m dev.check [BASE]

BASE is the commit to compare with; without it the place where this branch left main, or HEAD on main itself. Files that are not
committed count as changed. It says at the end what it checked and what it left to `make test`. The exit code is that of the
first check that failed.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from dev.selection import Selection, select

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
LISTED = 12


def main() -> int:
    """Run the checks one after the other; 0 when all of them pass."""
    base = sys.argv[1] if len(sys.argv) > 1 else _base()
    changed = _changed(base)
    if not changed:
        _say(f"nothing changed since {base}")
        return 0
    present = [path for path in changed if (ROOT / path).is_file()]
    python = ["."] if "pyproject.toml" in changed else [path for path in present if path.endswith(".py")]
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "tests").rglob("*.py")}
    chosen = select(changed, sources)
    checked = []
    for name, command in _commands(python, chosen):
        started = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            _say(f"failed: {name}: {' '.join(map(str, command))}")
            return code
        checked.append(f"{name} ({time.monotonic() - started:.0f} s)")
    _report(base, changed, checked, chosen)
    return 0


def _commands(python: Sequence[str], chosen: Selection) -> list[tuple[str, list[str | Path]]]:
    tests = [test for test in chosen.tests if (ROOT / test).exists()]
    commands: list[tuple[str, list[str | Path]]] = []
    if python:
        files = "every file" if python == ["."] else f"{len(python)} files"
        commands += [
            (f"ruff check, {files}", [BIN / "ruff", "check", "--quiet", *python]),
            (f"ruff format, {files}", [BIN / "ruff", "format", "--quiet", "--check", *python]),
            ("mypy, everything from its cache", [BIN / "mypy"]),
            ("lint-imports", [BIN / "lint-imports"]),
        ]
    if tests:
        commands.append((f"pytest, {len(tests)} files", [BIN / "pytest", "-q", "-x", *tests]))
    return commands


def _report(base: str, changed: Sequence[str], checked: Sequence[str], chosen: Selection) -> None:
    _say(f"{len(changed)} files changed since {base}")
    for each in checked:
        _say(f"checked: {each}")
    _list("not run, though it imports what changed", chosen.left_out)
    _list("no test is named for, or imports", chosen.unmirrored)
    _say("not checked: the rest of the suite, the daemons of tests/acceptance, the other Python. `make test` does.")


def _list(what: str, paths: Sequence[str]) -> None:
    for path in paths[:LISTED]:
        _say(f"{what}: {path}")
    if len(paths) > LISTED:
        _say(f"{what}: {len(paths) - LISTED} more")


def _base() -> str:
    for main_branch in ("origin/main", "main"):
        found = _git("merge-base", "HEAD", main_branch)
        if found is not None:
            return found.strip()[:12]
    return "HEAD"


def _changed(base: str) -> list[str]:
    """Paths that differ from ``base`` or are new, also those that are gone."""
    tracked = _git("diff", "--name-only", "--no-renames", base)
    if tracked is None:
        sys.exit(f"git knows no commit {base!r}")
    new = _git("ls-files", "--others", "--exclude-standard") or ""
    return sorted({*tracked.splitlines(), *new.splitlines()})


def _git(*arguments: str) -> str | None:
    """The output of git, or None when it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _say(line: str) -> None:
    sys.stdout.write(f"check: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
