"""The dead man's switch: beats while faultd is ready, whatever the far end does."""

from pathlib import Path

import trio
from trio.testing import MockClock
from vocabulary.far_ends import HttpReceiver

from actors.delivery_failed import DeliveryFailed
from actors.http_client import HttpAnswer
from actors.metrics import Metrics
from actors.notifier.heartbeat import Heartbeat
from faultd.channels import configured_heartbeat
from faultd.config import Config, parse


class ScriptedClient:
    def __init__(self, *script: HttpAnswer | DeliveryFailed | None) -> None:
        self._script, self.times = list(script), list[float]()

    async def request(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> HttpAnswer:
        self.times.append(trio.current_time())
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if step is None:
            await trio.sleep_forever()
        if isinstance(step, DeliveryFailed):
            raise step
        assert step is not None
        return step


async def test_it_beats_at_its_interval_and_stops_while_faultd_is_not_ready(autojump_clock: MockClock) -> None:
    fine = HttpAnswer(200, {}, b"")
    client = ScriptedClient(fine, DeliveryFailed("refused"), HttpAnswer(500, {}, b""), None, fine)
    metrics, state = Metrics(), {"ready": True}
    beat = Heartbeat("https://x/", 60.0, client, lambda: state["ready"], metrics)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        await nursery.start(beat.run)
        await trio.sleep(330)
        assert client.times == [0, 60, 120, 180, 240, 300]
        state["ready"] = False
        await trio.sleep(120)
        assert len(client.times) == 6
        nursery.cancel_scope.cancel()
    value = metrics.registry.get_sample_value
    assert value("faultd_heartbeats_total", {"outcome": "sent"}) == 3
    assert value("faultd_heartbeats_total", {"outcome": "failed"}) == 5


async def test_the_url_is_asked(tmp_path: Path) -> None:
    receiver = HttpReceiver()
    async with receiver.serving() as port, trio.open_nursery() as nursery:
        (tmp_path / "url").write_text(f"http://127.0.0.1:{port}/ping/s3cret\n")
        text = f'[notifier.heartbeat]\nurl_file = "{tmp_path}/url"\nseconds = 1\nallow_private = true\n'
        heartbeat = configured_heartbeat(parse(text), lambda: True, Metrics())
        assert heartbeat is not None
        await nursery.start(heartbeat.run)
        with trio.fail_after(30):
            while not receiver.requests:
                await trio.testing.wait_all_tasks_blocked(0.01)
        nursery.cancel_scope.cancel()
    assert (receiver.requests[0].method, receiver.requests[0].target) == ("GET", "/ping/s3cret")
    assert configured_heartbeat(Config(), lambda: True, Metrics()) is None
