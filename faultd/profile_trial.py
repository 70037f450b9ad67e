"""A draft of a vendor profile, compiled beside the common alarm types alone and tried on traps. Nothing is kept of it."""

from collections.abc import Sequence

from actors.correlator.profiles import Translator, compile, explain_trap
from actors.correlator.profiles.errors import ProfileErrors
from actors.correlator.profiles.loading import load_profiles
from faultd.places import shipped_config
from protocols.event import Trap
from protocols.finding import Finding
from protocols.profile_trial import DraftMistake, DraftReading

_TYPES, _DRAFT = "types.toml", "draft.toml"


def try_profile(text: str, traps: Sequence[Trap]) -> tuple[tuple[DraftMistake, ...], tuple[DraftReading, ...]]:
    """Mistakes, or a reading for each trap. Reads a file. Raises OSError."""
    types = (shipped_config() / "profiles" / _TYPES).read_text(encoding="utf-8")
    try:
        profiles = load_profiles({_TYPES: types, _DRAFT: text})
    except ProfileErrors as refused:
        return tuple(DraftMistake(each.line, each.key, each.message) for each in refused.errors), ()
    translator = compile(profiles)
    return (), tuple(_read(translator, trap) for trap in traps)


def _read(translator: Translator, trap: Trap) -> DraftReading:
    reading = translator.read(trap)
    lines = tuple(explain_trap(translator, trap).splitlines())
    return DraftReading(tuple(_line(each) for each in reading.findings), reading.reason, lines)


def _line(finding: Finding) -> str:
    place = f"{finding.resource_type} {finding.resource}".strip()
    return " · ".join(part for part in (finding.kind, finding.alarm_type, place) if part)
