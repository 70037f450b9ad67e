"""The generated plant and its topology file."""

import csv
import io

import pytest

from faultd.simulator.errors import SpecError
from faultd.simulator.plant import PlantSpec, build_plant
from faultd.simulator.topology import topology_csv
from protocols.topology_csv import COLUMNS


def test_counts_and_positions_follow_the_vendors() -> None:
    plant = build_plant(PlantSpec(olts=4, cards_per_olt=2, pons_per_card=3, onts_per_pon=16))
    assert (len(plant.olts), len(plant.cards), len(plant.pons), len(plant.onts)) == (4, 8, 24, 384)
    assert "olt-001/0/1/0/15" in plant.onts  # Huawei: frame/slot/port/ONT, counted from 0
    assert "olt-002/1/2/1/16" in plant.onts  # ZTE: shelf/slot/port/ONU, as its ifIndex decodes
    assert "olt-003/ont96" in plant.onts  # Calix E7: one number over the whole node
    assert plant.onts["olt-003/ont17"].pon == "olt-003/1/1/2"
    assert "olt-004/0/3/12" in plant.onts  # BDCOM: GPON0/3:12


def test_the_csv_is_a_tree_with_customers() -> None:
    plant = build_plant(PlantSpec(olts=4, onts_per_pon=8, tenants=("north", "south")))
    rows = list(csv.DictReader(io.StringIO(topology_csv(plant))))
    assert tuple(rows[0]) == COLUMNS
    seen: set[str] = set()
    for row in rows:
        parents = row["parents"].split(";") if row["parents"] else []
        assert set(parents) <= seen, f"{row['id']} stands before its parents"
        assert row["id"] not in seen
        seen.add(row["id"])
    kinds = ("core", "olt", "uplink", "card", "pon", "splitter", "ont")
    by_type = {kind: [row for row in rows if row["type"] == kind] for kind in kinds}
    assert [row["parents"] for row in by_type["uplink"]] == [row["id"] for row in by_type["olt"]]
    assert len(rows) == sum(map(len, by_type.values()))
    assert [row["tenant"] for row in by_type["olt"]] == ["north", "south", "north", "south"]
    assert all(row["address"].startswith("127.10.") and row["vendor"] for row in by_type["olt"])
    assert {row["id"] for row in by_type["ont"]} == set(plant.onts)
    for column in ("customer_id", "service_id", "serial"):
        assert len({row[column] for row in by_type["ont"]}) == len(plant.onts)


def test_every_ont_hangs_at_a_second_level_splitter_of_its_port() -> None:
    plant = build_plant(PlantSpec(onts_per_pon=30))
    for ont in plant.onts.values():
        leaf = plant.splitters[ont.splitter]
        assert plant.splitters[leaf.above].above == ont.pon == leaf.pon
        assert ont.id in plant.below[leaf.id]
        assert ont.id in plant.below[leaf.above]
        assert ont.id in plant.areas[ont.area]
    assert sum(len(onts) for onts in plant.areas.values()) == len(plant.onts)


def test_the_seed_decides() -> None:
    assert topology_csv(build_plant(PlantSpec(seed=7))) == topology_csv(build_plant(PlantSpec(seed=7)))
    assert topology_csv(build_plant(PlantSpec(seed=7))) != topology_csv(build_plant(PlantSpec(seed=8)))


def test_addresses_are_distinct_loopback_addresses() -> None:
    plant = build_plant(PlantSpec(olts=450, cards_per_olt=1, pons_per_card=1, onts_per_pon=1))
    assert len({olt.address for olt in plant.olts.values()}) == 450


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("olts", PlantSpec(olts=0)),
        ("cards_per_olt", PlantSpec(cards_per_olt=17)),
        ("onts_per_pon", PlantSpec(onts_per_pon=129)),
        ("onts_per_pon", PlantSpec(onts_per_pon=32, first_split=2, second_split=8)),
        ("vendors", PlantSpec(vendors=())),
        ("vendors", PlantSpec(vendors=("acme",))),  # type: ignore[arg-type]
        ("tenants", PlantSpec(tenants=())),
        ("network", PlantSpec(network="10.0.0.0/16")),
        ("network", PlantSpec(network="127.10.0.0/30")),
        ("network", PlantSpec(network="nowhere")),
    ],
)
def test_what_cannot_be_built_is_refused_by_field(field: str, spec: PlantSpec) -> None:
    with pytest.raises(SpecError) as caught:
        build_plant(spec)
    assert caught.value.field == field
