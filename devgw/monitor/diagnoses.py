"""The named failures, as often as they were met."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from devgw.events.flow import Diagnosis, Flow
from devgw.events.taxonomy import DiagnosisMade, DiagnosisWithdrawn, Event, Outcome
from devgw.monitor.book import Book, Count, Graveyard
from devgw.monitor.masking import mask_sentence
from devgw.monitor.moments import stamp
from devgw.monitor.rows import DiagnosisRow

_MOST_FLOWS = 50


class DiagnosisBook:
    """One row per named failure."""

    def __init__(self, count: Count, graveyard: Graveyard) -> None:
        self.book: Book[DiagnosisRow] = Book("diagnosis", count, graveyard, 500)
        self._of_gateway: dict[str, Diagnosis] = {}

    def of_gateway(self) -> list[Diagnosis]:
        """Return what is wrong with the gateway as a whole, or was refused and belongs to no flow."""
        return list(self._of_gateway.values())

    def take_gateway(self, found: Sequence[Diagnosis], now: datetime) -> list[Event]:
        """Note what concerns the gateway as a whole, and what no longer does; return the news as events."""
        known = {each.id: each for each in sorted(found, key=lambda each: not each.is_aside)}
        before, self._of_gateway = self._of_gateway, known
        news = [self._made(None, each, now) for id_, each in self._of_gateway.items() if id_ not in before]
        return news + [self._withdrawn(None, id_) for id_ in before if id_ not in self._of_gateway]

    def take(self, flow: Flow, before: Mapping[str, Diagnosis], now: datetime) -> list[Event]:
        """Note what `flow.diagnoses` has that `before` had not, and the other way; return it as events."""
        after = {each.id: each for each in flow.diagnoses}
        news: list[Event] = [self._made(flow, each, now) for id_, each in after.items() if id_ not in before]
        for each in flow.diagnoses:
            if each.id in before:
                self._renew(each)
        return news + [self._withdrawn(flow, id_) for id_ in before if id_ not in after]

    def _made(self, flow: Flow | None, diagnosis: Diagnosis, now: datetime) -> Event:
        row = self.book.get(diagnosis.id) or DiagnosisRow(diagnosis.id, diagnosis.title, "open", "", first=stamp(now))
        row.state, row.count, row.last = "open", row.count + 1, stamp(now)
        row.source = diagnosis.source
        row.flow_ids = [*row.flow_ids, *([flow.id] if flow else [])][-_MOST_FLOWS:]
        row.trace_ids = [*row.trace_ids, *diagnosis.trace_ids][-_MOST_FLOWS:]
        self.book.put(row.id, row)
        self._renew(diagnosis)
        return DiagnosisMade(
            diagnosis_id=diagnosis.id,
            flow_id=flow.id if flow else None,
            title=diagnosis.title if diagnosis.certain else f"{diagnosis.title} (suspected)",
            client_id=flow.client_id if flow else None,
            client_name=flow.client_name if flow else None,
            operation_id=flow.operation_id if flow else None,
            outcome=Outcome.FAILURE,
            reason_code=diagnosis.id,
            explanation=mask_sentence(diagnosis.cause),
            hint=mask_sentence(diagnosis.fix),
        )

    def _renew(self, diagnosis: Diagnosis) -> None:
        """Say of it what is so now."""
        row = self.book.get(diagnosis.id)
        if row is None:
            return
        row.severity = "error" if diagnosis.certain else "warning"
        row.cause, row.fix = mask_sentence(diagnosis.cause), mask_sentence(diagnosis.fix)
        row.got, row.expected = mask_sentence(diagnosis.got), mask_sentence(diagnosis.expected)
        row.evidence = [mask_sentence(each) for each in diagnosis.evidence]
        self.book.touch(row.id)

    def _withdrawn(self, flow: Flow | None, id_: str) -> Event:
        row = self.book.get(id_)
        if row is not None:
            row.flow_ids = [each for each in row.flow_ids if flow is None or each != flow.id]
            row.state = "open" if row.flow_ids else "withdrawn"
            self.book.touch(id_)
        return DiagnosisWithdrawn(diagnosis_id=id_, flow_id=flow.id if flow else None)
