"""The channel ``sms``: one HTTP request to a gateway, made from a template (Kannel's ``sendsms`` and others like it)."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

import msgspec

from actors.delivery_failed import DeliveryFailed
from actors.http_client import HttpClient, raise_for_status
from actors.notifier.channel import Delivered, OutgoingMessage
from actors.notifier.settings import SmsSettings
from actors.notifier.sms_parts import coding_of, cut_to_parts

_PLACE = re.compile(r"\{(to|text|id|password|coding)\}")
_MOST_PARTS = 10
"""The built-in texts have fewer; a template may write more than a gateway takes."""
_NUMBER = re.compile(r"^\+?[0-9]{3,20}$")


class Sms:
    """``password`` stands for ``{password}``; "" when there is none."""

    pace_seconds = 0.0
    paces_addresses = True

    def __init__(self, settings: SmsSettings, password: str, client: HttpClient) -> None:
        self._settings, self._password, self._client = settings, password, client
        self.secrets: tuple[str, ...] = tuple({password, _percent(password)}) if password else ()

    async def deliver(self, message: OutgoingMessage) -> Delivered:
        """Ask the gateway to send it. The gateway took it when it answers 2xx. Raises DeliveryFailed."""
        number = re.sub(r"[ ()/.-]", "", message.notification.address)
        if not _NUMBER.match(number):
            raise DeliveryFailed(f"{message.notification.address!r} is no telephone number", permanent=True)
        text = cut_to_parts(message.text.text.strip(), _MOST_PARTS)
        values = {
            "to": number,
            "text": text,
            "id": message.notification.id,
            "password": self._password,
            "coding": str(coding_of(text)),
        }
        url = filled(self._settings.url, values, _percent)
        if not self._settings.body:
            answer = await self._client.request("GET", url, {})
        else:
            json = self._settings.body.lstrip().startswith(("{", "["))
            body = filled(self._settings.body, values, _json if json else _percent).encode()
            kind = "application/json" if json else "application/x-www-form-urlencoded"
            answer = await self._client.request("POST", url, {"Content-Type": kind}, body)
        raise_for_status(answer, message.at)
        return Delivered(answer.shown)


def filled(template: str, values: Mapping[str, str], encode: Callable[[str], str]) -> str:
    """``template`` with its places replaced by their encoded values. What looks like a place in a value stays as it is."""
    return _PLACE.sub(lambda place: encode(values[place[1]]), template)


def _percent(text: str) -> str:
    return quote(text, safe="")


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()[1:-1]
