"""Fresh pairs without end, rendered as they are needed."""

import pathlib
import sys
from collections.abc import Iterator
from typing import Any, Dict, Optional, Sequence

import yaml

from lensmill.errors import InputError
from lensmill.renderer import Rendered, Renderer, Source

ENDLESS_ROWS = 10**9
FIRST_FAILED_STATUS = 10


def _drawn_rows(config: Source) -> Optional[int]:
    """catalogue.sampled.count of a configuration; None: another kind of catalogue."""
    try:
        tree = yaml.safe_load(pathlib.Path(config).read_text())
        sampled = tree["catalogue"].get("sampled")
        return None if sampled is None else int(sampled.get("count", 0))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError):
        return None  # the program says what is wrong with it


def _this_worker() -> "tuple[int, int]":
    """Of PyTorch's DataLoader, if this process is one's worker."""
    torch = sys.modules.get("torch")
    info = torch.utils.data.get_worker_info() if torch is not None else None
    return (0, 1) if info is None else (info.id, info.num_workers)


def stream(config: Source, split: Optional[str] = None, *, epoch: int = 0,
           epoch_rows: Optional[int] = None, worker: Optional[int] = None,
           workers: Optional[int] = None, block: int = 32,
           products: Sequence[str] = ("positive", "negative"),
           columns: Sequence[str] = (), overrides: Optional[Dict[str, Any]] = None,
           program: Optional[Source] = None) -> Iterator[Dict[str, Any]]:
    """Fresh pairs without end, one dict of arrays per row: `row`, the products
    [band, y, x], the columns of catalogue or measurements.

    Of a sampled catalogue each epoch has rows of its own: epoch e those from
    e * `epoch_rows` on (without: catalogue.sampled.count), and after it comes the next one.
    They are the rows of a run of as many rows, so that configuration (with its seed), epoch
    and row say everything: worker w of W renders blocks w, w + W, ... of `block` rows, and all
    workers together the same rows, however many they are. Of a catalogue that is a grid or a
    file there is one epoch, and then no more.

    `worker` and `workers`: without, those of PyTorch's DataLoader. Rows that failed are
    left out.
    """
    if epoch < 0 or block < 1:
        raise ValueError(f"epoch must be 0 or more, block 1 or more (got {epoch}, {block})")
    if epoch_rows is not None and epoch_rows < 1:
        raise ValueError(f"epoch_rows must be 1 or more (got {epoch_rows})")
    here = _this_worker()
    worker, workers = here[0] if worker is None else worker, workers or here[1]
    if not 0 <= worker < workers:
        raise ValueError(f"worker must be in [0, workers) (got {worker} of {workers})")
    changes = dict(overrides or {})
    drawn = changes.pop("catalogue.sampled.count", None) or _drawn_rows(config)
    if drawn is not None:
        changes.update({"catalogue.sampled.count": ENDLESS_ROWS, "output.rows_per_shard": 4096})
    with Renderer(config, overrides=changes, program=program) as renderer:
        size = epoch_rows or drawn or len(renderer)
        last = len(renderer)
        first = epoch * size
        while first < last:
            end = min(first + size, last)
            for start in range(first + worker * block, end, workers * block):
                part = renderer.rows(range(start, min(start + block, end)), split)
                yield from _each(part, products, columns)
            first = end


def _each(part: Rendered, products: Sequence[str], columns: Sequence[str]
          ) -> Iterator[Dict[str, Any]]:
    images = part.images
    known = {**part.catalogue, **part.measurements}
    for name in products:
        if name not in images:
            raise InputError(f"no product {name}; output.products of the configuration has "
                             f"{', '.join(images) or 'none'}")
    for name in columns:
        if name not in known:
            raise InputError(f"no column {name} in catalogue or measurements")
    status = part.measurements["status"]
    for k, row in enumerate(part.row):
        if status[k] >= FIRST_FAILED_STATUS:
            continue
        yield {"row": int(row), **{name: images[name][k] for name in products},
               **{name: known[name][k] for name in columns}}
