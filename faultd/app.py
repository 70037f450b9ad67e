"""The wiring diagram: the actors around the pipe, and the parts that each of them is given.

    trap_listener, clock, api ──Append──▶ pipe (ledger and stages, faultd/pipe.py) ──feed──▶ store, stream
        poller, notifier, ticketer ──Append──▶ pipe ──feed──▶ poller, notifier, ticketer

Sources run in a nursery of their own inside that of the sinks. SIGTERM cancels the sources; then each sink drains to the
end of its channel and leaves, and one deadline, or a second SIGTERM, bounds the whole drain.
"""

import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version

import structlog
import trio
from prometheus_client import ProcessCollector
from trio import TASK_STATUS_IGNORED, TaskStatus

from actors.api.actor import Api
from actors.api.console_files import ConsoleFiles
from actors.api.sla_reports import ReportTexts
from actors.api.stored import Stored
from actors.api.submitter import Submitter
from actors.clock.actor import Clock
from actors.correlator.alarms.view import HeldAlarms
from actors.correlator.plant.view import PlantView
from actors.correlator.polling.device_states import DeviceStates
from actors.correlator.polling.discovery import DiscoveredOnts
from actors.correlator.rules.rule_registry import rule_records
from actors.correlator.windows.views import WindowCatalogue
from actors.dispatcher.gauges import DispatchGauges
from actors.dispatcher.view import DispatchCatalogue
from actors.mailbox import Progress
from actors.metrics import Metrics
from actors.sla_clock.gauges import SlaGauges
from actors.sla_clock.held import live_changes
from actors.sla_clock.limits.view import LimitsCatalogue
from actors.sla_clock.report_view import HeldReports
from actors.sla_clock.view import SlaCatalogue
from actors.store.actor import Store
from actors.stream.actor import Stream
from actors.stream.board import Board
from actors.supervisor import CORE, EDGE, Intensity, supervise
from actors.tokens import TokenFile
from actors.trap_listener.actor import TrapListener
from actors.trap_listener.engine_clocks import keep_clocks
from actors.trap_listener.sockets import open_sockets
from actors.trusted_clock import system_reading
from actors.trusted_time import ClockReading
from faultd import logs, state_folder
from faultd.acknowledge_key import acknowledge_key
from faultd.backtest.service import BacktestService
from faultd.channels import configured_heartbeat
from faultd.config import Config
from faultd.consumer_seed import seed_of
from faultd.database import open_database
from faultd.database_alarm import DatabaseAlarm
from faultd.delivery_actors import DeliveryActors, open_far_ends
from faultd.descriptors import seldom_about_accept
from faultd.first_events import append_first
from faultd.health import Health
from faultd.inputs import Inputs, changed_inputs, log_unconfigured, read_inputs
from faultd.native import TRAP_PATH
from faultd.parking import Parking
from faultd.pipe import Pipe
from faultd.places import shipped_console
from faultd.pollers import Pollers
from faultd.profile_trial import try_profile
from faultd.reload import reload
from faultd.reports import LedgerReports, quarantined_event
from faultd.restore import restore
from faultd.routes import ApiViews, api_routes
from faultd.sdnotify import ServiceNotifier
from faultd.security import open_engine, read_credentials, replace_users
from faultd.sla_history.service import SlaHistoryService
from faultd.sla_report.explanation import arithmetic_lines, explanation_lines
from faultd.sla_report.printer import ReportPrinter
from faultd.start_clock import boot_id, started_clock
from faultd.stop_signals import impatience, until_told_to_stop
from faultd.window_preview import WindowPreviews
from protocols.profile import community_fields
from protocols.sla.local_time import instant_at

log = structlog.get_logger()

