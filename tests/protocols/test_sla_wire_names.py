"""The names that other programs rely on: what a body about service level agreements may have, and what an answer has."""

from typing import get_args

import pytest
from msgspec import Struct

from protocols.rest_sla_breaches import BreachPage, BreachShown
from protocols.rest_sla_compliance import ComplianceReport
from protocols.rest_sla_definitions import DefinitionCreate
from protocols.rest_sla_exclusions import ExclusionCreate
from protocols.rest_sla_instances import InstanceCreate, InstancePage, InstanceShown
from protocols.rest_sla_limits import FaultReportCreate, MeasurementBody, MeasurementsBody
from protocols.sla.breach import BREACH_TYPES
from protocols.sla.instance import InstanceStatus

CONTRACT = "sla_definition_id customer_id service_id customer_name resources start_date end_date monthly_fee currency"


@pytest.mark.parametrize(
    ("struct", "names"),
    [
        (
            DefinitionCreate,
            "name service_type availability_target measurement_period_days max_latency_ms max_packet_loss_percent "
            "min_bandwidth_mbps response_time_critical response_time_major response_time_minor response_time_warning "
            "resolution_time_critical resolution_time_major resolution_time_minor resolution_time_warning business_hours "
            "exclude_maintenance at_risk_percent period_anchor",
        ),
        (InstanceCreate, f"{CONTRACT} account_manager"),
        (
            InstanceShown,
            f"{CONTRACT} account_manager id status current_availability total_downtime planned_downtime unplanned_downtime "
            "unknown_time error_budget breach_count credit_amount penalty_amount breaches_at",
        ),
        (
            BreachShown,
            "breach_type breach_start breach_end duration target_value actual_value deviation_percent credit_amount resolved "
            "alarm_id ticket_id sla_instance_id",
        ),
        (ComplianceReport, "period_start period_end avg_availability total_breaches total_credits items"),
        (MeasurementsBody, "items"),
        (MeasurementBody, "service_id resource_id at latency_ms packet_loss_percent bandwidth_mbps"),
        (FaultReportCreate, "customer_id service_id reported_at text"),
        (ExclusionCreate, "category scope start_time end_time rrule reason"),
        (InstancePage, "items next_cursor"),
        (BreachPage, "items next_cursor"),
    ],
)
def test_names_of_fields(struct: type[Struct], names: str) -> None:
    assert set(names.split()) <= set(struct.__struct_encode_fields__)


def test_names_of_values() -> None:
    assert set(BREACH_TYPES) == {"availability", "response_time", "resolution_time", "latency", "packet_loss", "bandwidth"}
    assert set(get_args(InstanceStatus)) == {"compliant", "at_risk", "breached", "suspended"}
