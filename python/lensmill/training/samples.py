"""Rows of a run as samples: pairs, or labelled stamps."""

from collections.abc import Sequence
from typing import Any, Dict, List, Optional, Union

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError, NotThere
from lensmill.masked import ma
from lensmill.layout import config_value, load_config
from lensmill.run import Run
from lensmill.training.memory import Arrays, Memory
from lensmill.training.order import SEED
from lensmill.training.transforms import Batch, Transform

PAIR, LABELLED = "pair", "labelled"
Undefined = Union[str, float]


class Reader:
    """Reads rows of a run as batches of arrays.

    Parameters
    ----------
    run : Run
    form : "pair" or "labelled"
        "pair": `positive` and `negative` (what `products` names) as [row, band, y, x].
        "labelled": `image`, the positives and then the negatives of the same rows, and
        `label`, 1 and 0.
    products : list of str
        Images of pairs.
    columns : list of str
        Columns of catalogue, measurements or carried ones, perhaps narrowed ("arc_snr.r").
    transforms : list of Transform
        In their order.
    undefined : "raise", "keep" or a number
        What becomes of undefined pixels (NaN): an exception that names the row, NaN, or a
        number.
    """

    def __init__(self, run: Run, *, form: str = PAIR,
                 products: "Sequence[str]" = ("positive", "negative"),
                 columns: "Sequence[str]" = (), transforms: "Sequence[Transform]" = (),
                 undefined: Undefined = "raise") -> None:
        if form not in (PAIR, LABELLED):
            raise ValueError(f"form must be \"pair\" or \"labelled\" (got {form!r})")
        if isinstance(undefined, str) and undefined not in ("raise", "keep"):
            raise ValueError("undefined must be \"raise\", \"keep\" or a number (got "
                             f"{undefined!r})")
        if form == LABELLED and set(products) != {"positive", "negative"}:
            raise ValueError("form=\"labelled\" is of positive and negative alone")
        self.run, self.form, self.undefined = run, form, undefined
        self.products, self.columns = tuple(products), tuple(columns)
        self.transforms = tuple(transforms)
        wanted = [*self.products]
        for transform in self.transforms:
            wanted += [name for name in transform.products if name not in wanted]
        self.read_products = tuple(wanted)
        # There, or an error now.
        self._images = {name: run.images[name] for name in wanted}
        for name in self.columns:
            self._column(name, np.empty(0, np.int64))
        self.memory: Arrays = Memory()
        self._needs_lens = any(one.needs_lens for one in self.transforms)
        config = load_config(run.table.layout.yaml_text, str(run.path))
        self._scale = float(config_value(config, "grid.pixel_scale_arcsec", str(run.path))
                            ) if self._needs_lens else 1.0

    def _column(self, name: str, rows: "NDArray[np.int64]") -> Any:
        values = self.run.column(name, rows)
        if ma.getmaskarray(values).any():
            raise NotThere(f"{self.run.path}: {name}: rows are not there")
        return values.data

    def _lens_pix(self, axis: str, rows: "NDArray[np.int64]") -> "NDArray[np.float64]":
        """Where the lens is: docs/conventions.md, arcsec from the stamp's centre."""
        size = self._images[self.read_products[0]].shape[-1]
        middle = 0.5 * (size - 1)
        name = f"lens_{axis}_arcsec"
        if name not in self.run.catalogue.names():
            return np.full(len(rows), middle)
        return np.asarray(middle + self._column(name, rows) / self._scale)

    def read(self, rows: "NDArray[np.int64]") -> Batch:
        """Arrays of these rows, before the transforms."""
        rows = np.ascontiguousarray(rows, np.int64)
        batch: Batch = {"row": rows}
        for name in self.read_products:
            product = self._images[name]
            image = product.read_all(rows, out=self.memory.array(
                (len(rows), *product.shape[1:])))
            # The sum of a stamp is undefined if one of its pixels is.
            if self.undefined != "keep" and not np.isfinite(image.sum()):
                image = self._defined(name, rows, image)
            batch[name] = image
        for name in self.columns:
            batch[name] = self._column(name, rows)
        if self._needs_lens:
            batch["lens_x_pix"] = self._lens_pix("x", rows)
            batch["lens_y_pix"] = self._lens_pix("y", rows)
        return batch

    def _defined(self, name: str, rows: "NDArray[np.int64]", image: "NDArray[np.float32]"
                 ) -> "NDArray[np.float32]":
        bad = ~np.isfinite(image)
        if not bad.any():
            return image  # the sum alone was too large
        if isinstance(self.undefined, str):
            row = int(rows[bad.any(axis=(1, 2, 3))][0])
            raise InputError(f"{self.run.path}: images/{name}: row {row} has undefined "
                             "pixels: leave such rows out, or say what they are (undefined="
                             "0.0, or \"keep\")")
        image[bad] = np.float32(self.undefined)
        return image

    def finish(self, batch: Batch, rng: np.random.Generator) -> Batch:
        """The transforms, and the form."""
        for transform in self.transforms:
            batch = transform(batch, rng)
        kept = {"row", *self.products, *self.columns}
        batch = {name: value for name, value in batch.items() if name in kept}
        if self.form == PAIR:
            return batch
        count = len(batch["row"])
        pair = [batch.pop("positive"), batch.pop("negative")]
        image: Any = None
        if pair[0].dtype == pair[1].dtype == np.float32:
            image = self.memory.array((2 * count, *pair[0].shape[1:]))
        result: Batch = {"image": np.concatenate(pair, out=image),
                         "label": np.repeat(np.array([1, 0], np.int64), count)}
        for name, values in batch.items():
            result[name] = np.concatenate([values, values])
        return result


def generator(*key: int) -> np.random.Generator:
    """The random numbers of one batch or sample."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


class Samples:
    """Map-style: `samples[k]` is one row's arrays, without the axis of rows.

    Parameters
    ----------
    run : Run
    rows : array of int64, optional
        Without: all rows that are there and did not fail (`run.where()`).
    seed : int
        Of random transforms, which then depend on seed, epoch and row alone.
    **options
        As for `Reader`. With form="labelled" sample 2k is the positive of row k and 2k + 1
        its negative.
    """

    def __init__(self, run: Run, rows: "Optional[NDArray[np.int64]]" = None, *,
                 seed: int = SEED, **options: Any) -> None:
        self.reader = Reader(run, **options)
        self.rows = run.where() if rows is None else np.asarray(rows, np.int64)
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Random transforms are drawn anew in each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.rows) * (2 if self.reader.form == LABELLED else 1)

    def __getitem__(self, index: int) -> Dict[str, Any]:
        number = int(index)
        if not -len(self) <= number < len(self):
            raise IndexError(f"sample {number} is beyond the {len(self)} that there are")
        number %= len(self)
        labelled = self.reader.form == LABELLED
        at, part = divmod(number, 2) if labelled else (number, 0)
        row = self.rows[at:at + 1]
        batch = self.reader.finish(self.reader.read(row),
                                   generator(self.seed, self.epoch, 3, int(row[0])))
        return {name: values[part] for name, values in batch.items()}

    def __getitems__(self, indices: List[int]) -> List[Dict[str, Any]]:
        return [self[index] for index in indices]


