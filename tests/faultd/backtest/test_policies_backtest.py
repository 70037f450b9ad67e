"""Notification policies tried on a ledger that the real stages wrote: who would have been told, woken, and which tickets."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner
from vocabulary.dispatch_outcomes import failed, sent
from vocabulary.policies import policy
from vocabulary.world import START
from vocabulary.written_ledger import WrittenLedger

from actors.correlator.settings import CorrelatorSettings
from actors.dispatcher.policies.files import load_policies
from actors.dispatcher.settings import DispatchInputs
from actors.ledger.prune import PruneLimits
from actors.ledger.read import iterate_events
from actors.ledger.schema import connect_reader
from actors.trusted_clock import micros
from faultd.backtest.far_ends import FarEnds
from faultd.backtest.night import at_night, wakes
from faultd.backtest.report import words
from faultd.backtest.run import Trial, backtest
from faultd.backtest.side import Side
from faultd.cli.every_command import app
from faultd.pipe import Stages
from protocols.backtest import Result
from protocols.backtest_dispatch import MessageFigures
from protocols.command import Acknowledge, Action, Command
from protocols.dispatch.actions import ChangeTicket, CreateContact, CreatePolicy, CreateRota, EditRota
from protocols.dispatch.contact import ContactMethod, ContactPlan
from protocols.dispatch.outcomes import DispatchOutcome, TicketChanged, TicketOpened
from protocols.dispatch.policy import NotificationPolicy
from protocols.dispatch.quiet_hours import QuietHours
from protocols.dispatch.rota import RotaEdited, RotaLayer, RotaOverride, RotaPlan
from protocols.event import DispatchLoaded, Event, NetworkEvent, PolicyLoaded, RulesLoaded, Tick, TopologyLoaded
from protocols.principal import Principal
from protocols.recurrence.occurrences import zone_of
from protocols.rule import Conditions, Rule
from protocols.severity import Severity
from protocols.sla.local_time import instant_at
from protocols.topology import Node

ADA = Principal("ada", "admin")
CHANNELS = ("email", "sms", "webhook:erp")
MAIL: dict[str, Any] = {"channel": "email", "to": "on-call"}
TEXT: dict[str, Any] = {"channel": "sms", "to": "on-call"}
MAJOR = {"subject": "alarm", "severity": "major"}


class Plant(WrittenLedger):
    """A ledger that begins at 03:00 UTC (04:00 in Berlin) with Ada on call, and a notifier and a desk that answer at once."""

    answers = True

    def begin(self, *policies: NotificationPolicy) -> None:
        hold = CorrelatorSettings(hold_critical_seconds=5, hold_major_seconds=5, hold_minor_seconds=5)
        self.write(0, PolicyLoaded("p", msgspec.msgpack.encode(hold)))
        self.load(0, *policies)
        self.contact("Ada", "+491511111111", "ada@example.net")
        self.contact("Ben", "+491512222222", "ben@example.net")
        layer = RotaLayer(contacts=("Ada",), start=date(2026, 2, 1), hand_over="00:00")
        self.do(0, CreateRota(RotaPlan(name="on-call", layers=(layer,))))

    def load(self, seconds: float, *policies: NotificationPolicy) -> None:
        inputs = msgspec.msgpack.encode(DispatchInputs(channels=CHANNELS))
        self.write(seconds, DispatchLoaded(f"{seconds}", policies, inputs))

    def contact(self, name: str, phone: str, mailbox: str, **plan: Any) -> None:
        methods = (ContactMethod(channel="sms", address=phone), ContactMethod(channel="email", address=mailbox))
        plan = {"time_zone": "Europe/Berlin", **plan}
        self.do(0, CreateContact(ContactPlan(name=name, methods=methods, **plan)))

    def do(self, seconds: float, action: Action, *alarms: str) -> None:
        self.write(seconds, Command(ADA, action, alarms))

    def down(self, seconds: float, resource: str, severity: Severity = "critical", kind: str = "device.down") -> None:
        self.write(
            seconds,
            NetworkEvent(
                type=kind,  # type: ignore[arg-type]
                tenant_id="t",
                resource_type="olt",
                resource_id=resource,
                severity=severity,
                reported_by="probe",
            ),
        )

    def run(self, begin: int, end: int) -> None:
        """A Tick each five seconds."""
        for second in range(begin, end, 5):
            self.write(second, Tick())

    def write(self, seconds: float, event: Event) -> None:
        """Write an Event, and what the far ends and the desk make of it."""
        self.at(seconds, event)
        for found in list(self.stages.dispatch.notifications.values()) if self.answers else ():
            if found.status == "pending":
                self.write(seconds, sent(found))
        for ticket in list(self.stages.dispatch.tickets.values()):
            named: dict[str, Any] = {
                "ticket_id": ticket.id,
                "tenant_id": "t",
                "alarm_ids": ticket.alarm_ids,
                "subject": ticket.subject,
            }
            for task in ticket.tasks[:1]:
                if task.kind == "create":
                    self.write(seconds, TicketOpened(desk="rt", key=f"{40 + ticket.number}", task=task.number, **named))
                else:
                    self.write(seconds, TicketChanged(key=ticket.key, task=task.number, **named))

    def clear(self, seconds: float, resource: str) -> None:
        self.write(
            seconds,
            NetworkEvent(type="device.up", tenant_id="t", resource_type="olt", resource_id=resource, reported_by="probe"),
        )

    def trial(self, *policies: NotificationPolicy, since: str = "1h", **trial: Any) -> Result:
        return backtest(self.path, since, Trial(policies=policies, **trial))


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    made = Plant(tmp_path / "ledger.sqlite")
    yield made
    made.file.close()


def pages(result: Result) -> dict[str, tuple[tuple[int, int, int, int], tuple[int, int, int, int]]]:
    """All messages, pages, pages at night and wakings of each person: recorded, new."""
    return {each.name: (_four(each.today), _four(each.new)) for each in result.dispatch.people}


def _four(figures: MessageFigures) -> tuple[int, int, int, int]:
    return figures.messages, figures.pages, figures.night, figures.woken


def differing(result: Result) -> list[tuple[str, float, str, str, int]]:
    """Side, seconds, person, kind and step of each message that is listed."""
    return [
        (each.side, (each.at - START).total_seconds(), each.name, each.kind, each.step) for each in result.dispatch.messages
    ]


def test_major_alarms_wake_nobody_any_more(plant: Plant) -> None:
    text = policy("Text", match={"severity": ["critical", "major"]}, actions=[TEXT])
    plant.begin(text)
    plant.down(10, "olt-1", "major")
    plant.run(15, 20)
    plant.down(20, "olt-2", "critical")
    plant.run(25, 400)
    plant.clear(400, "olt-1")
    plant.run(405, 450)
    result = plant.trial(policy("Text", match={"severity": "critical"}, actions=[TEXT]))
    assert pages(result) == {"Ada": ((3, 2, 2, 1), (1, 1, 1, 1))}, "both pages come within one waking"
    assert differing(result) == [("today", 15, "Ada", "raised", 0), ("today", 400, "Ada", "recovered", 0)]
    assert [(each.told, each.alarm_id, each.subject[:6]) for each in result.dispatch.untold] == [("today", "A6", "alarm:")]
    assert (result.dispatch.told_today, result.dispatch.told_new, result.dispatch.assumed) == (2, 1, 0)
    assert result.tried == ("policies",)
    assert result.found == {}, "alarms fare as they did"


def test_the_same_policies_make_no_difference(plant: Plant) -> None:
    everything = (
        policy("Text", actions=[TEXT, {"ticket": {}}], group_by=["severity"], group_wait=20),
        policy("Steps", actions=[{"escalate": [{"after_seconds": 60, "to": "Ben"}, {"after_seconds": 90, "to": "on-call"}]}]),
    )
    plant.begin(*everything)
    for number in range(6):
        plant.down(number * 7, f"olt-{number}", "major" if number % 2 else "critical")
    plant.run(45, 300)
    plant.clear(300, "olt-1")
    plant.run(300, 900)
    result = plant.trial(*everything)
    found = result.dispatch
    assert (found.messages_found, found.tickets_found, found.untold_found, found.assumed) == ({}, 0, {}, 0)
    assert all(today == new for today, new in pages(result).values())
    assert found.tickets_today.opened == 6
    assert msgspec.to_builtins(found.tickets_today) == msgspec.to_builtins(found.tickets_new)
    assert list(words(result))[-1] == "no message differs"


STEPS = [{"after_seconds": 300, "to": "on-call", "channel": "sms"}, {"after_seconds": 600, "to": "Ben", "channel": "sms"}]


@pytest.mark.parametrize(("acknowledged", "texts"), [(314.9, 0), (315.1, 1)])
def test_an_acknowledgement_at_4_59_stops_the_first_step(plant: Plant, acknowledged: float, texts: int) -> None:
    """The chain begins at 15 s, with the end of the hold-down: its first step is due at 315 s."""
    plant.begin(policy("Mail", actions=[MAIL]))
    plant.down(10, "olt-1")
    plant.run(15, 315)
    for at, act in sorted([(acknowledged, True), (315.0, False)]):
        plant.do(at, Acknowledge(), plant.alarm("olt-1")) if act else plant.write(at, Tick())
    plant.run(320, 1_000)
    result = plant.trial(policy("Mail", actions=[MAIL]), policy("Steps", actions=[{"escalate": STEPS}]))
    new = [(side, at, name, step) for side, at, name, _, step in differing(result)]
    assert new == [("new", 315, "Ada", 1)][:texts]
    assert result.dispatch.assumed == texts


def test_a_step_that_nobody_acknowledges_is_counted_by_its_number(plant: Plant) -> None:
    plant.begin(policy("Mail", actions=[MAIL]))
    plant.down(10, "olt-1")
    plant.run(15, 1_000)
    result = plant.trial(policy("Mail", actions=[MAIL]), policy("Steps", actions=[{"escalate": STEPS}]))
    assert differing(result) == [("new", 315, "Ada", "escalated", 1), ("new", 615, "Ben", "escalated", 2)]
    assert {each.name: each.new.steps for each in result.dispatch.people} == {"Ada": {1: 1}, "Ben": {2: 1}}
    assert result.dispatch.assumed == 2
    text = "\n".join(words(result))
    assert "2 new messages never sent in reality: taken as delivered at once" in text
    assert "step 1: nobody has acknowledged it after 300 s" in text


def test_the_rota_hands_over_within_the_period(plant: Plant) -> None:
    """Ada until 03:05 UTC, Ben from then on; from 03:15 an override that was made at 03:12."""
    plant.begin()
    layer = RotaLayer(contacts=("Ada", "Ben"), start=date(2026, 2, 28), rotation="daily", hand_over="03:05")
    rota_id = next(iter(plant.stages.dispatch.rotas))
    plant.do(1, EditRota(rota_id, RotaEdited(layers=(layer,))))
    for minute in (2, 6, 16):
        plant.down(minute * 60, f"olt-{minute}")
        plant.run(minute * 60 + 5, minute * 60 + 20)
        if minute == 6:
            override = RotaOverride(contact="Ada", start=START + timedelta(minutes=15), end=START + timedelta(hours=2))
            plant.do(12 * 60, EditRota(rota_id, RotaEdited(overrides=(override,))))
    result = plant.trial(policy("Text", actions=[TEXT]))
    assert [(name, at // 60) for _, at, name, _, _ in differing(result)] == [("Ada", 2), ("Ben", 6), ("Ada", 16)]


def test_a_cause_that_merges_has_one_ticket(plant: Plant) -> None:
    """A rule makes the outage of the shop a consequence of that of the OLT, of which it is known later."""
    plant.begin()
    plant.write(1, TopologyLoaded("t", (Node(id="olt-1", type="olt"), Node(id="shop", type="service", parents=("olt-1",)))))
    conditions = Conditions(parent={"resource_id": "olt-1"}, child={"alarm_type": "service.outage"})
    plant.write(1, RulesLoaded("r", (Rule(name="kin", type="correlation", conditions=conditions),)))
    plant.down(10, "shop", "critical", "service.outage")
    plant.run(15, 30)
    plant.down(30, "olt-1", "critical")
    plant.run(35, 200)
    new = policy("Ticket", actions=[{"ticket": {"team": "access"}}])
    result = plant.trial(new)
    assert (result.dispatch.tickets_today.opened, result.dispatch.tickets_new.opened) == (0, 1)
    (ticket,) = result.dispatch.tickets
    assert ticket.today is None
    assert ticket.new is not None
    assert (ticket.new.team, ticket.new.priority, ticket.new.causes, ticket.new.policy) == ("access", "high", 2, "Ticket")
    assert result.dispatch.tickets_new.by_team == {"access": 1}
    assert ticket.title == "olt-1 is down", "it has become the ticket of the other cause"


def test_the_recorded_policies_are_those_of_each_instant(plant: Plant) -> None:
    plant.begin(policy("Text", actions=[TEXT]))
    plant.down(10, "olt-1")
    plant.run(15, 30)
    plant.load(30, policy("Mail", actions=[MAIL]))
    plant.down(40, "olt-2")
    plant.run(45, 60)
    result = plant.trial(policy("Text", actions=[TEXT]), since=(START + timedelta(seconds=8)).isoformat())
    assert result.dispatch.policies_changed
    assert [(each.channel, each.side) for each in result.dispatch.messages] == [("email", "today"), ("sms", "new")]
    assert any("recorded are those of each instant" in line for line in words(result))
    assert not plant.trial(since="19s").dispatch.policies_changed


def test_outcomes_go_to_the_same_message_whatever_its_number(plant: Plant) -> None:
    """The SMS is N7.1 in reality and N7 with the new policies. It was given up there, so Ada's mail follows on both sides."""
    plant.answers = False
    plant.begin(policy("Both", actions=[{"channel": "webhook", "to": "erp"}, TEXT]))
    plant.down(10, "olt-1")
    plant.run(15, 20)
    found = {each.channel: each for each in plant.stages.dispatch.notifications.values()}
    assert found["sms"].id == f"{found['webhook'].id}.1"
    plant.write(30, sent(found["webhook"]))
    plant.write(30, failed(found["sms"], dead=True))
    plant.run(35, 60)
    result = plant.trial(policy("Text", actions=[TEXT]))
    (ada,) = result.dispatch.people
    assert (ada.today.messages, ada.new.messages) == (2, 2), "the SMS, and the mail in its place"
    assert [(each.channel, each.side) for each in result.dispatch.messages] == [("webhook", "today")]


