#include <fmt/format.h>

#include <algorithm>
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

std::string table(const ProbeReport& report) {
  std::string text = fmt::format("{:<17}{:>6}  {:<17}{:<19}{:<21}{:<21}{:<21}{}\n",
                                 "variant", "rows", "core fraction", "core offset",
                                 "AUC core", "AUC annulus", "AUC full", "rank");
  for (const auto& variant : report.variants) {
    if (!variant.applies) {
      text += fmt::format("{:<17}{:>6}  does not apply: {}\n",
                          to_string(variant.variant), variant.rows, variant.reason);
      continue;
    }
    text += fmt::format("{:<17}{:>6}  {:<17}{:<19}{:<21}{:<21}{:<21}{}{}\n",
                        to_string(variant.variant), variant.rows,
                        leakage(variant.core_flux_fraction),
                        offset(variant.core_offset_nmgy_per_pix),
                        interval(region(variant, Region::core).auc),
                        interval(region(variant, Region::annulus).auc),
                        interval(region(variant, Region::full).auc),
                        variant.rank > 0 ? std::to_string(variant.rank) : "-",
                        variant.annulus_harmed ? " harms the annulus" : "");
  }
  const auto& base = report[Variant::baseline];
  if (const auto undefined = base.rows - base.core_flux_fraction.n; undefined > 0) {
    text += fmt::format(
        "{} rows have no unmasked pixel in the core: they are left out of the means of "
        "core fraction\nand core offset.\n",
        grouped(undefined));
  }
  return text;
}

std::string changes(const VariantReport& variant) {
  const auto& core = region(variant, Region::core);
  return fmt::format("{:<17} core {}, annulus {}{}: {}\n", to_string(variant.variant),
                     change_text(core.change),
                     change_text(region(variant, Region::annulus).change),
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
      "Mitigations by the AUC that they leave to the core, minus the baseline's; those "
      "that cost\nthe annulus its own come last:\n";
  for (const auto* variant : ranked) {
    text += fmt::format("  {:>2}. {}", variant->rank, changes(*variant));
  }
  text += "For comparison:\n";
  for (const auto& variant : report.variants) {
    if (variant.variant == Variant::baseline || variant.rank > 0) continue;
    if (variant.applies) text += "      " + changes(variant);
  }
  return text;
}

std::string baseline_text(const ProbeReport& report) {
  const auto& base = report[Variant::baseline];
  return fmt::format(
      "As the run is, a linear classifier that sees the core alone separates positives "
      "from\ntheir negatives with AUC {}, one that sees the annulus alone with "
      "{},\none "
      "that sees both with {}.\n",
      interval(region(base, Region::core).auc),
      interval(region(base, Region::annulus).auc),
      interval(region(base, Region::full).auc));
}

std::string judgement(const Estimate& change) {
  if (change.upper < 0.0) return "masking the core costs there";
  if (change.lower > 0.0) return "masking the core helps there";
  return "no cost of masking the core is seen there";
}

std::string mask_text(const ProbeReport& report) {
  std::string text = "Does masking the core hurt? ";
  const auto& mask = report[Variant::core_mask];
  const auto& base = report[Variant::baseline];
  if (!mask.applies) return text + "core_mask does not apply.\n";
  const auto& full = region(mask, Region::full);
  text += fmt::format(
      "All test hosts: full-stamp AUC {} without\nand {} with r < {:g} pix masked: "
      "{}.\n",
      interval(region(base, Region::full).auc), interval(full.auc),
      report.mask_radius_pix, change_text(full.change));
  if (!report.has_visible) {
    return text +
           fmt::format(
               "Only {} of {} test hosts have a counter-image of SNR > {:g}: too "
               "few to say more.\n",
               report.visible_test_rows, report.split_rows[2], visible_snr);
  }
  return text +
         fmt::format(
             "The {} of {} test hosts whose counter-image is visible (SNR > {:g} over "
             "host light and\nnoise): {} without and {} with the mask,\n{}: {}.\n",
             report.visible_test_rows, report.split_rows[2], visible_snr,
             interval(region(base, Region::full).visible_auc),
             interval(full.visible_auc), change_text(full.visible_change),
             judgement(full.visible_change));
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
  std::string text = fmt::format(
      "Shortcut probe of {}: {} rows in all variants ({} train, {} validate, {} test "
      "by "
      "host{})\ncore: {:g} pix about the lens; annulus: to {} pix; mask and taper: k = "
      "{:g} pix; core fraction and\noffset (nmgy/pix): band {}, mean (standard error); "
      "AUC: test rows, {:.0f} % interval\n\n",
      report.run_name, grouped(report.rows), grouped(report.split_rows[0]),
      grouped(report.split_rows[1]), grouped(report.split_rows[2]),
      report.failed > 0 ? fmt::format("; {} more could not be rendered", report.failed)
                        : "",
      report.core_radius_pix, report.outer_radius_pix, report.mask_radius_pix,
      report.leakage_band, 100.0 * analysis::confidence);
  text += table(report) + "\n" + baseline_text(report) + "\n" + ranking(report) + "\n" +
          mask_text(report);
  for (const auto& variant : report.variants) {
    if (variant.applies && !variant.reason.empty() && variant.rows < report.rows) {
      text += fmt::format("{}: {} rows are left out: {}\n", to_string(variant.variant),
                          report.rows - variant.rows, variant.reason);
    }
  }
  return text + stored_text(report);
}

}  // namespace lensmill::pipeline
