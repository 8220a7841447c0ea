"""Folders that cannot be written: 74, naming the path and the reason. Root may write
anywhere, so these are paths below a plain file, and a file system made read-only."""

import unittest

from support import IO, SMALL, USAGE, Case, Disk, lensmill, own_mounts, snapshot


class BelowAFile(Case):
    def setUp(self):
        super().setUp()
        self.config = self.write("small.yaml", SMALL)
        self.file = self.write("file", "mine")

    def test_output(self):
        result = lensmill("run", self.config, "--output", self.file / "run")

        self.assert_ends(result, IO, f"{self.file}/run/shards: folder cannot be made "
                         "(Not a directory)")
        self.assertEqual(self.file.read_text(), "mine")

    def test_a_file_where_a_folder_of_the_run_belongs(self):
        for name in ("shards", "log"):
            blocked = self.write(f"run-{name}/{name}", "mine")

            result = lensmill("run", self.config, "--output", blocked.parent)

            self.assert_ends(result, IO, f"{blocked}: folder cannot be made")
            self.assertEqual(blocked.read_text(), "mine")

    def test_the_output_itself_is_a_file(self):
        result = lensmill("run", self.config, "--output", self.file)

        self.assert_ends(result, IO, f"{self.file}/shards: folder cannot be made")

    def test_extracted_files(self):
        run = self.make_run("run")

        for option in ("--png", "--fits"):
            result = lensmill("extract", run, "--id", 1, option, self.file / "x")

            self.assert_ends(result, IO, f"{self.file}/x", "Not a directory")


class ReadOnly(Case):
    def setUp(self):
        super().setUp()
        self.config = self.write("small.yaml", SMALL)
        self.disk = Disk(self, self.folder / "disk", "4m")
        self.run = self.disk.folder / "run"

    def test_a_new_run(self):
        self.disk.make_read_only()

        result = lensmill("run", self.config, "--output", self.run)

        self.assert_ends(result, IO, f"{self.run}/shards: folder cannot be made "
                         "(Read-only file system)")

    def test_an_old_run_can_be_read_but_not_continued(self):
        self.assert_ends(lensmill("run", self.config, "--output", self.run), 0)
        before = snapshot(self.run)
        self.disk.make_read_only()

        for command in ("info", "verify"):
            self.assert_ends(lensmill(command, self.run), 0)
        for option in ("--resume", "--overwrite"):
            result = lensmill("run", self.config, "--output", self.run, option)
            self.assert_ends(result, IO, f"{self.run}/shards: files cannot be made in "
                             "this folder (Read-only file system)")
        self.assert_ends(lensmill("run", self.config, "--output", self.run), USAGE)
        self.assert_ends(lensmill("finalize", self.run), IO, f"{self.run}/small.h5",
                         "Read-only file system")
        self.assertEqual(snapshot(self.run), before)

    def test_the_log_alone(self):
        log = Disk(self, self.make_run("run2") / "log", "64k")
        log.make_read_only()

        result = lensmill("run", self.config, "--output", log.folder.parent, "--resume")

        self.assert_ends(result, IO, f"{log.folder}", "Read-only file system")


if __name__ == "__main__":
    own_mounts()
    unittest.main()
