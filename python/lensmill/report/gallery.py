"""Stamps of a run as small PNGs: the picture that a report begins with, and its gallery."""

import io
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import needs
from lensmill.figures.common import best_rows, reported, spread_rows
from lensmill.report.drawing import csv_text, data_uri
from lensmill.report.row_charts import pixel_scale
from lensmill.rgb import Look
from lensmill.run import Run

SIDE_PIX = 128  # larger stamps are shown about their centre only
FIRST_ROW_COUNT, GALLERY_COUNT = 6, 36
LARGE = 0.6  # quantile of theta_E from which on arcs are shown first
# Of the first figure: white is this share of the brightest pixel of the arc, and light is
# compressed as in the surveys' own pictures, so that the host does not outshine the arc;
# black is one sigma of the noise below the sky.
ARC_WHITE, SURVEY_Q, BLACK = 0.9, 3.0, 0.5
WELL_SEEN_SNR, MOST_MAGNIFIED = 130.0, 20.0  # more does not count
PRODUCTS = (("positive", "positive"), ("negative", "negative"), ("arc", "arc"),
            ("counter_image", "counter-image"))


@dataclass
class Item:
    """A row of the gallery."""

    row: int
    theta_e_arcsec: float
    snr: float
    kind: str
    core: float
    side: int  # pixels of the pictures
    theta_e_pix: Optional[float]
    aperture_pix: float
    centre: Tuple[float, float]  # x, y from the upper left corner, pixels
    pictures: List[Tuple[str, str]] = field(default_factory=list)  # title, data: URI


def first_row(run: Run) -> List[Item]:
    """Arcs to begin with: of each part of the largest Einstein radii the row that
    is magnified most with its light outside of the core, among those that are well seen."""
    if not {"positive"} & set(run.images.names()):
        return []
    rows = run.where()
    theta_e, snr, core = _numbers(run, rows)
    visible = np.minimum(np.nan_to_num(snr, nan=WELL_SEEN_SNR), WELL_SEEN_SNR)
    visible *= (1 - np.clip(np.nan_to_num(core, nan=0.5), 0, 1)) ** 2
    if "magnification" in run.measurements.names():
        magnification = run.measurements.read("magnification", rows).data
        visible *= np.clip(np.nan_to_num(magnification, nan=1.0, posinf=1.0), 1, MOST_MAGNIFIED)
    order = np.argsort(theta_e, kind="stable")
    order = order[theta_e[order] >= np.quantile(theta_e, LARGE)]
    parts = np.array_split(order, min(FIRST_ROW_COUNT, len(order)))
    chosen = [part[np.argmax(visible[part])] for part in parts]
    items = _items(run, rows[chosen])
    for item in items:
        stamp = run.stamp("positive", item.row)
        negative = run.stamp("negative", item.row) if "negative" in run.images else None
        look = run.look(item.row)
        if negative is not None:
            look = _survey_look(look, stamp - negative)
        item.pictures.append(("positive", _png(_cut(look.picture(stamp)))))
        if negative is not None:
            item.pictures.append(("negative", _png(_cut(look.picture(negative)))))
    return items


def _survey_look(look: Look, arc: "NDArray[np.float32]") -> Look:
    light = look.planes(arc).mean(axis=0)
    minimum = BLACK * look.minimum
    peak = float(np.nanmax(light, initial=0.0)) * ARC_WHITE - minimum
    return replace(look, minimum=minimum, q=SURVEY_Q).up_to(peak) if peak > 0.0 else look


