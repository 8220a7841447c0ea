#include "lib/canvas/image_slab.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <utility>

#include "lib/parallel/check.hpp"

namespace lensmill::canvas {
namespace {

// Pixels that travel to the root at once.
constexpr int pixels_at_once = 1 << 22;

/// The first pixel whose centre is at this lattice index or beyond.
int first_pixel_from(const CanvasGeometry& geometry, int index) {
  const int offset = std::max(0, index - geometry.rim);
  return std::min(geometry.ny_pix,
                  (offset + geometry.oversample - 1) / geometry.oversample);
}

}  // namespace

std::vector<Range> image_rows_of_ranks(const CanvasGeometry& geometry,
                                       const std::vector<Range>& lattice_rows) {
  std::vector<Range> rows;
  for (const Range& lattice : lattice_rows) {
    // FFTW gives a rank without rows the begin 0.
    rows.push_back(lattice.count() == 0
                       ? Range{}
                       : Range{first_pixel_from(geometry, lattice.begin),
                               first_pixel_from(geometry, lattice.end)});
  }
  return rows;
}

ImageSlab take_image(SlabTransform& canvas, const CanvasGeometry& geometry,
                     Range image_rows) {
  ImageSlab slab{.rows = image_rows, .pixels = {}};
  slab.pixels.reshape(image_rows.count(), geometry.nx_pix);
  for (int y = image_rows.begin; y < image_rows.end; ++y) {
    const auto from = canvas.row(geometry.index_of_pixel(y));
    const auto to = slab.row(y);
    for (int x = 0; x < geometry.nx_pix; ++x) {
      to[static_cast<std::size_t>(x)] =
          from[static_cast<std::size_t>(geometry.index_of_pixel(x))];
    }
  }
  return slab;
}

std::vector<Image<float>> cut_boxes(const ImageSlab& slab, std::span<const Place> boxes,
                                    const std::function<int(std::int64_t)>& receiver,
                                    float fill, const parallel::Communicator& ranks) {
  std::vector<Bytes> to(static_cast<std::size_t>(ranks.size()));
  std::map<std::int64_t, std::size_t> mine;
  std::vector<Image<float>> cut;
  for (const Place& box : boxes) {
    const int rank = receiver(box.order);
    if (rank == ranks.rank()) {
      mine[box.order] = cut.size();
      cut.emplace_back(box.ny, box.nx, fill);
    }
    const int y0 = std::max(box.y0, slab.rows.begin);
    const int y1 = std::min(box.y0 + box.ny, slab.rows.end);
    const int x0 = std::max(box.x0, 0);
    const int x1 = std::min(box.x0 + box.nx, slab.pixels.nx());
    if (y0 >= y1 || x0 >= x1) continue;
    auto& message = to[static_cast<std::size_t>(rank)];
    // The rest of the header says where in the box the rows go.
    pack(Place{box.order, y0 - box.y0, x0 - box.x0, y1 - y0, x1 - x0}, message);
    for (int y = y0; y < y1; ++y) {
      pack(slab.row(y).subspan(static_cast<std::size_t>(x0),
                               static_cast<std::size_t>(x1 - x0)),
           message);
    }
  }
  for (const auto& message : exchange_messages(ranks, to)) {
    for (Unpacker rest(message); !rest.at_end();) {
      const auto place = rest.next<Place>();
      auto& image = cut[mine.at(place.order)];
      for (int j = 0; j < place.ny; ++j) {
        const auto bytes =
            rest.bytes(static_cast<std::size_t>(place.nx) * sizeof(float));
        std::memcpy(&image(place.y0 + j, place.x0), bytes.data(), bytes.size());
      }
    }
  }
  return cut;
}

ImageSlab deal_rows(const ImageSlab& slab, const std::vector<Range>& rows_of_ranks,
                    const parallel::Communicator& ranks) {
  std::vector<Place> boxes;
  const int nx = slab.pixels.nx();
  for (std::size_t rank = 0; rank < rows_of_ranks.size(); ++rank) {
    const Range rows = rows_of_ranks[rank];
    boxes.push_back({static_cast<std::int64_t>(rank), rows.begin, 0, rows.count(), nx});
  }
  auto dealt = cut_boxes(
      slab, boxes, [](std::int64_t rank) { return static_cast<int>(rank); }, 0.0F,
      ranks);
  return {.rows = rows_of_ranks[static_cast<std::size_t>(ranks.rank())],
          .pixels = std::move(dealt.front())};
}

void rows_to_root(const ImageSlab& slab, const std::vector<Range>& rows_of_ranks,
                  const std::function<void(int, ImageView<const float>)>& use,
                  const parallel::Communicator& ranks) {
  const int nx = slab.pixels.nx();
  const int at_once = std::max(1, pixels_at_once / std::max(1, nx));
  constexpr int tag = 8;
  std::exception_ptr error;
  std::vector<float> arrived;
  for (int rank = 0; rank < ranks.size(); ++rank) {
    const Range rows = rows_of_ranks[static_cast<std::size_t>(rank)];
    for (int y = rows.begin; y < rows.end; y += at_once) {
      const int count = std::min(at_once, rows.end - y);
      const int pixels = count * nx;
      const float* from = nullptr;
      if (rank == ranks.rank()) from = slab.row(y).data();
      if (rank != 0 && rank == ranks.rank()) {
        parallel::check(MPI_Send(from, pixels, MPI_FLOAT, 0, tag, ranks.native()),
                        "MPI_Send");
      }
      if (!ranks.is_root()) continue;
      if (rank != 0) {
        arrived.resize(static_cast<std::size_t>(pixels));
        parallel::check(MPI_Recv(arrived.data(), pixels, MPI_FLOAT, rank, tag,
                                 ranks.native(), MPI_STATUS_IGNORE),
                        "MPI_Recv");
        from = arrived.data();
      }
      // The others go on sending: what fails is said when all have.
      if (error) continue;
      try {
        use(y, {from, count, nx});
      } catch (...) {
        error = std::current_exception();
      }
    }
  }
  ranks.agree(error);
}

}  // namespace lensmill::canvas