def test_what_people_did_to_a_ticket_is_done_to_that_of_the_same_cause(plant: Plant) -> None:
    """The recorded ticket is closed by hand and by a command of another number; the end of the cause closes nothing twice."""
    plant.begin(policy("Ticket", actions=[{"ticket": {}}]))
    plant.down(10, "olt-1")
    plant.run(15, 30)
    (ticket,) = plant.stages.dispatch.tickets.values()
    plant.do(30, ChangeTicket(ticket_id=ticket.id, state="closed"))
    plant.run(35, 60)
    # Without a team, and 20 s later than in reality: another ticket, of another id.
    steps = [{"after_seconds": 10, "ticket": {"priority": "low", "team": "noc"}}]
    result = plant.trial(policy("Ticket", actions=[{"escalate": steps}]))
    (found,) = result.dispatch.tickets
    assert found.today is not None
    assert found.new is not None
    assert (found.today.priority, found.new.priority, found.new.team) == ("high", "low", "noc")
    assert (found.new.at - found.today.at).total_seconds() == 10


def test_the_desk_of_a_side_that_never_was_does_every_task_at_once(plant: Plant) -> None:
    """Nothing of what a side wants waits for an answer that cannot come, so that its state does not grow."""
    real, side = (Side(name, Stages("6f1d1c0e-7b0a-4b57-9d29-0c6f3a3f4a11")) for name in ("real", "new"))
    ends = FarEnds(real, side)
    plant.answers = False
    plant.begin(policy("All", actions=[TEXT, {"ticket": {}}]))
    plant.down(10, "olt-1")
    plant.run(15, 30)
    plant.clear(30, "olt-1")
    plant.run(35, 60)
    with closing(connect_reader(plant.path)) as connection:
        for batch in iterate_events(connection, plant.path, 0, plant.file.head.offset):
            for offset, event in enumerate(batch.events, batch.first):
                if not isinstance(event, DispatchOutcome):
                    ends.settle(offset, batch.at, [], side.feed(offset, batch.at, event))
    (ticket,) = side.stages.dispatch.tickets.values()
    assert (ticket.key, ticket.state, ticket.tasks) == ("T1", "closed", ())
    assert [each.status for each in side.stages.dispatch.notifications.values()] == ["sent", "sent"]
    assert [alarm.ticket_id for alarm in side.state.alarms.values() if alarm.resource_id == "olt-1"] == ["T1"]
    assert ends.assumed == 2


