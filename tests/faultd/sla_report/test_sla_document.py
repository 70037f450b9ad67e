"""The texts and tables of a printed report: bounded, and nothing of a stranger steers them."""

import json
import unicodedata
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.sla_reports import DOWN, END, HOUR, SECOND, START, make_revision, make_sla_report, make_sla_reports

from faultd.sla_report.document import FEWEST_LINES, MOST_LINES, MOST_REPORTS, document_of
from faultd.sla_report.plain_text import MOST_CHARACTERS, plain
from protocols.sla.report import ReportedOutage, ShareTotals, SlaReport, SlaReports, nearest, share_timeline
from protocols.sla.report_check import ContradictoryReport


def printed(given: SlaReport | SlaReports) -> dict[str, Any]:
    """The values as the template reads them."""
    values = json.loads(msgspec.json.encode(document_of(given)))
    assert isinstance(values, dict)
    return values


def table(values: dict[str, Any], title: str, report: int = 0) -> dict[str, Any]:
    """A table of a report by its title."""
    found = next(each for each in values["reports"][report]["tables"] if each["title"] == title)
    assert isinstance(found, dict)
    return found


def with_outages(number: int) -> SlaReport:
    """A report with so many outages of a second."""
    step = (END - START) // number
    starts = [START + each * step for each in range(number)]
    spans = [(start, start + SECOND) for start in starts]
    up = list(zip([end for _, end in spans], [*starts[1:], END], strict=True))
    down = number * SECOND
    return make_sla_report(
        outages=tuple(ReportedOutage(start=start, end=end, counted=SECOND, treatment="counted") for start, end in spans),
        timeline=share_timeline(up, spans, [], []),
        shares=ShareTotals(up=END - START - down, down=down),
        downtime=down,
        availability=nearest((END - START - down) * 10**6, END - START),
        exclusions=(),
        budget_time=END - START,
        budget=(END - START) // 1000,
        budget_left=(END - START) // 1000 - down,
    )


def test_figures_at_a_glance() -> None:
    assert printed(make_sla_report())["reports"][0]["figures"] == [
        ["Availability", "99.582753 %", "target 99.9 %: missed"],
        ["Downtime", "3 h", "in 1 outage"],
        ["Error budget left", "−2 h 16 min 51.6 s", "of 43 min 8.4 s, exceeded"],
        ["Credits", "6.00 EUR", "2 breaches"],
    ]


def test_without_target_credits_and_breaches() -> None:
    plain_report = make_sla_report(
        target=None, budget_time=None, budget=None, budget_left=None, credits=(), breaches=(), timeline=(), clocks=()
    )
    report = printed(plain_report)["reports"][0]
    assert [row[1:] for row in report["figures"]] == [
        ["99.582753 %", "no target"],
        ["3 h", "in 1 outage"],
        ["–", "no target"],
        ["–", "0 breaches"],
    ]
    assert report["bar"] is None
    assert [(each["title"], each["empty"]) for each in report["tables"] if not each["rows"]] == [
        ("Breaches", "No breaches."),
        ("Credits", "No credits."),
    ]


def test_an_outage_says_how_much_of_it_counts_and_why() -> None:
    outages = table(printed(make_sla_report()), "Outages")
    assert outages["rows"] == [
        [
            ["1"],
            ["2026-11-10", "10:00:00 +01:00"],
            ["2026-11-10", "14:00:00 +01:00"],
            ["4 h", "14,400 s"],
            ["3 h", "10,800 s"],
            [
                "Feeder cut on PON 0/1/3: 128 customers, olt-7/0/1/3",
                "counted: 1 h within maintenance does not count",
                "alarm 0191aabb-1234-7abc-8def-0123456789ab",
            ],
        ]
    ]
    assert outages["last"][4] == ["3 h", "10,800 s"]


def test_an_outage_that_lasts() -> None:
    report = make_sla_report()
    lasting = replace(report.outages[0], end=None)
    (row,) = table(printed(make_sla_report(outages=(lasting,))), "Outages")["rows"]
    assert row[2] == ["lasts"]
    assert row[3][1] == f"{(END - DOWN) // SECOND:,} s"


def test_a_cap_is_a_line_below_zero_and_the_lines_sum_up() -> None:
    (line,) = make_sla_report().credits
    report = make_sla_report(credits=(line, replace(line, item="cap", amount=-100)))
    credits = table(printed(report), "Credits")
    assert [row[2] for row in credits["rows"]] == [["6.00 EUR"], ["−1.00 EUR"]]
    assert credits["last"] == [["Total"], [], ["5.00 EUR"]]


