"""Random lives of causes, policies, people and far ends: the invariants of dispatch hold, and a restart changes nothing."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.dispatch_oracle import DispatchHistory
from vocabulary.dispatch_world import DispatchWorld, mail, text
from vocabulary.sla import plant
from vocabulary.world import LEDGER_ID, moment

from actors.journal import Journal
from faultd.pipe import Stages
from protocols.change import Change
from protocols.command import Acknowledge, Clear, Edit, Edited, Resolve, Shelve, Unacknowledge, Unshelve
from protocols.dispatch.quiet_hours import QuietHours
from protocols.event import ClockJumped, Event

RESOURCES = ("olt-1", "olt-1/1/1/1", "olt-1/1/1/2", "x")
QUIET = QuietHours(begin="03:02", end="03:20", allowed=("critical",))
POLICIES: tuple[tuple[str, list[Any], dict[str, Any]], ...] = (
    ("herald", [{"channel": "webhook", "to": "erp"}], {}),
    ("mails", [mail("Ann"), mail("noc@example.net")], {"repeat_interval": 900}),
    ("texts", [text("Ben")], {"match": {"severity": "critical"}, "group_wait": 10}),
    ("groups", [mail("Ann"), text("Ben")], {"group_by": ["resource_type"], "group_wait": 7, "group_interval": 40}),
    ("quiet", [mail("Ben")], {"quiet_hours": {"from": "03:05", "to": "03:15"}}),
    ("tickets", [{"ticket": {}}], {}),
    (
        "chain",
        [
            {
                "escalate": [
                    {"after_seconds": 20, "to": "Ben"},
                    {"after_seconds": 60, "to": "on-call", "ticket": {"priority": "high"}},
                    {"after_seconds": 300, "to": "Ann", "until": "resolved", "hours": {"from": "03:10", "to": "02:00"}},
                ]
            }
        ],
        {},
    ),
)
STEPS = st.one_of(
    st.tuples(st.just("raise"), st.sampled_from(RESOURCES), st.sampled_from(["critical", "major", "minor"])),
    st.tuples(st.just("clear"), st.integers(0, 5), st.none()),
    st.tuples(
        st.just("act"),
        st.integers(0, 5),
        st.sampled_from(["acknowledge", "unacknowledge", "shelve", "unshelve", "resolve", "critical", "major"]),
    ),
    st.tuples(st.just("wait"), st.sampled_from([1, 4, 6, 30, 61, 400, 2000]), st.none()),
    st.tuples(st.just("answer"), st.integers(0, 5), st.sampled_from(["sent", "failed", "dead"])),
    st.tuples(st.just("policy"), st.integers(0, len(POLICIES) - 1), st.booleans()),
    st.tuples(st.just("contact"), st.sampled_from(["CT1", "CT2"]), st.none()),
    st.tuples(st.just("jump"), st.sampled_from([-500, 7000, 86_400 * 40]), st.none()),
)


class CheckedWorld(DispatchWorld):
    """A World with a twin that is saved and loaded now and then, and comes to the same Changes."""

    def begin(self, *args: Any) -> None:
        self.history_of_dispatch = DispatchHistory(self._violate)
        self.twin: Stages | None = None
        super().begin(*args)
        self.twin = Stages(LEDGER_ID)
        self.twin.load(self.stages.save())

    def _violate(self, text: str) -> None:
        raise AssertionError(text)

    def __call__(self, event: Event) -> list[Change]:
        found = super().__call__(event)
        herald = any(each.name == "herald" and each.enabled for each in getattr(self, "policies", ()))
        self.history_of_dispatch.follow(found, herald=herald)
        if self.twin is not None:
            assert self.twin.fold(self.offset, self.now, event) == found
        return found

    def restart_twin(self) -> None:
        """Save the twin's state, and load it."""
        assert self.twin is not None
        parts = self.twin.save()
        self.twin = Stages(LEDGER_ID)
        self.twin.load(parts)

    def contact(self, name: str, *methods: tuple[str, str], **plan: Any) -> str:
        made = super().contact(name, *methods, **plan)
        if self.twin is not None:
            self.twin.dispatch.put_contact(Journal(), made, self.dispatch.contacts[made])
        return made

    def drop_contact(self, contact_id: str) -> None:
        super().drop_contact(contact_id)
        if self.twin is not None:
            self.twin.dispatch.put_contact(Journal(), contact_id, None)

    # --- steps ------------------------------------------------------------------------------------------------------

    def do(self, step: tuple[str, Any, Any]) -> None:
        kind, first, second = step
        if kind == "raise":
            self.raise_alarm("device.down" if first in ("olt-1", "x") else "ont.los", first, "olt", severity=second)
        elif kind == "wait":
            self.run_to(self.seconds + first)
        elif kind == "policy":
            name, actions, fields = POLICIES[first]
            self.policy(name, *actions, **fields, enabled=second)
        elif kind == "contact" and first in self.dispatch.contacts:
            self.drop_contact(first)
        elif kind == "jump":
            before, self.now = self.now, moment(self.seconds + first)
            self(ClockJumped(before, self.now))
        elif kind == "answer":
            self._answer(first, second)
        elif kind in ("clear", "act"):
            self._act(first, second)

    def _act(self, number: int, what: str | None) -> None:
        if not self.alarms:
            return
        alarm = self.alarms[number % len(self.alarms)]
        actions: dict[str | None, Any] = {
            None: Clear(),
            "acknowledge": Acknowledge(),
            "unacknowledge": Unacknowledge(),
            "shelve": Shelve(moment(self.seconds + 100), "later"),
            "unshelve": Unshelve(),
            "resolve": Resolve(),
            "critical": Edit(Edited(severity="critical")),
            "major": Edit(Edited(severity="major")),
        }
        self.command(actions[what], alarm.id)

    def _answer(self, number: int, how: str) -> None:
        waiting = [each for each in self.dispatch.notifications.values() if each.waits]
        if not waiting:
            return
        chosen = waiting[number % len(waiting)]
        if how == "sent":
            self.arrives(chosen)
        else:
            self.fails(chosen, dead=how == "dead")

    def rest(self) -> None:
        """The far end answers everything, until nothing waits."""
        for seconds in (100, 1500, 100, 100):
            for each in [each for each in self.dispatch.notifications.values() if each.waits]:
                self.arrives(each)
            self.run_to(self.seconds + seconds)


