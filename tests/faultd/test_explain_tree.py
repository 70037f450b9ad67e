"""``faultd explain`` as text."""

from vocabulary.alarms import T0, make_alarm

from faultd.cli.explain import tree
from protocols.alarm import TimelineEntry
from protocols.rest_timeline import Children, Explanation


def test_a_conclusion_is_never_certain_whatever_an_older_version_wrote() -> None:
    cut = make_alarm("1", is_root_cause=True, metadata={"confidence": 1.0})
    decision = TimelineEntry(
        alarm_id="1",
        tenant_id="north",
        offset=7,
        number=0,
        at=T0,
        action="root_cause",
        actor="faultd:pon",
        text="why",
        detail={"confidence": 1.0, "dark": 32},
    )
    children = Children(total=0, open=0, by_type={}, first=())
    lines = list(tree(Explanation(alarm=cut, causes=(cut,), children=children, decisions=(decision,))))
    assert [line for line in lines if "very likely" in line] == [
        "critical ALM-1    Loss of signal [los, active, root cause, very likely (99 %)]",
        "   critical ALM-1    Loss of signal [los, active, root cause, very likely (99 %)]",
        "      confidence: very likely (99 %)",
    ]
    assert "      dark: 32" in lines
