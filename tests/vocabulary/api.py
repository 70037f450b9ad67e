"""The API served on a real TCP port; where the ledger's mailbox is stands a real channel, and behind it the real fold."""

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec
import trio

from actors.api.actor import Api
from actors.api.console_files import ConsoleFiles
from actors.api.settings import ApiSettings
from actors.api.sla_reports import ReportTexts
from actors.api.stored import Stored
from actors.api.stream_door import TakeStream
from actors.api.submitter import Submitter
from actors.correlator.alarms.view import HeldAlarms
from actors.correlator.events.event_reports import report_of
from actors.correlator.plant.view import PlantView
from actors.correlator.polling.discovery import DiscoveredOnts
from actors.correlator.rules.rule_registry import rule_records
from actors.correlator.windows.views import WindowCatalogue
from actors.dispatcher.view import DispatchCatalogue
from actors.mailbox import Append, Outcome, Progress
from actors.metrics import Metrics
from actors.notifier.preview import Previewer
from actors.notifier.template_process import TemplateRenderer
from actors.notifier.templates import MessageTemplate
from actors.postgres import Postgres
from actors.sla_clock.limits.view import LimitsCatalogue
from actors.sla_clock.report_view import HeldReports
from actors.sla_clock.view import SlaCatalogue
from actors.ticketer.webhook import DeskWebhook
from actors.tokens import TokenFile
from actors.trap_listener.source_table import SourceTable
from faultd.backtest.service import BacktestService
from faultd.config import Config
from faultd.inputs import read_credit_models
from faultd.pipe import Stages
from faultd.profile_trial import try_profile
from faultd.routes import ApiViews, api_routes
from faultd.sla_history.service import SlaHistoryService
from faultd.sla_report.explanation import arithmetic_lines, explanation_lines
from faultd.sla_report.printer import ReportPrinter
from faultd.window_preview import WindowPreviews
from protocols.change import Change
from protocols.command import FIRST_STAGE, Action, Command
from protocols.dispatch.desk_call import DeskCall
from protocols.event import Stamped
from protocols.ledger import QuarantinedEvent, RecordedBatch
from protocols.poll.device import DeviceState, PolledDevice
from protocols.poll.reading import PollNames, PollReading, PollRefused
from protocols.principal import Principal, Role
from protocols.report import EventReport
from protocols.rest_daemon import DaemonPart, Readiness
from vocabulary.world import LEDGER_ID

E = TypeVar("E")
T0 = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ALARM: dict[str, Any] = {
    "alarm_type": "ont.los",
    "severity": "critical",
    "title": "Loss of signal",
    "resource_type": "ont",
    "resource_id": "olt-1/0/1/3",
}
TOKENS: Mapping[str, tuple[Role, str | None]] = {
    "viewer": ("viewer", None),
    "operator": ("operator", None),
    "admin": ("admin", None),
    "north": ("operator", "north"),
    "south": ("operator", "south"),
    "north-viewer": ("viewer", "north"),
}


class _Tokens(NamedTuple):
    folder: Path
    tokens: dict[str, str]


