#pragma once

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "lib/core/column.hpp"
#include "stages/buffers.hpp"
#include "stages/chain.hpp"
#include "stages/planes.hpp"

/// \file
/// Whether the stages of a chain need and give exactly the planes that they say. Each
/// stage is run again with the planes that it neither needs nor gives made unusable and
/// with buffers of its own: what it gives must be the same, and all else be left alone.

namespace lensmill::test_support {

using stages::BandImages;
using stages::Plane;
using stages::Stamp;

namespace detail {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// use(member, ...) of each stamp, for each member that the plane covers, in each band.
template <class Use, class... Stamps>
void each_member(Plane plane, const Use& use, Stamps&... of) {
  const auto take = [&](auto member) {
    if constexpr (requires(Stamp s) { s.*member; }) {
      use((of.*member)...);
    } else {
      for (std::size_t b = 0; b < max_bands; ++b) use((of.images[b].*member)...);
    }
  };
  stages::visit_planes([&](Plane row, const char*, const char*, auto... members) {
    if (row == plane) (take(members), ...);
  });
}

template <class T>
concept Plain = std::is_trivially_copyable_v<T>;
template <class T>
concept Range = requires(T range) {
  range.begin();
}
&&!Plain<T>;

// Values that no stage can use.
inline void poison(double& value) { value = nan; }
inline void poison(std::int32_t& value) { value = -1; }
inline void poison(bool& value) { value = !value; }
inline void poison(stages::PsfInUse& psf) { psf = {}; }
inline void poison(catalogue::Injection& injection) {
  std::memset(static_cast<void*>(&injection), 0xff, sizeof injection);
}
template <class T>
void poison(Image<T>& image) {
  std::ranges::fill(image.pixels(), std::numeric_limits<T>::quiet_NaN());
}
template <class T, std::size_t n>
void poison(std::array<T, n>& values) {
  for (T& value : values) poison(value);
}
inline void poison(imaging::ArcPlanes& planes) {
  poison(planes.pixel.plane);
  poison(planes.lattice.plane);
  poison(planes.present);
  poison(planes.stamp_flux);
  for (auto& flux : planes.disc_flux) poison(flux);
  planes.images_left_out = -1;
  for (double* value : {&planes.total_flux, &planes.pixel_error, &planes.core_error}) {
    poison(*value);
  }
}
inline void poison(lens::LensModel& lens) { lens.set({.theta_e_arcsec = 1.0e3}); }
inline void poison(stages::ArcFields& fields) {
  poison(fields.total);
  for (auto& size : fields.spectra.sizes) {
    for (auto& pair : size.pairs) {
      std::ranges::fill(pair.spectrum, static_cast<float>(nan));
    }
  }
}
inline void poison(measure::Measurement& measurement) {
  measurement.reset();
  for (auto& count : measurement.non_positive_mean_pixels) poison(count);
  poison(measurement.n_images);
}

// The same bytes.
template <class T>
bool same_values(std::span<const T> a, std::span<const T> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}
template <Plain T>
bool same(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}
template <class T>
bool same(const Image<T>& a, const Image<T>& b) {
  return a.ny() == b.ny() && a.nx() == b.nx() && same_values(a.pixels(), b.pixels());
}
template <class T, std::size_t n>
requires(!Plain<T>) bool same(const std::array<T, n>& a, const std::array<T, n>& b) {
  return std::ranges::equal(a, b, [](const T& x, const T& y) { return same(x, y); });
}
inline bool same(const imaging::PreparedKernel* a, const imaging::PreparedKernel* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return same(a->direct.samples, b->direct.samples) &&
         same_values(std::span(a->spectrum), std::span(b->spectrum));
}
inline bool same(const stages::PsfInUse& a, const stages::PsfInUse& b) {
  if (a.kernel == nullptr || b.kernel == nullptr) return a.kernel == b.kernel;
  return same(a.kernel->samples, b.kernel->samples) && same(a.prepared, b.prepared) &&
         same(a.prepared_without_pixel, b.prepared_without_pixel);
}
inline bool same(const PerBand<stages::PsfInUse>& a,
                 const PerBand<stages::PsfInUse>& b) {
  return std::ranges::equal(a, b, [](auto& x, auto& y) { return same(x, y); });
}
inline bool same(const imaging::ArcPlanes& a, const imaging::ArcPlanes& b) {
  return same(a.pixel.plane, b.pixel.plane) && same(a.lattice.plane, b.lattice.plane) &&
         same(a.present, b.present) && same(a.stamp_flux, b.stamp_flux) &&
         same(a.total_flux, b.total_flux) &&
         same_values(std::span(a.disc_flux), std::span(b.disc_flux)) &&
         same(a.pixel_error, b.pixel_error) && same(a.core_error, b.core_error);
}

inline bool same(const lens::LensModel& a, const lens::LensModel& b) {
  return same(a.params(), b.params());
}
inline bool same(const stages::ArcFields& a, const stages::ArcFields& b) {
  using Spectra = imaging::ImageSpectra;
  const auto of_size = [](const Spectra::OfSize& x, const Spectra::OfSize& y) {
    bool all = x.fft_ny == y.fft_ny && x.fft_nx == y.fft_nx && x.current == y.current;
    for (std::size_t k = 0; all && k < x.current; ++k) {
      all = same_values(std::span(x.pairs[k].spectrum), std::span(y.pairs[k].spectrum));
    }
    return all;
  };
  return same(a.total, b.total) &&
         std::ranges::equal(a.spectra.sizes, b.spectra.sizes, of_size);
}

}  // namespace detail

class PlaneContract {
 public:
  explicit PlaneContract(const stages::Chain& chain)
      : chain_(chain), whole_(chain.make_stamp()) {
    stages::visit_planes([&](Plane plane, auto&&...) { planes_.push_back(plane); });
    for (std::size_t k = 0; k < chain.stages().size(); ++k) {
      own_.push_back(std::make_shared<Stamp::Buffers>());
    }
  }

