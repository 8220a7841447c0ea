"""What the tests of the command line share: running lensmill, small configurations,
comparing what runs wrote byte for byte.

Environment (set by CTest): LENSMILL_PROGRAM, LENSMILL_SOURCE, LENSMILL_DATA,
LENSMILL_REQUIRE_DATA. Every call has a time limit: a hang is a failure, not a wait.
"""

import dataclasses
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import h5py

PROGRAM = os.environ.get("LENSMILL_PROGRAM", "lensmill")
TIME_LIMIT_S = 240
DATA_GROUPS = ("images", "catalogue", "catalogue/carried", "measurements")

USAGE, BAD_DATA, IO, INTERRUPTED, CONFIG = 64, 65, 74, 75, 78

# One band, small stamps: 64 rows take a tenth of a second.
SMALL = """\
schema: 1
run: {name: small, seed: 7}
grid: {pixel_scale_arcsec: 0.262, stamp_size_pix: 16}
bands: [r]
catalogue:
  sampled: {count: 10}
priors:
  theta_e_arcsec: 1.2
  lens_q: {uniform: [0.6, 1.0]}
  lens_phi_rad: 0.0
  lens_gamma: 2.0
  shear_g1: 0.0
  shear_g2: 0.0
  src_offset: {disc: {radius_over_theta_e: 0.8}}
  src_reff_arcsec: 0.3
  src_sersic_n: 1.0
  src_q: 0.7
  src_phi_rad: 0.0
  src_flux_nmgy_r: 10.0
host: none
psf:
  r: {kind: gaussian, fwhm_pix: 4.0}
noise:
  sky_sigma_nmgy: {r: 0.01}
  gain_e_per_nmgy: {r: 500}
measure: {aperture_radius_pix: [3.0, 5.0], annulus_pix: [5.0, 8.0]}
output: {rows_per_shard: 64}
"""

# Two bands, a host, drawn PSFs: what the random numbers of a row have to decide.
RICH = """\
schema: 1
run: {name: rich, seed: 20260206}
grid: {pixel_scale_arcsec: 0.262, stamp_size_pix: 16}
bands: [g, r]
catalogue: {sampled: {count: 10}}
priors:
  theta_e_arcsec: {choice: [0.0, 0.75, 1.5]}
  lens_ellipticity: {uniform: [0.05, 0.5]}
  lens_phi_rad: {uniform: [0.0, 3.141592653589793]}
  lens_gamma: 2.0
  shear_magnitude: {choice: [0.0, 0.04]}
  shear_phi_rad: {uniform: [0.0, 3.141592653589793]}
  src_offset: {disc: {radius_arcsec: 0.8}}
  src_reff_arcsec: {choice: [0.2, 0.4]}
  src_sersic_n: 1.0
  src_phi_rad: {uniform: [0.0, 3.141592653589793]}
  src_ellipticity: {choice: [0.0, 0.4]}
  host_mag_r: {normal: {mean: 20.5, sigma: 0.8, min: 18.0, max: 22.5}}
  host_colour_g_r: {normal: {mean: 1.5, sigma: 0.2}}
  src_mag_minus_host_mag_r: {choice: [0.5, 1.0]}
  src_colour_g_r: 0.2
host:
  sersic:
    reff_arcsec: {lognormal: {median: 1.0, sigma_dex: 0.2}}
    n: 2.0
    ellipticity: {uniform: [0.0, 0.4]}
psf:
  g: {kind: gaussian, fwhm_pix: 4.5}
  r: {kind: moffat, beta: 3.5, fwhm_arcsec: {uniform: [1.0, 1.5]}, size_pix: [21, 21]}
noise:
  sky_sigma_nmgy: {g: 0.006, r: 0.010}
  gain_e_per_nmgy: {g: 600, r: 500}
measure: {aperture_radius_pix: [3.0, 5.0], annulus_pix: [5.0, 8.0]}
output:
  products: [positive, negative, arc, arc_intrinsic, counter_image, host, variance]
  rows_per_shard: 64
"""


