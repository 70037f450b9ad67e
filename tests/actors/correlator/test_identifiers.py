"""The ids of alarms are the UUIDs that everybody else would make of the same names."""

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from actors.correlator.identifiers import alarm_uuid


@given(st.uuids(), st.integers(0, 2**63), st.integers(0, 10_000))
def test_version_5_of_the_offset_in_the_ledgers_space(ledger: UUID, offset: int, number: int) -> None:
    assert alarm_uuid(ledger, offset, number) == str(uuid5(ledger, f"{offset}.{number}"))
