"""Which datagram is the answer, when a transaction asks again, and how it ends."""

from collections.abc import Callable
from typing import Any

import pytest
from vocabulary.snmp_agent import ENGINE, MemoryAgent, is_report
from vocabulary.snmp_transactions import carry_out

from protocols.snmp import ber
from protocols.snmp.manager import errors
from protocols.snmp.manager.community_session import CommunitySession
from protocols.snmp.manager.get import Get
from protocols.snmp.manager.get_bulk import GetBulk
from protocols.snmp.manager.get_next import GetNext
from protocols.snmp.manager.session import IGNORED_REASONS, AgentSession
from protocols.snmp.manager.set import Set
from protocols.snmp.manager.transaction import Transaction
from protocols.snmp.manager.usm_session import UsmSession
from protocols.snmp.manager.value import decode_value, is_missing
from protocols.snmp.oid import encode_oid
from protocols.snmp.usm.ciphers import SaltCounter
from protocols.snmp.usm.engine_clocks import EngineClocks
from protocols.snmp.usm.message import compose, parse
from protocols.snmp.usm.outgoing import secured
from protocols.snmp.usm.scoped_pdu import scoped_pdu
from protocols.snmp.usm.user import UsmUser

NAME, UPTIME, NOWHERE = (encode_oid(each) for each in ("1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.3.0", "1.3.6.1.9.9.0"))
MIB = {UPTIME: b"\x43\x01\x07", NAME: b"\x04\x05agent"}
PRIVATE = UsmUser("noc", "SHA", "authpass12345", "AES", "privpass67890")
SIGNED = UsmUser("lab", "SHA-256", "authpass12345")
PLAIN = UsmUser("open")
USERS = PRIVATE, SIGNED, PLAIN


def agent(**given: Any) -> MemoryAgent:
    return MemoryAgent(MIB, USERS, **given)


def community(version: Any = "2c", number: int = 7) -> CommunitySession:
    return CommunitySession(version, b"public", number)


def usm(user: UsmUser = PRIVATE, **given: Any) -> UsmSession:
    return UsmSession(user, given.pop("clocks", EngineClocks()), SaltCounter(5), 2**31 - 2, **given)


def answer_to(number: int) -> bytes:
    """A Response without bindings to the request ``number``."""
    return ber.element(0xA2, ber.integer(number) + ber.integer(0) * 2 + ber.element(ber.SEQUENCE, b""))


SESSIONS: dict[str, Callable[[], AgentSession]] = {
    "v1": lambda: community("1"),
    "v2c": community,
    "noAuthNoPriv": lambda: usm(PLAIN),
    "authNoPriv": lambda: usm(SIGNED),
    "authPriv": usm,
}
each_session = pytest.mark.parametrize("make", SESSIONS.values(), ids=SESSIONS)


@each_session
def test_get_set_and_get_next(make: Callable[[], AgentSession]) -> None:
    session, device = make(), agent()
    get = Get([NAME, NOWHERE, UPTIME])
    assert carry_out(device, session, get).error is None
    assert [is_missing(each) for each in get.values] == [False, True, False]
    assert (decode_value(get.values[0]).value, decode_value(get.values[2]).value) == (b"agent", 7)
    assert carry_out(device, session, Set([(NAME, b"\x04\x01x")])).error is None
    assert device.mib[NAME] == b"\x04\x01x"
    following = GetNext([UPTIME])
    assert carry_out(device, session, following).error is None
    assert following.bindings == [NAME, b"\x04\x01x"]
    assert session.ignored == {}


@each_session
def test_it_asks_again_and_gives_up(make: Callable[[], AgentSession]) -> None:
    transaction = Transaction(make(), Get([NAME]), timeout=2.0, retries=2)
    assert transaction.start(10.0)
    for deadline in (12.0, 15.0):
        assert transaction.deadline == deadline
        assert transaction.expire(deadline - 0.1) is None
        assert transaction.expire(deadline)
    assert transaction.expire(19.4) is None
    assert not transaction.done
    assert transaction.expire(19.5) is None
    assert transaction.done
    assert isinstance(transaction.error, errors.NoAnswer)
    assert transaction.sent == 3
    assert transaction.expire(99.0) is None


