"""The state of the stage as the REST API reads it (:class:`protocols.sla.view.SlaView`)."""

from collections.abc import Callable, Sequence
from datetime import datetime

from actors.sla_clock.books.figures import figures_of
from actors.sla_clock.books.period_choice import period_of
from actors.sla_clock.evidence.timelines import EvidenceReader
from actors.sla_clock.instance_table import age_of, id_of
from actors.sla_clock.state import SlaState
from protocols.sla.definition import SlaDefinition
from protocols.sla.exclusion import SlaExclusion
from protocols.sla.instance import InstanceStatus, SlaInstance
from protocols.sla.intervals import total
from protocols.sla.local_time import instant_at
from protocols.sla.outage import SlaOutage
from protocols.sla.view import LiveInstance


class SlaCatalogue:
    """Reads the state that ``state`` gives: a start replaces it."""

    def __init__(self, state: Callable[[], SlaState]) -> None:
        self._state = state

    def definitions(self) -> Sequence[SlaDefinition]:
        return [versions[-1] for versions in self._state().definitions.values()]

    def definition(self, definition_id: str, version: int | None = None) -> SlaDefinition | None:
        versions = self._state().definitions.get(definition_id, ())
        number = len(versions) if version is None else version
        return versions[number - 1] if 1 <= number <= len(versions) else None

    def count(self, place: str) -> int:
        return self._state().instances.count(place)

    def instance(self, instance_id: str) -> SlaInstance | None:
        return self._state().instances.get(instance_id)

    def behind(self, after: str, most: int, place: str = "") -> list[SlaInstance]:
        return self._state().instances.behind(after, most, place)

    def age(self, instance_id: str) -> int:
        return age_of(instance_id)

    def named(self, age: int) -> str:
        return id_of(age)

    def status(self, instance: SlaInstance) -> InstanceStatus:
        return "suspended" if instance.suspended else self.decided(instance.id)

    def decided(self, instance_id: str) -> InstanceStatus:
        account = self._state().accounts.get(instance_id)
        return "compliant" if account is None else account.status

    def touched(self) -> Sequence[str]:
        return self._state().accounts.ids()

    def breaches_at(self, instance_id: str) -> int | None:
        account = self._state().accounts.get(instance_id)
        return None if account is None else account.breaches_at

    def show(self, instances: Sequence[SlaInstance], now: datetime) -> list[LiveInstance]:
        state, at = self._state(), instant_at(now)
        reader = EvidenceReader(state)
        return [_live(state, reader, instance, at) for instance in instances]

    def exclusion(self, exclusion_id: str) -> SlaExclusion | None:
        return self._state().exclusions.get(exclusion_id)

    def outage(self, outage_id: str) -> SlaOutage | None:
        return self._state().outages.get(outage_id)

    def exclusions(self) -> Sequence[SlaExclusion]:
        return list(self._state().exclusions.values())


def _live(state: SlaState, reader: EvidenceReader, instance: SlaInstance, now: int) -> LiveInstance:
    account = state.accounts.get(instance.id)
    placed = any(resource in state.plant.places for resource in instance.resources)
    status: InstanceStatus = "compliant" if account is None else account.status
    reason = "" if account is None else account.reason
    if instance.suspended:
        status, reason = "suspended", "an operator suspended it"
    period = period_of(state, instance, now)
    if period is None:
        definition = state.definitions[instance.definition_id][-1]
        return LiveInstance(instance=instance, definition=definition, status=status, reason=reason, placed=placed)
    figures = figures_of(reader, instance, period, now)
    credit = state.credits.get((instance.id, period.start))
    lines = credit.lines if credit is not None else ()
    standing = [each for each in (account.breaches if account is not None else ()) if not state.breaches[each].withdrawn]
    return LiveInstance(
        instance=instance,
        definition=period.definition,
        status=status,
        reason=reason,
        placed=placed,
        period_start=period.start,
        period_end=period.end,
        availability=figures.availability,
        unplanned=total(figures.shares.down),
        planned=figures.shares.planned,
        unknown=total(figures.shares.unknown),
        budget_left=figures.left,
        breaches=len(standing),
        breaches_at=figures.breaches_at,
        credit=sum(line.amount for line in lines),
        uncapped=sum(line.amount for line in lines if line.amount > 0),
        credit_digits=instance.minor_digits if credit is None else credit.minor_digits,
    )