def gallery(run: Run, count: int = GALLERY_COUNT) -> List[Item]:
    """Half of the rows spread evenly over theta_E, half of them the best to see."""
    if not run.images.names():
        return []
    rows = np.unique(np.concatenate([spread_rows(run, max(1, count // 2)),
                                     best_rows(run, max(1, count - count // 2))]))
    items = _items(run, rows)
    items.sort(key=lambda item: item.theta_e_arcsec)
    for item in items:
        stamps = {name: run.stamp(name, item.row) for name, _ in PRODUCTS
                  if name in run.images}
        look = run.look(item.row)
        light = stamps.get("arc")
        if {"positive", "negative"} <= set(stamps):
            difference = stamps["positive"] - stamps["negative"]
            light = difference if light is None else light
        for name, title in PRODUCTS:
            if name not in stamps:
                continue
            by = look.for_arc(stamps[name]) if name in ("arc", "counter_image") else look
            item.pictures.append((title, _png(_cut(by.picture(stamps[name])))))
        if {"positive", "negative"} <= set(stamps):
            item.pictures.append(("difference", _png(_cut(
                look.for_arc(difference).picture(difference)))))
    return items


def gallery_csv(items: List[Item]) -> str:
    names = ["row", "theta_e_arcsec", "arc_snr", "kind", "core_flux_fraction"]
    return csv_text([dict(zip(names, (one.row, one.theta_e_arcsec, one.snr, one.kind,
                                      one.core))) for one in items], names)


def _numbers(run: Run, rows: "NDArray[np.int64]"
             ) -> "Tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]":
    """theta_E, SNR and core flux fraction; NaN where the run has no such column."""
    band, radius = reported(run)
    place = f"{run.bands[band]}.{run.aperture_radius_pix[radius]:g}"
    there = run.measurements.names()
    nothing = np.full(len(rows), np.nan)
    theta_e = run.catalogue.read("theta_e_arcsec", rows).data
    snr, core = nothing, nothing
    if "arc_snr_total" in there:
        snr = run.measurements.read("arc_snr_total", rows).data
    elif "arc_snr" in there:
        snr = run.measurements.read(f"arc_snr.{run.bands[band]}", rows).data
    if "core_flux_fraction" in there:
        core = run.measurements.read(f"core_flux_fraction.{place}", rows).data
    return tuple(np.asarray(one, np.float64) for one in (theta_e, snr, core))  # type: ignore


def _items(run: Run, rows: "NDArray[np.int64]") -> List[Item]:
    scale = pixel_scale(run)
    _, radius = reported(run)
    columns = {name: run.column(name, rows).data for name in
               ("n_images", "lens_x_arcsec", "lens_y_arcsec")
               if name in (*run.measurements.names(), *run.catalogue.names())}
    product = run.images[run.images.names()[0]]
    height, width = product.shape[2:]
    side = _side(height, width)
    items = []
    for k, (row, theta_e, snr, core) in enumerate(zip(rows.tolist(), *_numbers(run, rows))):
        lens = [float(columns[name][k]) / scale if scale and name in columns else 0.0
                for name in ("lens_x_arcsec", "lens_y_arcsec")]
        n_images = int(columns["n_images"][k]) if "n_images" in columns else -1
        items.append(Item(
            row=row, theta_e_arcsec=float(theta_e), snr=float(snr),
            kind=_kind(float(theta_e), n_images), core=float(core), side=side,
            theta_e_pix=float(theta_e) / scale if scale and theta_e > 0 else None,
            aperture_pix=run.aperture_radius_pix[radius],
            centre=(side / 2 + lens[0], side / 2 - lens[1])))
    return items


def _kind(theta_e: float, n_images: int) -> str:
    if theta_e == 0.0:
        return "unlensed"
    if n_images < 0:
        return "lensed"
    words = {0: "ring", 1: "one image", 2: "two images", 3: "three images",
             4: "four images", 5: "five images"}
    return words.get(n_images, f"{n_images} images")


def _side(height: int, width: int) -> int:
    """Of what is shown: about the same centre as the stamp."""
    side = min(height, width, SIDE_PIX)
    return side - (min(height, width) - side) % 2


def _cut(picture: "NDArray[Any]") -> "NDArray[Any]":
    """The middle of a picture [y, x, 3], as a square."""
    height, width = picture.shape[:2]
    side = _side(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    return picture[y:y + side, x:x + side]


def _png(picture: "NDArray[Any]") -> str:
    try:
        from matplotlib.image import imsave
    except ImportError as error:
        raise needs("matplotlib", "a report", error) from error
    out = io.BytesIO()
    imsave(out, np.clip(np.round(255 * picture), 0, 255).astype(np.uint8), origin="lower",
           format="png", metadata={"Software": None})
    return data_uri("image/png", out.getvalue())


def kinds_of(items: List[Item]) -> Dict[str, int]:
    found: Dict[str, int] = {}
    for item in items:
        found[item.kind] = found.get(item.kind, 0) + 1
    return dict(sorted(found.items()))
