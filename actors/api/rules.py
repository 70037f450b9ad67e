"""Rules. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import JSONBody, PathParameter

from actors.api import commands
from actors.api.access import allow
from actors.api.context import By, Context, Ctx
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError, unavailable
from protocols.change import Refusal
from protocols.command import Command, CreateRule, DeleteRule, EditRule, RuleAction
from protocols.principal import Principal
from protocols.rest import FieldError
from protocols.rest_rules import RulePage, RuleShown, RulesQuery, shown
from protocols.rule import Rule, RuleEdited, RuleRecord

_ORDER = Order("rules", (SortKey("priority", INT64, True), SortKey("name", str), SortKey("id", str)))
_STATUS = {"wrong_state": 409, "limit": 409, "not_your_tenant": 403, "unknown_rule": 404}

RuleName = Annotated[str, PathParameter(description="The rule's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]


@dataclass
class RuleOperation(ApiOperation):
    """An operation whose answer never waits for PostgreSQL."""

    def __post_init__(self) -> None:
        super().__post_init__()
        (self.responses or {}).pop("204", None)


@get("/alarm-rules", summary="List rules", operation_class=documented(RulesQuery), opt=allow("viewer", query=RulesQuery))
async def list_rules(request: Request[Any, Any, Any], api: Ctx, by: By) -> RulePage:
    """In the order in which they are asked: by priority, the highest first, then by name."""
    query = read_query(request, RulesQuery)
    found = [record for record in _records(api) if _sees(by, record)]
    if query.type:
        found = [record for record in found if record.rule.type in query.type]
    if query.enabled is not None:
        found = [record for record in found if record.rule.enabled is query.enabled]
    if query.tenant_id is not None:
        found = [record for record in found if record.rule.tenant_id == query.tenant_id]
    if query.cursor is not None:
        priority, name, rule_id = _ORDER.decode(query.cursor)
        found = [record for record in found if _place(record) > (-priority, name, rule_id)]
    page = found[: query.limit]
    cursor = _ORDER.encode([page[-1].rule.priority, page[-1].rule.name, page[-1].id]) if len(found) > query.limit else None
    return RulePage(tuple(shown(record) for record in page), cursor)


@get("/alarm-rules/{rule_id:str}", summary="Show a rule", operation_class=ApiOperation, opt=allow("viewer"))
async def show_rule(api: Ctx, by: By, rule_id: RuleName) -> RuleShown:
    """One rule, and what is wrong with it if it is not in force."""
    return _show(api, by, rule_id)


@post("/alarm-rules", summary="Write a rule", operation_class=RuleOperation, responses={409: PROBLEM}, opt=allow("admin"))
async def create_rule(api: Ctx, by: By, data: JSONBody[Rule]) -> Response[RuleShown]:
    """It is in force at once, and open alarms are looked at with it. 422 names every mistake with its place in the body."""
    rule_id = await _submit(api, by, CreateRule(data))
    return Response(_show(api, by, rule_id), status_code=201, headers={"Location": f"/api/v1/faults/alarm-rules/{rule_id}"})


@patch(
    "/alarm-rules/{rule_id:str}",
    summary="Change a rule",
    operation_class=RuleOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def edit_rule(api: Ctx, by: By, rule_id: RuleName, data: JSONBody[RuleEdited]) -> RuleShown:
    """Change the fields given, leave the others; `conditions` and `actions` are replaced whole. What the rule did before
    is undone: alarms that it held back are let go, and people are told of them."""
    if not data.given():
        names = ", ".join(data.__struct_fields__)
        raise ProblemError(422, "invalid_body", f"nothing to change: give at least one of {names}")
    return _show(api, by, await _submit(api, by, EditRule(rule_id, data)))


@delete(
    "/alarm-rules/{rule_id:str}",
    summary="Delete a rule",
    operation_class=ApiOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def delete_rule(api: Ctx, by: By, rule_id: RuleName) -> None:
    """What it did is undone, as when it is changed. A rule of a file is deleted there."""
    await _submit(api, by, DeleteRule(rule_id))


async def _submit(api: Context, by: Principal, action: RuleAction) -> str:
    """The id of the rule written. ProblemError when it was refused."""
    outcome = await api.submit(by, [Command(by, action)])
    answer = commands.answers(outcome.changes, outcome.first, 1)[0]
    if answer.refusals:
        raise _refused(answer.refusals)
    if not answer.accepted:
        raise ProblemError(500, "no_answer", "the command was recorded, but nothing says what came of it")
    return answer.accepted[0]


def _refused(refusals: Sequence[Refusal]) -> ProblemError:
    first = refusals[0]
    status = _STATUS.get(first.reason, 422)
    if status == 404:
        return _no_such_rule(first.alarm_id)
    if status != 422:
        errors = [FieldError(first.alarm_id, first.text)] if first.alarm_id else []
        return ProblemError(status, first.reason, first.text, errors)
    detail = "; ".join(f"{one.alarm_id}: {one.text}" for one in refusals)
    return ProblemError(422, "invalid_rule", detail, [FieldError(one.alarm_id, one.text) for one in refusals])


def _no_such_rule(rule_id: str) -> ProblemError:
    return ProblemError(404, "unknown_rule", f"no rule {rule_id!r}")


def _records(api: Context) -> Sequence[RuleRecord]:
    if api.rules is None:
        raise unavailable("rules_unavailable", "rules are not served now", api.settings.retry_after_seconds)
    return api.rules()


def _place(record: RuleRecord) -> tuple[int, str, str]:
    return -record.rule.priority, record.rule.name, record.id


def _sees(by: Principal, record: RuleRecord) -> bool:
    """A tenant sees its own rules and those of every tenant."""
    return by.tenant is None or record.rule.tenant_id in (None, by.tenant)


def _show(api: Context, by: Principal, rule_id: str) -> RuleShown:
    for record in _records(api):
        if record.id == rule_id and _sees(by, record):
            return shown(record)
    raise _no_such_rule(rule_id)


HANDLERS = [list_rules, show_rule, create_rule, edit_rule, delete_rule]
