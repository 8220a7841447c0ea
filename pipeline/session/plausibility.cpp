#include "pipeline/session/plausibility.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <type_traits>
#include <variant>

#include "lib/catalogue/columns.hpp"
#include "lib/catalogue/quantities.hpp"
#include "lib/core/units.hpp"
#include "lib/imaging/local_scatter.hpp"
#include "pipeline/archive/kept_so_far.hpp"
#include "pipeline/session/timings.hpp"

namespace lensmill::pipeline {
namespace {

constexpr std::int64_t most_rows = 200;
// Reached by stamps of thousands of pixels alone.
constexpr double seconds = 10.0;

/// Values by name, in the order in which names come up. NaN is none.
class Collected {
 public:
  void add(const std::string& name, const std::string& unit, double value) {
    const auto [at, made] = index_.try_emplace(name, series_.size());
    if (made) series_.push_back({name, unit, {}});
    if (std::isfinite(value)) series_[at->second].values.push_back(value);
  }
  std::vector<Spread> spreads() const {
    std::vector<Spread> result;
    for (const auto& series : series_) {
      auto values = series.values;
      if (values.empty()) continue;
      std::ranges::sort(values);
      const auto at = [&](double share) {
        return values[static_cast<std::size_t>(
            std::llround(share * static_cast<double>(values.size() - 1)))];
      };
      result.push_back({.name = series.name,
                        .unit = series.unit,
                        .rows = static_cast<std::int64_t>(values.size()),
                        .low = at(0.05),
                        .median = at(0.5),
                        .high = at(0.95),
                        .least = values.front(),
                        .largest = values.back()});
    }
    return result;
  }

