#!/usr/bin/env python3
"""check_layers.py finds each kind of violation when one is planted."""

import pathlib
import tempfile
import unittest

import check_layers

LIB = """# lensmill_room(core NEEDS io)
lensmill_room(core  USES fmt::fmt)
lensmill_room(lens  NEEDS core
                    USES PkgConfig::HWY)
lensmill_room(light NEEDS core)
lensmill_room(imaging NEEDS lens light)
lensmill_room(io    NEEDS core USES lensmill_hdf5 PkgConfig::CFITSIO)
"""
STAGES = "lensmill_room(stages NEEDS core imaging)\n"
PIPELINE = """add_executable(lensmill main.cpp)
lensmill_room(archive NEEDS stages io)
lensmill_room(cli     NEEDS archive USES fmt::fmt)
"""


class PlantedViolations(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.plant("CMakeLists.txt", "project(lensmill)\n")
        self.plant("lib/CMakeLists.txt", LIB)
        self.plant("stages/CMakeLists.txt", STAGES)
        self.plant("pipeline/CMakeLists.txt", PIPELINE)
        for room in ("core", "lens", "light", "imaging", "io"):
            self.plant(f"lib/{room}/{room}.hpp", "#pragma once\n")
        self.plant("lib/imaging/render.cpp",
                   '#include <vector>\n#include "lib/imaging/imaging.hpp"\n'
                   '#include "lib/lens/lens.hpp"\n#include "lib/core/core.hpp"\n')
        self.plant("lib/io/file.cpp", '#include <hdf5.h>\n#include <mpi.h>\n'
                                      '#include <fitsio.h>\n')
        self.plant("pipeline/main.cpp", '#include "lib/io/io.hpp"\n'
                                        '#include "lib/lens/lens.hpp"\n')

    def plant(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def found(self):
        return check_layers.violations(self.root)[0]

    def expect(self, *parts):
        found = self.found()
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def test_a_clean_house_passes(self):
        self.assertEqual(self.found(), [])

    def test_an_upward_include(self):
        self.plant("lib/lens/sie.cpp", '\n#include "lib/imaging/imaging.hpp"\n')
        self.expect("lib/lens/sie.cpp:2", "upward", "lib/imaging/imaging.hpp")

    def test_a_sideways_include(self):
        self.plant("lib/lens/sie.cpp", '#include "lib/light/light.hpp"\n')
        self.expect("lib/lens/sie.cpp:1", "upward")

    def test_an_include_of_the_program(self):
        self.plant("stages/lens.cpp", '#include "pipeline/cli/driver.hpp"\n')
        self.expect("stages/lens.cpp:1", "upward")

    def test_an_include_of_test_support(self):
        self.plant("lib/io/x.cpp", '#include "tests/support/image_matchers.hpp"\n')
        self.expect("lib/io/x.cpp:1", "tests")

    def test_libraries_kept_out_of_the_physics(self):
        for name in ("mpi.h", "hdf5.h", "H5public.h", "fitsio.h",
                     "cfitsio/fitsio.h", "yaml-cpp/yaml.h"):
            with self.subTest(name):
                self.plant("lib/lens/sie.cpp", f"#include <{name}>\n")
                self.expect("lib/lens/sie.cpp:1", name)

    def test_a_library_outside_its_room(self):
        self.plant("lib/io/x.cpp", "  # include <yaml-cpp/yaml.h>\n")
        self.expect("lib/io/x.cpp:1", "YAML")

    def test_a_pure_room_that_links_a_library(self):
        self.plant("lib/CMakeLists.txt",
                   LIB.replace("PkgConfig::HWY", "PkgConfig::CFITSIO"))
        self.expect("room lens uses PkgConfig::CFITSIO")

    def test_a_lens_parameter_in_integration(self):
        self.plant("lib/imaging/x.cpp", "// lens->params()\n"
                                        "bool b = o.lens->params().gamma < 2;\n")
        self.expect("lib/imaging/x.cpp:2", "ask lens::LensModel")

    def test_a_cycle_of_files(self):
        for name, following in (("a", "b"), ("b", "c"), ("c", "a")):
            self.plant(f"lib/core/{name}.hpp",
                       f'#include "lib/core/{following}.hpp"\n')
        self.expect("include cycle", "lib/core/a.hpp -> lib/core/b.hpp -> "
                    "lib/core/c.hpp -> lib/core/a.hpp")

    def test_a_file_that_includes_itself(self):
        self.plant("lib/core/a.hpp", '#include "lib/core/a.hpp"\n')
        self.expect("include cycle")

    def test_a_cycle_of_rooms(self):
        self.plant("lib/CMakeLists.txt", LIB.replace("lensmill_room(core  USES",
                                                     "lensmill_room(core NEEDS io USES"))
        self.assertTrue(any("need each other" in line for line in self.found()))

    def test_a_folder_that_is_no_room(self):
        self.plant("lib/extra/x.hpp", "")
        self.expect("lib/extra", "table")

    def test_an_include_not_from_the_root(self):
        self.plant("lib/lens/sie.cpp", '#include "lens.hpp"\n')
        self.expect("lib/lens/sie.cpp:1", "from the root")

    def test_a_standard_header_left_to_chance(self):
        self.plant("lib/lens/sie.cpp", "#include <vector>\nstd::int64_t n = 0;\n")
        self.expect("lib/lens/sie.cpp", "<cstdint>")
        self.plant("lib/lens/sie.cpp", "#include <vector>\nint n = std::min(1, 2);\n")
        self.expect("lib/lens/sie.cpp", "<algorithm>")

    def test_a_standard_header_by_way_of_ours(self):
        self.plant("lib/core/core.hpp", "#include <cstdint>\n")
        self.plant("lib/lens/lens.hpp", '#include "lib/core/core.hpp"\n')
        self.plant("lib/lens/sie.cpp",
                   '#include "lib/lens/lens.hpp"\nstd::int64_t n = 0;\n')
        self.assertEqual(self.found(), [])

    def test_a_long_file(self):
        self.plant("tests/unit/x_test.cpp", "\n" * (check_layers.MAX_LINES + 1))
        self.expect("tests/unit/x_test.cpp", "401 lines")
        self.plant("tests/unit/x_test.cpp", "\n" * check_layers.MAX_LINES)
        self.assertEqual(self.found(), [])


if __name__ == "__main__":
    unittest.main()
