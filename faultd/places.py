"""The folders of faultd's own data: beside the packages in a checkout, inside the wheel when installed."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def shipped_config() -> Path:
    """The folder ``config/``: ``faultd.toml``, ``profiles/``, and what monitors faultd. Raises FileNotFoundError when the
    installation lacks it."""
    for candidate in (_HERE / "_config", _HERE.parent / "config"):
        if (candidate / "profiles").is_dir():
            return candidate
    raise FileNotFoundError(f"no config/profiles beside or inside {_HERE}: the installation is incomplete")


def shipped_console() -> Path:
    """The folder ``console/``: what a browser gets. Raises FileNotFoundError when the installation lacks it."""
    for candidate in (_HERE / "_console", _HERE.parent / "console"):
        if (candidate / "index.html").is_file():
            return candidate
    raise FileNotFoundError(f"no console/index.html beside or inside {_HERE}: the installation is incomplete")
