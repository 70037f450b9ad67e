"""Trying rules on the ledger's real Events: one at a time, beside the daemon's work."""

from typing import Any

from litestar import Response, delete, get, post
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.context import By, Context, Ctx
from actors.api.openapi import PROBLEM, ApiOperation
from actors.api.problems import ProblemError, unavailable
from protocols.backtest import BacktestBusy, BacktestJob, BacktestRefused, BacktestRequest, Backtests
from protocols.rest import FieldError

_NONE = "no backtest has been asked for since faultd was started"


@post(
    "/backtest",
    summary="Try rules",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    status_code=202,
    opt=allow("admin", every_tenant=True),
)
async def start_backtest(api: Ctx, by: By, data: JSONBody[BacktestRequest]) -> Response[BacktestJob]:
    """Fold the Events since a time twice, with the rules in force and with these, in a process of its own; ask for the result
    with GET. Nothing is written. 409 while another is under way. Needs a token for every tenant, since all are folded."""
    backtests = _backtests(api)
    try:
        job = backtests.start(data, by.name)
    except BacktestBusy:
        raise ProblemError(409, "backtest_running", "a backtest is under way: wait for it, or DELETE it") from None
    except BacktestRefused as refused:
        errors = [FieldError(place, text) for place, text in refused.mistakes]
        raise ProblemError(422, "invalid_body", str(refused), errors) from None
    return Response(job, status_code=202, headers={"Location": "/api/v1/faults/backtest"})


@get(
    "/backtest",
    summary="The latest backtest",
    operation_class=ApiOperation,
    responses={404: PROBLEM},
    opt=allow("admin", every_tenant=True),
)
async def show_backtest(api: Ctx, by: By) -> BacktestJob:
    """The one under way, or the last with its result. Kept until the next, or until faultd is stopped."""
    job = _backtests(api).latest()
    if job is None:
        raise ProblemError(404, "no_backtest", _NONE)
    return job


@delete(
    "/backtest",
    summary="Call off a backtest",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    opt=allow("admin", every_tenant=True),
)
async def cancel_backtest(api: Ctx, by: By) -> None:
    """Its process is ended. 409 when none is under way."""
    if not _backtests(api).cancel():
        raise ProblemError(409, "wrong_state", "no backtest is under way")


def _backtests(api: Context) -> Backtests:
    if api.backtests is None:
        raise unavailable("backtest_unavailable", "faultd runs no backtests now", api.settings.retry_after_seconds)
    return api.backtests


HANDLERS: list[Any] = [start_backtest, show_backtest, cancel_backtest]
