"""Rules. Writes are commands; reads are answered from the fold, so all of it works while PostgreSQL is away."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import JSONBody, PathParameter

from actors.api.access import allow
from actors.api.answers import RULE
from actors.api.command_resource import CommandResource
from actors.api.entity_tags import Condition, expected
from actors.api.keyset import INT64, Order, SortKey
from actors.api.openapi import PROBLEM, ApiOperation, ConditionalOperation, TaggedOperation, documented
from actors.api.parameters import read_query
from actors.api.problems import ProblemError
from actors.api.routes import PREFIX, By, Given, IfMatch, resource, tagged
from actors.api.submitter import Submitter
from protocols.command import CreateRule, DeleteRule, EditRule
from protocols.principal import Principal
from protocols.rest_rules import RulePage, RuleShown, RulesQuery, shown
from protocols.rule import Rule, RuleEdited, RuleRecord

RuleLookup = Callable[[], Sequence[RuleRecord]]
"""Every rule, in the order in which they are asked."""
_ORDER = Order("rules", (SortKey("priority", INT64, True), SortKey("name", str), SortKey("id", str)))

RuleName = Annotated[str, PathParameter(description="The rule's `id`", min_length=1, max_length=40, pattern=r"^[A-Za-z0-9-]+$")]


class RuleCommands:
    """The rules that the fold knows, and commands about them."""

    def __init__(self, submitter: Submitter, records: RuleLookup) -> None:
        self._commands, self.records = CommandResource(submitter, RULE), records

    async def create(self, by: Principal, action: CreateRule) -> str:
        """The id of the rule. ProblemError when the rule was refused."""
        return (await self._commands.submit(by, action)).id

    async def change(self, by: Principal, action: EditRule | DeleteRule, if_match: Condition | None) -> str:
        """The id of the rule. ProblemError when the action was refused."""
        known = (record for record in self.records() if record.id == action.rule_id and _sees(by, record))
        current = next((record.revision for record in known), None)
        return (await self._commands.submit(by, action, expected=expected(if_match, action.rule_id, current))).id

    def show(self, by: Principal, rule_id: str) -> RuleShown:
        """The rule of this id. ProblemError 404 when the caller sees none."""
        for record in self.records():
            if record.id == rule_id and _sees(by, record):
                return shown(record)
        raise ProblemError(404, "unknown_rule", f"no rule {rule_id!r}")


@get("/alarm-rules", summary="List rules", operation_class=documented(RulesQuery), opt=allow("viewer", query=RulesQuery))
async def list_rules(request: Request[Any, Any, Any], rules: Given[RuleCommands], by: By) -> RulePage:
    """In the order in which they are asked: by priority, the highest first, then by name."""
    query = read_query(request, RulesQuery)
    found = [record for record in rules.records() if _sees(by, record)]
    if query.type:
        found = [record for record in found if record.rule.type in query.type]
    if query.enabled is not None:
        found = [record for record in found if record.rule.enabled is query.enabled]
    if query.tenant_id is not None:
        found = [record for record in found if record.rule.tenant_id == query.tenant_id]
    page = _ORDER.page(found, lambda one: [one.rule.priority, one.rule.name, one.id], query.limit, query.cursor)
    return RulePage(tuple(shown(record) for record in page.items), page.next_cursor)


@get("/alarm-rules/{rule_id:str}", summary="Show a rule", operation_class=TaggedOperation, opt=allow("viewer"))
async def get_rule(rules: Given[RuleCommands], by: By, rule_id: RuleName) -> Response[RuleShown]:
    """One rule. `error` says why an enabled rule is not in force."""
    return _tagged(rules.show(by, rule_id))


@post("/alarm-rules", summary="Write a rule", operation_class=ApiOperation, responses={409: PROBLEM}, opt=allow("admin"))
async def create_rule(rules: Given[RuleCommands], by: By, data: JSONBody[Rule]) -> Response[RuleShown]:
    """The rule is in force at once, also for open alarms. 422 names every mistake with its place in the body."""
    rule_id = await rules.create(by, CreateRule(data))
    return _tagged(rules.show(by, rule_id), 201, {"Location": f"{PREFIX}/alarm-rules/{rule_id}"})


@patch(
    "/alarm-rules/{rule_id:str}",
    summary="Change a rule",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def edit_rule(
    rules: Given[RuleCommands], by: By, if_match: IfMatch, rule_id: RuleName, data: JSONBody[RuleEdited]
) -> Response[RuleShown]:
    """Change the given fields; `conditions` and `actions` are replaced whole. The former effects of the rule are undone:
    alarms that it suppressed are released, and faultd requests notifications of them."""
    if not data.given():
        names = ", ".join(data.__struct_fields__)
        raise ProblemError(422, "invalid_body", f"nothing to change: give at least one of {names}")
    return _tagged(rules.show(by, await rules.change(by, EditRule(rule_id, data), if_match)))


@delete(
    "/alarm-rules/{rule_id:str}",
    summary="Delete a rule",
    operation_class=ConditionalOperation,
    responses={409: PROBLEM},
    opt=allow("admin"),
)
async def delete_rule(rules: Given[RuleCommands], by: By, if_match: IfMatch, rule_id: RuleName) -> None:
    """The effects of the rule are undone, as after a change. A rule of a file is deleted in its file."""
    await rules.change(by, DeleteRule(rule_id), if_match)


def _tagged(rule: RuleShown, status: int = 200, headers: Mapping[str, str] | None = None) -> Response[RuleShown]:
    return tagged(rule, rule.revision, status, headers)


def _sees(by: Principal, record: RuleRecord) -> bool:
    """A tenant sees its own rules and those of every tenant."""
    return by.tenant is None or record.rule.tenant_id in (None, by.tenant)


def routes(submitter: Submitter, records: RuleLookup) -> Router:
    """Rules."""
    handlers = [list_rules, get_rule, create_rule, edit_rule, delete_rule]
    return resource("rules", handlers, rules=RuleCommands(submitter, records))
