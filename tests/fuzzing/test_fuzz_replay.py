"""The seeds and a few thousand spoiled messages through the codec and a datagram's whole way; the fuzzers go on from here."""

import random
from collections import Counter
from pathlib import Path

from fuzzing.corpus import datagrams, scoped_pdus
from fuzzing.entry import Way, decode_everything
from fuzzing.mutator import mutate, take_apart
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.lives import PROFILES

DATAGRAMS = datagrams()
SCOPED = scoped_pdus()
FOUND = sorted((Path(__file__).parent / "found").glob("*.hex"))


def test_taking_apart_and_putting_together_changes_nothing() -> None:
    for datagram in DATAGRAMS:
        assert b"".join(node.encode() for node in take_apart(datagram)) == datagram


def test_the_seeds_are_decoded() -> None:
    assert sum(bool(decode_everything(datagram)) for datagram in DATAGRAMS) > 20
    assert all(decode_everything(pdu) for pdu in SCOPED if pdu[6:7] in (b"\xa6", b"\xa7"))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(DATAGRAMS + SCOPED), st.randoms(use_true_random=False))
def test_a_spoiled_message_is_decoded_or_refused(seed: bytes, rng: random.Random) -> None:
    decode_everything(mutate(seed, rng))


async def test_spoiled_messages_pass_the_whole_way_or_are_counted() -> None:
    way, rng = Way(PROFILES), random.Random(20260101)
    came: Counter[str] = Counter()
    for _ in range(2_000):
        how = rng.randrange(4)
        spoiled = mutate(rng.choice(SCOPED if how else DATAGRAMS), rng)
        for event in way.take(bytes((how,)) + spoiled):
            came[event.notification.version] += 1  # type: ignore[union-attr]
    assert min(came[version] for version in ("1", "2c", "3")) > 2, came
    reasons = {
        sample.labels["reason"]: sample.value
        for metric in way.metrics.traps_dropped.collect()
        for sample in metric.samples
        if sample.value and sample.name.endswith("_total")
    }
    assert len(reasons) >= 12, reasons


async def test_what_a_fuzzer_once_found() -> None:
    way = Way(PROFILES)
    for file in FOUND:
        data = bytes.fromhex(file.read_text())
        decode_everything(data)
        decode_everything(data[1:])
        way.take(data)
