"""A table for net-snmp's snmpd (snmpd.conf(5), pass_persist): 128 rows of an index, a counter that grows, and a name.

Started by snmpd, so it imports nothing of the project.
"""

import sys

ROOT = (1, 3, 6, 1, 4, 1, 99999, 5, 1)
ROWS = 128
TYPES = {1: "integer", 2: "counter64", 3: "string"}


def value(column: int, row: int) -> str:
    return {1: str(row), 2: str(row * 10_000_000_000), 3: f"port {row}"}[column]


def main() -> None:
    cells = [(*ROOT, column, row) for column in TYPES for row in range(1, ROWS + 1)]
    places = set(cells)
    for line in sys.stdin:
        command = line.strip()
        if command == "PING":
            print("PONG", flush=True)
            continue
        if command not in ("get", "getnext"):
            continue
        asked = tuple(int(part) for part in sys.stdin.readline().strip().strip(".").split("."))
        found = asked if command == "get" and asked in places else None
        if command == "getnext":
            found = next((cell for cell in cells if cell > asked), None)
        if found is None:
            print("NONE", flush=True)
            continue
        column, row = found[-2:]
        print("." + ".".join(map(str, found)), TYPES[column], value(column, row), sep="\n", flush=True)


if __name__ == "__main__":
    main()
