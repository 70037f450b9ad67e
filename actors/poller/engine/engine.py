"""The polling engine: many agents, one UDP socket an address family, one task that reads answers, one for time-outs.

The reader advances the transaction and sends the next request. A task that asks is woken once, when its operation has ended;
who needs no task for the result is called instead.
"""

import errno
import os
import socket
from collections.abc import Callable
from math import inf
from typing import Final

import structlog
import trio
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.isolation import Isolation
from actors.metrics import Metrics
from actors.poller.engine.agent import PolledAgent
from actors.poller.engine.counts import EngineCounts
from actors.poller.engine.credits import AnswerCredits
from actors.poller.engine.exchange import Exchange
from actors.poller.engine.inquiry import Inquiry, Result, ResultWaiter
from actors.poller.engine.limits import EngineLimits
from actors.poller.engine.poll_socket import PollSocket
from actors.poller.engine.senders import Senders
from actors.poller.engine.timeouts import RequestTimeouts
from actors.poller.engine.truesize import truesize
from actors.recvmmsg import MOST, SocketAddress
from protocols.snmp.manager.errors import (
    AnsweredElsewhere,
    BadAnswer,
    NoAnswer,
    NoRoute,
    OwnFault,
    PortUnreachable,
    RequestError,
)
from protocols.snmp.manager.message_number import message_number
from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.transaction import Transaction

CALLS_A_WAKE: Final = 16
"""Calls of recvmmsg before other tasks run."""
SEND_TRIES: Final = 8
"""Calls to send one datagram: each but the last may fail for the error of an earlier one."""
STRANGERS_A_SECOND: Final = 16
"""Datagrams from addresses that were not asked whose number is compared with those of all requests under way."""
REOPEN_SECONDS: Final = 1.0
"""Seconds between attempts to open a socket."""
_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL})
"""What the kernel says of an address for which it has no route, or a route that forbids or swallows."""
_OF_ICMP: Final = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EMSGSIZE, errno.EPROTO, errno.ENOPROTOOPT, errno.EACCES}
)
"""What a call says for an ICMP error, also when the queue had no room for it: no fault of the socket."""

_log = structlog.get_logger()


