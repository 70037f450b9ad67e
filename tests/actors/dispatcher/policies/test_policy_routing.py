"""The routing tree: Alertmanager's documented behaviour as cases, and what is faultd's own."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from vocabulary.policies import NOW, instant, mail, notice, policy, state_of

from actors.dispatcher.policies.routing import action_at, routed
from protocols.dispatch.policy import NotificationPolicy

TREE = policy(
    "the tree of Alertmanager's documentation",
    group_by=["area", "alarm_type"],
    group_wait=30,
    group_interval=300,
    repeat_interval=10_800,
    actions=[mail("team-X-mails")],
    routes=[
        {
            "match": {"resource_type": {"regex": "^(ont|onu|splitter)$"}},
            "actions": [mail("team-X-mails")],
            "routes": [{"match": {"severity": "critical"}, "actions": [mail("team-X-pager")]}],
        },
        {
            "match": {"resource_type": "olt"},
            "actions": [mail("team-Y-mails")],
            "routes": [{"match": {"severity": "critical"}, "actions": [mail("team-Y-pager")]}],
        },
        {
            "match": {"resource_type": "server"},
            "actions": [mail("team-DB-pager")],
            "group_by": ["alarm_type"],
            "group_wait": 0,
            "repeat_interval": 60,
            "routes": [
                {"match": {"tags": "X"}, "actions": [mail("team-X-pager")], "continue": True},
                {"match": {"tags": "Y"}, "actions": [mail("team-Y-pager")], "group_by": []},
                {"match": {"tags": ["X", "Y"]}, "actions": [mail("never reached for Y")]},
            ],
        },
    ],
)


def told(state: Any, cause: Any, now: int = NOW) -> list[str]:
    """Names of whom the actions address, in order."""
    return [str(each.action.to) for each in routed(state, cause, now)]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        # Nothing below matches: the root's own action.
        (notice(resource_type="card"), ["team-X-mails"]),
        # The deepest route that matches, and not the ones above it.
        (notice(resource_type="ont"), ["team-X-mails"]),
        (notice(resource_type="ont", severity="critical"), ["team-X-pager"]),
        (notice(resource_type="olt", severity="critical"), ["team-Y-pager"]),
        # Without continue, the siblings behind the first match are not asked.
        (notice(resource_type="server"), ["team-DB-pager"]),
        (notice(resource_type="server", tags=("Y",)), ["team-Y-pager"]),
        # With continue, they are.
        (notice(resource_type="server", tags=("X",)), ["team-X-pager", "never reached for Y"]),
        (notice(resource_type="server", tags=("X", "Y")), ["team-X-pager", "team-Y-pager"]),
    ],
)
def test_the_deepest_route_that_matches_acts(cause: Any, expected: list[str]) -> None:
    assert told(state_of(TREE), cause) == expected


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (notice(resource_type="card"), (("area", "alarm_type"), 30, 300, 10_800)),
        (notice(resource_type="ont", severity="critical"), (("area", "alarm_type"), 30, 300, 10_800)),
        (notice(resource_type="server"), (("alarm_type",), 0, 300, 60)),
        (notice(resource_type="server", tags=("Y",)), ((), 0, 300, 60)),
    ],
)
def test_a_route_has_the_settings_of_the_routes_above_unless_it_gives_its_own(cause: Any, expected: Any) -> None:
    (found,) = routed(state_of(TREE), cause, NOW)
    spans = (found.group_wait, found.group_interval, found.repeat_interval)
    assert (found.group_by, *(span / 1_000_000 for span in spans)) == expected


def test_without_any_settings_a_message_is_for_one_cause_and_waits_for_nothing() -> None:
    (found,) = routed(state_of(policy(actions=[mail("noc")])), notice(), NOW)
    assert found == ("NP1", "p", "/actions/0", found.action, ("alarm_id",), 0, 300_000_000, 14_400_000_000, None, "UTC", False)


def test_the_zone_and_the_quiet_hours_are_inherited() -> None:
    quiet = {"from": "22:00", "to": "06:00"}
    state = state_of(
        policy(
            time_zone="Europe/Berlin",
            quiet_hours=quiet,
            routes=[{"routes": [{"actions": [mail("noc")]}]}, {"actions": [mail("nobody")]}],
        )
    )
    (found,) = routed(state, notice(), NOW)
    assert (found.action.to, found.zone, found.pointer) == ("noc", "Europe/Berlin", "/routes/0/routes/0/actions/0")
    assert found.quiet_hours is not None
    assert found.quiet_hours.begin == "22:00"


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"severity": "major"}, True),
        ({"severity": {"gte": "critical"}}, False),
        ({"severity": ["critical", "major"]}, True),
        ({"tenant_id": "t2"}, False),
        ({"area": "north"}, True),
        ({"area": {"regex": "^so"}}, False),
        ({"customer_tier": "gold"}, True),
        ({"customer_tier": ["platinum", "silver"]}, True),
        ({"customer_tier": "bronze"}, False),
        ({"customer_tier": {"not": "gold"}}, False),
        ({"service_type": "business"}, True),
        ({"subscriber_count": {"gte": 10}}, True),
        ({"subscriber_count": {"gt": 10}}, False),
        ({"kind": "raised"}, True),
        ({"kind": ["breach_opened", "at_risk"]}, False),
        ({"subject": "alarm"}, True),
        ({"metadata.slot": 3}, True),
        ({"metadata.slot": {"present": False}}, False),
        ({"metadata.deep.er": "x"}, True),
        ({"breach_id": {"present": False}}, True),
        ({"ticket_id": {"present": True}}, False),
    ],
)
def test_a_policy_matches_by_the_fields_of_the_cause(match: dict[str, Any], expected: bool) -> None:
    state = state_of(policy(match=match, actions=[mail("noc")]))
    cause = notice(
        area="north",
        tiers=("gold", "silver"),
        subscriber_count=10,
        metadata={"slot": 3, "deep": {"er": "x"}, "service_type": "business"},
    )
    assert bool(routed(state, cause, NOW)) is expected


def test_policies_are_asked_by_priority_then_by_name_until_one_does_not_continue() -> None:
    state = state_of(
        policy("low", actions=[mail("low")], priority=-1),
        policy("same a", actions=[mail("a")]),
        policy("same b", actions=[mail("b")]),
        policy("high", actions=[mail("high")], priority=9),
        policy("disabled", actions=[mail("disabled")], priority=99, enabled=False, **{"continue": False}),
        policy("other", match={"severity": "critical"}, actions=[mail("other")], priority=98, **{"continue": False}),
    )
    assert told(state, notice()) == ["high", "a", "b", "low"]
    last = policy("last", actions=[mail("a")], **{"continue": False})
    state.policies["NP2"] = replace(state.policies["NP2"], policy=last, revision=2)
    assert told(state, notice()) == ["high", "a"]


def test_a_policy_that_matches_and_does_nothing_can_still_be_the_last_one() -> None:
    state = state_of(
        policy("lab", match={"tags": "lab"}, priority=5, **{"continue": False}),
        policy("all", actions=[mail("noc")]),
    )
    assert told(state, notice(tags=("lab",))) == []
    assert told(state, notice()) == ["noc"]


def test_a_route_without_actions_is_an_exception_from_the_ones_above() -> None:
    state = state_of(policy(actions=[mail("noc")], routes=[{"match": {"resource_type": "ont"}}]))
    assert told(state, notice(resource_type="ont")) == []
    assert told(state, notice(resource_type="olt")) == ["noc"]


def test_a_policy_of_a_tenant_sees_causes_of_that_tenant_alone() -> None:
    state = state_of(policy("ours", tenant_id="t1", actions=[mail("ours")]), policy("all", actions=[mail("all")]))
    assert told(state, notice()) == ["all", "ours"]
    assert told(state, notice(tenant_id="t2")) == ["all"]


def test_a_tenant_keeps_its_causes_from_nobody_else() -> None:
    state = state_of(
        policy("ours", tenant_id="t1", actions=[mail("ours")], priority=9, **{"continue": False}),
        policy("ours too", tenant_id="t1", actions=[mail("ours too")]),
        policy("all", actions=[mail("noc")], priority=-5),
    )
    assert told(state, notice()) == ["ours", "noc"]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        # London is at UTC before 29 March 2026 and after 25 October 2026, an hour ahead between them.
        ("2026-03-27T08:29:59.999999", []),
        ("2026-03-27T08:30:00", ["noc"]),
        ("2026-03-30T07:29:59.999999", []),
        ("2026-03-30T07:30:00", ["noc"]),
        ("2026-10-23T16:29:59.999999", ["noc"]),
        ("2026-10-23T16:30:00", []),
        ("2026-10-26T16:30:00", ["noc"]),
        ("2026-10-26T17:30:00", []),
        # A Saturday.
        ("2026-03-28T12:00:00", []),
    ],
)
def test_hours_of_a_route_are_by_the_wall_clock_of_its_zone(at: str, expected: list[str]) -> None:
    hours = {"from": "08:30", "to": "17:30", "days": ["mon", "tue", "wed", "thu", "fri"]}
    state = state_of(policy(time_zone="Europe/London", routes=[{"hours": hours, "actions": [mail("noc")]}]))
    assert told(state, notice(), instant(at)) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-10-23T20:00:00", ["noc"]),
        ("2026-10-24T04:59:59", ["noc"]),
        ("2026-10-24T05:00:00", []),
        ("2026-10-24T20:00:00", []),
        ("2026-10-24T00:30:00", ["noc"]),
    ],
)
def test_hours_over_midnight_belong_to_the_day_on_which_they_begin(at: str, expected: list[str]) -> None:
    state = state_of(policy(hours={"from": "20:00", "to": "05:00", "days": ["fri"]}, actions=[mail("noc")]))
    assert told(state, notice(), instant(at)) == expected


def test_a_changed_policy_is_compiled_again_and_the_others_are_not() -> None:
    state = state_of(policy("one", actions=[mail("a")]), policy("two", actions=[mail("b")]))
    before = [tree for _, tree in state.trees.of(state.policies)]
    state.policies["NP2"] = replace(state.policies["NP2"], policy=policy("two", actions=[mail("c")]), revision=2)
    after = [tree for _, tree in state.trees.of(state.policies)]
    assert after[0] is before[0]
    assert told(state, notice()) == ["a", "c"]
    del state.policies["NP1"]
    assert told(state, notice()) == ["c"]


def test_an_action_is_found_by_its_place() -> None:
    state = state_of(TREE)
    for found in routed(state, notice(resource_type="server", tags=("X", "Y")), NOW):
        assert action_at(state, "NP1", found.pointer) == found
    assert action_at(state, "NP1", "/routes/2/actions/7") is None
    assert action_at(state, "NP1", "/routes/20/actions/0") is None
    assert action_at(state, "NP9", "/actions/0") is None


SEVERITIES = ["critical", "major", "minor", "warning"]
SPANS = st.none() | st.integers(0, 5).map(lambda each: each * 60.0)


MATCHES: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.lists(st.sampled_from(SEVERITIES), min_size=1, unique=True).map(
    lambda some: {"severity": some}
)


def routes(below: st.SearchStrategy[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    """Routes with random matches and settings above ``below``."""
    return st.fixed_dictionaries(
        {
            "match": st.just({})
            | st.lists(st.sampled_from(SEVERITIES), min_size=1, unique=True).map(lambda s: {"severity": s}),
            "continue": st.booleans(),
            "group_wait": SPANS,
            "repeat_interval": SPANS,
            "actions": st.lists(st.sampled_from("abc").map(mail), max_size=2),
            "routes": below,
        }
    )


TREES = st.recursive(routes(st.just([])), lambda below: routes(st.lists(below, max_size=3)), max_leaves=12)


@given(
    st.lists(st.tuples(TREES, st.integers(-1, 1), st.booleans(), st.sampled_from([None, "t1", "t2"])), max_size=4),
    st.sampled_from(SEVERITIES),
)
def test_routing_is_as_a_plain_walk_over_the_written_policies_says(
    written: list[tuple[dict[str, Any], int, bool, str | None]], severity: str
) -> None:
    policies = [
        policy(f"p{number}", priority=priority, enabled=enabled, tenant_id=tenant, **tree)
        for number, (tree, priority, enabled, tenant) in enumerate(written)
    ]
    state = state_of(*policies)
    found = [
        (each.policy_id, each.pointer, each.group_wait, each.repeat_interval)
        for each in routed(state, notice(severity=severity), NOW)
    ]
    assert found == list(walked(policies, severity))


def walked(policies: list[NotificationPolicy], severity: str) -> Any:
    """The same by the rules as the documentation has them."""
    ids = {id(each): f"NP{number}" for number, each in enumerate(policies, 1)}
    ended = False
    for each in sorted(policies, key=lambda one: (-one.priority, ids[id(one)])):
        if not each.enabled or each.tenant_id == "t2" or (ended and each.tenant_id):
            continue
        if each.match and severity not in each.match["severity"]:  # type: ignore[operator]
            continue
        yield from ((ids[id(each)], *rest) for rest in walk(each, "", severity, 0.0, 14_400.0))
        if not each.continue_:
            if each.tenant_id is None:
                return
            ended = True


def walk(route: Any, pointer: str, severity: str, wait: float, repeat: float) -> Any:
    """The actions of one matching route."""
    wait = wait if route.group_wait is None else route.group_wait
    repeat = repeat if route.repeat_interval is None else route.repeat_interval
    hit = False
    for number, below in enumerate(route.routes):
        if not below.match or severity in below.match["severity"]:
            hit = True
            yield from walk(below, f"{pointer}/routes/{number}", severity, wait, repeat)
            if not below.continue_:
                break
    if not hit:
        for number in range(len(route.actions)):
            yield f"{pointer}/actions/{number}", wait * 1e6, repeat * 1e6
