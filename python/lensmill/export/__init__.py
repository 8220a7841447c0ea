"""Runs in the formats that others read: WebDataset tar files, Parquet with .npz, FITS
cutouts. Each writes a new folder, whole or not at all."""

from lensmill.export.fits_cutouts import write_fits
from lensmill.export.parquet import write_parquet
from lensmill.export.webdataset import write_webdataset

__all__ = ["write_fits", "write_parquet", "write_webdataset"]
