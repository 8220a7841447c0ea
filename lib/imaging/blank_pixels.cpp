#include "lib/imaging/blank_pixels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/core/statistics.hpp"

namespace lensmill::imaging {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
// A cell with fewer blank pixels takes its neighbours' sky.
constexpr double least_blank_share = 0.25;
// A box with fewer usable pixels is too noisy an average.
constexpr double least_box_share = 0.3;

struct Level {
  float sky = nan;
  float scatter = nan;
};

Level level_of(std::vector<float>& values) {
  Level level;
  level.sky = median(std::span(values));
  for (float& value : values) value = std::abs(value - level.sky);
  level.scatter = static_cast<float>(sigma_per_mad * double{median(std::span(values))});
  return level;
}

/// Sky and scatter of every cell.
class Levels {
 public:
  Levels(ImageView<const float> image, const CellGrid& cells,
         const Image<std::uint8_t>& mask)
      : cells_(cells), raw_(cells.rows(), cells.columns()) {
    std::vector<float> values;
    for (int row = 0; row < cells.rows(); ++row) {
      for (int column = 0; column < cells.columns(); ++column) {
        const PixelBox box = cells.box(row, column);
        values.clear();
        for (int y = box.y; y < box.y + box.ny; ++y) {
          for (int x = box.x; x < box.x + box.nx; ++x) {
            if (mask(y, x) != 0) values.push_back(image(y, x));
          }
        }
        const bool enough =
            static_cast<double>(values.size()) >= least_blank_share * box.ny * box.nx;
        if (enough) raw_(row, column) = level_of(values);
      }
    }
  }

  /// The median of the cell and its neighbours, so that a galaxy that fills one does
  /// not pass for sky; NaN where none has a level.
  Level smoothed(int row, int column) const {
    std::vector<float> sky;
    std::vector<float> scatter;
    for (int y = std::max(0, row - 1); y <= std::min(cells_.rows() - 1, row + 1); ++y) {
      for (int x = std::max(0, column - 1);
           x <= std::min(cells_.columns() - 1, column + 1); ++x) {
        const Level& level = raw_(y, x);
        if (!std::isfinite(level.sky)) continue;
        sky.push_back(level.sky);
        scatter.push_back(level.scatter);
      }
    }
    // The true median: at an image's edges these are few cells, which must not lean to
    // one side of a slope.
    return {.sky = median(std::span(sky)), .scatter = median(std::span(scatter))};
  }

 private:
  const CellGrid& cells_;
  Image<Level> raw_;
};

/// (image - sky) / scatter, 0 where a pixel is of no use or nothing is known.
void normalise(ImageView<const float> image, const Image<std::uint8_t>& usable,
               const CellGrid& cells, const Levels& levels, Image<float>& out) {
  for (int row = 0; row < cells.rows(); ++row) {
    for (int column = 0; column < cells.columns(); ++column) {
      const Level level = levels.smoothed(row, column);
      const PixelBox box = cells.box(row, column);
      for (int y = box.y; y < box.y + box.ny; ++y) {
        for (int x = box.x; x < box.x + box.nx; ++x) {
          const bool known = usable(y, x) != 0 && level.scatter > 0.0F;
          out(y, x) = known ? (image(y, x) - level.sky) / level.scatter : 0.0F;
        }
      }
    }
  }
}

/// Mean over a box of the usable pixels, NaN where they are few.
void box_mean(const Image<float>& image, const Image<std::uint8_t>& usable, int side,
              Image<float>& across, Image<float>& out) {
  const int reach = side / 2;
  const int ny = image.ny();
  const int nx = image.nx();
  Image<std::uint8_t> counted(ny, nx);
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      float sum = 0.0F;
      int count = 0;
      for (int k = std::max(0, x - reach); k <= std::min(nx - 1, x + reach); ++k) {
        sum += image(y, k);  // 0 where it is of no use
        count += usable(y, k);
      }
      across(y, x) = sum;
      counted(y, x) = static_cast<std::uint8_t>(count);
    }
  }
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      float sum = 0.0F;
      int count = 0;
      for (int k = std::max(0, y - reach); k <= std::min(ny - 1, y + reach); ++k) {
        sum += across(k, x);
        count += counted(k, x);
      }
      out(y, x) = count >= least_box_share * side * side
                      ? sum / static_cast<float>(count)
                      : nan;
    }
  }
}

