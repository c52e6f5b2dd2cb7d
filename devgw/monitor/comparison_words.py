"""Two flows beside each other, in words."""

from devgw.clock import wall_time
from devgw.foreign.text import clean
from devgw.monitor.comparison_view import DifferenceView, FlowComparison

_MOST_ASIDE = 5
_LONGEST = 400
"""Characters of a value that are shown."""


def report_of(compared: FlowComparison) -> str:
    """Return a comparison as text: what matters in full, the first on top."""
    told = [f"{_flow(compared, is_this=True)}", f"  beside  {_flow(compared, is_this=False)}"]
    matters = [each for each in compared.differences if each.matters]
    aside = [each for each in compared.differences if not each.matters]
    for number, each in enumerate(matters, 1):
        told += ["", *difference_lines(number, each)]
    if not matters and not compared.not_kept:
        told += ["", "Nothing that matters differs, as far as both went."]
    told += ["", *compared.not_kept] if compared.not_kept else []
    if aside:
        told += ["", "Also, and of no weight:", *(f"  {each.step}: {each.place}" for each in aside[:_MOST_ASIDE])]
    if len(aside) > _MOST_ASIDE:
        told.append(f"  and {len(aside) - _MOST_ASIDE} more (--json has them)")
    if compared.went_on:
        told += ["", f"Then the {compared.called} one went on:", *(f"  {each}" for each in compared.went_on)]
    if compared.alike:
        many = "exchange is" if compared.alike == 1 else "exchanges are"
        told += ["", f"{compared.alike} {many} alike in all that matters."]
    return "\n".join(map(clean, told)) + "\n"


def _flow(compared: FlowComparison, *, is_this: bool) -> str:
    row = compared.flow if is_this else compared.other
    return f"{row.id}  {row.client}  {row.state} at {row.step}  {row.track}  {wall_time(row.started):%b %d %H:%M:%S}"


def difference_lines(number: int, each: DifferenceView) -> list[str]:
    """Return one difference: where, what, both values with their marks, and the requests."""
    head = [f"{number}. {each.step}: {each.place}", f"   {each.sentence}"]
    pairs = (("this", each.got, each.got_marks), ("other", each.expected, each.expected_marks))
    for name, value, marks in pairs:
        head += [f"   {name:<6} {clean(value, _LONGEST)}"] if value else []
        head += [f"   {'':<6} {marks[:_LONGEST]}"] if value and marks else []
    traces = ", ".join(filter(None, (each.trace_id, each.other_trace_id)))
    return [*head, f"   {'traces':<6} {traces}"] if traces else head
