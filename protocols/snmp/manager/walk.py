"""A walk: columns of a table, or a subtree, read row after row by GETBULK, or by GETNEXT where the agent is v1."""

from collections.abc import Sequence

from protocols.snmp.manager.errors import NO_SUCH_NAME, TOO_BIG, BadAnswer, OidNotIncreasing, TableTooLarge
from protocols.snmp.manager.operation import HEADER_OCTETS, LARGEST_ANSWER, VALUE_OCTETS, Operation, refused
from protocols.snmp.manager.request_pdu import RequestPdu, get_bulk_request, get_next_request
from protocols.snmp.manager.response_pdu import ResponsePdu
from protocols.snmp.manager.table import Table
from protocols.snmp.manager.walk_size import WalkSize


class Walk(Operation):
    """Fills ``table`` until each of its columns has ended, or until it cannot go on: ``table.incomplete`` says why.

    ``max_repetitions`` bounds the rows that one GETBULK asks for; 0 walks by GETNEXT. ``size`` is what is known of the agent's
    answers, kept from walk to walk. An agent that answers tooBig is asked for half as much, at last for one column at a
    time; one that does not answer is asked again for half the rows. One that never gave a right answer to a GETBULK (silence,
    an error, the OID that was asked for) is asked by GETNEXT. Each answer must bring a column further, so a walk ends.
    """

    __slots__ = ("_asked", "_by_next", "_latest", "_max_repetitions", "_most", "_open", "_repetitions", "_size", "table")

    def __init__(self, table: Table, max_repetitions: int | None = None, size: WalkSize | None = None) -> None:
        super().__init__()
        self.table = table
        self._size = WalkSize() if size is None else size
        self._max_repetitions = self._size.varbinds if max_repetitions is None else max_repetitions
        self._open = list(range(len(table.columns)))
        self._asked: list[int] = []
        self._repetitions = self._latest = 0  # rows of the request, and of its latest message
        self._by_next = False  # the latest message is a GETNEXT in place of a GETBULK without an answer
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
        self._repetitions = self._latest = min(self._max_repetitions, most // width) if self._size.bulk else 0
        self._by_next = False
        names = [self.table.last[column] for column in self._asked]
        return get_bulk_request(names, 0, self._repetitions) if self._repetitions else get_next_request(names)

    def smaller_request(self, last: bool) -> RequestPdu | None:
        """The same columns for half the rows, or ``last`` by GETNEXT where no GETBULK was ever answered. ``take`` accepts an
        answer to the larger request too."""
        names = [self.table.last[column] for column in self._asked]
        if last and self._repetitions and not self._size.bulk_known:
            self._by_next = True
            return get_next_request(names)
        if self._latest < 2:
            return None
        self._latest //= 2
        self._most = len(self._asked) * self._latest
        return get_bulk_request(names, 0, self._latest)

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
            if isinstance(stopped, OidNotIncreasing) and self._give_up_bulk():
                return
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
        if self._give_up_bulk():
            return
        raise refused(response, [self.table.last[column] for column in asked])

    def _give_up_bulk(self) -> bool:
        """True when the answer was to a GETBULK, and the agent never gave a right one: the same is asked for by GETNEXT."""
        if not self._repetitions or self._size.bulk_known:
            return False
        self._size.bulk_failed()
        self.table.begin_anew()
        self._open = list(range(len(self.table.columns)))
        return True

    def _take_rows(self, response: ResponsePdu) -> None:
        asked, table = self._asked, self.table
        before = [table.last[column] for column in asked]
        came = table.varbinds
        table.take(asked, response, len(asked) * max(1, self._repetitions))
        came = table.varbinds - came
        self._size.answered(response.end - response.start)
        behind = [
            column
            for column, previous in zip(asked, before, strict=True)
            if table.last[column] == previous and not table.ended[column]
        ]
        if len(behind) == len(asked):
            if self._give_up_bulk():
                return
            raise BadAnswer("no column came further")
        if self._by_next and came <= len(asked):
            self._size.bulk_failed()
        elif self._repetitions:
            self._size.bulk_known = True
        if behind:
            # The answer was cut before it came to these columns: they are first in the next one.
            rest = [column for column in self._open if column not in behind]
            self._open = behind + rest


def walk_of(columns: Sequence[bytes], max_repetitions: int | None = None, size: WalkSize | None = None) -> Walk:
    """A walk over ``columns`` with the usual bounds."""
    return Walk(Table(columns), max_repetitions, size)
