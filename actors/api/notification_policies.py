"""Notification policies. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is away."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.answers import DISPATCH
from actors.api.command_resource import CommandResource, IdempotencyKey, idempotency_key_of
from actors.api.entity_tags import Condition, expected
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import PREFIX, By, Given, IfMatch, Now, resource, tagged
from actors.api.submitter import Submitter
from actors.api.tried_causes import TriedCauses
from protocols.alarm_view import AlarmView
from protocols.dispatch.actions import CreatePolicy, DeletePolicy, EditPolicy
from protocols.dispatch.policy import NotificationPolicy, PolicyEdited, PolicyRecord
from protocols.dispatch.policy_trial import PolicyTrial
from protocols.dispatch.view import DispatchView
from protocols.principal import Principal
from protocols.rest_notification_policies import (
    NotificationPoliciesQuery,
    NotificationPolicyPage,
    NotificationPolicyShown,
    PolicyTry,
    shown,
)
from protocols.sla.view import SlaView
from protocols.topology_view import TopologyView

_ORDER = Order("notification-policies", (SortKey("priority", INT64, True), SortKey("name", str), SortKey("id", str)))

PolicyName = Annotated[str, PathParameter(description="The policy's `id`", min_length=1, max_length=1_600)]


class PolicyCommands:
    """The policies that the fold knows, and commands about them."""

    def __init__(self, submitter: Submitter, view: DispatchView) -> None:
        self._commands, self.view = CommandResource(submitter, DISPATCH), view

    async def create(self, by: Principal, policy: NotificationPolicy, key: str) -> tuple[NotificationPolicyShown, bool]:
        """The policy, and whether the key had been used before. ProblemError when it was refused."""
        done = await self._commands.submit(by, CreatePolicy(policy, f"{by.name}/{key}" if key else ""))
        return self.show(by, done.id), done.answer.duplicate

    async def change(self, by: Principal, action: EditPolicy | DeletePolicy, if_match: Condition | None) -> None:
        """ProblemError when the action was refused."""
        current = self.seen(by, action.policy_id).revision
        await self._commands.submit(by, action, expected=expected(if_match, action.policy_id, current))

    def seen(self, by: Principal, policy_id: str) -> PolicyRecord:
        """The policy of this id. ProblemError 404 when the caller sees none."""
        found = self.view.policy(policy_id)
        if found is None or not sees(by, found):
            raise ProblemError(404, "unknown_policy", f"no notification policy {policy_id!r}")
        return found

    def show(self, by: Principal, policy_id: str) -> NotificationPolicyShown:
        """As :meth:`seen`, as REST shows it."""
        return self.shown(self.seen(by, policy_id))

    def shown(self, record: PolicyRecord) -> NotificationPolicyShown:
        """As REST shows it, with what is wrong or doubtful in it now."""
        return shown(record, self.view.policy_doubts(record))


def sees(by: Principal, record: PolicyRecord) -> bool:
    """A tenant sees its own policies and those of every tenant."""
    return by.tenant is None or record.policy.tenant_id in (None, by.tenant)


@get(
    "/notification-policies",
    summary="List notification policies",
    operation_class=documented(NotificationPoliciesQuery),
    opt=allow("viewer", query=NotificationPoliciesQuery),
)
async def list_notification_policies(
    request: Request[Any, Any, Any], policies: Given[PolicyCommands], by: By
) -> NotificationPolicyPage:
    """In the order in which they are asked: by priority, the highest first, then by name."""
    query = read_query(request, NotificationPoliciesQuery)
    found = [record for record in policies.view.policies() if sees(by, record)]
    if query.enabled is not None:
        found = [record for record in found if record.policy.enabled is query.enabled]
    if query.tenant_id is not None:
        found = [record for record in found if record.policy.tenant_id == query.tenant_id]
    page = _ORDER.page(found, lambda one: [one.policy.priority, one.policy.name, one.id], query.limit, query.cursor)
    return NotificationPolicyPage(tuple(policies.shown(record) for record in page.items), page.next_cursor)


@get(
    "/notification-policies/{policy_id:str}",
    summary="Show a notification policy",
    operation_class=TaggedOperation,
    opt=allow("viewer"),
)
async def get_notification_policy(
    policies: Given[PolicyCommands], by: By, policy_id: PolicyName
) -> Response[NotificationPolicyShown]:
    """One policy. `warnings` names each `to` that reaches nobody, and each channel and template that is not configured."""
    return _tagged(policies.show(by, policy_id))


@post(
    "/notification-policies",
    summary="Write a notification policy",
    operation_class=ApiOperation,
    responses={
        200: ResponseSpec(
            NotificationPolicyShown, generate_examples=False, description="The Idempotency-Key was used before: that policy"
        ),
        409: PROBLEM,
    },
    opt=allow("admin"),
)
async def create_notification_policy(
    request: Request[Any, Any, Any],
    policies: Given[PolicyCommands],
    by: By,
    data: JSONBody[NotificationPolicy],
    idempotency_key: IdempotencyKey = None,
) -> Response[NotificationPolicyShown]:
    """The policy is in force at once, for causes that are told of from now on. 422 names every mistake with its field."""
    made, again = await policies.create(by, data, idempotency_key_of(request))
    return _tagged(made, 200 if again else 201, {"Location": f"{PREFIX}/notification-policies/{made.id}"})


@patch(
    "/notification-policies/{policy_id:str}",
    summary="Change a notification policy",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def edit_notification_policy(
    policies: Given[PolicyCommands], by: By, if_match: IfMatch, policy_id: PolicyName, data: JSONBody[PolicyEdited]
) -> Response[NotificationPolicyShown]:
    """Change the given fields; `match`, `actions` and `routes` are replaced whole. Those told before hear of the end."""
    if not data.given():
        names = ", ".join(data.__struct_encode_fields__)
        raise ProblemError(422, "invalid_body", f"nothing to change: give at least one of {names}")
    await policies.change(by, EditPolicy(policy_id, data), if_match)
    return _tagged(policies.show(by, policy_id))


@delete(
    "/notification-policies/{policy_id:str}",
    summary="Delete a notification policy",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def delete_notification_policy(policies: Given[PolicyCommands], by: By, if_match: IfMatch, policy_id: PolicyName) -> None:
    """Whoever was told by the policy is told of the end. A policy of a file is deleted in its file."""
    await policies.change(by, DeletePolicy(policy_id), if_match)


@post(
    "/notification-policies/try",
    summary="Try the notification policies",
    operation_class=ApiOperation,
    status_code=200,
    opt=allow("viewer"),
)
async def try_notification_policies(
    policies: Given[PolicyCommands], causes: Given[TriedCauses], clock: Given[Now], by: By, data: JSONBody[PolicyTry]
) -> PolicyTrial:
    """Which policies and routes match an alarm, an agreement (the field `instance_id`), or the given fields, and whom they
    would reach now or `at` another time. Nothing is sent."""
    return policies.view.try_policies(causes.read(by, data), data.at or clock(), by.tenant)


def _tagged(policy: NotificationPolicyShown, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return tagged(policy, policy.revision, status, headers)


def routes(
    submitter: Submitter,
    view: DispatchView,
    alarms: AlarmView,
    plant: TopologyView,
    agreements: SlaView,
    clock: Now,
    default_tenant: str,
) -> Router:
    """Notification policies."""
    handlers: list[Any] = [
        list_notification_policies,
        get_notification_policy,
        create_notification_policy,
        edit_notification_policy,
        delete_notification_policy,
        try_notification_policies,
    ]
    causes = TriedCauses(view, alarms, plant, agreements, default_tenant)
    return resource("notification policies", handlers, policies=PolicyCommands(submitter, view), causes=causes, clock=clock)