def edited(text, old, new):
    """`text` with the first `old` replaced; a test must not pass on an edit that did
    not happen."""
    if old not in text:
        raise AssertionError(f"no `{old}` to edit")
    return text.replace(old, new, 1)


@dataclasses.dataclass
class Result:
    code: int
    stdout: str
    stderr: str

    def __str__(self):
        return f"code {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


def environment():
    """Of every call. Open MPI runs anywhere, also as root, and starts quickly, without a
    look for networks. Ranks that wait leave their core to others (on a busy machine this
    decides over minutes)."""
    return {**os.environ,
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
            "OMPI_MCA_mpi_yield_when_idle": "1",
            # mpirun's own words where /sys is missing; the program sees to its own.
            "HWLOC_HIDE_ERRORS": "2",
            "OMPI_MCA_pml": "ob1", "OMPI_MCA_btl": "self,vader"}


def command(arguments, ranks):
    arguments = [PROGRAM, *map(str, arguments)]
    if ranks == 0:
        return arguments
    return ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none",
            *arguments]


def start(*arguments, ranks=0, cwd=None, env=None, stderr=subprocess.PIPE):
    """lensmill as a process of ours, alone (ranks 0) or under mpirun."""
    return subprocess.Popen(command(arguments, ranks), cwd=cwd, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=stderr, env={**environment(), **(env or {})})


def finish(process, time_limit_s=TIME_LIMIT_S):
    """Its Result; what does not end in time is ended (mpirun takes its ranks along)."""
    try:
        stdout, stderr = process.communicate(timeout=time_limit_s)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            stdout, stderr = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
        raise AssertionError(
            f"{process.args}: no end within {time_limit_s} s\n{stdout}\n{stderr}")
    return Result(process.returncode, stdout, stderr)


def lensmill(*arguments, ranks=0, cwd=None, env=None):
    return finish(start(*arguments, ranks=ranks, cwd=cwd, env=env))


def contents(file, rows=None):
    """Every dataset of /images, /catalogue (carried columns too) and /measurements of an HDF5 file (an open
    one or a path): name -> (type, shape, bytes), of some rows or of all."""
    if not isinstance(file, h5py.File):
        with h5py.File(file, "r") as opened:
            return contents(opened, rows)
    found = {}
    for group in DATA_GROUPS:
        for name, dataset in file.get(group, {}).items():
            if isinstance(dataset, h5py.Group):
                continue
            values = dataset[...] if rows is None else dataset[...][rows]
            found[f"{group}/{name}"] = (values.dtype.str, values.shape, values.tobytes())
    return found


class Case(unittest.TestCase):
    """A test with a folder of its own."""

    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="lensmill-cli-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def assert_ends(self, result, code, *pieces, absent=()):
        """The exit code, and every piece in what stderr says."""
        self.assertEqual(result.code, code, str(result))
        for piece in pieces:
            self.assertIn(str(piece), result.stderr)
        for piece in absent:
            self.assertNotIn(str(piece), result.stderr)
        return result

    def make_run(self, name, text=SMALL, *options, ranks=0, code=0):
        """A run in the folder `name` by a configuration's text; its folder."""
        run = self.folder / name
        config = self.write(f"{name}.yaml", text)
        self.assert_ends(
            lensmill("run", config, "--output", run, *options, ranks=ranks), code)
        return run

    def assert_same_contents(self, actual, expected):
        """Two results of contents(): the same datasets, the same bytes."""
        self.assertEqual(sorted(actual), sorted(expected))
        self.assertGreater(len(actual), 0)
        different = [name for name in expected if actual[name] != expected[name]]
        self.assertEqual(different, [], "datasets that differ")