  /// Run a row; what is found is added to problems(). Rows of any status serve.
  void check_row(std::int64_t injection_id, std::span<const double> given) {
    chain_.begin(injection_id, given, whole_);
    for (std::size_t k = 0; k < chain_.stages().size(); ++k) {
      if (can_go_on(whole_.status)) check_stage(k);
    }
    ++rows_of_status_[static_cast<int>(whole_.status)];
  }
  /// "measure reads unit_arc_flux", "noise writes arc", without doublets.
  const std::set<std::string>& problems() const { return problems_; }
  int rows_of(Status status) const {
    const auto found = rows_of_status_.find(static_cast<int>(status));
    return found == rows_of_status_.end() ? 0 : found->second;
  }

 private:
  void check_stage(std::size_t k) {
    const auto& stage = *chain_.stages()[k];
    const std::string name(to_string(stage.step()));
    const auto gives = stage.gives();
    const auto needs = stage.needs();
    const auto has = [](const std::vector<Plane>& list, Plane plane) {
      return std::ranges::find(list, plane) != list.end();
    };
    const Stamp before = whole_;
    chain_.run(stage.step(), whole_);

    std::vector<Plane> undeclared;
    for (const Plane plane : planes_) {
      const bool given = has(gives, plane);
      if (!given && !has(needs, plane)) undeclared.push_back(plane);
      if (!given && !same(plane, before, whole_)) {
        problems_.insert(name + " writes " + std::string(to_string(plane)));
      }
    }
    // Whether it gives the same when these are unusable.
    auto buffers = own_[k];
    const auto agrees = [&](std::span<const Plane> unusable) {
      Stamp again = before;
      again.buffers = buffers;
      for (const Plane plane : unusable) {
        detail::each_member(
            plane, [](auto& member) { detail::poison(member); }, again);
      }
      try {
        chain_.run(stage.step(), again);
      } catch (const std::exception&) {
        return false;
      }
      return again.status == whole_.status &&
             std::ranges::all_of(
                 gives, [&](Plane plane) { return same(plane, again, whole_); });
    };
    if (!agrees({})) {
      problems_.insert(name + " reads what another stage left in the buffers");
      buffers = before.buffers;
    }
    for (const Plane plane : gives) {
      if (!has(needs, plane) && !writes(k, plane, before)) {
        problems_.insert(name + " does not write " + std::string(to_string(plane)));
      }
    }
    if (agrees(undeclared)) return;
    for (const Plane& plane : undeclared) {
      if (agrees({&plane, 1})) continue;
      problems_.insert(name + " reads " + std::string(to_string(plane)));
    }
  }

  /// Whether a stage writes a plane that it gives; where this chain has no such images,
  /// there is nothing to write. Twice, since what it writes may be NaN.
  bool writes(std::size_t k, Plane plane, const Stamp& before) {
    bool has_none = true;
    for (const bool with_nan : {true, false}) {
      Stamp filled = before;
      filled.buffers = own_[k];
      const auto fill = [&](auto& member) {
        constexpr bool is_image = requires { member.pixels(); };
        if constexpr (is_image) has_none = has_none && member.size() == 0;
        if constexpr (!is_image) has_none = false;
        detail::poison(member);
        if constexpr (is_image) {
          if (!with_nan) std::ranges::fill(member.pixels(), 7.0F);
        }
      };
      detail::each_member(plane, fill, filled);
      Stamp again = filled;
      chain_.run(chain_.stages()[k]->step(), again);
      if (!same(plane, again, filled)) return true;
    }
    return has_none;
  }

  bool same(Plane plane, const Stamp& a, const Stamp& b) const {
    bool all = true;
    detail::each_member(
        plane,
        [&](const auto& x, const auto& y) {
          if constexpr (requires { x.core_flux_fraction; }) {
            all = all && row_of(x) == row_of(y);
          } else {
            all = all && detail::same(x, y);
          }
        },
        a, b);
    return all;
  }
  std::vector<std::byte> row_of(const measure::Measurement& measurement) const {
    Table table = chain_.schema().make_table(1);
    chain_.schema().write_row(table, 0, measurement);
    std::vector<std::byte> bytes;
    for (const auto& column : table) {
      const auto more = column.bytes();
      bytes.insert(bytes.end(), more.begin(), more.end());
    }
    return bytes;
  }

  const stages::Chain& chain_;
  Stamp whole_;
  std::vector<Plane> planes_;
  std::vector<std::shared_ptr<Stamp::Buffers>> own_;
  std::set<std::string> problems_;
  std::map<int, int> rows_of_status_;
};

}  // namespace lensmill::test_support
