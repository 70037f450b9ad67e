"""Expected revisions: a command that was made for an earlier version of a resource is refused."""

from collections.abc import Mapping

from protocols.change import Refusal


def outdated(expected: Mapping[str, int], name: str, revision: int | None, what: str) -> Refusal | None:
    """Why a command on ``name`` does not apply; None when its caller expected ``revision``, or none. ``what`` names the
    resource to a reader; a ``revision`` of None says that there is no such resource any more."""
    wanted = expected.get(name)
    if wanted is None or wanted == revision:
        return None
    text = f"{what} has revision {revision}" if revision is not None else f"{what} is not there any more"
    return Refusal(name, "wrong_revision", f"{text}; the command was made for revision {wanted}", revision)
