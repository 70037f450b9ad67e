"""pysnmp's notification receiver as its manual shows it, counting into a file. Arguments: port, file."""

import asyncio
import sys
import warnings
from pathlib import Path
from typing import Any

from pysnmp.carrier.asyncio.dgram import udp  # type: ignore[import-untyped]
from pysnmp.entity import config, engine  # type: ignore[import-untyped]
from pysnmp.entity.rfc3413 import ntfrcv  # type: ignore[import-untyped]

_SECONDS = 0.1


async def receive(port: int, file: Path) -> None:
    snmp_engine = engine.SnmpEngine()
    config.add_transport(snmp_engine, udp.DOMAIN_NAME, udp.UdpTransport().open_server_mode(("127.0.0.1", port)))
    config.add_v1_system(snmp_engine, "bench", "public")
    count = 0

    def notified(*_: Any) -> None:
        nonlocal count
        count += 1

    ntfrcv.NotificationReceiver(snmp_engine, notified)
    snmp_engine.transport_dispatcher.job_started(1)
    while True:
        await asyncio.sleep(_SECONDS)
        await asyncio.to_thread(file.write_text, str(count))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(receive(int(sys.argv[1]), Path(sys.argv[2])))
