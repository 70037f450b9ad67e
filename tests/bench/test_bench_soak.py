"""The soak's figures."""

from bench.rows.soak import Sample, nearest, slope


def test_slope_is_that_of_the_line_through_the_samples() -> None:
    assert slope([Sample(at, 100 + 3 * at) for at in range(10)]) == 3
    assert slope([Sample(at, 100 + (at % 2)) for at in range(0, 11)]) == 0
    assert slope([Sample(0, 5)]) == slope([]) == slope([Sample(1, 5), Sample(1, 9)]) == 0


def test_nearest_sample() -> None:
    samples = [Sample(at, 0) for at in (1.0, 2.0, 6.0)]
    assert [nearest(samples, at).at for at in (0.0, 1.6, 3.9, 4.1, 60.0)] == [1.0, 2.0, 2.0, 6.0, 6.0]