@each_session
def test_of_three_answers_two_are_duplicates_and_the_next_request_has_a_round_trip_of_its_own(
    make: Callable[[], AgentSession],
) -> None:
    session, device = make(), agent()
    assert carry_out(device, session, Get([NAME])).error is None
    transaction = Transaction(session, get := Get([NAME]))
    request = transaction.start(10.0)
    assert request
    first = device.answer(request, 10.0)
    assert first
    for _ in range(3):
        transaction.receive(first, 10.25)
    assert (transaction.round_trip, session.ignored) == (0.25, {"duplicate": 2})
    assert decode_value(get.values[0]).value == b"agent"
    transaction = Transaction(session, get := Get([UPTIME]))
    request = transaction.start(20.0)
    assert request
    assert transaction.receive(first, 20.1) is None
    answer = device.answer(request, 20.0)
    assert answer
    transaction.receive(answer, 20.5)
    assert (transaction.round_trip, session.ignored) == (0.5, {"duplicate": 3})
    assert decode_value(get.values[0]).value == 7


@each_session
def test_an_answer_after_the_last_deadline_is_late(make: Callable[[], AgentSession]) -> None:
    session, device = make(), agent()
    assert carry_out(device, session, Get([NAME])).error is None
    transaction = Transaction(session, Get([NAME]), retries=0)
    request = transaction.start(1.0)
    assert request
    transaction.expire(3.0)
    answer = device.answer(request, 3.0)
    assert answer
    assert transaction.receive(answer, 3.0) is None
    assert isinstance(transaction.error, errors.NoAnswer)
    assert session.ignored == {"late": 1}


@each_session
def test_the_round_trip_is_that_of_the_message_that_was_answered(make: Callable[[], AgentSession]) -> None:
    session, device = make(), agent()
    assert carry_out(device, session, Get([NAME])).error is None
    for answered, begun, expected in ((0, 1.0, 4.0), (1, 11.0, 2.0)):
        transaction = Transaction(session, Get([NAME]), timeout=2.0)
        messages = [transaction.start(begun), transaction.expire(begun + 2.0)]
        answer = device.answer(messages[answered] or b"", begun + 2.0)
        assert answer
        transaction.receive(answer, begun + 4.0)
        assert transaction.error is None
        assert transaction.round_trip == expected
    assert session.ignored == {}


@each_session
def test_a_late_answer_to_the_first_datagram_is_the_answer(make: Callable[[], AgentSession]) -> None:
    session, device = make(), agent()
    assert carry_out(device, session, Get([NAME])).error is None
    transaction = Transaction(session, get := Get([NAME]), timeout=1.0)
    first = transaction.start(1.0)
    assert first
    assert transaction.expire(2.0)
    answer = device.answer(first, 2.5)
    assert answer
    assert transaction.receive(answer, 2.5) is None
    assert transaction.done
    assert decode_value(get.values[0]).value == b"agent"


@each_session
def test_an_answer_that_comes_twice_or_to_another_request_is_none(make: Callable[[], AgentSession]) -> None:
    session, device = make(), agent()
    answers: list[bytes] = []

    def twice(datagram: bytes) -> list[bytes]:
        answers.append(datagram)
        return [*answers[-3:], datagram]

    assert carry_out(device, session, Get([NAME]), spoil=twice).error is None
    get = Get([UPTIME])
    assert carry_out(device, session, get, spoil=twice).error is None
    assert decode_value(get.values[0]).value == 7
    assert set(session.ignored) == {"duplicate"}


FORGERIES: dict[str, tuple[Callable[[], AgentSession], Callable[[bytes], bytes], str]] = {
    "another community": (community, lambda o: o.replace(b"public", b"guess!"), "wrong_community"),
    "another version": (community, lambda o: o.replace(b"\x02\x01\x01\x04", b"\x02\x01\x00\x04", 1), "other_version"),
    "a request": (community, lambda o: o.replace(b"\xa2", b"\xa0", 1), "malformed"),
    "no octets": (community, lambda o: b"", "malformed"),
    "cut": (community, lambda o: o[:-1], "malformed"),
    "another digest": (usm, lambda o: o[:-1] + bytes((o[-1] ^ 1,)), "wrong_digest"),
    "cut, v3": (usm, lambda o: o[:-1], "malformed"),
    "another user": (usm, lambda o: o.replace(b"\x03noc", b"\x03lab", 1), "wrong_user"),
    "another engine": (usm, lambda o: o.replace(ENGINE, ENGINE[::-1], 1), "wrong_engine"),
    "v2c to v3": (usm, lambda o: community().message(Get([NAME]).request("2c"), 0.0), "malformed"),
    "without security": (
        usm,
        lambda o: o.replace(b"\x04\x01\x03\x02\x01\x03", b"\x04\x01\x00\x02\x01\x03", 1),
        "malformed",
    ),
}


