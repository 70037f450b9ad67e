"""When the absence of PostgreSQL becomes an alarm, and when that clears."""

import trio

from actors.mailbox import Append
from actors.store.presence import Presence
from faultd.database_alarm import DatabaseAlarm


def test_an_absence_is_raised_once_after_its_time_and_cleared_once() -> None:
    presence, parked = Presence(), [False]
    appends, appended = trio.open_memory_channel[Append](0)
    with appends, appended:
        alarm = DatabaseAlarm(presence, appends, 30.0, lambda: presence.reason, lambda: parked[0])

        def told(now: float) -> list[tuple[bool, str]]:
            return [(report.active, report.description) for report in alarm.due(now)]

        assert told(0) == []
        presence.began(0)
        assert told(29.9) == []
        presence.failed("refused", 29.9)
        assert told(30) == [(True, "refused")]
        presence.failed("refused", 100)
        assert told(100) == []
        presence.answered()
        assert told(101) == [(False, "PostgreSQL answers again")]
        assert told(102) == []
        presence.failed("locked", 200)
        assert told(229.9) == []
        assert told(230) == [(True, "locked")]
        parked[0] = True
        assert told(231) == [(False, "the store is stopped: see the alarm actor.parked")]
        assert told(300) == []
