"""From what is dark and without power to the traps of the OLT, in the order and at the pace of its habits."""

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from second_world.dialects import DIALECTS, SAYS_PORT, SAYS_STATE, What
from second_world.plant import OLT, Plant

from protocols.snmp.notification import Notification

BEGIN = datetime.fromisoformat("2026-05-04T03:00:00+00:00")
LONG_AGO = (-2_000_000.0, -4_000.0)
"""Seconds in which ONTs that are dark since long were reported."""


class Report(NamedTuple):
    at: float
    what: What
    up: bool
    resource: str


class Outage(NamedTuple):
    """Of one ONT: without light, or without power, from one second to another."""

    begin: float
    end: float
    power: bool
    may_gasp: bool = True


class Course:
    """What happens to the plant."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.outages: dict[str, list[Outage]] = defaultdict(list)
        self.further: list[Report] = []
        """Reports of the OLT about itself."""
        self.started: float | None = None
        """The second at which the OLT started anew."""

    def dark(self, onts: list[str], begin: float, end: float) -> None:
        for ont in onts:
            self.outages[ont].append(Outage(begin, end, power=False))

    def unpowered(self, onts: list[str], begin: float, end: float, *, may_gasp: bool = True) -> None:
        for ont in onts:
            self.outages[ont].append(Outage(begin, end, True, may_gasp))

    def traps(self, rng: Random, until: float) -> list[tuple[float, Notification]]:
        """All that arrives, in order."""
        return _sent(self, rng, [*_of_onts(self, rng, until), *_of_ports(self, rng, until), *self.further])


def _merged(outages: list[Outage]) -> list[Outage]:
    merged: list[Outage] = []
    for each in sorted(outages):
        if merged and each.begin < merged[-1].end + 1.0:
            merged[-1] = merged[-1]._replace(end=max(each.end, merged[-1].end))
        else:
            merged.append(each)
    return merged


def _of_onts(course: Course, rng: Random, until: float) -> list[Report]:
    plant, habits = course.plant, course.plant.habits
    found: list[Report] = []
    silent = {port for port in plant.port.values() if habits.port_los == "alone" and plant.maker in SAYS_PORT}
    for ont in plant.places:
        if ont in plant.dark_since_long:
            if rng.random() < 0.7:
                found.append(Report(rng.uniform(*LONG_AGO), "los", False, ont))
            continue
        for each in _merged(course.outages[ont]):
            noticed = each.begin + habits.soak + rng.uniform(0, 0.6)
            gasped = each.power and each.may_gasp and rng.random() < habits.gasps
            if gasped:
                found.append(Report(each.begin + rng.uniform(0, 1.2), "gasp", False, ont))
            elif noticed < each.end and not (plant.port[ont] in silent and _all_dark(course, plant.port[ont], noticed)):
                found.append(Report(noticed, "los", False, ont))
            if plant.maker in SAYS_STATE and noticed + 0.2 < each.end:
                found.append(Report(noticed + rng.uniform(0, 0.2), "state", False, ont))
            if each.end < until:
                back = each.end + (rng.uniform(20, 90) if each.power else rng.uniform(3, 15))
                if gasped and plant.maker != "vsol":
                    found.append(Report(back, "gasp", True, ont))
                elif habits.clears_los:
                    found.append(Report(back, "los", True, ont))
                found.append(Report(back + 0.05, "state", True, ont))
    return found


def _all_dark(course: Course, port: str, at: float) -> bool:
    return all(any(one.begin <= at < one.end for one in course.outages[ont]) for ont in course.plant.served(port))


def _of_ports(course: Course, rng: Random, until: float) -> list[Report]:
    plant, habits = course.plant, course.plant.habits
    if plant.maker not in SAYS_PORT or habits.port_los == "never":
        return []
    late = {"after": habits.soak + 1.5, "before": habits.soak * 0.3 + 0.2, "alone": habits.soak + 0.5}[habits.port_los]
    found: list[Report] = []
    for port in [port for ports in plant.ports_of.values() for port in ports]:
        onts = plant.served(port)
        moments = sorted({moment for ont in onts for one in course.outages[ont] for moment in (one.begin, one.end)})
        was = False
        for number, at in enumerate(moments):
            now = bool(onts) and _all_dark(course, port, at)
            following = moments[number + 1] if number + 1 < len(moments) else until
            if now and not was and at + late < following:
                found.append(Report(at + late + rng.random() * 0.3, "pon_los", False, port))
            elif was and not now:
                found.append(Report(at + rng.uniform(1, 3), "pon_los", True, port))
            was = now
    return found


def _sent(course: Course, rng: Random, reports: list[Report]) -> list[tuple[float, Notification]]:
    plant, habits = course.plant, course.plant.habits
    free: dict[str, float] = defaultdict(lambda: float("-inf"))
    sent: list[tuple[float, Notification]] = []
    for report in sorted(reports):
        queue = plant.port.get(report.resource, report.resource) if habits.paced_by_port else OLT
        at = free[queue] = max(report.at, free[queue] + rng.uniform(0.8, 1.2) / habits.pace)
        if at >= 0 and rng.random() < habits.loss:
            continue
        draft = DIALECTS[plant.maker](report.what, report.up, plant.place(report.resource), BEGIN + timedelta(seconds=at))
        if draft is None:
            continue
        security = "public"
        if plant.maker == "zte" and report.what != "start":
            level = "cleared" if report.up else "major"
            security += f"@eventId={len(sent) + 1}@level={level}@{BEGIN + timedelta(seconds=at):%Y%m%d%H%M%S}"
        booted = course.started if course.started is not None and at >= course.started else -9_000_000.0
        uptime = int((at - booted) * 100) & 0xFFFFFFFF
        trap = Notification(
            version="2c", kind="trap", security=security, trap_oid=draft.oid, uptime=uptime, varbinds=draft.varbinds
        )
        sent.append((at, trap))
    return sorted(sent, key=lambda each: each[0])
