"""A compiled plan, and the choice of one for a device."""

from collections.abc import Iterable
from typing import NamedTuple

from protocols.poll.plan.column_plan import ColumnPlan
from protocols.poll.plan.table_plan import TablePlan


class TimeNames(NamedTuple):
    """OIDs, as content octets with their instance, of the times that an agent reports; empty octets: the plan has none."""

    uptime: bytes = b""
    boots: bytes = b""
    engine_time: bytes = b""
    host_uptime: bytes = b""


class PollPlan:
    """What is read from a device. ``name`` is ``profile`` where the profile has one plan, else ``profile/plan``.

    ``object_id`` is the OID of sysObjectID. ``probes`` are OIDs below each of which a GETNEXT may find something on a device of
    this plan; none: any device is.
    """

    __slots__ = ("name", "object_id", "probes", "profile", "sensors", "sys_object_ids", "tables", "times")

    def __init__(
        self,
        name: str,
        profile: str,
        sys_object_ids: tuple[str, ...],
        object_id: bytes,
        probes: tuple[bytes, ...],
        times: TimeNames,
        sensors: tuple[ColumnPlan, ...],
        tables: tuple[TablePlan, ...],
    ) -> None:
        self.name, self.profile, self.sys_object_ids = name, profile, sys_object_ids
        self.object_id, self.probes, self.times, self.sensors, self.tables = object_id, probes, times, sensors, tables


class PollPlans:
    """All plans by name, ``standard`` among them, which suits any device."""

    __slots__ = ("by_name",)

    def __init__(self, plans: Iterable[PollPlan]) -> None:
        self.by_name = {plan.name: plan for plan in plans}

    @property
    def standard(self) -> PollPlan:
        """The plan for a device of which nothing is known."""
        return self.by_name["standard"]

    def named(self, name: str) -> tuple[PollPlan, ...]:
        """The plan of this name, or all of the profile of this name; empty where there is none."""
        plan = self.by_name.get(name)
        return (plan,) if plan is not None else tuple(each for each in self.by_name.values() if each.profile == name)

    def candidates(self, sys_object_id: str) -> tuple[PollPlan, ...]:
        """The plans for a device with this sysObjectID, those of the longest prefix first. ``probe_order`` says how to choose
        among them; where no probe answers, or none is there, ``standard`` is the device's."""
        found = [
            (len(prefix), plan)
            for plan in self.by_name.values()
            for prefix in plan.sys_object_ids
            if sys_object_id == prefix or sys_object_id.startswith(prefix + ".")
        ]
        found.sort(key=lambda each: -each[0])
        return tuple(dict.fromkeys(plan for _, plan in found))


def probe_order(plans: Iterable[PollPlan]) -> list[tuple[PollPlan, bytes]]:
    """Plans with one of their probes each, in the order of asking: the plan of the first probe that finds something is the
    device's. All plans' first probes come before the others: those are of the ONTs, which tell generations of one vendor apart.
    The others find an OLT that has no ONT yet. Empty octets: the plan needs no probe."""
    found: list[tuple[int, PollPlan, bytes]] = []
    for plan in plans:
        found += [(place, plan, probe) for place, probe in enumerate(plan.probes or (b"",))]
    return [(plan, probe) for _, plan, probe in sorted(found, key=lambda each: min(each[0], 1))]
