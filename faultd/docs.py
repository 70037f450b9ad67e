"""Writes what the code knows into the docs: ``python -m faultd.docs``; with ``--check`` it only says what is stale.

A section stands between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``; what is between is this module's alone.
"""

import argparse
import inspect
import re
import sys
import textwrap
from ast import AnnAssign, ClassDef, Constant, Expr, Name, parse
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import typer.main
from msgspec import NODEFAULT, UNSET, Struct
from msgspec.inspect import (
    BoolType,
    DictType,
    Field,
    FloatType,
    IntType,
    LiteralType,
    StructType,
    Type,
    VarTupleType,
    type_info,
)
from msgspec.structs import fields

from actors.correlator.alarms.lifecycle import TRANSITIONS, moved, status_of
from actors.correlator.events.network_events import MEANINGS
from actors.correlator.profiles import load_profiles
from actors.metrics import Metrics
from actors.poller.engine.counts import POLL_IGNORED_REASONS, POLL_OUTCOMES
from actors.trap_listener.v3 import REPORTS
from faultd.cli.every_command import app
from faultd.config import Config
from faultd.reload import SWITCHED
from faultd.shipped_plans import plan_rows
from protocols.alarm import Alarm
from protocols.command import Action
from protocols.event import Event
from protocols.service_effect import SERVICE_EFFECT_TEXTS
from protocols.severity import SEVERITIES
from protocols.snmp.errors import REASONS
from protocols.snmp.irregular import IRREGULARITIES
from protocols.symptom import SYMPTOM_TEXTS

ROOT = Path(__file__).resolve().parent.parent
SECTION = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)
HELP_WIDTH = 100
KEPT_BY_A_RELOAD = {
    "traps": ("listen", "receive_buffer"),
    "notifier": ("concurrency", "heartbeat"),
    "poller": ("receive_buffer",),
}
"""Settings of a table that a reload switches, which need a restart all the same: sockets stay open, workers go on."""


class UnknownSection(ValueError):
    """A document marks a section that nothing here writes."""

    def __init__(self, file: Path, name: str) -> None:
        super().__init__(f"{file}: nothing writes a section named {name!r}; known are {', '.join(sorted(SECTIONS))}")


# --- settings ------------------------------------------------------------------------------------------------------


def settings() -> Iterator[str]:
    """Every setting: the top level first, then a table for each part, then the tables inside those."""
    top = type_info(Config)
    assert isinstance(top, StructType)
    plain = [field for field in top.fields if not isinstance(field.type, StructType)]
    yield from _table("Top level", Config, plain, "Needs a restart.")
    for field in top.fields:
        if isinstance(field.type, StructType):
            yield from _tables(f"[{field.encode_name}]", field.encode_name, field.type)


def _tables(heading: str, name: str, info: StructType) -> Iterator[str]:
    kept = ", ".join(f"`{key}`" for key in KEPT_BY_A_RELOAD.get(name, ()))
    when = "Needs a restart." if name not in SWITCHED else "A reload is enough" + (f", but for {kept}." if kept else ".")
    yield from _table(
        f"`{heading}`", info.cls, [field for field in info.fields if not isinstance(field.type, StructType)], when
    )
    for field in info.fields:
        inner = field.type.item_type if isinstance(field.type, VarTupleType) else field.type
        if isinstance(inner, StructType):
            key = f"{name}.{field.encode_name}"
            head = f"`[{key}]`" if inner is field.type else f"`[[{key}]]`"
            yield from _table(head, inner.cls, inner.fields, when.split(",")[0].rstrip(".") + ".")


def _table(heading: str, struct: type[Struct], members: Any, when: str) -> Iterator[str]:
    said = field_docs(struct)
    yield f"### {heading}\n\n{when}\n"
    yield "| Setting | Type | Default | Meaning |\n|---|---|---|---|"
    for field in members:
        row = (type_name(field.type), _default(field), said[field.name])
        yield f"| `{field.encode_name}` | {' | '.join(_cell(cell) for cell in row)} |"
    yield ""


def field_docs(struct: type[Struct]) -> dict[str, str]:
    """The docstrings below each field, those of its bases too, each on one line. A field without docstring is missing."""
    found: dict[str, str] = {}
    for one in reversed(struct.__mro__[: struct.__mro__.index(Struct)]):
        (body,) = (node.body for node in parse(textwrap.dedent(inspect.getsource(one))).body if isinstance(node, ClassDef))
        for field, text in pairwise(body):
            match field, text:
                case AnnAssign(target=Name(id=name)), Expr(value=Constant(value=str() as said)):
                    found[name] = " ".join(said.split()).replace("``", "`")
    return found


