"""Backtests for the API: one at a time, each in a process of its own, so that traps and requests do not wait for it."""

import sys
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CalledProcessError

import msgspec
import structlog
import trio
from msgspec.structs import replace

from actors.correlator.rules.compiler import compile_rule
from actors.correlator.rules.errors import RuleError
from actors.dispatcher.policies.files import file_policy_id
from actors.dispatcher.policies.tree import compile_policy
from faultd.backtest.period import BadPeriod, since_when
from faultd.backtest.run import Trial
from protocols.backtest import BacktestBusy, BacktestJob, BacktestRefused, BacktestRequest, JobState, Result
from protocols.rule import RuleRecord
from protocols.toml_lines import dotted

LIMIT_SECONDS = 3600.0
"""A backtest that takes longer is ended."""
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_LATE = datetime(9000, 1, 1, tzinfo=UTC)
log = structlog.get_logger()


class BacktestService:
    """See :class:`protocols.backtest.Backtests`. ``run`` it; a restart ends what is under way."""

    def __init__(self, ledger: Path, clock: Callable[[], datetime], *, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._ledger, self._clock, self._limit = ledger, clock, limit_seconds
        self._latest: BacktestJob | None = None
        self._wanted, self._asked = trio.open_memory_channel[BacktestRequest](1)
        self._scope: trio.CancelScope | None = None
        self._cancelled = False
        self._finished = trio.Event()

    def start(self, request: BacktestRequest, by: str) -> BacktestJob:
        """Have it run. Raises BacktestBusy, and BacktestRefused naming each mistake."""
        if self._latest is not None and self._latest.state == "running":
            raise BacktestBusy
        _check(request)
        self._latest = BacktestJob(state="running", asked_by=by, since=request.since, started_at=self._clock())
        self._cancelled, self._finished = False, trio.Event()
        self._wanted.send_nowait(request)
        return self._latest

    def latest(self) -> BacktestJob | None:
        """The one under way, or the last."""
        return self._latest

    async def finished(self) -> None:
        """Wait until the one asked for last is over."""
        await self._finished.wait()

    def cancel(self) -> bool:
        """Call it off: its process is ended."""
        if self._latest is None or self._latest.state != "running":
            return False
        self._cancelled = True
        if self._scope is not None:
            self._scope.cancel()
        return True

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        task_status.started()
        async with aclosing(self._asked.clone()) as asked:
            async for request in asked:
                try:
                    await self._serve(request)
                finally:
                    if self._latest is not None and self._latest.state == "running":
                        self._over("failed", error="faultd is stopping")

    async def _serve(self, request: BacktestRequest) -> None:
        trial = Trial(
            rules=request.rules, added=request.add, policies=request.policies, wakes=request.wakes, person=request.person
        )
        command = [sys.executable, "-m", "faultd", "backtest", "--stdin", "--ledger", str(self._ledger), "--json", "-"]
        command += ["--since", request.since, "--most", str(request.most)]
        with trio.move_on_after(self._limit) as self._scope:
            if self._cancelled:
                self._scope.cancel()
            try:
                done = await trio.run_process(
                    command, stdin=msgspec.json.encode(trial), capture_stdout=True, capture_stderr=True
                )
                self._over("done", result=msgspec.json.decode(done.stdout, type=Result))
            except CalledProcessError as error:
                self._over("failed", error=error.stderr.decode(errors="replace").strip()[-2_000:])
            except (OSError, msgspec.MsgspecError) as error:
                self._over("failed", error=str(error))
        if self._scope.cancelled_caught:
            if self._cancelled:
                self._over("cancelled")
            else:
                self._over("failed", error=f"it took longer than {self._limit:g} s: ask for a shorter time")
        self._scope = None

    def _over(self, state: JobState, *, error: str = "", result: Result | None = None) -> None:
        assert self._latest is not None
        self._latest = replace(self._latest, state=state, ended_at=self._clock(), error=error, result=result)
        self._finished.set()
        log.info("backtest over", state=state, error=error, asked_by=self._latest.asked_by)


def _check(request: BacktestRequest) -> None:
    mistakes: list[tuple[str, str]] = []
    if request.rules is None and request.policies is None:
        mistakes.append(("rules", "is missing, and so is policies: nothing to try"))
    names: set[str] = set()
    for number, rule in enumerate(request.rules or ()):
        if rule.name in names:
            mistakes.append((f"rules[{number}].name", f"there is a rule {rule.name!r} already"))
        names.add(rule.name)
        try:
            compile_rule(
                RuleRecord(id="", rule=rule, origin="file", created_at=_NO_TIME, updated_at=_NO_TIME, updated_by="file")
            )
        except RuleError as error:
            mistakes += [(f"rules[{number}]{one.pointer.replace('/', '.')}", one.message) for one in error.mistakes]
    ids: set[str] = set()
    for number, policy in enumerate(request.policies or ()):
        policy_id = file_policy_id(policy.name)
        if policy_id in ids:
            mistakes.append((f"policies[{number}].name", f"there is a policy {policy.name!r} already"))
        ids.add(policy_id)
        mistakes += [(dotted(("policies", number, *each.path)), each.message) for each in compile_policy("", policy).mistakes]
    try:
        since_when(request.since, _LATE)
    except BadPeriod:
        mistakes.append(("since", "neither a length such as 30m, 12h, 7d nor a time such as 2026-03-01T03:00:00Z"))
    if mistakes:
        raise BacktestRefused(mistakes)
