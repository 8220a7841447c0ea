"""Figures of a run, as matplotlib figures: functions to call, and commands of
`python3 -m lensmill`."""

from lensmill.figures.analysis import plot_analysis
from lensmill.figures.galaxies import galaxy_gallery
from lensmill.figures.pairs import pair_gallery
from lensmill.figures.quick_look import quicklook

__all__ = ["galaxy_gallery", "pair_gallery", "plot_analysis", "quicklook"]
