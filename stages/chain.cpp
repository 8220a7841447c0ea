#include "stages/chain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <ranges>

#include "lib/core/errors.hpp"
#include "stages/buffers.hpp"
#include "stages/products.hpp"

namespace lensmill::stages {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string_view description_of(Plane plane) {
  std::string_view found;
  visit_planes([&](Plane row, std::string_view, std::string_view text, auto&&...) {
    if (row == plane) found = text;
  });
  return found;
}

void check_planes(const std::vector<std::unique_ptr<const Stage>>& stages) {
  std::vector<Plane> given;
  for (const auto& stage : stages) {
    for (const Plane plane : stage->needs()) {
      if (std::ranges::find(given, plane) == given.end()) {
        throw ConfigError(fmt::format(
            "stage '{}' needs '{}' ({}), which no stage before it gives",
            to_string(stage->step()), to_string(plane), description_of(plane)));
      }
    }
    for (const Plane plane : stage->gives()) given.push_back(plane);
  }
}

ColumnInfo host_id_column(const HostIds& ids) {
  const bool text = ids.numbers.empty();
  return {.name = std::string(catalogue::host_id),
          .unit = "",
          .description = "what the host is called by who gave its cutout",
          .type = text ? ElementType::text : ElementType::int64,
          .row_shape = text ? std::vector{ids.text_bytes} : std::vector<std::size_t>{}};
}

}  // namespace

std::string_view to_string(Step step) {
  switch (step) {
    case Step::sample: return "sample";
    case Step::lens: return "lens";
    case Step::convolve: return "convolve";
    case Step::host: return "host";
    case Step::noise: return "noise";
    case Step::measure: return "measure";
  }
  return "unknown";
}

std::string_view to_string(Plane plane) {
  std::string_view found = "unknown";
  visit_planes([&](Plane row, std::string_view name, auto&&...) {
    if (row == plane) found = name;
  });
  return found;
}

Chain::Chain(std::vector<std::unique_ptr<const Stage>> stages, config::RunConfig config,
             const catalogue::Needs& needs, catalogue::SourceFlux source_flux,
             std::shared_ptr<const HostIds> host_ids)
    : stages_(std::move(stages)),
      config_(std::move(config)),
      host_ids_(std::move(host_ids)),
      catalogue_columns_(catalogue::written_columns(needs, source_flux)),
      schema_(config::schema_of(config_)) {
  EXPECT(std::ranges::is_sorted(stages_, std::ranges::less(),
                                [](const auto& stage) { return stage->step(); }));
  if (host_ids_) catalogue_columns_.push_back(host_id_column(*host_ids_));
  check_planes(stages_);
  for (const auto& name : config_.output.products) {
    if (find_product(name) == nullptr) {
      throw ConfigError(fmt::format(
          "output.products: no product '{}'; known: {}", name,
          fmt::join(products() | std::views::transform(&Product::name), ", ")));
    }
  }
}

Stamp Chain::make_stamp() const {
  Stamp stamp;
  stamp.buffers = std::make_shared<Stamp::Buffers>();
  stamp.measurement = measure::Measurement(schema_.shape());
  return stamp;
}

void Chain::begin(std::int64_t injection_id, std::span<const double> given,
                  Stamp& stamp) const {
  stamp.given = given;
  stamp.injection.injection_id = injection_id;
  stamp.status = Status::ok;
}

void Chain::run_stages(Step first, Step last, Stamp& stamp,
                       std::span<double> seconds) const {
  using Clock = std::chrono::steady_clock;
  EXPECT(seconds.empty() || seconds.size() == stages_.size());
  const InjectionStreams streams{.seed = config_.run.seed,
                                 .injection_id = stamp.injection.injection_id};
  auto start = Clock::now();
  for (std::size_t k = 0; k < stages_.size() && can_go_on(stamp.status); ++k) {
    if (stages_[k]->step() < first || stages_[k]->step() > last) continue;
    stages_[k]->apply(stamp, streams);
    if (seconds.empty()) continue;
    const auto now = Clock::now();
    seconds[k] += std::chrono::duration<double>(now - start).count();
    start = now;
  }
}

Status Chain::run(Step first, Step last, Stamp& stamp) const {
  run_stages(first, last, stamp, {});
  return stamp.status;
}

void Chain::apply(std::int64_t injection_id, std::span<const double> given,
                  Stamp& stamp, std::span<double> seconds) const {
  begin(injection_id, given, stamp);
  run_stages(Step::sample, Step::measure, stamp, seconds);
  if (!has_images(stamp.status)) blank(stamp);
  stamp.measurement.status = stamp.status;
}

void Chain::blank(Stamp& stamp) const {
  const int n = config_.grid.stamp_size_pix;
  for (int band = 0; band < config_.band_count(); ++band) {
    auto& images = stamp.images[static_cast<std::size_t>(band)];
    for (const auto& product : products()) {
      if (product.image == &BandImages::mask && !config_.host.has_masks()) continue;
      (images.*product.image).assign(n, n, static_cast<float>(nan));
    }
  }
  stamp.measurement.reset();
}

void Chain::write_truth(const Stamp& stamp, std::size_t row, Table& catalogue) const {
  catalogue::write_row(stamp.injection, config_.bands, row, catalogue);
  if (!host_ids_) return;
  const auto host = static_cast<std::size_t>(stamp.injection.host_index);
  Column& column = catalogue.back();
  if (!host_ids_->numbers.empty()) {
    column.values<std::int64_t>()[row] = host_ids_->numbers[host];
    return;
  }
  const auto bytes = column.row<char>(row);
  std::ranges::fill(bytes, '\0');
  std::ranges::copy(host_ids_->texts[host], bytes.begin());
}

ImageView<const float> Chain::product(const Stamp& stamp, const std::string& name,
                                      int band) const {
  const auto* product = find_product(name);
  const Image<float>* image =
      product == nullptr
          ? nullptr
          : &(stamp.images[static_cast<std::size_t>(band)].*product->image);
  if (image == nullptr || image->size() == 0) {
    throw ConfigError("output.products: this run does not make '" + name + "'");
  }
  return image->view();
}

}  // namespace lensmill::stages
