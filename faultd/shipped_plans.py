"""The table of the shipped poll plans in the documents: what each one reads, and where its columns are known from."""

from collections.abc import Iterator
from pathlib import Path

from actors.correlator.profiles import load_profiles
from protocols.poll.plan.compile_plan import STANDARD, compile_plans
from protocols.poll.plan.poll_plan import PollPlan
from protocols.poll.plan.table_plan import TablePlan

_POWERS = ("ont_rx", "olt_rx", "port_rx")


def plan_rows(directory: Path) -> Iterator[str]:
    """Rows of a Markdown table for the plans of the profiles in ``directory``. Raises ProfileErrors."""
    plans = compile_plans(
        load_profiles({path.name: path.read_text(encoding="utf-8") for path in sorted(directory.glob("*.toml"))})
    )
    yield from (
        "| plan | states of | causes | serials | optical power | other values | known from |",
        "|---|---|---|---|---|---|---|",
    )
    standard = {table.name for table in plans.standard.tables}
    for plan in sorted(plans.by_name.values(), key=lambda each: (each.name != STANDARD, each.name)):
        yield _row(plan, [table for table in plan.tables if plan.name == STANDARD or table.name not in standard])


def _row(plan: PollPlan, tables: list[TablePlan]) -> str:
    columns = [column for table in tables for column in table.columns]
    states = dict.fromkeys(table.kind for table in tables if table.column("state") is not None)
    powers = dict.fromkeys(column.quantity for column in columns if column.meaning in _POWERS)
    values = dict.fromkeys(column.quantity for column in (*columns, *plan.sensors) if column.meaning == "sensor")
    if any(column.meaning == "octets_in" for column in columns):
        values["utilisation"] = None
    known = {column.verified for column in (*columns, *plan.sensors)}
    cells = (
        f"`{plan.name}`",
        ", ".join(f"`{kind}`" for kind in states),
        "yes" if any(_tells_cause(table) for table in tables) else "",
        "yes" if any(column.meaning == "serial" for column in columns) else "",
        ", ".join(f"`{quantity}`" for quantity in powers),
        ", ".join(f"`{quantity}`" for quantity in values),
        "MIB and field" if len(known) > 1 else "field" if "field" in known else "MIB",
    )
    return f"| {' | '.join(cells)} |"


def _tells_cause(table: TablePlan) -> bool:
    """True when the plan can tell why a part is down."""
    return any(
        words[1] not in ("", "admin_down")
        for column in table.columns
        for words in (*column.words.values(), *(each for _, each in column.bits))
    )
