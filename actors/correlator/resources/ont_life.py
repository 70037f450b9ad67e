"""Signs of life of an ONT: a report that it works ends every alarm that says that it does not.

An OLT that loses an ONT reports loss of signal, a dying gasp and "offline", and many report nothing but "registered" when the
ONT is back. A type's ``shows_life`` names the reports that only an ONT with light and power can cause.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from actors.correlator.alarms.raise_clear import clear_alarm, remember_life
from actors.correlator.alarms.report_time import ReportTime
from actors.correlator.draft import Draft
from actors.correlator.pon.gather import says_out
from actors.correlator.resources.onts import end_of_another
from protocols.finding import Finding
from protocols.optical_power import Measurement, Quantity

READ_EARLIER: Final = timedelta(seconds=10)
"""An optical power that is reported sooner after the loss may have been read before it: an OLT reads its optics in turn."""
_OF_ONTS: Final[tuple[Quantity, ...]] = ("ont_rx", "olt_rx")


def is_contradicted(draft: Draft, findings: Sequence[Finding]) -> bool:
    """True when one trap with several states also says that its ONT is out: a bit that is not set is no sign of life then."""
    symptoms = draft.state.symptoms
    return any(
        each.kind == "raise" and (traits := symptoms.get(each.alarm_type)) is not None and traits.out for each in findings
    )


def show_life(draft: Draft, tenant_id: str, places: Sequence[str], serial: str, report: ReportTime, why: str) -> None:
    """End the alarms of a tenant that say that the ONT at ``places`` has no service. An alarm stays when it was raised by a
    report that was sent after this one, or through the API: another system sees more than the ONT. ``serial``: the ONT that
    lives, where the report has it; alarms of another ONT at its place end as replaced."""
    for place in places:
        remember_life(draft, tenant_id, place, report)
        _end(draft, tenant_id, place, serial, report, why)


def show_light(draft: Draft, tenant_id: str, place: str, serial: str, report: ReportTime, light: Sequence[Measurement]) -> None:
    """The same for an ONT whose optical power was measured. Losses of the last seconds stay."""
    if any(each.quantity in _OF_ONTS for each in light):
        said = ", ".join(f"{each.quantity} {each.dbm:g} dBm" for each in light)
        _end(draft, tenant_id, place, serial, report, f"{said} measured", READ_EARLIER)


def _end(
    draft: Draft, tenant_id: str, place: str, serial: str, report: ReportTime, why: str, later: timedelta = timedelta(0)
) -> None:
    state = draft.state
    if place not in state.by_resource and draft.untouched:
        return
    dark = [each for each in draft.at_resource(place) if each.tenant_id == tenant_id and says_out(state.symptoms, each)]
    if dark and serial:
        end_of_another(draft, tenant_id, (place,), dict.fromkeys(each.alarm_type for each in dark), serial, report)
    for each in dark:
        alarm = draft.latest(each)
        mark = state.marks.get(alarm.id)
        if alarm.cleared_at is not None or mark is None or mark.source.startswith("api:"):
            continue
        if report.received - mark.received >= later:
            clear_alarm(draft, alarm, report, f"{why}: shows that the ONT lives")
