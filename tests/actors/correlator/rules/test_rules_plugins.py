"""Plugins: what they may do, and what becomes of those that raise, block, or ask for nonsense."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from vocabulary.rules import RuleWorld

from actors.correlator.rules.plugin_child import asked
from actors.correlator.rules.plugin_frames import Call, Failed
from actors.correlator.rules.plugin_process import PluginError
from actors.correlator.rules.plugins import Host, PluginLimits, install, installed
from protocols.event import PluginStopped, RulesLoaded, SystemReport
from protocols.plugin import AddTags, Attach, HoldBack, LetGo, RaiseSeverity


class Plain:
    """A plugin of one function."""

    version = "1"

    def __init__(self, touched: Callable[..., Any], alarm_types: tuple[str, ...]) -> None:
        self.alarm_types: Sequence[str] = alarm_types
        self.touched = touched


class Made(Plain):
    """The same, asked in this process as the plugin's own process asks it."""

    def __init__(self, touched: Callable[..., Any], alarm_types: tuple[str, ...] = ("x.a",)) -> None:
        super().__init__(self._asked, alarm_types)
        self.plain = Plain(touched, alarm_types)

    def _asked(self, view: Any, before: Any, alarm: Any) -> Any:
        answer = asked(self.plain, view, Call(view.now, before, alarm, 1.0))
        if isinstance(answer, Failed):
            raise PluginError(answer.error)
        return answer.actions


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = installed()
    yield
    install(before)


def use(ruled: RuleWorld, limits: PluginLimits | None = None, **plugins: Made) -> Host:
    host = install(Host(plugins, limits))
    ruled(RulesLoaded("p", (), host.versions()))
    return host


def failures(ruled: RuleWorld) -> dict[str, Any]:
    return {alarm.qualifier: alarm for alarm in ruled.of_type("rule.failed") if alarm.cleared_at is None}


def test_a_plugin_sees_and_acts(ruled: RuleWorld) -> None:
    def touched(view: Any, before: Any, alarm: Any) -> Iterator[Any]:
        if before is None:
            assert view.now == ruled.now
            assert view.alarm(alarm.alarm_id) == alarm
            assert view.node("olt-1").type == "olt"
            assert view.above("olt-1/0/1") == ("olt-1/0/1", "olt-1", "site-1")
            (parent,) = view.at_resource("olt-1")
            yield Attach(alarm.id, parent.id, "I know it", suppress=False)
            yield AddTags(alarm.id, ("seen",), "to find it")
            yield RaiseSeverity(alarm.id, "critical", "it is bad")
            yield HoldBack(alarm.id, "not now")
            assert view.children(parent.id) == []

    use(ruled, mine=Made(touched))
    parent = ruled.raise_alarm("x.p", "olt-1", "olt")
    child = ruled.raise_alarm("x.a", "olt-1/0/1/5/1")
    after = ruled.get(child)
    assert (after.parent_alarm_id, after.severity, after.status) == (parent, "critical", "suppressed")
    assert "seen" in after.tags
    assert {line.actor for line in ruled.timeline(child)} >= {"faultd:plugin/mine"}
    assert not failures(ruled)


@pytest.mark.parametrize("odd", [None, 7, ["olt-1"]])
def test_what_is_asked_by_may_be_anything_and_nothing_is_called_that(ruled: RuleWorld, odd: Any) -> None:
    seen: list[Any] = []

    def touched(view: Any, before: Any, alarm: Any) -> Iterator[Any]:
        seen.extend([view.alarm(odd), view.node(odd), *view.at_resource(odd), *view.children(odd), *view.above(odd)])
        yield AddTags(alarm.id, ("seen",), "it went on")

    use(ruled, mine=Made(touched))
    alarm = ruled.raise_alarm("x.a", "olt-1/0/1/5/1")
    assert seen[:2] == [None, None]
    assert set(seen) == {None}
    assert "seen" in ruled.get(alarm).tags
    assert not failures(ruled)


def test_one_that_raises_is_told_of_and_the_rest_goes_on(ruled: RuleWorld) -> None:
    def broken(view: Any, before: Any, alarm: Any) -> list[Any]:
        raise KeyError("oops")

    def sound(view: Any, before: Any, alarm: Any) -> list[Any]:
        return [AddTags(alarm.id, ("sound",), "why")]

    use(ruled, broken=Made(broken), sound=Made(sound))
    ruled.write(type="suppression", conditions={"match": {"alarm_type": "x.a"}})
    alarm = ruled.raise_alarm("x.a", "r")
    assert "sound" in ruled.get(alarm).tags
    assert ruled.get(alarm).status == "suppressed"
    assert list(failures(ruled)) == ["broken"]
    assert "KeyError: 'oops'" in failures(ruled)["broken"].description
    assert ruled.state.tally["plugin_failed:broken"] > 0
    ruled(RulesLoaded("q", (), installed().versions()))
    assert not failures(ruled)


