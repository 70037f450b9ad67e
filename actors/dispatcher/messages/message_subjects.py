"""The subjects that a notification is about, and the entries of those whom it told."""

from collections.abc import Iterator

from actors.dispatcher.cause import DispatchSubject, ToldPerson
from actors.dispatcher.messages.facts import MOST_SUBJECTS
from actors.dispatcher.messages.sending import told_of
from actors.dispatcher.state import DispatchState
from protocols.dispatch.notification import DispatchedNotification


def subjects_of(state: DispatchState, notification: DispatchedNotification) -> Iterator[DispatchSubject]:
    """The subjects that a notification is about, those that are still held."""
    keys = dict.fromkeys(notification.facts.get("subjects", (notification.subject,)))
    if len(keys) >= MOST_SUBJECTS:
        keys |= dict.fromkeys(
            key for key, each in state.subjects.items() if any(told.notification_id == notification.id for told in each.told)
        )
    for key in keys:
        subject = state.subjects.get(key)
        if subject is not None:
            yield subject


def told_by(state: DispatchState, notification: DispatchedNotification) -> Iterator[tuple[DispatchSubject, ToldPerson]]:
    """The subjects of a notification, each with the entry of the person whom it told."""
    for subject in subjects_of(state, notification):
        told = told_of(subject, notification.channel, notification.address)
        if told is not None and notification.id in (told.thread, told.notification_id):
            yield subject, told
