#include "pipeline/field/band_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lib/core/errors.hpp"
#include "lib/io/files.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/parallel/watchdog.hpp"
#include "pipeline/program/build_info.hpp"

namespace lensmill::pipeline {
namespace {

using io::hdf5::Dataset;
using io::hdf5::Transfer;
using io::hdf5::TransferMode;

// Rows of an image written at once, per rank.
constexpr int pixels_at_once = 1 << 24;
/// Nobody's write takes so long, unless it waits for a rank that failed.
constexpr double grace_seconds = 60.0;

struct NamedImage {
  const char* name;
  const char* unit;
  const char* description;
  const canvas::ImageSlab* slab;
  ElementType type = ElementType::float32;
};

void write_image(Dataset& dataset, const canvas::ImageSlab& slab, ElementType type,
                 Transfer& transfer, const parallel::Communicator& ranks) {
  std::vector<std::int32_t> whole;
  const int nx = slab.pixels.nx();
  const int at_once = std::max(1, pixels_at_once / std::max(1, nx));
  // Collective writes: all ranks take as many steps as the one with most rows.
  const auto steps = ranks.maximum(
      static_cast<std::int64_t>((slab.rows.count() + at_once - 1) / at_once));
  for (std::int64_t step = 0; step < steps; ++step) {
    const int begin =
        std::min(slab.rows.end, slab.rows.begin + static_cast<int>(step) * at_once);
    const int count = std::min(at_once, slab.rows.end - begin);
    const auto offset = static_cast<std::size_t>(begin - slab.rows.begin) *
                        static_cast<std::size_t>(nx);
    const auto pixels = slab.pixels.pixels().subspan(
        offset, static_cast<std::size_t>(count) * static_cast<std::size_t>(nx));
    if (type == ElementType::int32) {
      whole.assign(pixels.begin(), pixels.end());
      dataset.write_rows<std::int32_t>(static_cast<std::size_t>(begin), whole,
                                       transfer);
    } else {
      dataset.write_rows<float>(static_cast<std::size_t>(begin), pixels, transfer);
    }
  }
}

}  // namespace

void write_band_file(const FieldFolder& folder, const std::string& band,
                     const BandSlabs& slabs, const canvas::ImageSlab& mask,
                     const Table& injections, std::vector<ColumnInfo> columns,
                     const std::vector<std::string>& mask_bits, std::size_t rows,
                     int ny_pix, const FieldIdentity& identity,
                     const Provenance& provenance,
                     const parallel::Communicator& ranks) {
  const std::string path = folder.band(band);
  // Another job may be at it, too: each writes a file of its own.
  std::string partial;
  ranks.agree([&] {
    if (ranks.is_root()) partial = io::own_partial(path);
  });
  ranks.broadcast(partial);
  const parallel::Watchdog watchdog(parallel::io_limit_seconds(),
                                    partial + ": writing it");
  ranks.agree([&] {
    if (!ranks.is_root()) return;
    io::make_new(partial);
  });
  std::vector<NamedImage> images{
      {"image", "nmgy", "the field: empty + arcs + the arcs' photon noise",
       &slabs.image},
      {"empty", "nmgy", "the same field without arcs", &slabs.empty},
      {"arc", "nmgy", "the arcs after the PSF, noise-free", &slabs.arc},
      {"variance", "nmgy2", "of image; 0: not known", &slabs.variance},
      {"mask", "", "bits, from the lowest on, as the attribute `bits` names them",
       &mask, ElementType::int32}};
  if (slabs.arc_saddle.pixels.nx() > 0) {
    images.push_back({"arc_saddle", "nmgy", "part of arc: light of saddle images",
                      &slabs.arc_saddle});
    images.push_back({"arc_maximum", "nmgy", "part of arc: light of maximum images",
                      &slabs.arc_maximum});
  }
  Transfer transfer(ranks.size() > 1 ? TransferMode::collective
                                     : TransferMode::independent);
  std::optional<io::hdf5::File> file;
  std::vector<Dataset> datasets, tables;
  const auto together = [&](const std::function<void()>& work) {
    try {
      ranks.agree_within(grace_seconds, work);
    } catch (...) {
      if (ranks.size() > 1 && file) file->abandon();
      throw;
    }
  };
  together([&] {
    file.emplace(ranks.size() > 1 ? io::hdf5::File::create(partial, ranks.native())
                                  : io::hdf5::File::create(partial));
  });
  together([&] {
    write_origin(*file, fmt::format("band {} of a lensmill field", band));
    file->write_attribute("config_hash", identity.config_hash);
    file->write_attribute("ranks", identity.ranks);
    file->write_attribute("band", band);
    provenance.write(*file);
    for (const auto& image : images) {
      auto& dataset = datasets.emplace_back(
          file->create_dataset(image.name, image.type,
                               {static_cast<std::size_t>(ny_pix),
                                static_cast<std::size_t>(mask.pixels.nx())}));
      dataset.write_attribute("unit", image.unit);
      dataset.write_attribute("description", image.description);
      if (image.slab == &mask) {
        dataset.write_attribute("bits", std::span<const std::string>(mask_bits));
      }
    }
    for (auto info : columns) {
      info.name = "injections/" + info.name;
      tables.push_back(file->create_column(info, rows));
    }
  });
  ranks.agree([&] { file->reserve_space(); });
  together([&] {
    for (std::size_t k = 0; k < images.size(); ++k) {
      write_image(datasets[k], *images[k].slab, images[k].type, transfer, ranks);
    }
    for (std::size_t k = 0; k < tables.size(); ++k) {
      const bool writes = ranks.is_root();
      tables[k].write_rows_raw(0, writes ? rows : 0, columns[k].type,
                               writes ? injections[k].bytes().data() : nullptr,
                               transfer);
    }
  });
  datasets.clear();
  tables.clear();
  together([&] { file->close(); });
  ranks.agree([&] {
    if (!ranks.is_root()) return;
    io::publish(partial, path);
    io::remove_dead_partials_of(path);
  });
}

bool band_is_made(const FieldFolder& folder, const std::string& band,
                  const FieldIdentity& identity) {
  const std::string path = folder.band(band);
  if (!io::exists(path)) return false;
  const auto file = io::hdf5::File::open(path);
  if (file.read_string_attribute("config_hash") != identity.config_hash) {
    throw ConfigError(fmt::format(
        "{}: was made by another configuration, or of other input files; give --output "
        "another folder, or --overwrite",
        path));
  }
  const auto ranks = file.read_integer_attribute("ranks");
  if (ranks != identity.ranks) {
    throw ConfigError(
        fmt::format("{}: was made on {} ranks, this job has {} (a distributed "
                    "transform's last digits "
                    "depend on their number); go on with as many, or give --overwrite",
                    path, ranks, identity.ranks));
  }
  return true;
}

Table read_injections(const FieldFolder& folder, const std::string& band,
                      const std::vector<ColumnInfo>& columns) {
  const auto file = io::hdf5::File::open(folder.band(band));
  Table table;
  for (const auto& info : columns) {
    const auto dataset = file.open_dataset("injections/" + info.name);
    auto& column = table.emplace_back(info, dataset.rows());
    dataset.read_block_raw({0}, {dataset.rows()}, info.type, column.bytes().data());
  }
  return table;
}

void write_band_fits(const FieldFolder& folder, const std::string& band,
                     const BandSlabs& slabs, const canvas::ImageSlab& mask,
                     const std::vector<std::string>& mask_bits,
                     const std::vector<canvas::Range>& image_rows,
                     const FieldConfig& config, const Scene& scene,
                     const FieldIdentity& identity,
                     const parallel::Communicator& ranks) {
  io::fits::ImageHeader header;
  for (auto card : scene.header) {
    // Bits of a mask that the base image's header names are not this mask's.
    if (card.starts_with("MBIT_") || card.starts_with("MB_") ||
        card.starts_with("MP_") || card.starts_with("HIERARCH M")) {
      continue;
    }
    constexpr std::size_t card_length = 80;
    card.resize(card_length, ' ');
    header.continued += card;
  }
  const auto write = [&](const std::string& what, const char* unit,
                         const canvas::ImageSlab& slab) {
    auto own = header;
    own.cards = {{"EXTNAME", what + "_" + band, "what the pixels are"},
                 {"BAND", band, ""},
                 {"BUNIT", std::string(unit), ""},
                 {"PIXSCALE", config.run.grid.pixel_scale_arcsec, "arcsec"},
                 {"INJECTED", config.run.run.name, "lensmill field with this name"},
                 {"LMPASS", std::int64_t{config.field.pass}, "pass of the injections"},
                 {"LMHASH", identity.config_hash.substr(0, 40),
                  "of configuration and input files"}};
    if (what == "mask") {
      own.type = io::fits::PixelType::int32;
      for (std::size_t bit = 0; bit < mask_bits.size(); ++bit) {
        own.cards.push_back({fmt::format("MBIT_{}", bit), mask_bits[bit],
                             fmt::format("bit {} (0x{:x})", bit, 1 << bit)});
      }
    }
    own.history = {fmt::format("lensmill field {}: {} injections, seed {}",
                               version_line(), scene.entries.size(),
                               config.run.run.seed)};
    std::optional<io::fits::ImageStream> stream;
    ranks.agree([&] {
      if (!ranks.is_root()) return;
      stream.emplace(folder.fits(what, band), scene.ny_pix, scene.nx_pix, own,
                     config.field.compression);
    });
    rows_to_root(
        slab, image_rows,
        [&](int y, ImageView<const float> rows) { stream->write_rows(y, rows); },
        ranks);
    ranks.agree([&] {
      if (stream) stream->finish();
    });
  };
  write("image", "nanomaggy", slabs.image);
  write("empty", "nanomaggy", slabs.empty);
  write("invvar", "1/nanomaggy^2", invvar_of(slabs.variance));
  write("mask", "", mask);
}

}  // namespace lensmill::pipeline
