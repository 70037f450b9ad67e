"""v1 and v2c through real sockets: what is taken, refused, answered, and how it is booked."""

import base64
import contextlib
import socket
from datetime import timedelta

import msgspec
import pytest
import structlog
import trio
import trio.testing
from trio.testing import MockClock
from vocabulary.listener import NetSnmp, listening
from vocabulary.typed import of_kind

from actors.trap_listener.settings import TrapSettings
from actors.trap_listener.sockets import open_socket
from protocols.event import SourceRefused, SystemReport, Trap
from protocols.snmp import encode
from protocols.snmp.notification import VarBind

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"


def trap(community: str = "public", request_id: int = 7) -> bytes:
    return encode.trap_v2c(community=community, trap_oid=LINK_DOWN, uptime=100, varbinds=(), request_id=request_id)


def inform(request_id: int = 7) -> bytes:
    varbinds = (VarBind("1.3.6.1.2.1.2.2.1.1.3", "INTEGER", 3),)
    return encode.inform(community="public", trap_oid=LINK_DOWN, uptime=100, varbinds=varbinds, request_id=request_id)


async def test_a_trap_becomes_an_event_with_source_and_time(sender: socket.socket) -> None:
    async with listening() as bench:
        sender.sendto(trap(), bench.address)
        (event,) = await bench.next()
        await bench.until("faultd_traps_accepted_total", 1)
        assert (event.source, event.notification.trap_oid, event.inform_key, event.raw) == ("127.0.0.1", LINK_DOWN, "", b"")
        assert event.received.utcoffset() == timedelta()
        assert bench.books_balance()


async def test_ipv6_and_several_sockets() -> None:
    async with listening(TrapSettings(listen=("127.0.0.1:0", "[::1]:0"))) as bench:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.sendto(trap(), bench.sockets[1].address)
            (event,) = await bench.next()
            assert event.source == "::1"


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "truncated"),
        (b"\x30\x82", "truncated"),
        (b"\x30\x03\x02\x01\x02", "bad_version"),
        (b"\x30\x80\x00\x00", "indefinite_length"),
        (b"\x00" * 8193, "oversize"),
        (trap("private"), "unknown_community"),
        (encode.get(community="public", oids=["1.3.6.1.2.1.1.1.0"], request_id=1), "not_a_notification"),
    ],
)
async def test_refusals_are_counted_by_reason_and_the_listener_goes_on(
    sender: socket.socket, datagram: bytes, reason: str
) -> None:
    async with listening() as bench:
        sender.sendto(datagram, bench.address)
        await bench.until("faultd_traps_dropped_total", 1, reason=reason)
        sender.sendto(trap(), bench.address)
        await bench.next()
        await bench.until("faultd_traps_accepted_total", 1)
        assert bench.total("faultd_traps_dropped_total") == 1
        assert bench.books_balance()


async def test_the_source_is_checked_before_the_octets(sender: socket.socket) -> None:
    async with listening(TrapSettings(listen=("127.0.0.1:0",), allow=("127.0.0.2/32",))) as bench:
        sender.sendto(b"no SNMP at all", bench.address)
        await bench.until("faultd_traps_dropped_total", 1, reason="source_not_allowed")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as allowed:
            allowed.bind(("127.0.0.2", 0))
            allowed.sendto(trap(), bench.address)
            assert [event.source for event in await bench.next()] == ["127.0.0.2"]


ZTE = frozenset({"eventid", "level"})
"""As ``community_fields`` of profiles gives them."""