def test_policies_of_the_api_stay_but_for_the_same_name(plant: Plant) -> None:
    plant.begin()
    plant.do(1, CreatePolicy(policy("Mine", actions=[TEXT])))
    plant.do(1, CreatePolicy(policy("Yours", actions=[{"channel": "email", "to": "noc@example.net"}])))
    plant.down(10, "olt-1")
    plant.run(15, 30)
    for since in ("1h", "19s"):
        result = plant.trial(policy("Mine", actions=[{"channel": "sms", "to": "Ben"}]), since=since)
        assert differing(result) == [("today", 15, "Ada", "raised", 0), ("new", 15, "Ben", "raised", 0)], since


def test_files_are_replaced_or_added_to(plant: Plant) -> None:
    plant.begin(policy("Text", actions=[TEXT]), policy("Ticket", actions=[{"ticket": {}}]))
    plant.down(10, "olt-1")
    plant.run(15, 30)
    plant.load(30, policy("Text", actions=[TEXT]), policy("Ticket", actions=[{"ticket": {}}]))
    plant.down(40, "olt-2")
    plant.run(45, 60)
    new = policy("Text", actions=[{"channel": "sms", "to": "Ben"}])
    assert plant.trial(new).dispatch.tickets_new.opened == 0
    assert plant.trial(new, added=True).dispatch.tickets_new.opened == 2
    assert pages(plant.trial(new, added=True)) == {"Ada": ((2, 2, 2, 1), (0, 0, 0, 0)), "Ben": ((0, 0, 0, 0), (2, 2, 2, 1))}


