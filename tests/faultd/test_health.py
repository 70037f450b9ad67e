"""What ``/readyz`` says."""

from actors.mailbox import Progress
from actors.metrics import Metrics
from faultd.health import Health
from protocols.ledger import ConsumerLag
from protocols.rest_daemon import DaemonPart


def test_what_is_kept_aside_is_degraded_and_does_not_stop_the_traps() -> None:
    metrics = Metrics()
    health = Health(metrics, Progress(), lambda: None)
    health.taking_traps = True
    metrics.store_up.set(1)
    assert {part.status for part in health().parts.values()} == {"ok"}
    metrics.store_rejected.set(2)
    metrics.quarantined.set(1)
    found = health()
    assert found.ready
    assert {name: part.status for name, part in found.parts.items() if part.status != "ok"} == {
        "rejects": "degraded",
        "quarantine": "degraded",
    }
    assert "2 Changes" in found.parts["rejects"].detail
    assert "store_rejects" in health.summary()


def test_polled_devices_are_a_part_once_there_are_any() -> None:
    metrics = Metrics()
    health = Health(metrics, Progress(), lambda: None)
    assert "polling" not in health().parts
    metrics.polled_devices.set(1_200)
    metrics.polled_devices_silent.set(3)
    assert health().parts["polling"] == DaemonPart("ok", "1,200 devices polled, 3 silent")
    metrics.polled_devices_parked.set(1)
    assert health().parts["polling"] == DaemonPart("degraded", "1,200 devices polled, 3 silent, the pollers of 1 parked")


def test_a_parked_store_says_why() -> None:
    health = Health(Metrics(), Progress(), lambda: None)
    health.taking_traps = True
    health.parked["store"] = "stopped until faultd is restarted: the database was filled from ledger x"
    assert health().ready
    assert "filled from ledger x" in health().parts["store"].detail


def test_without_descriptors_it_is_degraded_and_still_takes_traps() -> None:
    short = [True]
    health = Health(Metrics(), Progress(), lambda: None, lambda: short[0])
    health.taking_traps = True
    found = health()
    assert found.ready
    assert found.parts["connections"].status == "degraded"
    assert "LimitNOFILE" in health.summary()
    short[0] = False
    assert "connections" not in health().parts


def test_a_start_does_not_call_postgresql_away_before_it_was_there() -> None:
    health = Health(Metrics(), Progress(), lambda: None, database_trouble=lambda: "FileNotFoundError: x")
    health.taking_traps = health.waiting = True
    found = health()
    assert not found.ready
    assert "does not have PostgreSQL yet" in found.parts["store"].detail
    assert "FileNotFound" not in found.parts["store"].detail
    health.waiting = False
    assert "is away (FileNotFoundError: x)" in health().parts["store"].detail


def test_the_lag_of_each_consumer_is_shown() -> None:
    lags = {"store": ConsumerLag(12, 3, 4.5), "stream": ConsumerLag(15, 0, 0.0)}
    health = Health(Metrics(), Progress(), lambda: None, lags=lambda: lags)
    assert health().consumers == lags
