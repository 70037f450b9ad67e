"""Causes that notification policies are tried on, as requests name them."""

from typing import Any

from actors.api.actions import tenant_of
from actors.api.answers import no_such_alarm
from actors.api.problems import ProblemError
from protocols.alarm import Alarm
from protocols.alarm_view import AlarmView
from protocols.dispatch.policy_trial import TriedCause
from protocols.dispatch.view import DispatchView
from protocols.principal import Principal
from protocols.rest_notification_policies import PolicyTry
from protocols.rest_problem import FieldError
from protocols.sla.instance import SlaInstance
from protocols.sla.view import SlaView
from protocols.topology_view import TopologyView


class TriedCauses:
    """Reads causes that policies are tried on, with what is known of their alarms and agreements."""

    def __init__(
        self, view: DispatchView, alarms: AlarmView, plant: TopologyView, agreements: SlaView, default_tenant: str
    ) -> None:
        self._view, self._alarms, self._plant, self._agreements = view, alarms, plant, agreements
        self._default_tenant = default_tenant

    def read(self, by: Principal, asked: PolicyTry) -> TriedCause:
        """The cause. ProblemError for a field that no policy can match, and for what the caller does not see."""
        mistakes = self._view.field_mistakes(asked.fields)
        if mistakes:
            errors = [FieldError(f"fields.{name}", text) for name, text in mistakes]
            raise ProblemError(422, "invalid_body", "; ".join(f"{each.field}: {each.message}" for each in errors), errors)
        alarm: Alarm | None = None
        place: tuple[str, tuple[str, ...]] = ("", ())
        if asked.alarm_id is not None:
            alarm = self._alarms.find(asked.alarm_id, by.tenant)
            if alarm is None:
                raise no_such_alarm(asked.alarm_id)
            place = self._plant.area_and_tiers(alarm)
        instance = self._instance(by, asked.fields.get("instance_id"))
        own = alarm if alarm is not None else instance
        tenant = asked.tenant_id or (own.tenant_id if own is not None else by.tenant or self._default_tenant)
        return TriedCause(
            tenant_id=tenant_of(by, tenant, tenant),
            kind=asked.kind,
            alarm=alarm,
            area=place[0],
            customer_tiers=place[1],
            account_manager=None if instance is None else instance.account_manager,
            fields=({} if instance is None else self._fields(instance)) | asked.fields,
        )

    def _instance(self, by: Principal, instance_id: str | None) -> SlaInstance | None:
        if instance_id is None:
            return None
        found = self._agreements.instance(instance_id)
        if found is None or not by.sees(found.tenant_id):
            raise ProblemError(404, "unknown_instance", f"no instance {instance_id!r}")
        return found

    def _fields(self, instance: SlaInstance) -> dict[str, Any]:
        """The fields that a notification about the instance has."""
        definition = self._agreements.definition(instance.definition_id)
        fields: dict[str, Any] = {"customer_id": instance.customer_id, "service_id": instance.service_id}
        if definition is not None and definition.terms.service_type:
            fields["service_type"] = [definition.terms.service_type]
        if definition is not None and definition.terms.sla_class:
            fields["customer_tier"] = [definition.terms.sla_class]
        return fields
