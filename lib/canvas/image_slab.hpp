#pragma once

#include <functional>
#include <span>
#include <vector>

#include "lib/canvas/geometry.hpp"
#include "lib/canvas/patches.hpp"
#include "lib/canvas/slab_transform.hpp"
#include "lib/core/image.hpp"

namespace lensmill::canvas {

/// The image's rows of each rank: those whose centres lie on its slab of the lattice.
std::vector<Range> image_rows_of_ranks(const CanvasGeometry& geometry,
                                       const std::vector<Range>& lattice_rows);

/// This rank's rows of an image of the whole field.
struct ImageSlab {
  Range rows;
  Image<float> pixels;  ///< [rows.count(), nx_pix]

  std::span<float> row(int y) { return pixels.view().row(y - rows.begin); }
  std::span<const float> row(int y) const { return pixels.view().row(y - rows.begin); }
};

/// The pixels' values out of a convolved canvas. \independent
ImageSlab take_image(SlabTransform& canvas, const CanvasGeometry& geometry,
                     Range image_rows);

/// Cut rectangles out of an image that is spread over ranks: `receiver(order)` gets the
/// box. What lies outside of the image is `fill`. All ranks name the same boxes.
/// \return this rank's, in their order. \collective
std::vector<Image<float>> cut_boxes(const ImageSlab& slab, std::span<const Place> boxes,
                                    const std::function<int(std::int64_t)>& receiver,
                                    float fill, const parallel::Communicator& ranks);

/// The same image with other rows on each rank. \collective
ImageSlab deal_rows(const ImageSlab& slab, const std::vector<Range>& rows_of_ranks,
                    const parallel::Communicator& ranks);

/// Hand the rows of an image that is spread over ranks to the root, from the first to
/// the last, some at a time: use(first row, pixels). Its errors are agreed on.
/// \collective
void rows_to_root(const ImageSlab& slab, const std::vector<Range>& rows_of_ranks,
                  const std::function<void(int, ImageView<const float>)>& use,
                  const parallel::Communicator& ranks);

}  // namespace lensmill::canvas
