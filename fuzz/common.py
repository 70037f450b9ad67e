"""What the atheris targets share: where the code is, the seeds, the mutator, an end after so many seconds.

    pip install atheris        # Python 3.11 to 3.13 on Linux
    python fuzz/snmp_decode.py --seconds 300

A finding stops the run, is written under fuzz/findings/ and printed with the octets; put those, in hexadecimal, into
tests/fuzzing/found/NAME.hex, where the tests replay it for good.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

LARGEST = 8_200


def run(
    name: str, seeds: Callable[[], Iterable[bytes]], target: Callable[[bytes], None], *, prefix: int = 0, message: bool = True
) -> None:
    """Fuzz ``target`` until the time is over or something is found; does not return. The corpus grows under fuzz/corpus/.
    An input is ``prefix`` octets and an SNMP message; without ``message`` it has no structure that the mutator knows."""
    import atheris
    from fuzzing.mutator import mutate

    parser = argparse.ArgumentParser(description=f"fuzz {name}")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    arguments, others = parser.parse_known_args()
    corpus, findings = HERE / "corpus" / name, HERE / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number:03}").write_bytes(seed)

    def spoil(data: bytes, largest: int, seed: int) -> bytes:
        """Half by structure, half by libFuzzer's own means, which alone change the prefix."""
        if seed % 2 or not message:
            return bytes(atheris.Mutate(data, largest))
        return data[:prefix] + mutate(data[prefix:], random.Random(seed), largest - prefix)

    options = [
        f"-max_total_time={arguments.seconds}",
        f"-max_len={LARGEST}",
        f"-artifact_prefix={findings}/{name}-",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    if arguments.seed:
        options.append(f"-seed={arguments.seed}")
    atheris.Setup([sys.argv[0], *options, *others, str(corpus)], target, custom_mutator=spoil)
    atheris.Fuzz()
