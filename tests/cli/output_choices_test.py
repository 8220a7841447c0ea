"""What a run may be asked to write: other products, none, int16; no host, no noise."""

import unittest

import h5py
import numpy

from support import RICH, SMALL, Case, contents, edited, lensmill, virtual_file

NOT_A_NUMBER = -32768
# decode_int16 rounds to float32 once more.
FLOAT32_EPSILON = 1.2e-7


class Products(Case):
    def test_measurements_only(self):
        run = self.make_run("run", SMALL, "--set", "output.products=[]")

        with h5py.File(virtual_file(run)) as file:
            self.assertNotIn("positive", file.get("images", {}))
            self.assertTrue(numpy.isfinite(file["measurements/core_flux_fraction"]).all())
        self.assert_ends(lensmill("verify", run), 0)
        self.assert_ends(lensmill("info", run), 0)
        for option in ("--png", "--fits"):
            self.assert_ends(lensmill("extract", run, "--id", 1, option,
                                      self.folder / "x"), 65, "the run has no images")
        self.assertFalse((self.folder / "x").exists())

    def test_what_is_written_does_not_change_the_rest(self):
        all_products = contents(virtual_file(self.make_run("all", RICH)))
        one = contents(virtual_file(self.make_run("one", RICH, "--set",
                                                  "output.products=[variance]")))

        self.assertEqual([name for name in one if name.startswith("images/")],
                         ["images/variance"])
        for name, data in one.items():
            self.assertEqual(data, all_products[name], name)


class HostAndNoise(Case):
    def products(self, text):
        text = edited(text, "output: {", "output: {products: [positive, negative, arc], ")
        with h5py.File(virtual_file(self.make_run("run", text))) as file:
            return {name: file["images"][name][:] for name in file["images"]}

    def test_without_a_host_the_negative_is_noise(self):
        images = self.products(SMALL)

        self.assertLess(abs(images["negative"].mean()), 0.001)
        self.assertAlmostEqual(images["negative"].std(), 0.01, delta=0.001)

    def test_without_noise_the_positive_is_the_arc(self):
        text = edited(SMALL, "noise:\n  sky_sigma_nmgy: {r: 0.01}\n"
                      "  gain_e_per_nmgy: {r: 500}", "noise: none")

        images = self.products(text)

        self.assertEqual(images["positive"].tobytes(), images["arc"].tobytes())
        self.assertTrue((images["negative"] == 0).all())
        self.assertGreater(images["arc"].max(), 0)


class Int16(Case):
    def test_pixels_decode_to_half_a_step(self):
        floats = self.make_run("floats", RICH)
        codes = self.make_run("codes", RICH, "--set", "output.encoding=int16")

        with h5py.File(virtual_file(floats)) as exact, \
                h5py.File(virtual_file(codes)) as file:
            for name, pixels in exact["images"].items():
                code = file[f"images/{name}"]
                scale = file[f"images/{name}_scale"][:][:, :, None, None]
                offset = file[f"images/{name}_offset"][:][:, :, None, None]
                exact_pixels = pixels[:].astype("f8")
                decoded = offset + scale * code[:].astype("f8")
                error = abs(decoded - exact_pixels)
                rounding = FLOAT32_EPSILON * abs(exact_pixels)
                self.assertEqual(code.dtype, numpy.int16)
                self.assertFalse((code[:] == NOT_A_NUMBER).any())
                self.assertTrue((error <= 0.5 * scale + rounding).all(), name)
                span = exact_pixels.max((2, 3)) - exact_pixels.min((2, 3))
                numpy.testing.assert_allclose(scale[:, :, 0, 0], span / 65534, rtol=1e-12)
        self.assert_ends(lensmill("verify", codes), 0)

    def test_only_the_images_change(self):
        floats = contents(virtual_file(self.make_run("floats", RICH)))
        codes = contents(virtual_file(
            self.make_run("codes", RICH, "--set", "output.encoding=int16")))

        rest = {name: data for name, data in codes.items()
                if not name.startswith("images/")}
        self.assert_same_contents(rest, {name: data for name, data in floats.items()
                                         if not name.startswith("images/")})


if __name__ == "__main__":
    unittest.main()
