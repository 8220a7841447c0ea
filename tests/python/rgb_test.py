"""Pictures are those of Lupton et al. 2004."""

import numpy as np
import pytest

import lensmill
from lensmill.rgb import UNDEFINED_GREY, look_of, lupton, three_bands

# Floating-point rounding of a handful of operations.
ROUNDING = 1e-12


def test_the_equation_of_the_paper():
    # f(x) = asinh(alpha Q (x - m)) / Q; R = r f(I)/I with I the mean over m.
    r, g, b, alpha, q, m = 3.0, 2.0, 1.5, 0.05, 8.0, 0.5
    intensity = (r + g + b) / 3 - m
    f = np.arcsinh(alpha * q * intensity) / q

    picture = lupton([[r]], [[g]], [[b]], minimum=m, stretch=1 / alpha, q=q)

    np.testing.assert_allclose(
        picture[0, 0], [(value - m) * f / intensity for value in (r, g, b)], rtol=ROUNDING)


def test_f_is_one_at_the_papers_upper_end():
    q, stretch = 6.0, 0.3
    upper = np.sinh(q) * stretch / q

    np.testing.assert_allclose(lupton([[upper]], [[upper]], [[upper]], stretch=stretch, q=q),
                               1.0, rtol=ROUNDING)


def test_bright_pixels_keep_their_colour_and_stay_in_range():
    picture = lupton([[4000.0]], [[2000.0]], [[1000.0]])

    np.testing.assert_allclose(picture[0, 0], [1.0, 0.5, 0.25], rtol=ROUNDING)


def test_dark_and_undefined_pixels():
    picture = lupton([[-1.0, 0.0, np.nan]], [[-1.0, 0.0, 1.0]], [[-1.0, 0.0, 1.0]])

    assert (picture[0, :2] == 0.0).all() and (picture[0, 2] == UNDEFINED_GREY).all()


def test_as_astropy_up_to_its_factor():
    visual = pytest.importorskip("astropy.visualization")
    rng = np.random.default_rng(3)
    planes = rng.uniform(0.0, 0.2, (3, 20, 20))
    # astropy: asinh(Q I / stretch) * 0.1 / asinh(0.1 Q), in steps of 1/255.
    ours = lupton(*planes, stretch=0.5, q=8.0) * 8.0 * 0.1 / np.arcsinh(0.8)

    theirs = visual.make_lupton_rgb(*planes, stretch=0.5, Q=8.0) / 255.0

    assert ours.max() < 1.0
    assert np.abs(ours - theirs).max() <= 1.0 / 255.0 + ROUNDING


def test_red_is_the_band_of_the_longest_wavelength():
    assert three_bands(["g", "r", "z"], None, "") == (2, 1, 0)
    assert three_bands(["z", "g", "i", "r", "y"], None, "") == (4, 2, 1)
    assert three_bands(["r"], None, "") == (0, 0, 0)
    assert three_bands(["g", "r"], ["g"], "") == (0, 0, 0)


def test_a_pair_shares_its_stretch(made):
    run = lensmill.open(made("rich"))
    row = int(run.where(theta_e_arcsec=(1, 2))[0])

    positive, negative = run.rgb(row), run.rgb(row, "negative")

    assert positive.shape == (16, 16, 3) and 0 <= positive.min() and positive.max() <= 1
    look = run.look(row)
    given = {"minimum": look.minimum, "stretch": look.stretch, "q": look.q}
    np.testing.assert_array_equal(positive, run.rgb(row, **given))
    np.testing.assert_array_equal(negative, run.rgb(row, "negative", **given))
    assert not np.array_equal(positive, negative)


@pytest.mark.parametrize("peak", [10.0, 100.0, 3000.0])
def test_the_brightest_pixel_is_white_and_the_sky_dark_grey(peak):
    noise = np.random.default_rng(1).normal(0, 1, (1, 64, 64))
    noise[0, 30, 30] = peak

    look = look_of(["r"], "", balance={"r": 1.0}).for_stamp(noise)
    picture = look.picture(np.array([[[0.0, peak]]]))

    np.testing.assert_allclose(picture[0, 1], 1.0, rtol=1e-6)
    # Where the noise is a tenth of the peak, no Q makes the sky darker than linear.
    assert 0.10 < picture[0, 0, 0] < (0.17 if peak < 50 else 0.12)


def test_the_balance_is_that_of_the_legacy_surveys_where_it_is_known():
    assert look_of(["g", "r", "z"], "").balance.tolist() == [6.0, 3.4, 2.2]
    assert look_of(["g", "r", "y"], "").balance.tolist() == [1.0, 1.0, 1.0]
    assert look_of(["g", "r", "y"], "", wanted=["r"]).channels == (1, 1, 1)


@pytest.mark.parametrize("options, problem", [
    ({"bands": ["g", "r"]}, "three names"), ({"balance": {"g": 1.0}}, "each of the bands"),
    ({"balance": {"g": 1.0, "r": 0.0}}, "above 0"), ({"stretch": 0.0}, "above 0"),
    ({"q": -1.0}, "above 0")])
def test_pictures_that_cannot_be(made, options, problem):
    with pytest.raises(lensmill.InputError, match=problem):
        lensmill.open(made("rich")).rgb(0, **options)
