"""The wiring diagram: the actors around the pipe, and what each of them is given.

    trap_listener, clock, api ──Append──▶ pipe (ledger and stages, faultd/pipe.py) ──feed──▶ store, stream
                notifier, ticketer ──Append──▶ pipe ──feed──▶ notifier, ticketer

Sources run in a nursery of their own inside that of the sinks. SIGTERM cancels the sources; then each sink drains to the
end of its channel and leaves, and one deadline, or a second SIGTERM, bounds the whole drain.
"""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Protocol

import structlog
import trio
from prometheus_client import ProcessCollector
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.api.actor import Api
from actors.api.sla_reports import ReportTexts
from actors.api.stored import Stored
from actors.api.submitter import Submitter
from actors.clock.actor import Clock
from actors.correlator.alarms.view import HeldAlarms
from actors.correlator.plant.view import PlantView
from actors.correlator.rules.rule_registry import rule_records
from actors.correlator.windows.views import WindowCatalogue
from actors.dispatcher.gauges import DispatchGauges
from actors.dispatcher.view import DispatchCatalogue
from actors.ledger.feed import LedgerFeed
from actors.mailbox import Append, Outcome, Progress, Reply
from actors.metrics import Metrics
from actors.notifier.acknowledge_links import AcknowledgeLinks
from actors.notifier.actor import Notifier
from actors.notifier.preview import Previewer
from actors.notifier.template_process import TemplateRenderer
from actors.notifier.writer import MessageWriter
from actors.postgres import Postgres
from actors.sla_clock.gauges import SlaGauges
from actors.sla_clock.held import live_changes
from actors.sla_clock.limits.view import LimitsCatalogue
from actors.sla_clock.report_view import HeldReports
from actors.sla_clock.view import SlaCatalogue
from actors.stage import StageFailed
from actors.store.actor import Store
from actors.store.presence import Presence
from actors.stream.actor import Stream
from actors.stream.board import Board
from actors.supervisor import CORE, EDGE, Intensity, supervise
from actors.ticketer.actor import Ticketer
from actors.tokens import TokenFile
from actors.trap_listener.actor import TrapListener
from actors.trap_listener.engine_clocks import keep_clocks
from actors.trap_listener.sockets import open_sockets
from actors.trusted_clock import system_reading
from actors.trusted_time import ClockReading
from faultd import logs, state_folder
from faultd.acknowledge_key import acknowledge_key
from faultd.backtest.service import BacktestService
from faultd.channels import configured_channels, configured_desk_webhook, configured_desks, configured_heartbeat
from faultd.config import Config
from faultd.database_alarm import ALARM, DatabaseAlarm
from faultd.descriptors import seldom_about_accept
from faultd.health import Health
from faultd.inputs import Inputs, changed_inputs, log_unconfigured, read_inputs
from faultd.native import TRAP_PATH
from faultd.parking import Parking
from faultd.pipe import Pipe, Stages
from faultd.postgres_keeper import PostgresKeeper
from faultd.reload import reload
from faultd.reports import LedgerReports
from faultd.restore import restore
from faultd.routes import ApiViews, api_routes
from faultd.sdnotify import ServiceNotifier
from faultd.security import database_url, open_engine, replace_users
from faultd.sla_history.service import SlaHistoryService
from faultd.sla_report.explanation import arithmetic_lines, explanation_lines
from faultd.sla_report.printer import ReportPrinter
from faultd.start_clock import boot_id, started_clock
from faultd.window_preview import WindowPreviews
from protocols.change import NodesChanged
from protocols.event import Event, SystemReport
from protocols.ledger import QuarantinedEvent, Seed
from protocols.profile import community_fields
from protocols.sla.local_time import instant_at

log = structlog.get_logger()

READ_SECONDS = 5.0
"""A read of the API that PostgreSQL does not answer within this time finds it away: somebody waits for the answer."""
_AT_ONCE = 1_000
"""Changes of a seed between two of which nothing else runs."""
PARKED = Intensity(EDGE.restarts, EDGE.seconds, then="park")
"""For what can be missing while traps still become durable alarms: stopped with an alarm, the rest goes on."""


class Closable(Protocol):
    """A resource that :func:`serve` closes when it ends. Closing it twice does nothing."""

    def close(self) -> None: ...


ALARMS_OF_ONE_RUN = ("actor.parked", "clock.jumped", ALARM, "snapshot.failed", "stage.failed", "traps.refused", "traps.lost")
"""Alarms about faultd itself that only the run which raised them can clear."""


