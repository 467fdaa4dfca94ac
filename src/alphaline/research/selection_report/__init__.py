"""The report of a feature selection: what was kept, what was not, and the evidence in pictures."""

from alphaline.research.selection_report.write import write_selection_report

__all__ = ["write_selection_report"]
