#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "lib/imaging/colour_picture.hpp"
#include "lib/io/files.hpp"
#include "lib/io/fits/writer.hpp"
#include "lib/io/hdf5/file.hpp"
#include "lib/io/png.hpp"
#include "pipeline/archive/find_injection.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/output_file.hpp"
#include "stages/products.hpp"

namespace lensmill::pipeline::cli {
namespace {

constexpr int panel_pix = 256;
constexpr int gap_pix = 4;

/// A column's only row as header cards: one, or NAME_0, NAME_1, ... for a short array.
void add_cards(const Column& column, std::vector<io::fits::Card>& cards,
               const std::string& prefix = {}) {
  constexpr std::size_t longest_array = 24;
  ColumnInfo info = column.info();
  info.name = prefix + info.name;
  const std::string comment = info.unit.empty() ? "" : "[" + info.unit + "]";
  if (info.type == ElementType::text) {
    const auto bytes = column.row<char>(0);
    const std::string padded(bytes.begin(), bytes.end());
    cards.push_back({info.name, padded.substr(0, padded.find('\0')), comment});
    return;
  }
  if (info.row_elements() > longest_array) return;
  for (std::size_t k = 0; k < info.row_elements(); ++k) {
    io::fits::Card card{.keyword = info.row_shape.empty()
                                       ? info.name
                                       : fmt::format("{}_{}", info.name, k),
                        .value = 0.0,
                        .comment = comment};
    switch (info.type) {
      case ElementType::float64: card.value = column.row<double>(0)[k]; break;
      case ElementType::float32: card.value = double{column.row<float>(0)[k]}; break;
      case ElementType::int64: card.value = column.row<std::int64_t>(0)[k]; break;
      case ElementType::uint64: {
        const auto value = column.row<std::uint64_t>(0)[k];
        // Cards have integers with sign; beyond them the digits as text.
        if (value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
          card.value = static_cast<std::int64_t>(value);
        } else {
          card.value = std::to_string(value);
        }
        break;
      }
      case ElementType::int32:
        card.value = std::int64_t{column.row<std::int32_t>(0)[k]};
        break;
      case ElementType::int16:
        card.value = std::int64_t{column.row<std::int16_t>(0)[k]};
        break;
      case ElementType::uint8:
        card.value = std::int64_t{column.row<std::uint8_t>(0)[k]};
        break;
      case ElementType::text: break;
    }
    cards.push_back(std::move(card));
  }
}

/// The run's operator; the historical one is labelled in every file it touches.
std::string convolution_of(const RunOnDisk& run) {
  const auto& name = run.config.at("convolve.operator");
  return name == "legacy_ifftshift" ? name + ": PSF MISPLACED ON PURPOSE" : name;
}

void write_fits(const std::string& path, const RunOnDisk& run,
                const StoredInjection& injection) {
  std::vector<io::fits::Card> shared{
      {"ORIGIN", std::string("lensmill"), ""},
      {"RUN", run.config.at("run.name"), "name of the run"},
      {"SHARD", injection.place.shard, "shard of the run"},
      {"ROW", injection.place.row_in_shard, "row of the shard, from 0"},
      {"BANDS", fmt::format("{}", fmt::join(run.bands, " ")), "of axis 3"},
      {"PIXSCALE", run.pixel_scale_arcsec, "[arcsec] per pixel"},
      {"CONVOLVE", convolution_of(run), ""}};
  const std::size_t shared_by_all = shared.size();
  for (const auto& column : injection.catalogue) add_cards(column, shared);
  for (const auto& column : injection.carried) add_cards(column, shared, "carried_");
  for (const auto& column : injection.measurements) add_cards(column, shared);

  io::fits::Writer writer;
  for (const auto& image : injection.images) {
    std::vector<io::fits::Card> cards{{"BUNIT", image.unit, ""}};
    cards.insert(cards.end(), shared.begin(), shared.end());
    writer.add_cube(image.name, image.pixels, image.bands, image.ny, image.nx, cards);
    // The truth stands once, in the primary HDU.
    shared.resize(shared_by_all);
  }
  writer.save(path);
}

std::vector<ImageView<const float>> bands_of(const ProductImage& image) {
  std::vector<ImageView<const float>> bands;
  bands.reserve(static_cast<std::size_t>(image.bands));
  for (int band = 0; band < image.bands; ++band) bands.push_back(image.band(band));
  return bands;
}

void write_png(const std::string& path, const StoredInjection& injection) {
  // Pairs share one scale, so that they differ by the arc alone.
  std::vector<double> pair_scale;
  for (const auto& image : injection.images) {
    if (image.name == "positive")
      pair_scale = imaging::brightness_scale(bands_of(image));
  }
  std::vector<imaging::Picture> panels;
  for (const auto& [name, unit, description, image, is_flux] : stages::products()) {
    const auto at = std::ranges::find(injection.images, name, &ProductImage::name);
    if (!is_flux || at == injection.images.end()) continue;
    const auto bands = bands_of(*at);
    const bool of_pair = name == "negative" || name == "positive" || name == "host";
    panels.push_back(imaging::colour_picture(
        bands, of_pair && !pair_scale.empty() ? pair_scale
                                              : imaging::brightness_scale(bands)));
  }
  if (panels.empty()) throw DataError("extract: the run has no images to draw");
  const int zoom = std::max(1, panel_pix / panels[0].ny);
  const auto picture = imaging::side_by_side(panels, zoom, gap_pix);
  io::write_png(path, picture.rgb, picture.ny, picture.nx);
}

/// Files that the run was made from.
std::vector<std::string> inputs_of(const RunOnDisk& run) {
  for (std::int64_t shard = 0; shard < run.plan.shards(); ++shard) {
    if (!io::exists(run.folder.shard(shard))) continue;
    const auto provenance =
        io::hdf5::File::open(run.folder.shard(shard)).open_group("provenance");
    if (!provenance.has("input_path")) return {};
    return provenance.read_strings("input_path");
  }
  return {};
}

ExitCode run(const po::variables_map& values, const Context& context) {
  if (!values.contains("id")) throw UsageError("extract: --id N is missing");
  if (!values.contains("fits") && !values.contains("png")) {
    throw UsageError("extract: give --fits FILE, --png FILE, or both");
  }
  std::vector<OutputFile> outputs;
  if (values.contains("fits")) {
    outputs.push_back({"extract: --fits", values["fits"].as<std::string>(),
                       "a FITS file", std::string(fits_signature), ".fits"});
  }
  if (values.contains("png")) {
    outputs.push_back({"extract: --png", values["png"].as<std::string>(),
                       "a PNG picture", std::string(png_signature), ".png"});
  }
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    const auto run = open_run(values["RUN"].as<std::string>());
    check_output_files(outputs, inputs_of(run));
    const auto injection = read_injection(run, values["id"].as<std::int64_t>());
    if (injection.images.empty()) {
      throw DataError(run.folder.path() +
                      ": the run has no images (output.products: [])");
    }
    if (values.contains("fits")) {
      write_fits(values["fits"].as<std::string>(), run, injection);
      context.log.info(values["fits"].as<std::string>() + ": written");
    }
    if (values.contains("png")) {
      write_png(values["png"].as<std::string>(), injection);
      context.log.info(values["png"].as<std::string>() + ": written");
    }
  });
  return ExitCode::ok;
}

}  // namespace

Command extract_command() {
  Command command{
      .name = "extract",
      .summary = "write one injection as FITS and PNG",
      .usage = "lensmill extract RUN --id N [--fits FILE] [--png FILE]",
      .positional = "RUN",
      .positional_help = "the run's folder or its HDF5 file",
      .example =
          "  lensmill extract runs/quickstart --id 7 --fits 7.fits --png 7.png\n",
      .options = po::options_description("Options", 88),
      .run = run};
  command.options.add_options()("id", po::value<std::int64_t>()->value_name("N"),
                                "injection_id of the row")(
      "fits", po::value<std::string>()->value_name("FILE"),
      "one HDU [band, y, x] per image product; the truth and the measurements in the "
      "primary header")("png", po::value<std::string>()->value_name("FILE"),
                        "arcsinh colour picture of the image products");
  return command;
}

}  // namespace lensmill::pipeline::cli
