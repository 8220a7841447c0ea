#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"

/// \file
/// One host of a survey image, in memory, through the chain.

namespace lensmill::stages {

inline constexpr int survey_side = 65;
inline constexpr int survey_stamp = 64;

/// One smooth galaxy; the pixels of a box on the cutout are masked and hold `garbage`.
class SurveyHost final : public HostCutouts {
 public:
  std::int64_t count() const override { return 1; }
  int ny() const override { return survey_side; }
  int nx() const override { return survey_side; }
  bool has_invvar() const override { return weights; }
  bool is_survey() const override { return true; }
  void read(std::int64_t host, int band, Image<float>& nmgy,
            Image<float>& invvar) const override {
    Image<float> mask;
    read_with_mask(host, band, nmgy, invvar, mask);
  }
  void read_with_mask(std::int64_t, int, Image<float>& nmgy, Image<float>& invvar,
                      Image<float>& mask) const override {
    nmgy.assign(survey_side, survey_side);
    invvar.assign(survey_side, survey_side, 1.0e4F);
    mask.assign(survey_side, survey_side, 0.0F);
    for (int y = 0; y < survey_side; ++y) {
      for (int x = 0; x < survey_side; ++x) {
        nmgy(y, x) = static_cast<float>(std::exp(-0.02 * std::hypot(x - 32, y - 32)));
        if (y < box_y0 || y >= box_y1 || x < box_x0 || x >= box_x1) continue;
        nmgy(y, x) = garbage;
        invvar(y, x) = 0.0F;
        mask(y, x) = 1.0F;
      }
    }
  }
  HostPlace place(std::int64_t, int band) const override {
    return {.ra_deg = 10.5,
            .dec_deg = -3.25,
            .x_pix = 101.25 + 10 * band,
            .y_pix = 55.5,
            .detector_offset_x_pix = 1000.0,
            .detector_offset_y_pix = 2000.0,
            .cutout_x_pix = 32.25 - 0.375 * band,
            .cutout_y_pix = 31.5 + 0.125 * band,
            .on_image = on_image};
  }
  int box_y0 = 0, box_y1 = 0, box_x0 = 0, box_x1 = 0;
  float garbage = std::numeric_limits<float>::quiet_NaN();
  bool on_image = true;
  bool weights = true;
};

inline std::string survey_text() {
  auto text = test_support::edited(
      test_support::small_config, "host: none",
      "host:\n"
      "  survey:\n"
      "    r: {image: quickstart.yaml, weight: quickstart.yaml, units: "
      "nmgy}\n"
      "    positions: {file: quickstart.yaml}\n"
      "    sky_subtracted: true\n"
      "    weight_includes_source_poisson: true\n"
      "    min_valid_fraction: 0.5\n"
      "output: {products: [positive, negative, mask]}");
  return test_support::edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
}

inline Setup setup_of(const SurveyHost& host, const std::string& text) {
  const auto config = config::read_run_config_text(
      text, "test", {}, test_support::source_folder() / "configs");
  const auto inputs = std::make_shared<Inputs>();
  inputs->rows = std::make_shared<const catalogue::SampledRows>(1);
  inputs->hosts = std::make_shared<const SurveyHost>(host);
  const std::size_t bands = config.bands.size();
  inputs->host_measurements = {
      .flux_nmgy = std::vector<double>(bands, 5.0),
      .background_sigma_nmgy = std::vector<double>(bands, 0.01),
      .centroid_x_pix = {32.0},
      .centroid_y_pix = {32.0}};
  return make_setup(config, inputs);
}

inline Stamp run(const SurveyHost& host, const std::string& text = survey_text()) {
  const auto setup = setup_of(host, text);
  auto result = setup.chain->make_stamp();
  setup.chain->apply(0, {}, result);
  return result;
}

}  // namespace lensmill::stages