def test_a_person_and_channels_that_wake(plant: Plant) -> None:
    plant.begin(policy("Text", actions=[TEXT, MAIL]), policy("Mail", actions=[{"channel": "email", "to": "Ben"}]))
    plant.down(10, "olt-1")
    plant.run(15, 30)
    new = policy("Mail", actions=[{"channel": "email", "to": "Ben"}])
    result = plant.trial(new, person="ben", wakes=("email",))
    assert pages(result) == {"Ben": ((1, 1, 1, 1), (1, 1, 1, 1))}
    assert [(each.side, each.channel, each.woke) for each in result.dispatch.messages] == [("both", "email", True)]
    assert result.dispatch.messages_found == {}
    assert "woken: by email" in "\n".join(words(result))
    assert "no message to Adda on either side" in words(plant.trial(new, person="Adda"))


@pytest.mark.parametrize(
    ("at", "zone", "quiet", "night"),
    [
        ("2026-03-01T05:59:59+01:00", "Europe/Berlin", None, True),
        ("2026-03-01T06:00:00+01:00", "Europe/Berlin", None, False),
        ("2026-03-01T22:00:00+01:00", "Europe/Berlin", None, True),
        ("2026-03-01T05:30:00+00:00", "Europe/Berlin", None, False),
        # The clock is put forward at 02:00: 05:59 is an hour earlier in UTC.
        ("2026-03-29T03:59:59+00:00", "Europe/Berlin", None, True),
        ("2026-03-29T04:00:00+00:00", "Europe/Berlin", None, False),
        ("2026-03-01T07:30:00+00:00", "UTC", QuietHours(begin="20:00", end="08:00"), True),
    ],
)
def test_nights(at: str, zone: str, quiet: QuietHours | None, night: bool) -> None:
    assert at_night(instant_at(datetime.fromisoformat(at)), zone_of(zone), quiet) is night


