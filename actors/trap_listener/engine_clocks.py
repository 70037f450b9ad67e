"""The clocks of other engines across restarts: without them a start of faultd would believe any recorded message once.

One file, replaced whole: now and then while something changed, and at the end. What was learnt since the last time is lost
with a crash, so a message of those seconds could be taken twice; the time window of RFC 3414 lets it in for longer.
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
    """The clocks of the last run, none where there was none. A file that cannot be read is told of and costs no start."""
    path = state_dir / FILE
    try:
        return _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning(
            "the clocks of SNMPv3 engines are not known: old messages can be taken once", file=str(path), reason=str(error)
        )
        return ()


def encode(clocks: EngineClocks) -> bytes:
    """What the file holds."""
    return msgspec.msgpack.encode(tuple(clocks.saved()))


async def keep_clocks(clocks: EngineClocks, state_dir: Path) -> None:
    """Write what is learnt until cancelled, and once more then."""
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