async def serve(
    config: Config,
    config_file: Path | None = None,
    *,
    read_clocks: Callable[[], ClockReading] = system_reading,
    task_status: TaskStatus[Health] = TASK_STATUS_IGNORED,
) -> None:
    """Run faultd until SIGTERM or SIGINT, then drain. faultd takes traps as soon as the ledger is open, with or without
    PostgreSQL. It reports ready when PostgreSQL answers, or ``database.wait_seconds`` later.

    Raises ConfigError for a file with mistakes; StateFolderError, EngineStateError or LedgerError when it cannot start;
    AddressError when it cannot bind an address; ActorFailed when a core actor crashed; EmbeddedPostgresError when the embedded
    PostgreSQL does not stop.
    """
    service = ServiceNotifier.from_environment(os.environ)
    metrics = Metrics()
    ProcessCollector(registry=metrics.registry)
    accepting = seldom_about_accept(metrics)
    metrics.up.labels(version("faultd"), python_version(), TRAP_PATH).set(1)
    state_dir = config.path()
    await trio.to_thread.run_sync(state_folder.make, state_dir)

    service.status("reading profiles and topology")
    inputs = await trio.to_thread.run_sync(partial(read_inputs, config, without_plugins=True))
    log_unconfigured(config, inputs.dispatch)
    service.status("recovering the ledger")
    ledger_file, stages, seq = await trio.to_thread.run_sync(restore, config.ledger.path(state_dir))
    state = stages.state
    credit_models = dict(inputs.credit_models)
    try:
        link_key = await trio.to_thread.run_sync(acknowledge_key, state_dir)
        channels = await trio.to_thread.run_sync(configured_channels, config, ledger_file.ledger_id)
        desks = await trio.to_thread.run_sync(configured_desks, config)
        desk_webhook = await trio.to_thread.run_sync(configured_desk_webhook, config)
        clock = started_clock(read_clocks, boot_id(), ledger_file, config.clock)
        security = await trio.to_thread.run_sync(open_engine, config, state_dir, trio.current_time())
        sockets = open_sockets(config.traps.listen, config.traps.receive_buffer, os.environ, os.getpid())
    except BaseException:
        ledger_file.close()
        raise

    templates, tried_templates = TemplateRenderer(inputs.templates), TemplateRenderer(inputs.templates)
    async with (
        _closed_at_the_end(*sockets, ledger_file, templates, tried_templates),
        _impatience() as impatience,
        _postgres(config, metrics) as (url, keeper),
        Postgres.open(url, size=1) as written,
        Postgres.open(
            url, size=config.database.pool_size - 1, command_timeout=READ_SECONDS, answer_within=READ_SECONDS
        ) as read,
    ):
        pipe = Pipe(ledger_file, stages, clock, metrics, config.ledger)
        appends, ledger = pipe.appends, pipe.ledger
        windows = WindowCatalogue(state)
        metrics.windows_active.set_function(windows.active)
        DispatchGauges(metrics, lambda: stages.dispatch)
        SlaGauges(metrics, lambda: stages.sla, lambda: instant_at(clock()))
        stored = Progress()
        tokens = TokenFile(state_dir / "tokens.json")
        board = Board(seq, state.alarms.values(), config.stream.window_batches, live_changes(stages.sla))
        seed = partial(seed_of, ledger.feed, board, clock, stages)
        store = Store(
            written,
            ledger.feed,
            ledger_file.ledger_id,
            stored,
            metrics,
            config.store,
            seed=seed,
            migrates=config.database.migrate,
            sla_keep_days=config.sla.keep_days,
        )

        def trouble() -> str:
            return keeper.trouble if keeper is not None and keeper.trouble else store.presence.reason

        # No read before the store has found the tables that reads need.
        read.refusal = lambda: "" if store.presence.schema_checked else trouble() or "its schema is not looked at yet"
        health = Health(metrics, stored, lambda: ledger.failure, lambda: accepting.short, trouble, ledger.feed.lags)
        heartbeat = configured_heartbeat(config, lambda: health().ready, metrics)
        absence = DatabaseAlarm(
            store.presence, appends, config.store.away_alarm_seconds, trouble, lambda: "store" in health.parked
        )
        plant = PlantView(state)
        stream = Stream(config.stream, ledger.feed, board, tokens, metrics, clock, customers=plant.customers)
        notifier = Notifier(
            config.notifier,
            channels,
            ledger.feed,
            appends,
            table=lambda: stages.dispatch.notifications,
            write=MessageWriter(templates, metrics, AcknowledgeLinks(config.http.public_url, link_key)).write,
            metrics=metrics,
            clock=clock,
        )
        ticketer = Ticketer(
            config.ticketer,
            desks,
            ledger.feed,
            appends,
            tickets=lambda: stages.dispatch.tickets,
            installation=ledger_file.ledger_id,
            metrics=metrics,
            clock=clock,
            webhook=desk_webhook,
        )
        backtests = BacktestService(config.ledger.path(state_dir), clock)
        listener = TrapListener(
            config.traps,
            sockets,
            appends,
            security,
            metrics,
            clock=clock,
            community_fields=community_fields(inputs.profiles.profiles),
        )
        reads = Stored(read, stored, config.http.read_your_writes_seconds, lambda: ledger.feed.last)
        submitter = Submitter(appends, reads, config.http, metrics)
        views = ApiViews(
            alarms=HeldAlarms(state),
            windows=windows,
            preview=WindowPreviews(stages, clock),
            rules=partial(rule_records, state),
            topology=plant,
            limits=LimitsCatalogue(lambda: stages.sla),
            sources=listener.sources,
            sla=SlaCatalogue(lambda: stages.sla),
            dispatch=DispatchCatalogue(lambda: stages.dispatch),
            credit_models=credit_models,
            backtests=backtests,
            reports=LedgerReports(ledger.feed, state),
            quarantined=partial(_quarantined_event, ledger.feed),
            agreements=HeldReports(stages.sla),
            sla_history=SlaHistoryService(reads, config.sla.keep_days, clock),
            sla_printer=ReportPrinter(),
            sla_texts=ReportTexts(lambda: config.sla.operator, arithmetic_lines, explanation_lines),
            link_key=link_key,
            desk_calls=ticketer,
            message_preview=Previewer(tried_templates, config.http.public_url).preview,
            health=health,
        )
        routes = api_routes(submitter, reads, views, config.http, metrics, clock, config.correlator.default_tenant)
        api = Api(config.http, tokens, metrics, clock, routes=routes)

        def switch(new: Config, inputs: Inputs) -> None:
            channels, desks = configured_channels(new, ledger_file.ledger_id), configured_desks(new)
            desk_webhook = configured_desk_webhook(new)
            replace_users(security, new)
            listener.reconfigure(new.traps, security, community_fields(inputs.profiles.profiles))
            notifier.reconfigure(new.notifier, channels)
            ticketer.reconfigure(new.ticketer, desks, desk_webhook)
            templates.replace(inputs.templates)
            tried_templates.replace(inputs.templates)
            logs.configure(new.log)
            credit_models.clear()
            credit_models.update(inputs.credit_models)

        park = Parking(health, appends, ledger.consumers.park)
        with trio.CancelScope() as everything:
            async with trio.open_nursery() as sinks:
                for name, actor in pipe.actors.items():
                    await sinks.start(supervise, name, actor, CORE, metrics)
                folded_inputs: Reply[Outcome] = Reply()
                await _keep(appends, [*changed_inputs(state, inputs, stages.dispatch), *_as_at_a_start()], folded_inputs)
                sinks.start_soon(partial(supervise, "store", store, PARKED, metrics, on_park=park))

                async with trio.open_nursery() as sources:
                    # Traps first: they wait for nothing but the disk.
                    await sources.start(supervise, "trap_listener", listener, EDGE, metrics)
                    sources.start_soon(keep_clocks, security.clocks, state_dir)
                    health.listening["traps"] = ", ".join(sock.name for sock in sockets)
                    health.waiting = health.taking_traps = True
                    service.status("taking traps; folding what was read")
                    host, port = await sinks.start(partial(supervise, "stream", stream, PARKED, metrics, on_park=park))
                    health.listening["stream"] = f"{host}:{port}"
                    health.listening["http"] = await sources.start(
                        partial(supervise, "api", api, PARKED, metrics, on_park=park)
                    )
                    await sources.start(partial(supervise, "backtests", backtests, PARKED, metrics, on_park=park))
                    await sources.start(supervise, "clock", Clock(config.clock, appends, clock, metrics), EDGE, metrics)
                    await sources.start(supervise, "database_alarm", absence, EDGE, metrics)
                    if heartbeat is not None:
                        await sources.start(supervise, "heartbeat", heartbeat, EDGE, metrics)
                    await sources.start(partial(supervise, "notifier", notifier, PARKED, metrics, on_park=park))
                    await sources.start(partial(supervise, "ticketer", ticketer, PARKED, metrics, on_park=park))
                    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:

                        async def announce() -> None:
                            await folded_inputs.wait()
                            doing = "waiting for PostgreSQL" if keeper is None else "starting the embedded PostgreSQL"
                            service.status(f"taking traps; {doing}")
                            with trio.move_on_after(config.database.wait_seconds):
                                await _until_tried(store.presence, keeper)
                            health.waiting = False
                            log.info("ready", **health.listening)
                            service.ready("taking traps")
                            sources.start_soon(service.keep_alive, health.summary)
                            task_status.started(health)

                        sources.start_soon(announce)
                        await _until_told_to_stop(signals, config, config_file, stages, appends, service, switch)
                        health.stopping, impatience.scope = True, everything
                    service.stopping("draining")
                    log.info("stopping: draining what was received")
                    everything.deadline = trio.current_time() + config.drain_seconds
                    sources.cancel_scope.cancel()

                await appends.aclose()
        if everything.cancelled_caught:
            log.warning("the drain was cut short; what PostgreSQL lacks is in the ledger", behind=ledger.feed.last - stored.seq)
        log.info("stopped")


