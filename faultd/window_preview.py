"""The preview of a maintenance window: the correlator's rules say what a plan means, the SLA clock what it does."""

from collections.abc import Callable
from datetime import datetime

from actors.correlator.windows.check import check_ahead, window_of
from actors.sla_clock.preview import preview_window
from faultd.pipe import Stages
from protocols.maintenance import WindowPlan
from protocols.sla.local_time import instant_at
from protocols.sla.preview import WindowPreview


class WindowPreviews:
    """Previews of plans, as of the time of ``clock``."""

    def __init__(self, stages: Stages, clock: Callable[[], datetime]) -> None:
        self._stages, self._clock = stages, clock

    def __call__(self, plan: WindowPlan, by: str, most: int) -> WindowPreview:
        """The effect of ``plan`` if it were made now. A plan of one tenant is previewed for its instances alone. Raises
        PlanError."""
        now = self._clock()
        window = window_of(plan, "MW0", by, now)
        check_ahead(window, now)
        return preview_window(self._stages.sla, window, instant_at(now), plan.tenant_id, most)
