#include "pipeline/inputs/psf_header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/core/errors.hpp"
#include "lib/io/fits/writer.hpp"
#include "pipeline/inputs/band_of_header.hpp"
#include "pipeline/inputs/open_psf.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(BandOfHeader, FiltersAreComparedByTheirWords) {
  using enum BandMatch;
  struct Case {
    const char* stated;
    const char* band;
    BandMatch match;
  };
  for (const Case& c : {Case{"r", "r", same},
                        {"g DECam SDSS c0001 4720.0 1520.0", "g", same},
                        {"g DECam SDSS c0001 4720.0 1520.0", "r", other},
                        {"HSC-R2", "r", same},
                        {"Y", "y", same},
                        {"z'", "z", same},
                        {"F606W", "F814W", other},
                        {"F814W", "f814w", same},
                        {"Ks", "K", same},
                        {"VIS", "vis", same},
                        {"g", "red", unknown},
                        {"r.MP9602", "r", same},
                        {"N964", "z", unknown},
                        {"F814W", "i", unknown},
                        {"g+r", "i", unknown},
                        {"g+r", "r", same},
                        {"I_E", "VIS", unknown}}) {
    EXPECT_EQ(compare_bands(c.stated, c.band), c.match) << c.stated << " " << c.band;
  }
}

TEST(PsfHeader, TheHeadersScaleIsHeldAgainstTheStamps) {
  const TemporaryFolder folder;
  const PixelGrid grid{.stamp_size_pix = 32, .pixel_scale_arcsec = 0.262};
  struct Case {
    const char* card;
    double value;
    int samples;
    bool right;
  };
  for (const Case& c : {Case{"PIXSCALE", 0.262, 1, true},
                        {"PIXSCALE", 0.262 * 1.0099, 1, true},
                        {"PIXSCALE", 0.262 * 1.0101, 1, false},
                        {"PIXSCALE", 0.262 * 0.9899, 1, false},
                        {"PIXSCALE", 0.396, 1, false},
                        {"PIXELSCL", 0.131, 2, true},
                        {"PIXELSCL", 0.131, 1, false},
                        {"CDELT1", -7.278e-5, 1, true},
                        {"CDELT1", 0.262, 1, true},
                        {"CDELT1", 1.0, 1, true},
                        {"CDELT1", 0.05, 1, false},
                        {"PSF_SAMP", 0.5, 2, true},
                        {"PSF_SAMP", 0.5, 1, false}}) {
    const std::string path = (folder / "scale.fits").string();
    io::fits::Writer writer;
    const Image<float> image(5, 5, 1.0F);
    const std::vector<io::fits::Card> cards{
        {.keyword = c.card, .value = c.value, .comment = ""}};
    writer.add_image("psf", image, cards);
    writer.save(path);
    config::PsfSection section;
    section.kind = config::PsfKind::pixelised;
    section.file = path;
    section.includes_pixel = true;
    section.samples_per_pixel = c.samples;

    if (c.right) {
      std::vector<std::string> warnings;
      EXPECT_NO_THROW(open_psf(section, "r", grid, warnings)) << c.card << c.value;
      EXPECT_THAT(warnings, testing::IsEmpty()) << c.card << c.value;
    } else {
      EXPECT_THAT([&] { open_psf(section, "r", grid); },
                  ThrowsMessage<ConfigError>(
                      AllOf(HasSubstr(c.card), HasSubstr("samples_per_pixel"))))
          << c.value;
    }
  }
}

}  // namespace
}  // namespace lensmill::pipeline
