"""The demo's summary: every figure from the part that counts it.

The plant counts the datagrams that the kernel took (sent), the daemon's metric those that it received, the ledger the traps
that were folded. Alarms, causes, breaches and credits are read from the ledger's Changes, after the daemon has drained.
"""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import trio
from msgspec import Struct

from actors.ledger.read import Head, iterate_events, read_changes, read_head
from actors.ledger.schema import connect_reader
from faultd.console.view import wrapped
from protocols.alarm import Alarm
from protocols.change import AlarmChanged
from protocols.dispatch.changes import NotificationChanged, TicketUpdated
from protocols.event import Trap
from protocols.printable import counted, printable
from protocols.severity import rank
from protocols.sla.breach import SlaBreach
from protocols.sla.changes import SlaBreachChanged

DOWN, POLLING = "device.down", "faultd:polling"
"""The alarm of a device that is down, and the actor that raises it where polls were missed."""
ARRIVE_SECONDS = 5.0
ROOTS = 8
"""Causes that the summary names."""
_PAGE, _PAGE_BYTES = 64, 2**24


class Tally(Struct):
    """Counts of one demo. ``received`` is None when the daemon did not answer."""

    sent: int = 0
    received: int | None = None
    mails: int = 0
    """Mails that the demo's mail server took."""


class Folded(Struct):
    """Counts that were read from the ledger."""

    traps: int = 0
    alarms: int = 0
    causes: int = 0
    cleared: int = 0
    whole: bool = True
    """True when every Event is folded."""
    breaches: int = 0
    """Breaches of service level agreements that were opened or went on, and stand."""
    broken: int = 0
    """Agreements that have one."""
    credits: dict[str, Decimal] = {}
    """The sum of their credits by currency, in major units."""
    tickets: int = 0
    """Tickets that were wanted."""
    notifications: int = 0
    """Notifications that were decided, by every channel."""
    down: int = 0
    """Devices that the pollers found down."""
    roots: tuple[Alarm, ...] = ()
    """The alarms named as a cause, and devices found down, that are attributed to no other, as they are at the end, the worst
    first."""


def head_of(ledger: Path) -> Head:
    """The ledger's last offset; 0 without a ledger."""
    if not ledger.exists():
        return Head()
    with closing(connect_reader(ledger)) as connection:
        return read_head(connection, ledger)


def folded_since(ledger: Path, begin: Head) -> Folded:
    """Counts of the Events folded after ``begin``. Raises LedgerError and FileNotFoundError."""
    found = Folded()
    raised: set[str] = set()
    down: set[str] = set()
    causes: dict[str, Alarm] = {}
    cleared: set[str] = set()
    breaches: dict[str, SlaBreach] = {}
    tickets: set[str] = set()
    notifications: set[str] = set()
    with closing(connect_reader(ledger)) as connection:
        end = read_head(connection, ledger)
        found.whole = end.through >= end.offset
        for events in iterate_events(connection, ledger, begin.offset, end.through):
            found.traps += sum(isinstance(event, Trap) for event in events.events)
        seq = begin.seq
        while batches := read_changes(connection, ledger, seq, end.seq, _PAGE, _PAGE_BYTES):
            seq = batches[-1].seq
            for change in (each for batch in batches for each in batch.changes):
                if isinstance(change, TicketUpdated):
                    tickets.add(change.ticket.id)
                elif isinstance(change, NotificationChanged):
                    notifications.add(change.notification.id)
                if isinstance(change, SlaBreachChanged):
                    breaches[change.breach.id] = change.breach
                if not isinstance(change, AlarmChanged):
                    continue
                raised.update(change.alarm.id for entry in change.entries if entry.action == "raised")
                if any(entry.action == "raised" and entry.actor == POLLING for entry in change.entries):
                    down |= {change.alarm.id} if change.alarm.alarm_type == DOWN else set()
                if change.alarm.is_root_cause or change.alarm.id in down or change.alarm.id in causes:
                    causes[change.alarm.id] = change.alarm
                if change.alarm.cleared_at is not None:
                    cleared.add(change.alarm.id)
    roots = (alarm for alarm in causes.values() if (alarm.is_root_cause or alarm.id in down) and alarm.parent_alarm_id is None)
    found.roots = tuple(sorted(roots, key=lambda alarm: (rank(alarm.severity), -alarm.subscriber_count)))
    standing = [breach for breach in breaches.values() if not breach.withdrawn]
    found.breaches, found.broken = len(standing), len({breach.instance_id for breach in standing})
    for breach in standing:
        owed = found.credits.get(breach.currency, Decimal()) + Decimal(breach.credit).scaleb(-breach.minor_digits)
        found.credits |= {breach.currency: owed} if breach.credit else {}
    found.tickets, found.notifications = len(tickets), len(notifications)
    found.alarms, found.causes, found.cleared = len(raised), len(causes.keys() - down), len(cleared & raised)
    found.down = len(down)
    return found


