"""A walk: columns of a table, or a subtree, read row after row by GETBULK, or by GETNEXT where the agent is v1."""

from collections.abc import Sequence
from typing import Final

from protocols.snmp.manager.errors import NO_SUCH_NAME, TOO_BIG, BadAnswer
from protocols.snmp.manager.operation import Operation, refused
from protocols.snmp.manager.request_pdu import RequestPdu, get_bulk_request, get_next_request
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds
from protocols.snmp.manager.table import Table

VARBINDS_AN_ANSWER: Final = 256
"""Variable bindings that an answer is asked for; the agent sends fewer when its message would become too large."""


class Walk(Operation):
    """Fills ``table`` until each of its columns has ended.

    ``max_repetitions`` is the number of rows that one GETBULK asks for; 0 walks by GETNEXT. An agent that answers tooBig is
    asked for half the rows, and in the end for half the columns at a time. Each answer must bring a column further, so a
    walk ends.
    """

    __slots__ = ("_asked", "_open", "_repetitions", "_width", "table")

    def __init__(self, table: Table, max_repetitions: int | None = None) -> None:
        super().__init__()
        self.table = table
        columns = max(1, len(table.columns))
        self._repetitions = max(1, VARBINDS_AN_ANSWER // columns) if max_repetitions is None else max_repetitions
        self._open = list(range(len(table.columns)))
        self._width = columns
        self._asked: list[int] = []
        self.finished = not self._open

    def request(self, version: str) -> RequestPdu:
        self._asked = self._open[: self._width]
        names = [self.table.last[column] for column in self._asked]
        if version == "1" or not self._repetitions:
            self._repetitions = 0
            return get_next_request(names)
        return get_bulk_request(names, 0, self._repetitions)

    def take(self, response: ResponsePdu) -> None:
        if response.error_status:
            self._take_error(response)
        else:
            self._take_rows(response)
        ended = self.table.ended
        self._open = [column for column in self._open if not ended[column]]
        self.finished = not self._open

    def _take_error(self, response: ResponsePdu) -> None:
        asked = self._asked
        if response.error_status == TOO_BIG:
            if self._repetitions > 1:
                self._repetitions //= 2
                return
            if len(asked) > 1:
                self._width = len(asked) // 2
                return
        elif response.error_status == NO_SUCH_NAME and 0 < response.error_index <= len(asked):
            # v1: this column has ended, and the others got no answer.
            self.table.ended[asked[response.error_index - 1]] = True
            return
        raise refused(response, [self.table.last[column] for column in asked])

    def _take_rows(self, response: ResponsePdu) -> None:
        asked, table = self._asked, self.table
        before = [table.last[column] for column in asked]
        found = split_varbinds(response, len(asked) * max(1, self._repetitions))
        table.add(asked, found, response.end - response.start)
        behind = [
            column
            for column, previous in zip(asked, before, strict=True)
            if table.last[column] == previous and not table.ended[column]
        ]
        if len(behind) == len(asked):
            raise BadAnswer("no column came further")
        if behind:
            # The answer was cut before it came to these columns: they are first in the next one.
            rest = [column for column in self._open if column not in behind]
            self._open = behind + rest


def walk_of(columns: Sequence[bytes], max_repetitions: int | None = None) -> Walk:
    """A walk over ``columns`` with the usual bounds."""
    return Walk(Table(columns), max_repetitions)
