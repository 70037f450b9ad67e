"""Ids filed under keys: mostly one under a key, which then stands for itself, since a dict takes more memory than the id."""

from collections.abc import Collection

Filed = str | dict[str, None]
"""The value of one key: an id, or several in the order of their addition."""


def ids_of(filed: Filed | None) -> Collection[str]:
    """The ids under a key, in order; None is a key that there is not."""
    if filed is None:
        return ()
    return (filed,) if isinstance(filed, str) else filed.keys()


def put(index: dict[str, Filed], key: str, node_id: str) -> None:
    """File an id under ``key``, behind those that are there; one that is there stays where it is."""
    filed = index.get(key)
    if filed is None:
        index[key] = node_id
    elif isinstance(filed, dict):
        filed[node_id] = None
    elif filed != node_id:
        index[key] = {filed: None, node_id: None}


def drop(index: dict[str, Filed] | dict[str, dict[str, None]], key: str, node_id: str) -> None:
    """Take an id from under ``key``, if it is there, and the key with the last one."""
    filed = index.get(key)
    if isinstance(filed, dict):
        filed.pop(node_id, None)
        if not filed:
            del index[key]
    elif filed == node_id:
        del index[key]
