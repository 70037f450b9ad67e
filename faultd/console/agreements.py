"""Service level agreements on a terminal: for each cause, who breaks next, which are broken, and the credits for that.

Pure: everything comes from the stream. Only the seconds until an instant that the stream gives are counted here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from faultd.console.view import duration
from protocols.alarm import Alarm
from protocols.printable import counted, printable
from protocols.rest_sla_breaches import BreachShown
from protocols.sla.stream_items import StreamedInstance

MOST_BREACHES = 10_000
"""Breaches kept; the oldest go first. Those that are over are shown while their alarm is."""


class Agreements:
    """Instances near or beyond a breach, and breaches, as the frames brought them."""

    def __init__(self) -> None:
        self._instances: dict[str, StreamedInstance] = {}
        self._of_service: dict[str, list[StreamedInstance]] = {}
        self._breaches: dict[str, BreachShown] = {}
        self._of_alarm: dict[str | None, list[BreachShown]] = {}

    def take(self, instances: dict[str, StreamedInstance], changed: Sequence[BreachShown]) -> list[BreachShown]:
        """All instances of the stream, and the breaches of a frame. Returns the breaches that are new."""
        self._instances = instances
        found: defaultdict[str, list[StreamedInstance]] = defaultdict(list)
        for instance in instances.values():
            found[instance.service_id].append(instance)
        self._of_service = found
        new = []
        for breach in changed:
            if breach.withdrawn:
                self._breaches.pop(breach.id, None)
                continue
            if breach.id not in self._breaches:
                new.append(breach)
            self._breaches[breach.id] = breach
        while len(self._breaches) > MOST_BREACHES:
            del self._breaches[next(iter(self._breaches))]
        if changed:
            of_alarm: defaultdict[str | None, list[BreachShown]] = defaultdict(list)
            for breach in self._breaches.values():
                of_alarm[breach.alarm_id].append(breach)
            self._of_alarm = of_alarm
        return new

    def of(self, alarm: Alarm, now: datetime) -> str:
        """The SLA time on one alarm: ``12 SLAs, first breaks in 0:45 (C17)``. Empty when the alarm takes no service down."""
        if not (alarm.is_root_cause or alarm.service_effect == "outage"):
            return ""
        broken = self._of_alarm.get(alarm.id, [])
        services = alarm.affected_services if alarm.cleared_at is None else ()
        ahead = _running_out(each for service in services for each in self._of_service.get(service, ()))
        words = []
        if broken:
            words.append(f"{broken_slas(broken)}, {credits_of(broken)}")
        if ahead:
            number = f"{len(ahead):,} more, next" if broken else f"{counted(len(ahead), 'SLA')}, first"
            at, who = ahead[0]
            words.append(printable(f"{number} breaks in {countdown(at - now)} ({who})"))
        return "; ".join(words)

    def total(self, now: datetime) -> str:
        """All of them in one line; empty when there are none."""
        if not self._instances and not self._breaches:
            return ""
        ahead = _running_out(self._instances.values())
        status = Counter(each.status for each in self._instances.values())
        words = [f"SLA: {len(ahead):,} running out" + (f" (first in {countdown(ahead[0][0] - now)})" if ahead else "")]
        words += [f"{status['at_risk']:,} at risk", f"{status['breached']:,} broken"]
        return ", ".join([*words, *([credits_of(self._breaches.values())] if self._breaches else [])])


def _running_out(instances: Iterable[StreamedInstance]) -> list[tuple[datetime, str]]:
    """For each instance that an outage under way will break: when, and the customer. The next one first."""
    return sorted(
        (each.breaches_at, each.customer_name or each.customer_id)
        for each in instances
        if each.breaches_at is not None and each.status != "breached"
    )


def broken_slas(breaches: Iterable[BreachShown]) -> str:
    """``1 SLA broken``, ``12 SLAs broken``: one may have several breaches."""
    return f"{counted(len({breach.sla_instance_id for breach in breaches}), 'SLA')} broken"


def credits_of(breaches: Iterable[BreachShown]) -> str:
    """The sum of their credits by currency: ``credits 26.70 EUR``."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for breach in breaches:
        if breach.credit_amount:
            sums[breach.currency] += Decimal(str(breach.credit_amount))
    return printable("credits " + (" + ".join(f"{amount:,.2f} {name}" for name, amount in sorted(sums.items())) or "none"))


def countdown(left: timedelta) -> str:
    """``0:45``, ``12:07``; from an hour on as :func:`duration`."""
    seconds = max(0, int(left.total_seconds()))
    return duration(left) if seconds >= 3600 else f"{seconds // 60}:{seconds % 60:02}"


def breach_lines(new: Sequence[BreachShown], alarms: dict[str, Alarm]) -> list[str]:
    """A line for each cause of breaches that opened together."""
    by_cause: defaultdict[str, list[BreachShown]] = defaultdict(list)
    for breach in new:
        by_cause[breach.alarm_id or ""].append(breach)
    lines = []
    for alarm_id, found in by_cause.items():
        alarm = alarms.get(alarm_id)
        cause = "" if alarm is None else f" by {alarm.alarm_id} {alarm.title}"
        lines.append(printable(f"{'breach':<9} {broken_slas(found)}{cause}: {credits_of(found)}"))
    return lines
