"""Rules tried on a real ledger file: what would have been different, and nothing written."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner
from vocabulary.world import START, moment
from vocabulary.written_ledger import WrittenLedger

from actors.correlator.settings import CorrelatorSettings
from actors.correlator.state import State
from faultd.backtest.period import BadPeriod, since_when
from faultd.backtest.report import words
from faultd.backtest.run import Cancelled, Trial, backtest
from faultd.cli.every_command import app
from protocols.backtest import Result
from protocols.command import Acknowledge, Command, CreateRule, DeleteRule
from protocols.event import NetworkEvent, RulesLoaded, Tick, TopologyLoaded
from protocols.poll.contact import OtherPolls, PollMissed
from protocols.principal import Principal
from protocols.rule import Actions, Conditions, Rule
from protocols.topology import Node

ADA = Principal("ada", "admin")


def device_down(resource: str, kind: str = "device.down") -> NetworkEvent:
    return NetworkEvent(type=kind, tenant_id="t", resource_type="olt", resource_id=resource, reported_by="probe")  # type: ignore[arg-type]


def suppression_rule(name: str = "quiet please", resource: str = "olt-2") -> Rule:
    return Rule(name=name, type="suppression", conditions=Conditions(match={"resource_id": resource}))


def parent_child_rule(name: str = "kin") -> Rule:
    conditions = Conditions(parent={"alarm_type": "device.down"}, child={"alarm_type": "service.outage"})
    return Rule(name=name, type="correlation", conditions=conditions, actions=Actions(mark_parent_as_root_cause=True))


@pytest.fixture
def written(tmp_path: Path) -> Iterator[WrittenLedger]:
    made = WrittenLedger(tmp_path / "ledger.sqlite")
    yield made
    made.file.close()


def differing(result: Result) -> set[tuple[str, str, str, str]]:
    return {(each.what, each.resource_id, each.today, each.new) for each in result.differences}


def test_a_suppression_holds_back_one_alarm_and_its_page(written: WrittenLedger) -> None:
    written.at(0, device_down("olt-1"), device_down("olt-2"))
    written.ticks(5, 60)
    result = backtest(written.path, "1h", Trial(rules=(suppression_rule(),)))
    assert differing(result) == {
        ("suppressed", "olt-2", "", "rule quiet please"),
        ("pages", "olt-2", "raised", ""),
    }
    assert result.found == {"suppressed": 1, "pages": 1}
    assert (result.today.alarms, result.new.alarms) == (2, 2)
    assert (result.today.pages, result.new.pages) == (2, 1)
    assert (result.today.suppressed, result.new.suppressed) == (0, 1)
    assert result.new.by_rule["quiet please"] == {"suppressed": 1}
    assert result.events == result.last - result.first + 1
    assert any("suppressed by the new rules only" in line for line in words(result))


def test_a_correlation_changes_root_and_parent(written: WrittenLedger) -> None:
    nodes = (Node(id="olt-1", type="olt"), Node(id="shop", type="service", parents=("olt-1",)))
    written.at(0, TopologyLoaded("t", nodes), device_down("olt-1"), device_down("shop", "service.outage"))
    written.ticks(5, 60)
    result = backtest(written.path, "1h", Trial(rules=(parent_child_rule(),)))
    found = differing(result)
    assert ("root", "olt-1", "", "root cause") in found
    assert ("parent", "shop", "", "device.down at olt-1") in found
    assert ("suppressed", "shop", "", "parent") in found
    assert ("pages", "shop", "raised", "") in found
    assert (result.today.roots, result.new.roots) == (0, 1)


def test_the_same_rules_make_no_difference(written: WrittenLedger) -> None:
    written.at(0, RulesLoaded("d", (parent_child_rule(), suppression_rule())))
    written.at(1, device_down("olt-1"), device_down("olt-2"), device_down("shop", "service.outage"))
    written.ticks(5, 60)
    result = backtest(written.path, "30s", Trial(rules=(parent_child_rule(), suppression_rule())))
    assert (result.found, result.rules_changed) == ({}, False)
    assert msgspec.to_builtins(result.today) == msgspec.to_builtins(result.new)


def test_rules_are_replaced_or_added_to(written: WrittenLedger) -> None:
    written.at(0, RulesLoaded("d", (suppression_rule("first", "olt-1"),)))
    written.at(1, device_down("olt-1"), device_down("olt-2"))
    written.ticks(5, 60)
    replaced = backtest(written.path, "59s", Trial(rules=(suppression_rule("second", "olt-2"),)))
    assert replaced.found == {"suppressed": 1, "not_suppressed": 1, "pages": 2}
    added = backtest(written.path, "59s", Trial(rules=(suppression_rule("second", "olt-2"),), added=True))
    assert added.found == {"suppressed": 1, "pages": 1}
    taken = backtest(written.path, "59s", Trial(rules=(suppression_rule("first", "olt-2"),), added=True))
    assert taken.found == replaced.found


def test_rules_of_the_api_stay_on_both_sides(written: WrittenLedger) -> None:
    written.at(0, Command(ADA, CreateRule(suppression_rule("mine", "olt-1"))))
    written.at(1, device_down("olt-1"), device_down("olt-2"))
    written.ticks(5, 60)
    result = backtest(written.path, "59s", Trial(rules=(suppression_rule(),)))
    assert {each.resource_id for each in result.differences} == {"olt-2"}
    assert result.today.suppressed == 1


def test_todays_rules_are_in_force_from_the_beginning(written: WrittenLedger) -> None:
    """They were others then, and alarms were raised and acknowledged under those."""
    group = Rule(
        name="group",
        type="correlation",
        conditions=Conditions(match={"alarm_type": "device.down"}, count=2),
        actions=Actions(alarm_type="many.down"),
    )
    written.at(0, RulesLoaded("old", (group,)))
    written.at(10, device_down("olt-1"), device_down("olt-2"))
    written.at(12, Command(ADA, Acknowledge(), (written.alarm("olt-2"),)))
    written.ticks(15, 60)
    written.at(60, RulesLoaded("today", (suppression_rule("today", "olt-1"),)))
    written.ticks(65, 90)
    result = backtest(written.path, (START + timedelta(seconds=5)).isoformat(), Trial(rules=()))
    assert result.rules_changed
    assert result.found == {"not_suppressed": 1, "pages": 1}, "and no group on either side"
    assert any("rules were changed" in line for line in words(result))
    assert result.today.pages == 0, "olt-1 is held back, olt-2 acknowledged before its hold was over"


def test_it_starts_from_the_newest_snapshot_before_the_time(written: WrittenLedger) -> None:
    written.at(0, device_down("olt-1"))
    written.ticks(5, 60)
    written.snapshot()
    written.at(60, device_down("olt-2"))
    written.ticks(65, 120)
    written.snapshot()
    written.at(120, device_down("olt-3"))
    written.ticks(125, 180)
    whole = backtest(written.path, "7d", Trial(rules=(suppression_rule("a", "olt-1"),)))
    assert (whole.first, whole.found) == (1, {"suppressed": 1, "pages": 1})
    late = backtest(written.path, (START + timedelta(seconds=90)).isoformat(), Trial(rules=(suppression_rule("a", "olt-1"),)))
    assert late.since == START + timedelta(seconds=90)
    assert late.found == {"suppressed": 1}, "people had been told of it before"
    assert late.events < whole.events
    assert late.today.alarms == 3
    since_now = backtest(written.path, "0s", Trial(rules=(suppression_rule("a", "olt-3"),)))
    assert since_now.events == 1


def test_nothing_is_written_and_the_daemon_may_go_on(written: WrittenLedger, tmp_path: Path) -> None:
    written.at(0, device_down("olt-1"))
    before = {file.name: sha256(file.read_bytes()).hexdigest() for file in tmp_path.iterdir() if "shm" not in file.name}
    backtest(written.path, "1h", Trial(rules=(suppression_rule(),)))
    after = {file.name: sha256(file.read_bytes()).hexdigest() for file in tmp_path.iterdir() if "shm" not in file.name}
    assert before == after
    written.at(5, device_down("olt-2"))
    assert backtest(written.path, "1h", Trial(rules=(suppression_rule(),))).events == 2


def test_settings_are_tried_too(written: WrittenLedger) -> None:
    written.at(0, device_down("olt-1"))
    written.ticks(5, 60)
    result = backtest(written.path, "1h", Trial(settings=CorrelatorSettings(hold_critical_seconds=600)))
    assert differing(result) == {("pages", "olt-1", "raised", "")}


def test_differences_listed_are_bounded_and_all_are_counted(written: WrittenLedger) -> None:
    written.at(0, *(device_down(f"olt-{number}") for number in range(40)))
    written.ticks(5, 30)
    everything = Rule(name="all", type="suppression", conditions=Conditions(match={"alarm_type": "device.down"}))
    result = backtest(written.path, "1h", Trial(rules=(everything,)), most=7)
    assert (len(result.differences), result.found) == (7, {"suppressed": 40, "pages": 40})
    assert list(words(result))[-1] == "... and 73 more"


def test_it_can_be_called_off(written: WrittenLedger) -> None:
    for second in range(0, 2_500):
        written.at(second / 100, Tick())
    asked: list[tuple[int, int]] = []

    def go_on(done: int, of: int) -> bool:
        asked.append((done, of))
        return len(asked) < 2

    with pytest.raises(Cancelled):
        backtest(written.path, "1h", Trial(rules=()), go_on=go_on)
    assert asked == [(1_000, 2_500), (2_000, 2_500)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("12h", 43200), ("7d", 604800), ("0s", 0), ("2026-03-01T02:00:00Z", 3600), ("2026-03-01T02:00:00", 3600)],
)
def test_a_length_or_a_time(text: str, seconds: float) -> None:
    assert since_when(text, START) == START - timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "d", "-1d", "soon", "1y", "99999999999d", "2026-13-01"])
def test_neither_a_length_nor_a_time(text: str) -> None:
    with pytest.raises(BadPeriod):
        since_when(text, START)


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["backtest", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command(written: WrittenLedger, tmp_path: Path) -> None:
    written.at(0, device_down("olt-1"), device_down("olt-2"))
    written.ticks(5, 60)
    ledger = ("--ledger", str(written.path))
    rules = tmp_path / "new.toml"
    rules.write_text('[[rules]]\nname = "quiet"\ntype = "suppression"\nconditions = { match = { resource_id = "olt-2" } }\n')
    code, out, _ = run(*ledger, "--rules", str(rules), "--json", str(tmp_path / "out.json"))
    assert code == 0
    assert "suppressed by the new rules only" in out
    assert msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Result).found == {"suppressed": 1, "pages": 1}
    assert run(*ledger, "--rules", str(tmp_path / "none.toml"))[0] == 66
    assert run(*ledger)[0] == 64
    assert run(*ledger, "--rules", str(rules), "--since", "soon")[0] == 64
    assert run("--ledger", str(tmp_path / "none"), "--rules", str(rules))[0] == 66
    rules.write_text('[[rules]]\nname = "bad"\ntype = "suppression"\nconditions = { match = { no_field = 1 } }\n')
    code, _, err = run(*ledger, "--rules", str(rules))
    assert (code, "no_field" in err) == (78, True)


def test_deleted_rules_are_not_todays(written: WrittenLedger) -> None:
    written.at(0, Command(ADA, CreateRule(suppression_rule("mine", "olt-1"))))
    rule_id = _only_rule(written.state)
    written.at(1, device_down("olt-1"))
    written.ticks(5, 30)
    written.at(30, Command(ADA, DeleteRule(rule_id)))
    result = backtest(written.path, (START + timedelta(seconds=0.5)).isoformat(), Trial(rules=()))
    assert (result.today.suppressed, result.found) == (0, {})


def _only_rule(state: State) -> str:
    from actors.correlator.rules.rule_registry import rule_records

    (record,) = rule_records(state)
    return record.id


def test_what_pollers_reported_is_judged_on_both_sides(written: WrittenLedger) -> None:
    """A silent device is down, and a blackout later holds back the others, under the new rules as well."""
    nodes = tuple(Node(id=f"olt-{number}", type="olt", address=f"192.0.2.{number}", tenant="t") for number in range(1, 6))

    def missed(device: str, misses: int, first: float, others: OtherPolls) -> PollMissed:
        return PollMissed(device=device, address="", first=moment(first), misses=misses, needed=2, others=others)

    written.at(0, TopologyLoaded("t", nodes))
    written.at(10, missed("olt-2", 1, 10, OtherPolls(4, 0)))
    written.at(20, missed("olt-2", 2, 10, OtherPolls(4, 0)))
    for misses, seconds in ((1, 30), (2, 40)):
        written.at(seconds, *(missed(f"olt-{number}", misses, 30, OtherPolls(4, 4)) for number in (1, 3, 4, 5)))
    written.ticks(45, 90)
    result = backtest(written.path, "1h", Trial(rules=(suppression_rule(),)))
    assert differing(result) == {("suppressed", "olt-2", "", "rule quiet please"), ("pages", "olt-2", "raised", "")}
    assert {each.alarm_type for each in written.state.alarms.values()} == {"device.down", "monitoring.blind"}
    assert (result.today.alarms, result.new.alarms) == (2, 2)