@pytest.mark.parametrize(
    ("communities", "fields", "sent", "taken"),
    [
        (("public",), ZTE, "public@eventId=17@level=1", "***@eventId=17@level=1"),
        (("public",), ZTE, "public@confirm@LEVEL=1", "***@confirm@LEVEL=1"),
        (("public",), ZTE, "public@secret", ""),
        (("public",), ZTE, "public@colour=red", ""),
        (("public",), frozenset(), "public@eventId=17@level=1", ""),
        (("noc@public",), frozenset(), "noc@public", "***"),
        (("noc@public",), ZTE, "noc@public", "***"),
        (("noc",), frozenset(), "noc@public", ""),
    ],
)
async def test_a_community_is_cut_at_the_fields_that_a_profile_names(
    sender: socket.socket, communities: tuple[str, ...], fields: frozenset[str], sent: str, taken: str
) -> None:
    settings = TrapSettings(listen=("127.0.0.1:0",), communities=communities)
    async with listening(settings, community_fields=fields) as bench:
        sender.sendto(trap(sent), bench.address)
        if taken:
            (event,) = await bench.next()
            assert event.notification.security == taken
        else:
            await bench.until("faultd_traps_dropped_total", 1, reason="unknown_community")


async def test_no_part_of_a_community_with_an_at_sign_leaves_the_listener(sender: socket.socket) -> None:
    settings = TrapSettings(listen=("127.0.0.1:0",), communities=("noc@" + SECRET,))
    async with listening(settings, community_fields=ZTE) as bench:
        sender.sendto(trap("noc@" + SECRET) + b"\x00\x00", bench.address)
        (event,) = await bench.next()
    assert event.raw
    assert not says(SECRET, repr(event))


async def test_an_irregular_datagram_is_kept_whole_and_counted(sender: socket.socket) -> None:
    async with listening() as bench:
        odd = trap() + b"\x00\x00"
        sender.sendto(odd, bench.address)
        (event,) = await bench.next()
        assert event.raw == odd.replace(b"public", b"******")
        await bench.until("faultd_traps_irregular_total", 1, kind="trailing_octets")


async def test_an_inform_is_answered_only_after_its_commit(sender: socket.socket) -> None:
    async with listening() as bench:
        sender.sendto(inform(), bench.address)
        append = await bench.mailbox.receive()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(BlockingIOError):
            sender.recv(9000)
        bench.commit(append)
        await trio.lowlevel.wait_readable(sender)
        answer = encode.decode_response(sender.recv(9000))
        assert (answer.request_id, answer.error_status) == (7, 0)
        assert answer.varbinds[2] == VarBind("1.3.6.1.2.1.2.2.1.1.3", "INTEGER", 3)
        await bench.until("faultd_informs_answered_total", 1)


async def test_a_retransmitted_inform_has_the_same_key_is_answered_again_and_counted_as_a_repeat(sender: socket.socket) -> None:
    async with listening() as bench:
        keys = []
        for request_id in (7, 7, 8):
            sender.sendto(inform(request_id), bench.address)
            (event,) = await bench.next()
            keys.append(event.inform_key)
            await trio.lowlevel.wait_readable(sender)
            assert encode.decode_response(sender.recv(9000)).request_id == request_id
        assert keys[0] == keys[1] != keys[2]
        await bench.until("faultd_informs_answered_total", 3)
        assert bench.total("faultd_informs_repeated_total") == 1


async def test_no_answer_while_the_ledger_cannot_write_and_nothing_is_lost(
    sender: socket.socket, mock_clock: MockClock
) -> None:
    async with listening() as bench:
        sender.sendto(inform(), bench.address)
        first = await bench.mailbox.receive()
        bench.refuse(first)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(BlockingIOError):
            sender.recv(9000)
        assert bench.mailbox.statistics().current_buffer_used == 0
        mock_clock.jump(0.3)
        second = await bench.mailbox.receive()
        assert second.events == first.events
        bench.commit(second)
        await trio.lowlevel.wait_readable(sender)
        await bench.until("faultd_traps_accepted_total", 1)
        assert bench.books_balance()


async def test_the_answer_leaves_from_the_address_that_was_asked(sender: socket.socket) -> None:
    async with listening(TrapSettings(listen=("0.0.0.0:0",))) as bench:
        sender.connect(("127.0.0.77", bench.address[1]))
        sender.send(inform())
        await bench.next()
        await bench.until("faultd_informs_answered_total", 1)
        # A connected socket takes datagrams from that one address alone.
        assert encode.decode_response(sender.recv(9000)).request_id == 7