def test_one_waking_is_half_an_hour() -> None:
    assert wakes(0, None)
    assert not wakes(1_799_999_999, 0)
    assert wakes(1_800_000_000, 0)


def test_the_ledger_begins_later_than_asked(plant: Plant) -> None:
    plant.begin()
    plant.run(5, 20)
    result = plant.trial(since="7d")
    assert (result.since, result.asked) == (START, START + timedelta(seconds=15) - timedelta(days=7))
    assert any(line.startswith("the ledger begins at") for line in words(result))
    assert not any("begins" in line for line in words(plant.trial(since="10s")))
    later = plant.trial(since=(START + timedelta(days=1)).isoformat())
    assert list(words(later)) == [
        f"the ledger has no Events since {(START + timedelta(days=1)).astimezone():%Y-%m-%d %H:%M:%S}"
    ]


def test_a_ledger_that_was_pruned_begins_at_an_older_snapshot(plant: Plant) -> None:
    """The policies, the people and what is open at that time are in the snapshot."""
    plant.begin(policy("Text", actions=[TEXT]))
    for hour in range(6):
        plant.down(hour * 3_600 + 10, f"olt-{hour}")
        plant.run(hour * 3_600 + 15, hour * 3_600 + 30)
        plant.snapshot()
        cutoff = micros(START + timedelta(hours=hour - 3))
        while plant.file.prune(PruneLimits(cutoff, 1 << 40, apart=3_600_000_000)).more:
            pass
    result = plant.trial(policy("Text", actions=[{"channel": "sms", "to": "Ben"}]), since="7d")
    assert result.first > 1
    assert result.since == START + timedelta(hours=1, seconds=25), (
        "Events from two hours on are kept, and the state before them"
    )
    assert pages(result) == {"Ada": ((6, 6, 0, 0), (0, 0, 0, 0)), "Ben": ((0, 0, 0, 0), (4, 4, 0, 0))}, "two are reminders"
    late = plant.trial(policy("Text", actions=[TEXT]), since="70m")
    assert (late.since, late.events < result.events) == (START + timedelta(hours=3, minutes=50, seconds=25), True)


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["backtest", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command(plant: Plant, tmp_path: Path) -> None:
    plant.begin(policy("Text", actions=[TEXT]))
    plant.down(10, "olt-1", "major")
    plant.run(15, 30)
    ledger = ("--ledger", str(plant.path))
    folder = tmp_path / "policies"
    folder.mkdir()
    assert run(*ledger, "--policies", str(folder))[0] == 66
    file = folder / "night.toml"
    file.write_text('[[policies]]\nname = "Night"\nactions = [{ channel = "sms", to = "Adda" }]\n')
    code, out, _ = run(*ledger, "--policies", str(folder), "--json", str(tmp_path / "out.json"))
    assert code == 0
    assert f"warning: {file}: Night: actions[0].to: is no contact, no rota and none of on-call," in out
    assert "Ada                          1     1     1     1       0     0     0     0" in out
    assert "nobody would be told any more of 1 cause" in out
    assert max(len(line) for line in out.splitlines() if line[-1:].isdigit()) <= 80, "the tables fit"
    found = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=Result)
    assert found.dispatch.messages_found == {"today": 1}
    file.write_text('[[policies]]\nname = "Night"\nmatch = { severty = "major" }\n')
    code, _, err = run(*ledger, "--policies", str(folder))
    assert code == 78
    assert f"{file}:3" in err
    assert "severty" in err
    file.write_text("")
    assert run(*ledger, "--policies", str(file), "--wakes", "pager")[0] == 64