@pytest.mark.parametrize(
    "action",
    [
        "nonsense",
        AddTags("none", ("x",), "no such alarm"),
        Attach("none", "none", "neither"),
        AddTags("A1", 5, "no tags"),  # type: ignore[arg-type]
        RaiseSeverity("A1", "worst", "no severity"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_whole(ruled: RuleWorld, action: Any) -> None:
    use(ruled, mine=Made(lambda view, before, alarm: [AddTags(alarm.id, ("first",), "fine"), action]))
    alarm = ruled.raise_alarm("x.a", "r")
    assert "first" not in ruled.get(alarm).tags, "nothing of it is done"
    assert list(failures(ruled)) == ["mine"]


def test_endless_actions_are_cut_off(ruled: RuleWorld) -> None:
    def endless(view: Any, before: Any, alarm: Any) -> Iterator[Any]:
        while True:
            yield AddTags(alarm.id, ("x",), "again")

    use(ruled, endless=Made(endless))
    ruled.raise_alarm("x.a", "r")
    assert "more than 1000" in failures(ruled)["endless"].description


def test_one_that_is_slow_is_told_of_and_at_last_not_asked(ruled: RuleWorld) -> None:
    asked = []

    def slow(view: Any, before: Any, alarm: Any) -> list[Any]:
        asked.append(alarm.id)
        return [HoldBack(alarm.id, "slowly")] if before is None else []

    # Whatever takes any time at all takes too long.
    host = use(ruled, PluginLimits(seconds=1e-12, overruns=4), slow=Made(slow))
    alarm = ruled.raise_alarm("x.a", "r")
    assert ruled.get(alarm).status == "suppressed"
    news = host.take_reports()
    assert [type(event) for event in news] == [SystemReport] * len(news)
    assert isinstance(news[0], SystemReport)
    assert news[0].alarm_type == "rule.failed"
    while not any(isinstance(event, PluginStopped) for event in news):
        ruled.acknowledge(ruled.raise_alarm("x.a", f"r{len(asked)}"))
        news += host.take_reports()
    for event in news:
        ruled(event)
    assert "no longer asked" in [line.text for line in ruled.timeline(alarm)][-1]
    assert ruled.get(alarm).status == "active", "what it held back is let go"
    assert list(failures(ruled)) == ["slow"]
    before = len(asked)
    ruled.raise_alarm("x.a", "later")
    assert len(asked) == before
    ruled(RulesLoaded("again", (), host.versions()))
    ruled.raise_alarm("x.a", "last")
    assert len(asked) > before


def test_only_what_the_ledger_names_in_that_version_is_asked(ruled: RuleWorld) -> None:
    asked: list[str] = []

    def touched(view: Any, before: Any, alarm: Any) -> list[Any]:
        asked.append(alarm.id)
        return []

    use(ruled, mine=Made(touched))
    ruled(RulesLoaded("other", (), {"mine": "2"}))
    ruled.raise_alarm("x.a", "r")
    assert asked == []
    ruled(RulesLoaded("this", (), {"mine": "1"}))
    ruled.raise_alarm("x.b", "r")
    assert asked == [], "it wants x.a"
    ruled.raise_alarm("x.a", "s")
    assert asked != []


def test_a_plugin_that_leaves_lets_go(ruled: RuleWorld) -> None:
    use(ruled, mine=Made(lambda view, before, alarm: [HoldBack(alarm.id, "x")] if before is None else []))
    alarm = ruled.raise_alarm("x.a", "r")
    assert ruled.get(alarm).status == "suppressed"
    ruled.write(type="suppression", conditions={"match": {"alarm_type": "x.other"}})
    assert ruled.get(alarm).status == "suppressed", "rules leave alone what a plugin holds"
    ruled(RulesLoaded("without", (), {}))
    assert ruled.get(alarm).status == "active"


def test_it_can_let_go_itself(ruled: RuleWorld) -> None:
    def touched(view: Any, before: Any, alarm: Any) -> list[Any]:
        return [LetGo(alarm.id, "seen")] if alarm.acknowledged_at else [HoldBack(alarm.id, "unseen")]

    use(ruled, mine=Made(touched))
    alarm = ruled.raise_alarm("x.a", "r")
    assert ruled.get(alarm).status == "suppressed"
    ruled.acknowledge(alarm)
    assert ruled.get(alarm).status == "acknowledged"
    assert not failures(ruled)
