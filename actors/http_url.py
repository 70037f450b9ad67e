"""Checks of URLs that the configuration names. Pure."""

from urllib.parse import urlsplit


def http_url_problem(url: str) -> str:
    """The mistake in a URL to post to, "" when there is none. The text does not repeat the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "not a URL"
    if parts.scheme not in ("http", "https"):
        return "not a URL that begins with https:// or http://"
    if not parts.hostname:
        return "names no host"
    if "@" in parts.netloc:
        return "holds a user or a password before the host; leave it out"
    if "{" in parts.netloc:
        return "has a place in its host; the host is fixed"
    if port == 0:
        return "a port in it is not one of 1 to 65535"
    if not url.isprintable() or " " in url or not parts.netloc.isascii():
        return "holds a character that no URL has"
    return ""


def check_url(url: str) -> None:
    """Raises ValueError, which names the setting ``url``, for a mistake in it. An empty one has none."""
    if url and (problem := http_url_problem(url)):
        raise ValueError(f"url: {problem}")
