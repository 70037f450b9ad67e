"""The routes of the REST API: each resource's, given the views and reads that it needs. A new resource adds its line here."""

from collections.abc import Callable, Sequence

from litestar import Router
from msgspec import Struct

from actors.api import (
    acknowledge_page,
    alarm_commands,
    alarm_reads,
    backtest,
    bulk,
    console,
    contacts,
    customers,
    desk_webhook,
    device_events,
    devices,
    discovered_onts,
    events,
    explain,
    fault_reports,
    maintenance,
    maintenance_preview,
    measurements,
    notes,
    notification_explain,
    notification_policies,
    notification_preview,
    notifications,
    quarantine,
    reports,
    rotas,
    rules,
    sla_breaches,
    sla_clocks,
    sla_compliance,
    sla_definitions,
    sla_exclusions,
    sla_instances,
    sla_outages,
    sla_reports,
    sources,
    statistics,
    system,
    tickets,
    topology,
    topology_changes,
    unknown_traps,
)
from actors.api.alarm_lookup import AlarmLookup
from actors.api.console_files import ConsoleFiles
from actors.api.console_settings import ConsoleSettings
from actors.api.devices import ContactState
from actors.api.maintenance_preview import PreviewWindow
from actors.api.notification_preview import PreviewMessage
from actors.api.quarantine import EventLookup
from actors.api.routes import Now
from actors.api.rules import RuleLookup
from actors.api.settings import ApiSettings
from actors.api.sla_reports import ReportTexts
from actors.api.sla_terms import CreditModels
from actors.api.stored import Stored
from actors.api.submitter import Submitter
from actors.metrics import Metrics
from protocols.alarm_view import AlarmView
from protocols.backtest import Backtests
from protocols.dispatch.desk_call import DeskCalls
from protocols.dispatch.view import DispatchView
from protocols.maintenance import Windows
from protocols.poll.discovered import DiscoveredView
from protocols.poll.reading import PollNames, PollView
from protocols.profile_trial import TryProfile
from protocols.report import Reports
from protocols.rest_daemon import Readiness
from protocols.sla.limits_view import LimitsView
from protocols.sla.report_print import ReportPrinting
from protocols.sla.report_view import SlaHistoryReader, SlaReportView
from protocols.sla.view import SlaView
from protocols.topology_view import TopologyView
from protocols.trap_source import SourceView


class ApiViews(Struct, frozen=True, kw_only=True):
    """What the resources of the REST API are read from."""

    alarms: AlarmView
    windows: Windows
    preview: PreviewWindow
    rules: RuleLookup
    topology: TopologyView
    limits: LimitsView
    sources: SourceView
    pollers: PollView
    device_state: ContactState
    poll_names: Callable[[], PollNames]
    discovered: DiscoveredView
    sla: SlaView
    credit_models: CreditModels
    backtests: Backtests
    reports: Reports
    quarantined: EventLookup
    agreements: SlaReportView
    sla_history: SlaHistoryReader
    sla_printer: ReportPrinting
    sla_texts: ReportTexts
    dispatch: DispatchView
    message_preview: PreviewMessage
    desk_calls: DeskCalls
    link_key: bytes
    """Of acknowledge links."""
    health: Callable[[], Readiness]
    try_profile: TryProfile
    console: ConsoleFiles | None = None
    """The files of the console; None: there is none."""
    console_settings: ConsoleSettings = ConsoleSettings()


def api_routes(
    submitter: Submitter,
    stored: Stored,
    views: ApiViews,
    settings: ApiSettings,
    metrics: Metrics,
    clock: Now,
    default_tenant: str,
) -> Sequence[Router]:
    """Every route that the daemon serves. ``submitter`` takes the commands, ``stored`` is PostgreSQL."""
    alarms, plant = AlarmLookup(views.alarms, stored, views.topology), views.topology
    changes = topology_changes.TopologyChanges(submitter, plant, views.poll_names)
    return [
        alarm_commands.routes(submitter, alarms, default_tenant, clock),
        bulk.routes(submitter, alarms, settings, clock),
        alarm_reads.routes(alarms),
        explain.routes(alarms),
        notes.routes(submitter, alarms),
        statistics.routes(alarms, clock),
        reports.routes(alarms, views.reports),
        customers.routes(alarms),
        events.routes(submitter, settings, default_tenant, plant, views.alarms),
        maintenance.routes(submitter, views.windows, plant, views.alarms, default_tenant),
        maintenance_preview.routes(views.preview, plant, views.alarms, default_tenant),
        rules.routes(submitter, views.rules),
        notification_policies.routes(submitter, views.dispatch, views.alarms, plant, views.sla, clock, default_tenant),
        topology.routes(plant),
        sla_clocks.routes(submitter, alarms, views.limits, clock),
        measurements.routes(submitter, default_tenant),
        fault_reports.routes(submitter, views.limits, default_tenant),
        topology_changes.routes(changes),
        devices.routes(changes, views.pollers, views.device_state, clock),
        discovered_onts.routes(changes, views.discovered),
        sla_definitions.routes(submitter, views.sla, views.credit_models, clock),
        sla_instances.routes(submitter, views.sla, default_tenant, clock),
        sla_exclusions.routes(submitter, views.sla, default_tenant),
        sla_outages.routes(submitter, stored, views.sla, clock),
        contacts.routes(submitter, views.dispatch),
        rotas.routes(submitter, views.dispatch, clock),
        backtest.routes(views.backtests),
        unknown_traps.routes(stored, views.try_profile),
        device_events.routes(stored),
        sla_breaches.routes(stored, views.agreements, clock),
        sla_compliance.routes(stored, views.agreements, clock),
        sla_reports.routes(
            submitter,
            stored,
            views.sla,
            views.agreements,
            views.sla_history,
            views.sla_printer,
            views.sla_texts,
            clock,
        ),
        notifications.routes(submitter, alarms, views.dispatch, default_tenant),
        acknowledge_page.routes(submitter, alarms, views.link_key, clock),
        notification_preview.routes(views.message_preview, clock, default_tenant),
        notification_explain.routes(alarms, views.dispatch),
        desk_webhook.routes(views.desk_calls),
        tickets.routes(submitter, alarms, views.dispatch),
        quarantine.routes(submitter, stored, views.quarantined),
        sources.routes(views.sources, plant, default_tenant),
        *console.routes(views.console_settings, views.console),
        *system.routes(views.health, metrics),
    ]
