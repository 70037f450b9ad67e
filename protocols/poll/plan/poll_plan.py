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

    ``object_id`` is the OID of sysObjectID. ``probe`` is an OID below which a GETNEXT finds something on a device of this plan;
    empty octets: any device is.
    """

    __slots__ = ("name", "object_id", "probe", "profile", "sensors", "sys_object_ids", "tables", "times")

    def __init__(
        self,
        name: str,
        profile: str,
        sys_object_ids: tuple[str, ...],
        object_id: bytes,
        probe: bytes,
        times: TimeNames,
        sensors: tuple[ColumnPlan, ...],
        tables: tuple[TablePlan, ...],
    ) -> None:
        self.name, self.profile, self.sys_object_ids = name, profile, sys_object_ids
        self.object_id, self.probe, self.times, self.sensors, self.tables = object_id, probe, times, sensors, tables


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
        """The plans for a device with this sysObjectID, those of the longest prefix first. The first whose ``probe`` answers is
        the device's; where none does, or none is there, ``standard``."""
        found = [
            (len(prefix), plan)
            for plan in self.by_name.values()
            for prefix in plan.sys_object_ids
            if sys_object_id == prefix or sys_object_id.startswith(prefix + ".")
        ]
        found.sort(key=lambda each: -each[0])
        return tuple(dict.fromkeys(plan for _, plan in found))
