"""The page: whole, and with some of its sections measured again."""

from datetime import UTC, datetime

from bench.table import Group, Row, markdown, measured_again

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def group(title: str, value: str) -> Group:
    return Group(title, (Row(name=f"{title} rate", value=value, note="by a | b"),))


def test_sections_measured_again_take_the_place_of_the_old_and_say_when() -> None:
    page = markdown([group("Bursts", "1"), group("INFORM", "2")], at=AT, machine="m", versions="v", options="full", seconds=60)
    again = measured_again(page, [group("Bursts", "3"), group("Growth", "4")], at=LATER, options="full")
    titles = [line for line in again.splitlines() if line.startswith("## ")]
    assert titles == ["## Bursts", "## INFORM", "## Growth"]
    assert "| Bursts rate | 1 |" in page
    assert "| Bursts rate | 1 |" not in again
    assert "| Bursts rate | 3 |" in again
    assert "| INFORM rate | 2 |" in again
    assert again.count("Measured again on 2026-11-24 09:30 UTC, full.") == 2
    assert again.startswith(page.split("## ")[0])
    assert measured_again(again, [group("Growth", "5")], at=LATER, options="full").count("## Growth") == 1