async def test_a_full_ledger_blocks_the_drain_and_the_kernel_keeps_the_rest(sender: socket.socket) -> None:
    async with listening(mailbox=0) as bench:
        for number in range(3):
            sender.sendto(trap(request_id=number), bench.address)
            await trio.testing.wait_all_tasks_blocked()
        assert bench.total("faultd_traps_received_total") == 1
        assert [event.notification.request_id for event in await bench.next(3)] == [0, 1, 2]


async def test_a_cancel_loses_neither_what_was_read_nor_what_waits_in_the_socket(sender: socket.socket) -> None:
    async with listening(mailbox=0) as bench:
        got: list[int | None] = []

        async def ledger() -> None:
            with trio.CancelScope(shield=True):
                while len(got) < 40:
                    append = await bench.mailbox.receive()
                    got.extend(of_kind(Trap, event).notification.request_id for event in append.events)
                    bench.commit(append)

        for number in range(20):
            sender.sendto(trap(request_id=number), bench.address)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(20, 40):
            sender.sendto(trap(request_id=number), bench.address)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ledger)
            bench.cancel()
    assert got == list(range(40))
    assert bench.total("faultd_traps_accepted_total") == 40
    assert bench.books_balance()


async def test_informs_committed_during_the_grace_are_still_answered(sender: socket.socket) -> None:
    async with listening() as bench:
        sender.sendto(inform(), bench.address)
        append = await bench.mailbox.receive()
        bench.cancel()
        with trio.CancelScope(shield=True):
            bench.commit(append)
            await trio.lowlevel.wait_readable(sender)
        assert encode.decode_response(sender.recv(9000)).request_id == 7


async def test_a_ledger_that_stays_away_during_the_grace_costs_booked_drops(sender: socket.socket) -> None:
    async with listening(mailbox=0, grace=0.0) as bench:
        sender.sendto(trap(), bench.address)
        await trio.testing.wait_all_tasks_blocked()
        bench.cancel()
    assert bench.total("faultd_traps_dropped_total", reason="shutting_down") == 1
    assert bench.books_balance()


async def test_a_ledger_that_is_gone_ends_the_actor_and_books_what_it_had(sender: socket.socket) -> None:
    with pytest.RaisesGroup(trio.BrokenResourceError, flatten_subgroups=True, allow_unwrapped=True):
        async with listening() as bench:
            bench.mailbox.close()
            sender.sendto(trap(), bench.address)
            await trio.sleep_forever()
    assert bench.total("faultd_traps_dropped_total", reason="shutting_down") == 1
    assert bench.books_balance()


async def test_other_settings_apply_from_the_next_datagram_on(sender: socket.socket) -> None:
    async with listening() as bench:
        bench.listener.reconfigure(TrapSettings(communities=("other",)), None)
        sender.sendto(trap(), bench.address)
        await bench.until("faultd_traps_dropped_total", 1, reason="unknown_community")
        sender.sendto(trap("other"), bench.address)
        assert len(await bench.next()) == 1


async def test_kernel_drops_are_counted_and_alarmed(sender: socket.socket, mock_clock: MockClock) -> None:
    tiny = open_socket("127.0.0.1:0", 4096)
    async with listening(sockets=[tiny], mailbox=0) as bench:
        sender.sendto(trap(request_id=1_000), bench.address)
        await trio.testing.wait_all_tasks_blocked()
        for number in range(200):
            sender.sendto(trap(request_id=number), bench.address)
        kept = 0
        while kept < 2:
            kept += len(await bench.next(1))
        mock_clock.jump(10)
        reports: list[SystemReport] = []
        while not reports:
            append = await bench.mailbox.receive()
            bench.commit(append)
            kept += sum(isinstance(event, Trap) for event in append.events)
            reports = [event for event in append.events if isinstance(event, SystemReport)]
        assert [(report.alarm_type, report.active) for report in reports] == [("traps.lost", True)]
        assert kept + bench.total("faultd_kernel_drops_total") == 201


