"""Trying rules on the ledger's real Events: one at a time, beside the daemon's work."""

from litestar import Response, Router, delete, get, post
from litestar.params import JSONBody

from actors.api.access import allow
from actors.api.openapi import PROBLEM, ApiOperation
from actors.api.problems import ProblemError
from actors.api.routes import PREFIX, By, Given, resource
from protocols.backtest import BacktestBusy, BacktestJob, BacktestRefused, BacktestRequest, Backtests
from protocols.rest_problem import FieldError

_NONE = "no backtest has been asked for since faultd was started"


@post(
    "/backtest",
    summary="Try rules",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    status_code=202,
    opt=allow("admin", every_tenant=True),
)
async def start_backtest(backtests: Given[Backtests], by: By, data: JSONBody[BacktestRequest]) -> Response[BacktestJob]:
    """Fold the Events since a time twice, with the rules in force and with these, in a process of its own; ask for the result
    with GET. Nothing is written. 409 while another is under way. Needs a token for every tenant, since all are folded."""
    try:
        job = backtests.start(data, by.name)
    except BacktestBusy:
        raise ProblemError(409, "backtest_running", "a backtest is under way: wait for it, or DELETE it") from None
    except BacktestRefused as refused:
        errors = [FieldError(place, text) for place, text in refused.mistakes]
        raise ProblemError(422, "invalid_body", str(refused), errors) from None
    return Response(job, status_code=202, headers={"Location": f"{PREFIX}/backtest"})


@get(
    "/backtest",
    summary="The latest backtest",
    operation_class=ApiOperation,
    responses={404: PROBLEM},
    opt=allow("admin", every_tenant=True),
)
async def get_backtest(backtests: Given[Backtests]) -> BacktestJob:
    """The one under way, or the last with its result. Kept until the next, or until faultd is stopped."""
    job = backtests.latest()
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
async def cancel_backtest(backtests: Given[Backtests]) -> None:
    """Its process is ended. 409 when none is under way."""
    if not backtests.cancel():
        raise ProblemError(409, "wrong_state", "no backtest is under way")


def routes(backtests: Backtests) -> Router:
    """Trying rules."""
    return resource("rules", [start_backtest, get_backtest, cancel_backtest], backtests=backtests)
