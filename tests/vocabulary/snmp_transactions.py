"""A transaction and an agent in memory, on a clock that the test moves."""

from collections.abc import Callable

from protocols.snmp.manager.operation import Operation
from protocols.snmp.manager.session import AgentSession
from protocols.snmp.manager.transaction import Transaction
from vocabulary.snmp_agent import MemoryAgent

LIMIT = 100_000


def carry_out(
    agent: MemoryAgent,
    session: AgentSession,
    operation: Operation,
    now: float = 0.0,
    spoil: Callable[[bytes], list[bytes]] = lambda datagram: [datagram],
) -> Transaction:
    """Answer every datagram at once. ``spoil`` turns an answer into the datagrams that arrive; none of them: time passes."""
    transaction = Transaction(session, operation, timeout=1.0, retries=2)
    waiting = transaction.start(now)
    for _ in range(LIMIT):
        if transaction.done:
            return transaction
        answer = agent.answer(waiting, now) if waiting is not None else None
        waiting = None
        for datagram in spoil(answer) if answer is not None else []:
            again = transaction.receive(datagram, now)
            waiting = again if again is not None else waiting
        if waiting is None and not transaction.done:
            now = transaction.deadline
            waiting = transaction.expire(now)
    raise AssertionError("the transaction does not end")
