"""Counts and files of alarms, over HTTP."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from vocabulary.api import RunningApi

from actors.api import alarm_csv


async def test_counts_say_of_which_alarms_they_are(stored_lab: RunningApi) -> None:
    lab = stored_lab
    async with lab.serve(), lab.client() as client:
        await lab.create(client, resource_id="a")
        over = await lab.create(client, resource_id="b")
        await client.post(f"{lab.ALARMS}/{over['id']}/clear")
        found = (await client.get(f"{lab.ALARMS}/statistics")).json()
        assert (found["total"], found["by_severity"]["critical"]) == (2, 1)
        assert (found["counted"]["total"], found["counted"]["by_severity"]) == ("all", "open")
        assert set(found["counted"]) == set(found) - {"counted"}
        assert found["buckets"] is None


async def test_what_was_raised_and_cleared_in_each_span_of_time(stored_lab: RunningApi) -> None:
    lab = stored_lab
    start: datetime = lab.T0.replace(minute=0, second=0, microsecond=0)
    async with lab.serve(), lab.client() as client:
        for number, (severity, hours) in enumerate((("critical", 0), ("critical", 0), ("minor", 2))):
            lab.now = start + timedelta(hours=hours, minutes=number)
            alarm = await lab.create(client, resource_id=f"r{number}", severity=severity)
        lab.now = start + timedelta(hours=3, minutes=30)
        await client.post(f"{lab.ALARMS}/{alarm['id']}/clear")
        query = {"bucket": "hour", "raised_from": start.isoformat(), "raised_to": (start + timedelta(hours=4)).isoformat()}
        buckets = (await client.get(f"{lab.ALARMS}/statistics", params=query)).json()["buckets"]
        assert [(bucket["raised"], bucket["cleared"]) for bucket in buckets] == [(2, 0), (0, 0), (1, 0), (0, 1)]
        assert buckets[0]["start"] == start.isoformat().replace("+00:00", "Z")
        assert [bucket["raised_by_severity"]["critical"] for bucket in buckets] == [2, 0, 0, 0]
        minor = (await client.get(f"{lab.ALARMS}/statistics", params=query | {"severity": "minor"})).json()["buckets"]
        assert [(bucket["raised"], bucket["cleared"]) for bucket in minor] == [(0, 0), (0, 0), (1, 0), (0, 1)]
        for bucket, length in (("hour", 25), ("day", 31), ("week", 14)):
            found = (await client.get(f"{lab.ALARMS}/statistics?bucket={bucket}")).json()["buckets"]
            assert (len(found), sum(each["raised"] for each in found)) == (length, 3)
        long_ago = {"bucket": "hour", "raised_from": "2020-01-01T00:00:00Z"}
        lab.problem(await client.get(f"{lab.ALARMS}/statistics", params=long_ago), 400, "invalid_parameter", "bucket")
        lab.problem(await client.get(f"{lab.ALARMS}/statistics?bucket=year"), 400, "invalid_parameter", "bucket")


async def _file(client: Any, path: str, **headers: str) -> tuple[Any, list[dict[str, str]]]:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return answer, list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_alarms_as_a_file(stored_lab: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_csv, "_PAGE", 2)
    lab = stored_lab
    async with lab.serve(), lab.client() as client, lab.client("south") as south:
        titles = ['=HYPERLINK("http://x")', "a, b; and c", "plain", "ü", "last"]
        for number, title in enumerate(titles):
            await lab.create(client, resource_id=f"r{number}", title=title, tenant_id="north", customer_ids=["c1", "c2"])
        answer, rows = await _file(client, f"{lab.ALARMS}?format=csv&sort=first_occurrence")
        assert sorted(row["title"] for row in rows) == sorted(["'" + titles[0], *titles[1:]])
        assert {row["affected_customers"] for row in rows} == {"c1;c2"}
        assert {(row["occurrence_count"], row["is_root_cause"], row["cleared_at"]) for row in rows} == {("1", "false", "")}
        assert "faultd-truncated" not in answer.headers
        _, some = await _file(client, f"{lab.ALARMS}?resource_id=r2", accept="text/csv")
        assert [row["title"] for row in some] == ["plain"]
        assert (await _file(south, f"{lab.ALARMS}?format=csv"))[1] == []
        monkeypatch.setattr(alarm_csv, "MOST", 3)
        answer, rows = await _file(client, f"{lab.ALARMS}?format=csv")
        assert (len(rows), answer.headers["faultd-truncated"]) == (3, "3")


async def test_a_file_needs_postgresql(lab: RunningApi) -> None:
    async with lab.serve(), lab.client() as client:
        lab.problem(await client.get(f"{lab.ALARMS}?format=csv"), 503, "database_unavailable")
