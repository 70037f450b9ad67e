"""The preview of a maintenance window: whom it concerns, and what each budget would come to."""

from vocabulary.sla import SlaWorld, us
from vocabulary.world import moment

from actors.correlator.windows.check import window_of
from actors.sla_clock.preview import preview_window
from protocols.maintenance import WindowPlan, WindowScope
from protocols.sla.local_time import SECOND
from protocols.sla.preview import WindowPreview

HOUR = 3600


def preview(world: SlaWorld, start: float, end: float, node: str = "olt-1", tenant: str | None = None) -> WindowPreview:
    """Of a window on a node, now."""
    plan = WindowPlan(title="work", scope=WindowScope(subtrees=(node,)), start=moment(start), end=moment(end))
    return preview_window(world.sla, window_of(plan, "MW0", "ada", world.now), us(world.seconds), tenant, 100)


def test_work_that_is_announced_too_late_uses_the_budget() -> None:
    world = SlaWorld()
    day = 86_400 * SECOND
    late = world.serve(world.define("72 h notice", maintenance_notice=3 * day), "svc-1", customer_name="Mill Lane School")
    soon = world.serve(world.define("no notice"), "svc-2")
    never = world.serve(world.define("none", exclude_maintenance=False), "svc-3")
    other = world.serve(world.define("other"), "svc-4", "elsewhere")
    found = preview(world, HOUR, 2 * HOUR)
    assert (found.customers, found.services, found.breached, found.at_risk) == (3, 3, 2, 0)
    by_id = {each.instance_id: each for each in found.instances}
    assert other.id not in by_id
    assert (by_id[late.id].planned, by_id[late.id].unplanned) == (0, HOUR * SECOND)
    assert by_id[late.id].reason == "announced less than 259200 s before it begins"
    assert by_id[late.id].customer_name == "Mill Lane School"
    assert (by_id[late.id].before, by_id[late.id].after, by_id[late.id].budget_after) == ("compliant", "breached", 0)
    assert (by_id[soon.id].planned, by_id[soon.id].unplanned, by_id[soon.id].after) == (HOUR * SECOND, 0, "compliant")
    assert by_id[soon.id].budget_before == 2_678_400_000
    assert by_id[soon.id].budget_after == 2_678_400_000 - 3_600_000
    assert by_id[never.id].reason == "the definition excludes no maintenance"
    assert [each.after for each in found.instances] == ["breached", "breached", "compliant"]
    assert not world.sla.maintenance.histories, "nothing is planned"


def test_an_outage_under_way_is_taken_to_end_now() -> None:
    world = SlaWorld()
    instance = world.serve(world.define(exclude_maintenance=False), "svc-1")
    world.at(0).raise_alarm("ont.los", "olt-1/1/1/1")
    world.run_to(2000)
    (found,) = preview(world, 86_400, 86_400 + 600).instances
    assert (found.instance_id, found.budget_before, found.budget_after) == (instance.id, 678_400_000, 78_400_000)
    assert (found.before, found.after) == ("compliant", "at_risk")


def test_work_on_one_of_two_ways_concerns_nobody() -> None:
    world = SlaWorld()
    world.serve(world.define(), "svc-9", "olt-1/1/1/1", "olt-1/1/2/1")
    assert preview(world, HOUR, 2 * HOUR, "olt-1/1/1").services == 0
    assert preview(world, HOUR, 2 * HOUR, "olt-1/1").services == 1


def test_a_preview_for_a_tenant_shows_its_instances_alone() -> None:
    world = SlaWorld()
    definition = world.define()
    world.serve(definition, "svc-1")
    world.serve(definition, "svc-2", tenant_id="other")
    assert preview(world, HOUR, 2 * HOUR).services == 2
    assert [each.service_id for each in preview(world, HOUR, 2 * HOUR, tenant="other").instances] == ["svc-2"]