async def test_the_last_kernel_drop_before_a_silence_is_counted_at_once(sender: socket.socket, mock_clock: MockClock) -> None:
    tiny = open_socket("127.0.0.1:0", 4096)
    for number in range(200):
        sender.sendto(trap(request_id=number), tiny.address)
    async with listening(sockets=[tiny]) as bench:
        kept = len(await bench.next())
        await trio.testing.wait_all_tasks_blocked()
        assert bench.total("faultd_traps_received_total") == kept < 200
        assert bench.total("faultd_kernel_drops_total") == 200 - kept


async def test_past_a_rate_of_refusals_an_alarm_is_raised_and_later_cleared(
    sender: socket.socket, mock_clock: MockClock
) -> None:
    async with listening(TrapSettings(listen=("127.0.0.1:0",), refusal_alarm_rate=10), patience=3600) as bench:
        for _ in range(10):
            sender.sendto(trap("private"), bench.address)
        await bench.until("faultd_traps_dropped_total", 10)
        mock_clock.jump(10)
        raised = await bench.next_report(SystemReport)
        assert (raised.alarm_type, raised.qualifier, raised.active) == ("traps.refused", "unknown_community", True)
        assert "127.0.0.1" in raised.description
        cleared: list[bool] = []
        for _ in range(40):
            mock_clock.jump(10)
            await trio.testing.wait_all_tasks_blocked()
            with contextlib.suppress(trio.WouldBlock):
                append = bench.mailbox.receive_nowait()
                bench.commit(append)
                cleared.extend(event.active for event in append.events if isinstance(event, SystemReport))
        assert cleared == [False]
        assert bench.total("faultd_traps_accepted_total") == 0


async def test_a_refused_source_is_reported_by_reason_at_a_falling_rate_and_counted(
    sender: socket.socket, mock_clock: MockClock
) -> None:
    async with listening(patience=3600) as bench:
        sources = bench.listener.sources

        async def send(datagram: bytes, times: int, total: int) -> None:
            for _ in range(times):
                sender.sendto(datagram, bench.address)
            await bench.until("faultd_traps_dropped_total", total)

        await send(trap("private"), 3, 3)
        await send(b"\x30\x82", 1, 4)
        mock_clock.jump(1)
        report = await bench.next_report(SourceRefused)
        assert (report.source, report.reasons, report.accepted) == ("127.0.0.1", {"unknown_community": 3, "truncated": 1}, None)
        sender.sendto(trap(), bench.address)
        await bench.next()
        await send(trap("private"), 1, 5)
        mock_clock.jump(1)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.WouldBlock):
            bench.mailbox.receive_nowait()
        mock_clock.jump(1)
        report = await bench.next_report(SourceRefused)
        assert report.reasons == {"unknown_community": 1}
        assert report.accepted is not None
        counted = sources.get("127.0.0.1")
        assert counted is not None
        assert (counted.accepted, counted.last_trap) == (1, LINK_DOWN)
        assert [(each.reason, each.count) for each in counted.refused] == [("truncated", 1), ("unknown_community", 4)]
        assert (list(sources.addresses()), sources.forgotten) == (["127.0.0.1"], 0)


SECRET = "s3cret-Community"


@pytest.mark.parametrize(
    "datagram",
    [
        trap(SECRET),
        trap(SECRET)[:-3],
        trap(SECRET).replace(b"\x02\x01\x01", b"\x02\x01\x07"),
        b"\x31" + trap(SECRET)[1:],
        SECRET.encode(),
        b"\x30\x12" + SECRET.encode(),
        b"\x30\x20\x02\x10" + SECRET.encode(),
        b"\x30\x25\x02\x01\x01\x30\x10" + SECRET.encode(),
        encode.get(community=SECRET, oids=["1.3.6.1.2.1.1.1.0"], request_id=1),
    ],
    ids=["unknown", "cut", "version", "tag", "bare", "no version", "in the version", "no octets", "get"],
)
async def test_a_refused_datagrams_community_is_in_no_log(sender: socket.socket, datagram: bytes) -> None:
    with structlog.testing.capture_logs() as logs:
        async with listening() as bench:
            sender.sendto(datagram, bench.address)
            await bench.until("faultd_traps_dropped_total", 1)
    assert logs[0]["event"] == "datagram refused"
    assert not says(SECRET, repr(logs))


