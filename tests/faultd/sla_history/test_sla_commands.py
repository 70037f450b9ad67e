"""``faultd sla recompute`` and ``backtest`` on a real PostgreSQL."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from typer.testing import CliRunner
from vocabulary.sla import SlaWorld, us
from vocabulary.sla_history import MIDNIGHT, fill, four_days

from actors.postgres import Postgres
from faultd.cli import sla_history
from faultd.cli.every_command import app

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def world() -> SlaWorld:
    return four_days()


@pytest.fixture
def run(tmp_path: Path, database_url: str, world: SlaWorld, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``faultd sla`` with arguments, on a database that has the world, whatever the date is."""
    monkeypatch.setattr(sla_history, "oldest_whole", lambda now, days: 0)
    sql(database_url, partial(fill, world=world))
    config = tmp_path / "faultd.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n[database]\nurl = "{database_url}"\n')
    return lambda *arguments: CliRunner().invoke(app, ["sla", *arguments, "--config", str(config)])


def sql(database_url: str, act: Callable[..., object]) -> None:
    async def main() -> None:
        async with Postgres.open(database_url) as database:
            await act(database)  # type: ignore[misc]

    trio.run(main)


def test_all_periods_are_equal_and_one_instance_is_listed(run: Run) -> None:
    done = run("recompute", "--all")
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    assert done.stderr == "8 periods: 8 equal, 0 different\n"
    done = run("recompute", "--instance", "SI1", "--period", "2026-03-02")
    assert done.stdout == "SI1  svc-1  2026-03-02T00:00Z  revision 1  equal\n"
    done = run("recompute", "--instance", "SI1", "--period", "2026-03", "--json")
    assert [msgspec.json.decode(line)["equal"] for line in done.stdout.splitlines()] == [True] * 4


def test_periods_whose_facts_are_deleted_by_age_are_not_compared(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sla_history, "oldest_whole", lambda now, days: us(MIDNIGHT) + 1)
    done = run("recompute", "--instance", "SI1")
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 2), done.output
    assert "2 periods not compared: older than keep_days (1100), so facts are deleted\n" in done.stderr


def test_a_changed_row_is_exit_1_with_each_difference(run: Run, database_url: str) -> None:
    statement = "UPDATE sla_outages SET end_time = end_time - interval '1 hour' WHERE alarm_type = 'device.down'"

    async def change(database: Postgres) -> None:
        await database.fetch(statement)

    sql(database_url, change)
    done = run("recompute", "--all")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "SI1  svc-1  2026-03-02T00:00Z  revision 1  differs",
        "    up: 3600 s, recomputed 7200 s",
        "    down: 79200 s, recomputed 75600 s",
    ]
    assert "    outage 2026-03-02 01:00:00Z to 2026-03-02 05:00:00Z: none, recomputed 10800 s counted" in lines
    assert done.stderr == "8 periods: 6 equal, 2 different\n"


def test_a_changed_definition_is_tried_on_the_past(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "change.json"
    file.write_text('{"availability_target": 0.5, "unknown_counts_as": "up"}')
    done = run("backtest", str(file), "--definition", "SD1")
    assert done.exit_code == 0, done.output
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert rows["periods"] == ["8", "8"]
    assert int(rows["breaches"][0]) > int(rows["breaches"][1])
    file.write_text('{"outage_minimum_seconds": 0}')
    done = run("backtest", str(file), "--definition", "SD1")
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    for name in ("availability", "breaches"):
        assert rows[name][0] == rows[name][1], "nothing was changed"
    assert rows["credits"][:2] == rows["credits"][2:]
    file.write_text('{"measurement_period_days": 2}')
    done = run("backtest", str(file), "--definition", "SD1")
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert rows["periods"][0] == "8"
    assert 0 < int(rows["periods"][1]) <= 4


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("recompute",), 64, "say which: --instance INSTANCE, or --all"),
        (("recompute", "--all", "--instance", "SI1"), 64, "say which"),
        (("recompute", "--instance", "SI99"), 66, "there is no such closed period"),
        (("recompute", "--all", "--period", "March"), 64, "expected a month (2026-03)"),
        (("backtest", "{}/none.json", "--definition", "SD1"), 66, "No such file"),
        (("backtest", "{}/bad.json", "--definition", "SD1"), 78, "availability_target"),
        (("backtest", "{}/bad.json", "--definition", "SD9"), 66, "no instance has a closed period of definition 'SD9'"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    (tmp_path / "bad.json").write_text('{"availability_target": 99.9}')
    done = run(*(each.replace("{}", str(tmp_path)) for each in arguments))
    assert done.exit_code == code, done.output
    assert says in done.stderr
