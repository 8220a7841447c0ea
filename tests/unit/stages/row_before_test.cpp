#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "lib/light/galaxy_image.hpp"
#include "stages/config/read_run_config.hpp"
#include "stages/factory.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/toy_galaxy.hpp"

/// \file
/// What a stamp keeps from the row before (kernels, spectra, apertures, galaxies) never
/// shows. Two rows differ in one quantity alone, each in its turn; the second made
/// after the first has the bytes that it has alone. So every quantity has to be part of
/// every key that it should be part of.

namespace lensmill::stages {
namespace {

constexpr int side = 24;
constexpr int cutout_side = 31;

/// One quantity's value in the first and in the second row.
struct Pair {
  std::string quantity;
  double first;
  double second;
};
void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.quantity; }

/// Everything but what a test varies; bands with drawn, positioned and listed PSFs.
const std::map<std::string, double>& constants() {
  static const std::map<std::string, double> values{
      {"theta_e_arcsec", 1.0},   {"lens_q", 0.8},           {"lens_phi_rad", 0.3},
      {"lens_gamma", 2.0},       {"shear_g1", 0.02},        {"shear_g2", -0.01},
      {"lens_x_arcsec", 0.05},   {"lens_y_arcsec", -0.1},   {"src_x_arcsec", 0.2},
      {"src_y_arcsec", 0.1},     {"src_reff_arcsec", 0.25}, {"src_phi_rad", 0.4},
      {"src_flux_nmgy_g", 10.0}, {"src_flux_nmgy_r", 20.0}, {"src_flux_nmgy_z", 30.0},
      {"psf_fwhm_pix_g", 3.5},   {"psf_moffat_beta", 3.0},  {"psf_x_pix_r", 400.0},
      {"psf_y_pix_r", 300.0},    {"psf_index_z", 0.0}};
  return values;
}

/// A configuration of these sections, in which a grid varies one quantity.
std::string text_of(const Pair& pair, std::map<std::string, double> priors,
                    const std::string& sections) {
  priors.erase(pair.quantity);
  std::string text =
      "schema: 1\nrun: {name: kept, seed: 7}\n"
      "grid: {pixel_scale_arcsec: 0.262, stamp_size_pix: " +
      std::to_string(side) + "}\nbands: [g, r, z]\ncatalogue: {grid: {" +
      pair.quantity + ": [" + std::to_string(pair.first) + ", " +
      std::to_string(pair.second) + "]}}\npriors:\n";
  for (const auto& [name, value] : priors) {
    text += "  " + name + ": " + std::to_string(value) + "\n";
  }
  return text + sections +
         // Files are named, never opened: what is in them is made here.
         "psf:\n"
         // The kernel's size, and with it the transforms', follows its width.
         "  g: {kind: moffat, enclosed_energy: 0.98}\n"
         "  r: {kind: psfex, file: quickstart.yaml, normalisation: unit, centring: "
         "keep}\n"
         "  z: {kind: pixelised, file: quickstart.yaml, includes_pixel: true, "
         "normalisation: "
         "unit, centring: keep}\n"
         "measure: {aperture_radius_pix: [3.0, 5.0], annulus_pix: [6.0, 10.0]}\n"
         "output: {products: [positive, negative, arc, arc_intrinsic, counter_image, "
         "variance" +
         (sections.find("host: none") == std::string::npos ? ", host" : "") + "]}\n";
}

Image<double> round_kernel(double sigma_pix, int ny = 15, int nx = 15) {
  Image<double> kernel(ny, nx);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      kernel(y, x) = test_support::ToyGalaxy::round(x - 0.5 * (nx - 1),
                                                    y - 0.5 * (ny - 1), sigma_pix);
    }
  }
  return kernel;
}

psf::PixelKernel listed_kernel(int ny, int nx) {
  return {.values = round_kernel(0.03 * (ny + nx) + 0.01 * nx, ny, nx),
          .samples_per_pixel = 1,
          .includes_pixel = true,
          .name = "list"};
}

