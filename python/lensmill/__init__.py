"""Read, draw, stream and export runs of lensmill (docs/python.md).

>>> import lensmill
>>> run = lensmill.open("RUN")
>>> rows = run.where(theta_e_arcsec=(1, 2), n_images=4)
>>> stamps = run.images["positive"][rows]        # [row, band, y, x], masked where missing
>>> table = run.catalogue.to_table(rows=rows)    # astropy, with units
"""

from lensmill.errors import (InputError, LensmillError, MissingPackage, NotThere,
                             UnknownName)
from lensmill.renderer import Rendered, Renderer
from lensmill.run import Input, Provenance, Run
from lensmill.run import open_run as open  # noqa: A001
from lensmill.streaming import stream

__version__ = "0.1.0"
__all__ = ["Input", "InputError", "LensmillError", "MissingPackage", "NotThere",
           "Provenance", "Rendered", "Renderer", "Run", "UnknownName", "open", "stream"]