async def received_by(host: str, port: int, sent: int) -> int | None:
    """The daemon's count of datagrams, as soon as it has ``sent`` of them or after a moment. None when it does not answer."""
    found: int | None = None
    with trio.move_on_after(ARRIVE_SECONDS):
        while found is None or found < sent:
            try:
                text = await trio.to_thread.run_sync(_metrics, host, port)
            except (OSError, HTTPException):
                return found
            found = next(iter(_samples(text, "faultd_traps_received_total")), 0)
            await trio.sleep(0.05)
    return found


def _metrics(host: str, port: int) -> str:
    with closing(HTTPConnection(host, port, timeout=ARRIVE_SECONDS)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()


def _samples(text: str, name: str) -> Iterator[int]:
    for line in text.splitlines():
        if line.startswith(f"{name} "):
            yield int(float(line.rpartition(" ")[2]))


def words(tally: Tally, folded: Folded) -> list[str]:
    """The summary, in lines of less than 80 columns."""
    received = "received unknown" if tally.received is None else f"{tally.received:,} received"
    lost = tally.sent - folded.traps
    still = "" if folded.whole else "; the ledger holds more that is not folded yet"
    lines = [
        f"traps: {tally.sent:,} sent, {received}, {folded.traps:,} folded, {lost:,} lost{still}",
        f"alarms: {folded.alarms:,} raised, {folded.cleared:,} of them cleared, {folded.causes:,} named as a cause of others",
    ]
    lines.append(f"polls: {counted(folded.down, 'device')} found down")
    owed = " + ".join(f"{amount:,} {currency}" for currency, amount in sorted(folded.credits.items())) or "none"
    broken = counted(folded.broken, "service level agreement")
    lines.append(f"SLA: {counted_breaches(folded.breaches)} of {broken}, credits {owed}")
    told = f"{counted(folded.notifications, 'notification')} decided, {counted(tally.mails, 'mail')} taken"
    lines.append(f"dispatch: {counted(folded.tickets, 'ticket')}, {told}")
    for alarm in folded.roots[:ROOTS]:
        lines += _root(alarm)
    if len(folded.roots) > ROOTS:
        lines.append(f"  ... and {len(folded.roots) - ROOTS} more causes")
    return lines


def counted_breaches(number: int) -> str:
    """``1 breach``, ``12 breaches``."""
    return f"{number:,} breach{'' if number == 1 else 'es'}"


def _root(alarm: Alarm) -> list[str]:
    customers = f" ({counted(alarm.subscriber_count, 'customer')})" if alarm.subscriber_count else ""
    state = "" if alarm.cleared_at is None else ", cleared"
    first, *more = wrapped(printable(f"{alarm.title}{customers}{state}"), 60)
    return [f"  {alarm.severity:<8} {alarm.alarm_id:<7} {first}", *(f"{'':19}{each}" for each in more)]