PARKED = Intensity(EDGE.restarts, EDGE.seconds, then="park")
"""For what can be missing while traps still become durable alarms: stopped with an alarm, the rest goes on."""


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
    console_files = ConsoleFiles(shipped_console()) if config.console.enabled else None
    service.status("recovering the ledger")
    ledger_file, stages, seq = await trio.to_thread.run_sync(restore, config.ledger.path(state_dir))
    state = stages.state
    credit_models = dict(inputs.credit_models)
    try:
        link_key = await trio.to_thread.run_sync(acknowledge_key, state_dir)
        opened = await trio.to_thread.run_sync(open_far_ends, config, ledger_file.ledger_id)
        clock = started_clock(read_clocks, boot_id(), ledger_file, config.clock)
        security = await trio.to_thread.run_sync(open_engine, config, state_dir, trio.current_time())
        credentials = await trio.to_thread.run_sync(read_credentials, config)
        sockets = open_sockets(config.traps.listen, config.traps.receive_buffer, os.environ, os.getpid())
    except BaseException:
        ledger_file.close()
        raise

    # The sockets are bound before anything that takes long, so that traps wait in the kernel meanwhile. The ledger closes its
    # file when it has drained; here one whose start failed, or was cancelled.
    at_the_end = AsyncExitStack()
    at_the_end.callback(ledger_file.close)
    for sock in sockets:
        at_the_end.callback(sock.close)
    async with at_the_end, impatience() as impatient, open_database(config, metrics) as database:
        pipe = Pipe(ledger_file, stages, clock, metrics, config.ledger)
        appends, ledger = pipe.appends, pipe.ledger
        windows = WindowCatalogue(state)
        metrics.windows_active.set_function(windows.active)
        contact = DeviceStates(state)
        metrics.polling_blind.set_function(lambda: contact.blind)
        DispatchGauges(metrics, lambda: stages.dispatch)
        SlaGauges(metrics, lambda: stages.sla, lambda: instant_at(clock()))
        stored = Progress()
        tokens = TokenFile(state_dir / "tokens.json")
        board = Board(seq, state.alarms.values(), config.stream.window_batches, live_changes(stages.sla))
        seed = partial(seed_of, ledger.feed, board, clock, stages)
        store = Store(
            database.written,
            ledger.feed,
            ledger_file.ledger_id,
            stored,
            metrics,
            config.store,
            seed=seed,
            migrates=config.database.migrate,
            sla_keep_days=config.sla.keep_days,
        )
        trouble = database.troubled_as(store.presence)
        health = Health(metrics, stored, lambda: ledger.failure, lambda: accepting.short, trouble, ledger.feed.lags)
        heartbeat = configured_heartbeat(config, lambda: health().ready, metrics)
        absence = DatabaseAlarm(
            store.presence, appends, config.store.away_alarm_seconds, trouble, lambda: "store" in health.parked
        )
        plant = PlantView(state)
        stream = Stream(config.stream, ledger.feed, board, tokens, metrics, clock, customers=plant.customers)
        delivery = DeliveryActors(
            config,
            opened,
            inputs.templates,
            link_key,
            pipe=pipe,
            stages=stages,
            installation=ledger_file.ledger_id,
            metrics=metrics,
            clock=clock,
        )
        at_the_end.callback(delivery.close)
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
        pollers = Pollers(
            config,
            credentials,
            inputs.profiles,
            plant=plant,
            stages=stages,
            feed=ledger.feed,
            appends=appends,
            clocks=security.clocks,
            metrics=metrics,
            clock=clock,
        )
        reads = Stored(database.read, stored, config.http.read_your_writes_seconds, lambda: ledger.feed.last)
        submitter = Submitter(appends, reads, config.http, metrics)
        views = ApiViews(
            alarms=HeldAlarms(state),
            windows=windows,
            preview=WindowPreviews(stages, clock),
            rules=partial(rule_records, state),
            topology=plant,
            limits=LimitsCatalogue(lambda: stages.sla),
            sources=listener.sources,
            pollers=pollers.poller,
            device_state=contact.state,
            poll_names=pollers.names,
            discovered=DiscoveredOnts(state),
            sla=SlaCatalogue(lambda: stages.sla),
            dispatch=DispatchCatalogue(lambda: stages.dispatch),
            credit_models=credit_models,
            backtests=backtests,
            reports=LedgerReports(ledger.feed, state),
            quarantined=partial(quarantined_event, ledger.feed),
            agreements=HeldReports(stages.sla),
            sla_history=SlaHistoryService(reads, config.sla.keep_days, clock),
            sla_printer=ReportPrinter(),
            sla_texts=ReportTexts(lambda: config.sla.operator, arithmetic_lines, explanation_lines),
            link_key=link_key,
            desk_calls=delivery.ticketer,
            message_preview=delivery.preview,
            console=console_files,
            console_settings=config.console,
            health=health,
            try_profile=try_profile,
        )
        routes = api_routes(submitter, reads, views, config.http, metrics, clock, config.correlator.default_tenant)
        api = Api(config.http, tokens, metrics, clock, routes=routes, take_stream=stream.take)

        def switch(new: Config, inputs: Inputs) -> None:
            opened, credentials = open_far_ends(new, ledger_file.ledger_id), read_credentials(new)
            replace_users(security, new)
            listener.reconfigure(new.traps, security, community_fields(inputs.profiles.profiles))
            delivery.switch(new, opened, inputs.templates)
            pollers.switch(new, credentials, inputs.profiles)
            logs.configure(new.log)
            credit_models.clear()
            credit_models.update(inputs.credit_models)

        running = config

        async def reload_files() -> None:
            nonlocal running
            if config_file is not None:
                service.reloading()
                running = await reload(config_file, running, state, appends, switch, stages.dispatch) or running
                service.ready("configuration reloaded")

        park = Parking(health, appends, ledger.consumers.park)
        with trio.CancelScope() as everything:
            async with trio.open_nursery() as sinks:
                for name, actor in pipe.actors.items():
                    await sinks.start(supervise, name, actor, CORE, metrics)
                folded_inputs = await append_first(appends, changed_inputs(state, inputs, stages.dispatch))
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
                    await sources.start(partial(supervise, "poller", pollers.poller, PARKED, metrics, on_park=park))
                    await sources.start(partial(supervise, "notifier", delivery.notifier, PARKED, metrics, on_park=park))
                    await sources.start(partial(supervise, "ticketer", delivery.ticketer, PARKED, metrics, on_park=park))
                    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:

                        async def announce() -> None:
                            await folded_inputs.wait()
                            service.status(f"taking traps; {database.starting}")
                            with trio.move_on_after(config.database.wait_seconds):
                                await database.until_tried(store.presence)
                            health.waiting = False
                            log.info("ready", **health.listening)
                            service.ready("taking traps")
                            sources.start_soon(service.keep_alive, health.summary)
                            task_status.started(health)

                        sources.start_soon(announce)
                        await until_told_to_stop(signals, reload_files)
                        health.stopping, impatient.scope = True, everything
                    service.stopping("draining")
                    log.info("stopping: draining what was received")
                    everything.deadline = trio.current_time() + config.drain_seconds
                    sources.cancel_scope.cancel()

                await appends.aclose()
        if everything.cancelled_caught:
            log.warning("the drain was cut short; what PostgreSQL lacks is in the ledger", behind=ledger.feed.last - stored.seq)
        log.info("stopped")
