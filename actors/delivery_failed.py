"""The failure of an attempt to hand something to a far end: a message to a channel, a task to a desk."""


class DeliveryFailed(Exception):
    """The far end did not take what was sent, or it is not known whether it did.

    ``permanent``: another attempt would end in the same way. ``retry_after``: the seconds for which the far end asked.
    """

    def __init__(self, error: str, *, permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(error)
        self.error, self.permanent, self.retry_after = error, permanent, retry_after
