"""One class name stands for one thing: a reader who searches for a name finds one class."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_class_name_is_defined_once() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for package in ("protocols", "actors", "faultd"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(str(path.relative_to(ROOT)))
    assert len(found) > 500
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
