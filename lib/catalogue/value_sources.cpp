#include "lib/catalogue/value_sources.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lensmill::catalogue {
namespace {

/// Quantities that say the same thing in two ways: names of both columns must not be
/// given together.
struct TwoWays {
  std::vector<std::string_view> one;
  std::vector<std::string_view> other;
};
const std::vector<TwoWays>& two_ways() {
  static const std::vector<TwoWays> table{
      {{"lens_q"}, {"lens_ellipticity"}},
      {{"src_q"}, {"src_ellipticity"}},
      {{"host_q"}, {"host_ellipticity"}},
      {{"lens_phi_rad"}, {"lens_phi_deg"}},
      {{"src_phi_rad"}, {"src_phi_deg"}},
      {{"host_phi_rad"}, {"host_phi_deg"}},
      {{"shear_phi_rad"}, {"shear_phi_deg"}},
      {{"shear_g1", "shear_g2"}, {"shear_magnitude", "shear_phi_rad", "shear_phi_deg"}},
      {{"src_x_arcsec", "src_y_arcsec"},
       {"src_offset", "src_offset_arcsec", "src_offset_over_theta_e",
        "src_offset_phi_rad", "src_offset_phi_deg"}},
      {{"src_offset"},
       {"src_offset_arcsec", "src_offset_over_theta_e", "src_offset_phi_rad",
        "src_offset_phi_deg"}},
      {{"src_offset_arcsec"}, {"src_offset_over_theta_e"}},
      {{"src_offset_phi_rad"}, {"src_offset_phi_deg"}},
      {{"psf_fwhm_pix"}, {"psf_fwhm_arcsec"}},
      {{"theta_e_arcsec"}, {"lens_sigma_v_km_s"}},
  };
  return table;
}

bool holds(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool say_the_same(const QuantityName& a, const QuantityName& b) {
  if (a.band != b.band || a.other_band != b.other_band) return false;
  if (a.quantity == b.quantity) return true;
  return std::any_of(two_ways().begin(), two_ways().end(), [&](const TwoWays& ways) {
    return (holds(ways.one, a.quantity->name) && holds(ways.other, b.quantity->name)) ||
           (holds(ways.one, b.quantity->name) && holds(ways.other, a.quantity->name));
  });
}

/// Order in which the magnitudes' links are taken, so that the result does not depend
/// on the order of the user's keys: what comes late gives way to the rows.
enum class LinkRank {
  none,
  host_total,
  host_colour,
  src_total,
  src_colour,
  difference
};
LinkRank rank_of(const QuantityName& name) {
  const auto base = name.quantity->name;
  if (base == "host_mag" || base == "host_flux_nmgy") return LinkRank::host_total;
  if (base == "host_colour") return LinkRank::host_colour;
  if (base == "src_mag" || base == "src_flux_nmgy" || base == "src_target_snr") {
    return LinkRank::src_total;
  }
  if (base == "src_colour") return LinkRank::src_colour;
  if (base == "src_mag_minus_host_mag") return LinkRank::difference;
  return LinkRank::none;
}

class Collector {
 public:
  explicit Collector(const InjectionSamplerConfig& config) : config_(config) {}

  ValueSources collect() {
    std::vector<ValueSource> all = everything();
    // Rows first, then hosts: they win or are named as the first origin.
    std::stable_sort(
        all.begin(), all.end(), [](const ValueSource& a, const ValueSource& b) {
          const auto key = [](const ValueSource& g) {
            return std::pair(std::min(g.origin, Origin::prior), rank_of(g.quantity));
          };
          return key(a) < key(b);
        });
    for (auto& source : all) settle(std::move(source));
    return std::move(sources_);
  }

 private:
  std::vector<ValueSource> everything() {
    std::vector<ValueSource> all;
    for (std::size_t i = 0; i < config_.given.size(); ++i) {
      add(all, config_.given[i], Origin::rows, i,
          fmt::format("{} in {}", config_.given[i], config_.rows_name));
    }
    if (!config_.hosts.flux_nmgy.empty()) {
      for (std::size_t b = 0; b < config_.needs.bands.size(); ++b) {
        add(all, "host_flux_nmgy_" + config_.needs.bands[b], Origin::hosts, b,
            "the host cutouts' own fluxes");
      }
    }
    for (std::size_t i = 0; i < config_.hosts.quantities.size(); ++i) {
      const auto& quantity = config_.hosts.quantities[i];
      add(all, quantity.name, Origin::host_quantity, i, quantity.where);
    }
    for (std::size_t i = 0; i < config_.priors.entries.size(); ++i) {
      const auto& entry = config_.priors.entries[i];
      if (!add(all, entry.quantity, Origin::prior, i, entry.where)) continue;
      const auto problem = prior_problem(*all.back().quantity.quantity, entry.prior);
      if (!problem.empty()) {
        sources_.value_problems.push_back(entry.where + ": " + problem);
      }
    }
    for (std::size_t i = 0; i < config_.priors.joint_tables.size(); ++i) {
      add_joint_table(all, i);
    }
    return all;
  }

  void add_joint_table(std::vector<ValueSource>& all, std::size_t index) {
    const auto& table = config_.priors.joint_tables[index];
    const auto columns = table.quantities.size();
    if (columns == 0 || table.values.empty() || table.values.size() % columns != 0) {
      return complain(table.where, "joint table: must have columns and whole rows");
    }
    const auto rows = table.values.size() / columns;
    // A choice between the rows has the same rules for its weights.
    const auto problem =
        problem_of(Sampler{Choice{std::vector<double>(rows, 0.0), table.weights}});
    if (!problem.empty()) complain(table.where, problem);
    for (std::size_t c = 0; c < columns; ++c) {
      const auto& name = table.quantities[c];
      if (!add(all, name, Origin::joint_table, index, table.where)) continue;
      all.back().column = c;
      const auto& range = all.back().quantity.quantity->range;
      for (std::size_t row = 0; row < rows; ++row) {
        const double value = table.values[row * columns + c];
        if (range.contains(value)) continue;
        complain(table.where,
                 fmt::format("{} in row {} {}", name, row + 1, range.refusal(value)));
        break;
      }
    }
  }

  bool add(std::vector<ValueSource>& all, const std::string& name, Origin origin,
           std::size_t index, const std::string& where) {
    const auto quantity = find_quantity(name);
    if (!quantity) {
      const auto nearest = nearest_quantity(name, config_.needs.bands);
      complain(where,
               fmt::format("unknown quantity `{}`{}", name,
                           nearest.empty() ? "" : ": did you mean `" + nearest + "`?"));
      return false;
    }
    if (quantity->quantity->name == "src_offset" && origin != Origin::prior) {
      complain(where,
               "src_offset is a disc prior and no column (two numbers); use "
               "`src_offset_arcsec` and `src_offset_phi_rad`");
      return false;
    }
    all.push_back({name, *quantity, origin, index, 0, where});
    return true;
  }

  void settle(ValueSource source) {
    std::vector<std::size_t> others;
    const auto rank = rank_of(source.quantity);
    Photometry::Link link;
    if (rank != LinkRank::none) {
      link = link_of(source);
      for (auto i : sources_.photometry.path(link.a, link.b)) {
        others.push_back(sources_.photometry.links()[i].source);
      }
    } else {
      for (std::size_t i = 0; i < sources_.list.size(); ++i) {
        const auto& other = sources_.list[i];
        if (!say_the_same(other.quantity, source.quantity)) continue;
        // A run's own catalogue contains both: the Einstein radius as it was rendered,
        // and the velocity dispersion that it came from.
        const bool a_run_wrote_both =
            source.origin == Origin::rows && other.origin == Origin::rows &&
            source.quantity.quantity->is_column() &&
            other.quantity.quantity->is_column() && source.name != other.name;
        if (!a_run_wrote_both) others.push_back(i);
      }
    }
    if (!others.empty()) return contradict(source, others);
    if (rank != LinkRank::none) {
      link.source = sources_.list.size();
      sources_.photometry.add(link);
    }
    sources_.list.push_back(std::move(source));
  }

  void contradict(const ValueSource& source, const std::vector<std::size_t>& others) {
    std::string names;
    bool rows_among_them = false;
    for (auto i : others) {
      const auto& other = sources_.list[i];
      names += fmt::format("{}{}", names.empty() ? "" : ", ",
                           other.where.empty() ? other.name : other.where);
      rows_among_them = rows_among_them || other.origin == Origin::rows;
    }
    // Rows that repeat what comes with their host are held to it, row by row.
    const bool is_repeated = source.origin == Origin::host_quantity &&
                             std::ranges::all_of(others, [&](std::size_t i) {
                               return sources_.list[i].origin == Origin::rows;
                             });
    if (is_repeated) return;
    const bool hosts_give_way = source.origin == Origin::hosts;
    const bool prior_gives_way = source.origin >= Origin::prior && rows_among_them &&
                                 config_.conflict == Conflict::rows_win;
    if (hosts_give_way || prior_gives_way) {
      sources_.overridden.push_back(source.name);
      return;
    }
    complain(source.where.empty() ? source.name : source.where,
             fmt::format("{} is already fixed by {} (a value must have one origin); "
                         "remove one of them",
                         source.name, names));
  }

  Photometry::Link link_of(const ValueSource& source) {
    auto& graph = sources_.photometry;
    const auto& name = source.quantity;
    const auto base = name.quantity->name;
    const std::string of = base.starts_with("src") ? "src " : "host ";
    if (base == "src_target_snr") {
      const auto& bands = config_.needs.bands;
      return {graph.node("src " + (bands.empty() ? "" : bands[0])),
              Photometry::absolute};
    }
    switch (rank_of(name)) {
      case LinkRank::host_colour:
      case LinkRank::src_colour:
        return {graph.node(of + name.band), graph.node(of + name.other_band)};
      case LinkRank::difference:
        return {graph.node("src " + name.band), graph.node("host " + name.band)};
      default: return {graph.node(of + name.band), Photometry::absolute};
    }
  }

  void complain(const std::string& where, const std::string& problem) {
    sources_.problems.push_back(where.empty() ? problem : where + ": " + problem);
  }

  const InjectionSamplerConfig& config_;
  ValueSources sources_;
};

}  // namespace

ValueSource* ValueSources::find(const std::string& name) {
  const auto at = std::find_if(list.begin(), list.end(),
                               [&](const ValueSource& g) { return g.name == name; });
  return at == list.end() ? nullptr : &*at;
}

ValueSources collect_value_sources(const InjectionSamplerConfig& config) {
  return Collector(config).collect();
}

}  // namespace lensmill::catalogue
