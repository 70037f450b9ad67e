"""The scorer on outcomes made by hand: a plant with one port, two splitters of three ONTs, and an area over the second."""

from typing import Any

import pytest

from faultd.evaluation.outcome import CaseOutcome, Conclusion, OpenAlarm, SentPage, TrueFault
from faultd.evaluation.score import CaseScore, Wrong, score
from faultd.evaluation.totals import add_up, failed

A = frozenset({"a1", "a2", "a3"})
B = frozenset({"b1", "b2", "b3"})
ONTS = {
    "card": A | B,
    "pon": A | B,
    "first": A | B,
    "A": A,
    "B": B,
    "area:north": B,
    **{ont: frozenset({ont}) for ont in A | B},
}
VERDICT = 60.0
FEEDER = TrueFault(id="f", kind="feeder_cut", place="pon", onts=A | B, start=10, last_trap=12)
BRANCH = TrueFault(id="a", kind="distribution_cut", place="A", onts=A, start=10, last_trap=12)
OUTAGE = TrueFault(id="p", kind="area_outage", place="area:north", onts=B, start=10, last_trap=13)
DROP = TrueFault(id="d", kind="drop_cut", place="b1", onts=frozenset({"b1"}), start=10, last_trap=11)
MAINS = TrueFault(id="m", kind="ont_power", place="b2", onts=frozenset({"b2"}), start=10, last_trap=11)
UPLINK = TrueFault(id="u", kind="uplink_down", place="olt", start=10, last_trap=10.5)


def root(kind: str, place: str, *, id: str = "r", since: float = 13.0, until: float = 99.0, of: str = "") -> dict[str, Any]:
    """A root that stands from ``since`` to ``until``; ``of`` are the faults of the alarms below it, by their letters."""
    below = tuple(
        OpenAlarm(alarm_id=f"{id}-{letter}", alarm_type="ont.los", place="x", parent=id, faults=frozenset({letter}))
        for letter in of
    )
    stands = OpenAlarm(alarm_id=id, alarm_type=kind, place=place, root=True, inferred=True)
    return {
        "conclusions": (
            Conclusion(alarm_id=id, alarm_type=kind, place=place, since=since, until=until, children=frozenset(of)),
        ),
        "standing": (*((stands,) if since <= VERDICT < until else ()), *below),
    }


def own(kind: str, place: str, fault: str, *, id: str = "o", marked: bool = True) -> dict[str, Any]:
    """A device's own alarm that stands alone."""
    faults = frozenset({fault})
    return {
        "conclusions": (Conclusion(alarm_id=id, alarm_type=kind, place=place, since=11, until=99, children=frozenset()),)
        if marked
        else (),
        "standing": (OpenAlarm(alarm_id=id, alarm_type=kind, place=place, root=marked, faults=faults),),
    }


def outcome(*faults: TrueFault, parts: tuple[dict[str, Any], ...] = (), **fields: Any) -> CaseScore:
    joined: dict[str, Any] = {"conclusions": (), "standing": ()}
    for part in parts:
        joined = {name: (*joined[name], *part[name]) for name in joined}
    return score(CaseOutcome(faults=faults, verdict=VERDICT, onts=ONTS, **joined, **fields))


