"""An agent in memory: it answers GET, GETNEXT, GETBULK and SET of every SNMP version from a dictionary, without a socket.

For v3 its engine is authoritative (RFC 3414 section 3.2), with Reports for what it cannot process. It is written for the tests
and shares with the manager only the codec and the User-based Security Model.
"""

from bisect import bisect_right
from collections.abc import Iterable

from protocols.snmp import ber
from protocols.snmp.errors import SnmpRefusal
from protocols.snmp.manager.response_pdu import ResponsePdu, split_varbinds
from protocols.snmp.oid import encode_oid, read_subids
from protocols.snmp.pdu import GET, GET_BULK, GET_NEXT, REPORT, RESPONSE, SET, read_common_header
from protocols.snmp.peek import Level
from protocols.snmp.usm import report
from protocols.snmp.usm.ciphers import DecryptionFailed, SaltCounter
from protocols.snmp.usm.engine_clocks import is_in_own_window
from protocols.snmp.usm.incoming import is_signed_by, plaintext
from protocols.snmp.usm.message import parse
from protocols.snmp.usm.outgoing import reply
from protocols.snmp.usm.scoped_pdu import pdu_position
from protocols.snmp.usm.user import UsmUser
from protocols.snmp.usm.usm_message import UsmMessage

NO_SUCH_INSTANCE, END_OF_MIB_VIEW = b"\x81\x00", b"\x82\x00"
TOO_BIG, NO_SUCH_NAME, NOT_WRITABLE = 1, 2, 17
ENGINE = bytes.fromhex("80001f8804") + b"memory"
LARGEST = 65_000