/// Clear the mask in a disc about every pixel of a source.
void grow(const Image<std::uint8_t>& source, int radius, Image<std::uint8_t>& mask) {
  const int ny = source.ny();
  const int nx = source.nx();
  std::vector<int> half_width;
  for (int dy = 0; dy <= radius; ++dy) {
    half_width.push_back(static_cast<int>(std::sqrt(radius * radius - dy * dy)));
  }
  const auto inside = [&](int y, int x) {
    return y > 0 && x > 0 && y < ny - 1 && x < nx - 1 && source(y - 1, x) != 0 &&
           source(y + 1, x) != 0 && source(y, x - 1) != 0 && source(y, x + 1) != 0;
  };
  for (int y = 0; y < ny; ++y) {
    for (int x = 0; x < nx; ++x) {
      if (source(y, x) == 0) continue;
      mask(y, x) = 0;
      if (inside(y, x)) continue;  // its neighbours reach as far
      for (int dy = -radius; dy <= radius; ++dy) {
        if (y + dy < 0 || y + dy >= ny) continue;
        const int width = half_width[static_cast<std::size_t>(std::abs(dy))];
        const auto row = mask.view().row(y + dy);
        std::fill(row.begin() + std::max(0, x - width),
                  row.begin() + std::min(nx, x + width + 1), std::uint8_t{0});
      }
    }
  }
}

}  // namespace

CellGrid::CellGrid(int image_ny, int image_nx, int side)
    : image_ny_(image_ny),
      image_nx_(image_nx),
      rows_(std::max(1, (image_ny + side / 2) / side)),
      columns_(std::max(1, (image_nx + side / 2) / side)) {}

PixelBox CellGrid::box(int row, int column) const {
  const auto edge = [](int pixels, int parts, int part) {
    return static_cast<int>(static_cast<long>(pixels) * part / parts);
  };
  PixelBox box{.y = edge(image_ny_, rows_, row),
               .x = edge(image_nx_, columns_, column),
               .ny = edge(image_ny_, rows_, row + 1),
               .nx = edge(image_nx_, columns_, column + 1)};
  box.ny -= box.y;
  box.nx -= box.x;
  return box;
}

void keep_blank_pixels(ImageView<const float> image, const BlankConfig& config,
                       Image<std::uint8_t>& mask) {
  EXPECT(mask.ny() == image.ny() && mask.nx() == image.nx());
  EXPECT(config.smoothing_pix % 2 == 1);
  const int ny = image.ny();
  const int nx = image.nx();
  const CellGrid cells(ny, nx, config.cell_pix);
  const Image<std::uint8_t> usable = mask;
  Image<float> deviation(ny, nx);
  Image<float> across(ny, nx);
  Image<float> averaged(ny, nx);
  Image<std::uint8_t> source(ny, nx);
  std::vector<float> values;
  for (int round = 0; round < config.most_rounds; ++round) {
    normalise(image, usable, cells, Levels(image, cells, mask), deviation);
    box_mean(deviation, usable, config.smoothing_pix, across, averaged);
    values.clear();
    for (std::size_t k = 0; k < mask.size(); ++k) {
      const float value = averaged.pixels()[k];
      if (mask.pixels()[k] != 0 && std::isfinite(value)) values.push_back(value);
    }
    const Level level = level_of(values);
    const double threshold = config.source_sigmas * double{level.scatter};
    for (std::size_t k = 0; k < mask.size(); ++k) {
      // NaN, where little is known, is no source.
      const double light = std::abs(double{averaged.pixels()[k] - level.sky});
      const double pixel = std::abs(double{deviation.pixels()[k]});
      source.pixels()[k] = usable.pixels()[k] != 0 &&
                                   (light > threshold || pixel > config.outlier_sigmas)
                               ? 1
                               : 0;
    }
    Image<std::uint8_t> next = usable;
    grow(source, config.growth_pix, next);
    const bool still = std::ranges::equal(next.pixels(), mask.pixels());
    mask = std::move(next);
    if (still) break;
  }
}

}  // namespace lensmill::imaging
