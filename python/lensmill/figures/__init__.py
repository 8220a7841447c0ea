"""Figures of a run, as matplotlib figures: functions to call, and commands of
`python3 -m lensmill`."""

from lensmill.figures.analysis import plot_analysis
from lensmill.figures.fields import plot_field
from lensmill.figures.galaxies import galaxy_gallery
from lensmill.figures.pairs import pair_gallery
from lensmill.figures.quick_look import quicklook
from lensmill.figures.recovery import plot_recovery

__all__ = ["galaxy_gallery", "pair_gallery", "plot_analysis", "plot_field",
           "plot_recovery", "quicklook"]
