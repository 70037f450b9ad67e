"""The folder of faultd's own data: beside the packages in a checkout, inside the wheel when installed."""

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def shipped_config() -> Path:
    """The folder ``config/``: ``faultd.toml``, ``profiles/``, and what monitors faultd. Raises FileNotFoundError when the
    installation lacks it."""
    for candidate in (_HERE / "_config", _HERE.parent / "config"):
        if (candidate / "profiles").is_dir():
            return candidate
    raise FileNotFoundError(f"no config/profiles beside or inside {_HERE}: the installation is incomplete")
