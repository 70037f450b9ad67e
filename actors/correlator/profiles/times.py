"""The device's own time of an event: decoders, and the decision whether it is plausible."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

from protocols.profile_decoders import DecodeError, Raw, integer, text


def date_and_time(raw: Raw) -> datetime:
    """DateAndTime (RFC 2579) of 8 or 11 octets; 8 octets carry no zone, so the result is naive."""
    if not isinstance(raw, bytes) or len(raw) not in (8, 11):
        raise DecodeError("date_and_time", raw, "not 8 or 11 octets")
    zone = None
    if len(raw) == 11:
        if raw[8:9] not in (b"+", b"-"):
            raise DecodeError("date_and_time", raw, "the direction from UTC is neither + nor -")
        minutes = raw[9] * 60 + raw[10]
        if minutes >= 1440:
            raise DecodeError("date_and_time", raw, "further than a day from UTC")
        zone = timezone(timedelta(minutes=minutes if raw[8] == 0x2B else -minutes))
    try:
        return datetime(
            int.from_bytes(raw[:2]), raw[2], raw[3], raw[4], raw[5], min(raw[6], 59), min(raw[7], 9) * 100_000, zone
        )
    except ValueError as error:
        raise DecodeError("date_and_time", raw, str(error)) from None


def unix_seconds(raw: Raw) -> datetime:
    """Seconds since 1970 in UTC."""
    seconds = integer(raw)
    if not 0 < seconds < 2**33:
        raise DecodeError("unix_seconds", raw, "not a time of this age")
    return datetime.fromtimestamp(seconds, UTC)


def unix_milliseconds(raw: Raw) -> datetime:
    """Milliseconds since 1970 in UTC."""
    milliseconds = integer(raw)
    if not 0 < milliseconds < 2**33 * 1000:
        raise DecodeError("unix_milliseconds", raw, "not a time of this age")
    return datetime.fromtimestamp(milliseconds // 1000, UTC) + timedelta(milliseconds=milliseconds % 1000)


def text_time(form: str) -> Callable[[Raw], datetime]:
    """A decoder of text in ``form`` (strptime)."""

    def decode(raw: Raw) -> datetime:
        try:
            return datetime.strptime(text(raw), form)  # noqa: DTZ007 (the caller adds the zone)
        except ValueError:
            raise DecodeError("time", raw, f"not in the form {form}") from None

    return decode


TIME_DECODERS: dict[str, Callable[[Raw], datetime]] = {
    "date_and_time": date_and_time,
    "unix_seconds": unix_seconds,
    "unix_milliseconds": unix_milliseconds,
}


def offset(written: str) -> timezone | None:
    """``"+03:00"`` as a zone; empty gives None. Raises ValueError."""
    if not written:
        return None
    sign, hours, colon, minutes = written[:1], written[1:3], written[3:4], written[4:]
    if sign not in "+-" or colon != ":" or not (hours + minutes).isdigit() or len(minutes) != 2:
        raise ValueError(f"utc_offset {written!r} is not of the form +03:00")
    delta = timedelta(hours=int(hours), minutes=int(minutes))
    if delta >= timedelta(hours=24) or int(minutes) > 59:
        raise ValueError(f"utc_offset {written!r} is further than a day from UTC")
    return timezone(delta if sign == "+" else -delta)


def believable(
    told: datetime, zone: timezone | None, received: datetime, max_behind: int, max_ahead: int
) -> tuple[datetime | None, str]:
    """The time in UTC if it can be used, else None and the reason. The reason is empty if the time only has no zone and the
    profile sets none: that is so for every trap of many vendors."""
    if told.tzinfo is None:
        if zone is None:
            return None, ""
        told = told.replace(tzinfo=zone)
    seconds = (told - received).total_seconds()
    if seconds > max_ahead or -seconds > max_behind:
        return None, f"{told.isoformat()} is {seconds:+.0f} s from the receipt: a wrong clock"
    return told.astimezone(UTC), ""
