"""Group alarms: a rule raises one for several alarms and makes it their parent. It ends with the last of them."""

from actors.correlator.alarms.lifecycle import moved
from actors.correlator.alarms.limits import admit
from actors.correlator.alarms.problem import ReportedProblem
from actors.correlator.alarms.raise_clear import SYSTEM, clear_problems
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.rules.compiler import CompiledRule, CompiledRules
from actors.correlator.rules.memories import GroupMemory, OpenGroup
from actors.correlator.rules.parent_child import adopt
from actors.correlator.rules.place import common_place
from protocols.alarm import Alarm, Identity
from protocols.severity import rank

RULE_ID = "rule_id"
"""Metadata key of a group alarm with the id of its rule."""
_LONGEST_QUALIFIER = 200
_MOST_CUSTOMERS = 10_000


def raise_group(
    draft: Draft, rules: CompiledRules, rule: CompiledRule, key: str, members: list[Alarm], what: str
) -> str | None:
    """Raise the rule's alarm for ``members``. Returns its id, or None when a limit of open alarms is reached."""
    actions = rule.rule.actions
    assert actions.alarm_type is not None
    resource_id, resource_type, device = common_place(draft.state.plant, members)
    shared = key.partition("\x1f")[2].replace("\x1f", ", ")
    qualifier = f"{rule.rule.name}: {shared}" if shared else rule.rule.name
    node = draft.state.plant.nodes.get(resource_id)
    name = (node.name if node is not None else "") or resource_id
    worst = min((alarm.severity for alarm in members), key=rank)
    problem = ReportedProblem(
        identity=Identity(members[0].tenant_id, resource_id, actions.alarm_type, qualifier[:_LONGEST_QUALIFIER]),
        severity=actions.severity or worst,
        source="system",
        resource_type=resource_type,
        resource_name=name,
        title=f"{name}: {actions.title or what}",
        device_id=device,
        description=actions.description or what,
        recommended_action=actions.recommended_action or "",
        customers=tuple(dict.fromkeys(each for alarm in members for each in alarm.affected_customers))[:_MOST_CUSTOMERS],
        services=tuple(dict.fromkeys(each for alarm in members for each in alarm.affected_services))[:_MOST_CUSTOMERS],
        metadata={"rule": rule.rule.name, RULE_ID: rule.id, "members": len(members)},
        why=f"rule {rule.rule.name!r}: {what}",
    )
    report = ReportTime(received=draft.at, reporter=f"faultd:{rule.rule.name}", source=SYSTEM)
    group = admit(draft, problem, report)
    if group is None:
        return None
    groups = draft.state.memory(GroupMemory).groups
    if draft.read(groups, group.id) is None:
        draft.set(groups, group.id, OpenGroup(rule.id, key, draft.offset))
    for member in members:
        join(draft, rules, rule, group.id, member, what)
    return group.id


def join(draft: Draft, rules: CompiledRules, rule: CompiledRule, group_id: str, member: Alarm, what: str) -> None:
    """Add a member to an open group."""
    memory = draft.state.memory(GroupMemory)
    group, alarm = draft.read(memory.groups, group_id), draft.get(group_id)
    if group is None or alarm is None:
        return
    mine = draft.read(memory.member_of, member.id) or ()
    membership = f"{group_id} {group.since}"
    if membership not in mine and draft.latest(member).cleared_at is None:
        draft.set(memory.member_of, member.id, (*mine, membership))
        draft.set(memory.groups, group_id, group.more(1))
    adopt(draft, rules, rule, member, alarm, f"rule {rule.rule.name!r}: {what}")


def is_open(draft: Draft, group_id: str) -> bool:
    """True when the group alarm is open."""
    alarm = draft.get(group_id) if group_id else None
    return alarm is not None and alarm.cleared_at is None and _group(draft, group_id) is not None


def concerns(draft: Draft, alarm: Alarm) -> bool:
    """True when the alarm is a group alarm or a member of one."""
    memory = draft.state.memory(GroupMemory)
    return alarm.id in memory.member_of or alarm.id in memory.groups or draft.touches(memory.groups)


def over(draft: Draft, alarm: Alarm) -> None:
    """The alarm has ended: end the groups whose last open member it was."""
    memory = draft.state.memory(GroupMemory)
    if draft.read(memory.groups, alarm.id) is not None:
        # Its members forget it when they are over: looking for them would cost as much as there are.
        draft.drop(memory.groups, alarm.id)
    for membership in draft.read(memory.member_of, alarm.id) or ():
        group_id, _, since = membership.partition(" ")
        group = draft.read(memory.groups, group_id)
        if group is None or str(group.since) != since:
            continue
        if group.open > 1:
            draft.set(memory.groups, group_id, group.more(-1))
        else:
            _clear(draft, group_id, "the last of its alarms is over")
    draft.drop(memory.member_of, alarm.id)


def release(draft: Draft, gone: dict[str, str]) -> None:
    """End the group alarms of rules that are gone."""
    for group_id in [name for name, group in draft.state.memory(GroupMemory).groups.items() if group.rule in gone]:
        group = _group(draft, group_id)
        if group is not None:
            _clear(draft, group_id, gone[group.rule])


def share(draft: Draft, rule: CompiledRule, correlation_id: str, alarm: Alarm, what: str) -> None:
    """Give the alarm this correlation id, unless it has one."""
    alarm = draft.latest(alarm)
    if alarm.correlation_id is None:
        draft.put(
            moved(alarm, correlation_id=correlation_id),
            "grouped",
            f"faultd:{rule.rule.name}",
            f"rule {rule.rule.name!r}: {what}",
            rule_id=rule.id,
        )


def _clear(draft: Draft, group_id: str, why: str) -> None:
    alarm = draft.get(group_id)
    if alarm is not None and alarm.cleared_at is None:
        report = ReportTime(received=draft.at, reporter="faultd:rules", source=SYSTEM)
        clear_problems(draft, alarm.tenant_id, alarm.resource_id, (alarm.alarm_type,), alarm.qualifier, report, why)
    draft.drop(draft.state.memory(GroupMemory).groups, group_id)


def _group(draft: Draft, group_id: str) -> OpenGroup | None:
    return draft.read(draft.state.memory(GroupMemory).groups, group_id)
