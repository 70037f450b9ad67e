"""Lines about alarms that changed: for ``faultd alarms follow``, and for the demo without a screen.

An alarm gets a line when it has not changed for a moment. By then it is attributed to its cause, and 2,000 traps of a cut
feeder become one line. Pure: times are arguments.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from faultd.console.view import held_back, why
from protocols.alarm import Alarm

SETTLE_SECONDS = 3.0
AT_MOST_SECONDS = 10.0
"""An alarm that keeps changing gets a line after this time."""


class Said(NamedTuple):
    """The part of an alarm that the last line showed. A line follows when this part changes."""

    severity: str
    status: str
    title: str
    reason: str


class Told(NamedTuple):
    """One line: the alarm and its change."""

    alarm: Alarm
    what: str
    by: str = ""
    """The person, or the part of faultd, that acknowledged, cleared or resolved it just now; empty for a device."""


class Changes:
    """Compares the alarms of the stream with the lines already shown. ``everything`` includes alarms that are held back."""

    def __init__(self, *, everything: bool = False) -> None:
        self._everything = everything
        self._said: dict[str, Said] = {}
        self._gone: dict[str, Alarm] = {}
        self._waiting: dict[str, tuple[float, float]] = {}
        """The times of the first and the last change since the alarm's last line."""

    def begin(self, alarms: Iterable[Alarm]) -> None:
        """Alarms that need no line: the screen shows them already."""
        for alarm in alarms:
            if self._shows(alarm):
                self._remember(alarm)

    def take(self, changed: Iterable[Alarm], now: float) -> None:
        """These have changed."""
        for alarm in changed:
            first, _ = self._waiting.get(alarm.id, (now, now))
            self._waiting[alarm.id] = first, now

    def compare(self, alarms: Mapping[str, Alarm], now: float) -> None:
        """After a gap, with all alarms there are: any of them, and any that is gone, may have changed."""
        self.take(alarms.values(), now)
        for alarm_id in self._said.keys() - alarms.keys():
            self._waiting.setdefault(alarm_id, (now, now))

    def due(self, alarms: Mapping[str, Alarm], now: float) -> Iterator[Told]:
        """The lines due at ``now``."""
        settled = [
            alarm_id
            for alarm_id, (first, last) in self._waiting.items()
            if self._everything or last <= now - SETTLE_SECONDS or first <= now - AT_MOST_SECONDS
        ]
        for alarm_id in settled:
            del self._waiting[alarm_id]
            said = self._said.get(alarm_id)
            alarm = alarms.get(alarm_id)
            if alarm is None:
                if said is not None:
                    del self._said[alarm_id]
                    if said.status not in ("cleared", "resolved"):
                        yield Told(self._gone[alarm_id], "gone: cleared meanwhile, and history")
                    del self._gone[alarm_id]
            elif what := self._news(alarm, said):
                self._remember(alarm)
                yield Told(alarm, what, by(alarm) if said is None or said.status != alarm.status else "")

    def _news(self, alarm: Alarm, said: Said | None) -> str:
        """The text of the line, empty when there is none. An alarm that was held back or cleared before its first line gets
        none."""
        if said is None:
            if not self._shows(alarm):
                return ""
            return "raised" if alarm.status == "active" else f"raised, {alarm.status}"
        news = []
        if said.status != alarm.status:
            news.append(_STATUS.get(alarm.status, alarm.status))
        if said.severity != alarm.severity:
            news.append(f"{said.severity} -> {alarm.severity}")
        if said.title != alarm.title:
            news.append("new title")
        if said.reason != why(alarm) and not news and alarm.cleared_at is None and why(alarm):
            news.append("cause revised")
        return ", ".join(news)

    def _shows(self, alarm: Alarm) -> bool:
        return alarm.cleared_at is None and (self._everything or not held_back(alarm))

    def _remember(self, alarm: Alarm) -> None:
        self._said[alarm.id] = Said(alarm.severity, alarm.status, alarm.title, why(alarm))
        self._gone[alarm.id] = alarm


def by(alarm: Alarm) -> str:
    """The user or the part of faultd that set the alarm's status (``ada``, ``faultd:topology``); empty for a device."""
    who = {"acknowledged": alarm.acknowledged_by, "cleared": alarm.cleared_by, "resolved": alarm.resolved_by}.get(alarm.status)
    return "" if not who or who.startswith("device:") else who.removeprefix("user:")


_STATUS = {"active": "active again", "suppressed": "suppressed"}