/// Broader with x and, more so, with y.
psf::PsfexModel positioned_psf() {
  psf::PsfexModel model;
  const auto narrow = round_kernel(1.5);
  const auto broad = round_kernel(2.5);
  model.basis = {narrow, broad, broad};
  for (const double weight : {0.1, 0.2}) {
    auto& image = model.basis[weight < 0.15 ? 1 : 2];
    for (double& value : image.pixels()) value *= weight;
  }
  model.polynomial_name = {"X_IMAGE", "Y_IMAGE"};
  model.polynomial_zero = {500.0, 500.0};
  model.polynomial_scale = {1000.0, 1000.0};
  model.polynomial_degree = 1;
  model.name = "model.psf";
  return model;
}

class Galaxies final : public SourceGalaxies {
 public:
  std::int64_t count() const override { return 2; }
  double pixel_scale_arcsec(std::int64_t) const override { return 0.03; }
  std::int64_t id(std::int64_t index) const override { return 100 + index; }
  void read(std::int64_t index, Image<float>& pixels) const override {
    const test_support::ToyGalaxy galaxy{.q = index == 0 ? 0.6 : 0.9,
                                         .knot_flux = 0.1 + 0.2 * double(index)};
    pixels = galaxy.image();
  }
};

/// Hosts that differ; those of the survey have other pixels masked.
class Hosts final : public HostCutouts {
 public:
  explicit Hosts(bool survey) : survey_(survey) {}
  std::int64_t count() const override { return 2; }
  int ny() const override { return cutout_side; }
  int nx() const override { return cutout_side; }
  bool has_invvar() const override { return true; }
  bool is_survey() const override { return survey_; }
  void read(std::int64_t host, int band, Image<float>& nmgy,
            Image<float>& invvar) const override {
    nmgy.assign(cutout_side, cutout_side);
    invvar.assign(cutout_side, cutout_side, host == 0 ? 1.0e4F : 2.0e4F);
    for (int y = 0; y < cutout_side; ++y) {
      for (int x = 0; x < cutout_side; ++x) {
        nmgy(y, x) = static_cast<float>(
            (1.0 + double(host) + band) *
            std::exp(-0.1 * std::hypot(x - 15.3 - 0.4 * double(host), y - 14.0)));
      }
    }
  }
  void read_with_mask(std::int64_t host, int band, Image<float>& nmgy,
                      Image<float>& invvar, Image<float>& mask) const override {
    read(host, band, nmgy, invvar);
    mask.assign(cutout_side, cutout_side, 0.0F);
    for (int y = 14; y < 18; ++y) mask(y, host == 0 ? 17 : 12) = 1.0F;
  }
  HostPlace place(std::int64_t, int) const override {
    return {.ra_deg = 1.0,
            .dec_deg = 2.0,
            .x_pix = 50.0,
            .y_pix = 60.0,
            .cutout_x_pix = 15.0,
            .cutout_y_pix = 15.0,
            .on_image = true};
  }

 private:
  bool survey_;
};

std::shared_ptr<Inputs> inputs_of(const config::RunConfig& config) {
  const auto inputs = std::make_shared<Inputs>();
  inputs->rows = std::make_shared<const catalogue::GridRows>(config.catalogue.grid);
  inputs->psf[1].psfex = positioned_psf();
  // Transforms that differ in one of their two lengths, too.
  inputs->psf[2].kernels = {listed_kernel(15, 15), listed_kernel(15, 37),
                            listed_kernel(37, 15)};
  if (config.source.kind == config::SourceKind::galaxies) {
    const auto galaxies = std::make_shared<const Galaxies>();
    for (std::int64_t k = 0; k < galaxies->count(); ++k) {
      Image<float> image;
      galaxies->read(k, image);
      const auto clean = light::clean_galaxy(image.view(), {});
      const auto shape = light::measure_galaxy(clean.light.view());
      inputs->galaxy_measurements.flux.push_back(clean.flux);
      inputs->galaxy_measurements.reff_arcsec.push_back(0.03 * shape.reff_pix);
      inputs->galaxy_measurements.phi_rad.push_back(shape.phi_rad);
    }
    inputs->galaxies = galaxies;
  }
  if (config.host.kind == config::HostKind::cutouts) {
    inputs->hosts = std::make_shared<const Hosts>(config.host.survey.has_value());
    inputs->host_measurements = {.flux_nmgy = std::vector<double>(6, 5.0),
                                 .background_sigma_nmgy = std::vector<double>(6, 0.01),
                                 .centroid_x_pix = {15.0, 15.4},
                                 .centroid_y_pix = {14.0, 14.0}};
  }
  return inputs;
}

