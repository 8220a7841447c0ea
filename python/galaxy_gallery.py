#!/usr/bin/env python3
"""Draw a run of galaxies as sources: each one as it came, as it is (theta_E = 0) and
lensed.

    python/galaxy_gallery.py RUN [--png FILE]

RUN is the folder of a run like configs/galaxy_gallery.yaml: every galaxy of a catalogue
unlensed and lensed. Each image is drawn twice, by its brightness and, below, with
everything above (blue) or below (red) 6 % of that at full strength: a square edge, a
halo of noise, a neighbour would show there.
"""

import argparse
import pathlib
import sys

import h5py
import matplotlib
import numpy as np
from astropy.io import fits

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

FAINT = 0.06


def read_galaxies(file, ids):
    """The images of the galaxies with these IDENTs, from the run's own input files."""
    roles = [role.decode() for role in file["provenance/input_role"]]
    paths = [path.decode() for path in file["provenance/input_path"]]
    catalogue = pathlib.Path(paths[roles.index("source catalogue")])
    table = fits.getdata(catalogue, 1)
    images = []
    for ident in ids:
        row = table[list(table["IDENT"]).index(ident)]
        images.append(fits.getdata(catalogue.parent / row["GAL_FILENAME"],
                                   int(row["GAL_HDU"])))
    return images


def draw(axes, image, title):
    bright = np.percentile(image, 99.8)
    axes[0].imshow(image, origin="lower", vmin=-0.1 * bright, vmax=bright, cmap="gray")
    axes[0].set_title(title, fontsize=7)
    axes[1].imshow(image, origin="lower", vmin=-FAINT * bright, vmax=FAINT * bright,
                   cmap="RdBu")
    for one in axes:
        one.axis("off")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--png", type=pathlib.Path)
    options = parser.parse_args()
    path = next(iter(sorted(options.run.glob("*.h5"))), None)
    if path is None:
        sys.exit(f"{options.run}: no run's HDF5 file here")
    with h5py.File(path) as file:
        arcs = file["images/arc"][:, 0]
        ids = file["catalogue/src_image_id"][:]
        theta_e = file["catalogue/theta_e_arcsec"][:]
        kinds = list(dict.fromkeys(ids))
        originals = read_galaxies(file, kinds)
    figure, axes = plt.subplots(6, len(kinds), figsize=(1.4 * len(kinds), 8.6),
                                squeeze=False)
    for column, (ident, original) in enumerate(zip(kinds, originals)):
        draw(axes[0:2, column], original, f"{ident}")
        draw(axes[2:4, column], arcs[(ids == ident) & (theta_e == 0.0)][0], "unlensed")
        draw(axes[4:6, column], arcs[(ids == ident) & (theta_e > 0.0)][0], "lensed")
    figure.tight_layout(pad=0.3)
    png = options.png or options.run / "galaxy_gallery.png"
    figure.savefig(png, dpi=70)
    print(png)


if __name__ == "__main__":
    main()
