#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "lib/catalogue/quantities.hpp"
#include "stages/config/read_run_config.hpp"
#include "tests/support/config_texts.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lensmill::config {
namespace {

using test_support::edited;
using test_support::small_config;
using test_support::source_folder;

// One configuration cannot use every key: these edits of the small one, together with
// the files of configs/, do.
struct Edit {
  std::string from, to;
};
const std::vector<std::vector<Edit>>& coverage() {
  static const std::string policy = "normalisation: unit, centring: keep}";
  static const std::vector<std::vector<Edit>> edits = {
      {{"src_q: 0.7", "src_q: {constant: 0.7}"},
       {"lens_phi_rad: 0.0", "lens_phi_rad: {multiple_of: {column: src_phi_rad}}"},
       {"src_sersic_n: 1.0", "src_sersic_n: {histogram: {file: bins.csv}}"},
       {"theta_e_arcsec: 1.2",
        "theta_e_arcsec: {choice: {values: [1.0, 2.0], weights: [1, 1]}}"},
       {"src_reff_arcsec: 0.3",
        "src_reff_arcsec: {power_law: {index: -1, min: 0.1, max: 1.0}}"},
       {"{disc: {radius_over_theta_e: 0.8}}", "{radius_arcsec: 0.1, phi_deg: 20}"}},
      {{"{disc: {radius_over_theta_e: 0.8}}", "{disc: {radius_arcsec: 0.8}}"},
       {"sampled: {count: 10}", "sobol: {count: 16}\n  split: {test: 0.2}"},
       {"host: none",
        "host: {sersic: {reff_arcsec: {lognormal: {median: 1.5, sigma_dex: 0.2, max: "
        "9}}, n: 4, q: 0.5, phi_deg: 0}}"},
       {"src_flux_nmgy_r", "host_mag_r: 20\n  src_flux_nmgy_r"},
       {"lens_q: {uniform: [0.6, 1.0]}", "lens_q: {from_host: {sigma: 0.1}}"},
       {"lens_phi_rad: 0.0", "lens_phi_rad: {from_host: {sigma_rad: 0.1}}"}},
      {{"sampled: {count: 10}", "file: {path: bins.csv}"},
       {"host: none",
        "host: {cutouts: {r: bins.csv, invvar: {r: bins.csv}, units: nmgy, "
        "invvar_includes_source_poisson: true, pixel_scale_arcsec: 0.262}}"},
       {"{kind: gaussian, fwhm_pix: 5.0}",
        "{kind: pixelised, file: bins.csv, dataset: /k, includes_pixel: false, " +
            policy}},
      {{"host: none",
        "host: {cutouts: {file: bins.csv, dataset: /i, invvar_dataset: /v, "
        "zero_point_mag: 30, pixel_scale_arcsec: 0.262, "
        "invvar_includes_source_poisson: true}}"},
       {"{kind: gaussian, fwhm_pix: 5.0}",
        "{kind: pixelised, file: bins.csv, hdu: 1, plane: 2, file_band: r, "
        "accept_offset_pix: 0.75, includes_pixel: false, " +
            policy}},
      {{"{kind: gaussian, fwhm_pix: 5.0}",
        "{kind: psfex, file: bins.csv, hdu: 1, ccdname: S10, row: 0, position: [1, "
        "1], " +
            policy}},
      {{"host: none",
        "host: {survey: {r: {image: bins.csv, hdu: 1, weight: bins.csv, weight_hdu: 1, "
        "zero_point_mag: 25, sky: 1.0, astrometric_offset_arcsec: [0, 0]}, "
        "positions: {file: bins.csv, columns: [lower, upper], frame: sky, "
        "cuts: {weight: [0, 1]}}, sky_subtracted: false, "
        "weight_includes_source_poisson: true}}"},
       {"{kind: gaussian, fwhm_pix: 5.0}",
        "{kind: psfex, file: bins.csv, position: host, outer_wings: {moffat_weight: "
        "0.01, moffat_alpha_arcsec: 17, moffat_beta: 1.7}, " +
            policy}},
      {{"host: none",
        "host: {survey: {r: {image: bins.csv, units: nmgy, weight: {file: bins.csv, "
        "hdu: 1, kind: mask, bits: [1], masked: nonzero}, masks: {cr: {file: bins.csv, "
        "hdu: 1, masked: zero}}}, positions: {file: bins.csv}, sky_subtracted: "
        "true}}"}},
      {{"host: none",
        "host: {cutouts: {r: bins.csv, units: nmgy, pixel_scale_arcsec: 0.262, weight: "
        "{kind: mask, files: {r: bins.csv}}, masks: {cr: {files: {r: bins.csv}}}}}"}},
      {{"host: none",
        "host: {cutouts: {file: bins.csv, dataset: /i, id_dataset: /id, units: nmgy, "
        "pixel_scale_arcsec: 0.262, weight: {kind: mask, dataset: /w, bits: [1], "
        "masked: "
        "nonzero}, masks: {cr: {dataset: /m}}, min_valid_fraction: 0.8}}"}},
      {{"host: none",
        "host: {cutouts: {files: {column: c, table: bins.csv}, id_column: id, id_card: "
        "ID, "
        "band_order: [r], units: nmgy, weight: {kind: mask, extension: M}, masks: {cr: "
        "{extension: M, bits: [1], masked: nonzero}}}}"}},
      {{"host: none",
        "host: {cutouts: {files: '*.fits', extension: I, units: nmgy, weight: {kind: "
        "rms, files: "
        "{column: c, table: bins.csv}}, masks: {cr: {files: {column: c, table: "
        "bins.csv}}}}}"}},
      {{"{kind: gaussian, fwhm_pix: 5.0}",
        "{kind: pixelised, file_per_host: {column: c, table: bins.csv}, band_order: "
        "[r], id_card: ID, accept_other_ids: true, includes_pixel: false, " +
            policy}},
      {{"{kind: gaussian, fwhm_pix: 5.0}",
        "{kind: pixelised, file: bins.csv, dataset: /k, plane: host, id_dataset: /id, "
        "includes_pixel: false, " +
            policy}},
      {{"{kind: gaussian, fwhm_pix: 5.0}",
        "{kind: psfex, file: bins.csv, ccdname: {column: c, table: bins.csv}, "
        "position: "
        "{columns: [x, y], table: bins.csv}, extrapolate: true, " +
            policy}},
      {{"  sky_sigma_nmgy: {r: 0.01}\n",
        "  invvar: {r: bins.csv}\n"
        "  correlation: {r: {lags: [[1]], variance_times_invvar: 0.7}}\n"},
       {"{r: 500}", "{r: {gain_e_per_adu: 4, exposure_s: 90, zero_point_mag: 25}}"}},
      {{"{r: 500}", "{r: 500}\n  correlation: {r: {power_spectrum: [[1]]}}"}},
      {{"sampled: {count: 10}",
        "sampled: {count: 10}\n  keep: {n_images: [2, 5], arc_snr: {r: [5, inf]}}"}},
      {{"  src_q: 0.7\n",
        "  joint_tables: {shape: {file: bins.csv, columns: [src_q], weight_column: "
        "weight}}\n"},
       {"columns: [src_q]", "columns: [lower]"}},
      {{"sampled: {count: 10}",
        "file: {path: bins.csv, carry: [weight], cuts: {lower: [0, 1]}, columns: "
        "{src_mag_r: {column: upper, unit: mag, factor: 1, offset: 0, zero_point_mag: "
        "22.5}}, conventions: {angle_zero: x, angle_direction: clockwise, ellipticity: "
        "1-q, src_position: relative, origin: N/2, theta_e: major_axis, src_reff: "
        "major_axis, host_reff: major_axis}}"},
       {"  src_q: 0.7\n",
        "  joint_tables: {shape: {file: bins.csv, columns: {src_q: lower}, cuts: "
        "{upper: [0, 1]}}}\n"}},
  };
  return edits;
}

void collect(Document& document, std::map<std::string, KnownKey>& keys) {
  try {
    read_run_config(document);
  } catch (const std::exception&) {
    // The last edit of the list is not valid as a whole; its keys are read all the
    // same.
  }
  for (auto key : document.known_keys()) {
    const auto replace = [&](const std::string& parent, const std::string& generic) {
      if (key.path.starts_with(parent) &&
          key.path.find_first_of(".<", parent.size()) == std::string::npos &&
          key.path.substr(parent.size()) != "src_offset" &&
          key.path.substr(parent.size()) != "min_acceptance") {
        key.path = parent + generic;
      }
    };
    replace("priors.", "<quantity>");
    replace("catalogue.grid.", "<column>");
    replace("catalogue.file.columns.", "<quantity>");
    replace("catalogue.file.cuts.", "<column>");
    replace("priors.joint_tables.<name>.columns.", "<quantity>");
    replace("priors.joint_tables.<name>.cuts.", "<column>");
    replace("catalogue.keep.<column>.", "<band>");
    replace("catalogue.keep.", "<column>");
    replace("noise.sky_sigma_nmgy.", "<band>");
    replace("noise.gain_e_per_nmgy.", "<band>");
    replace("host.cutouts.invvar.", "<band>");
    replace("host.survey.positions.cuts.", "<column>");
    replace("noise.invvar.", "<band>");
    replace("noise.correlation.", "<band>");
    replace("source.galaxies.cuts.", "<column>");
    for (const std::string band : {"g", "r", "z"}) {
      for (const std::string parent : {"host.cutouts.", "host.cutouts.weight.files.",
                                       "host.cutouts.masks.<name>.files."}) {
        if (key.path == parent + band) key.path = parent + "<band>";
      }
    }
    auto& known = keys.emplace(key.path, key).first->second;
    if (known.default_value.empty()) known.default_value = key.default_value;
  }
}

std::map<std::string, KnownKey> all_keys() {
  const test_support::TemporaryFolder folder;
  std::ofstream(folder / "bins.csv") << "lower,upper,weight\n0.5,1,1\n";
  std::map<std::string, KnownKey> keys;
  for (const auto& edits : coverage()) {
    std::string text = small_config;
    for (const auto& [from, to] : edits) text = edited(text, from, to);
    auto document = Document::from_string(text, "cover.yaml", {}, folder.path());
    collect(document, keys);
  }
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(source_folder() / "configs")) {
    if (entry.path().extension() != ".yaml") continue;
    auto document = Document::from_file(entry.path());
    collect(document, keys);
  }
  return keys;
}

