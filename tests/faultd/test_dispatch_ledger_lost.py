"""Dispatch survives a lost ledger: through a real PostgreSQL into a new one."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trio
from msgspec.structs import replace
from vocabulary.alarms import make_alarm
from vocabulary.dispatch import T0, make_contact, make_notification, make_policy, make_rota, make_ticket

from actors.postgres import Postgres
from actors.store.adopt import adopt_restored
from actors.store.apply import apply
from actors.store.cursor import read_cursor
from actors.store.operator_read import OperatorData, read_operator_data
from faultd import new_ledger
from faultd.new_ledger import SPARE, NotRestored, begin_ledger
from faultd.restore import restore
from protocols.change import AlarmChanged, Change
from protocols.dispatch.changes import (
    ContactChanged,
    DispatchChange,
    DispatchNoted,
    NotificationChanged,
    NotificationPolicyChanged,
    RotaChanged,
    TicketUpdated,
)

KEPT: tuple[DispatchChange, ...] = (
    ContactChanged(0, "CT18", make_contact()),
    RotaChanged(0, "RO19", make_rota()),
    NotificationPolicyChanged(0, "NP17", make_policy()),
    TicketUpdated(0, make_ticket(4, id="TK900", state="wanted", closed_at=None)),
    NotificationChanged(0, make_notification()),
    NotificationChanged(0, make_notification(21, id="N21.1", status="pending")),
)


async def test_everything_that_is_open_comes_back_and_no_id_comes_twice(database_url: str, tmp_path: Path) -> None:
    ended: list[Change] = [
        TicketUpdated(0, make_ticket(3, state="closed")),
        NotificationChanged(0, make_notification(1, status="sent")),
    ]
    path = tmp_path / "ledger.sqlite"
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "old")
        assert await database.run(apply, "old", 0, 1, [*KEPT, *ended], set()) == []
        data = await trio.to_thread.run_sync(read_operator_data, database_url, T0)
        assert (data.offset, list(data.dispatch)) == (900, list(KEPT))
        begun = await trio.to_thread.run_sync(begin_ledger, path, data, T0)
        assert begun.begins >= 900 + SPARE
        await trio.to_thread.run_sync(partial(adopt_restored, database_url, begun.ledger_id, begun.begins, T0))
        assert await database.fetchval("SELECT count(*) FROM tickets") == 2, "history stays"
        found = await trio.to_thread.run_sync(restore, path)
        found.database.close()
    state = found.stages.dispatch
    assert state.contacts == {"CT18": make_contact()}
    assert state.rotas == {"RO19": make_rota()}
    assert state.policies == {"NP17": make_policy()}
    assert list(state.tickets) == ["TK900"]
    assert state.tickets_made == 4, "the next ticket of the embedded desk is T5"
    assert list(state.notifications) == ["N20", "N21.1"]


OWED, OVER, GONE = (str(UUID(int=number)) for number in (21, 22, 23))
SENT: dict[str, Any] = {"status": "sent", "fallback_of": "", "kind": "raised", "thread": ""}


async def test_whoever_was_told_is_owed_the_end_by_the_new_ledger(database_url: str, tmp_path: Path) -> None:
    """Of three alarms the first is open, the end of the second was told, and the third ended long ago."""

    def told(number: int, *alarms: str, over: bool = False, **fields: Any) -> NotificationChanged:
        keys = [f"alarm:{each}" for each in alarms]
        facts = {"subjects": keys, "over": keys if over else [], "causes": []}
        return NotificationChanged(0, make_notification(number, alarm_ids=alarms, facts=facts, **SENT | fields))

    begin, again, both = told(30, OWED), told(31, OWED, kind="reminder"), told(32, OWED, OVER, kind="storm")
    owed = [begin, told(33, OWED, address="+38592", to="CT2")]
    others = [told(34, OVER, over=True), told(35, GONE), told(36, OWED, address="+38593", status="dead")]
    old = T0 - timedelta(days=30)
    alarms = [
        make_alarm(OWED, alarm_id="A21", alarm_type="pon.los"),
        make_alarm(OVER, alarm_id="A22"),
        make_alarm(GONE, alarm_id="A23", status="cleared", cleared_at=old),
    ]
    path = tmp_path / "ledger.sqlite"
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "old")
        changes = [*(AlarmChanged(1, each, ()) for each in alarms), *owed, again, both, *others]
        assert await database.run(apply, "old", 0, 1, changes, set()) == []
        data = await trio.to_thread.run_sync(read_operator_data, database_url, T0)
        assert [each.notification.id for each in data.dispatch if isinstance(each, NotificationChanged)] == [
            "N30",
            "N32",
            "N33",
        ]
        assert [(each.id, each.alarm_id, each.alarm_type) for each in data.lost] == [(OWED, "A21", "pon.los")]
        begun = await trio.to_thread.run_sync(begin_ledger, path, data, T0)
        await trio.to_thread.run_sync(partial(adopt_restored, database_url, begun.ledger_id, begun.begins, T0))
        # The command may be repeated: the alarms are history by then.
        assert (await trio.to_thread.run_sync(read_operator_data, database_url, T0)).lost == data.lost
        found = await trio.to_thread.run_sync(restore, path)
        found.database.close()
    (subject,) = found.stages.dispatch.subjects.values()
    assert [(each.address, each.thread, each.notification_id) for each in subject.told] == [
        ("+38591", "N30", "N32"),
        ("+38592", "N33", "N33"),
    ]


@pytest.mark.parametrize(
    ("noted", "highest"),
    [
        (NotificationPolicyChanged(0, "NP901", replace(make_policy(), id="NP901")), 901),
        (NotificationPolicyChanged(0, "file:N999", replace(make_policy(), id="file:N999", origin="file")), 0),
        (NotificationChanged(0, make_notification(1, id="N902.3", status="dead")), 902),
        (DispatchNoted(offset=903, number=2, at=T0, tenant_id="t", subject="s", text="x"), 903),
    ],
    ids=["policy", "file", "notification", "note"],
)
async def test_the_highest_offset_that_dispatch_names(database_url: str, noted: DispatchChange, highest: int) -> None:
    async with Postgres.open(database_url) as database:
        await database.run(read_cursor, "old")
        assert await database.run(apply, "old", 0, 1, [noted], set()) == []
        assert (await trio.to_thread.run_sync(read_operator_data, database_url, T0)).offset == highest


def test_a_record_that_the_new_ledger_lacks_stops_the_restore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = OperatorData("old", 12, 700, (), (), (), T0, dispatch=KEPT)
    monkeypatch.setattr(new_ledger, "dispatch_of", lambda data: ())
    with pytest.raises(NotRestored, match="notification policies, contacts, rotas, tickets and notifications"):
        begin_ledger(tmp_path / "ledger.sqlite", data, T0)
    assert list(tmp_path.iterdir()) == []