class PollEngine:
    """Sends requests and matches answers. It decides nothing: schedule, budget and the state of a device are its caller's.

    Outstanding answers never need more memory than the receive buffers have: requests beyond that wait in order.
    """

    def __init__(self, limits: EngineLimits, metrics: Metrics) -> None:
        self._limits = limits
        self._counts = EngineCounts(metrics)
        self._isolation = Isolation("an agent's datagram", self._counts.count_error)
        self._senders = Senders()
        self._timeouts = RequestTimeouts(self._expire, self._counts.flush)
        self._credits = {family: AnswerCredits(0) for family in (socket.AF_INET, socket.AF_INET6)}
        self._sockets: dict[socket.AddressFamily, PollSocket] = {}
        self._inquiries: dict[Inquiry, PolledAgent] = {}
        self._unsent: dict[Inquiry, bytes] = {}
        """Datagrams for which a socket's send buffer had no room."""
        self._strangers = STRANGERS_A_SECOND
        self._full = trio.Event()
        """Set when there is something in ``_unsent``."""

    async def run(self, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED) -> None:
        """Open the sockets, report that they are open, and serve ``ask`` until cancelled. Operations under way end with
        OwnFault when it ends. Raises OSError when no socket can be opened at all."""
        failures = [failure for family in self._credits if (failure := self._open(family))]
        if not self._sockets:
            raise failures[0]
        try:
            async with trio.open_nursery() as nursery:
                for family in self._sockets:
                    nursery.start_soon(self._serve, family)
                nursery.start_soon(self._timeouts.run)
                nursery.start_soon(self._send_unsent)
                nursery.start_soon(self._count)
                task_status.started()
        finally:
            for poll_socket in self._sockets.values():
                poll_socket.close()
            self._sockets.clear()
            self._timeouts.clear()
            self._unsent.clear()
            for inquiry in list(self._inquiries):
                self._end(inquiry, OwnFault("the polling engine was stopped"))
            self._counts.flush()

    async def ask(
        self, agent: PolledAgent, operation: Operation, *, timeout: float = 2.0, retries: int = 2, longest: float = 60.0
    ) -> Exchange:
        """Carry out ``operation`` against ``agent``; the result is in ``operation``.

        ``timeout`` is the time in seconds that the first datagram of a request waits for its answer; each retry waits
        half as long again. ``longest`` bounds the whole operation in seconds. Waiting for the agent's earlier operations and
        for room in the receive buffer is not counted in either.

        Raises RequestError: NoAnswer, PortUnreachable and NoRoute where nothing came back, OwnFault where faultd itself
        could not send, and the others where the agent answered otherwise than asked. A walk that came to its end, or could
        not go on since the agent's OIDs do not increase, raises nothing: see ``Table.incomplete``. Cancellation forgets
        the request; its answer is counted as late.
        """
        await agent.take_turn()
        try:
            lent = await self._credits[agent.family].borrow(truesize(operation.answer_octets()))
        except BaseException:
            agent.end_turn()
            raise
        waiter = ResultWaiter()
        inquiry = self._begin(agent, Transaction(agent.session, operation, timeout, retries, longest), lent, waiter.tell)
        try:
            return await waiter.wait()
        finally:
            self.forget(inquiry)

    def begin(
        self,
        agent: PolledAgent,
        operation: Operation,
        tell: Callable[[Result], None],
        *,
        timeout: float = 2.0,
        retries: int = 2,
        longest: float = 60.0,
    ) -> Inquiry | None:
        """As ``ask``, without a task that waits: ``tell`` is called once with the result, by the task that reads answers or by
        the one that looks after time-outs, and before this returns where nothing can be sent. It must be quick, and must not
        raise. None, and ``tell`` is never called: the agent is asked for something else, or its answer has no room; ``ask``
        waits for both."""
        if agent.busy:
            return None
        lent = self._credits[agent.family].borrow_now(truesize(operation.answer_octets()))
        if not lent:
            return None
        agent.busy = True
        return self._begin(agent, Transaction(agent.session, operation, timeout, retries, longest), lent, tell)

    def forget(self, inquiry: Inquiry) -> None:
        """Give up an operation, if it is under way: its answer is counted as late, and nobody is told."""
        if inquiry in self._inquiries:
            inquiry.transaction.cancel()
            self._finish(inquiry)
            self._counts.flush()

    def _begin(self, agent: PolledAgent, transaction: Transaction, lent: int, tell: Callable[[Result], None]) -> Inquiry:
        now = trio.current_time()
        inquiry = Inquiry(transaction, lent, now, tell)
        agent.inquiry = inquiry
        agent.session.ignored = self._counts.ignored
        self._senders.add(agent)
        self._inquiries[inquiry] = agent
        try:
            octets = transaction.start(now)
        except BaseException:
            self.forget(inquiry)
            raise
        if octets is not None:
            self._send(agent, inquiry, octets)
        if not transaction.done:
            self._timeouts.add(inquiry)
        else:
            self._ended(inquiry)
            self._counts.flush()
        return inquiry

    def _ended(self, inquiry: Inquiry) -> None:
        """The transaction of ``inquiry`` is done: tell so, once."""
        if inquiry in self._inquiries:
            self._finish(inquiry)
            error = inquiry.transaction.error
            if inquiry.elsewhere and type(error) is NoAnswer:
                text = f"{error.detail}; an answer came from {inquiry.elsewhere}, which was not asked, and was not believed"
                error = inquiry.transaction.error = AnsweredElsewhere(text)
            self._counts.count_outcome("answered" if error is None else error.reason)
            inquiry.tell(inquiry.result(trio.current_time()))

    def _finish(self, inquiry: Inquiry) -> None:
        agent, transaction = self._inquiries.pop(inquiry), inquiry.transaction
        agent.inquiry = None
        if self._unsent:
            self._unsent.pop(inquiry, None)
        agent.sent += transaction.sent
        agent.answers += transaction.answers
        self._counts.count_traffic(transaction.sent, transaction.answers)
        self._credits[agent.family].give_back(inquiry.lent)
        agent.end_turn()

    # --- sending -------------------------------------------------------------------------------------------------------

    def _send(self, agent: PolledAgent, inquiry: Inquiry, octets: bytes) -> None:
        """Send, or end the inquiry with the reason why it cannot be sent."""
        inquiry.latest = octets
        poll_socket = self._sockets.get(agent.family)
        if poll_socket is None:
            self._end(inquiry, OwnFault("the polling engine has no socket for this address family"))
            return
        for _ in range(SEND_TRIES):
            if inquiry.transaction.done:
                return
            try:
                poll_socket.send(octets, agent.sockaddr)
            except BlockingIOError:
                self._unsent[inquiry] = octets
                self._full.set()
                return
            except OSError as error:
                failure = error
                # With IP_RECVERR a call can fail for an earlier datagram: then that one's error is in the queue.
                if not self._read_errors(poll_socket) and error.errno != errno.ECONNREFUSED:
                    break
            else:
                if self._unsent:
                    self._unsent.pop(inquiry, None)
                return
        self._end(inquiry, _send_failure(failure))

    async def _send_unsent(self) -> None:
        while True:
            await self._full.wait()
            self._full = trio.Event()
            for family, poll_socket in list(self._sockets.items()):
                waiting = [each for each in self._unsent if self._inquiries[each].family == family]
                if not waiting:
                    continue
                try:
                    await trio.lowlevel.wait_writable(poll_socket.socket)
                except (OSError, trio.ClosedResourceError):
                    continue  # the socket is being reopened: the requests' time-outs send again
                for inquiry in waiting:
                    octets = self._unsent.pop(inquiry, None)
                    if octets is not None:
                        self._send(self._inquiries[inquiry], inquiry, octets)

    # --- receiving -----------------------------------------------------------------------------------------------------

    async def _serve(self, family: socket.AddressFamily) -> None:
        """Read answers until cancelled; a socket that fails is replaced by another one, at most once in REOPEN_SECONDS."""
        failed = -inf
        while True:
            poll_socket = self._sockets.get(family)
            if poll_socket is None:
                await trio.sleep(REOPEN_SECONDS)
                self._open(family)
                continue
            try:
                while True:
                    await trio.lowlevel.wait_readable(poll_socket.socket)
                    self._read(poll_socket)
            except OSError as error:
                _log.error("a socket to poll by failed and is opened again", socket=poll_socket.name, error=error.strerror)
                self._counts.count_reopened()
                del self._sockets[family]
                poll_socket.close()
                before, failed = failed, trio.current_time()
                if failed - before >= REOPEN_SECONDS:
                    self._open(family)

    def _read(self, poll_socket: PollSocket) -> None:
        """Take the datagrams that wait. Raises OSError when the socket fails."""
        now = trio.current_time()
        for _ in range(CALLS_A_WAKE):
            try:
                arrivals = poll_socket.receive()
            except OSError as error:
                if self._read_errors(poll_socket) or error.errno in _OF_ICMP:
                    continue
                raise
            if not arrivals:
                self._read_errors(poll_socket)
                break
            for datagram, sender, _ in arrivals:
                agent = self._senders.find(sender, datagram)
                if agent is None:
                    self._counts.ignore("elsewhere" if self._answers_elsewhere(sender, datagram) else "foreign")
                    continue
                try:
                    self._receive(agent, datagram, now)
                except Exception as error:  # noqa: BLE001 - an agent's octets end its own operation, and the next are read
                    self._isolation.ended(error, agent.address)
                    if agent.inquiry is not None:
                        self._end(agent.inquiry, BadAnswer("the answer could not be processed"))
            if len(arrivals) < MOST:
                break
        self._counts.flush()

    def _answers_elsewhere(self, sender: SocketAddress, datagram: bytes) -> bool:
        """True when a stranger's datagram has the number of a request under way: its agent has several addresses. Numbers are
        drawn at random, so nobody else knows them."""
        if not self._strangers:
            return False
        self._strangers -= 1
        number = message_number(datagram)
        for inquiry, agent in self._inquiries.items():
            if agent.session.waits_for(number):
                same = sender[0] == agent.sockaddr[0]
                inquiry.elsewhere = f"port {sender[1]}" if same else str(sender[0])
                return True
        return False

    def _receive(self, agent: PolledAgent, datagram: bytes, now: float) -> None:
        inquiry = agent.inquiry
        if inquiry is None:
            agent.session.read(datagram, now)  # nobody waits: it is counted as late, as a duplicate or otherwise
            return
        transaction = inquiry.transaction
        octets = transaction.receive(datagram, now)
        if octets is not None:
            self._send(agent, inquiry, octets)
        elif transaction.done:
            self._ended(inquiry)

    def _read_errors(self, poll_socket: PollSocket) -> bool:
        """End the requests that nothing listens to. True when there was an error in the queue."""
        found = False
        while (error := poll_socket.read_error()) is not None:
            found = True
            ended = False
            for agent in self._senders.at(error.to) if error.port else ():
                inquiry = agent.inquiry
                if inquiry is not None and not inquiry.transaction.done and error.quotes(inquiry.latest):
                    self._end(inquiry, PortUnreachable(f"ICMP says that nothing listens at port {agent.port}"))
                    ended = True
            if not ended:
                self._counts.ignore("icmp")
        return found

    # --- the rest ------------------------------------------------------------------------------------------------------

    def _expire(self, inquiry: Inquiry, now: float) -> None:
        """A deadline has passed: send again, or end."""
        octets = inquiry.transaction.expire(now)
        if octets is not None:
            self._send(self._inquiries[inquiry], inquiry, octets)
        elif inquiry.transaction.done:
            self._ended(inquiry)

    def _end(self, inquiry: Inquiry, error: RequestError) -> None:
        if not inquiry.transaction.done:
            inquiry.transaction.end(error)
        self._ended(inquiry)

    def _open(self, family: socket.AddressFamily) -> OSError | None:
        """Open the socket of a family, if that is possible."""
        source = self._limits.source_ipv6 if family == socket.AF_INET6 else self._limits.source_ipv4
        try:
            poll_socket = PollSocket(family, source, self._limits.receive_buffer)
        except OSError as error:
            _log.warning("no socket to poll by", family=family.name, source=source, error=os.strerror(error.errno or 0))
            return error
        self._sockets[family] = poll_socket
        self._credits[family].set_room(poll_socket.room)
        self._counts.set_buffer(poll_socket.name, poll_socket.granted)
        return None

    async def _count(self) -> None:
        """Gauges, and the kernel's own count of drops."""
        while True:
            self._counts.flush()
            self._counts.set_load(len(self._inquiries), sum(each.waiting for each in self._credits.values()))
            for poll_socket in self._sockets.values():
                self._counts.count_dropped(poll_socket.more_dropped())
            self._strangers = STRANGERS_A_SECOND
            await trio.sleep(1.0)


def _send_failure(error: OSError) -> RequestError:
    """The error of a request that the kernel did not take."""
    text = os.strerror(error.errno or 0)
    if error.errno in _NO_ROUTE:
        return NoRoute(f"the kernel does not send to this address: {text}")
    return OwnFault(f"faultd cannot send: {text}")