def test_a_revision_shows_every_difference() -> None:
    report = printed(make_revision())["reports"][0]
    assert report["revisions"] == ["Revision 1", "Revision 2"]
    assert report["changes"] == [
        ["Up", "2,577,600 s", "2,577,600 s", "–"],
        ["Down", "14,400 s", "10,800 s", "−3,600 s"],
        ["Excluded", "0 s", "3,600 s", "+3,600 s"],
        ["Unknown", "0 s", "0 s", "–"],
        ["Availability, nearest", "99.4444 %", "99.5828 %", "+0.1384 %"],
        ["Breaches", "2", "2", "–"],
        ["Credits", "12.00 EUR", "6.00 EUR", "−6.00 EUR"],
    ]
    assert ["Revised because", "Planned work entered late"] in report["facts"]
    assert printed(make_sla_report())["reports"][0]["changes"] == []


def test_a_running_period_is_provisional() -> None:
    running = make_sla_report(closed=False)
    assert printed(running)["reports"][0]["provisional"].startswith("Provisional: the period is not closed.")
    assert printed(make_sla_report())["reports"][0]["provisional"] == ""
    assert printed(running)["reports"][0]["dates"].endswith(", provisional"), "revision 1 is that of a closed period"
    assert printed(make_sla_report())["reports"][0]["dates"].endswith(", revision 1")


def test_the_totals_of_several_reports() -> None:
    summary = printed(make_sla_reports((make_sla_report(), make_revision())))["summary"]
    assert summary["table"]["last"] == [
        ["Total"],
        [],
        ["99.5828 %", "mean"],
        [],
        ["6 h"],
        ["2 h"],
        ["0 s"],
        ["4"],
        ["12.00 EUR"],
    ]
    assert printed(make_sla_reports(()))["summary"]["table"]["empty"] == "No reports."


def test_a_contradiction_is_not_printed() -> None:
    wrong = make_sla_report(availability=999_999)
    for given_report in (wrong, make_sla_reports((make_sla_report(), wrong))):
        with pytest.raises(ContradictoryReport, match=r"availability 0\.999999"):
            document_of(given_report)


# --- bounds --------------------------------------------------------------------------------------------------------


def test_a_long_list_is_cut_and_says_how_much_is_missing() -> None:
    outages = table(printed(with_outages(10_000)), "Outages")
    assert len(outages["rows"]) == MOST_LINES
    assert outages["more"] == "9,500 of 10,000 outages not shown; the JSON has all."
    assert outages["last"][4] == ["2 h 46 min 40 s", "10,000 s"]
    assert table(printed(with_outages(MOST_LINES)), "Outages")["more"] == ""


def test_a_document_of_many_reports_is_bounded() -> None:
    report = with_outages(1_000)
    values = printed(make_sla_reports((report,) * 1_000))
    assert len(values["reports"]) == MOST_REPORTS
    assert len(table(values, "Outages")["rows"]) == FEWEST_LINES
    assert len(values["summary"]["table"]["rows"]) == MOST_LINES
    assert values["summary"]["table"]["more"] == "500 of 1,000 reports not shown; the JSON has all."
    assert values["summary"]["note"] == "900 reports of these do not follow in full; the JSON has all."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Müller & Söhne", "Müller & Söhne"),
        ("two\nlines\tand  more ", "two lines and more"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202edlrow", "\\u202edlrow"),
        ("", ""),
        ("x" * MOST_CHARACTERS, "x" * MOST_CHARACTERS),
        ("x" * (MOST_CHARACTERS + 1), "x" * MOST_CHARACTERS + "… (+1 character)"),
        ("x" * 10_000, "x" * MOST_CHARACTERS + "… (+9,700 characters)"),
    ],
)
def test_plain_text(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(max_size=400))
def test_no_text_of_a_stranger_steers(text: str) -> None:
    report = make_sla_report()
    hostile = make_sla_report(
        operator=text,
        customer_name=text,
        customer_id=text,
        service_id=text,
        instance_id=text,
        definition_name=text,
        revision_reason=text,
        currency=text,
        outages=tuple(replace(each, reason=text, alarms=(text,) * 9, cause=text, resource=text) for each in report.outages),
        exclusions=tuple(replace(each, reason=text, author=text) for each in report.exclusions),
        clocks=tuple(replace(each, alarm=text, note=text) for each in report.clocks),
        breaches=tuple(replace(each, id=text, alarm_id=text, ticket_id=text, reason=text) for each in report.breaches),
        credits=tuple(replace(each, rule=text, item=text, arithmetic=text, breach_id=text) for each in report.credits),
    )
    values = printed(make_sla_reports((hostile,), operator=text, subject=text))
    for shown in strings(values):
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in shown)
        assert not set(shown) & set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def strings(value: object) -> list[str]:
    """Every string within a value of JSON."""
    match value:
        case str():
            return [value]
        case list():
            return [text for each in value for text in strings(each)]
        case dict():
            return [text for each in value.values() for text in strings(each)]
        case _:
            return []


def test_period_and_contract_are_local_times() -> None:
    facts = dict(printed(make_sla_report(contract_end=END + HOUR))["reports"][0]["facts"])
    assert facts["Period"] == "2026-11-01 00:00:00 +01:00 to 2026-12-01 00:00:00 +01:00 (30 d)"
    assert facts["Contract"] == "from 2025-07-01 00:00:00 +02:00 to 2026-12-01 01:00:00 +01:00"
