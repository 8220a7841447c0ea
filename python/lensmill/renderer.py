"""Rows rendered when they are asked for, by the program, without a run's files: those of a
run again, byte for byte, or those of a configuration that no run was made of."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Union

import numpy as np
from numpy.typing import NDArray

from lensmill.errors import InputError, LensmillError, MissingPackage
from lensmill.images import NOT_A_NUMBER

FORMAT = "lensmill render 1"
INPUT_CODES, IO_CODE = (64, 65, 78), 74
# The program starts MPI by itself. What a launcher has told *this* process about its own
# ranks would make it wait for them.
OF_LAUNCHERS = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "SLURM_PMIX", "SLURM_PMI", "PALS_")
# Of these the user's own settings of Open MPI are kept, but not those by which mpirun tells
# its ranks where they belong.
KEPT, NOT_KEPT = ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_MCA_"), (
    "OMPI_MCA_ess", "OMPI_MCA_pmix", "OMPI_MCA_orte_", "OMPI_MCA_initial_")
TYPES = {"uint8": "u1", "int16": "i2", "int32": "i4", "int64": "i8", "uint64": "u8",
         "float32": "f4", "float64": "f8"}
Source = Union[str, "os.PathLike[str]"]


def find_program(program: Optional[Source] = None) -> str:
    """`lensmill`, the compiled program: the argument, LENSMILL_PROGRAM, on PATH, or of the
    clone that this package lies in. \\raises MissingPackage"""
    clone = pathlib.Path(__file__).resolve().parents[2] / "build"
    for place in (program, os.environ.get("LENSMILL_PROGRAM"), shutil.which("lensmill"),
                  clone / "release/bin/lensmill", clone / "ci/bin/lensmill"):
        if place is None or place == "":
            continue
        if os.access(place, os.X_OK) and os.path.isfile(place):
            return str(place)
        if place == program or place == os.environ.get("LENSMILL_PROGRAM"):
            raise MissingPackage(f"{place}: no such program; give the path of `lensmill`")
    raise MissingPackage("rendering needs the program lensmill, which is neither on PATH nor "
                         "in build/release/bin: build it (jobs/build.sh release), or set "
                         "LENSMILL_PROGRAM")


def _dtype(kind: str) -> "np.dtype[Any]":
    if kind.startswith("text"):
        return np.dtype(f"S{int(kind[4:])}")
    return np.dtype(TYPES[kind])


def _error(code: int, message: str) -> Exception:
    if code in INPUT_CODES:
        return InputError(message)
    return OSError(message) if code == IO_CODE else LensmillError(message)


@dataclass
class Rendered:
    """Some rows.

    Attributes
    ----------
    row : array of int64
        Their numbers, in the order asked for (with `split`, those of that part).
    stored : dict
        Every dataset as a shard has it: "images/positive", "catalogue/lens_q", ...
    """

    row: "NDArray[np.int64]"
    stored: Dict[str, "NDArray[Any]"] = field(repr=False)

    def __len__(self) -> int:
        return len(self.row)

    def _group(self, group: str) -> Dict[str, "NDArray[Any]"]:
        return {name[len(group) + 1:]: values for name, values in self.stored.items()
                if name.startswith(group + "/") and "/" not in name[len(group) + 1:]}

    @property
    def images(self) -> Dict[str, "NDArray[np.float32]"]:
        """Stamps [row, band, y, x] in float32 by product, int16 decoded."""
        stored = self._group("images")
        out: Dict[str, NDArray[np.float32]] = {}
        for name, values in stored.items():
            if values.dtype == np.float32:
                out[name] = values
            elif values.dtype == np.int16:
                scale, offset = (stored[f"{name}_{part}"][:, :, None, None]
                                 for part in ("scale", "offset"))
                pixels = (values * scale + offset).astype(np.float32)
                pixels[values == NOT_A_NUMBER] = np.nan
                out[name] = pixels
        return out

    @property
    def catalogue(self) -> Dict[str, "NDArray[Any]"]:
        """Columns of the truth by name."""
        return self._group("catalogue")

    @property
    def carried(self) -> Dict[str, "NDArray[Any]"]:
        """The user's own columns."""
        return self._group("catalogue/carried")

    @property
    def measurements(self) -> Dict[str, "NDArray[Any]"]:
        return self._group("measurements")


