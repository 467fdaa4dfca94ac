"""The report of a backtest: one self-contained HTML page, and its pictures as files."""

from alphaline.research.backtest_report.write import picture_files, write_backtest_report

__all__ = ["picture_files", "write_backtest_report"]