@pytest.mark.parametrize(
    ("fault", "part", "found", "wrong"),
    [
        (FEEDER, root("fibre.cut", "pon", of="f"), True, None),
        (FEEDER, root("fibre.cut", "first", of="f"), True, None),
        (FEEDER, root("fibre.cut", "A", of="f"), False, "feeder_cut"),
        (FEEDER, root("power.outage", "pon", of="f"), False, "feeder_cut"),
        (FEEDER, root("fibre.cut", "pon", of="f", until=30), False, None),
        (FEEDER, root("fibre.cut", "pon", of="f", since=61), False, None),
        (BRANCH, root("fibre.cut", "A", of="a"), True, None),
        (BRANCH, root("fibre.cut", "pon", of="a"), False, "distribution_cut"),
        (BRANCH, root("fibre.cut", "pon"), False, "distribution_cut"),
        (OUTAGE, root("power.outage", "area:north", of="p"), True, None),
        (OUTAGE, root("power.outage", "B", of="p"), True, None),
        (OUTAGE, root("fibre.cut", "B", of="p"), False, "area_outage"),
        (DROP, own("ont.los", "b1", "d"), True, None),
        (DROP, own("ont.los", "b1", "d", marked=False), False, None),
        (DROP, own("ont.dying_gasp", "b1", "d"), False, "drop_cut"),
        (MAINS, own("ont.dying_gasp", "b2", "m"), True, None),
        (UPLINK, own("uplink.down", "olt/if/7", "u"), True, None),
        (UPLINK, own("uplink.down", "olt-2/if/7", "u"), False, "uplink_down"),
    ],
)
def test_a_root_is_right_by_kind_and_place(fault: TrueFault, part: dict[str, Any], found: bool, wrong: str | None) -> None:
    scored = outcome(fault, parts=(part,))
    assert scored.faults[0].found is found
    assert scored.right == ({fault.kind: 1} if found else {})
    assert [each.about for each in scored.wrong] == ([] if wrong is None else [wrong])


def test_a_second_root_for_the_same_fault_is_wrong() -> None:
    scored = outcome(BRANCH, parts=(root("fibre.cut", "A", id="r1", of="a"), root("fibre.cut", "A", id="r2", of="a")))
    assert (scored.right, len(scored.wrong)) == ({"distribution_cut": 1}, 1)
    assert scored.faults[0].shown == 2, "a false split"


def test_a_root_about_nothing_is_wrong_everywhere() -> None:
    scored = outcome(BRANCH, parts=(root("fibre.cut", "B"),))
    assert scored.wrong == (Wrong(alarm_type="fibre.cut", place="B"),)
    assert add_up([("1/0/distribution_cut/clean", scored)], fault_kind="feeder_cut").wrong == 1


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([(14.0, 99.0)], 2.0),
        ([(11.0, 99.0)], 0.0),
        ([(12.5, 20.0), (25.0, 99.0)], 13.0),
        ([(12.5, 20.0), (20.0, 99.0)], 0.5),
        ([(12.5, 40.0), (30.0, 99.0)], 0.5),
    ],
)
def test_the_time_to_the_right_cause_counts_from_when_it_stayed(spans: list[tuple[float, float]], seconds: float) -> None:
    parts = tuple(root("fibre.cut", "A", id=str(n), since=s, until=u, of="a") for n, (s, u) in enumerate(spans))
    (fault,) = outcome(BRANCH, parts=parts).faults
    assert fault.found
    assert fault.seconds == pytest.approx(seconds)


def test_alarms_of_two_faults_below_one_root_are_a_merge() -> None:
    assert outcome(BRANCH, DROP, parts=(root("fibre.cut", "pon", of="ad"),)).merges == 1
    apart = (root("fibre.cut", "A", id="r1", of="a"), own("ont.los", "b1", "d"))
    assert outcome(BRANCH, DROP, parts=apart).merges == 0


def test_an_alarm_that_belongs_to_both_faults_is_no_merge() -> None:
    both = OpenAlarm(alarm_id="x", alarm_type="ont.los", place="b1", parent="r", faults=frozenset("fp"))
    part = root("fibre.cut", "pon", of="f")
    part["standing"] = (*part["standing"], both)
    assert outcome(FEEDER, OUTAGE, parts=(part,)).merges == 0


@pytest.mark.parametrize(
    ("part", "ever", "at_verdict"),
    [
        (root("power.outage", "area:north", of="p"), False, False),
        (root("fibre.cut", "B", of="p"), True, True),
        (root("fibre.cut", "B", of="p", since=13, until=14), True, False),
        (root("fibre.cut", "b1", since=13, until=14), True, False),
        (root("fibre.cut", "B", of="p", since=61), False, False),
        (root("fibre.cut", "A", of="a"), False, False),
    ],
)
def test_power_called_a_cut_counts_even_for_a_moment(part: dict[str, Any], ever: bool, at_verdict: bool) -> None:
    scored = outcome(OUTAGE, BRANCH, parts=(part,))
    assert (scored.faults[0].called_cut, scored.faults[0].called_cut_at_verdict) == (ever, at_verdict)
    assert not scored.faults[1].called_cut


