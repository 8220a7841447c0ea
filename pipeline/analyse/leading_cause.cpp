#include "pipeline/analyse/leading_cause.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "lib/analysis/core_views.hpp"
#include "lib/analysis/reported_core.hpp"

namespace lensmill::pipeline {
namespace {

using namespace analysis;

// Ways of counting that disagree are named up to this many; the table has all.
constexpr std::size_t most_named = 3;

/// One way of counting, and what it gives in one cell.
struct Way {
  Account account;
  std::size_t band, radius;
  Weighting weighting;
  CauseSums sums;
  std::size_t rows;  ///< quantity
  Lead lead;

  std::string_view leader() const { return causes_of(account)[lead.leader]; }
  std::string_view next() const { return causes_of(account)[lead.next]; }
};

/// All ways in which the cell has rows, the reported one first; none where that has no
/// rows.
std::vector<Way> ways_of(const AnalysisInput& input, std::size_t cell) {
  const auto& views = input.numbers.views;
  const auto& b = input.views_bootstrap;
  const auto reported = reported_core(input.run.bands, input.run.aperture_radius_pix);
  std::vector<Way> ways;
  for (const Account account : accounts) {
    for (std::size_t band = 0; band < input.run.bands.size(); ++band) {
      for (std::size_t radius = 0; radius < input.run.aperture_radius_pix.size();
           ++radius) {
        for (const Weighting weighting : weightings) {
          const auto view = views.view(band, radius, weighting);
          if (b.data(cell)[view.rows] == 0.0) continue;
          const CauseSums& sums = view.of(account);
          ways.push_back({.account = account,
                          .band = band,
                          .radius = radius,
                          .weighting = weighting,
                          .sums = sums,
                          .rows = view.rows,
                          .lead = find_lead(b, cell, sums)});
        }
      }
    }
  }
  const auto first = std::ranges::find_if(ways, [&](const Way& way) {
    return way.account == Account::split && way.weighting == Weighting::rows &&
           way.band == reported.band && way.radius == reported.radius;
  });
  if (first == ways.end()) return {};
  std::rotate(ways.begin(), first, first + 1);
  return ways;
}

std::string words_of(std::string_view cause) {
  if (cause == "counter_image") return "the counter-image";
  if (cause == "outer_image") return "the outer image inside the aperture";
  if (cause == "central_image") return "the central image";
  return "light that the PSF moves in";
}

std::string words_of(const Way& way, const AnalysisInput& input) {
  return fmt::format("{}, r < {:g} pix, band {}, mean over {}", to_string(way.account),
                     input.run.aperture_radius_pix[way.radius],
                     input.run.bands[way.band],
                     way.weighting == Weighting::rows ? "rows" : "arc flux");
}

std::string lead_text(const Estimate& lead) {
  return fmt::format("{:.1f} % [{:.1f}, {:.1f}]", 100.0 * lead.value,
                     100.0 * lead.lower, 100.0 * lead.upper);
}

std::string finding_of(const Way& way) {
  switch (way.lead.dominance) {
    case Dominance::leads: return words_of(way.leader()) + " leads";
    case Dominance::tie: return "a tie";
    case Dominance::not_decided: return "not decided";
    case Dominance::too_few: return "too few rows";
    case Dominance::no_core_flux: return "no core flux";
  }
  return "unknown";
}

/// What the ways but the first say where they say something else.
std::string disagreement(const std::vector<Way>& ways, const AnalysisInput& input) {
  const std::string main = finding_of(ways.front());
  std::vector<std::string> others;
  std::size_t count = 0;
  for (const Way& way : ways) {
    if (finding_of(way) == main || ++count > most_named) continue;
    others.push_back(fmt::format("{} ({})", finding_of(way), words_of(way, input)));
  }
  if (count == 0) {
    return fmt::format(
        " So in all {} ways of counting (account, radius, band, mean over rows or arc "
        "flux).",
        ways.size());
  }
  return fmt::format(" In {} of {} ways of counting it is otherwise: {}{}.", count,
                     ways.size(), fmt::join(others, "; "),
                     count > most_named ? "; ..." : "");
}

/// What the PSF does to the two images, where the two accounts disagree.
std::string why_accounts_differ(const std::vector<Way>& ways,
                                const AnalysisInput& input, std::size_t cell) {
  const Way& main = ways.front();
  const auto net = std::ranges::find_if(ways, [&](const Way& way) {
    return way.account == Account::net_kind && way.band == main.band &&
           way.radius == main.radius && way.weighting == main.weighting;
  });
  if (net == ways.end() || net->leader() == main.leader() ||
      net->lead.dominance != Dominance::leads) {
    return "";
  }
  const auto moved = [&](std::size_t kind) {
    const auto value = mean_of(q_psf + kind, q_core_rows)(input.bootstrap.data(cell));
    return fmt::format("{:.3f} {}", std::abs(value),
                       value < 0.0 ? "out of the core" : "into it");
  };
  return fmt::format(
      " The accounts `split` and `net_kind` differ by what the PSF moves: of the "
      "counter-image {}, of the outer image {}.",
      moved(counter), moved(outer));
}

std::string sentence_of(const std::vector<Way>& ways, const AnalysisInput& input,
                        std::size_t cell) {
  const Way& main = ways.front();
  const auto& b = input.views_bootstrap;
  const std::string where = cell == b.all()
                                ? std::string("All theta_E")
                                : "theta_E " + input.label(cell) + " arcsec";
  const auto part = [&](std::size_t cause) {
    return with_interval(b.estimate(cell, mean_of(main.sums.first + cause, main.rows)));
  };
  const auto core = with_interval(b.estimate(cell, mean_of(main.sums.core, main.rows)));
  switch (main.lead.dominance) {
    case Dominance::too_few:
      return fmt::format(
          "{}: too few {} ({} rows) to say which cause leads (core flux fraction {}).",
          where, input.reader.unit(), std::llround(b.data(cell)[main.rows]), core);
    case Dominance::no_core_flux:
      return fmt::format("{}: no cause leads: the mean core flux fraction is {}.",
                         where, core);
    case Dominance::leads: {
      const double led = ratio_of(q_split_leads + main.lead.leader,
                                  q_core_rows)(input.bootstrap.data(cell));
      return fmt::format(
                 "{}: {} leads, with {} of a core flux fraction of {}: ahead of {} by "
                 "{} "
                 "of the core flux; the largest part in {} of the rows.",
                 where, words_of(main.leader()), part(main.lead.leader), core,
                 words_of(main.next()), lead_text(main.lead.lead), percent(led)) +
             disagreement(ways, input) + why_accounts_differ(ways, input, cell);
    }
    case Dominance::tie:
      return fmt::format(
                 "{}: no cause leads: {} gives {} of a core flux fraction of {}, "
                 "{} {}: a difference of {} of the core flux, below {:.0f} %.",
                 where, words_of(main.leader()), part(main.lead.leader), core,
                 words_of(main.next()), part(main.lead.next), lead_text(main.lead.lead),
                 100.0 * least_lead) +
             disagreement(ways, input) + why_accounts_differ(ways, input, cell);
    case Dominance::not_decided: break;
  }
  return fmt::format(
      "{}: not decided from these rows: {} gives {} of a core flux fraction of {}, "
      "ahead "
      "of {} by {} of the core flux, where {:.0f} % are asked for.",
      where, words_of(main.leader()), part(main.lead.leader), core,
      words_of(main.next()), lead_text(main.lead.lead), 100.0 * least_lead);
}

void add_rows(ResultTable& table, const std::vector<Way>& ways,
              const AnalysisInput& input, std::size_t cell) {
  for (const Way& way : ways) {
    const auto n = std::llround(input.views_bootstrap.data(cell)[way.rows]);
    std::vector<Cell> row{input.label(cell),
                          std::string(to_string(way.account)),
                          input.run.bands[way.band],
                          input.run.aperture_radius_pix[way.radius],
                          std::string(to_string(way.weighting)),
                          static_cast<std::int64_t>(n),
                          std::string(way.leader()),
                          std::string(way.next())};
    append(row, way.lead.lead);
    row.emplace_back(std::string(to_string(way.lead.dominance)));
    table.rows.push_back(std::move(row));
  }
}

}  // namespace

LeadingCauses leading_causes(const AnalysisInput& input) {
  LeadingCauses out{.robustness = {.id = "robustness",
                                   .title = "The cause with the largest mean "
                                            "contribution, and its lead over the next "
                                            "one over the core flux",
                                   .columns = {{"theta_e_bin", "arcsec"},
                                               {"account"},
                                               {"band"},
                                               {"radius", "pix", 2},
                                               {"weighting"},
                                               {"n"},
                                               {"leader"},
                                               {"next"}},
                                   .rows = {}},
                    .sentences = {}};
  out.robustness.add_estimate_columns("lead", "", 3);
  out.robustness.columns.push_back({"dominance"});
  out.robustness.in_text = false;
  std::set<std::string_view> leaders;
  bool led_everywhere = true;
  for (const std::size_t cell : input.cells()) {
    const auto ways = ways_of(input, cell);
    if (ways.empty()) continue;
    add_rows(out.robustness, ways, input, cell);
    const Way& main = ways.front();
    const bool leads = main.lead.dominance == Dominance::leads;
    if (cell != input.views_bootstrap.all()) {
      if (leads) leaders.insert(main.leader());
      const bool few = main.lead.dominance == Dominance::too_few;
      led_everywhere = led_everywhere && (leads || few);
      out.sentences.push_back(sentence_of(ways, input, cell));
    } else if (leaders.size() > 1) {
      std::vector<std::string> words;
      for (const auto leader : leaders) words.push_back(words_of(leader));
      out.sentences.push_back(
          fmt::format("All theta_E: no single answer, it depends on theta_E: {} leads "
                      "(lines above). A mean over all says how many rows this "
                      "population has of each theta_E.",
                      fmt::join(words, " or ")));
    } else {
      const bool holds = led_everywhere && (!leads || leaders.contains(main.leader()));
      out.sentences.push_back(sentence_of(ways, input, cell) +
                              (holds ? "" : " Not at every theta_E: lines above."));
    }
  }
  return out;
}

}  // namespace lensmill::pipeline
