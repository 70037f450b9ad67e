"""Probabilities as programs and people read them. A conclusion from reports is never certain, so none is stated as 0 or 1."""

from typing import Final

LEAST: Final = 0.01
MOST: Final = 0.99


def stated(probability: float) -> float:
    """The probability as alarms and timelines state it: three decimals, between ``LEAST`` and ``MOST``. Also what an older
    version wrote, which may be 1.0."""
    return round(min(MOST, max(LEAST, probability)), 3)


def in_words(probability: float) -> str:
    """``very likely (98 %)``, for people."""
    value = stated(probability)
    word = "very likely" if value >= 0.9 else "likely" if value >= 0.6 else "possible"
    return f"{word} ({100 * value:.0f} %)"
