"""``except Exception`` stands where docs/architecture.md says so, and nowhere else."""

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("faultd", "actors", "protocols")


def listed() -> set[str]:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.split("### Where `except Exception` stands")[1].split("\n#")[0]
    return set(re.findall(r"^\| `(\S+\.py)` \|", section, re.MULTILINE))


def broad(source: str) -> Iterator[int]:
    """Lines of handlers that catch everything and do not raise it again."""
    lines = source.splitlines()
    for number, line in enumerate(lines, 1):
        clause = re.match(r"( *)except\b\*?([^:#]*):", line)
        if clause is None:
            continue
        caught = set(re.findall(r"\w+", clause[2].partition(" as ")[0])) or {"BaseException"}
        inside = re.compile(rf"$|{clause[1]} ")
        raises = any(inner.strip() == "raise" for inner in takewhile(inside.match, lines[number:]))
        if "Exception" in caught or ("BaseException" in caught and not raises):
            yield number


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