def _as_at_a_start() -> list[SystemReport]:
    """Clears of the self-alarms that the previous run left open. The actors raise those that still apply."""
    return [
        SystemReport(alarm_type=alarm_type, active=False, qualifier="*", description="faultd was started again")
        for alarm_type in ALARMS_OF_ONE_RUN
    ]


async def _quarantined_event(feed: LedgerFeed, offset: int) -> list[QuarantinedEvent]:
    """The Event in quarantine at ``offset``, once for each stage that could not fold it."""
    return [kept for kept in await feed.quarantined() if kept.offset == offset]


async def seed_of(feed: LedgerFeed, board: Board, clock: Callable[[], datetime], stages: Stages) -> Seed:
    """The alarms of the board, the quarantine, what operators made, and service level agreements, for a consumer whose next
    batches the ledger no longer has."""
    quarantined = await feed.quarantined()
    seq, alarms, at, made = board.seq, board.alarms(), clock(), []
    try:
        for change in stages.made():
            made.append(change)
            if isinstance(change, NodesChanged) or len(made) % _AT_ONCE == 0:
                # A million nodes take a second, in which traps go on being read and folded.
                await trio.lowlevel.checkpoint()
    except StageFailed as error:
        log.error("a stage does not tell what it holds", stage=error.stage, error=error.error)
        return Seed(seq, alarms, quarantined, at, made, whole=False)
    return Seed(seq, alarms, quarantined, at, made)