@pytest.mark.parametrize(("make", "forge", "reason"), FORGERIES.values(), ids=FORGERIES)
def test_a_foreign_or_spoiled_datagram_is_no_answer(
    make: Callable[[], AgentSession], forge: Callable[[bytes], bytes], reason: str
) -> None:
    session, device = make(), agent()
    carry_out(device, session, Get([NAME]))
    get = Get([NAME])
    transaction = carry_out(device, session, get, spoil=lambda datagram: [forge(datagram), datagram])
    assert transaction.error is None
    assert transaction.sent == 1
    assert decode_value(get.values[0]).value == b"agent"
    assert session.ignored == {reason: 1}
    assert reason in IGNORED_REASONS


def test_an_answer_at_a_lower_level_is_none() -> None:
    session = usm(PRIVATE, engine_id=ENGINE)
    carry_out(agent(), session, Get([NAME]))
    transaction = Transaction(session, Get([NAME]))
    request = transaction.start(1.0)
    assert request
    for spoofer in (UsmUser("noc"), UsmUser("noc", "SHA", "authpass12345")):
        forged = secured(
            spoofer,
            spoofer.level,
            msg_id=parse(request).msg_id,
            engine_id=ENGINE,
            boots=1,
            time=1,
            scoped_pdu=scoped_pdu(answer_to(1), context_engine_id=ENGINE),
            salts=SaltCounter(1),
        )
        assert transaction.receive(forged, 1.0) is None
    assert not transaction.done
    assert session.ignored == {"wrong_level": 2}


@pytest.mark.parametrize(
    ("user", "error"),
    [
        (UsmUser("nobody"), errors.UnknownUser),
        (UsmUser("noc", "SHA", "authpass12345"), errors.UnsupportedSecurityLevel),
        (UsmUser("noc", "SHA", "another phrase", "AES", "privpass67890"), errors.WrongDigest),
        (UsmUser("noc", "SHA", "authpass12345", "AES", "another phrase"), errors.AgentCannotDecrypt),
    ],
    ids=["user", "level", "digest", "privacy"],
)
def test_a_report_is_a_typed_error(user: UsmUser, error: type[errors.RequestError]) -> None:
    transaction = carry_out(agent(), usm(user), Get([NAME]))
    assert type(transaction.error) is error
    assert error.reason in errors.REQUEST_REASONS


def test_an_unknown_context_is_a_typed_error() -> None:
    assert type(carry_out(agent(), usm(context="elsewhere"), Get([NAME])).error) is errors.UnknownContext


def test_a_report_of_another_counter_is_named() -> None:
    def other(datagram: bytes) -> list[bytes]:
        return [datagram.replace(encode_oid("1.3.6.1.6.3.15.1.1.3.0"), encode_oid("1.3.6.1.6.3.15.1.1.9.0"))]

    transaction = carry_out(agent(), usm(UsmUser("nobody")), Get([NAME]), spoil=other)
    assert type(transaction.error) is errors.ReportedError
    assert "1.3.6.1.6.3.15.1.1.9.0" in str(transaction.error)


def test_discovery_has_two_steps() -> None:
    device = agent()
    assert carry_out(device, usm(PRIVATE), Get([NAME])).sent == 3
    assert carry_out(device, usm(PLAIN), Get([NAME])).sent == 2


def test_the_listeners_clocks_save_the_second_step_and_learn_from_the_manager() -> None:
    device, clocks = agent(), EngineClocks()
    clocks.accept(ENGINE, 1, 0, 0.0)
    assert carry_out(device, usm(clocks=clocks), Get([NAME]), now=100.0).sent == 2
    device.started = -1_000.0
    session = usm(clocks=clocks)
    assert carry_out(device, session, Get([NAME]), now=101.0).sent == 3
    assert clocks.estimate(ENGINE, 101.0) == (1, 1_101)
    device.started -= 100.0
    assert carry_out(device, session, Get([NAME]), now=102.0).sent == 1
    assert clocks.estimate(ENGINE, 102.0) == (1, 1_202)


@pytest.mark.parametrize(
    ("boots", "started", "sent"),
    [(1, 0.0, 1), (2, 1_000.0, 2), (1, 1_000.0, 2), (1, -5_000.0, 2), (0, 1_000.0, 2)],
    ids=["goes on", "restarts", "restarts with the same boots", "runs ahead", "restarts with lower boots"],
)
def test_an_engine_that_restarts_is_followed(boots: int, started: float, sent: int) -> None:
    session, device = usm(), agent()
    carry_out(device, session, Get([NAME]))
    device.boots, device.started = boots, started
    for expected in (sent, 1):
        get = Get([NAME])
        transaction = carry_out(device, session, get, now=1_001.0)
        assert (transaction.error, transaction.sent) == (None, expected)
        assert decode_value(get.values[0]).value == b"agent"


