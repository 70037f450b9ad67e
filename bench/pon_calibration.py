"""The calibration of stated confidences, fitted: ``python -m bench.pon_calibration scores.json ...``.

Reads what ``faultd evaluate --json`` wrote for training seeds and prints, for each kind of cause, the two numbers of
``actors.correlator.pon.calibration``: the straight line through the log-odds of the model's confidence and of the share that
was right (Platt 1999), with his smoothed targets. Scoring seeds, from 1,000 up, are refused. The causes that stood at the
verdict count.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from actors.correlator.pon.calibration import LINES, Calibrated, uncalibrated

SCORING = 1_000
KINDS: Mapping[str, Calibrated] = {
    "fibre.cut": "cut",
    "power.outage": "power",
    "fibre.degraded": "degraded",
}
_STEPS = 200
_PULL = 1.0
"""Weight of the line that changes nothing, in causes: few causes move it little."""


def read(cases: Iterable[Mapping[str, Any]]) -> dict[Calibrated, list[tuple[float, bool]]]:
    """The model's confidence and whether it was right, of each cause, by kind."""
    found: dict[Calibrated, list[tuple[float, bool]]] = {}
    for case in cases:
        if int(case["id"].partition("/")[0]) >= SCORING:
            raise ValueError(f"{case['id']}: seeds from {SCORING} up are for scoring")
        for each in case["score"]["stated"]:
            kind: Calibrated | None = KINDS.get(each["alarm_type"])
            if kind is None or each["withdrawn"]:
                continue
            if each["place"].startswith("area:"):
                kind = "area"
            found.setdefault(kind, []).append((uncalibrated(kind, each["confidence"]), each["right"]))
    return found


def fit(causes: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """The slope and the offset that fit best, by Newton's method."""
    right = sum(one for _, one in causes)
    targets = {True: (right + 1.0) / (right + 2.0), False: 1.0 / (len(causes) - right + 2.0)}
    slope, offset = 1.0, 0.0
    for _ in range(_STEPS):
        gradient = [_PULL * (slope - 1.0), _PULL * offset]
        curve = [_PULL, 0.0, _PULL]
        for confidence, one in causes:
            x = math.log(confidence / (1.0 - confidence))
            p = 1.0 / (1.0 + math.exp(-(slope * x + offset)))
            gradient = [gradient[0] + (p - targets[one]) * x, gradient[1] + (p - targets[one])]
            weight = p * (1.0 - p)
            curve = [curve[0] + weight * x * x, curve[1] + weight * x, curve[2] + weight]
        determinant = curve[0] * curve[2] - curve[1] * curve[1]
        slope -= (curve[2] * gradient[0] - curve[1] * gradient[1]) / determinant
        offset -= (curve[0] * gradient[1] - curve[1] * gradient[0]) / determinant
    return slope, offset


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.pon_calibration", description=__doc__)
    parser.add_argument("scores", nargs="+", type=Path)
    given = parser.parse_args(arguments)
    found: dict[Calibrated, list[tuple[float, bool]]] = {}
    for path in given.scores:
        for kind, causes in read(json.loads(path.read_text())["cases"]).items():
            found.setdefault(kind, []).extend(causes)
    lines = ["| kind | causes | right | slope | offset | now |", "|---|---:|---:|---:|---:|---:|"]
    for kind, causes in sorted(found.items()):
        slope, offset = fit(causes)
        right = sum(one for _, one in causes) / len(causes)
        lines.append(f"| {kind} | {len(causes)} | {right:.3f} | {slope:.2f} | {offset:.2f} | {LINES[kind]} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