def test_a_rule_that_is_tried_shows_who_is_told(plant: Plant, tmp_path: Path) -> None:
    plant.begin(policy("Text", actions=[TEXT, {"ticket": {}}]))
    plant.down(10, "olt-1")
    plant.run(15, 30)
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nname = "quiet"\ntype = "suppression"\nconditions = { match = { resource_id = "olt-1" } }\n')
    code, out, _ = run("--ledger", str(plant.path), "--rules", str(rules))
    assert code == 0
    assert "1 message no more (-)" in out
    assert "1 ticket would differ" in out


@pytest.mark.parametrize("seed", range(4))
def test_recorded_policies_tried_again_make_no_difference_whatever_happened(tmp_path: Path, seed: int) -> None:
    """Raises, ends, acknowledgements, failed messages, tickets that people close, and a far end that answers late."""
    random = Random(seed)
    text = SHIPPED.read_text(encoding="utf-8") + DEEPER
    policies = load_policies({"f": text})
    plant = Plant(tmp_path / "ledger.sqlite")
    plant.answers = False
    plant.begin(*policies)
    down: set[str] = set()
    now = 10.0
    for _ in range(120):
        now += random.choice((0.3, 4, 30, 200, 1_000))
        _happen(random, plant, now, down)
        plant.write(now, Tick())
    for since in ("30d", f"{round(now / 2)}s"):
        found = backtest(plant.path, since, Trial(policies=policies)).dispatch
        assert (found.messages_found, found.tickets_found, found.untold_found, found.assumed) == ({}, 0, {}, 0), since
        assert found.people
        assert all(each.today == each.new for each in found.people)
    plant.file.close()