@settings(deadline=None, max_examples=150)
@given(st.lists(STEPS, min_size=12, max_size=60))
def test_the_invariants_hold_and_a_restart_changes_nothing(steps: list[tuple[str, Any, Any]]) -> None:
    world = CheckedWorld(nodes=plant())
    world.settings(storm_seconds=60, storm_mails=3, storm_texts=1, fallback_critical_seconds=25, fallback_major_seconds=300)
    for name, actions, fields in POLICIES:
        world.policy(name, *actions, **fields)
    world.contact("Ann", ("email", "ann@example.net"), ("sms", "+491511111111"), ("slack", "@ann"), quiet_hours=QUIET)
    world.contact("Ben", ("sms", "+491512222222"), ("email", "ben@example.net"))
    for step in steps:
        world.do(step)
        world.restart_twin()
    world.rest()
    world.history_of_dispatch.judge(world.dispatch.subjects)
    assert not world.failures()
    for alarm in world.alarms:
        if alarm.cleared_at is None:
            world.command(Clear(), alarm.id)
    world.rest()
    world.history_of_dispatch.judge(world.dispatch.subjects)
    world.run_to(world.seconds + 10 * 86_400)
    assert not world.dispatch.subjects
    assert not world.dispatch.groups
    assert not world.dispatch.recipients
    assert not any(world.dispatch.timers.due.values())
