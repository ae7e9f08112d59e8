"""Staleness in words: `status` and `why`, and the line of one stale target that a dry run shows too. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from stacbuild.events import many
from stacbuild.ui.counts import count, duration, tally

if TYPE_CHECKING:
    from stacbuild.report import Reason, StaleTarget, StatusReport, WhyReport
    from stacbuild.ui.paint import Paint

VERDICTS = ("fresh", "new", "stale", "gone", "failed")
WIDEST = 60
SCHEMA = "schema "
"""How the ingredient that a schema is begins; its URL follows."""
DIGEST = 12
"""Hex digits of a digest that are shown."""


def status(report: StatusReport, paint: Paint) -> list[str]:
    """Return the lines of `status`: the counts, then what is stale with its reasons."""
    told = {target.target for target in report.stale}
    rest = {name: output for name, output in report.outputs.items() if f"output:{name}" not in told}
    outputs = [line for name, output in rest.items() for line in _output(name, output, paint)]
    more = sum(report.items.get(verdict, 0) for verdict in ("new", "stale", "gone")) - len(report.stale)
    number = f"{count(more)} more" if more > 0 else "more"
    return [
        _head(report, paint),
        *(target_line(target, paint) for target in report.stale),
        *([f"and {number}: stacbuild status --limit 0"] if report.truncated else []),
        *outputs,
        *(f"{paint.warn('warning')}[{warning.code}]: {warning.message}" for warning in report.warnings),
    ]


def _head(report: StatusReport, paint: Paint) -> str:
    name = report.catalog or report.recipe
    if not report.fresh:
        return f"{name}: {paint.warn('stale')}: {tally(report.items, VERDICTS) or 'no items'}"
    failed = report.items.get("failed", 0)
    remembered = f"; {paint.bad(f'{count(failed)} failed')} before" if failed else ""
    facts = f"{many(report.items.get('fresh', 0), 'item')}, {duration(report.seconds)}"
    return f"{name}: {paint.good('up to date')} ({facts}){remembered}"


def target_line(target: StaleTarget, paint: Paint) -> str:
    """Return `item:c/ID  stale  source-changed: …`."""
    verdict = paint.verdict(target.verdict)
    reasons = "; ".join(reason_words(reason) for reason in target.reasons)
    return "  ".join(part for part in (target.target, verdict, reasons or ", ".join(target.stages)) if part)


def reason_words(reason: Reason | dict[str, Any]) -> str:
    """Return `mapping-changed: title: "a" -> "b" (stacbuild.toml:12)`."""
    told: dict[str, Any] = msgspec.to_builtins(reason)
    moved = _moved(told)
    parts = [str(told.get("code", "")), str(told["what"]) if told.get("what") else "", moved]
    at = f" ({told['at']})" if told.get("at") else ""
    return ": ".join(part for part in parts if part) + at


def _moved(told: dict[str, Any]) -> str:
    before, after = told.get("before"), told.get("after")
    if before is None and after is None:
        return ""
    return f"{_short(before)} -> {_short(after)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _output(name: str, output: dict[str, Any], paint: Paint) -> list[str]:
    state = str(output.get("state", ""))
    if state == "fresh":
        return []
    reasons = "; ".join(reason_words(reason) for reason in output.get("reasons", ()))
    return ["  ".join(part for part in (f"output:{name}", paint.verdict(state), reasons) if part)]


def why(report: WhyReport, paint: Paint) -> list[str]:
    """Return the lines of `why`: verdict and reasons, where it came from, each stage and its key's ingredients."""
    return [
        f"{paint.bold(report.target)}: {paint.verdict(report.verdict)}",
        *(f"  {reason_words(reason)}" for reason in report.reasons),
        *_facts("source", report.source),
        *(line for stage in report.stages for line in _stage(stage, paint)),
        *(line for output in report.outputs for line in _facts("output", output)),
        *_failure(report.failure, paint),
    ]


def _facts(title: str, facts: dict[str, Any]) -> list[str]:
    told = [(name, value) for name, value in facts.items() if value is not None]
    if not told:
        return []
    naming = "name" if facts.get("name") else title
    head = f"{title} {facts[naming]}" if facts.get(naming) else title
    return [head, *(f"    {name}: {_fact(value)}" for name, value in told if name != naming)]


def _stage(stage: dict[str, Any], paint: Paint) -> list[str]:
    verdict = str(stage.get("verdict", ""))
    key, result = stage.get("key"), stage.get("result")
    made = " ".join(f"{name} {_fact(value)}" for name, value in (("key", key), ("result", result)) if value)
    return [
        "  ".join(part for part in (f"{stage.get('stage', '')}", paint.verdict(verdict), paint.dim(made)) if part),
        *_ingredients(stage.get("ingredients") or {}),
        *(f"    {reason_words(reason)}" for reason in stage.get("reasons") or ()),
    ]


def _ingredients(ingredients: dict[str, Any]) -> list[str]:
    """Return a line an ingredient; the schemas, of which the core alone has eleven, are one line together."""
    schemas = [name for name in ingredients if name.startswith(SCHEMA)]
    rest = [f"    {name}: {_fact(value)}" for name, value in ingredients.items() if not name.startswith(SCHEMA)]
    hosts = sorted({name.removeprefix(SCHEMA).split("/")[2] for name in schemas if name.count("/") > 1})
    return [*rest, *([f"    schemas: {len(schemas)} of {', '.join(hosts)} (--json lists them)"] if schemas else [])]


def _fact(value: Any) -> str:
    if not isinstance(value, str):
        return _short(value)
    is_digest = len(value) == 64 and all(char in "0123456789abcdef" for char in value)  # noqa: PLR2004 - SHA-256
    return value[:DIGEST] if is_digest else value


def _failure(failure: dict[str, Any] | None, paint: Paint) -> list[str]:
    if not failure:
        return []
    where = f" at {failure['path']}" if failure.get("path") else ""
    hint = [f"    = hint: {failure['hint']}"] if failure.get("hint") else []
    return [f"{paint.bad('failed')}[{failure.get('code', '')}]: {failure.get('message', '')}{where}", *hint]
