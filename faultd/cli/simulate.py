"""``faultd simulate``: a plant that sends real traps."""

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import trio
import typer

from faultd.cli.common import EX_CANTCREAT, EX_UNAVAILABLE, EX_USAGE, fail
from faultd.simulator.agents.plant_agents import PlantAgents
from faultd.simulator.agents.run import run_with_agents
from faultd.simulator.agents.variants import VARIANTS, read_variants
from faultd.simulator.errors import SimulatorError
from faultd.simulator.mess import DIMENSIONS, MESSY, Mess, mess_of, shaped
from faultd.simulator.plan import Options, simulate
from faultd.simulator.plant import MAKERS, VENDORS, PlantSpec, Vendor, build_plant
from faultd.simulator.records import NO_ERRORS
from faultd.simulator.runner import RunSummary, run_simulation, target
from faultd.simulator.scenarios import SCENARIOS, scenario
from faultd.simulator.topology import topology_csv
from faultd.simulator.truth import truth_jsonl

CREDENTIALS = "simulated"
"""Name of the credentials by which the OLTs are polled, in the topology file of a plant with agents."""


def _list_scenarios(wanted: bool) -> None:
    if wanted:
        for each in SCENARIOS.values():
            sys.stdout.write(f"{each.name:<20} {each.help}\n")
        raise typer.Exit


def simulate_plant(
    name: Annotated[str, typer.Argument(metavar="SCENARIO", help="What happens; see --list.")] = "demo",
    to: Annotated[
        str, typer.Option("--to", help="Where traps go, HOST:PORT; this machine only (127.0.0.0/8, ::1).")
    ] = "127.0.0.1:162",
    topology: Annotated[Path | None, typer.Option(help="Write the plant's topology CSV here.")] = None,
    truth: Annotated[Path | None, typer.Option(help="Write what really happened here, a line of JSON per fault.")] = None,
    speed: Annotated[float, typer.Option(help="Simulated seconds per second; 0: as fast as possible.", min=0)] = 1.0,
    rate: Annotated[float | None, typer.Option(help="Datagrams per second at most, with --speed 0.")] = None,
    traps: Annotated[int | None, typer.Option(help="Stop after so many datagrams: repairs then never come.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    olts: Annotated[int, typer.Option(help="OLTs in the plant.")] = 4,
    cards: Annotated[int, typer.Option(help="PON cards in each OLT.")] = 2,
    pons: Annotated[int, typer.Option(help="PON ports on each card.")] = 4,
    onts: Annotated[int, typer.Option(help="ONTs on each PON port.")] = 32,
    vendors: Annotated[
        str, typer.Option(help=f"Makers of the OLTs, in turn, comma separated, of: {', '.join(MAKERS)}.")
    ] = ",".join(VENDORS),
    duration: Annotated[float | None, typer.Option(help="Simulated seconds; without it: the scenario's own.")] = None,
    loss: Annotated[float, typer.Option(help="Probability that a trap is lost.", min=0, max=1)] = 0.0,
    duplicate: Annotated[float, typer.Option(help="Probability that a trap arrives twice.", min=0, max=1)] = 0.0,
    reorder: Annotated[float, typer.Option(help="Probability that a trap is overtaken by later ones.", min=0, max=1)] = 0.0,
    informs: Annotated[bool, typer.Option(help="Some OLTs send INFORMs.")] = False,
    agents: Annotated[
        int | None,
        typer.Option(help="Answer SNMP on this UDP port of each OLT's address, until interrupted.", min=1, max=65535),
    ] = None,
    agent_variant: Annotated[
        list[str] | None, typer.Option(help=f"OLT=VARIANT; variants: {', '.join(VARIANTS)}. May be repeated.")
    ] = None,
    messy: Annotated[
        bool, typer.Option(help="A plant with habits, dark ONTs, wrong records and irregular fibres, as real ones have them.")
    ] = False,
    mess: Annotated[
        str, typer.Option(metavar="NAME,…", help=f"Only these dimensions of a messy plant: {', '.join(DIMENSIONS)}.")
    ] = "",
    send: Annotated[bool, typer.Option(help="Send the traps; --no-send only writes the files.")] = True,
    list_: Annotated[bool, typer.Option("--list", help="List the scenarios.", is_eager=True, callback=_list_scenarios)] = False,
) -> None:
    """Simulate an FTTH plant: OLTs, cards, PON ports, splitters, ONTs and customers, from a seed.

    Each OLT sends its vendor's traps over UDP from its own address in 127.0.0.0/8. Repairs send clears. With --agents each
    OLT answers SNMP v1, v2c and v3 on that address too, from the same physics.
    """
    try:
        untidy = mess_of(mess.split(",")) if mess else MESSY if messy else Mess()
        makers = msgspec.convert(vendors.split(","), tuple[Vendor, ...])
        spec = PlantSpec(
            olts=olts,
            cards_per_olt=cards,
            pons_per_card=pons,
            onts_per_pon=onts,
            vendors=makers,
            seed=seed,
            informs=informs,
        )
        plant = build_plant(shaped(spec, untidy))
        options = Options(seed=seed, duration=duration, loss=loss, duplicate=duplicate, reorder=reorder, mess=untidy)
        plan = simulate(plant, scenario(name), options)
        variants = read_variants(plant, agent_variant or ())
        host, _, port = to.rpartition(":")
        goal = target(host.strip("[]"), int(port) if port.isdigit() else 0)
    except (SimulatorError, msgspec.ValidationError) as error:
        fail(str(error), EX_USAGE)
    try:
        if topology is not None:
            topology.write_text(topology_csv(plant, CREDENTIALS if agents else "", plan.errors), encoding="utf-8")
        if truth is not None:
            truth.write_text(truth_jsonl(plan.faults), encoding="utf-8")
    except OSError as error:
        fail(str(error), EX_CANTCREAT)
    if not send:
        if topology is None and truth is None:
            fail(
                "--no-send writes --topology and --truth alone, and neither is given; --loss 1 answers SNMP without traps",
                EX_USAGE,
            )
        return
    number = min(len(plan.datagrams), traps or len(plan.datagrams))
    if plan.dark or plan.errors != NO_ERRORS:
        sys.stderr.write(
            f"{len(plan.dark)} ONTs are dark since long; the records have {len(plan.errors.wrong)} ONTs on a wrong splitter "
            f"and miss {len(plan.errors.missing)}\n"
        )
    sys.stderr.write(f"{number} datagrams over {plan.duration:.0f} simulated seconds to {to}\n")
    play: Callable[[], Awaitable[RunSummary]] = partial(run_simulation, plan, goal, speed=speed, rate=rate, max_traps=traps)
    answering = None
    if agents is not None:
        answering = PlantAgents(plant, scenario(name), options, variants=variants)
        play = partial(run_with_agents, plan, goal, answering, agents, speed=speed, rate=rate, max_traps=traps, tell=_tell)
    try:
        summary = trio.run(play)
    except KeyboardInterrupt:
        return
    except SimulatorError as error:
        fail(str(error), EX_USAGE)
    except OSError as error:
        fail(f"cannot send to {to}" + (f", or answer on port {agents}" if agents else "") + f": {error}", EX_UNAVAILABLE)
    if answering is not None:
        sys.stdout.write("".join(f"{line}\n" for line in answering.report()))
    else:
        sys.stdout.write(f"sent {summary.sent} datagrams in {summary.seconds:.1f} s\n")


def _tell(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
