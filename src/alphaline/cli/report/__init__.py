"""The report of a run: measured numbers → a summary, pictures, one self-contained page."""

from alphaline.cli.report.run_data import EquityPoint, RunData, Shown
from alphaline.cli.report.summary import Summary, summarise
from alphaline.cli.report.write import write_report

__all__ = ["EquityPoint", "RunData", "Shown", "Summary", "summarise", "write_report"]
