"""The text of an open alarm: what its latest report says, but for the fields that an operator has edited since it opened."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import msgspec

from actors.correlator.alarms.problem import ReportedProblem
from protocols.alarm import Alarm
from protocols.command import Edited
from protocols.finding import Finding

TEXT_ENTRY_EVERY: Final = timedelta(minutes=1)
"""The timeline gets at most one entry about a changed text in this time. The alarm itself shows every change at once."""
FIELDS: Final = ("title", "description", "recommended_action", "event_type", "probable_cause")
"""The text but for ``metadata``."""
DATES: Final = ("device_time",)
"""Metadata that differ in each report: they alone are no other text."""
LASTING: Final = "serial"
"""Metadata that stay when the latest report lacks them: they identify the equipment."""
_LONGEST = 500
"""Characters of a former text that the timeline keeps."""
_encode: Final = msgspec.msgpack.Encoder().encode


def changed_text(alarm: Alarm, problem: ReportedProblem, kept: Iterable[str]) -> dict[str, Any]:
    """The fields of ``alarm`` that ``problem`` says otherwise. ``kept`` are an operator's (``metadata.KEY``: that key)."""
    fields = {name: told for name in FIELDS if (told := getattr(problem, name)) != getattr(alarm, name) and name not in kept}
    own = {key: value for key, value in alarm.metadata.items() if f"metadata.{key}" in kept}
    if LASTING in alarm.metadata and LASTING not in problem.metadata:
        own[LASTING] = alarm.metadata[LASTING]
    told = {**problem.metadata, **own}
    if _encode(_undated(told)) != _encode(_undated(alarm.metadata)):
        fields["metadata"] = told
    return fields


def line_of(alarm: Alarm, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A change of ``alarm`` to ``fields`` as a line of the timeline: its text, and what was there before."""
    names = ", ".join(fields)
    text = f"{names}: as in the latest report" + (f", {fields['title']!r}" if "title" in fields else "")
    return text, {name: getattr(alarm, name)[:_LONGEST] for name in fields if name in FIELDS}


def edited_names(edited: Edited) -> tuple[str, ...]:
    """The fields that an edit gives; of ``metadata`` its keys."""
    given = {name: value for name in edited.__struct_fields__ if (value := getattr(edited, name)) is not msgspec.UNSET}
    metadata = given.pop("metadata", {})
    return (*given, *(f"metadata.{key}" for key in metadata))


def digest(finding: Finding, device_why: str, topology_at: int) -> int:
    """The same for two findings about one alarm whose text is the same. Differs from process to process; never 0."""
    told = (  # strings that the profile has once know their hash
        finding.profile,
        finding.rule,
        finding.title,
        finding.description,
        finding.recommended_action,
        finding.event_type,
        finding.probable_cause,
        finding.resource_name,
        finding.serial,
        finding.vendor_cause,
        finding.light,
        _encode(finding.metadata) if finding.metadata else b"",
        device_why,
        topology_at,
    )
    return hash(told) or 1


def _undated(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key not in DATES}
