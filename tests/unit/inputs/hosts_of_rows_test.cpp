#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "pipeline/inputs/open_inputs.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/input_files.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::pipeline {
namespace {

using test_support::edited;
using test_support::TemporaryFolder;

constexpr int many = 1200;
constexpr int rows = 10;

/// Ten rows on 1200 hosts, whose sources' fluxes go by their hosts'.
config::RunConfig config_of(const TemporaryFolder& folder, const std::string& policy) {
  test_support::write_cube(
      (folder / "hosts.fits").string(), many, 17, 17, [](int n, int y, int x) {
        return (1.0 + 0.01 * n) * std::exp(-0.3 * std::hypot(x - 8, y - 8)) +
               0.001 * ((x + 3 * y) % 7);
      });
  auto text = edited(test_support::small_config, "host: none",
                     "host: {cutouts: {r: hosts.fits, units: nmgy, pixel_scale_arcsec: "
                     "0.262, host_policy: " +
                         policy + "}}");
  text = edited(text, "stamp_size_pix: 64", "stamp_size_pix: 16");
  text = edited(text, "src_flux_nmgy_r: 10.0", "src_mag_minus_host_mag_r: 1.0");
  text = edited(text, "  sky_sigma_nmgy: {r: 0.01}\n", "");
  text += "measure: {aperture_radius_pix: [3.0], annulus_pix: [5.0, 8.0]}\n";
  return config::read_run_config_text(text, "run.yaml", {}, folder.path());
}

TEST(HostsOfRows, AreAllThatIsMeasuredAndChangeNoRow) {
  const TemporaryFolder folder;
  for (const char* policy : {"reuse", "once"}) {
    const auto config = config_of(folder, policy);

    const auto all = open_inputs(config, {}).inputs;
    const auto few = open_inputs(config, {}, HostsToMeasure::of_rows).inputs;

    const auto sampler = stages::make_setup(config, all).sampler;
    const auto of_few = stages::make_setup(config, few).sampler;
    std::set<std::int64_t> hosts;
    for (std::int64_t id = 0; id < rows; ++id) {
      const auto row = sampler->sample(id, {});
      const auto again = of_few->sample(id, {});
      const auto host = static_cast<std::size_t>(row.host_index);
      hosts.insert(row.host_index);
      EXPECT_EQ(again.host_index, row.host_index);
      EXPECT_EQ(again.host_flux_nmgy[0], row.host_flux_nmgy[0]);
      EXPECT_EQ(again.src_flux_nmgy[0], row.src_flux_nmgy[0]);
      EXPECT_EQ(few->host_measurements.background_sigma_nmgy[host],
                all->host_measurements.background_sigma_nmgy[host]);
      EXPECT_EQ(few->host_measurements.centroid_x_pix[host],
                all->host_measurements.centroid_x_pix[host]);
    }
    std::size_t measured = 0;
    for (const double flux : few->host_measurements.flux_nmgy) {
      if (!std::isnan(flux)) ++measured;
    }
    EXPECT_EQ(measured, hosts.size());
    EXPECT_EQ(few->host_measurements.flux_nmgy.size(), std::size_t{many});
  }
}

}  // namespace
}  // namespace lensmill::pipeline