def test_an_engine_that_is_never_satisfied_ends_the_transaction() -> None:
    session, device = usm(), agent()

    def restart(datagram: bytes) -> list[bytes]:
        device.boots += 1
        return [datagram]

    transaction = carry_out(device, session, Get([NAME]), spoil=restart)
    assert type(transaction.error) is errors.NotInTimeWindow
    assert transaction.sent == 3


def test_another_device_at_the_address_is_discovered_anew() -> None:
    session = usm()
    carry_out(agent(), session, Get([NAME]))
    other = agent(engine_id=ENGINE[::-1])
    assert carry_out(other, session, Get([NAME])).error is None
    assert session.engine_id == ENGINE[::-1]


def test_a_report_without_a_signature_sets_no_clock() -> None:
    session, device = usm(), agent()
    carry_out(device, session, Get([NAME]))
    before = session._boots, session._time, session._at
    transaction = Transaction(session, Get([NAME]))
    request = transaction.start(5.0)
    assert request
    forger = MemoryAgent(MIB, [UsmUser("noc", "SHA", "authpass12345", "AES", "privpass67890")])
    forger.boots = 77
    answer = forger.answer(request, 5.0)
    assert answer
    unsigned = answer.replace(b"\x04\x01\x01\x02\x01\x03", b"\x04\x01\x00\x02\x01\x03", 1)
    assert unsigned != answer
    transaction.receive(unsigned, 5.0)
    assert type(transaction.error) is errors.NotInTimeWindow
    assert (session._boots, session._time, session._at) == before


@pytest.mark.parametrize(
    ("boots", "time", "timely"),
    [(5, 849, False), (5, 850, True), (4, 9_999, False), (6, 0, True), (2**31 - 1, 0, False)],
)
def test_a_signed_answer_out_of_the_time_window_is_none(boots: int, time: int, timely: bool) -> None:
    session = usm(SIGNED, engine_id=ENGINE)
    device = agent()
    device.boots, device.started = 5, -1_000.0
    assert carry_out(device, session, Get([NAME])).error is None
    request = Transaction(session, Get([NAME])).start(0.0)
    assert request
    number = parse(request).msg_id
    late = secured(
        SIGNED,
        SIGNED.level,
        msg_id=number,
        engine_id=ENGINE,
        boots=boots,
        time=time,
        scoped_pdu=scoped_pdu(answer_to(number), context_engine_id=ENGINE),
        salts=SaltCounter(1),
    )
    assert (session.read(late, 0.0) is not None) == timely
    assert session.ignored == ({} if timely else {"not_in_time_window": 1})


def test_a_signature_that_nobody_can_have_made_is_none() -> None:
    session = usm(PLAIN, engine_id=ENGINE)
    request = Transaction(session, Get([NAME])).start(0.0)
    assert request
    claimed = compose(
        msg_id=parse(request).msg_id,
        level="authNoPriv",
        engine_id=ENGINE,
        boots=1,
        time=1,
        user=PLAIN.name,
        digest_length=0,
        salt=b"",
        data=scoped_pdu(answer_to(1), context_engine_id=ENGINE),
    )
    assert session.read(claimed, 0.0) is None
    assert session.ignored == {"wrong_digest": 1}


def test_a_replayed_answer_is_none() -> None:
    session, device = usm(), agent()
    old: list[bytes] = []
    carry_out(device, session, Get([NAME]), spoil=lambda datagram: old.append(datagram) or [datagram])  # type: ignore[func-returns-value]
    transaction = Transaction(session, Get([NAME]))
    transaction.start(1.0)
    for datagram in old:
        assert transaction.receive(datagram, 1.0) is None
    assert not transaction.done
    assert session.ignored == {"duplicate": len(old)}
    assert any(is_report(each) for each in old)


def test_an_error_status_is_typed_and_names_its_binding() -> None:
    transaction = carry_out(agent(), community(), Set([(NAME, b"\x04\x00"), (NOWHERE, b"\x04\x00")]))
    assert isinstance(transaction.error, errors.AgentRefused)
    assert (transaction.error.status, transaction.error.index, transaction.error.name) == (17, 2, NOWHERE)
    assert "notWritable" in str(transaction.error)


