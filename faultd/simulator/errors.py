"""The simulator's errors. Each names the field and its wrong value."""


class SimulatorError(ValueError):
    """Base of everything that the simulator refuses."""


class SpecError(SimulatorError):
    """A number of the plant's specification cannot be built."""

    def __init__(self, field: str, value: object, why: str) -> None:
        super().__init__(f"{field} = {value!r}: {why}")
        self.field, self.value = field, value


class UnknownResource(SimulatorError):
    """A fault names something that the plant does not have, or not of the kind that the fault breaks."""

    def __init__(self, kind: str, target: str) -> None:
        super().__init__(f"{kind}: the plant has no such target {target!r}")
        self.kind, self.target = kind, target


class UnknownScenario(SimulatorError):
    """No scenario has this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"scenario = {name!r}: unknown; there are {', '.join(known)}")
        self.name = name


class TargetRefused(SimulatorError):
    """Simulated alarms may only go to this machine: 127.0.0.0/8 or ::1."""

    def __init__(self, host: str) -> None:
        super().__init__(f"target = {host!r}: only 127.0.0.0/8 and ::1 are allowed")
        self.host = host