class MemoryAgent:
    """``mib`` maps names (content octets) to value elements. ``largest`` is the size of the largest VarBindList that it sends.

    ``boots`` and ``started`` (monotonic seconds) are its engine's clock; a restart is another value of each.
    """

    def __init__(
        self,
        mib: dict[bytes, bytes],
        users: Iterable[UsmUser] = (),
        *,
        community: bytes = b"public",
        largest: int = LARGEST,
        engine_id: bytes = ENGINE,
    ) -> None:
        self.mib = dict(mib)
        self.users = {user.name: user for user in users}
        self.community, self.largest, self.engine_id = community, largest, engine_id
        self.boots, self.started = 1, 0.0
        self.contexts = {b""}
        self.received = 0
        self._names = sorted(self.mib, key=lambda name: read_subids(name)[0])
        self._subids = [read_subids(name)[0] for name in self._names]
        self._salts = SaltCounter(0)

    def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
        """The answer to a request, None where an agent keeps silent."""
        self.received += 1
        _, start, end = ber.read_header(datagram, 0, len(datagram), set())
        version, pos = ber.read_integer(datagram, start, end, set(), "version")
        if version == 3:
            return self._answer_v3(parse(datagram, LARGEST), now)
        community, after = ber.read_octets(datagram, pos, end, set(), "community")
        if community != self.community:
            return None
        pdu = self._response(datagram, after, end, v1=version == 0)
        return ber.element(ber.SEQUENCE, datagram[start:after] + pdu)

    def _answer_v3(self, message: UsmMessage, now: float) -> bytes | None:
        user = self.users.get(message.user)
        time = int(now - self.started)
        if message.engine_id != self.engine_id:
            return self._report(message, report.UNKNOWN_ENGINE_IDS, time)
        if user is None:
            return self._report(message, report.UNKNOWN_USER_NAMES, time)
        if user.level != message.level:
            return self._report(message, report.UNSUPPORTED_SECURITY_LEVELS, time)
        if message.level != "noAuthNoPriv":
            if not is_signed_by(message, user):
                return self._report(message, report.WRONG_DIGESTS, time)
            if not is_in_own_window(message.boots, message.time, self.boots, time):
                return self._report(message, report.NOT_IN_TIME_WINDOWS, time, user)
        try:
            scoped = plaintext(message, user)
        except DecryptionFailed:
            return self._report(message, report.DECRYPTION_ERRORS, time, user)
        pos, end = pdu_position(scoped)
        start, stop = ber.read_element(scoped, 0, len(scoped), set(), ber.SEQUENCE, "a ScopedPDU")
        _, context = ber.read_octets(scoped, start, stop, set(), "contextEngineID")
        if ber.read_octets(scoped, context, stop, set(), "contextName")[0] not in self.contexts:
            return self._report(message, report.UNKNOWN_CONTEXTS, time, user)
        pdu = ber.element(ber.SEQUENCE, scoped[start:pos] + self._response(scoped, pos, end, v1=False))
        return self._reply(message, user, message.level, pdu, time)

    def _reply(self, to: UsmMessage, user: UsmUser | None, level: Level, scoped: bytes, time: int) -> bytes:
        return reply(
            to,
            user,
            level,
            engine_id=self.engine_id,
            boots=self.boots,
            time=time,
            scoped_pdu=scoped,
            salts=self._salts,
        )

    def _report(self, to: UsmMessage, counter: str, time: int, user: UsmUser | None = None) -> bytes | None:
        if not to.reportable:
            return None
        scoped = report.report_pdu(self.engine_id, 0, counter, 1)
        if user is not None and user.level != "noAuthNoPriv":
            return self._reply(to, user, "authNoPriv", scoped, time)
        return self._reply(to, None, "noAuthNoPriv", scoped, time)

    def _response(self, data: bytes, pos: int, end: int, *, v1: bool) -> bytes:
        tag, start, stop = ber.read_header(data, pos, end, set())
        request_id, second, third, at = read_common_header(data, start, stop, set())
        first, last = ber.read_element(data, at, stop, set(), ber.SEQUENCE, "variable-bindings")
        asked = split_varbinds(ResponsePdu(RESPONSE, request_id, 0, 0, data, first, last), 10_000)
        names = asked[::2]
        status = index = 0
        if tag == GET:
            found = [(name, self.mib.get(name, NO_SUCH_INSTANCE)) for name in names]
        elif tag == GET_NEXT:
            found = [self.following(name) for name in names]
        elif tag == GET_BULK:
            found = self._bulk(names, second, third)
        else:
            assert tag == SET
            found = list(zip(names, asked[1::2], strict=True))
            missing = [number for number, name in enumerate(names, 1) if name not in self.mib]
            if missing:
                status, index = NOT_WRITABLE, missing[0]
            else:
                self.mib.update(found)
        if v1:
            odd = [number for number, (_, value) in enumerate(found, 1) if value in (NO_SUCH_INSTANCE, END_OF_MIB_VIEW)]
            if odd:
                status, index = NO_SUCH_NAME, odd[0]
        varbinds = [_binding(name, value) for name, value in found]
        while tag == GET_BULK and varbinds and sum(map(len, varbinds)) > self.largest:
            varbinds.pop()
        if tag != GET_BULK and sum(map(len, varbinds)) > self.largest:
            status, index, varbinds = TOO_BIG, 0, []
        if status:
            varbinds = [data[first:last]] if status != TOO_BIG else []
        head = ber.integer(request_id) + ber.integer(status) + ber.integer(index)
        return ber.element(RESPONSE, head + ber.element(ber.SEQUENCE, b"".join(varbinds)))

    def following(self, name: bytes) -> tuple[bytes, bytes]:
        """Name and value of what comes after ``name``."""
        place = bisect_right(self._subids, read_subids(name)[0])
        if place == len(self._names):
            return name, END_OF_MIB_VIEW
        return self._names[place], self.mib[self._names[place]]

    def _bulk(self, names: list[bytes], non_repeaters: int, repetitions: int) -> list[tuple[bytes, bytes]]:
        found = [self.following(name) for name in names[:non_repeaters]]
        names = names[non_repeaters:]
        for _ in range(repetitions):
            row = [self.following(name) for name in names]
            found += row
            names = [name for name, _ in row]
        return found


def _binding(name: bytes, value: bytes) -> bytes:
    return ber.element(ber.SEQUENCE, ber.element(ber.OBJECT_IDENTIFIER, name) + value)


def table_mib(prefix: str, columns: int, rows: Iterable[tuple[int, ...]]) -> dict[bytes, bytes]:
    """Columns 1 to ``columns`` of a table entry: INTEGER values, another one in each cell."""
    return {
        encode_oid(f"{prefix}.{column}.{'.'.join(map(str, index))}"): ber.integer(1_000 * number + column)
        for column in range(1, columns + 1)
        for number, index in enumerate(rows)
    }


def is_report(datagram: bytes) -> bool:
    """True for an unencrypted v3 Report."""
    try:
        message = parse(datagram, LARGEST)
        pos, _ = pdu_position(message.data)
    except SnmpRefusal:
        return False
    return message.data[pos] == REPORT