async def _keep(appends: trio.MemorySendChannel[Append], events: list[Event], folded: Reply[Outcome]) -> None:
    """Have ``events`` on disk before anything else, so that they are folded first."""
    kept: Reply[int] = Reply()
    await appends.send(Append(events, committed=kept, answered=folded))
    await kept.wait()


async def _until_tried(presence: Presence, keeper: PostgresKeeper | None) -> None:
    """Until PostgreSQL answers or is known to be away. An embedded one that is being started is not away."""
    if keeper is None:
        await presence.tried.wait()
        return
    async with trio.open_nursery() as nursery:

        async def first(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(first, presence.answering)
        nursery.start_soon(first, keeper.failed)


@asynccontextmanager
async def _closed_at_the_end(*opened: Closable) -> AsyncIterator[None]:
    """Sockets are bound before anything that takes long, so that traps wait in the kernel meanwhile. The ledger closes its file
    when it has drained; here one whose start failed, or was cancelled."""
    try:
        yield
    finally:
        for each in opened:
            each.close()


class _Impatience:
    """SIGTERM or SIGINT where nobody else waits for it: before faultd is ready, or once more while it drains. Then
    ``scope`` is cancelled, so that all that is open closes and an embedded PostgreSQL is not left behind."""

    def __init__(self, start: trio.CancelScope) -> None:
        self.scope = start

    async def wait(self, signals: AsyncIterator[int]) -> None:
        async for number in signals:
            log.info("signal", name=signal.Signals(number).name)
            if number != signal.SIGHUP:
                self.scope.cancel()


@asynccontextmanager
async def _impatience() -> AsyncIterator[_Impatience]:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        async with trio.open_nursery() as nursery:
            impatience = _Impatience(nursery.cancel_scope)
            nursery.start_soon(impatience.wait, signals)
            yield impatience
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _postgres(config: Config, metrics: Metrics) -> AsyncIterator[tuple[str, PostgresKeeper | None]]:
    """The URL of the configured PostgreSQL; or of an embedded one and who keeps it, for as long as the daemon runs."""
    if url := await trio.to_thread.run_sync(database_url, config.database):
        yield url, None
    else:
        keeper = PostgresKeeper(config.path(), metrics)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keeper.run)
            yield keeper.url, keeper
            nursery.cancel_scope.cancel()


async def _until_told_to_stop(
    signals: AsyncIterator[int],
    config: Config,
    config_file: Path | None,
    stages: Stages,
    appends: trio.MemorySendChannel[Append],
    service: ServiceNotifier,
    switch: Callable[[Config, Inputs], None],
) -> None:
    """Return at SIGTERM or SIGINT; reload at SIGHUP."""
    async for number in signals:
        if number != signal.SIGHUP:
            log.info("signal", name=signal.Signals(number).name)
            return
        if config_file is None:
            continue
        service.reloading()
        config = await reload(config_file, config, stages.state, appends, switch, stages.dispatch) or config
        service.ready("configuration reloaded")
