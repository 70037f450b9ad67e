"""Commands about notification policies."""

from collections.abc import Mapping

from msgspec.structs import replace

from actors.command_checks import changeable, refuse_foreign, refuse_mistakes
from actors.command_refused import CommandRefused
from actors.dispatcher.policies.mistakes import mistakes_of_policy
from actors.dispatcher.run import DispatchRun
from protocols.change import Refusal
from protocols.dispatch.actions import CreatePolicy, DeletePolicy, EditPolicy
from protocols.dispatch.policy import PolicyRecord
from protocols.principal import Principal

MOST_POLICIES = 1_000


def do_policy(
    run: DispatchRun, by: Principal, action: CreatePolicy | EditPolicy | DeletePolicy, expected: Mapping[str, int]
) -> None:
    """Do ``action`` and answer it with the policy's id. ``expected``: revisions that the caller knows, by id. Raises
    CommandRefused with every mistake."""
    match action:
        case CreatePolicy():
            _create(run, by, action)
        case EditPolicy():
            _edit(run, by, action, expected)
        case DeletePolicy():
            _delete(run, by, action, expected)


def _create(run: DispatchRun, by: Principal, action: CreatePolicy) -> None:
    if run.made_before("policy", action.key):
        return
    policy, state = action.policy, run.state
    if by.tenant is not None and policy.tenant_id is None:
        policy = replace(policy, tenant_id=by.tenant)
    refuse_foreign(by, policy.tenant_id, "a notification policy")
    if len(state.policies) >= MOST_POLICIES:
        raise CommandRefused(Refusal("", "limit", f"there are {MOST_POLICIES:,} notification policies already"))
    refuse_mistakes(mistakes_of_policy(state, policy, ""))
    record = PolicyRecord(
        id=run.new_id("NP"), policy=policy, created_at=run.at, updated_at=run.at, updated_by=by.name, key=action.key
    )
    run.put_policy(record.id, record)
    run.keep_key("policy", action.key, record.id)
    run.answer(record.id)


def _edit(run: DispatchRun, by: Principal, action: EditPolicy, expected: Mapping[str, int]) -> None:
    before = _writable(run, by, action.policy_id, expected)
    given = action.fields.given()
    if before.origin == "file" and set(given) - {"enabled"}:
        text = f"policy {before.id} is written in a file: only enabled can be set here"
        raise CommandRefused(Refusal(before.id, "wrong_state", text))
    policy = replace(before.policy, **given)
    # Whatever has become of the people in it, a policy can be switched off.
    if before.origin == "api" and (set(given) != {"enabled"} or policy.enabled):
        refuse_mistakes(mistakes_of_policy(run.state, policy, before.id))
    record = replace(
        before,
        policy=policy,
        updated_at=run.at,
        updated_by=by.name,
        revision=before.revision + 1,
        switched=before.origin == "file",
    )
    run.put_policy(record.id, record)
    run.answer(record.id)


def _delete(run: DispatchRun, by: Principal, action: DeletePolicy, expected: Mapping[str, int]) -> None:
    before = _writable(run, by, action.policy_id, expected)
    if before.origin == "file":
        text = f"policy {before.id} is written in a file: take it out there, or disable it"
        raise CommandRefused(Refusal(before.id, "wrong_state", text))
    run.put_policy(before.id, None)
    run.forget_key("policy", before.key)
    run.answer(before.id)


def _writable(run: DispatchRun, by: Principal, policy_id: str, expected: Mapping[str, int]) -> PolicyRecord:
    unknown = Refusal(policy_id, "unknown_policy", f"no notification policy {policy_id!r}")
    return changeable(by, run.state.policies.get(policy_id), "notification policy", unknown, expected)