def type_name(kind: Type) -> str:
    """A type in the words of TOML, with its bounds."""
    match kind:
        case BoolType():
            return "true or false"
        case LiteralType():
            return "one of " + ", ".join(f'`"{value}"`' for value in kind.values)
        case IntType() | FloatType():
            return ("whole number" if isinstance(kind, IntType) else "number") + _bounds(kind)
        case DictType():
            return f"table of {type_name(kind.value_type)}"
        case VarTupleType():
            return "list of tables" if isinstance(kind.item_type, StructType) else f"list of {type_name(kind.item_type)}"
        case _:
            return "text"


def _bounds(kind: IntType | FloatType) -> str:
    given = ((">=", kind.ge), (">", kind.gt), ("<=", kind.le), ("<", kind.lt))
    found = [f"{sign} {bound:_}" for sign, bound in given if bound is not None]
    return f", {', '.join(found)}" if found else ""


def _default(field: Field) -> str:
    return "required" if field.default is NODEFAULT else f"`{_toml(field.default)}`"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value:_}"
        case dict():
            return f"{{{', '.join(f'{key} = {_toml(item)}' for key, item in value.items())}}}"
        case tuple():
            return f"[{', '.join(_toml(item) for item in value)}]"
        case _:
            return f'"{value}"'


# --- metrics -------------------------------------------------------------------------------------------------------


def metrics() -> Iterator[str]:
    """Every metric as Prometheus sees it."""
    yield "| Metric | Type | Labels | Meaning |\n|---|---|---|---|"
    for name, metric in exported(Metrics()).items():
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)
        yield f"| `{name}` | {metric._type} | {labels} | {_cell(metric._documentation)} |"


def exported(known: Metrics) -> dict[str, Any]:
    """The metrics by the name that a query uses: counters end in ``_total``."""
    found = [metric for metric in vars(known).values() if hasattr(metric, "_labelnames")]
    return {f"{metric._name}_total" if metric._type == "counter" else metric._name: metric for metric in found}


def labels() -> Iterator[str]:
    """The values that labels of a fixed set can have."""
    yield "| Label | Values |\n|---|---|"
    for label, values in label_values().items():
        yield f"| `{label}` | {', '.join(f'`{value}`' for value in values)} |"


def label_values() -> Mapping[str, tuple[str, ...]]:
    return {
        "reason (of the decoder)": REASONS,
        "reason (of SNMPv3's checks)": tuple(REPORTS),
        "reason (of ignored poll answers)": POLL_IGNORED_REASONS,
        "outcome (of poll requests)": POLL_OUTCOMES,
        "kind (of irregular traps)": IRREGULARITIES,
        "kind (of Events)": tuple(_tag(event) for event in get_args(Event)),
        "action": tuple(sorted(_tag(action) for action in get_args(Action))),
        "severity": tuple(severity for severity in SEVERITIES if severity != "cleared"),
    }


def _tag(struct: Any) -> str:
    return str(struct.__struct_config__.tag)


# --- alarms --------------------------------------------------------------------------------------------------------


def transitions() -> Iterator[str]:
    """The life cycle's table, made by applying each action to an alarm that allows it."""
    yield "| Action | Refused when | Status before → after | Sets | Empties |\n|---|---|---|---|---|"
    for action, transition in TRANSITIONS.items():
        before = next(alarm for alarm in _samples() if all(condition.holds(alarm) for condition in transition.requires))
        axes = transition.effect(before, _sample(action), "sam", _AT)
        after = moved(before, **axes)
        refused = "; ".join(condition.text for condition in transition.requires) or "never"
        sets = ", ".join(f"`{name}`" for name, value in axes.items() if value is not None)
        empties = ", ".join(f"`{name}`" for name, value in axes.items() if value is None and getattr(before, name) is not None)
        status = f"{before.status} → {after.status}" if before.status != after.status else "unchanged"
        yield f"| {_tag(action)} | {refused} | {status} | {sets} | {empties} |"


_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _samples() -> Iterator[Alarm]:
    active = Alarm(
        id="",
        alarm_id="A1",
        tenant_id="t",
        source="api",
        alarm_type="x",
        severity="warning",
        title="",
        resource_type="",
        resource_id="",
        first_occurrence=_AT,
        last_occurrence=_AT,
        received_at=_AT,
    )
    shelved = moved(active, shelved_until=_AT + timedelta(hours=1), shelved_by="kim")
    for alarm in (active, moved(active, acknowledged_at=_AT, acknowledged_by="kim"), shelved):
        assert alarm.status == status_of(alarm)
        yield alarm


