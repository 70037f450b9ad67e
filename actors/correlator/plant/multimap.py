"""Several ids under one key. Most keys have one id, which is then the value itself: a dict takes more memory."""

from collections.abc import Collection

Filed = str | dict[str, None]
"""The value of one key: an id, or several in the order of their addition."""


def ids_of(filed: Filed | None) -> Collection[str]:
    """The ids under a key, in order; ``filed`` is None for an unknown key."""
    if filed is None:
        return ()
    return (filed,) if isinstance(filed, str) else filed.keys()


def put(index: dict[str, Filed], key: str, node_id: str) -> None:
    """Add an id under ``key``, behind the others. An id that is there keeps its place."""
    filed = index.get(key)
    if filed is None:
        index[key] = node_id
    elif isinstance(filed, dict):
        filed[node_id] = None
    elif filed != node_id:
        index[key] = {filed: None, node_id: None}


def drop(index: dict[str, Filed] | dict[str, dict[str, None]], key: str, node_id: str) -> None:
    """Remove an id from under ``key``, if it is there, and the key with its last id."""
    filed = index.get(key)
    if isinstance(filed, dict):
        filed.pop(node_id, None)
        if not filed:
            del index[key]
    elif filed == node_id:
        del index[key]
