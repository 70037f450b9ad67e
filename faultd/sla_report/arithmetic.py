"""The arithmetic behind a report's figures, as steps that a customer checks with a pencil. Pure."""

from faultd.sla_report.display import MINUS, availability, in_seconds, target_percentage
from protocols.decimal_text import decimal
from protocols.sla.report import BILLION, SlaReport


def shares_step(report: SlaReport) -> str:
    """``2,577,600 s up + 10,800 s down + ... = 2,592,000 s``."""
    shares = report.shares
    named = (("up", shares.up), ("down", shares.down), ("excluded", shares.excluded), ("unknown", shares.unknown))
    return f"{' + '.join(f'{in_seconds(length)} {name}' for name, length in named)} = {in_seconds(shares.elapsed)}"


def availability_steps(report: SlaReport) -> list[str]:
    """The measured time, the downtime and the availability, each from the one before."""
    shares = report.shares
    measured, downtime = in_seconds(shares.measured), in_seconds(report.downtime)
    excluded = f"{in_seconds(shares.elapsed)} {MINUS} {in_seconds(shares.excluded)} excluded = " if shares.excluded else ""
    steps = [f"{excluded}{measured} measured"]
    if shares.measured <= 0:
        return [*steps, "without measured time there is no availability"]
    steps += [_downtime_step(report), f"1 {MINUS} {downtime} / {measured} = {availability(report)} (rounded down)"]
    if report.availability is not None:
        steps.append(f"as a fraction of six decimals, rounded to the nearest: {decimal(report.availability, 6)}")
    return steps


def _downtime_step(report: SlaReport) -> str:
    shares, downtime = report.shares, f"{in_seconds(report.downtime)} downtime"
    if not shares.unknown:
        return downtime
    hidden = f"{in_seconds(shares.unknown)} unknown"
    if report.unknown_counts_as == "up":
        return f"{downtime}; {hidden} counts as up"
    both = f"{in_seconds(shares.down)} down + {hidden}"
    if shares.down + shares.unknown == report.downtime:
        return f"{both} = {downtime}"
    return f"{downtime}: the parts of {both} that are as long as the minimum"


def budget_steps(report: SlaReport) -> list[str]:
    """The downtime that the target allows, and what is left of it; nothing without a target."""
    if report.target is None or report.budget_time is None or report.budget is None or report.budget_left is None:
        return []
    base, allowed = in_seconds(report.budget_time), in_seconds(report.budget)
    steps = []
    if report.budget_time != report.contract_time:
        excluded = in_seconds(report.contract_time - report.budget_time)
        steps.append(f"{in_seconds(report.contract_time)} {MINUS} {excluded} excluded = {base} in the whole period")
    is_exact = report.budget_time * (BILLION - report.target) % BILLION == 0
    rounded = "" if is_exact else " (rounded down to the microsecond)"
    steps.append(f"{base} × (100 % {MINUS} {target_percentage(report.target)}) = {allowed} allowed{rounded}")
    steps.append(f"{allowed} {MINUS} {in_seconds(report.downtime)} downtime = {in_seconds(report.budget_left)} left")
    return steps
