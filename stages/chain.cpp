#include "stages/chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "lib/core/errors.hpp"
#include "stages/buffers.hpp"

namespace lensmill::stages {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void check_planes(const std::vector<std::unique_ptr<const Stage>>& stages) {
  std::vector<Plane> given;
  for (const auto& stage : stages) {
    for (const Plane plane : stage->needs()) {
      if (std::ranges::find(given, plane) == given.end()) {
        throw ConfigError(
            fmt::format("stage '{}' needs '{}', which no stage before it gives",
                        stage->name(), to_string(plane)));
      }
    }
    for (const Plane plane : stage->gives()) given.push_back(plane);
  }
}

/// Whether later stages have nothing to work on.
bool cannot_go_on(Status status) {
  return status == Status::bad_host || status == Status::bad_psf ||
         status == Status::no_coverage || status == Status::bad_source;
}

int profile_bins_of(const PixelGrid& grid) { return grid.stamp_size_pix / 2; }

const Image<float>* image_of(const BandImages& images, const std::string& name) {
  if (name == "positive") return &images.positive;
  if (name == "negative") return &images.negative;
  if (name == "arc") return &images.arc;
  if (name == "arc_intrinsic") return &images.arc_intrinsic;
  if (name == "counter_image") return &images.counter_image;
  if (name == "host") return &images.host;
  if (name == "variance") return &images.variance;
  if (name == "mask") return &images.mask;
  return nullptr;
}

}  // namespace

std::string_view to_string(Plane plane) {
  switch (plane) {
    case Plane::injection: return "injection";
    case Plane::arc_planes: return "arc_planes";
    case Plane::psf: return "psf";
    case Plane::arc: return "arc";
    case Plane::counter_image: return "counter_image";
    case Plane::host: return "host";
    case Plane::host_variance: return "host_variance";
    case Plane::negative: return "negative";
    case Plane::positive: return "positive";
    case Plane::variance: return "variance";
    case Plane::measurement: return "measurement";
  }
  return "unknown";
}

const std::vector<Product>& products() {
  static const std::vector<Product> list{
      {"positive", "host with the arc and all noise"},
      {"negative", "the same host with the same noise and no arc"},
      {"arc", "noise-free arc after the PSF"},
      {"arc_intrinsic", "noise-free arc before the PSF, integrated over pixels"},
      {"counter_image", "noise-free light of the saddle images after the PSF"},
      {"host", "host without added noise"},
      {"variance", "variance of `positive`"},
      {"mask",
       "1 where the host's survey image tells nothing, left out of measurements"},
  };
  return list;
}

Chain::Chain(std::vector<std::unique_ptr<const Stage>> stages, config::RunConfig config,
             const catalogue::Needs& needs, catalogue::SourceFlux source_flux)
    : stages_(std::move(stages)),
      config_(std::move(config)),
      catalogue_columns_(catalogue::written_columns(needs, source_flux)),
      schema_(config_.bands, config_.measure.aperture_radius_pix,
              profile_bins_of(config_.grid),
              config_.host.survey ? measure::Masks::yes : measure::Masks::no,
              config_.noise.correlated()) {
  check_planes(stages_);
  const BandImages none;
  for (const auto& name : config_.output.products) {
    if (image_of(none, name) == nullptr) {
      std::string known;
      for (const auto& product : products()) known.append(" ").append(product.name);
      throw ConfigError(
          fmt::format("output.products: no product '{}'; known:{}", name, known));
    }
  }
}

Stamp Chain::make_stamp() const {
  Stamp stamp;
  stamp.buffers = std::make_shared<Stamp::Buffers>();
  stamp.measurement = measure::Measurement(schema_.shape());
  return stamp;
}

void Chain::apply(std::int64_t injection_id, std::span<const double> given,
                  Stamp& stamp, std::span<double> seconds) const {
  using Clock = std::chrono::steady_clock;
  EXPECT(seconds.empty() || seconds.size() == stages_.size());
  const InjectionStreams streams{.seed = config_.run.seed,
                                 .injection_id = injection_id};
  stamp.given = given;
  stamp.status = Status::ok;
  stamp.measurement.reset();
  auto start = Clock::now();
  for (std::size_t k = 0; k < stages_.size(); ++k) {
    stages_[k]->apply(stamp, streams);
    if (!seconds.empty()) {
      const auto now = Clock::now();
      seconds[k] += std::chrono::duration<double>(now - start).count();
      start = now;
    }
    if (cannot_go_on(stamp.status)) break;
  }
  if (cannot_go_on(stamp.status) || stamp.status == Status::snr_unreachable) {
    blank(stamp);
  }
  stamp.measurement.status = stamp.status;
}

void Chain::blank(Stamp& stamp) const {
  const Status status = stamp.status;
  const int n = config_.grid.stamp_size_pix;
  for (int band = 0; band < config_.band_count(); ++band) {
    auto& images = stamp.images[static_cast<std::size_t>(band)];
    for (auto* image :
         {&images.positive, &images.negative, &images.arc, &images.arc_intrinsic,
          &images.counter_image, &images.host, &images.variance}) {
      image->assign(n, n, static_cast<float>(nan));
    }
    if (config_.host.survey) images.mask.assign(n, n, static_cast<float>(nan));
  }
  stamp.measurement.reset();
  stamp.status = status;
}

ImageView<const float> Chain::product(const Stamp& stamp, const std::string& name,
                                      int band) const {
  const Image<float>* image =
      image_of(stamp.images[static_cast<std::size_t>(band)], name);
  if (image == nullptr || image->size() == 0) {
    throw ConfigError("output.products: this run does not make '" + name + "'");
  }
  return image->view();
}

}  // namespace lensmill::stages
