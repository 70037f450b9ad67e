"""How a transaction can fail: one class a cause, so that each can be counted and explained."""

from typing import ClassVar, Final

from protocols.snmp.usm import report

TOO_BIG: Final = 1
NO_SUCH_NAME: Final = 2

ERROR_STATUS: Final[dict[int, str]] = {
    1: "tooBig",
    2: "noSuchName",
    3: "badValue",
    4: "readOnly",
    5: "genErr",
    6: "noAccess",
    7: "wrongType",
    8: "wrongLength",
    9: "wrongEncoding",
    10: "wrongValue",
    11: "noCreation",
    12: "inconsistentValue",
    13: "resourceUnavailable",
    14: "commitFailed",
    15: "undoFailed",
    16: "authorizationError",
    17: "notWritable",
    18: "inconsistentName",
}
"""error-status by number (RFC 3416 section 3)."""


class RequestError(Exception):
    """The transaction has no result. ``reason`` is fit for a metric label; ``detail`` is a sentence for the operator."""

    reason: ClassVar[str] = "request_error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class NoAnswer(RequestError):
    """No answer that could be believed came before the last deadline."""

    reason = "no_answer"


class AnsweredElsewhere(NoAnswer):
    """The same, and an answer with the request's number came from an address that was not asked. It was not believed."""

    reason = "answered_elsewhere"


class PortUnreachable(RequestError):
    """ICMP says that nothing listens at the agent's port: the host lives, and its agent does not."""

    reason = "refused"


class NoRoute(RequestError):
    """The kernel knows no way to the agent's address."""

    reason = "no_route"


class OwnFault(RequestError):
    """faultd could not send: its socket or its interface is at fault, and nothing is known of the agent."""

    reason = "own_fault"


class TooSlow(RequestError):
    """The agent answers, but the transaction as a whole takes too long."""

    reason = "too_slow"


class BadAnswer(RequestError):
    """The agent's answer is malformed, or does not answer what was asked."""

    reason = "bad_answer"


class AgentRefused(RequestError):
    """The agent answered with an error-status.

    ``status`` is its number, ``index`` counts the variable bindings of the request from 1 (0: none in particular), and
    ``name`` is the content octets of that binding's OID (empty for none).
    """

    reason = "agent_refused"

    def __init__(self, status: int, index: int, name: bytes) -> None:
        super().__init__(f"error-status {ERROR_STATUS.get(status, str(status))}, error-index {index}")
        self.status, self.index, self.name = status, index, name


class AnswerTooBig(AgentRefused):
    """The agent answers tooBig to the smallest request that there is."""

    reason = "too_big"


class OidNotIncreasing(RequestError):
    """A walk got an OID that does not follow the one before: the agent loops, or its table is out of order."""

    reason = "oid_not_increasing"

    def __init__(self, previous: bytes, name: bytes) -> None:
        super().__init__(f"OID {name.hex()} does not follow {previous.hex()}")
        self.previous, self.name = previous, name


class TableTooLarge(RequestError):
    """A walk passed one of its bounds: rows, octets or variable bindings."""

    reason = "table_too_large"


class ReportedError(RequestError):
    """The agent answered with a Report that has no class of its own."""

    reason = "reported"


class UnsupportedSecurityLevel(ReportedError):
    """The agent does not know the user at this security level (usmStatsUnsupportedSecLevels)."""

    reason = "unsupported_security_level"


class NotInTimeWindow(ReportedError):
    """The agent takes the request for late, also with the boots and time that it reported itself (usmStatsNotInTimeWindows)."""

    reason = "not_in_time_window"


class UnknownUser(ReportedError):
    """The agent does not know the user name (usmStatsUnknownUserNames)."""

    reason = "unknown_user"


class UnknownEngine(ReportedError):
    """The agent does not accept the engine id that it reported itself (usmStatsUnknownEngineIDs)."""

    reason = "unknown_engine"


class WrongDigest(ReportedError):
    """The agent finds a wrong digest: another authentication pass phrase or protocol (usmStatsWrongDigests)."""

    reason = "wrong_digest"


class AgentCannotDecrypt(ReportedError):
    """The agent cannot decrypt: another privacy pass phrase, protocol or key extension (usmStatsDecryptionErrors)."""

    reason = "decryption_failed"


class UnknownContext(ReportedError):
    """The agent does not have the context (snmpUnknownContexts, snmpUnavailableContexts)."""

    reason = "unknown_context"


REPORTED: Final[dict[str, type[ReportedError]]] = {
    report.UNSUPPORTED_SECURITY_LEVELS: UnsupportedSecurityLevel,
    report.NOT_IN_TIME_WINDOWS: NotInTimeWindow,
    report.UNKNOWN_USER_NAMES: UnknownUser,
    report.UNKNOWN_ENGINE_IDS: UnknownEngine,
    report.WRONG_DIGESTS: WrongDigest,
    report.DECRYPTION_ERRORS: AgentCannotDecrypt,
    report.UNAVAILABLE_CONTEXTS: UnknownContext,
    report.UNKNOWN_CONTEXTS: UnknownContext,
}
"""The error by the counter that a Report names."""

REQUEST_ERRORS: Final[tuple[type[RequestError], ...]] = (
    NoAnswer,
    AnsweredElsewhere,
    PortUnreachable,
    NoRoute,
    OwnFault,
    TooSlow,
    BadAnswer,
    AgentRefused,
    AnswerTooBig,
    OidNotIncreasing,
    TableTooLarge,
    ReportedError,
    UnsupportedSecurityLevel,
    NotInTimeWindow,
    UnknownUser,
    UnknownEngine,
    WrongDigest,
    AgentCannotDecrypt,
    UnknownContext,
)
REQUEST_REASONS: Final[tuple[str, ...]] = tuple(error.reason for error in REQUEST_ERRORS)
"""Every ``RequestError.reason``: a fixed set of metric labels."""
