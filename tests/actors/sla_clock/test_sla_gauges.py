"""The stage's metrics: what a scrape shows while an outage uses up a budget."""

from vocabulary.sla import SlaWorld, us

from actors.metrics import Metrics
from actors.sla_clock.gauges import SlaGauges


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The value of a sample."""
    return metrics.registry.get_sample_value(name, labels)


def test_a_scrape_shows_instances_by_status_and_the_least_budget_left() -> None:
    world, metrics = SlaWorld(), Metrics()
    definition = world.define()
    world.serve(definition, "svc-1")
    world.serve(definition, "svc-2")
    world.at(0).raise_alarm("ont.los", "olt-1/1/1/1")
    world.run_to(100)
    SlaGauges(metrics, lambda: world.sla, lambda: us(100))
    assert value(metrics, "faultd_sla_instances", status="compliant") == 2
    assert value(metrics, "faultd_sla_budget_left_seconds", definition=definition.id) == 2578.4
    world.run_to(3000)
    later = Metrics()
    SlaGauges(later, lambda: world.sla, lambda: us(3000))
    assert value(later, "faultd_sla_instances", status="breached") == 1
    assert value(later, "faultd_sla_budget_left_seconds", definition=definition.id) == 0
    world.stages.all[1].count(later)
    assert value(later, "faultd_sla_breaches_total", type="availability") == 1
    assert value(later, "faultd_sla_breach_latency_seconds_count") == 1
