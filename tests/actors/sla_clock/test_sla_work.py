"""Work that waits: it is done in the order of its numbers, also after an Event that could not be folded."""

from actors.journal import Journal
from actors.sla_clock.state import SlaState
from actors.sla_clock.work import CloseAll


def test_work_keeps_its_order_and_its_numbers_when_an_event_is_taken_back() -> None:
    state = SlaState()
    for day in range(3):
        state.put_work(Journal(), CloseAll("SD1", day))
    journal = Journal()
    state.drop_work(journal, 1)
    state.drop_work(journal, 2)
    state.put_work(journal, CloseAll("SD2", 7))
    journal.rollback()
    assert list(state.work.items()) == [(day + 1, CloseAll("SD1", day)) for day in range(3)]
    state.put_work(Journal(), CloseAll("SD1", 3))
    assert [each.ended for each in state.work.values() if isinstance(each, CloseAll)] == [0, 1, 2, 3]
