"""Subjects that wait for their cause, which is no open subject yet."""

from actors.dispatcher.run import DispatchRun


def wait_for(run: DispatchRun, cause_key: str, key: str) -> None:
    """The subject ``key``, and its ticket, come to its cause when that opens."""
    waiting = run.state.tickets_for.get(cause_key, ())
    if key not in waiting:
        run.journal.put(run.state.tickets_for, cause_key, (*waiting, key))


def wait_no_more(run: DispatchRun, cause_key: str, key: str) -> None:
    """The subject ``key`` is over, or has another cause."""
    left = tuple(each for each in run.state.tickets_for.get(cause_key, ()) if each != key)
    if left:
        run.journal.put(run.state.tickets_for, cause_key, left)
    else:
        run.journal.drop(run.state.tickets_for, cause_key)
