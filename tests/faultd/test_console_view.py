"""What the terminal shows."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from msgspec.structs import replace
from rich.console import Console
from vocabulary.alarms import make_alarm

from faultd.console.view import LINGER, TALL, duration, heading, line, open_children, rows, screen, why, worth_showing
from protocols.alarm import Alarm, Suppression
from protocols.severity import Severity

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def alarm(name: str, severity: Severity, customers: int = 0, cleared: datetime | None = None) -> Alarm:
    return make_alarm(
        name,
        at=NOW,
        alarm_id=name,
        alarm_type="pon.los",
        severity=severity,
        status="active" if cleared is None else "cleared",
        title=f"title of {name}",
        resource_id="r",
        first_occurrence=NOW - timedelta(minutes=3, seconds=7),
        subscriber_count=customers,
        cleared_at=cleared,
    )


def test_the_worst_alarm_with_most_customers_comes_first() -> None:
    given = [alarm("a", "minor", 500), alarm("b", "critical", 1), alarm("c", "critical", 128)]
    assert [shown.id for shown in worth_showing(given, NOW)] == ["c", "b", "a"]


def test_a_cleared_alarm_lingers_below_the_open_ones_and_then_goes() -> None:
    given = [alarm("over", "critical", cleared=NOW), alarm("open", "warning")]
    assert [shown.id for shown in worth_showing(given, NOW)] == ["open", "over"]
    assert [shown.id for shown in worth_showing(given, NOW + LINGER)] == ["open"]


def test_the_screen_counts_what_is_open_and_says_what_it_leaves_out() -> None:
    out = StringIO()
    given = [alarm("a", "critical", 128), *(alarm(f"b{n}", "minor") for n in range(29)), alarm("c", "minor", cleared=NOW)]
    console = Console(file=out, width=140)
    console.print(screen(given, NOW, [("API", "http://127.0.0.1:8162/schema")], ["feeder cut on PON 0/1/3"], 140, TALL))
    text = out.getvalue()
    for expected in ("1 critical", "29 minor", "0 major", "http://127.0.0.1:8162/schema", "feeder cut", "128", " more"):
        assert expected in text
    assert "title of c" not in text


def below(name: str, parent: str, **changes: object) -> Alarm:
    return replace(alarm(name, "major"), parent_alarm_id=parent, **changes)


def cause(name: str = "cut", **changes: object) -> Alarm:
    description = "128 of 128 ONTs went dark together, none with a dying gasp. Customers by class: gold 7."
    given = {"is_root_cause": True, "description": description, "metadata": {"confidence": 0.97}}
    return replace(alarm(name, "critical", 128), **{**given, **changes})


def test_what_is_attributed_to_a_cause_is_folded_under_it() -> None:
    given = [cause(), below("a", "cut"), below("b", "cut"), below("c", "b"), alarm("other", "minor")]
    assert [each.id for each in worth_showing(given, NOW)] == ["cut", "other"]
    assert open_children(given) == {"cut": 3, "b": 1}


def test_a_child_whose_cause_is_gone_is_shown_again() -> None:
    given = [below("a", "gone"), below("b", "over"), cause("over", cleared_at=NOW - 2 * LINGER)]
    assert [each.id for each in worth_showing(given, NOW)] == ["a", "b"]


def test_alarms_that_are_each_others_parents_end_the_count() -> None:
    assert open_children([below("a", "b"), below("b", "a")]) == {"a": 1, "b": 1}


def test_a_cause_says_why_and_how_sure() -> None:
    assert why(cause()) == "very likely (97 %): 128 of 128 ONTs went dark together, none with a dying gasp"
    assert why(cause(metadata={})) == "128 of 128 ONTs went dark together, none with a dying gasp"
    assert why(alarm("a", "minor")) == ""
    held = replace(alarm("a", "minor"), suppressed_by=(Suppression("flapping", "r", NOW, "9 changes within 600 s"),))
    assert why(held) == "suppressed by flapping: 9 changes within 600 s"


def test_the_screen_shows_a_cause_with_its_reason_and_how_many_are_below() -> None:
    out = StringIO()
    given = [cause(), *(below(f"child{number}", "cut") for number in range(41)), alarm("z", "minor")]
    Console(file=out, width=160).print(screen(given, NOW, [], [], 160, 24))
    text = out.getvalue()
    for expected in ("title of cut", "41 alarms below", "went dark together", "very likely (97 %)", "title of z"):
        assert expected in text
    assert "title of child" not in text
    assert "41 below" in line(cause(), 41)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (-5, "0s"), (59, "59s"), (187, "3m07s"), (7500, "2h05m"), (273_600, "3d04h")],
)
def test_durations_are_short(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


def test_a_line_says_what_it_is_and_whom_it_hurts() -> None:
    assert line(alarm("A7", "critical", 12)) == "critical  A7       title of A7 [pon.los, active, 12 customers]"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_an_alarm_on_a_terminal_is_cut_nowhere_and_stays_within_its_width(width: int) -> None:
    long = replace(cause(), alarm_id="A123456", title="Feeder cut below PON 0/1/3 of olt-nord-7: 128 of 128 ONTs lost signal")
    lines = [line.plain for line in rows(long, NOW, width, 41)]
    assert all(len(line) <= max(width, 60) for line in lines), lines
    shown = " ".join(" ".join(lines).replace("└", " ").split())
    for word in (
        "A123456",
        *long.title.split(),
        "critical",
        "128",
        "3m07s",
        "active",
        "(97",
        "%):",
        "dying",
        "41 alarms below",
    ):
        assert word in shown


def test_the_columns_stand_below_their_names() -> None:
    head, line = heading(80).plain, rows(cause(), NOW, 80)[0].plain
    for name, value in (("Id", "cut"), ("Alarm", "title of cut"), ("Status", "active")):
        assert head.index(name) == line.index(value)
    for name, value in (("Cust.", "128"), ("For", "3m07s")):
        assert head.index(name) + len(name) == line.index(value) + len(value)


def test_a_title_of_wide_characters_keeps_the_columns() -> None:
    plain, wide = (rows(replace(cause(), title=title), NOW, 80)[0] for title in ("x", "機房"))
    assert plain.cell_len == wide.cell_len


@pytest.mark.parametrize("bad", ["\x1b[2J", "\x9b31m", "\u202e", "\u2066", "\x07", "\r", "\n", "\t", "\u200b", "\x7f"])
def test_no_character_that_steers_a_terminal_reaches_it(bad: str) -> None:
    evil = cause(alarm_id=f"A{bad}1", title=f"a{bad}b", description=f"c{bad}d", alarm_type=f"t{bad}", suppressed_by=())
    held = replace(evil, suppressed_by=(Suppression("rule", "r", NOW, f"e{bad}f"),))
    out = StringIO()
    console = Console(file=out, width=80, force_terminal=False)
    console.print(screen([evil, held], NOW, [(f"l{bad}", "x")], [f"news{bad}"], 80, TALL))
    shown = [out.getvalue(), line(evil), line(held), *(each.plain for one in (evil, held) for each in rows(one, NOW, 80))]
    for text in shown:
        for part in text.split("\n") if bad == "\n" else [text]:
            assert bad not in part
    assert not any("a\nb" in text or "e\nf" in text for text in shown)


def test_one_is_not_many() -> None:
    assert "1 customer]" in line(alarm("A7", "critical", 1))
    assert any("1 alarm below" in shown.plain for shown in rows(cause(), NOW, 80, 1))


def test_a_small_screen_shows_the_first_places_to_look_and_all_of_the_news() -> None:
    out = StringIO()
    news = ["03:00:00  the distribution fibre to splitter olt-004/1/4/s1.2 is cut (8 customers)"]
    links = [("another terminal", ". /tmp/demo/env"), ("Console", "http://127.0.0.1:8162/#fd_x"), ("Log", "/tmp/demo/log")]
    Console(file=out, width=80).print(screen([cause()], NOW, links, news, 80, 24))
    text = out.getvalue()
    assert "another terminal: . /tmp/demo/env" in text
    assert "Console: http://127.0.0.1:8162/#fd_x" in text
    assert "Log" not in text
    assert "(8 customers)" in text
