"""SMS by a real gateway: the notifier's channel, Kannel, and the text that arrives at its fake centre."""

from pathlib import Path

import msgspec
import pytest
from vocabulary.delivery import AT, dispatched
from vocabulary.kannel import Kannel, ReceivedText, running_kannel

from actors.delivery_failed import DeliveryFailed
from actors.notifier.channel import DeliveryChannel, MessageText, OutgoingMessage
from actors.notifier.opening import open_channels
from actors.notifier.settings import NotifierSettings
from actors.notifier.texts import built_in_text

pytestmark = pytest.mark.acceptance

PASSWORD = "p&w=d %2B{to}"
QUERY = "username=faultd&password={password}&to={to}&text={text}&charset=UTF-8&coding={coding}"


def opened(kannel: Kannel, folder: Path, password: str = PASSWORD) -> DeliveryChannel:
    """The channel as docs/dispatch.md configures it."""
    (folder / "password").write_text(f"{password}\n")
    sms = {"url": f"{kannel.sendsms}?{QUERY}", "password_file": str(folder / "password"), "allow_private": True}
    return open_channels(msgspec.convert({"sms": sms}, NotifierSettings), "ledger1")["sms"]


def message(text: str, address: str = "+49 151 1234-567") -> OutgoingMessage:
    notification = dispatched(channel="sms", address=address)
    return OutgoingMessage(notification=notification, text=MessageText(subject="", text=text), at=AT)


def told(found: list[ReceivedText]) -> list[tuple[str, str, str]]:
    return [(each.receiver, each.kind, each.text) for each in found]


async def in_parts(kannel: Kannel, number: int) -> tuple[str, list[int]]:
    """The text that ``number`` parts of one message make, and the characters of each."""
    found = await kannel.received(number)
    assert len({each.concatenated[0] for each in found if each.concatenated}) == 1
    assert [each.concatenated[1:] for each in found if each.concatenated] == [(number, part + 1) for part in range(number)]
    return "".join(each.text for each in found), [len(each.text) for each in found]


async def test_the_text_arrives_as_it_was_written(tmp_path: Path) -> None:
    async with running_kannel(tmp_path, PASSWORD) as kannel:
        sms = opened(kannel, tmp_path)
        # No centre is connected: Kannel has the message, and nobody else. It is sent, and no more is said of it.
        queued = await sms.deliver(message("queued"))
        assert queued.answer == "202 3: Queued for later delivery"
        kannel.connect_centre()
        assert told(await kannel.received(1)) == [("+491511234567", "text", "queued")]

        marks = "a&b=c?d#e+f %41{to} \"'<>/:;\\[]{}~^|@$_€"
        accepted = await sms.deliver(message(marks))
        assert accepted.answer == "202 0: Accepted for delivery"
        assert told(await kannel.received(1)) == [("+491511234567", "text", marks)]

        # The GSM alphabet has umlauts, but neither a French circumflex nor Greek in small letters.
        await sms.deliver(message("Straßenüberführung Ä Ö Ü à è"))
        await sms.deliver(message("Fenêtre αβ Ж"))
        assert told(await kannel.received(2)) == [
            ("+491511234567", "text", "Straßenüberführung Ä Ö Ü à è"),
            ("+491511234567", "ucs-2", "Fenêtre αβ Ж"),
        ]

        # 160 characters are one message, 161 are two; of UCS-2 70 and 71.
        for text, kind in (("0123456789" * 16, "text"), ("ê123456789" * 7, "ucs-2")):
            await sms.deliver(message(text))
            assert told(await kannel.received(1)) == [("+491511234567", kind, text)]
            await sms.deliver(message(f"{text}x"))
            joined, lengths = await in_parts(kannel, 2)
            assert (joined, lengths) == (f"{text}x", [153, 8] if kind == "text" else [67, 4])

        # The longest built-in text has three parts of either alphabet. In that of GSM each of the two brackets counts twice.
        for title, expected in (("x" * 500, [151, 153, 153]), ("ê" * 500, [67, 67, 67])):
            facts = {"causes": [{"severity": "critical", "title": title, "resource_name": title, "alarm_id": "A17"}]}
            text = built_in_text(dispatched(channel="sms", facts=facts)).text
            await sms.deliver(message(text))
            assert await in_parts(kannel, 3) == (text, expected)
            assert text.startswith("[CRITICAL] ")
            assert text.endswith("...")

        # A template that writes on and on is cut, by faultd and not by the gateway.
        await sms.deliver(message("y" * 5_000))
        joined, lengths = await in_parts(kannel, 10)
        assert (set(joined), joined[-4:], lengths) == ({"y", "."}, "y...", [153] * 10)


async def test_what_kannel_refuses_is_refused_for_good_and_what_it_cannot_do_now_is_not(tmp_path: Path) -> None:
    async with running_kannel(tmp_path, PASSWORD) as kannel:
        with pytest.raises(DeliveryFailed, match="403 Authorization failed for sendsms") as refused:
            await opened(kannel, tmp_path, "another").deliver(message("text"))
        assert refused.value.permanent
        sms = opened(kannel, tmp_path)
        kannel.stop_bearerbox()
        with pytest.raises(DeliveryFailed) as down:
            await sms.deliver(message("text"))
        assert not down.value.permanent
