"""FITS cutouts: a file for each row, laid out as the Legacy Surveys' viewer gives them, and a
table of all rows."""

import pathlib
from collections.abc import Sequence
from typing import Any, Dict, Optional

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import needs
from lensmill.export.common import prepare, whole_folder
from lensmill.layout import config_value, load_config
from lensmill.run import Run

ROWS_PER_FOLDER = 1000
TABLE = "catalogue.fits"


def write_fits(run: Run, folder: pathlib.Path, *,
               rows: "Optional[NDArray[np.int64]]" = None,
               products: "Optional[Sequence[str]]" = None,
               columns: "Optional[Sequence[str]]" = None) -> int:
    """Write each row as `FOLDER/000/000000123.fits` (a thousand in a folder), and
    FOLDER/catalogue.fits with all columns and the column FILE.

    The first product is the primary image [band, y, x], the others are extensions called as
    they are. Cards: BANDS ("grz"), BAND0, ..., BUNIT, IMAGETYP, PIXSCALE [arcsec], ROW,
    INJID, RUN. Bands whose names have more than one letter are in BAND0, ... alone.

    Returns
    -------
    int
        Rows written.
    """
    try:
        from astropy.io import fits
        from astropy.table import Table
    except ImportError as error:
        raise needs("astropy", "writing FITS", error) from error
    export = prepare(run, rows, products, columns)
    if not export.products:
        raise ValueError("write_fits: no products to write")
    config = load_config(run.table.layout.yaml_text, str(run.path))
    scale = float(config_value(config, "grid.pixel_scale_arcsec", str(run.path)))
    with whole_folder(folder) as partial:
        names = []
        for _, part in export.parts(ROWS_PER_FOLDER):
            images = {name: export.images(name, part) for name in export.products}
            ids = run.catalogue.read("injection_id", part)
            for k, row in enumerate(part.tolist()):
                name = f"{row // ROWS_PER_FOLDER:03d}/{row:09d}.fits"
                (partial / name).parent.mkdir(exist_ok=True)
                hdus = fits.HDUList()
                for product, stamps in images.items():
                    kind = fits.ImageHDU if hdus else fits.PrimaryHDU
                    hdus.append(kind(stamps[k]))
                    hdus[-1].header.update(_cards(export.image(product).unit, product, run,
                                                  scale, row, int(ids[k])))
                hdus.writeto(partial / name, checksum=True)
                names.append(name)
        table = Table(export.table(export.rows))
        table["FILE"] = np.array(names, dtype="U") if names else np.empty(0, "U1")
        table.meta.update(RUN=run.name, CFGHASH=run.config_hash)
        hdu = fits.table_to_hdu(table)
        for k, name in enumerate(table.colnames, 1):
            # By hand: astropy drops units that FITS has no word for, with a warning.
            if export.units.get(name):
                hdu.header.set(f"TUNIT{k}", _unit(export.units[name]), after=f"TFORM{k}")
        hdu.writeto(partial / TABLE)
        export.add_file(partial / TABLE, len(export.rows))
        export.write_index(partial, "fits")
    return len(export.rows)


def _unit(unit: str) -> str:
    """As the Legacy Surveys write it in FITS files."""
    return unit.replace("nmgy", "nanomaggy")


def _cards(unit: str, product: str, run: Run, scale: float, row: int, ident: int
           ) -> Dict[str, Any]:
    cards: Dict[str, Any] = {
        "EXTNAME": product.upper(), "IMAGETYP": "IMAGE" if product in (
            "positive", "negative") else product.upper(),
        "BUNIT": _unit(unit), "PIXSCALE": scale, "ROW": row, "INJID": ident,
        "RUN": run.name}
    if all(len(band) == 1 for band in run.bands):
        cards["BANDS"] = "".join(run.bands)
    for k, band in enumerate(run.bands):
        cards[f"BAND{k}"] = band
    return {name: value for name, value in cards.items() if value != ""}
