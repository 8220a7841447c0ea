"""Format version 2: every dataset is listed, the digests of data and record can be made
again by anybody, and what was changed in a shard, in NAME.h5 or in run.yaml is found and
named."""

import hashlib
import json
import random
import resource
import shutil
import struct
import subprocess
import unittest

import h5py

from support import BAD_DATA, SMALL, Case, command, edited, environment, lensmill
from support import reseal, virtual_file

ROWS = 100
TEXT = edited(edited(SMALL, "count: 10", f"count: {ROWS}"), "theta_e_arcsec: 1.2",
              "theta_e_arcsec: {choice: [1.0, 1.2]}")
# Of bits flipped in a shard, each met by its own process; unit.io.seal flips 500.
FLIPS = 12
FLIP_SEED = 13


def digest(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(value):
    return value.decode() if isinstance(value, bytes) else value


def plain(value):
    if getattr(value, "shape", ()):
        return value.tolist()
    return value if isinstance(value, str) else int(value)


def data_digest(shard):
    datasets = json.loads(shard["provenance/datasets"][()])
    for entry in datasets:
        blocks = shard["provenance/sha256" + entry["name"]][:]
        entry["sha256"] = [block.decode() for block in blocks]
    return digest(datasets)


def record_digest(shard):
    record = {f"/@{name}": plain(value) for name, value in shard.attrs.items()}
    del record["/@data_digest"], record["/@record_digest"]
    group = shard["provenance"]
    record |= {f"/provenance@{name}": plain(value) for name, value in group.attrs.items()}
    for name, dataset in group.items():
        if not isinstance(dataset, h5py.Dataset):
            continue
        path = f"/provenance/{name}"
        values = dataset[()]
        record[path] = text_of(values) if dataset.shape == () else [*map(text_of, values)]
        record |= {f"{path}@{key}": plain(value) for key, value in dataset.attrs.items()}
    return digest(record)


def flip(path, at, bit=0):
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    path.write_bytes(data)


def values_of(path):
    """The bytes of a sealed file that its seal leaves out."""
    head = path.read_bytes().split(b"\0", 1)[0].decode()
    return [(int(line.split()[1]), sum(map(int, line.split()[1:])))
            for line in head.splitlines() if line.startswith("data ")]


class FormatCase(Case):
    def setUp(self):
        super().setUp()
        self.run = self.make_run("run", TEXT)
        self.shard = self.run / "shards/shard-000001.h5"

    def resume(self, *options):
        return lensmill("run", self.folder / "run.yaml", "--output", self.run, "--resume",
                        *options)

    def assert_not_verified(self, *says, sample=0):
        result = lensmill("verify", self.run, "--sample", sample)
        self.assertEqual(result.code, BAD_DATA, result)
        self.assertIn("NOT verified", result.stdout)
        for piece in says:
            self.assertIn(str(piece), result.stdout)
        return result

    def assert_verified(self):
        result = self.assert_ends(lensmill("verify", self.run, "--sample", 5), 0)
        self.assertIn("\nverified", result.stdout)


class Digests(FormatCase):
    def test_every_dataset_is_listed_and_h5py_makes_both_digests_again(self):
        with h5py.File(self.shard) as shard:
            listed = json.loads(shard["provenance/datasets"][()])
            there = [f"/{group}/{name}" for group in ("images", "catalogue", "measurements")
                     for name in shard[group]]
            self.assertEqual(sorted(entry["name"] for entry in listed), sorted(there))
            for entry in listed:
                dataset = shard[entry["name"]]
                self.assertEqual(tuple(entry["shape"]), dataset.shape)
                self.assertEqual(entry["type"], dataset.dtype.name)
                for key in ("unit", "description"):
                    self.assertIs(type(dataset.attrs[key]), str)
                    self.assertEqual(entry[key], dataset.attrs[key])
            self.assertEqual(shard.attrs["format_version"], 2)
            self.assertEqual(shard.attrs["digest_algorithm"], "SHA-256")
            self.assertEqual(shard.attrs["data_digest"], data_digest(shard))
            self.assertEqual(shard.attrs["record_digest"], record_digest(shard))
            self.assertIn(shard.attrs["data_digest"],
                          lensmill("info", self.shard).stdout)

    def test_bands_and_radii_are_attributes_of_shards_and_of_the_virtual_file(self):
        for path in (self.shard, virtual_file(self.run)):
            with h5py.File(path) as file:
                self.assertEqual(list(file.attrs["bands"]), ["r"])
                radii = file.attrs["aperture_radius_pix"]
                self.assertEqual((radii.dtype, list(radii)), (float, [3.0, 5.0]))
                self.assertEqual(file["measurements/core_flux_fraction"].shape[1:], (1, 2))

    def test_shards_made_before_there_were_such_attributes_are_read(self):
        with h5py.File(self.shard, "r+") as shard:
            del shard.attrs["bands"], shard.attrs["aperture_radius_pix"]
            shard.attrs["record_digest"] = record_digest(shard)
        reseal(self.shard)

        self.assert_verified()
        self.assert_ends(lensmill("analyse", self.run), 0)
        self.assert_ends(self.resume(), 0, "2 shards are there already, 0 to make")

    def test_a_changed_attribute_is_found(self):
        with h5py.File(self.shard, "r+") as shard:
            shard.attrs["bands"] = ["g"]
        reseal(self.shard)

        self.assert_not_verified(self.shard, "(record_digest)")

    def test_equal_data_have_equal_digests_whoever_made_them(self):
        other = self.make_run("other", TEXT, "--set", "run.note=another", ranks=2)
        seed = self.make_run("seed", edited(TEXT, "seed: 7", "seed: 8"))

        def attribute(run, name):
            with h5py.File(run / "shards/shard-000001.h5") as file:
                return file.attrs[name]

        self.assertEqual(attribute(self.run, "data_digest"),
                         attribute(other, "data_digest"))
        self.assertNotEqual(attribute(self.run, "record_digest"),
                            attribute(other, "record_digest"))
        self.assertNotEqual(attribute(self.run, "data_digest"),
                            attribute(seed, "data_digest"))
        self.assert_ends(lensmill("verify", other, "--sample", 5), 0)


class Damage(FormatCase):
    def assert_found_and_made_again(self, *says):
        self.assert_not_verified(self.shard, *says)
        for command_ in ("finalize", "analyse"):
            self.assert_ends(lensmill(command_, self.run), BAD_DATA, self.shard, *says)
        self.assert_ends(self.resume(), 0, "1 shards are there already, 1 to make",
                         "shards that will be made again", self.shard, *says)
        self.assert_verified()

    def test_datasets_that_are_missing_or_short(self):
        def without_group(shard):
            del shard["measurements"]

        def without_dataset(shard):
            del shard["catalogue/lens_q"]

        def renamed(shard):
            shard.move("catalogue/lens_q", "catalogue/lens_p")

        def without_rows(shard):
            attrs = dict(shard["catalogue/lens_q"].attrs)
            del shard["catalogue/lens_q"]
            shard.create_dataset("catalogue/lens_q", (0,), "f8").attrs.update(attrs)

        for change, says in ((without_group, "has no /measurements"),
                             (without_dataset, "has no /catalogue/lens_q"),
                             (renamed, "has no /catalogue/lens_q"),
                             (without_rows, "/catalogue/lens_q: its shape is 0, not 36")):
            for sealed_again in (False, True):
                with self.subTest(change=change.__name__, sealed_again=sealed_again):
                    with h5py.File(self.shard, "r+") as shard:
                        change(shard)
                    if sealed_again:
                        reseal(self.shard)
                        # verify says it in the words of the list.
                        says = says.replace("its shape is 0, not 36", "")
                        self.assert_not_verified(self.shard, says)
                    else:
                        self.assert_not_verified(self.shard, says)
                    self.assert_ends(lensmill("finalize", self.run), BAD_DATA,
                                     self.shard, says)
                    self.assert_ends(self.resume(), 0, self.shard, says)
                    self.assert_verified()

    def test_texts_that_were_changed(self):
        def description(shard):
            shard["images/positive"].attrs["description"] = "something else"

        def added(shard):
            shard["catalogue/more"] = 1.0

        def fact(shard):
            shard["provenance"].attrs["command_line"] = "something else"

        for change, says in ((description, "/images/positive: description is"),
                             (added, "/catalogue/more: is not in the shard's list"),
                             (fact, "(record_digest)")):
            with self.subTest(change=change.__name__):
                with h5py.File(self.shard, "r+") as shard:
                    change(shard)
                reseal(self.shard)

                self.assert_not_verified(self.shard, says)
                # It names the shard by the first problem that it finds.
                self.assert_ends(self.resume("--verify-existing"), 0,
                                 "1 shards are there already, 1 to make", self.shard)
                self.assert_verified()

    def test_a_shard_without_its_seal(self):
        with h5py.File(self.shard) as old, h5py.File(self.folder / "copy.h5", "w") as new:
            for name in old:
                old.copy(name, new)
            new.attrs.update(old.attrs)
        shutil.move(self.folder / "copy.h5", self.shard)

        self.assert_found_and_made_again("has lost its seal")

    def test_flipped_bits_of_the_structure(self):
        whole = self.shard.read_bytes()
        values = values_of(self.shard)
        self.assertGreater(len(values), 0)
        chosen = random.Random(FLIP_SEED)
        places = [at for at in (chosen.randrange(len(whole)) for _ in range(20 * FLIPS))
                  if not any(begin <= at < end for begin, end in values)][:FLIPS]
        self.assertEqual(len(places), FLIPS)
        for at in places:
            flip(self.shard, at, chosen.randrange(8))
            with self.subTest(at):
                self.assert_not_verified(self.shard)
                self.assert_ends(lensmill("info", self.shard), BAD_DATA, self.shard)
            self.shard.write_bytes(whole)
        flip(self.shard, places[0])
        self.assert_found_and_made_again()

    def test_the_virtual_files_mappings(self):
        name = virtual_file(self.run)
        flip(name, name.read_bytes().index(b"shards/shard-000001.h5"))

        self.assert_not_verified(f"{name}: damaged or changed", "`lensmill finalize`")
        self.assert_ends(lensmill("info", name), BAD_DATA, f"{name}: damaged or changed")
        self.assert_ends(lensmill("finalize", self.run), 0)
        self.assert_verified()

    def test_a_file_of_others_that_crashes_hdf5(self):
        # An attribute's text has a place in its heap that is not there.
        other = self.folder / "rows.h5"
        with h5py.File(other, "w") as file:
            file["lens_q"] = [0.7, 0.8]
            file.attrs["format"] = "lensmill, so that info reads on " * 4
            file["lens_q"].attrs["unit"] = "some text"
        data = other.read_bytes()
        heap = struct.pack("<Q", data.index(b"GCOL"))
        damaged = bytearray(data)
        at = data.index(heap)
        while at >= 0:
            damaged[at + 8:at + 12] = struct.pack("<I", 0x0FFFFFF0)
            at = data.find(heap, at + 1)
        other.write_bytes(damaged)
        catalogue = edited(TEXT, f"sampled: {{count: {ROWS}}}", f"file: {{path: {other}}}")
        config = self.write("other.yaml", edited(
            catalogue, "  lens_q: {uniform: [0.6, 1.0]}\n", ""))

        self.assert_ends(lensmill("info", other), BAD_DATA, f"{other}: damaged")
        self.assert_ends(lensmill("run", config, "--output", self.folder / "x"), BAD_DATA,
                         f"{other}: damaged")


class Edited(FormatCase):
    def test_an_edited_run_yaml_is_noticed_by_all(self):
        yaml = self.run / "run.yaml"
        whole = yaml.read_text()
        for old, new, says in (("seed: 7", "seed: 8", "run.seed: 7 -> 8"),
                               ("seed: 7", "seed:    7", None),
                               (f"count: {ROWS}", "count: 64",
                                f"rows of the run: {ROWS} -> 64")):
            with self.subTest(new):
                yaml.write_text(edited(whole, old, new))
                if says is None:  # blanks decide nothing
                    self.assert_verified()
                    continue
                self.assert_not_verified(yaml, says)
                self.assert_not_verified(yaml, says, sample=5)
                for command_ in ("finalize", "analyse"):
                    self.assert_ends(lensmill(command_, self.run), BAD_DATA, yaml, says,
                                     "edited since?")
        yaml.write_text(whole)
        self.assert_verified()

    def test_a_shard_of_another_seed(self):
        other = self.make_run("other", edited(TEXT, "seed: 7", "seed: 8"))
        shutil.copy(other / "shards/shard-000001.h5", self.shard)

        for command_ in ("finalize", "analyse"):
            self.assert_ends(lensmill(command_, self.run), BAD_DATA, self.shard,
                             "another configuration")
        self.assert_not_verified(self.shard, "another configuration", "run.seed: 8 -> 7")


class OpenFiles(Case):
    def test_more_shards_than_half_the_limit_are_warned_of(self):
        text = edited(SMALL, "output: {rows_per_shard: 64}",
                      "output: {rows_per_shard: 1, products: []}")
        limit = 128

        def few_files():
            resource.setrlimit(resource.RLIMIT_NOFILE,
                               (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

        def lensmill_with_few_files(*arguments):
            return subprocess.run(command(arguments, 0), capture_output=True, text=True,
                                  env=environment(), preexec_fn=few_files, timeout=60)

        for count, warns in ((65, True), (64, False)):
            config = self.write("many.yaml", edited(text, "count: 10", f"count: {count}"))
            run = self.folder / f"run-{count}"
            for arguments in (("run", config, "--output", run), ("info", run)):
                done = lensmill_with_few_files(*arguments)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(f"has {count} shards, and a process may often open {limit} "
                                 "files" in done.stderr, warns, done.stderr)

    def test_half_the_usual_limit_is_warned_of_where_more_may_be_opened(self):
        usual, hard = 1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        run = self.make_run("run")
        # More shards than are there: the run is to have them.
        text = (run / "run.yaml").read_text()
        for shards, warns in ((usual // 2 + 1, True), (usual // 2, False)):
            (run / "run.yaml").write_text(
                edited(text, "count: 10", f"count: {64 * shards}"))
            done = subprocess.run(
                command(("info", run), 0), capture_output=True, text=True, timeout=60,
                env=environment(), preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_NOFILE, (hard, hard)))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual("python3 -m lensmill merge RUN -o FILE" in done.stderr, warns,
                             done.stderr)


if __name__ == "__main__":
    unittest.main()