/// Images and measurements of a row, byte for byte.
std::string bytes_of(const Chain& chain, const Stamp& stamp) {
  std::string bytes;
  const auto add = [&](const void* data, std::size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  };
  for (const auto& product : chain.config().output.products) {
    for (int band = 0; band < chain.config().band_count(); ++band) {
      const auto image = chain.product(stamp, product, band);
      add(image.data(), image.size() * sizeof(float));
    }
  }
  Table table = chain.schema().make_table(1);
  chain.schema().write_row(table, 0, stamp.measurement);
  for (const auto& column : table) add(column.bytes().data(), column.bytes().size());
  return bytes;
}

/// The second row after the first is the second row alone, and the other way round.
void expect_nothing_kept(const std::string& text, const Pair& pair) {
  const auto config = config::read_run_config_text(
      text, "test", {}, test_support::source_folder() / "configs");
  const auto inputs = inputs_of(config);
  const auto setup = make_setup(config, inputs);
  const Chain& chain = *setup.chain;
  const auto apply = [&](std::int64_t row, Stamp& stamp) {
    const auto block = inputs->rows->read(row, 1);
    // One identity for both: their random numbers are the same.
    chain.apply(0, block.row(0), stamp);
    EXPECT_TRUE(!is_failure(stamp.status) || stamp.status == Status::no_flux)
        << to_string(stamp.status);
    return bytes_of(chain, stamp);
  };
  std::vector<std::string> alone;
  for (const std::int64_t row : {0, 1}) {
    auto stamp = chain.make_stamp();
    alone.push_back(apply(row, stamp));
  }
  auto stamp = chain.make_stamp();

  apply(0, stamp);
  const auto second = apply(1, stamp);
  const auto first = apply(0, stamp);

  EXPECT_TRUE(alone[0] != alone[1]) << pair.quantity << " decides nothing here";
  EXPECT_TRUE(second == alone[1]) << pair.quantity << " of the row before shows";
  EXPECT_TRUE(first == alone[0]) << pair.quantity << " of the row before shows";
}

// ---- Sersic sources on Sersic hosts, by every kind of aperture and noise ----

const std::string sersic_host =
    "host: {sersic: {}}\n"
    "noise:\n  gain_e_per_nmgy: {g: 500, r: 400, z: 300}\n";

std::map<std::string, double> with_sersic() {
  auto priors = constants();
  priors.insert({{"src_sersic_n", 1.0},
                 {"src_q", 0.7},
                 {"host_reff_arcsec", 0.8},
                 {"host_sersic_n", 2.0},
                 {"host_q", 0.8},
                 {"host_phi_rad", 0.2},
                 {"host_flux_nmgy_g", 20.0},
                 {"host_flux_nmgy_r", 40.0},
                 {"host_flux_nmgy_z", 60.0},
                 {"sky_sigma_nmgy_g", 0.01},
                 {"sky_sigma_nmgy_r", 0.01},
                 {"sky_sigma_nmgy_z", 0.01}});
  return priors;
}

class RowBefore : public testing::TestWithParam<Pair> {};

