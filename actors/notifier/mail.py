"""The mail of a notification: its headers and parts (RFC 5322). Pure."""

import hashlib
import re
from datetime import UTC
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from actors.delivery_failed import DeliveryFailed
from actors.notifier.channel import OutgoingMessage

_OF_AN_ID = re.compile(r"^[A-Za-z0-9.]{1,100}$")
_UTF8 = SMTP.clone(utf8=True)


def mail_of(message: OutgoingMessage, sender: str, installation: str) -> EmailMessage:
    """The mail. It is the same for every attempt: its Message-ID derives from the notification's id, and the Message-ID of the
    thread's first notification is In-Reply-To. Raises DeliveryFailed for an address that is no mailbox."""
    it = message.notification
    mail = EmailMessage(policy=SMTP)
    mail["From"] = mailbox(sender)
    mail["To"] = mailbox(it.address, it.to_name)
    mail["Subject"] = one_line(message.text.subject)
    mail["Date"] = it.created_at.astimezone(UTC)
    mail["Message-ID"] = message_id(it.id, sender, installation)
    if it.thread and it.thread != it.id:
        mail["In-Reply-To"] = mail["References"] = message_id(it.thread, sender, installation)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Faultd-Notification"] = one_line(it.id)
    mail.set_content(message.text.text, cte="quoted-printable")
    if message.text.html:
        mail.add_alternative(message.text.html, subtype="html", cte="quoted-printable")
        # A random one would make another mail of each attempt; of the parts' own hash neither part can have it within.
        parts = f"{it.id}\0{message.text.text}\0{message.text.html}"
        mail.set_boundary(f"faultd-{hashlib.sha256(parts.encode('utf-8', 'replace')).hexdigest()[:40]}")
    return mail


def octets_of(mail: EmailMessage, *, utf8: bool) -> bytes:
    """As it is sent; with ``utf8`` addresses may have any letters (RFC 6531)."""
    return mail.as_bytes(policy=_UTF8 if utf8 else SMTP)


def message_id(notification_id: str, sender: str, installation: str) -> str:
    """``<N17.LEDGER@example.net>``, the same for the same notification of the same ledger."""
    name = notification_id if _OF_AN_ID.match(notification_id) else hashlib.sha256(notification_id.encode()).hexdigest()[:32]
    domain = sender.rpartition("@")[2]
    return f"<{name}.{installation}@{domain}>"


def mailbox(address: str, name: str = "") -> Address:
    """``name <address>``. Raises DeliveryFailed for an address that is no mailbox."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or not address.isprintable() or len(address) > 254:
        raise DeliveryFailed(f"{address!r} is no mail address", permanent=True)
    try:
        return Address(one_line(name), addr_spec=address)
    except (ValueError, IndexError) as error:
        # The parser of the standard library stumbles over some texts with IndexError.
        raise DeliveryFailed(f"{address!r} is no mail address", permanent=True) from error


def one_line(text: str) -> str:
    """Fit for a header: a line break in it would begin another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
