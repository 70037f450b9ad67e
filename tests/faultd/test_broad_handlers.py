"""``except Exception`` stands where docs/architecture.md says so, and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("faultd", "actors", "protocols")


def listed() -> set[str]:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.split("### Where `except Exception` stands")[1].split("\n#")[0]
    return set(re.findall(r"^\| `(\S+\.py)` \|", section, re.MULTILINE))


def broad(source: str) -> Iterator[int]:
    """Lines of handlers that catch everything and do not raise it again."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else {"BaseException"}
        raises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
        if "Exception" in caught or ("BaseException" in caught and not raises):
            yield node.lineno


def test_every_broad_handler_is_in_the_list_and_the_list_has_no_other() -> None:
    found = {}
    for root in PRODUCT:
        for file in sorted((ROOT / root).rglob("*.py")):
            lines = list(broad(file.read_text(encoding="utf-8")))
            if lines:
                found[str(file.relative_to(ROOT))] = lines
    assert set(found) == listed(), found


def test_what_counts_as_a_broad_handler() -> None:
    clause = "try:\n    f()\nexcept {}:\n    {}\n"
    assert list(broad(clause.format("Exception", "pass"))) == [3]
    assert list(broad(clause.format("(ValueError, Exception)", "pass"))) == [3]
    assert list(broad(clause.format("BaseException", "pass"))) == [3]
    assert list(broad("try:\n    f()\nexcept* Exception:\n    pass\n")) == [3]
    assert list(broad("try:\n    f()\nexcept:\n    pass\n")) == [3]
    assert list(broad(clause.format("BaseException", "raise"))) == []
    assert list(broad(clause.format("ValueError", "pass"))) == []
