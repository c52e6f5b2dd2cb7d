"""Two flows beside each other: what one attempt said and the other did not, the first that matters on top.

What matters is what can be the reason: what a client asked, up to where its attempt stopped; then what it was answered.
A value that a diagnosis names comes before all. What says nothing (ports of loopback addresses, versions of programs)
comes last, and what is another in every attempt by its nature does not come at all.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.marks import mark
from devgw.diagnosis.urls import Span
from devgw.events.flow import FlowState
from devgw.monitor.asked import Purpose
from devgw.monitor.comparison_view import DifferenceView, FlowComparison
from devgw.monitor.comparison_words import report_of
from devgw.monitor.details import FlowDetail, TraceDetail
from devgw.monitor.exchange_parts import HEADER, ExchangeParts, parts_of
from devgw.monitor.recorded_flow import RecordedFlow
from devgw.monitor.rows import FlowRow

_LOOPBACK_PORT = re.compile(r"(?P<host>\b(?:localhost|127\.0\.0\.1)|\[::1\]):\d{1,5}(?!\d)")
_ASIDE = re.compile(r"(?:(?:sec|accept)[\w-]*|referer|upgrade-insecure-requests) header|client_name|software_version")
"""What a browser sends along, and what a program calls itself."""
_STATUS, _ANSWER = "status", "the answer to "
_WORD = re.compile(r"[A-Za-z][\w-]*")
_MOST = 200


@dataclass(frozen=True, slots=True)
class _Pair:
    """The same exchange of both; None where one of them had none."""

    one: ExchangeParts | None
    other: ExchangeParts | None


def last_good(rows: Iterable[FlowRow], of: FlowRow) -> FlowRow | None:
    """Return the newest flow of the same client that arrived, on the same route where there is one; None for none."""
    good = [row for row in rows if row.state == FlowState.DONE and row.id != of.id and _is_same_client(row, of)]
    return max(
        good,
        key=lambda row: (
            row.operation_id == of.operation_id,
            row.client_id == of.client_id,
            not row.needs_attention,
            row.started,
        ),
        default=None,
    )


def _is_same_client(row: FlowRow, of: FlowRow) -> bool:
    """Tell whether both are one client: by its id, which another registration changes, or by what it calls itself."""
    is_known = row.client_id != "" and row.client_id == of.client_id
    return is_known or (row.client not in {"", "?"} and row.client == of.client)


def compare_flows(flow: RecordedFlow, other: RecordedFlow) -> FlowComparison:
    """Return what differs between two flows, as far as both are told."""
    ones = [parts_of(each, flow.flow.messages) for each in flow.exchanges]
    others = [parts_of(each, other.flow.messages) for each in other.exchanges]
    pairs = _paired(ones, others)
    met = max((index for index, pair in enumerate(pairs) if pair.one is not None), default=-1)
    compared = FlowComparison(flow.flow.row, other.flow.row, not_kept=[*_not_kept(flow), *_not_kept(other)])
    if compared.flow.state != FlowState.DONE:
        compared.went_on = [pair.other.label for pair in pairs[met + 1 :] if pair.other is not None]
    words = _Words(compared.called)
    ranked: list[tuple[_Rank, DifferenceView]] = []
    failure = _failure_of(flow.flow)
    for number, pair in enumerate(pairs[: met + 1]):
        found = [(failure.rank(each, is_request, number), each) for each, is_request in words.differences(pair)]
        compared.alike += not any(each.matters for _, each in found)
        ranked += found
    ranked.sort(key=lambda pair: pair[0])
    compared.differences = [each for _, each in ranked][:_MOST]
    compared.report = report_of(compared)
    return compared


def compare_answers(now: TraceDetail, then: TraceDetail) -> list[DifferenceView]:
    """Return what the answer to the same request says now that it did not say then."""
    ours, theirs = parts_of(now, ()), parts_of(then, ())
    return [
        each for each in _Words("recorded").parts(ours, theirs, ours.answer, theirs.answer, _ANSWER) if each.matters
    ]


def _not_kept(flow: RecordedFlow) -> list[str]:
    """Say of which requests nothing is known any more."""
    name = flow.flow.row.id
    if not flow.exchanges:
        return [f"None of the requests of {name} is kept: there is nothing to compare."]
    return [f"{flow.left_out} requests of {name} are not kept."] if flow.left_out else []


def _paired(ones: list[ExchangeParts], others: list[ExchangeParts]) -> list[_Pair]:
    """Return the exchanges in the order of the first, each beside its like; what only the other had in its place."""
    waiting: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, each in enumerate(others):
        waiting[each.key].append(index)
    pairs, done = list[_Pair](), 0
    taken: set[int] = set()
    for each in ones:
        if not waiting[each.key]:
            pairs.append(_Pair(each, None))
            continue
        index = waiting[each.key].pop(0)
        pairs += [_Pair(None, others[left]) for left in range(done, index) if left not in taken]
        taken |= {*range(done, index), index}
        done = max(done, index + 1)
        pairs.append(_Pair(each, others[index]))
    return [*pairs, *(_Pair(None, each) for index, each in enumerate(others) if index not in taken)]


_Rank = tuple[bool, bool, bool, int]
"""What matters first; of that what the failure speaks of, what was asked in its very request, and the order in time."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """What is known of why a flow stopped."""

    values: frozenset[str]
    traces: frozenset[str]
    words: frozenset[str]

    def rank(self, told: DifferenceView, is_request: bool, number: int) -> _Rank:
        """Return the place of a difference; one whose value a diagnosis names matters, whatever it is."""
        told.matters = told.matters or (told.got != "" and told.got in self.values)
        is_told = not self.values.isdisjoint({told.got, told.expected} - {""}) or told.name in self.words
        is_there = told.trace_id in self.traces
        order = 2 * number + (not is_request)
        return not told.matters, not (is_request and is_told), not (is_request and is_there), order


def _failure_of(detail: FlowDetail) -> _Failure:
    found, failure = detail.diagnoses, detail.failure
    texts = [text for each in found for text in (each.title, each.cause, each.fix)]
    texts += [failure.explanation, failure.hint] if failure else []
    traces = {id_ for each in found for id_ in each.trace_ids} | ({failure.trace_id} if failure else set())
    values = {value for each in found for value in (each.got, each.expected) if value}
    return _Failure(frozenset(values), frozenset(traces - {""}), frozenset(_WORD.findall(" ".join(texts))))


@dataclass(frozen=True, slots=True)
class _Words:
    """Says what differs; the other attempt is called `good` or `other`."""

    other: str

    def differences(self, pair: _Pair) -> Iterator[tuple[DifferenceView, bool]]:
        """Yield what differs between the same exchange of two attempts, and whether the client said it."""
        one, other = pair.one, pair.other
        if one is not None and other is not None:
            yield from ((each, True) for each in self.parts(one, other, one.request, other.request, ""))
            answers = (one.answer, other.answer) if one.status == other.status else (_status(one), _status(other))
            yield from ((each, False) for each in self.parts(one, other, *answers, _ANSWER))
        elif one is not None:
            yield self._only(one, f"This one asked {one.label}, the {self.other} one did not.", one.trace_id), True
        elif other is not None:
            yield self._only(other, f"The {self.other} one asked {other.label}, this one did not.", ""), True

    def _only(self, known: ExchangeParts, sentence: str, trace_id: str) -> DifferenceView:
        told = DifferenceView(known.step, known.label, sentence)
        told.trace_id, told.other_trace_id = trace_id, "" if trace_id else known.trace_id
        told.matters = known.key[0] != Purpose.MCP or known.status >= 400
        return told

    def parts(
        self, one: ExchangeParts, other: ExchangeParts, ours: dict[str, str], theirs: dict[str, str], side: str
    ) -> Iterator[DifferenceView]:
        """Yield what differs between what was said in the same exchange by one side."""
        for name in dict.fromkeys((*theirs, *ours)):
            got, expected = ours.get(name), theirs.get(name)
            if got == expected:
                continue
            told = DifferenceView(one.step, f"{_shown(name)} of {side}{one.label}", "", got or "", expected or "")
            told.sentence, told.got_marks, told.expected_marks = self._said(name, got, expected, is_answer=side != "")
            told.trace_id, told.other_trace_id = one.trace_id, other.trace_id
            told.name = name.removesuffix(HEADER)
            told.matters = _ASIDE.fullmatch(name) is None and _anywhere(got) != _anywhere(expected)
            yield told

    def _said(self, name: str, got: str | None, expected: str | None, *, is_answer: bool) -> tuple[str, str, str]:
        """Say how two values differ, with marks under both; URLs by their parts."""
        did, did_not = ("was answered with", "was not") if is_answer else ("sent", "does not")
        if got is None:
            return f"The {self.other} one {did} {_shown(name)}, this one {did_not}.", "", ""
        if expected is None:
            return f"This one {did} {_shown(name)}, the {self.other} one {did_not}.", "", ""
        if name == _STATUS:
            return f"This one was answered {got}, the {self.other} one {expected}.", "", ""
        if "://" in got and "://" in expected and " " not in got + expected:
            found = explain_difference(got, expected, "attempt")
            return found.sentence.replace("the other has", f"the {self.other} one has"), *found.marks
        sentence = f"{_shown(name)} is not the same."
        return sentence[0].upper() + sentence[1:], *mark(got, expected, [(Span(0, got), Span(0, expected))])


def _status(parts: ExchangeParts) -> dict[str, str]:
    """Return all that is compared of answers of two kinds: that they are."""
    return {_STATUS: str(parts.status)}


def _shown(name: str) -> str:
    """Return the name of a part in a sentence."""
    return f"the header `{name.removesuffix(HEADER)}`" if name.endswith(HEADER) else f"`{name}`"


def _anywhere(value: str | None) -> str | None:
    """Return a value without the ports of this machine: programs take another at each start (RFC 8252 §7.3)."""
    return _LOOPBACK_PORT.sub(lambda found: found["host"], value) if value is not None else None
