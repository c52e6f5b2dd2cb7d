"""The filter language: `status:4xx | dur>500ms -client:cursor`. One text, one predicate; errors carry a column."""

from devgw.dashboard.filter.fields import Field, Vocabulary
from devgw.dashboard.filter.parser import Predicate, compile_filter
from devgw.dashboard.filter.tokens import FilterMistake

__all__ = ["Field", "FilterMistake", "Predicate", "Vocabulary", "compile_filter"]
