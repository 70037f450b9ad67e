"""Following the stream through breaks: what is said, what is tried again, and what ends it."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
import trio
from trio_websocket import HandshakeError, WebSocketRequest, serve_websocket
from vocabulary.alarms import make_alarm

from faultd.cli.common import leaves
from faultd.console.follow import AlarmFollower, StreamRefused, StreamUnreachable, failure, snapshot
from protocols.alarm import Alarm
from protocols.stream import ChangesFrame, SnapshotFrame

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def alarm(name: str) -> Alarm:
    return make_alarm(name, alarm_id=name)


class Scripted:
    """A stream that does for each connection what its script says."""

    def __init__(self, *scripts: str) -> None:
        self.scripts = list(scripts)
        self.tokens: list[bytes] = []
        self.done = trio.Event()

    async def serve(self, request: WebSocketRequest) -> None:
        script = self.scripts.pop(0)
        self.tokens += [value for name, value in request.headers if name == b"authorization"]
        if script.isdigit():
            body = msgspec.json.encode({"type": "x", "title": "t", "status": int(script), "detail": "because \x1b[31m"})
            await request.reject(int(script), body=body)
            return
        connection = await request.accept()
        for step in script.split():
            if step.startswith("close="):
                await connection.aclose(int(step.removeprefix("close=")), "restarting")
                return
            if step == "wait":
                self.done.set()
                await trio.sleep_forever()
            kind, _, names = step.partition(":")
            alarms = [alarm(name) for name in names]
            frame = SnapshotFrame(1, alarms) if kind == "all" else ChangesFrame(2, alarms, ["a"] if kind == "less" else [])
            await connection.send_message("nonsense" if kind == "nonsense" else msgspec.json.encode(frame).decode())


async def watch(scripted: Scripted) -> tuple[list[tuple[str, bool, str]], list[str]]:
    """Frames (what they brought, whether whole, what is known then), and what was said, until a script waits."""
    frames: list[tuple[str, bool, str]] = []
    said: list[str] = []
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, scripted.serve, "127.0.0.1", 0, None)
        subscription = AlarmFollower(f"ws://127.0.0.1:{server.port}/alarms", "fd_token", said.append)

        def on_frame(changed: Sequence[Alarm], whole: bool) -> None:
            frames.append(("".join(each.id for each in changed), whole, "".join(sorted(subscription.alarms))))

        async with trio.open_nursery() as inner:

            async def end() -> None:
                await scripted.done.wait()
                inner.cancel_scope.cancel()

            inner.start_soon(end)
            await subscription.run(on_frame)
        nursery.cancel_scope.cancel()
    return frames, said


async def test_it_goes_on_after_a_restart_and_says_so() -> None:
    scripted = Scripted("all:ab more:c less:d close=1001", "503", "all:ce wait")
    frames, said = await watch(scripted)
    assert frames == [("ab", True, "ab"), ("c", False, "abc"), ("d", False, "bcd"), ("ce", True, "ce")]
    assert [text.partition(" (")[0] for text in said] == ["connection lost", "connection lost", "connected again"]
    assert "restarting" in said[0]
    assert "trying again in" in said[0]
    assert "503" in said[1]
    assert "\\x1b[31m" in said[1]
    assert set(scripted.tokens) == {b"Bearer fd_token"}


@pytest.mark.parametrize(
    ("scripts", "says"),
    [
        (("401",), "refuses (401): because \\x1b[31m"),
        (("403",), "refuses (403)"),
        (("all:a close=1001", "401"), "refuses (401)"),
        (("all:a close=4401",), "the token has expired or was revoked"),
        (("nonsense",), "is no stream of faultd"),
    ],
)
async def test_a_refusal_ends_it(scripts: tuple[str, ...], says: str) -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        await watch(Scripted(*scripts))
    (error,) = leaves(caught.value)
    assert isinstance(error, StreamRefused)
    assert says in str(error)


async def test_nobody_there_at_first_ends_it() -> None:
    with pytest.raises(StreamUnreachable, match="no faultd answers at ws://"):
        await AlarmFollower("ws://127.0.0.1:1/alarms", "t", lambda _: None).run(lambda *_: None)
    with pytest.raises(StreamUnreachable, match="no faultd answers"):
        await snapshot("ws://127.0.0.1:1/alarms", "t")


async def test_a_snapshot_is_taken_once() -> None:
    scripted = Scripted("all:ab wait")
    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, scripted.serve, "127.0.0.1", 0, None)
        found = await snapshot(f"ws://127.0.0.1:{server.port}/alarms", "t")
        nursery.cancel_scope.cancel()
    assert sorted(found) == ["a", "b"]


def test_a_handshake_without_an_answer_is_said_in_words() -> None:
    assert "no answer in time" in str(failure("ws://x/alarms", HandshakeError()))
