"""The stated confidence: a line through log-odds, which can be undone, and the fit that finds it."""

import random

import pytest

from actors.correlator.pon.calibration import LINES, Calibrated, calibrated, uncalibrated
from bench.pon_calibration import fit, read


@pytest.mark.parametrize("kind", sorted(LINES))
def test_what_is_surer_stays_surer_and_the_model_can_be_found_again(kind: Calibrated) -> None:
    model = [0.05, 0.3, 0.5, 0.7, 0.9]
    stated = [calibrated(kind, each) for each in model]
    assert stated == sorted(stated)
    assert all(0.0 < each < 1.0 for each in stated)
    assert [uncalibrated(kind, each) for each in stated] == pytest.approx(model)
    assert calibrated(kind, 1.0) == calibrated(kind, 0.99)  # beyond that the model cannot tell


def test_the_fit_finds_by_how_much_a_model_is_too_sure() -> None:
    rng = random.Random(5)
    causes = []
    for _ in range(4_000):
        model = rng.choice((0.6, 0.8, 0.9, 0.99))
        causes.append((model, rng.random() < {0.6: 0.55, 0.8: 0.67, 0.9: 0.75, 0.99: 0.91}[model]))
    slope, offset = fit(causes)
    assert slope == pytest.approx(0.5, abs=0.08)
    assert offset == pytest.approx(0.0, abs=0.15)


def test_scoring_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match="1001/0"):
        read([{"id": "1001/0/two/messy-5", "score": {"stated": []}}])
