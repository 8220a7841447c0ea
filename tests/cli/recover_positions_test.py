"""lensmill recover where the positions of detections are wrong, outside or too dense."""

import unittest

from recover_support import PIXEL_SCALE, RADIUS, SIDE, RecoverCase, sky_of
from support import BAD_DATA


class Positions(RecoverCase):
    def test_detections_too_dense_for_the_radius_are_warned_of(self):
        field = self.field(50)
        x, y = self.found(spurious=500)
        path = self.write_csv("found.csv", bx=x, by=y)
        warning = "give --empty, or a smaller --radius"

        self.recover(field, "--detections", path, radius=10, pieces=(warning,))
        self.assertGreater(self.report["injections"]["by_density"], 0.5)
        self.recover(field, "--detections", path, absent=(warning,))
        empty = self.write_csv("empty.csv", bx=x, by=y)
        self.recover(field, "--detections", path, "--empty", empty, radius=10,
                     absent=(warning,))

    def test_a_wrong_origin_is_warned_of(self):
        field = self.field()
        x, y = self.found()
        path = self.write_csv("sep.csv", x=x, y=y)

        self.recover(field, "--detections", path, "--pixel-origin", 1,
                     pieces=("the matches are offset by", "origin"))
        self.assertTrue(self.report["offset"]["is_significant"])
        # Of 200 matches of 0.13 arcsec the median is known to 0.012.
        self.assertAlmostEqual(self.report["offset"]["median"]["x_arcsec"], -PIXEL_SCALE,
                               delta=0.06)

        self.recover(field, "--detections", path, "--pixel-origin", 0,
                     absent=("offset",))
        self.assertFalse(self.report["offset"]["is_significant"])
        self.assertIsNone(self.report["common_offset"])

    def test_a_wrong_world_coordinate_system_is_warned_of(self):
        field = self.field()
        x, y = self.found()
        ra, dec = sky_of(x, y)
        path = self.write_csv("sky.csv", ra=ra, dec=dec + 6.0 / 3600)

        self.recover(field, "--detections", path, pieces=("offset of about", "in common"))

        self.assertLess(self.report["injections"]["recovered"]["part"], 30)
        self.assertAlmostEqual(self.report["common_offset"]["offset"]["y_arcsec"], 6.0,
                               delta=RADIUS)

    def test_detections_outside_the_image_are_counted(self):
        field = self.field(50)
        x, y = self.found(spurious=0)
        path = self.write_csv("found.csv", bx=[*x, -20.0, 5.0],
                              by=[*y, 5.0, SIDE + 7.0])

        self.recover(field, "--detections", path,
                     pieces=("2 of", "outside the field's image (1200 x 1200 pixels)"))
        self.assertEqual(self.report["detections_outside_image"], 2)

        far = self.write_csv("far.csv", bx=x + 5000, by=y)
        self.recover(field, "--detections", far, code=BAD_DATA,
                     pieces=("are outside the field's image",))


if __name__ == "__main__":
    unittest.main()
