"""Whole numbers of a smaller unit as decimal text: cents as euros, microseconds as seconds. Pure; no float."""


def decimal(value: int, digits: int, *, grouped: bool = False) -> str:
    """``value / 10**digits`` with all its digits; ``grouped``: with a comma between thousands."""
    whole, rest = divmod(abs(value), 10**digits)
    sign = "-" if value < 0 else ""
    left = f"{whole:,}" if grouped else str(whole)
    return f"{sign}{left}.{rest:0{digits}}" if digits else f"{sign}{left}"


def shortest(value: int, digits: int, *, grouped: bool = False) -> str:
    """The same without trailing zeros."""
    text = decimal(value, digits, grouped=grouped)
    return text.rstrip("0").rstrip(".") if digits else text


def seconds(microseconds: int, *, grouped: bool = False) -> str:
    """``12.5``: microseconds as seconds, without trailing zeros."""
    return shortest(microseconds, 6, grouped=grouped)
