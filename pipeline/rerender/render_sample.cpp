#include "pipeline/rerender/render_sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "lib/core/errors.hpp"
#include "pipeline/archive/find_injection.hpp"
#include "pipeline/archive/open_shard.hpp"
#include "pipeline/inputs/catalogue_sources.hpp"
#include "pipeline/program/steps.hpp"
#include "pipeline/rerender/sample_rows.hpp"
#include "stages/config/read_run_config.hpp"

namespace lensmill::pipeline {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The pairs in the run's shards; the shard last asked for stays open.
class StoredPairs {
 public:
  explicit StoredPairs(const RunOnDisk& run) : run_(run) {
    const auto has = [&](const char* name) {
      return std::ranges::find(run.products, name) != run.products.end();
    };
    has_pair_ = has("positive") && has("negative");
    has_arc_ = has("arc");
  }
  std::optional<StoredPair> read(std::int64_t row) {
    if (!has_pair_) return {};
    const std::int64_t shard = run_.plan.shard_of(row);
    if (shard != open_shard_) {
      file_.emplace(open_shard(run_, shard).file);
      open_shard_ = shard;
    }
    const RowRange range{row - run_.plan.rows_of(shard).first, 1};
    const auto images = file_->open_group("images");
    StoredPair pair{.positive = read_product(images, "positive", range),
                    .negative = read_product(images, "negative", range),
                    .arc = {}};
    if (has_arc_) pair.arc = read_product(images, "arc", range);
    return pair;
  }

 private:
  const RunOnDisk& run_;
  bool has_pair_ = false;
  bool has_arc_ = false;
  std::optional<io::hdf5::File> file_;
  std::int64_t open_shard_ = -1;
};

/// One rank's part of a sample.
struct Part {
  std::vector<SampledRow> rows;
  std::int64_t failed = 0;
  std::array<VariantSample, analysis::variant_count> variants;
};

void add(const ProbedRow& probed, std::int64_t row, std::size_t features, Part& part) {
  if (!probed.variants[0].valid) {
    ++part.failed;
    return;
  }
  part.rows.push_back({.row = row,
                       .injection_id = probed.injection_id,
                       .host = probed.host,
                       .split = probed.split,
                       .counter_image_snr = probed.counter_image_snr,
                       .theta_e_arcsec = probed.theta_e_arcsec,
                       .arc_snr = probed.arc_snr,
                       .stored_deviation = probed.stored_deviation,
                       .stored_is_legacy = stored_is_legacy(probed)});
  for (std::size_t v = 0; v < analysis::variant_count; ++v) {
    const auto& from = probed.variants[v];
    auto& to = part.variants[v];
    to.valid.push_back(from.valid ? 1 : 0);
    to.core_flux_fraction.push_back(from.valid ? from.core_flux_fraction : nan);
    to.core_offset_nmgy_per_pix.push_back(from.valid ? from.core_offset_nmgy_per_pix
                                                     : nan);
    if (from.valid) {
      to.features.insert(to.features.end(), from.features.begin(), from.features.end());
    } else {
      to.features.resize(to.features.size() + 2 * features, 0.0F);
      if (to.reason.empty()) to.reason = from.reason;
    }
  }
}

Part render_part(const RunOnDisk& run, const Session& session,
                 const LegacyChain& legacy, const VariantSettings& settings,
                 std::span<const std::int64_t> rows, Log& log) {
  VariantRenderer renderer(session.chain(), legacy.chain.get(), legacy.reason,
                           settings);
  StoredPairs stored(run);
  CatalogueRows catalogue_rows(run);
  Part part;
  ProbedRow probed;
  Steps steps(log, "rows rendered in all variants (of this rank)", std::ssize(rows));
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const auto block = session.rows().read(catalogue_rows.of(rows[k]), 1);
    const auto pair = stored.read(rows[k]);
    renderer.render(block.injection_id[0], block.row(0), pair ? &*pair : nullptr,
                    probed);
    add(probed, rows[k], settings.shape.count(), part);
    steps.done();
  }
  return part;
}

/// Rank by rank, so that the order of rows is kept.
template <class T>
std::vector<T> in_order(const std::vector<T>& mine,
                        const parallel::Communicator& world) {
  return world.all_gather(std::span<const T>(mine));
}

}  // namespace

LegacyChain open_legacy(const Session& session, const parallel::Communicator& world) {
  LegacyChain legacy;
  // What the historical code did: pixel to pixel, whatever the run does.
  const std::vector<std::string> overrides{
      "convolve.operator=legacy_ifftshift", "convolve.oversample=1",
      "convolve.allow_double_pixel=true", "render.margin_pix=0",
      "measure.aperture_mask=pixel_overlap"};
  try {
    world.agree([&] {
      const auto config = config::read_run_config_text(
          session.config.resolved_yaml, "run.yaml", overrides, ".", open_table);
      legacy.chain = stages::make_setup(config, session.opened.inputs).chain;
    });
  } catch (const Error& error) {
    // All ranks but one have it as a plain Error with the code.
    if (error.exit_code() != ExitCode::config &&
        error.exit_code() != ExitCode::bad_data) {
      throw;
    }
    legacy = {.chain = nullptr, .reason = error.what()};
  }
  return legacy;
}

ProbeSample render_sample(const RunOnDisk& run, const Session& session,
                          const LegacyChain& legacy, const VariantSettings& settings,
                          const std::vector<std::int64_t>& rows,
                          const parallel::Communicator& world, Log& log) {
  Part part;
  world.agree([&] {
    part = render_part(run, session, legacy, settings, share_of(rows, world), log);
  });
  ProbeSample sample{.rows = in_order(part.rows, world),
                     .failed = world.sum(part.failed),
                     .variants = {}};
  for (std::size_t v = 0; v < analysis::variant_count; ++v) {
    auto& mine = part.variants[v];
    auto& all = sample.variants[v];
    all.valid = in_order(mine.valid, world);
    all.core_flux_fraction = in_order(mine.core_flux_fraction, world);
    all.core_offset_nmgy_per_pix = in_order(mine.core_offset_nmgy_per_pix, world);
    for (auto& reason : world.all_gather(mine.reason)) {
      if (all.reason.empty()) all.reason = std::move(reason);
    }
    all.features = in_order(mine.features, world);
    if (world.rank() != owner_of(v, world)) all.features = {};
    mine = {};
  }
  return sample;
}

}  // namespace lensmill::pipeline
