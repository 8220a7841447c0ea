#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/core/text.hpp"
#include "pipeline/probe/probe.hpp"

namespace lensmill::pipeline {
namespace {

using analysis::Estimate;
using analysis::Region;
using analysis::Variant;

const RegionReport& region(const VariantReport& variant, Region which) {
  return variant.regions[static_cast<std::size_t>(which)];
}

std::string number(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "-";
}

std::string interval(const Estimate& e) {
  return fmt::format("{} [{}, {}]", number(e.value, 3), number(e.lower, 3),
                     number(e.upper, 3));
}

std::string change_text(const Estimate& e) {
  return fmt::format("{:+.3f} [{:+.3f}, {:+.3f}]", e.value, e.lower, e.upper);
}

std::string leakage(const analysis::Mean& mean) {
  return fmt::format("{} ({})", number(mean.value, 4), number(mean.standard_error, 4));
}

std::string offset(const analysis::Mean& mean) {
  return fmt::format("{:.3e} ({:.0e})", mean.value, mean.standard_error);
}

std::string_view construction(const ProbeReport& report, const VariantReport& variant,
                              Region which) {
  return analysis::by_construction(variant.variant, which,
                                   core_box_pix(report.core_radius_pix),
                                   report.mask_radius_pix);
}

/// An AUC, with a star where it is so by construction.
std::string cell(const ProbeReport& report, const VariantReport& variant, Region which,
                 const Estimate& auc) {
  return interval(auc) + (construction(report, variant, which).empty() ? "" : "*");
}

std::string table(const ProbeReport& report) {
  std::string text =
      fmt::format("{:<18}{:>6}  {:<17}{:<19}{:<22}{:<22}{:<22}{:<22}{}\n", "variant",
                  "rows", "core fraction", "core offset", "core, logistic",
                  "core, boosted trees", "annulus, larger", "full, larger", "rank");
  for (const auto& variant : report.variants) {
    if (!variant.applies) {
      text += fmt::format("{:<18}{:>6}  does not apply: {}\n",
                          to_string(variant.variant), variant.rows, variant.reason);
      continue;
    }
    const auto& core = region(variant, Region::core);
    text += fmt::format(
        "{:<18}{:>6}  {:<17}{:<19}{:<22}{:<22}{:<22}{:<22}{}{}\n",
        to_string(variant.variant), variant.rows, leakage(variant.core_flux_fraction),
        offset(variant.core_offset_nmgy_per_pix),
        cell(report, variant, Region::core, core.aucs[0]),
        cell(report, variant, Region::core, core.aucs[1]),
        cell(report, variant, Region::annulus, region(variant, Region::annulus).auc),
        interval(region(variant, Region::full).auc),
        variant.rank > 0 ? std::to_string(variant.rank) : "-",
        variant.annulus_harmed ? " harms the annulus" : "");
  }
  text +=
      "AUC of logistic regression and of boosted trees, and the larger of the two. "
      "* by construction:\nno pixel of the core is left to tell a pair by, or no pixel "
      "of the annulus is changed.\n";
  const auto& base = report[Variant::baseline];
  if (const auto undefined = base.rows - base.core_flux_fraction.n; undefined > 0) {
    text += fmt::format(
        "{} rows have no unmasked pixel in the core: they are left out of the means of "
        "core fraction\nand core offset.\n",
        grouped(undefined));
  }
  return text;
}

std::string changes(const ProbeReport& report, const VariantReport& variant) {
  const auto& core = region(variant, Region::core);
  const auto noted = [&](Region which) {
    return change_text(region(variant, which).change) +
           (construction(report, variant, which).empty() ? "" : " by construction");
  };
  return fmt::format("{:<17} core {}, annulus {}{}: {}\n", to_string(variant.variant),
                     noted(Region::core), noted(Region::annulus),
                     core.auc.value < analysis::core_auc_target ? ", below 0.65" : "",
                     description_of(variant.variant));
}

std::string ranking(const ProbeReport& report) {
  std::vector<const VariantReport*> ranked;
  for (const auto& variant : report.variants) {
    if (variant.rank > 0) ranked.push_back(&variant);
  }
  std::ranges::sort(ranked, {}, &VariantReport::rank);
  std::string text =
      "Mitigations by the larger AUC that they leave to the core, minus the "
      "baseline's; those that\ncost the annulus its own come last:\n";
  for (const auto* variant : ranked) {
    text += fmt::format("  {:>2}. {}", variant->rank, changes(report, *variant));
  }
  text += "For comparison:\n";
  for (const auto& variant : report.variants) {
    if (variant.variant == Variant::baseline || variant.rank > 0) continue;
    if (variant.applies) text += "      " + changes(report, variant);
  }
  return text;
}

std::string baseline_text(const ProbeReport& report) {
  const auto& base = report[Variant::baseline];
  return fmt::format(
      "As the run is, the better of the two classifiers that see the core alone "
      "separates positives\nfrom their negatives with AUC {}, of those that see the "
      "annulus alone\nwith {}, of those that see both with {}.\n",
      interval(region(base, Region::core).auc),
      interval(region(base, Region::annulus).auc),
      interval(region(base, Region::full).auc));
}

std::string judgement(const Estimate& baseline, const Estimate& change) {
  if (change.upper < 0.0) return "masking the core costs there";
  if (change.lower > 0.0) return "masking the core helps there";
  std::string text = fmt::format(
      "no cost of masking the core is seen there; one of\n{:.4f} or more would have "
      "been, with a probability of {:.0f} %",
      smallest_cost_seen(change), 100.0 * seen_probability);
  if (baseline.value > saturated_auc) {
    text += fmt::format(
        ". But an AUC above {:g} leaves no room for a\ncost: the question has no "
        "answer for arcs that bright (fainter ones: --arc-mag-offset)",
        saturated_auc);
  }
  return text;
}

std::string bins_text(std::string_view name, const std::vector<BinReport>& without,
                      const std::vector<BinReport>& with) {
  std::string text;
  for (std::size_t k = 0; k < std::min(without.size(), with.size()); ++k) {
    text += fmt::format("  {:<16}{:>9.3g} to {:<9.3g}{:>5}  {:<22}{:<22}{}\n", name,
                        without[k].lower, without[k].upper, with[k].test_rows,
                        interval(without[k].auc), interval(with[k].auc),
                        change_text(with[k].change));
  }
  return text;
}

std::string mask_text(const ProbeReport& report) {
  std::string text = "Does masking the core hurt? ";
  const auto& mask = report[Variant::core_mask];
  const auto& base = report[Variant::baseline];
  if (!mask.applies) return text + "core_mask does not apply.\n";
  const auto& full = region(mask, Region::full);
  const auto& whole = region(base, Region::full);
  text += fmt::format(
      "All {} test rows of {} hosts: full-stamp AUC {} without\nand {} with r < {:g} "
      "pix masked, {}: {}.\n",
      report.split_rows[2], report.split_hosts[2], interval(whole.auc),
      interval(full.auc), report.mask_radius_pix, change_text(full.change),
      judgement(whole.auc, full.change));
  if (!report.has_visible) {
    text += fmt::format(
        "Only {} of {} test rows have a counter-image of SNR > {:g}: too few to say "
        "more.\n",
        report.visible_test_rows, report.split_rows[2], visible_snr);
  } else {
    text += fmt::format(
        "The {} test rows, of {} hosts, whose counter-image is visible (SNR > {:g} "
        "over host light and\nnoise): {} without and {} with the mask,\n{}: {}.\n",
        report.visible_test_rows, report.visible_test_hosts, visible_snr,
        interval(whole.visible_auc), interval(full.visible_auc),
        change_text(full.visible_change),
        judgement(whole.visible_auc, full.visible_change));
  }
  const auto bins = bins_text("theta_E, arcsec", whole.by_theta_e, full.by_theta_e) +
                    bins_text("SNR of the arc", whole.by_snr, full.by_snr);
  if (bins.empty()) return text;
  return text +
         fmt::format("  {:<37}{:>5}  {:<22}{:<22}{}\n", "full-stamp AUC by", "rows",
                     "without", "with the mask", "difference") +
         bins;
}

std::string host_warning(const ProbeReport& report) {
  constexpr std::array parts{"training", "validation", "test"};
  std::string text;
  for (std::size_t s = 0; s < parts.size(); ++s) {
    if (report.split_hosts[s] >= few_hosts) continue;
    text += fmt::format(
        "WARNING: the {} rows are of {} {}: what they say is said of these hosts, and "
        "intervals are too\nnarrow; give the run more hosts.\n",
        parts[s], report.split_hosts[s], report.split_hosts[s] == 1 ? "host" : "hosts");
  }
  return text;
}

std::string stored_text(const ProbeReport& report) {
  if (report.stored_rows == 0) return "";
  if (report.stored_different == 0) {
    return fmt::format("Stored stamps: all {} are what rendering again gives.\n",
                       report.stored_rows);
  }
  const auto& stored = report[Variant::stored];
  std::string text = fmt::format(
      "Stored stamps: {} of {} are NOT what rendering again gives (worst pixel off by "
      "{:.3g} sigma\nof the noise; first: injection_id {}): `lensmill verify` names "
      "every row.\n",
      report.stored_different, report.stored_rows, report.stored_worst_sigma,
      report.stored_first_different);
  if (!report.stored_legacy.empty()) {
    const auto share = analysis::wilson(
        static_cast<std::int64_t>(report.stored_legacy.size()), report.stored_rows);
    text += fmt::format(
        "Of the stored stamps {} of {} ({:.1f} % [{:.1f}, {:.1f}]) were made with the "
        "LEGACY PSF placement:\nwithin the noise of its render, nearer than to the "
        "run's (first: injection_id {}; all in probe.json).\n",
        report.stored_legacy.size(), report.stored_rows, 100.0 * share.value,
        100.0 * share.lower, 100.0 * share.upper, report.stored_legacy.front());
  }
  if (stored.applies) {
    text += fmt::format("Their core AUC differs from the rendered ones' by {}.\n",
                        change_text(region(stored, Region::core).change));
  }
  return text;
}

}  // namespace

std::string probe_text(const ProbeReport& report) {
  const auto part = [&](std::size_t s) {
    return fmt::format("{} of {}", grouped(report.split_rows[s]),
                       grouped(report.split_hosts[s]));
  };
  std::string text = fmt::format(
      "Shortcut probe of {}: {} rows in all variants; rows of hosts to train {}, to "
      "validate {}, to test {}{}{}\ncore: {:g} pix about the lens; annulus: to {} pix; "
      "mask and taper: k = "
      "{:g} pix; core fraction and\noffset (nmgy/pix): band {}, mean (standard error); "
      "AUC: test rows, {:.0f} % interval\n\n",
      report.run_name, grouped(report.rows), part(0), part(1), part(2),
      report.failed > 0 ? fmt::format("; {} more could not be rendered", report.failed)
                        : "",
      report.arc_mag_offset != 0.0
          ? fmt::format("; arcs {:g} mag fainter than the run's (where it has a target "
                        "SNR: that times {:.3g})",
                        report.arc_mag_offset,
                        std::pow(10.0, -0.4 * report.arc_mag_offset))
          : "",
      report.core_radius_pix, report.outer_radius_pix, report.mask_radius_pix,
      report.leakage_band, 100.0 * analysis::confidence);
  text += host_warning(report) + table(report) + "\n" + baseline_text(report) + "\n" +
          ranking(report) + "\n" + mask_text(report);
  for (const auto& variant : report.variants) {
    if (variant.applies && !variant.reason.empty() && variant.rows < report.rows) {
      text += fmt::format("{}: {} rows are left out: {}\n", to_string(variant.variant),
                          report.rows - variant.rows, variant.reason);
    }
  }
  return text + stored_text(report);
}

}  // namespace lensmill::pipeline