TEST_P(RowBefore, NeverShows) {
  for (const char* mask : {"pixel_overlap", "circle", "pixel_centre"}) {
    SCOPED_TRACE(mask);
    auto text = text_of(GetParam(), with_sersic(), sersic_host);
    text = test_support::edited(text, "measure: {",
                                std::string("measure: {aperture_mask: ") + mask + ", ");
    expect_nothing_kept(text, GetParam());
  }
}

TEST_P(RowBefore, NeverShowsInCorrelatedNoise) {
  const std::string lags = "{lags: [[0, 0.2, 0], [0.2, 1, 0.2], [0, 0.2, 0]]}";
  auto noise = sersic_host;
  noise += "  correlation: {g: " + lags + ", r: " + lags + ", z: " + lags + "}\n";
  expect_nothing_kept(text_of(GetParam(), with_sersic(), noise), GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryQuantity, RowBefore,
    testing::Values(
        Pair{"theta_e_arcsec", 1.0, 1.2}, Pair{"theta_e_arcsec", 0.0, 1.0},
        Pair{"lens_q", 0.8, 0.9}, Pair{"lens_phi_rad", 0.3, 0.9},
        Pair{"lens_gamma", 2.0, 1.9}, Pair{"shear_g1", 0.02, 0.05},
        Pair{"shear_g2", -0.01, 0.03}, Pair{"lens_x_arcsec", 0.05, 0.3},
        Pair{"lens_y_arcsec", -0.1, 0.2}, Pair{"src_x_arcsec", 0.2, 0.3},
        Pair{"src_y_arcsec", 0.1, 0.2}, Pair{"src_reff_arcsec", 0.25, 0.3},
        Pair{"src_sersic_n", 1.0, 2.0}, Pair{"src_q", 0.7, 0.8},
        Pair{"src_phi_rad", 0.4, 0.9}, Pair{"src_flux_nmgy_g", 10.0, 12.0},
        Pair{"src_flux_nmgy_r", 20.0, 12.0}, Pair{"src_flux_nmgy_z", 0.0, 12.0},
        Pair{"host_reff_arcsec", 0.8, 1.0}, Pair{"host_sersic_n", 2.0, 3.0},
        Pair{"host_q", 0.8, 0.9}, Pair{"host_phi_rad", 0.2, 0.8},
        Pair{"host_flux_nmgy_g", 20.0, 30.0}, Pair{"host_flux_nmgy_r", 40.0, 30.0},
        Pair{"host_flux_nmgy_z", 60.0, 30.0}, Pair{"psf_fwhm_pix_g", 3.5, 4.0},
        Pair{"psf_moffat_beta", 3.0, 4.0}, Pair{"psf_x_pix_r", 400.0, 900.0},
        Pair{"psf_y_pix_r", 300.0, 900.0}, Pair{"psf_index_z", 0.0, 1.0},
        Pair{"psf_index_z", 1.0, 2.0}, Pair{"psf_index_z", 0.0, 2.0},
        Pair{"sky_sigma_nmgy_g", 0.01, 0.02}, Pair{"sky_sigma_nmgy_r", 0.01, 0.02},
        Pair{"sky_sigma_nmgy_z", 0.01, 0.02}),
    [](const auto& test) {
      return test.param.quantity + "_" + std::to_string(test.index);
    });

// ---- Real galaxies, clumps, cutouts, survey images ----

TEST(RowBeforeOfGalaxies, NeverShows) {
  auto priors = constants();
  priors.insert({{"src_image_index", 0.0}, {"src_image_flip", 0.0}});
  const std::string sections =
      "source: {galaxies: {catalogue: quickstart.yaml}}\nhost: none\nnoise: none\n";
  for (const auto& pair :
       {Pair{"src_image_index", 0.0, 1.0}, Pair{"src_image_flip", 0.0, 1.0},
        Pair{"src_reff_arcsec", 0.25, 0.3}, Pair{"src_phi_rad", 0.4, 0.9}}) {
    expect_nothing_kept(text_of(pair, priors, sections), pair);
  }
}

TEST(RowBeforeOfClumps, NeverShows) {
  auto priors = constants();
  priors.insert({{"src_sersic_n", 1.0},
                 {"src_q", 0.7},
                 {"src_knots", 2.0},
                 {"src_knot_flux_fraction", 0.3}});
  const std::string sections =
      "source: {clumpy: {knot_reff_over_reff: 0.2}}\nhost: none\nnoise: none\n";
  for (const auto& pair :
       {Pair{"src_knots", 1.0, 3.0}, Pair{"src_knots", 3.0, 1.0},
        Pair{"src_knot_flux_fraction", 0.3, 0.5}, Pair{"src_reff_arcsec", 0.25, 0.3}}) {
    expect_nothing_kept(text_of(pair, priors, sections), pair);
  }
}

TEST(RowBeforeOfPoints, NeverShows) {
  auto priors = constants();
  const std::string point = "source: {point: {min_magnification: 0.5";
  priors.erase("src_reff_arcsec");
  priors.erase("src_phi_rad");
  for (const auto& pair :
       {Pair{"src_x_arcsec", 0.2, 1.4}, Pair{"src_x_arcsec", 0.3, 0.1},
        Pair{"lens_gamma", 1.8, 2.0}, Pair{"lens_x_arcsec", 0.05, 2.5}}) {
    expect_nothing_kept(text_of(pair, priors, point + "}}\nhost: none\nnoise: none\n"),
                        pair);
  }
  priors = constants();
  priors.insert({{"src_sersic_n", 1.0}, {"src_q", 0.7}, {"src_point_fraction", 0.5}});
  for (const auto& pair :
       {Pair{"src_point_fraction", 0.5, 1.0}, Pair{"src_point_fraction", 1.0, 0.5},
        Pair{"src_point_fraction", 0.5, 0.0}, Pair{"src_reff_arcsec", 0.25, 0.3}}) {
    expect_nothing_kept(
        text_of(pair, priors, point + ", host: {}}}\nhost: none\nnoise: none\n"), pair);
  }
}

std::map<std::string, double> with_cutouts() {
  auto priors = constants();
  priors.insert({{"src_sersic_n", 1.0},
                 {"src_q", 0.7},
                 {"host_index", 0.0},
                 {"host_rotation", 0.0},
                 {"host_flip", 0.0}});
  return priors;
}

TEST(RowBeforeOfCutouts, NeverShows) {
  const std::string sections =
      "host:\n  cutouts: {g: quickstart.yaml, r: quickstart.yaml, z: quickstart.yaml, "
      "units: nmgy, pixel_scale_arcsec: 0.262}\n"
      "noise:\n  gain_e_per_nmgy: {g: 500, r: 400, z: 300}\n";
  for (const auto& pair :
       {Pair{"host_index", 0.0, 1.0}, Pair{"host_rotation", 0.0, 1.0},
        Pair{"host_flip", 0.0, 1.0}}) {
    expect_nothing_kept(text_of(pair, with_cutouts(), sections), pair);
  }
}

TEST(RowBeforeOfSurveyHosts, NeverShowsItsMask) {
  std::string sections = "host:\n  survey:\n";
  for (const char* band : {"g", "r", "z"}) {
    sections += std::string("    ") + band +
                ": {image: quickstart.yaml, weight: quickstart.yaml, units: nmgy}\n";
  }
  sections +=
      "    positions: {file: quickstart.yaml}\n    sky_subtracted: true\n"
      "    weight_includes_source_poisson: true\n    min_valid_fraction: 0.5\n"
      "noise:\n  gain_e_per_nmgy: {g: 500, r: 400, z: 300}\n";
  const Pair masked_first{"host_index", 0.0, 1.0};
  expect_nothing_kept(text_of(masked_first, with_cutouts(), sections), masked_first);
}

}  // namespace
}  // namespace lensmill::stages