class Renderer:
    """Renders rows with a process of its own (`lensmill render`): no file, no mpirun.

    ``Renderer("config.yaml")`` renders rows of the configuration's catalogue,
    ``Renderer(run="RUN")`` those of a run again: the stored bytes, or an exception where
    they cannot be promised (another build or instruction level, other input files). Can be
    pickled and used after a fork: each process starts its own program when it first renders.

    Parameters
    ----------
    config : path, optional
        A configuration (YAML).
    run : path, optional
        A run's folder.
    overrides : dict, optional
        Of the configuration: ``{"catalogue.sampled.count": 100}``.
    accept_different_build : bool
        Of a run: render although the last digits may differ.
    program : path, optional
        The program `lensmill`; see `find_program`.

    Raises (when the first row is rendered, or `start` is called)
    ------
    InputError, OSError, LensmillError
        With the program's message.
    """

    def __init__(self, config: Optional[Source] = None, *, run: Optional[Source] = None,
                 overrides: Optional[Dict[str, Any]] = None,
                 accept_different_build: bool = False,
                 program: Optional[Source] = None) -> None:
        if (config is None) == (run is None):
            raise ValueError("give a configuration or run=RUN, one of them")
        source = os.path.abspath(run if run is not None else config or "")
        if run is not None and not os.path.isdir(source):
            raise InputError(f"{source}: no such folder of a run")
        if run is None and os.path.isdir(source):
            raise InputError(f"{source}: is a folder; a run's is given as run=...")
        self._command: List[str] = [find_program(program), "render", source]
        for key, value in (overrides or {}).items():
            self._command += ["--set", f"{key}={json.dumps(value)}"]
        if accept_different_build:
            self._command.append("--accept-different-build")
        self._forget()

    def _forget(self) -> None:
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._lock = threading.Lock()
        self._owner = 0
        self._said: Any = None
        self._description: Dict[str, Any] = {}

    def __getstate__(self) -> Dict[str, Any]:
        return {"_command": self._command}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self._command = state["_command"]
        self._forget()

    def start(self) -> "Renderer":
        """Start the program, if this process has not: files are opened and checked."""
        if self._process is not None and self._owner == os.getpid():
            return self
        self._forget()
        self._said = tempfile.TemporaryFile()
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(OF_LAUNCHERS)
                       or (name.startswith(KEPT) and not name.startswith(NOT_KEPT))}
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._said, env=environment)
        self._owner = os.getpid()
        try:
            self._description = self._line()
        except ValueError as error:
            self.close()
            raise LensmillError(f"{self._command[0]}: does not answer as `lensmill render` does "
                                f"({error})") from None
        if self._description.get("format") != FORMAT:
            self.close()
            raise LensmillError(f"{self._command[0]}: answers in the format "
                                f"{self._description.get('format')!r}, not {FORMAT!r}; "
                                "package and program are of different versions")
        self._datasets = [(entry["name"].lstrip("/"), _dtype(entry["type"]),
                           tuple(entry["shape"][1:]))
                          for entry in self._description["datasets"]]
        return self

    def _failure(self) -> Exception:
        """What the program said as it ended."""
        assert self._process is not None
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        said = [line[len("lensmill: "):] if line.startswith("lensmill: ") else line
                for line in lines if "PSF self-test:" not in line]
        message = "\n".join(said[-20:]) or "no message"
        self._forget()
        if code < 0:
            return LensmillError(f"{self._command[0]}: was ended by signal {-code}; {message}")
        return _error(code, message)

    def _line(self) -> Dict[str, Any]:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._failure()
        answer: Dict[str, Any] = json.loads(line)
        return answer

    @property
    def description(self) -> Dict[str, Any]:
        """`bands`, `aperture_radius_pix`, `rows`, `config` (resolved YAML), ..."""
        return self.start()._description

    @property
    def bands(self) -> List[str]:
        return list(self.description["bands"])

    def __len__(self) -> int:
        """Rows that there are."""
        return int(self.description["rows"])

    def rows(self, rows: Any, split: Optional[str] = None) -> Rendered:
        """Render rows by number: one, a list, a range or an array. With `split` ("train",
        "validation", "test") only those that are of this part."""
        self.start()
        wanted = np.atleast_1d(np.asarray(rows))
        if wanted.size and wanted.dtype.kind not in "iu":
            raise TypeError(f"rows are integers (got {wanted.dtype})")
        most = int(self._description["most_rows"])
        parts = [self._request(wanted[at:at + most], split)
                 for at in range(0, max(1, len(wanted)), most)]
        if len(parts) == 1:
            return parts[0]
        return Rendered(np.concatenate([part.row for part in parts]),
                        {name: np.concatenate([part.stored[name] for part in parts])
                         for name in parts[0].stored})

    def _request(self, rows: "NDArray[Any]", split: Optional[str]) -> Rendered:
        request = {"rows": [int(row) for row in rows], "split": split}
        answer, data = self._exchange(json.dumps(request).encode() + b"\n")
        if "error" in answer:
            raise _error(int(answer["code"]), str(answer["error"]))
        made = np.array(answer["rows"], np.int64)
        if split is None and answer["rows"] != request["rows"]:
            raise LensmillError(f"{self._command[0]}: answered another request; this is a "
                                "defect of lensmill")
        stored: Dict[str, NDArray[Any]] = {}
        at = 0
        for name, kind, shape in self._datasets:
            count = len(made) * int(np.prod(shape, dtype=np.int64))
            stored[name] = np.frombuffer(data, kind, count, at).reshape(len(made), *shape)
            at += count * kind.itemsize
        if at != len(data):
            raise LensmillError(f"{self._command[0]}: {len(data)} bytes, {at} are expected")
        return Rendered(made, stored)

    def _exchange(self, request: bytes) -> "tuple[Dict[str, Any], bytearray]":
        """A request's answer and data. What is interrupted in between must not be read as the
        answer to the next one: the program is then ended."""
        with self._lock:
            assert self._process is not None and self._process.stdin is not None
            process = self._process
            try:
                try:
                    self._process.stdin.write(request)
                    self._process.stdin.flush()
                except BrokenPipeError:
                    raise self._failure() from None
                answer = self._line()
                return answer, self._bytes(int(answer.get("bytes", 0)))
            except BaseException:
                self._forget()
                process.kill()
                process.wait()
                raise

    def _bytes(self, count: int) -> bytearray:
        assert self._process is not None and self._process.stdout is not None
        data = bytearray(count)
        view, at = memoryview(data), 0
        while at < count:
            got = self._process.stdout.readinto(view[at:])  # type: ignore[attr-defined]
            if not got:
                raise self._failure()
            at += got
        return data

    def close(self) -> None:
        """End the program; rendering starts it again."""
        process, owner = self._process, self._owner
        self._forget()
        if process is None or owner != os.getpid():
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdout.close()
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> "Renderer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_process", None) is not None:
            self.close()

    def __repr__(self) -> str:
        return f"<Renderer {self._command[2]}>"
