"""Plays a plan over real UDP: each OLT from its own source address, at a chosen speed, to this machine only."""

import ipaddress
from collections.abc import Callable
from contextlib import ExitStack

import structlog
import trio
from msgspec import Struct

from faultd.simulator.errors import SpecError, TargetRefused
from faultd.simulator.narration import Happening, narrate
from faultd.simulator.plan import Datagram, SimulationPlan
from protocols.snmp.encode import decode_response
from protocols.snmp.errors import SnmpRefusal

log = structlog.get_logger()

_INFORM_TRIES = 5
_INFORM_SECONDS = 3.0


class Target(Struct, frozen=True):
    """Target of the traps; always loopback."""

    host: str
    port: int


class RunSummary(Struct, kw_only=True):
    """Counts of a run. ``sent`` counts datagrams given to the kernel, without retransmitted INFORMs."""

    sent: int = 0
    octets: int = 0
    informs: int = 0
    informs_repeated: int = 0
    informs_answered: int = 0
    answers_refused: int = 0
    """Datagrams that came back and were no answer to an INFORM."""
    seconds: float = 0.0
    """Real seconds from the first to the last datagram."""
    by_olt: dict[str, int] = {}


def target(host: str, port: int) -> Target:
    """A checked target. Raises TargetRefused unless ``host`` is a literal address in 127.0.0.0/8 or ::1."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise TargetRefused(host) from error
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    if not address.is_loopback or mapped or not 0 < port < 65536:
        raise TargetRefused(f"{host}:{port}")
    return Target(str(address), port)


async def run_simulation(
    plan: SimulationPlan,
    to: Target,
    *,
    speed: float = 1.0,
    rate: float | None = None,
    max_seconds: float | None = None,
    max_traps: int | None = None,
    on_sent: Callable[[Datagram], None] | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> RunSummary:
    """Send the datagrams of ``plan`` to ``to``; the result has the counts. ``task_status`` is started once the sockets are
    bound.

    ``speed`` is simulated seconds per real second, 0 as fast as possible; then ``rate`` (datagrams per real second) spares the
    receiver's socket buffer. The run ends early after ``max_seconds`` real seconds or ``max_traps`` datagrams. An INFORM is
    repeated until it is answered, up to five times. Datagrams to ::1 are sent from ::1, since there is no second IPv6 loopback
    address. Can be cancelled at any moment.
    """
    to = target(to.host, to.port)
    for name, value in (("speed", speed), ("rate", rate)):
        if value is not None and (value < 0 or (name == "rate" and value == 0)):
            raise SpecError(name, value, "must not be negative, and a rate not 0")
    summary = RunSummary()
    with ExitStack() as stack:
        sockets = {source: await _bind(stack, to, source) for source in sorted({each.source for each in plan.datagrams})}
        pending: dict[tuple[str, int], trio.Event] = {}
        async with trio.open_nursery() as nursery:
            for source in sorted({each.source for each in plan.datagrams if each.inform}):
                nursery.start_soon(_read_answers, sockets[source], source, pending, summary)
            task_status.started()
            with trio.move_on_after(float("inf") if max_seconds is None else max_seconds):
                async with trio.open_nursery() as repeaters:
                    await _play(plan, to, sockets, speed, rate, max_traps, on_sent, summary, pending, repeaters)
            nursery.cancel_scope.cancel()
    return summary


async def tell(plan: SimulationPlan, on_news: Callable[[Happening], None], *, speed: float = 1.0) -> None:
    """Call ``on_news`` with every sentence of :func:`narrate` at its time, from now on; run it beside the replay."""
    began = trio.current_time()
    for news in narrate(plan):
        await trio.sleep_until(began + news.at / speed if speed > 0 else began)
        on_news(news)


async def _play(
    plan: SimulationPlan,
    to: Target,
    sockets: dict[str, trio.socket.SocketType],
    speed: float,
    rate: float | None,
    max_traps: int | None,
    on_sent: Callable[[Datagram], None] | None,
    summary: RunSummary,
    pending: dict[tuple[str, int], trio.Event],
    repeaters: trio.Nursery,
) -> None:
    began = trio.current_time()
    for number, datagram in enumerate(plan.datagrams):
        if max_traps is not None and number >= max_traps:
            break
        due = [began]
        if speed > 0:
            due.append(began + datagram.at / speed)
        if rate is not None:
            due.append(began + number / rate)
        await trio.sleep_until(max(due))
        await sockets[datagram.source].sendto(datagram.payload, (to.host, to.port))
        summary.sent += 1
        summary.octets += len(datagram.payload)
        summary.by_olt[datagram.olt] = summary.by_olt.get(datagram.olt, 0) + 1
        summary.seconds = trio.current_time() - began
        if datagram.inform and not datagram.copy:
            summary.informs += 1
            answered = pending[datagram.source, datagram.inform] = trio.Event()
            repeaters.start_soon(_repeat, sockets[datagram.source], datagram, to, answered, summary)
        if on_sent is not None:
            on_sent(datagram)


async def _bind(stack: ExitStack, to: Target, source: str) -> trio.socket.SocketType:
    family = trio.socket.AF_INET6 if ":" in to.host else trio.socket.AF_INET
    sock = stack.enter_context(trio.socket.socket(family, trio.socket.SOCK_DGRAM))
    await sock.bind(("::1" if ":" in to.host else source, 0))
    return sock


async def _repeat(
    sock: trio.socket.SocketType, datagram: Datagram, to: Target, answered: trio.Event, summary: RunSummary
) -> None:
    for _ in range(_INFORM_TRIES - 1):
        with trio.move_on_after(_INFORM_SECONDS):
            await answered.wait()
            return
        await sock.sendto(datagram.payload, (to.host, to.port))
        summary.informs_repeated += 1
    with trio.move_on_after(_INFORM_SECONDS):
        await answered.wait()
        return
    log.warning("inform_unanswered", olt=datagram.olt, request_id=datagram.inform)


async def _read_answers(
    sock: trio.socket.SocketType, source: str, pending: dict[tuple[str, int], trio.Event], summary: RunSummary
) -> None:
    while True:
        try:
            answer = decode_response(await sock.recv(65535))
        except SnmpRefusal:
            summary.answers_refused += 1
            continue
        waiting = pending.pop((source, answer.request_id), None)
        if waiting is not None:
            summary.informs_answered += 1
            waiting.set()
