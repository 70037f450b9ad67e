"""The clocks of other engines across restarts. Without them faultd would accept any recorded message once after a start.

One file is replaced as a whole: every SAVE_SECONDS when a clock changed, and at the end. A crash loses what was learnt since
the last time, so a message of those seconds can be accepted twice; the time window of RFC 3414 is longer than that.
"""

from pathlib import Path

import msgspec
import structlog
import trio

from actors.trap_listener.engine_state import replace_file
from protocols.snmp.usm.engine_clocks import EngineClocks, SavedClock

FILE = "snmp_engine_clocks.msgpack"
SAVE_SECONDS = 30.0
_decoder = msgspec.msgpack.Decoder(tuple[SavedClock, ...])
_log = structlog.get_logger()


def load_clocks(state_dir: Path) -> tuple[SavedClock, ...]:
    """The clocks of the last run; none when there is no file. A file that cannot be read is logged and ignored."""
    path = state_dir / FILE
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning(
            "the clocks of SNMPv3 engines are not known: a recorded message can be accepted once",
            file=str(path),
            reason=str(error),
        )
        return ()


def encode(clocks: EngineClocks) -> bytes:
    """The content of the file."""
    return msgspec.msgpack.encode(tuple(clocks.saved()))


async def keep_clocks(clocks: EngineClocks, state_dir: Path) -> None:
    """Write the clocks regularly until cancelled, and once more then."""
    try:
        while True:
            await trio.sleep(SAVE_SECONDS)
            await _save(clocks, state_dir)
    finally:
        with trio.CancelScope(shield=True):
            await _save(clocks, state_dir)


async def _save(clocks: EngineClocks, state_dir: Path) -> None:
    if not clocks.changed:
        return
    clocks.changed = False
    octets = encode(clocks)
    try:
        await trio.to_thread.run_sync(replace_file, state_dir / FILE, octets)
    except OSError as error:
        clocks.changed = True
        _log.warning("the clocks of SNMPv3 engines could not be written", reason=str(error))
