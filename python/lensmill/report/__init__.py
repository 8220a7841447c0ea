"""`lensmill report`: one HTML file about a run, with the answer first."""

from lensmill.report.page import write_report

__all__ = ["write_report"]
