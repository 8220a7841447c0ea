"""Draw a run of galaxies as sources: each one as it came, as it is (theta_E = 0) and lensed.

RUN is of a configuration like configs/galaxy_gallery.yaml: every galaxy of a catalogue
unlensed and lensed. Each image is drawn twice, by its brightness and, below, with everything
above (blue) or below (red) 6 % of that at full strength: a square edge, a halo of noise, a
neighbour would show there."""

import argparse
import pathlib
from typing import Any, List

import numpy as np

from lensmill.errors import InputError, needs
from lensmill.figures.common import new_figure, save
from lensmill.run import Run, open_run

FAINT = 0.06


def add_command(commands: Any) -> None:
    parser = commands.add_parser("galaxy-gallery", help="a picture of source galaxies",
                                 description=__doc__)
    parser.add_argument("run_path", metavar="RUN", type=pathlib.Path, help="a run's folder")
    parser.add_argument("--png", type=pathlib.Path,
                        help="picture to write (without: galaxy_gallery.png in the run)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    with open_run(options.run_path) as run:
        png = options.png or run.table.layout.folder / "galaxy_gallery.png"
        save(galaxy_gallery(run), png, dpi=70)
    print(png)


def galaxy_gallery(run: Run) -> Any:
    """The figure. \\raises InputError: a galaxy is not there unlensed and lensed"""
    ids = run.catalogue["src_image_id"].filled(-1)
    theta_e = run.catalogue["theta_e_arcsec"].filled(np.nan)
    kinds = list(dict.fromkeys(ids[run.there()].tolist()))
    originals = _originals(run, kinds)
    figure = new_figure(figsize=(1.4 * len(kinds), 8.6), layout="constrained")
    axes = figure.subplots(6, len(kinds), squeeze=False)
    for column, (ident, original) in enumerate(zip(kinds, originals)):
        _draw(axes[0:2, column], original, f"{ident}")
        for line, title, chosen in ((2, "unlensed", theta_e == 0.0),
                                    (4, "lensed", theta_e > 0.0)):
            rows = np.flatnonzero((ids == ident) & chosen)
            if len(rows) == 0:
                raise InputError(f"{run.path}: galaxy {ident} has no {title} row")
            _draw(axes[line:line + 2, column], run.stamp("arc", int(rows[0]))[0], title)
    return figure


def _originals(run: Run, ids: List[int]) -> List[Any]:
    """The images of the galaxies with these IDENTs, from the run's own input files."""
    try:
        from astropy.io import fits
    except ImportError as error:
        raise needs("astropy", "the source galaxies' files", error) from error
    catalogue = next((pathlib.Path(one.path) for one in run.provenance.inputs
                      if one.role == "source catalogue"), None)
    if catalogue is None:
        raise InputError(f"{run.path}: its sources are no galaxies of a catalogue")
    table = fits.getdata(catalogue, 1)
    images = []
    for ident in ids:
        row = table[list(table["IDENT"]).index(ident)]
        images.append(fits.getdata(catalogue.parent / row["GAL_FILENAME"],
                                   int(row["GAL_HDU"])))
    return images


def _draw(axes: Any, image: Any, title: str) -> None:
    bright = np.percentile(image, 99.8)
    axes[0].imshow(image, origin="lower", vmin=-0.1 * bright, vmax=bright, cmap="gray")
    axes[0].set_title(title, fontsize=7)
    axes[1].imshow(image, origin="lower", vmin=-FAINT * bright, vmax=FAINT * bright,
                   cmap="RdBu")
    for one in axes:
        one.axis("off")
