"""The limit of descriptors: raised as far as needed and allowed, and said seldom when it is reached."""

import logging
import resource

import pytest
import structlog

from actors.metrics import Metrics
from faultd import descriptors
from faultd.config import Config

NEED = descriptors.needed(Config())


@pytest.mark.parametrize(
    ("before", "after", "warned"),
    [
        pytest.param((1024, 1_048_576), (NEED, 1_048_576), False, id="raised"),
        pytest.param((1024, resource.RLIM_INFINITY), (NEED, resource.RLIM_INFINITY), False, id="no hard limit"),
        pytest.param((65_536, 65_536), (65_536, 65_536), False, id="enough"),
        pytest.param((resource.RLIM_INFINITY, resource.RLIM_INFINITY), (resource.RLIM_INFINITY,) * 2, False, id="no limit"),
        pytest.param((512, 900), (900, 900), True, id="not enough to be had"),
        pytest.param((900, 900), (900, 900), True, id="nothing more to be had"),
    ],
)
def test_the_soft_limit(monkeypatch: pytest.MonkeyPatch, before: tuple[int, int], after: tuple[int, int], warned: bool) -> None:
    limits = [before]
    monkeypatch.setattr(resource, "getrlimit", lambda what: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda what, new: limits.append(new))
    with structlog.testing.capture_logs() as logs:
        assert descriptors.provide(Config()) == after[0]
    assert limits[-1] == after
    assert [line["needed"] for line in logs] == ([NEED] if warned else [])


def test_the_defaults_fit_neither_the_usual_limit_nor_less() -> None:
    assert NEED > 1024, "otherwise raising it would not be needed"
    assert NEED < 65_536, "what the unit sets"


def record(at: float) -> logging.LogRecord:
    made = logging.LogRecord("trio.serve_listeners", logging.ERROR, "", 0, "accept returned EMFILE", (), (None, None, None))
    made.created = at
    return made


def test_said_once_a_minute_without_a_traceback() -> None:
    metrics, now = Metrics(), [1_000.0]
    seldom = descriptors.Seldom(metrics, lambda: now[0])
    assert not seldom.short
    first = record(100.0)
    assert seldom.filter(first)
    assert first.exc_info is None
    assert [seldom.filter(record(at)) for at in (100.1, 159.9, 160.0, 160.1)] == [False, False, True, False]
    assert seldom.filter(record(50.0)), "a wall clock that was set back silences nothing"
    assert metrics.value("faultd_accept_failures_total") == 6, "each one is counted"
    assert seldom.short
    now[0] += 61
    assert not seldom.short


def test_one_filter_however_often_a_daemon_was_made() -> None:
    logger = logging.getLogger("trio.serve_listeners")
    metrics = [Metrics(), Metrics()]
    try:
        found = [descriptors.seldom_about_accept(each) for each in metrics]
        assert logger.filters == [found[1]]
    finally:
        logger.removeFilter(found[1])