async def test_nothing_that_leaves_the_listener_holds_a_community(sender: socket.socket) -> None:
    forwarded = (VarBind("1.3.6.1.6.3.18.1.4.0", "OCTET STRING", SECRET.encode()),)
    through_a_proxy = encode.trap_v2c(community=SECRET, trap_oid=LINK_DOWN, uptime=1, varbinds=forwarded, request_id=1)
    settings = TrapSettings(listen=("127.0.0.1:0",), communities=(SECRET,))
    async with listening(settings, community_fields=ZTE) as bench:
        for datagram in (
            trap(SECRET),
            trap(SECRET) + b"\x00",
            trap(SECRET + "@level=2"),
            through_a_proxy,
            through_a_proxy + b"\x00",
        ):
            sender.sendto(datagram, bench.address)
        events = await bench.next(5)
    assert not says(SECRET, repr(events))
    assert not says(SECRET, msgspec.json.encode(events).decode())
    assert not says(SECRET, repr(settings))
    assert [event.notification.security for event in events][2] == "***@level=2"


def says(secret: str, text: str) -> bool:
    """Whether ``secret`` stands in ``text`` in any form in which octets are written."""
    octets = secret.encode()
    forms = (secret, octets.hex(), octets.hex(":"), octets.hex().upper(), repr(octets)[2:-1], secret[4:])
    # Base64 of a text depends on where it begins among groups of three octets.
    starts = [base64.b64encode(b"x" * pad + octets)[4:-4].decode() for pad in range(3)]
    return any(form in text for form in (*forms, *starts))


async def test_every_event_survives_the_ledgers_encoding(sender: socket.socket) -> None:
    async with listening() as bench:
        sender.sendto(inform(), bench.address)
        (event,) = await bench.next()
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=Trap) == event


@pytest.mark.interop
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_net_snmp_traps_and_informs(net_snmp: NetSnmp, host: str) -> None:
    listen = f"[{host}]:0" if ":" in host else f"{host}:0"
    async with listening(TrapSettings(listen=(listen,))) as bench:
        v1 = ("-v1", "-c", "public", bench.target, "1.3.6.1.4.1.8072.9999", "127.0.0.9", "6", "42", "77")
        v2 = ("-v2c", "-c", "public", bench.target, "77", LINK_DOWN, "1.3.6.1.2.1.2.2.1.1.3", "i", "3")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(net_snmp, "snmptrap", *v1)
            (event,) = await bench.next()
            assert event.notification.trap_oid == "1.3.6.1.4.1.8072.9999.0.42"
            nursery.start_soon(net_snmp, "snmptrap", *v2)
            (event,) = await bench.next()
            assert (event.notification.kind, event.notification.varbinds[0].value) == ("trap", 3)

        answered = {}

        async def ask() -> None:
            answered["code"] = (await net_snmp("snmpinform", "-r", "0", "-t", "5", *v2)).returncode

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            (event,) = await bench.next()
            assert event.inform_key
        assert answered["code"] == 0
        await bench.until("faultd_informs_answered_total", 1)
        assert bench.books_balance()


async def test_a_bug_met_by_one_datagram_drops_it_alone_and_is_counted(
    sender: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one datagram, nor the answer to an INFORM, ends the listener: by the sixth the supervisor would end faultd."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("text that quotes a community")

    async with listening() as bench:
        with structlog.testing.capture_logs() as logs, monkeypatch.context() as patched:
            patched.setattr("actors.trap_listener.intake.Intake.judge", broken)
            for _ in range(20):
                sender.sendto(trap(), bench.address)
            await bench.until("faultd_traps_dropped_total", 20, reason="error")
        assert 1 <= len(logs) <= 6
        assert "quotes" not in repr(logs)
        with monkeypatch.context() as patched:
            patched.setattr("actors.trap_listener.sockets.TrapSocket.answer", broken)
            sender.sendto(inform(), bench.address)
            await bench.next()
            await bench.until("faultd_traps_accepted_total", 1)
        sender.sendto(trap(), bench.address)
        await bench.next()
        await bench.until("faultd_traps_accepted_total", 2)
        assert bench.books_balance()