def _sample(struct: type[Struct]) -> Struct:
    """An action with every field given that need not be a note."""
    return struct(**{f.name: _value(f.name, f.type) for f in fields(struct) if f.required or f.default is UNSET})


def _value(name: str, kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _sample(kind)
    if name == "until":
        return _AT + timedelta(hours=1)
    return {} if name == "metadata" else "warning"


def network_events() -> Iterator[str]:
    """The effect of each network event type."""
    yield "| Type | Does | Severity | X.733 event type | Probable cause | Source |\n|---|---|---|---|---|---|"
    for name, meaning in MEANINGS.items():
        ends = ", ".join(f"`{kind}`" for kind in meaning.clears)
        does = f"clears {ends}" if ends else "nothing but its readings" if meaning.severity is None else f"raises `{name}`"
        row = (f"`{name}`", does, meaning.severity or "", meaning.event_type, meaning.probable_cause, f"`{meaning.source}`")
        yield f"| {' | '.join(row)} |"


# --- commands ------------------------------------------------------------------------------------------------------


def commands() -> Iterator[str]:
    """Every command's help text."""
    for path, text in help_texts():
        yield f"## `{path}`\n\n```text\n{text.strip()}\n```\n"


def help_texts() -> Iterator[tuple[str, str]]:
    """``faultd token create`` and what its ``--help`` prints, for every command and group."""
    yield from _help(typer.main.get_command(app), "faultd", None)


def _help(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True, terminal_width=HELP_WIDTH, color=False)
    yield context.command_path, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    for inner_name, inner in getattr(command, "commands", {}).items():
        yield from _help(inner, inner_name, context)


# --- the documents -------------------------------------------------------------------------------------------------


def symptoms() -> Iterator[str]:
    """Every symptom, and the shipped alarm types that declare it."""
    text = (ROOT / "config" / "profiles" / "types.toml").read_text(encoding="utf-8")
    (shipped,) = load_profiles({"types.toml": text})
    yield from ("| symptom | meaning | shipped types |", "|---|---|---|")
    for word, meaning in SYMPTOM_TEXTS.items():
        types = ", ".join(f"`{name}`" for name, each in shipped.types.items() if each.symptom == word)
        yield f"| `{word}` | {meaning} | {types if word != 'none' else 'all others'} |"


def service_effects() -> Iterator[str]:
    """Every service effect, and the shipped alarm types that declare it."""
    text = (ROOT / "config" / "profiles" / "types.toml").read_text(encoding="utf-8")
    (shipped,) = load_profiles({"types.toml": text})
    yield from ("| service effect | meaning | shipped types |", "|---|---|---|")
    for word, meaning in SERVICE_EFFECT_TEXTS.items():
        types = ", ".join(f"`{name}`" for name, each in shipped.types.items() if each.service_effect == word)
        yield f"| `{word}` | {meaning} | {types if word != 'none' else 'all others'} |"


def poll_plans() -> Iterator[str]:
    """Every shipped plan of polling."""
    yield from plan_rows(ROOT / "config" / "profiles")


SECTIONS: dict[str, Callable[[], Iterator[str]]] = {
    "settings": settings,
    "metrics": metrics,
    "labels": labels,
    "transitions": transitions,
    "network-events": network_events,
    "commands": commands,
    "symptoms": symptoms,
    "service-effects": service_effects,
    "poll-plans": poll_plans,
}


def fresh(text: str, file: Path) -> str:
    """``text`` with every generated section as it ought to be. Raises :class:`UnknownSection`."""

    def written(match: re.Match[str]) -> str:
        begin, name, end = match.groups()
        if name not in SECTIONS:
            raise UnknownSection(file, name)
        body = "\n".join(SECTIONS[name]()).strip()
        return f"{begin}\n{body}\n\n{end}"

    return SECTION.sub(written, text)


def documents() -> list[Path]:
    """The documents that may hold generated sections."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def main(arguments: list[str] | None = None) -> int:
    """0 when all is fresh (or was written), 1 when ``--check`` found a stale document."""
    parser = argparse.ArgumentParser(prog="python -m faultd.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a section is stale")
    check = parser.parse_args(arguments).check
    stale = 0
    for file in documents():
        text = file.read_text(encoding="utf-8")
        new = fresh(text, file)
        if new == text:
            continue
        stale += 1
        sys.stdout.write(f"{file.relative_to(ROOT)}: {'stale; run python -m faultd.docs' if check else 'written'}\n")
        if not check:
            file.write_text(new, encoding="utf-8")
    return 1 if check and stale else 0


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