def test_a_real_cut_under_an_outage_is_no_mistake() -> None:
    parts = (root("power.outage", "area:north", id="r1", of="p"), root("fibre.cut", "pon", id="r2", of="f"))
    scored = outcome(OUTAGE, FEEDER, parts=parts)
    assert [each.found for each in scored.faults] == [True, True]
    assert not scored.faults[0].called_cut


@pytest.mark.parametrize(("since", "place", "blamed"), [(13.0, "b1", False), (9.0, "b1", True), (13.0, "B", True)])
def test_a_cut_is_excused_where_the_fibre_really_was_cut_by_then(since: float, place: str, blamed: bool) -> None:
    scored = outcome(OUTAGE, DROP, parts=(root("fibre.cut", place, since=since, of="p"),))
    assert scored.faults[0].called_cut is blamed


def test_pages_are_booked_to_the_fault_that_they_are_about() -> None:
    pages = (
        SentPage(at=20, alarm_id="r", alarm_type="fibre.cut", place="A"),
        SentPage(at=21, alarm_id="x", alarm_type="ont.los", place="a1", faults=frozenset("a")),
        SentPage(at=22, alarm_id="y", alarm_type="ont.los", place="b1", faults=frozenset("d")),
        SentPage(at=61, alarm_id="x", alarm_type="ont.los", place="a1", faults=frozenset("a")),
        SentPage(at=30, alarm_id="z", alarm_type="uplink.down", place="olt/if/1"),
    )
    assert [each.pages for each in outcome(BRANCH, DROP, pages=pages).faults] == [3, 1]


def test_shares_and_percentiles_add_up() -> None:
    right = outcome(BRANCH, parts=(root("fibre.cut", "A", since=14, of="a"),))
    missed = outcome(BRANCH, parts=(own("ont.los", "a1", "a", id="1"), own("ont.los", "a2", "a", id="2")))
    unheard = outcome(TrueFault(id="o", kind="olt_power", place="olt", onts=A | B, unheard="no trap of it arrived"))
    total = add_up([("1/0/k/c", right), ("1/0/k/c", missed), ("1/0/k/c", unheard)])
    assert (total.cases, total.faults, total.unheard, total.found) == (3, 2, 1, 1)
    assert total.recall == 0.5
    assert total.precision == pytest.approx(1 / 3)
    assert total.unsplit == 0.5
    assert (total.percentile(0.5), total.percentile(0.95)) == (2.0, 2.0)
    assert total.power_is_power is None, "there was no fault of power"
    assert (failed(right), failed(unheard)) == ("", "")
    assert "not found" in failed(missed)
    assert "shown as 2 alarms" in failed(missed)
    empty = add_up([])
    assert (empty.recall, empty.precision, empty.percentile(0.5), empty.compression) == (None, None, None, None)


def test_a_root_left_behind_is_told() -> None:
    assert failed(outcome(BRANCH, parts=(root("fibre.cut", "A", of="a"),), left=("r",))) == "1 inferred roots never ended"


TRUNK = TrueFault(id="t", kind="trunk_cut", place="trunk-1", also=("card",), onts=A | B, parts=(A, B), start=10, last_trap=12)
STREET = TrueFault(id="s", kind="street_outage", place="street-1", onts=A | {"b1"}, unrecorded=True, start=10, last_trap=12)
REBOOTS = TrueFault(id="n", kind="nightly_reboots", place="pon", onts=A, start=10, harmless=True)