/// Rows of the reference's tables by the key in their first cell.
std::map<std::string, std::string> reference_rows() {
  std::ifstream file(source_folder() / "docs/config-reference.md");
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    rows[line.substr(3, line.find('`', 3) - 3)] = line;
  }
  return rows;
}

TEST(ConfigReference, HasEveryKeyWithItsRangeAndDefault) {
  const auto rows = reference_rows();
  const auto keys = all_keys();
  ASSERT_GT(keys.size(), 90u);
  for (const auto& [path, key] : keys) {
    const auto row = rows.find(path);
    if (row == rows.end()) {
      ADD_FAILURE() << "docs/config-reference.md lacks `" << path << "` (" << key.type
                    << "; " << key.range << "; " << key.default_value << ")";
      continue;
    }
    for (const auto& fact : {key.range, key.default_value}) {
      EXPECT_NE(row->second.find(fact), std::string::npos)
          << path << " should say " << fact << ": " << row->second;
    }
  }
}

TEST(ConfigReference, HasNoKeyThatIsNotRead) {
  const auto keys = all_keys();
  for (const auto& [path, row] : reference_rows()) {
    const bool is_quantity = path.find('.') == std::string::npos && path != "schema" &&
                             path != "bands" && path != "host" && path != "noise";
    if (is_quantity) continue;
    EXPECT_TRUE(keys.contains(path)) << path;
  }
}

TEST(ConfigReference, HasEveryQuantityWithItsUnitAndRange) {
  const auto rows = reference_rows();
  for (const auto& quantity : catalogue::all_quantities()) {
    std::string name(quantity.name);
    if (quantity.suffix == catalogue::Suffix::band) name += "_<band>";
    if (quantity.suffix == catalogue::Suffix::knot) name += "_<knot>";
    if (quantity.suffix == catalogue::Suffix::band_pair) name += "_<band>_<band>";
    const auto row = rows.find(name);
    if (row == rows.end()) {
      ADD_FAILURE() << "| `" << name << "` | " << quantity.unit << " | "
                    << quantity.range.text() << " | " << quantity.description << " |";
      continue;
    }
    EXPECT_NE(row->second.find(quantity.unit), std::string::npos) << row->second;
    EXPECT_NE(row->second.find(quantity.range.text()), std::string::npos)
        << row->second << "\nshould say " << quantity.range.text();
  }
}

}  // namespace
}  // namespace lensmill::config
