"""Rules and notification policies tried on what really happened: the request, and the result."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from protocols.backtest_dispatch import DispatchResult
from protocols.dispatch.channel import Channel
from protocols.dispatch.policy import NotificationPolicy
from protocols.rule import Rule

What = Literal[
    "only_today",
    "only_new",
    "suppressed",
    "not_suppressed",
    "held_otherwise",
    "root",
    "parent",
    "correlation",
    "severity",
    "pages",
]
"""``suppressed``: now, and not before; ``not_suppressed``: no longer; ``held_otherwise``: by something else."""
TriedPart = Literal["rules", "settings", "policies"]
JobState = Literal["running", "done", "failed", "cancelled"]


class Figures(Struct):
    """Counts of a whole fold."""

    alarms: int = 0
    """Alarms that were raised or changed, and those there at the beginning."""
    roots: int = 0
    suppressed: int = 0
    """Alarms that were suppressed at some time."""
    pages: int = 0
    notices: dict[str, int] = {}
    """By kind."""
    by_rule: dict[str, dict[str, int]] = {}
    """For each rule and each part of faultd: number of its actions by kind. ``paged`` counts the pages about alarms on which it
    decided last; ``devices`` stands for alarms on which nothing decided."""
    failed: int = 0
    """Events whose fold failed, and times that correlation did."""


class Difference(Struct, frozen=True, kw_only=True):
    """One difference of one alarm."""

    what: What
    alarm_type: str
    resource_id: str
    tenant_id: str
    alarm_id: str
    title: str
    raised_at_offset: int
    """0: before the period."""
    today: str
    new: str


class Result(Struct, kw_only=True):
    """The result of a backtest. ``differences`` has at most the requested number; ``found`` counts all, by kind. ``dispatch``:
    who is told, and which tickets are opened."""

    since: datetime
    until: datetime
    first: int
    last: int
    events: int = 0
    today: Figures
    new: Figures
    rules_changed: bool
    """The rules were others at some time of the period: both sides had those in force at its end from its beginning."""
    found: dict[str, int] = {}
    differences: list[Difference] = []
    asked: datetime
    """The ledger does not go back so far when ``since`` is later."""
    tried: tuple[TriedPart, ...]
    dispatch: DispatchResult


class BacktestRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /backtest``."""

    rules: Annotated[tuple[Rule, ...], Meta(max_length=1_000)] | None = None
    """Take the place of the rules of files; those written through the API stay. Rules, or policies, or both are given."""
    policies: Annotated[tuple[NotificationPolicy, ...], Meta(max_length=1_000)] | None = None
    """Take the place of the notification policies of files; those written through the API stay, except one of the same
    name."""
    add: bool = False
    """Keep the rules, and the policies, of files; those of the same name are replaced."""
    person: Annotated[str, Meta(max_length=200, description="Name or address: list every message to this person")] = ""
    wakes: Annotated[tuple[Channel, ...], Meta(max_length=6, description="Channels that wake a person at night")] = ("sms",)
    since: Annotated[str, Meta(min_length=1, max_length=40, description="30m, 12h, 7d, or a time")] = "7d"
    most: Annotated[int, Meta(ge=0, le=10_000, description="Differences to list; all are counted")] = 1_000


class BacktestJob(Struct, kw_only=True):
    """One backtest, under way or over."""

    state: JobState
    asked_by: str
    since: str
    started_at: datetime
    ended_at: datetime | None = None
    error: str = ""
    """The reason of the failure."""
    result: Result | None = None


class BacktestBusy(Exception):
    """One is under way: it can be waited for or cancelled."""


class BacktestRefused(Exception):
    """The request is invalid. ``mistakes`` are (field, message)."""

    def __init__(self, mistakes: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{place}: {text}" for place, text in mistakes))
        self.mistakes = tuple(mistakes)


class Backtests(Protocol):
    """Runs backtests, one at a time."""

    def start(self, request: BacktestRequest, by: str) -> BacktestJob:
        """Begin one. Raises BacktestBusy and BacktestRefused."""

    def latest(self) -> BacktestJob | None:
        """The one under way, or the last."""

    def cancel(self) -> bool:
        """Call off the one under way; False when there is none."""