def virtual_file(run):
    """NAME.h5 of a run's folder."""
    files = [path for path in pathlib.Path(run).glob("*.h5")]
    assert len(files) == 1, f"{run}: {files}"
    return files[0]


def shards(run):
    """Names of the shard files that are there, with partial ones."""
    return sorted(path.name for path in (pathlib.Path(run) / "shards").iterdir())


def snapshot(folder):
    """Everything below a folder: path -> (contents, time of last change)."""
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(pathlib.Path(folder).rglob("*")) if path.is_file()}


def reseal(path):
    """Give a shard that a test has changed a seal that fits (docs/output-format.md), as
    if lensmill had written it so."""
    path = pathlib.Path(path)
    data = path.read_bytes()
    lines = data[:data.index(b"\0")].decode().splitlines()
    assert lines[0] == "lensmill-sealed-hdf5 1", lines[0]
    block = next(int(line.split()[1]) for line in lines if line.startswith("block_bytes"))
    extents = [tuple(map(int, line.split()[1:])) for line in lines
               if line.startswith("data ")]

    def head(digest):
        text = "".join(
            f"file_bytes {len(data)}\n" if line.startswith("file_bytes") else
            f"structure_digest {digest}\n" if line.startswith("structure_digest") else
            line + "\n" for line in lines)
        return text.encode().ljust(block, b"\0")

    structure, at = hashlib.sha256(head("0" * 64)), block
    for offset, size in extents:
        structure.update(data[at:offset])
        at = offset + size
    structure.update(data[at:])
    path.write_bytes(head(structure.hexdigest()) + data[block:])


def data_path(case, name, *, real=False):
    """A file of the tests' data; `real`: not one of jobs/demo-data.sh's. Missing: the test
    fails when data are required, else it is skipped, and says so."""
    folder = pathlib.Path(os.environ.get("LENSMILL_DATA", ""))
    path = folder / name
    if path.exists() and not (real and (folder / "SYNTHETIC").exists()):
        return path
    message = f"SKIPPED for want of data: {path} (LENSMILL_DATA)"
    if os.environ.get("LENSMILL_REQUIRE_DATA") == "1":
        case.fail(message)
    print(message, file=sys.stderr)
    case.skipTest(message)


def use_data(folder):
    """Programs that are started from now on find their data there."""
    os.environ["LENSMILL_DATA"] = str(folder)


def own_mounts():
    """Start this script again where its mounts are its own and end with it. Without the
    right to mount the tests of Disk are skipped, and say so."""
    if os.environ.get("LENSMILL_OWN_MOUNTS") is not None:
        return
    for rights in (["--mount"], ["--map-root-user", "--mount"]):
        try:
            allowed = subprocess.run(["unshare", *rights, "mount", "-t", "tmpfs", "none",
                                      "/tmp"], capture_output=True, timeout=TIME_LIMIT_S)
        except FileNotFoundError:
            break
        if allowed.returncode == 0:
            os.environ["LENSMILL_OWN_MOUNTS"] = "yes"
            os.execvp("unshare", ["unshare", *rights, sys.executable, "-B", *sys.argv])
    os.environ["LENSMILL_OWN_MOUNTS"] = "no"


class Disk:
    """A file system of a given size, in memory. Needs own_mounts()."""

    def __init__(self, case, folder, size):
        if os.environ.get("LENSMILL_OWN_MOUNTS") != "yes":
            message = "SKIPPED: mounting a file system is not allowed here"
            print(message, file=sys.stderr)
            case.skipTest(message)
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._mount("-t", "tmpfs", "-o", f"size={size}", "none")
        case.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True,
                        timeout=TIME_LIMIT_S)

    def _mount(self, *arguments):
        subprocess.run(["mount", *arguments, self.folder], check=True,
                       timeout=TIME_LIMIT_S)

    def resize(self, size):
        self._mount("-o", f"remount,size={size}")

    def make_read_only(self):
        self._mount("-o", "remount,ro")
