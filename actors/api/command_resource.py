"""A resource that commands change: submitted, folded, and answered or refused."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from litestar import Request
from litestar.params import HeaderParameter
from msgspec import Struct

from actors.api.answers import Subject, answer_to, refused
from actors.api.problems import ProblemError, invalid_parameter
from actors.api.submitter import Submitter
from protocols.change import Answer, Change
from protocols.command import Action, Command, Past
from protocols.principal import Principal

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", description="The same key again changes nothing; event n of a batch uses `KEY:n`"),
]
_KEY = "idempotency-key"


class Done(Struct, frozen=True):
    """A command that was folded: its answer, and all Changes of the same Event."""

    answer: Answer
    changes: Sequence[Change]

    @property
    def id(self) -> str:
        """The id of the resource. ProblemError 500 when the answer names none."""
        if not self.answer.accepted:
            raise ProblemError(500, "no_answer", "the command was recorded, but its answer names no resource")
        return self.answer.accepted[0]


class CommandResource:
    """Commands about one ``subject``."""

    def __init__(self, submitter: Submitter, subject: Subject) -> None:
        self._submitter, self._subject = submitter, subject

    async def submit(
        self,
        by: Principal,
        action: Action,
        name: str | None = None,
        past: tuple[Past, ...] = (),
        expected: Mapping[str, int] | None = None,
    ) -> Done:
        """Have one command folded, on the alarm of this ``name`` if it is about one. ``expected`` is ``Command.expected``.
        ProblemError when it was refused, or as ``Submitter.submit``."""
        done = await self.submit_many(by, action, () if name is None else (name,), past, expected)
        if done.answer.refusals and not done.answer.accepted:
            raise refused(done.answer.refusals, self._subject)
        return done

    async def submit_many(
        self,
        by: Principal,
        action: Action,
        names: tuple[str, ...],
        past: tuple[Past, ...] = (),
        expected: Mapping[str, int] | None = None,
    ) -> Done:
        """Have one command on several alarms folded: its answer says which were refused."""
        outcome = await self._submitter.submit(by, [Command(by, action, names, past, dict(expected or {}))])
        (changes,) = outcome.changes
        return Done(answer_to(changes, outcome.first), changes)


def idempotency_key_of(request: Request[Any, Any, Any]) -> str:
    """The request's idempotency key, "" without one. ProblemError 400 for one that cannot be."""
    key: str = request.headers.get(_KEY, "")
    if len(key) > 200 or not key.isprintable():
        raise invalid_parameter("Idempotency-Key", "has more than 200 characters, or some that are not printable")
    return key
