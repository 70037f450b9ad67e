"""Budgets of variable bindings: of a device, and of each line card, since some cards crash when they are read often. Pure.

An agent decides itself how much it answers, so a budget is paid afterwards: who is in debt waits until it is paid.
"""

from typing import Final

CARDS: Final = 64
"""Line cards of a device with a budget of their own; the others share one."""


class VarbindBudget:
    """``rate`` variable bindings a second, and ``burst`` at once. Instants are seconds of one monotonic clock."""

    __slots__ = ("_at", "_left", "burst", "rate")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._left, self._at = burst, float("-inf")

    def wait(self, now: float, wanted: float = 1.0) -> float:
        """Seconds until ``wanted`` bindings are left, at most the burst; 0 when they are."""
        self._fill(now)
        missing = min(wanted, self.burst) - self._left
        # Below a thousandth of a binding there is only the rounding of the clock.
        return missing / self.rate if missing > 1e-3 else 0.0

    def left(self, now: float) -> float:
        """Bindings that may be asked for now; negative while there is a debt."""
        self._fill(now)
        return self._left

    def spend(self, now: float, varbinds: int) -> None:
        """``varbinds`` came from the agent."""
        self._fill(now)
        self._left -= varbinds

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._left = min(self.burst, self._left + (now - self._at) * self.rate)
            self._at = now


class DeviceBudget:
    """The budget of a device, and one for each line card; each with a rate a second and a burst."""

    __slots__ = ("_card_rate", "_cards", "_device", "least_burst")

    def __init__(self, rate: float, card_rate: float, burst: float, card_burst: float) -> None:
        self._device = VarbindBudget(rate, burst)
        self._card_rate = card_rate, card_burst
        self.least_burst = min(burst, card_burst)
        self._cards: dict[str, VarbindBudget] = {}

    def wait(self, now: float, card: str = "", wanted: float = 1.0) -> float:
        """Seconds until the device, and ``card`` where one is named, may be asked for ``wanted`` bindings."""
        wait = self._device.wait(now, wanted)
        return max(wait, self._card(card).wait(now, wanted)) if card else wait

    def left(self, now: float, card: str = "") -> float:
        """Bindings that the device, and ``card`` where one is named, may be asked for now."""
        left = self._device.left(now)
        return min(left, self._card(card).left(now)) if card else left

    def spend(self, now: float, varbinds: int, card: str = "") -> None:
        """``varbinds`` came from the device, and ``card`` gathered them where one is named."""
        self._device.spend(now, varbinds)
        if card:
            self._card(card).spend(now, varbinds)

    def _card(self, card: str) -> VarbindBudget:
        found = self._cards.get(card)
        if found is None:
            if len(self._cards) >= CARDS:
                card = ""
            found = self._cards.setdefault(card, VarbindBudget(*self._card_rate))
        return found
