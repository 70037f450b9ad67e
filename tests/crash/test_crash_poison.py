"""Timeline of an Event that the fold trips over: set aside, alarmed, listed, there after a restart, folded by a later version.

The ledger, the correlator, the store and the API are the real ones on a real file and a real PostgreSQL; the bug is put into
the fold's table for as long as the old version runs.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from vocabulary.faults import replace_fold

from actors.api import alarm_reads, quarantine
from actors.api.actor import Api
from actors.api.alarm_lookup import AlarmLookup
from actors.api.settings import ApiSettings
from actors.api.stored import Stored
from actors.api.submitter import Submitter
from actors.correlator import fold
from actors.correlator.alarms.view import HeldAlarms
from actors.correlator.plant.view import PlantView
from actors.ledger.settings import LedgerSettings
from actors.mailbox import Append, Outcome, Progress, Reply
from actors.metrics import Metrics
from actors.postgres import Postgres
from actors.store.actor import Store
from actors.tokens import TokenFile
from actors.trusted_clock import TrustedClock, even
from faultd.pipe import Pipe
from faultd.reports import quarantined_event
from faultd.restore import restore
from protocols.event import Event, NetworkEvent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = LedgerSettings(snapshot_every_events=3)


def outage(resource: str) -> NetworkEvent:
    return NetworkEvent(type="device.down", tenant_id="default", resource_type="olt", resource_id=resource, title="down")


class House:
    """Everything between an Append and an answer over HTTP, for one run of the daemon."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOW
        self.book = TokenFile(folder / "tokens.json")
        self.token = self.book.create("ada", "admin", None, NOW)

    @asynccontextmanager
    async def run(self, url: str) -> AsyncIterator[httpx.AsyncClient]:
        """From recovery to a clean end."""
        self.now += timedelta(minutes=1)
        file, stages, _ = await trio.to_thread.run_sync(restore, self.folder / "ledger.sqlite")
        self.metrics, self.progress = Metrics(), Progress()
        pipe = Pipe(file, stages, TrustedClock(even(lambda: self.now)), self.metrics, SETTINGS)
        self.appends, ledger = pipe.appends, pipe.ledger
        async with Postgres.open(url, size=3) as database, trio.open_nursery() as nursery:
            await pipe.start(nursery)
            await nursery.start(Store(database, ledger.feed, file.ledger_id, self.progress, self.metrics).run)
            async with trio.open_nursery() as sources:
                settings = ApiSettings(bind="127.0.0.1:0")
                stored = Stored(database, self.progress, settings.read_your_writes_seconds)
                submitter = Submitter(self.appends, stored, settings, self.metrics)
                alarms = AlarmLookup(HeldAlarms(stages.state), stored, PlantView(stages.state))
                routes = [
                    alarm_reads.routes(alarms),
                    quarantine.routes(submitter, stored, partial(quarantined_event, ledger.feed)),
                ]
                api = Api(settings, self.book, self.metrics, lambda: self.now, routes=routes)
                address = await sources.start(api.run)
                headers = {"Authorization": f"Bearer {self.token}"}
                base = f"http://{address}/api/v1/faults"
                async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
                    yield client
                sources.cancel_scope.cancel()
            await self.appends.aclose()

    async def append(self, event: Event) -> Outcome:
        reply: Reply[Outcome] = Reply()
        await self.appends.send(Append([event], answered=reply))
        outcome = await reply.wait()
        assert await self.progress.reach(outcome.seq, 60)
        return outcome

    @property
    def quarantined(self) -> float:
        return self.metrics.registry.get_sample_value("faultd_quarantined_events") or 0.0


async def alarms(client: httpx.AsyncClient, alarm_type: str) -> list[dict[str, Any]]:
    answer = await client.get("/alarms", params={"alarm_type": alarm_type})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def offsets(client: httpx.AsyncClient) -> list[int]:
    answer = await client.get("/quarantine")
    assert answer.status_code == 200, answer.text
    return [item["offset"] for item in answer.json()["items"]]


async def test_a_poisonous_event_waits_for_a_version_that_can_fold_it(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path)

    def trips(draft: Any, event: NetworkEvent) -> None:
        if event.resource_id == "olt-poison":
            raise ZeroDivisionError("a bug of this version")
        fold_network(draft, event)

    fold_network = fold._FOLDS[NetworkEvent]
    with monkeypatch.context() as old_version:
        replace_fold(old_version, NetworkEvent, trips)

        async with house.run(database_url) as client:
            await house.append(outage("olt-1"))
            poison = await house.append(outage("olt-poison"))
            await house.append(outage("olt-2"))
            assert await offsets(client) == [poison.first]
            (item,) = (await client.get("/quarantine")).json()["items"]
            assert item["kind"] == "network"
            assert item["error"] == "ZeroDivisionError: a bug of this version"
            (alarm,) = await alarms(client, "event.quarantined")
            assert (alarm["severity"], alarm["qualifier"], alarm["cleared_at"]) == ("major", str(poison.first), None)
            assert {each["resource_id"] for each in await alarms(client, "device.down")} == {"olt-1", "olt-2"}
            assert house.quarantined == 1

        async with house.run(database_url) as client:  # the same version again: a retry trips as before
            assert await offsets(client) == [poison.first]
            refused = await client.post(f"/quarantine/{poison.first}/retry")
            assert refused.status_code == 422, refused.text
            assert "a bug of this version" in refused.text
            assert await offsets(client) == [poison.first]
            assert house.quarantined == 1

    async with house.run(database_url) as client:  # after the upgrade
        assert await offsets(client) == [poison.first]
        folded = await client.post(f"/quarantine/{poison.first}/retry")
        assert folded.status_code == 200, folded.text
        assert await offsets(client) == []
        assert [each["resource_id"] for each in await alarms(client, "event.quarantined") if each["cleared_at"] is None] == []
        assert "olt-poison" in {each["resource_id"] for each in await alarms(client, "device.down")}
        assert (await client.post(f"/quarantine/{poison.first}/retry")).status_code == 404
        assert house.quarantined == 0

    async with house.run(database_url) as client:  # and it stays so
        assert await offsets(client) == []
        assert len(await alarms(client, "device.down")) == 3
