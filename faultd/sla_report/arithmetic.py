"""The arithmetic behind a report's figures, as steps that a customer checks with a pencil. Pure."""

from faultd.sla_report.display import MINUS, availability, in_seconds, target_percentage
from protocols.decimal_text import decimal
from protocols.sla_report import BILLION, SlaReport


def shares_step(report: SlaReport) -> str:
    """``2,577,600 s up + 10,800 s down + ... = 2,592,000 s``."""
    shares = report.shares
    named = (("up", shares.up), ("down", shares.down), ("excluded", shares.excluded), ("unknown", shares.unknown))
    return f"{' + '.join(f'{in_seconds(length)} {name}' for name, length in named)} = {in_seconds(shares.elapsed)}"


def availability_steps(report: SlaReport) -> list[str]:
    """The measured time, the downtime and the availability, each from the one before."""
    shares, policy = report.shares, report.unknown_counts_as
    hidden = f"{in_seconds(shares.unknown)} unknown" if shares.unknown else ""
    measured, down = in_seconds(report.measured), in_seconds(report.counted_down)
    base = [in_seconds(shares.elapsed)]
    if shares.excluded:
        base.append(f"{in_seconds(shares.excluded)} excluded")
    if hidden and policy == "excluded":
        base.append(hidden)
    steps = [f"{f' {MINUS} '.join(base)} = {measured} measured" if len(base) > 1 else f"{measured} measured"]
    if report.measured <= 0:
        return [*steps, "without measured time there is no availability"]
    if hidden and policy == "down":
        steps.append(f"{in_seconds(shares.down)} down + {hidden} = {down} downtime")
    elif hidden and policy == "up":
        steps.append(f"{down} downtime; {hidden} counts as up")
    else:
        steps.append(f"{down} downtime")
    steps.append(f"1 {MINUS} {down} / {measured} = {availability(report)} (rounded down)")
    if report.availability is not None:
        steps.append(f"as a fraction of six decimals, rounded to the nearest: {decimal(report.availability, 6)}")
    return steps


def budget_steps(report: SlaReport) -> list[str]:
    """The downtime that the target allows, and what is left of it."""
    base, allowed = in_seconds(report.budget_time), in_seconds(report.budget)
    steps = []
    if report.budget_time != report.contract_time:
        excluded = in_seconds(report.contract_time - report.budget_time)
        steps.append(f"{in_seconds(report.contract_time)} {MINUS} {excluded} excluded = {base} in the whole period")
    is_exact = report.budget_time * (BILLION - report.target) % BILLION == 0
    rounded = "" if is_exact else " (rounded down to the microsecond)"
    steps.append(f"{base} × (100 % {MINUS} {target_percentage(report.target)}) = {allowed} allowed{rounded}")
    steps.append(f"{allowed} {MINUS} {in_seconds(report.counted_down)} downtime = {in_seconds(report.budget_left)} left")
    return steps