 private:
  struct Series {
    std::string name, unit;
    std::vector<double> values;
  };
  std::map<std::string, std::size_t> index_;
  std::vector<Series> series_;
};

/// Full width at half of the largest sample, the mean of x and y, linearly between
/// samples.
double fwhm_pix(const psf::LatticeKernel& kernel) {
  const auto& samples = kernel.samples;
  const auto peak = std::ranges::max_element(samples.pixels());
  const auto at = static_cast<int>(peak - samples.pixels().begin());
  const int y = at / samples.nx();
  const int x = at % samples.nx();
  const auto half_width = [&](int dy, int dx) {
    double before = *peak;
    for (int k = 1;; ++k) {
      const int j = y + k * dy;
      const int i = x + k * dx;
      if (j < 0 || i < 0 || j >= samples.ny() || i >= samples.nx()) {
        return static_cast<double>(k);
      }
      const double here = samples(j, i);
      if (here <= 0.5 * *peak) return k - (0.5 * *peak - here) / (before - here);
      before = here;
    }
  };
  const double sum =
      half_width(0, 1) + half_width(0, -1) + half_width(1, 0) + half_width(-1, 0);
  return 0.5 * sum / kernel.oversample;
}

void collect_angles(const catalogue::Injection& injection, Collected& collected) {
  for (const auto& quantity : catalogue::all_quantities()) {
    if (!quantity.is_column() || quantity.unit != "rad" ||
        quantity.suffix != catalogue::Suffix::none) {
      continue;
    }
    catalogue::visit_member(quantity.member, injection, 0, [&](const auto& value) {
      if constexpr (std::is_same_v<std::decay_t<decltype(value)>, double>) {
        collected.add(std::string(quantity.name), "rad", value);
      }
    });
  }
}

void collect_band(const stages::Stamp& stamp, const config::RunConfig& config,
                  std::size_t b, Collected& collected) {
  const auto& injection = stamp.injection;
  const auto& measured = stamp.measurement;
  const auto add = [&](const char* name, const char* unit, double value) {
    collected.add(fmt::format("{} {}", name, config.bands[b]), unit, value);
  };
  add("host_mag", "mag", mag_from_nmgy(injection.host_flux_nmgy[b]));
  add("arc_mag", "mag", mag_from_nmgy(measured.arc_flux_nmgy[b]));
  add("arc_snr", "", measured.arc_snr[b]);
  if (stamp.psf[b].kernel != nullptr) {
    add("psf_fwhm", "arcsec",
        fwhm_pix(*stamp.psf[b].kernel) * config.grid.pixel_scale_arcsec);
  }
  const auto& images = stamp.images[b];
  if (!config.noise.enabled || images.variance.size() == 0) return;
  constexpr std::int64_t fewest_pixels = 200;
  const auto noise = imaging::blank_noise(images.negative, images.variance, images.mask,
                                          fewest_pixels);
  const double stated = std::sqrt(noise.median_value);
  add("sky_sigma", "nmgy", stated);
  add("own_noise_over_stated", "", noise.scatter / stated);
}

/// Angles under names that no column has, as shear_phi_rad: by what they are drawn
/// from.
void collect_priors(const catalogue::Priors& priors, Collected& collected) {
  const auto is_angle = [](const std::string& name) {
    const auto found = catalogue::find_quantity(name);
    return found && !found->quantity->is_column() && found->quantity->unit == "rad";
  };
  for (const auto& entry : priors.entries) {
    const auto* sampler = std::get_if<catalogue::Sampler>(&entry.prior);
    if (sampler == nullptr || !is_angle(entry.quantity)) continue;
    for (const double u : {0.05, 0.5, 0.95}) {
      collected.add(entry.quantity, "rad", catalogue::quantile(*sampler, u));
    }
  }
  for (const auto& table : priors.joint_tables) {
    const std::size_t columns = table.quantities.size();
    for (std::size_t k = 0; k < table.values.size(); ++k) {
      const auto& name = table.quantities[k % columns];
      if (is_angle(name)) collected.add(name, "rad", table.values[k]);
    }
  }
}

/// And the catalogue's, as they are given.
void collect_given(const std::vector<std::string>& names, std::span<const double> row,
                   Collected& collected) {
  for (std::size_t k = 0; k < names.size(); ++k) {
    const auto found = catalogue::find_quantity(names[k]);
    if (found && !found->quantity->is_column() && found->quantity->unit == "rad") {
      collected.add(names[k], "rad", row[k]);
    }
  }
}

}  // namespace

std::vector<std::int64_t> spread_rows(std::int64_t count, std::int64_t most) {
  // Multiples of the golden ratio, modulo 1: any number of them is spread evenly, and
  // they share no period with a grid's axes.
  constexpr double golden = 0.6180339887498949;
  const std::int64_t wanted = std::min(count, most);
  std::vector<std::int64_t> rows;
  std::set<std::int64_t> seen;
  for (std::int64_t k = 0; k < 4 * wanted; ++k) {
    const double share = std::fmod(static_cast<double>(k) * golden, 1.0);
    const auto row = std::min(
        count - 1, static_cast<std::int64_t>(share * static_cast<double>(count)));
    if (seen.insert(row).second) rows.push_back(row);
    if (static_cast<std::int64_t>(rows.size()) == wanted) return rows;
  }
  for (std::int64_t row = 0; static_cast<std::int64_t>(rows.size()) < wanted; ++row) {
    if (seen.insert(row).second) rows.push_back(row);
  }
  return rows;
}

Plausibility check_plausibility(const Session& session, std::vector<SamplePair>* pairs,
                                std::size_t most_pairs) {
  const auto& config = session.config;
  auto stamp = session.chain().make_stamp();
  Plausibility result;
  Collected collected;
  std::map<Status, std::int64_t> by_status;
  double spent = 0.0;
  if (session.selection) result.selection = empty_record(*session.selection);
  collect_priors(config.priors, collected);
  for (const std::int64_t row : spread_rows(session.plan.rows, most_rows)) {
    if (spent >= seconds) break;
    const Stopwatch watch(spent);
    const auto block = session.rows().read(row, 1);
    collect_given(session.rows().given(), block.row(0), collected);
    session.chain().apply(block.injection_id[0], block.row(0), stamp);
    ++result.rows;
    if (result.selection) {
      session.selection->keeps(stamp.measurement, result.selection->counts);
    }
    ++by_status[stamp.status];
    if (is_failure(stamp.status)) ++result.failed;
    if (!has_images(stamp.status)) continue;
    ++result.with_images;
    collected.add("theta_e", "arcsec", stamp.injection.theta_e_arcsec);
    collected.add("n_images", "", stamp.measurement.n_images);
    collected.add("magnification", "", stamp.measurement.magnification);
    for (std::size_t b = 0; b < config.bands.size(); ++b) {
      collect_band(stamp, config, b, collected);
    }
    collect_angles(stamp.injection, collected);
    if (pairs == nullptr || pairs->size() >= most_pairs) continue;
    auto& pair = pairs->emplace_back();
    pair.injection_id = block.injection_id[0];
    for (std::size_t b = 0; b < config.bands.size(); ++b) {
      pair.negative.push_back(stamp.images[b].negative);
      pair.positive.push_back(stamp.images[b].positive);
    }
  }
  result.by_status.assign(by_status.begin(), by_status.end());
  result.spreads = collected.spreads();
  result.suspicions = suspicions_of(result.spreads, config);
  // Some failures are the population's; many are a mistake.
  constexpr double noticed_failures = 0.05;
  if (static_cast<double>(result.failed) >
      noticed_failures * static_cast<double>(result.rows)) {
    result.suspicions.push_back(
        {"", fmt::format("{} of {} rows fail; see the statuses above", result.failed,
                         result.rows)});
  }
  if (result.selection && acceptance_is_below(config.catalogue.keep.min_acceptance,
                                              result.selection->counts)) {
    result.suspicions.push_back(
        {"",
         fmt::format("catalogue.keep: so few candidates are kept that the run would "
                     "be given up (catalogue.keep.min_acceptance: {:g}); loosen "
                     "what keeps fewest, or lower min_acceptance",
                     config.catalogue.keep.min_acceptance)});
  }
  return result;
}

std::string Plausibility::text() const {
  std::string result = fmt::format(
      "A sample of {} rows                5 %      median        95 %\n", rows);
  for (const auto& spread : spreads) {
    // Angles are shown where they are marked.
    const bool marked = std::ranges::find(suspicions, spread.name, &Suspicion::name) !=
                        suspicions.end();
    if (spread.unit == "rad" && !marked) continue;
    const std::string name = spread.unit.empty()
                                 ? spread.name
                                 : fmt::format("{} [{}]", spread.name, spread.unit);
    result +=
        fmt::format("{} {:<28} {:>11.4g} {:>11.4g} {:>11.4g}\n", marked ? '!' : ' ',
                    name, spread.low, spread.median, spread.high);
  }
  result += "  status:";
  for (const auto& [status, number] : by_status) {
    result += fmt::format(" {} {}", to_string(status), number);
  }
  result += "\n";
  if (selection) result += "  keep: " + to_text(*selection) + "\n";
  for (const auto& suspicion : suspicions) {
    result += fmt::format("! {}{}{}\n", suspicion.name,
                          suspicion.name.empty() ? "" : ": ", suspicion.text);
  }
  return result;
}

}  // namespace lensmill::pipeline