@pytest.mark.parametrize(
    ("parts", "found", "right", "wrong"),
    [
        ((root("fibre.cut", "card", of="t"),), True, 1, 0),
        ((root("fibre.cut", "A", id="1", of="t"), root("fibre.cut", "B", id="2", of="t")), True, 2, 0),
        ((root("fibre.cut", "A", id="1", of="t"),), False, 1, 0),
        ((root("card.failure", "card", of="t"),), False, 0, 1),
        ((root("fibre.cut", "A", id="1", of="t"), root("fibre.cut", "A", id="2", of="t")), False, 1, 1),
    ],
)
def test_a_trunk_is_found_when_every_feeder_is(parts: tuple[dict[str, Any], ...], found: bool, right: int, wrong: int) -> None:
    scored = outcome(TRUNK, parts=parts)
    assert (scored.faults[0].found, scored.right.get("trunk_cut", 0), len(scored.wrong)) == (found, right, wrong)


@pytest.mark.parametrize(
    ("parts", "found", "wrong"),
    [
        ((root("power.outage", "A", of="s"),), False, 0),
        ((root("power.outage", "A", id="1", of="s"), root("power.outage", "b1", id="2", of="s")), True, 0),
        ((root("power.outage", "B", of="s"),), False, 1),
        ((root("power.outage", "pon", of="s"),), True, 0),
    ],
)
def test_an_outage_that_no_record_bounds_is_found_by_its_parts(
    parts: tuple[dict[str, Any], ...], found: bool, wrong: int
) -> None:
    scored = outcome(STREET, parts=parts)
    assert (scored.faults[0].found, len(scored.wrong)) == (found, wrong)


def test_after_reboots_each_cause_is_wrong_and_each_page_counts() -> None:
    pages = (SentPage(at=20, alarm_id="x", alarm_type="ont.los", place="a1", lost_return=True, faults=frozenset("n")),)
    scored = outcome(REBOOTS, parts=(root("fibre.cut", "A", of="n"), own("ont.los", "a1", "n")), pages=pages)
    assert not scored.faults
    assert [(each.pages, each.lost_returns) for each in scored.harmless] == [(1, 1)]
    assert [(each.alarm_type, each.about) for each in scored.wrong] == [("fibre.cut", "nightly_reboots")]
    total = add_up([("1/0/nightly_reboots/messy-5", scored)])
    assert (total.harmless, total.harmless_pages, total.lost_returns, total.pages) == (1, 1, 1, 0)


@pytest.mark.parametrize(("at", "place", "wrong"), [(20, "pon", 1), (70, "b1", 1), (20, "A", 0)])
def test_a_wrong_cause_counts_when_somebody_was_told_of_it(at: float, place: str, wrong: int) -> None:
    """Whether it was withdrawn before the verdict or came after it. One that was right when it was told is none."""
    page = SentPage(at=at, alarm_id="w", alarm_type="fibre.cut", place=place, inferred=True, confidence=0.9)
    gone = Conclusion(alarm_id="w", alarm_type="fibre.cut", place=place, since=at - 5, until=at + 5, children=frozenset("a"))
    good = root("fibre.cut", "A", of="a")
    good["conclusions"] = (*good["conclusions"], gone)
    scored = outcome(BRANCH, parts=(good,), pages=(page,))
    assert [each.withdrawn for each in scored.wrong] == [True] * wrong
    assert [(each.confidence, each.right) for each in scored.stated] == [(0.9, False)] * wrong
    total = add_up([("1/0/distribution_cut/messy-5", scored)])
    assert (total.precision, total.told_right) == (1.0, 1 / (1 + wrong))
    assert total.faults == total.found == 1
    assert total.pages == 1


def test_a_cut_called_a_loss_of_power() -> None:
    assert outcome(BRANCH, parts=(root("power.outage", "A", of="a"),)).faults[0].called_power
    assert not outcome(BRANCH, OUTAGE, parts=(root("power.outage", "B", of="p"),)).faults[0].called_power


def test_pages_about_nothing_are_counted() -> None:
    scored = outcome(pages=(SentPage(at=20, alarm_id="x", alarm_type="fibre.cut", place="A", inferred=True),))
    assert scored.stray == 1
    assert add_up([("1/0/nothing/messy-5", scored)]).stray == 1