def test_too_big_is_asked_for_in_parts() -> None:
    names = [encode_oid(f"1.3.6.1.4.1.9.{number}") for number in range(1, 20)]
    device = MemoryAgent(dict.fromkeys(names, b"\x04\x32" + bytes(50)), largest=200)
    get = Get(names)
    assert carry_out(device, community(), get).error is None
    assert len([each for each in get.values if each == b"\x04\x32" + bytes(50)]) == 19
    device.largest = 10
    transaction = carry_out(device, community(), Get(names))
    assert type(transaction.error) is errors.AnswerTooBig


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_get_that_is_not_answered_is_asked_for_in_halves(most: int) -> None:
    """Calix E7 and others are silent where a request has more names than they can take."""

    class Few(MemoryAgent):
        def answer(self, datagram: bytes, now: float = 0.0) -> bytes | None:
            return super().answer(datagram, now) if datagram.count(b"\x2b\x06\x01") <= most else None

    operation = Get([UPTIME, NAME, UPTIME, NOWHERE])
    assert carry_out(Few(MIB), community(), operation).error is None
    assert operation.values == [MIB[UPTIME], MIB[NAME], MIB[UPTIME], operation.values[3]]
    assert is_missing(operation.values[3])


def test_an_answer_to_the_larger_get_is_taken_after_the_smaller_one_was_sent() -> None:
    operation, device = Get([UPTIME, NAME]), agent()
    transaction = Transaction(community(), operation, timeout=1.0)
    larger = transaction.start(0.0)
    assert larger
    assert transaction.expire(1.0)
    answer = device.answer(larger)
    assert answer
    assert transaction.receive(answer, 1.5) is None
    assert operation.values == [MIB[UPTIME], MIB[NAME]]


def test_bulk_takes_no_more_than_it_asked_for() -> None:
    def more(datagram: bytes) -> list[bytes]:
        extra = ber.element(ber.SEQUENCE, ber.element(ber.OBJECT_IDENTIFIER, NAME) + b"\x05\x00")
        _, start, end = ber.read_header(datagram, 0, len(datagram), set())
        pdu = datagram.index(b"\xa2")
        _, inner, stop = ber.read_header(datagram, pdu, end, set())
        at = inner
        for _ in range(3):
            _, _, at = ber.read_header(datagram, at, stop, set())
        _, first, last = ber.read_header(datagram, at, stop, set())
        varbinds = ber.element(ber.SEQUENCE, datagram[first:last] + extra)
        return [ber.element(ber.SEQUENCE, datagram[start:pdu] + ber.element(0xA2, datagram[inner:at] + varbinds))]

    for operation in (GetBulk([UPTIME], 0, 1), GetNext([UPTIME]), Get([UPTIME])):
        transaction = carry_out(agent(), community(), operation, spoil=more)
        assert type(transaction.error) is errors.BadAnswer


def test_an_answer_with_other_names_is_none_of_the_request() -> None:
    transaction = carry_out(agent(), community(), Get([UPTIME]), spoil=lambda datagram: [datagram.replace(UPTIME, NAME)])
    assert type(transaction.error) is errors.BadAnswer


def test_an_operation_without_names_sends_nothing() -> None:
    transaction = Transaction(community(), Get([]))
    assert transaction.start(0.0) is None
    assert transaction.done
    assert transaction.receive(b"", 0.0) is None


def test_numbers_wrap() -> None:
    session = community(number=2**31 - 2)
    for _ in range(4):
        assert carry_out(agent(), session, Get([NAME])).error is None
    for _ in range(4):
        assert carry_out(agent(), usm(), Get([NAME])).error is None


@pytest.mark.parametrize(
    ("timeout", "retries", "longest", "sent"),
    [(2.0, 2, 60.0, [0, 2, 5]), (60.0, 10, 10.0, [0]), (4.0, 10, 10.0, [0, 4]), (2.0, 2, 9.5, [0, 2, 5]), (2.0, 2, 0.0, [0])],
)
def test_nothing_is_waited_for_beyond_the_bound(timeout: float, retries: int, longest: float, sent: list[float]) -> None:
    transaction = Transaction(community(), Get([NAME]), timeout, retries, longest)
    now, at = 100.0, []
    octets = transaction.start(now)
    while not transaction.done:
        if octets is not None:
            at.append(now - 100.0)
        now = transaction.deadline
        octets = transaction.expire(now)
    assert at == sent
    assert now - 100.0 == min(longest, sum(timeout * 1.5**each for each in range(retries + 1)))
    assert isinstance(transaction.error, errors.NoAnswer)


def test_an_agent_that_answered_before_the_bound_is_slow_and_not_silent() -> None:
    transaction = Transaction(usm(), Get([NAME]), 4.0, 10, 10.0)
    octets = transaction.start(0.0)
    assert octets is not None
    report = agent().answer(octets, 0.0)
    assert report is not None
    transaction.receive(report, 1.0)
    while not transaction.done:
        transaction.expire(transaction.deadline)
    assert isinstance(transaction.error, errors.TooSlow)