@cache
def _tokens() -> _Tokens:
    """A token book made once for all tests: each token costs several fsyncs."""
    folder = Path(tempfile.mkdtemp(prefix="faultd-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    book = TokenFile(folder / "tokens.json")
    return _Tokens(folder, {name: book.create(name, role, tenant, T0) for name, (role, tenant) in TOKENS.items()})


LINK_KEY = b"k" * 32


DESK_KEY = b"d" * 24


class CalledDesk:
    """The part of the ticketer that the desk calls, with two keys; ticket 17 is known."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._webhook, self._now = DeskWebhook((DESK_KEY, DESK_KEY[::-1] + b"former")), now
        self.rang: list[str] = []

    def call(self, headers: Mapping[str, str], body: bytes) -> DeskCall:
        key = self._webhook.key_of(headers, body, int(self._now().timestamp()))
        self.rang.append(key)
        return DeskCall(key, key == "17")


class ListedPollers:
    """Pollers that know what a test says: statuses, states as the correlator's, and the outcome of a poll on demand."""

    def __init__(self) -> None:
        self.statuses: dict[str, PolledDevice] = {}
        self.states: dict[str, DeviceState] = {}
        self.polled: list[str] = []
        self.outcome: PollReading | PollRefused | None = None

    def status(self, device_id: str) -> PolledDevice | None:
        return self.statuses.get(device_id)

    async def poll_now(self, device_id: str) -> PollReading:
        self.polled.append(device_id)
        if self.outcome is None:
            await trio.sleep_forever()
        if isinstance(self.outcome, PollRefused):
            raise self.outcome
        assert self.outcome is not None
        return self.outcome


class RunningApi:
    """One API under test. ``answering`` False leaves commands without an answer; ``refusing`` is the ledger's error."""

    ALARM = ALARM
    FAULTS = "/api/v1/faults"
    ALARMS = "/api/v1/faults/alarms"
    T0 = T0

    def __init__(
        self, directory: Path, database: Postgres | None = None, console: ConsoleFiles | None = None, **settings: Any
    ) -> None:
        self.settings = ApiSettings(**{"bind": "127.0.0.1:0", "answer_seconds": 60.0, **settings})
        self.now = T0
        self.progress = Progress()
        self.metrics = Metrics()
        self.book = TokenFile(directory / "tokens.json")
        shutil.copy(_tokens().folder / "tokens.json", self.book.path)
        self.tokens = dict(_tokens().tokens)
        self.readiness = Readiness(True, {"traps": DaemonPart("ok")})
        self.answering = True
        self.refusing: Exception | None = None
        self.appended: list[Append] = []
        self.asked = trio.Event()
        self.stages = Stages(LEDGER_ID)
        self.state = self.stages.state
        self.seq = 0
        self.months: set[str] = set()
        self.visible = True
        self.store: Callable[[RecordedBatch], Awaitable[None]] | None = None
        self.quarantined: list[QuarantinedEvent] = []
        self.ledger: dict[int, Stamped] = {}
        self.send, self._receive = trio.open_memory_channel[Append](8)
        self.sources = SourceTable(lambda: T0)
        self.pollers = ListedPollers()
        self.templates = TemplateRenderer({"short": MessageTemplate(text="{{ causes[0].title }}")})
        self.desk = CalledDesk(lambda: self.now)
        self.stored = Stored(database, self.progress, self.settings.read_your_writes_seconds, lambda: self.seq)
        views = ApiViews(
            try_profile=try_profile,
            alarms=HeldAlarms(self.state),
            windows=WindowCatalogue(self.state),
            preview=WindowPreviews(self.stages, lambda: self.now),
            topology=PlantView(self.state),
            limits=LimitsCatalogue(lambda: self.stages.sla),
            rules=partial(rule_records, self.state),
            sources=self.sources,
            pollers=self.pollers,
            device_state=lambda device_id: self.pollers.states.get(device_id, "unknown"),
            poll_names=lambda: PollNames({"core": ("north",), "access": ()}, ("standard", "huawei")),
            discovered=DiscoveredOnts(self.state),
            sla=SlaCatalogue(lambda: self.stages.sla),
            dispatch=DispatchCatalogue(lambda: self.stages.dispatch),
            credit_models=read_credit_models(Config()),
            backtests=BacktestService(directory / "ledger.sqlite", lambda: self.now),
            reports=self,
            quarantined=self._quarantined,
            agreements=HeldReports(self.stages.sla),
            sla_history=SlaHistoryService(self.stored, 1_100, lambda: self.now),
            sla_printer=ReportPrinter(),
            sla_texts=ReportTexts(lambda: "Stadtnetz", arithmetic_lines, explanation_lines),
            link_key=LINK_KEY,
            desk_calls=self.desk,
            message_preview=Previewer(self.templates).preview,
            health=lambda: self.readiness,
            console=console,
        )
        submitter = Submitter(self.send, self.stored, self.settings, self.metrics)
        routes = api_routes(submitter, self.stored, views, self.settings, self.metrics, lambda: self.now, "default")
        self.take_stream: TakeStream | None = None
        self.api = Api(self.settings, self.book, self.metrics, lambda: self.now, routes=routes, take_stream=self._take_stream)
        self.address = ""
        self.nursery: trio.Nursery
        self.ledger_stopped = trio.CancelScope()
        self.serving: trio.CancelScope

    def _take_stream(self, connection: trio.SocketStream) -> bool:
        return self.take_stream is not None and self.take_stream(connection)

    async def _quarantined(self, offset: int) -> list[QuarantinedEvent]:
        return [kept for kept in self.quarantined if kept.offset == offset]

    def keep(self, offset: int, event: bytes, stage: str = FIRST_STAGE, changes: bytes = b"") -> None:
        """Put an Event into the quarantine of ``stage``, as the ledger has it."""
        self.quarantined.append(QuarantinedEvent(offset, self.now, "network", "odd", event, stage, changes))

    async def at(self, offsets: Collection[int]) -> list[EventReport]:
        """What the ledger reads for people."""
        found = (report_of(self.state, self.ledger[offset]) for offset in sorted(offsets) if offset in self.ledger)
        return [report for report in found if report is not None]

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["RunningApi"]:
        async with trio.open_nursery() as self.nursery:
            self.nursery.start_soon(self._ledger)
            self.address = await self.nursery.start(self._serve)
            try:
                yield self
            finally:
                self.templates.close()
            self.nursery.cancel_scope.cancel()

    async def _serve(self, task_status: trio.TaskStatus[str]) -> None:
        with trio.CancelScope() as self.serving:
            await self.api.run(task_status)

    async def _ledger(self) -> None:
        with self.ledger_stopped:
            await self._answer_appends()

    async def _answer_appends(self) -> None:
        async for append in self._receive:
            self.appended.append(append)
            self.asked.set()
            assert append.answered is not None
            if self.refusing is not None:
                append.answered.fail(self.refusing)
            elif self.answering:
                append.answered.give(await self.record(append.events))

    async def record(self, events: Sequence[Any]) -> Outcome:
        """Fold Events as the ledger's pipe would, and have the store apply what came of them."""
        first = self.state.offset + 1
        found: list[Sequence[Change]] = []
        for event in events:
            self.ledger[self.state.offset + 1] = Stamped(self.state.offset + 1, self.now, event)
            found.append(self.stages.fold(self.state.offset + 1, self.now, event))
        changes = [change for each in found for change in each]
        if not changes:
            return Outcome(first, 0, found)
        self.seq += 1
        if self.store is not None:
            await self.store(RecordedBatch(self.seq, self.state.offset, changes))
            if self.visible:
                self.progress.advance(self.seq)
        return Outcome(first, self.seq, found)

    @asynccontextmanager
    async def client(self, token: str | None = "operator") -> AsyncIterator[httpx.AsyncClient]:
        headers = {"Authorization": f"Bearer {self.tokens[token]}"} if token else {}
        async with httpx.AsyncClient(base_url=f"http://{self.address}", headers=headers, timeout=None) as client:
            yield client

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[trio.SocketStream]:
        host, port = self.address.rsplit(":", 1)
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            yield stream

    async def create(self, client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
        response = await client.post(self.ALARMS, json=ALARM | changes)
        assert response.status_code in (200, 201), response.text
        content: dict[str, Any] = response.json()
        return content

    @staticmethod
    def problem(response: httpx.Response, status: int, kind: str, *fields: str) -> dict[str, Any]:
        """Check that a response is a problem of this kind naming these fields; its content."""
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        content: dict[str, Any] = msgspec.json.decode(response.content)
        assert content["status"] == status
        assert content["type"] == f"urn:faultd:problem:{kind}"
        assert content["title"]
        assert [error["field"] for error in content.get("errors", ())] == list(fields), content
        return content

    @staticmethod
    def command(by: Principal, action: Action) -> Command:
        """A command on no alarm in particular."""
        return Command(by, action)

    def first_event(self, kind: type[E], append: int = 0) -> E:
        """The first Event of what was appended at place ``append``."""
        event = self.appended[append].events[0]
        assert isinstance(event, kind)
        return event

    async def apply(self, batch: RecordedBatch) -> None:
        """Have the store apply a batch."""
        assert self.store is not None
        await self.store(batch)

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0
