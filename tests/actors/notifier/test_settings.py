"""The section ``[notifier]``: every mistake is found, and none repeats a secret."""

from pathlib import Path

import pytest

from actors.http_url import http_url_problem
from actors.notifier.settings import lane_names
from faultd.channels import check_channels
from faultd.config import Config, ConfigError, examine, parse
from faultd.inputs import dispatch_inputs

WHOLE = """
[notifier.email]
host = "mail.example.net"
sender = "faultd@example.net"
[[notifier.webhook]]
name = "erp"
url = "https://erp.example.net/hook"
[[notifier.webhook]]
name = "bill"
url = "https://bill.example.net/hook"
[notifier.slack]
token_file = "/run/slack"
[notifier.teams]
url_file = "/run/teams"
[notifier.sms]
url = "https://sms.example.net/?to={to}&text={text}"
[notifier.remediation]
url = "https://repair.example.net/"
secret_file = "/run/repair"
"""


def test_the_channels_that_are_configured_are_known_to_the_dispatcher() -> None:
    names = ("email", "sms", "slack", "teams", "webhook:erp", "webhook:bill", "remediation")
    assert lane_names(parse(WHOLE).notifier) == dispatch_inputs(parse(WHOLE)).channels == names
    assert lane_names(Config().notifier) == ()


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ('[notifier.email]\nhost = "m"', "notifier.email.sender", "a mail address is needed"),
        ('[notifier.email]\nhost = "m"\nsender = "f@x"\nuser = "u"', "notifier.email.password_file", "needed with user"),
        (
            '[notifier.email]\nhost = "m"\nsender = "f@x"\nuser = "u"\npassword_file = "/p"\ntls = "none"',
            "notifier.email.tls",
            "not sent in clear",
        ),
        ('[notifier.email]\ntls = "ssl"', "notifier.email.tls", "expected one of"),
        ("[notifier.email]\nport = 0", "notifier.email.port", ">= 1"),
        ('[[notifier.webhook]]\nname = "a b"\nurl = "https://x/"', "notifier.webhook[0].name", "matching regex"),
        ('[[notifier.webhook]]\nname = "a"', "notifier.webhook[0].url", "is required"),
        ('[[notifier.webhook]]\nname = "a"\nurl = "ftp://s3cret/"', "notifier.webhook", "begins with https"),
        ('[[notifier.webhook]]\nname = "a"\nurl = "https://u:s3cret@x/"', "notifier.webhook", "user or a password"),
        ('[[notifier.webhook]]\nname = "a"\nurl = "https://x/s3cret\\nHost: y"', "notifier.webhook", "no URL has"),
        ('[[notifier.webhook]]\nname = "a"\nurl = 7', "notifier.webhook[0].url", "expected text"),
        (
            '[[notifier.webhook]]\nname = "a"\nurl = "https://x/"\n[[notifier.webhook]]\nname = "a"\nurl = "https://y/"',
            "notifier.webhook",
            "one name",
        ),
        ('[notifier.sms]\nurl = "https://x/?to={to}"', "notifier.sms.url", "has a place for {text}"),
        ('[notifier.sms]\nurl = "https://{to}/?{text}"', "notifier.sms.url", "the host is fixed"),
        ('[notifier.remediation]\nurl = "https://x/"', "notifier.remediation.secret_file", "needed with url"),
        ("[notifier]\nconcurrency = 1000", "notifier.concurrency", "<= 32"),
        ("[notifier]\nretries = 3", "notifier.retries", "unknown key"),
        ('[http]\npublic_url = "noc.example"', "http.public_url", "begins with https"),
    ],
)
def test_mistakes(text: str, key: str, said: str) -> None:
    (mistake,) = examine(text).mistakes
    assert said in mistake.text
    assert mistake.key.startswith(key.rpartition(".")[0])
    assert "s3cret" not in str(mistake)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ('[notifier]\nca_file = "{folder}/none"\n', "notifier.ca_file"),
        ('[notifier]\nca_file = "{folder}/odd"\n[notifier.email]\nhost = "m"\nsender = "f@x"', "notifier.ca_file"),
        (
            '[notifier.email]\nhost = "m"\nsender = "f@x"\nuser = "u"\npassword_file = "{folder}/none"',
            "notifier.email.password_file",
        ),
        ('[notifier.teams]\nurl_file = "{folder}/odd"', "notifier.teams.url_file"),
        ('[notifier.slack]\ntoken_file = "{folder}"', "notifier.slack.token_file"),
    ],
)
def test_files_that_cannot_be_used_are_found_at_load_and_not_shown(tmp_path: Path, text: str, setting: str) -> None:
    (tmp_path / "odd").write_text("s3cret")
    with pytest.raises(ConfigError) as refused:
        check_channels(parse(text.format(folder=tmp_path)))
    assert setting in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://x.example/a?b=c", True),
        ("http://[::1]:8080/", True),
        ("https://x.example:99999/", False),
        ("https://[::1/", False),
        ("https:///a", False),
        ("https://x.example:0/", False),
        ("https://bücher.example/", False),
        ("//x.example", False),
        ("", False),
    ],
)
def test_urls(url: str, fine: bool) -> None:
    assert (http_url_problem(url) == "") is fine