SHIPPED = Path(__file__).parents[3] / "config" / "policies" / "default.toml"
DEEPER = """
[[policies]]
name = "Groups"
match = { severity = ["critical", "major", "minor"] }
group_by = ["severity"]
group_wait = 20
repeat_interval = 600
quiet_hours = { from = "04:00", to = "05:00", allowed = ["critical"] }
actions = [{ channel = "sms", to = "Ben" }, { channel = "webhook", to = "erp" }]
"""


def _happen(random: Random, plant: Plant, now: float, down: set[str]) -> None:
    """One thing that happens, chosen at random."""
    resource = f"olt-{random.randrange(8)}"
    waiting = [each for each in plant.stages.dispatch.notifications.values() if each.waits]
    tickets = [each for each in plant.stages.dispatch.tickets.values() if each.state == "open"]
    match random.randrange(7):
        case 0 | 1 if resource not in down:
            plant.down(now, resource, random.choice(("critical", "major", "minor")))
            down.add(resource)
        case 2 if down:
            plant.clear(now, gone := random.choice(sorted(down)))
            down.discard(gone)
        case 3 if resource in down:
            plant.do(now, Acknowledge(), *(each.id for each in plant.state.alarms.values() if each.resource_id == resource))
        case 4 | 5 if waiting:
            each = random.choice(waiting)
            plant.write(now, sent(each) if random.random() < 0.7 else failed(each, dead=random.random() < 0.5))
        case 6 if tickets:
            plant.do(now, ChangeTicket(ticket_id=random.choice(tickets).id, state="closed"))
        case _:
            pass
