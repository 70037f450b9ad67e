"""A walk: columns of a table, or a subtree, read row after row by GETBULK, or by GETNEXT where the agent is v1."""

from collections.abc import Sequence

from protocols.snmp.manager.errors import NO_SUCH_NAME, TOO_BIG, BadAnswer, OidNotIncreasing, TableTooLarge
from protocols.snmp.manager.operation import HEADER_OCTETS, LARGEST_ANSWER, VALUE_OCTETS, Operation, refused
from protocols.snmp.manager.request_pdu import RequestPdu, get_bulk_request, get_next_request
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds
from protocols.snmp.manager.table import Table
from protocols.snmp.manager.walk_size import WalkSize


class Walk(Operation):
    """Fills ``table`` until each of its columns has ended, or until it cannot go on: ``table.incomplete`` says why.

    ``max_repetitions`` bounds the rows that one GETBULK asks for; 0 walks by GETNEXT. ``size`` is what is known of the agent's
    answers, kept from walk to walk. An agent that answers tooBig is asked for half as much, at last for one column at a
    time; one that does not answer is asked again for half the rows. Each answer must bring a column further, so a walk ends.
    """

    __slots__ = ("_asked", "_latest", "_max_repetitions", "_most", "_open", "_repetitions", "_size", "table")

    def __init__(self, table: Table, max_repetitions: int | None = None, size: WalkSize | None = None) -> None:
        super().__init__()
        self.table = table
        self._size = WalkSize() if size is None else size
        self._max_repetitions = self._size.varbinds if max_repetitions is None else max_repetitions
        self._open = list(range(len(table.columns)))
        self._asked: list[int] = []
        self._repetitions = self._latest = 0  # rows of the request, and of its latest message
        self._most = LARGEST_ANSWER  # variable bindings of an answer: less after one that did not come
        self.finished = not self._open
        if self.finished:
            table.incomplete = ""

    def request(self, version: str) -> RequestPdu:
        most = min(self._size.varbinds, self._most)
        width = min(len(self._open), most)
        self._asked = self._open[:width]
        if version == "1":
            self._max_repetitions = 0
        self._repetitions = self._latest = min(self._max_repetitions, most // width)
        names = [self.table.last[column] for column in self._asked]
        return get_bulk_request(names, 0, self._repetitions) if self._repetitions else get_next_request(names)

    def smaller_request(self) -> RequestPdu | None:
        """The same columns for half the rows. ``take`` accepts an answer to the larger request too."""
        if self._latest < 2:
            return None
        self._latest //= 2
        self._most = len(self._asked) * self._latest
        return get_bulk_request([self.table.last[column] for column in self._asked], 0, self._latest)

    def answer_octets(self) -> int:
        width = min(len(self._open), self._size.varbinds)
        rows = max(1, min(self._max_repetitions, self._size.varbinds // max(1, width)))
        names = sum([len(self.table.last[column]) + VALUE_OCTETS for column in self._open[:width]])
        return min(LARGEST_ANSWER, HEADER_OCTETS + max(self._size.octets, rows * names))

    def take(self, response: ResponsePdu) -> None:
        try:
            if response.error_status:
                self._take_error(response)
            else:
                self._take_rows(response)
        except (OidNotIncreasing, TableTooLarge) as stopped:
            self.table.incomplete = stopped.reason
            self.finished = True
            return
        ended = self.table.ended
        self._open = [column for column in self._open if not ended[column]]
        if not self._open:
            self.table.incomplete = ""
            self.finished = True

    def _take_error(self, response: ResponsePdu) -> None:
        asked = self._asked
        if response.error_status == TOO_BIG:
            varbinds = len(asked) * max(1, self._repetitions)
            if varbinds > 1:
                self._size.halve(varbinds)
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
        self._size.answered(response.end - response.start)
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


def walk_of(columns: Sequence[bytes], max_repetitions: int | None = None, size: WalkSize | None = None) -> Walk:
    """A walk over ``columns`` with the usual bounds."""
    return Walk(Table(columns), max_repetitions, size)
