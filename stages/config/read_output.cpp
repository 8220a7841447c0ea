#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "lib/config/suggest.hpp"
#include "lib/core/text.hpp"
#include "stages/config/section_readers.hpp"
#include "stages/products.hpp"

namespace lensmill::config {
namespace {

constexpr Named<ApertureMask> masks[] = {{"pixel_overlap", ApertureMask::pixel_overlap},
                                         {"circle", ApertureMask::circle},
                                         {"pixel_centre", ApertureMask::pixel_centre}};
constexpr Named<Encoding> encodings[] = {{"float32", Encoding::float32},
                                         {"int16", Encoding::int16}};

constexpr Named<WorkDistribution> distributions[] = {
    {"dynamic", WorkDistribution::dynamic}, {"static", WorkDistribution::fixed}};

void check_products(const Section& output, const RunConfig& config) {
  std::vector<std::string> known;
  for (const auto& product : stages::products()) known.emplace_back(product.name);
  const auto& products = config.output.products;
  for (const auto& product : products) {
    if (stages::find_product(product) == nullptr) {
      output.problem("products", fmt::format("unknown product {}; {}", product,
                                             suggest_key(product, known)));
    }
    if (std::count(products.begin(), products.end(), product) > 1) {
      output.problem("products", fmt::format("{} is listed twice", product));
    }
    if (product == "mask" && !config.host.has_masks()) {
      output.problem(
          "products",
          "only hosts of `host.survey`, and of `host.cutouts` with files, weight or "
          "masks, have a mask");
    }
    if (product == "host" && config.host.kind == HostKind::none) {
      output.problem("products", "there is no host image with `host: none`");
    }
  }
}

}  // namespace

std::string shards_problem(std::int64_t rows, std::int64_t rows_per_shard) {
  const std::int64_t shards =
      rows / rows_per_shard + (rows % rows_per_shard != 0 ? 1 : 0);
  if (shards <= most_shards) return "";
  return fmt::format(
      "{} rows of {} a shard make {} shards, at most {} are possible: give "
      "at least {}",
      grouped(rows), grouped(rows_per_shard), grouped(shards), grouped(most_shards),
      (rows + most_shards - 1) / most_shards);
}

void read_measure(const Section& root, RunConfig& config) {
  const Section measure = root.section("measure");
  auto& out = config.measure;
  out.aperture_radius_pix =
      measure.numbers("aperture_radius_pix", positive, out.aperture_radius_pix);
  const auto& radii = out.aperture_radius_pix;
  if (radii.empty() && measure.is_list("aperture_radius_pix")) {
    measure.problem("aperture_radius_pix", "needs at least one radius");
  }
  if (!std::is_sorted(radii.begin(), radii.end(), std::less_equal<>())) {
    measure.problem("aperture_radius_pix", "must ascend, each radius once");
  }
  out.aperture_mask =
      measure.choice<ApertureMask>("aperture_mask", masks, out.aperture_mask);
  measure.describe("aperture_centre", "lens or [x, y]", "", "lens");
  if (!measure.has("aperture_centre") || measure.is_word("aperture_centre", "lens")) {
    measure.record_word("aperture_centre", "lens");
  } else {
    out.aperture_centre_pix = measure.pair("aperture_centre", any_number);
  }
  const auto annulus =
      measure.pair("annulus_pix", non_negative,
                   std::array{out.annulus_pix.lower, out.annulus_pix.upper});
  out.annulus_pix = {annulus[0], annulus[1]};
  if (annulus[0] >= annulus[1]) {
    measure.problem(
        "annulus_pix",
        fmt::format("the inner radius must be below the outer (got [{}, {}])",
                    annulus[0], annulus[1]));
  }
  const double reach = 0.5 * config.grid.stamp_size_pix;
  if (annulus[1] > reach) {
    measure.warning("annulus_pix",
                    fmt::format("reaches beyond the stamp's {} pix: only "
                                "the part inside is measured",
                                reach));
  }
  if (!radii.empty() && radii.back() > reach) {
    measure.warning("aperture_radius_pix",
                    fmt::format("{} pix reaches beyond the stamp", radii.back()));
  }
}

void read_output(const Section& root, RunConfig& config) {
  const Section output = root.section("output");
  auto& out = config.output;
  output.describe("directory", "folder", "", "runs/<run.name>");
  const auto directory = output.text("directory", "runs/" + config.run.name);
  if (directory.empty()) {
    output.problem("directory", "must name a folder (got \"\")");
  } else {
    out.directory = std::filesystem::absolute(directory).lexically_normal().string();
  }
  output.record_text("directory", out.directory);
  out.products = output.texts("products", out.products);
  check_products(output, config);
  out.rows_per_shard =
      output.integer("rows_per_shard", closed(1, 1.0e9), out.rows_per_shard);
  const auto problem = shards_problem(config.catalogue.count,
                                      std::max<std::int64_t>(1, out.rows_per_shard));
  if (!problem.empty()) output.problem("rows_per_shard", problem);
  out.encoding = output.choice<Encoding>("encoding", encodings, out.encoding);
  out.writer_groups = static_cast<int>(
      output.integer("writer_groups", closed(0, 1.0e6), out.writer_groups));
  out.work_distribution = output.choice<WorkDistribution>(
      "work_distribution", distributions, out.work_distribution);
}

}  // namespace lensmill::config
