#include "pipeline/inputs/invvar_maps.hpp"

#include <fmt/format.h>

#include <vector>

#include "lib/core/errors.hpp"
#include "lib/io/fits/file.hpp"
#include "pipeline/inputs/file_format.hpp"

namespace lensmill::pipeline {
namespace {

class FitsMaps final : public stages::InvvarMaps {
 public:
  FitsMaps(const std::map<std::string, std::string>& files, const BandNames& bands,
           int stamp_size_pix) {
    for (const auto& band : bands) {
      refuse_large_gzip(files.at(band));
      maps_.push_back(io::fits::File::open(files.at(band)).first_image());
      const auto& map = maps_.back();
      if (map.planes() != planes() || map.ny() != ny() || map.nx() != nx()) {
        throw DataError(
            fmt::format("{}: contains {} x {} x {} pixels, but {} contains {} x {} x "
                        "{}; a stamp has the "
                        "same place in every band's inverse variance",
                        map.place(), map.planes(), map.ny(), map.nx(),
                        maps_.front().place(), planes(), ny(), nx()));
      }
    }
    if (ny() < stamp_size_pix || nx() < stamp_size_pix) {
      throw DataError(
          fmt::format("{}: {} x {} pixels are fewer than the stamp's ({}); reduce "
                      "grid.stamp_size_pix or use a larger map",
                      maps_.front().place(), ny(), nx(), stamp_size_pix));
    }
  }

  int planes() const override { return maps_.front().planes(); }
  int ny() const override { return maps_.front().ny(); }
  int nx() const override { return maps_.front().nx(); }
  void read(int band, const stages::MapPlace& place,
            Image<float>& invvar) const override {
    maps_[static_cast<std::size_t>(band)].read_cutout_into(invvar, place.plane, place.y,
                                                           place.x);
  }

 private:
  std::vector<io::fits::ImageHdu> maps_;  ///< one per band
};

}  // namespace

std::shared_ptr<const stages::InvvarMaps> open_invvar_maps(
    const std::map<std::string, std::string>& files, const BandNames& bands,
    int stamp_size_pix) {
  return std::make_shared<const FitsMaps>(files, bands, stamp_size_pix);
}

}  // namespace lensmill::pipeline
