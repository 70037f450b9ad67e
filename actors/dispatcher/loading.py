"""Settings, and the policies of the files, which take the place of those that the files had before."""

import msgspec
from msgspec.structs import replace

from actors.dispatcher.causes.lost import begin_waiting
from actors.dispatcher.people.gaps import look_at_all
from actors.dispatcher.policies.files import file_policy_id
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.settings import DispatchInputs
from protocols.dispatch.policy import PolicyRecord
from protocols.event import DispatchLoaded

_decode = msgspec.msgpack.Decoder(DispatchInputs).decode


def load_inputs(run: DispatchRun, event: DispatchLoaded) -> None:
    """Take the settings and the policies of the files. A policy that a file no longer has is no more. One that was switched on
    or off through the API stays so."""
    state, journal = run.state, run.journal
    inputs = _decode(event.inputs)
    changed = inputs != state.inputs
    journal.set(state, "inputs", inputs)
    journal.set(state, "digest", event.digest)
    wanted = {file_policy_id(policy.name): policy for policy in event.policies}
    for policy_id, record in list(state.policies.items()):
        if record.origin == "file" and policy_id not in wanted:
            run.put_policy(policy_id, None)
    for policy_id, policy in wanted.items():
        before = state.policies.get(policy_id)
        if before is not None and before.switched:
            policy = replace(policy, enabled=before.policy.enabled)
        if before is not None and before.policy == policy:
            continue
        record = PolicyRecord(
            id=policy_id,
            policy=policy,
            origin="file",
            created_at=run.at if before is None else before.created_at,
            updated_at=run.at,
            updated_by="file",
            revision=1 if before is None else before.revision + 1,
            switched=before is not None and before.switched,
        )
        run.put_policy(policy_id, record)
    begin_waiting(run)
    if changed:
        look_at_all(run)
