#include "pipeline/recover/recover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <string_view>

#include "lib/core/text.hpp"
#include "lib/io/files.hpp"
#include "lib/io/fits/writer.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/output_file.hpp"
#include "pipeline/program/build_info.hpp"

namespace lensmill::pipeline::cli {
namespace {

/// "0.5,0.75,1": finite numbers that ascend. \throws UsageError
std::vector<double> ascending(const std::string& option, std::string_view text) {
  std::vector<double> values;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto fail = [&](const char* problem) {
    throw UsageError(
        fmt::format("recover: {}: {} (got \"{}\"); give numbers that ascend, "
                    "such as 0.5,0.75,1",
                    option, problem, text));
  };
  while (true) {
    double value = 0.0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || !std::isfinite(value)) fail("not a list of numbers");
    values.push_back(value);
    if (next == end) break;
    if (*next != ',') fail("not a list of numbers");
    at = next + 1;
  }
  if (std::ranges::adjacent_find(values, std::ranges::greater_equal()) !=
      values.end()) {
    fail("they must ascend");
  }
  return values;
}

/// "2=FILE" or "FILE".
std::pair<std::optional<std::int64_t>, std::string> pass_and_file(
    const std::string& text) {
  std::int64_t pass = 0;
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, pass);
  if (error != std::errc() || next == end || *next != '=') return {std::nullopt, text};
  return {pass, std::string(next + 1, end)};
}

template <class T>
std::optional<T> optional_of(const po::variables_map& values, const char* name) {
  if (!values.contains(name)) return std::nullopt;
  return values[name].as<T>();
}

DetectionColumns columns_from(const po::variables_map& values) {
  DetectionColumns columns{
      .x = optional_of<std::string>(values, "x"),
      .y = optional_of<std::string>(values, "y"),
      .ra = optional_of<std::string>(values, "ra"),
      .dec = optional_of<std::string>(values, "dec"),
      .pixel_origin = optional_of<int>(values, "pixel-origin"),
      .score = optional_of<std::string>(values, "score"),
      .id = optional_of<std::string>(values, "id"),
      .flux = optional_of<std::string>(values, "flux"),
      .mag = optional_of<std::string>(values, "mag"),
      .flux_unit = optional_of<std::string>(values, "flux-unit"),
      .mag_zero_point = optional_of<double>(values, "mag-zero-point")};
  const auto together = [](bool first, bool second, const char* names) {
    if (first == second) return;
    throw UsageError(fmt::format("recover: {} belong together; give both", names));
  };
  together(columns.x.has_value(), columns.y.has_value(), "--x and --y");
  together(columns.ra.has_value(), columns.dec.has_value(), "--ra and --dec");
  together(columns.mag.has_value(), columns.mag_zero_point.has_value(),
           "--mag and --mag-zero-point (22.5 of AB magnitudes)");
  if (columns.x && columns.ra) {
    throw UsageError("recover: --x, --y and --ra, --dec: give either");
  }
  if (columns.flux && columns.mag) {
    throw UsageError("recover: --flux and --mag: give either");
  }
  if (columns.flux_unit && !columns.flux) {
    throw UsageError("recover: --flux-unit: is that of --flux; give it, too");
  }
  if (columns.pixel_origin && *columns.pixel_origin != 0 &&
      *columns.pixel_origin != 1) {
    throw UsageError("recover: --pixel-origin: must be 0 or 1");
  }
  return columns;
}

RecoverRequest request_from(const po::variables_map& values) {
  RecoverRequest request;
  request.folders.push_back(values["FIELD"].as<std::string>());
  if (values.contains("pass-folder")) {
    for (const auto& folder : values["pass-folder"].as<std::vector<std::string>>()) {
      request.folders.push_back(folder);
    }
  }
  for (const char* required : {"detections", "radius"}) {
    if (values.contains(required)) continue;
    throw UsageError(fmt::format("recover: --{} is needed", required));
  }
  for (const auto& text : values["detections"].as<std::vector<std::string>>()) {
    request.detections.push_back(pass_and_file(text));
  }
  request.radius_arcsec = values["radius"].as<double>();
  if (!(request.radius_arcsec > 0.0 &&
        request.radius_arcsec <= largest_radius_arcsec)) {
    throw UsageError(
        fmt::format("recover: --radius: must be in (0, {}] arcsec (got {})",
                    largest_radius_arcsec, request.radius_arcsec));
  }
  request.columns = columns_from(values);
  request.empty = optional_of<std::string>(values, "empty").value_or("");
  request.flux_band = optional_of<std::string>(values, "flux-band").value_or("");
  request.ambiguity_cut_arcsec = optional_of<double>(values, "ambiguity-cut");
  request.ambiguity_radii_arcsec =
      ascending("--ambiguity-radii", values["ambiguity-radii"].as<std::string>());
  const auto& radii = request.ambiguity_radii_arcsec;
  if (!(radii.front() > 0.0 && radii.back() <= largest_radius_arcsec)) {
    throw UsageError(
        fmt::format("recover: --ambiguity-radii: must be in (0, {}] arcsec",
                    largest_radius_arcsec));
  }
  for (const char* name : {"flux", "mag", "ambiguity-cut"}) {
    if (!values.contains(name) || !request.empty.empty()) continue;
    throw UsageError(fmt::format(
        "recover: --{}: concerns the field without arcs; give --empty", name));
  }
  if (!request.flux_band.empty() && !request.columns.flux && !request.columns.mag) {
    throw UsageError("recover: --flux-band: is that of --flux or --mag; give one");
  }
  if (request.ambiguity_cut_arcsec &&
      std::ranges::find(radii, *request.ambiguity_cut_arcsec) == radii.end()) {
    throw UsageError(fmt::format(
        "recover: --ambiguity-cut: must be one of --ambiguity-radii (got {})",
        *request.ambiguity_cut_arcsec));
  }
  if (!values.contains("bins")) return request;
  for (const auto& text : values["bins"].as<std::vector<std::string>>()) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError(fmt::format(
          "recover: --bins: must be COLUMN=EDGES, such as theta_e_arcsec=0.5,1,2 (got "
          "\"{}\")",
          text));
    }
    const auto edges = ascending("--bins " + text.substr(0, equals),
                                 std::string_view(text).substr(equals + 1));
    if (edges.size() < 2) {
      throw UsageError(
          fmt::format("recover: --bins {}: needs at least two edges", text));
    }
    request.bins[text.substr(0, equals)] = edges;
  }
  return request;
}

void check_inputs(const RecoverRequest& request) {
  std::vector<std::string> files;
  for (const auto& [pass, file] : request.detections) files.push_back(file);
  if (!request.empty.empty()) files.push_back(request.empty);
  std::ranges::sort(files);
  const auto twice = std::ranges::adjacent_find(files);
  if (twice == files.end()) return;
  throw UsageError(
      fmt::format("recover: {}: is given twice; each pass and the field without arcs "
                  "have detections "
                  "of their own",
                  *twice));
}

void write_fits(const std::string& path, const RecoverResult& result) {
  const auto& build = build_info();
  std::vector<io::fits::Card> cards{
      {"RADIUS", result.request.radius_arcsec, "[arcsec] of the match"},
      {"PROGRAM", "lensmill " + build.version, ""},
      {"COMMIT", build.git_commit, ""}};
  for (std::size_t k = 0; k < result.truth.files.size(); ++k) {
    const auto& file = result.truth.files[k];
    cards.push_back(
        {fmt::format("TRUSUM{}", k), file.sha256, "SHA-256 of " + file.path});
  }
  for (std::size_t k = 0; k < result.detections.size(); ++k) {
    cards.push_back({fmt::format("DETSUM{}", k), result.detections[k].sha256,
                     fmt::format("SHA-256 of pass {}'s detections", result.pass[k])});
  }
  if (result.empty) cards.push_back({"EMPTYSUM", result.empty->sha256, "without arcs"});
  io::fits::Writer writer;
  writer.add_table("RECOVERY", injections_table(result), cards);
  writer.save(path);
}

ExitCode run(const po::variables_map& values, const Context& context) {
  const auto request = request_from(values);
  check_inputs(request);
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    const auto folder = optional_of<std::string>(values, "output")
                            .value_or(request.folders.front() + "/recovery");
    const auto output = [&](const char* name, const char* kind, std::string start) {
      return OutputFile{"recover: --output", folder + "/" + name, kind,
                        std::move(start)};
    };
    const std::vector<OutputFile> outputs{
        output("recovery.json", "a report of recover", "{"),
        output("completeness.csv", "a table of recover", "column,lower,upper,"),
        output("purity.csv", "a table of recover", "score_threshold,"),
        output("injections.csv", "a table of recover", "injection_id,pass,"),
        output("injections.fits", "a FITS table", std::string(fits_signature))};
    std::vector<std::string> inputs;
    for (const auto& field : request.folders) inputs.push_back(field + "/truth.fits");
    for (const auto& [pass, file] : request.detections) inputs.push_back(file);
    if (!request.empty.empty()) inputs.push_back(request.empty);
    check_output_files(outputs, inputs);
    const auto result = recover(request);
    io::make_folders(folder);
    io::write_text(outputs[0].path, recover_json(result));
    io::write_text(outputs[1].path, completeness_csv(result));
    if (request.columns.score) {
      io::write_text(outputs[2].path, purity_csv(result));
    } else {
      // One of an earlier call would be taken for this one's.
      io::remove_file(outputs[2].path);
    }
    io::write_text(outputs[3].path, injections_csv(result));
    write_fits(outputs[4].path, result);
    context.log.result(printable(recover_text(result)));
    for (const auto& warning : result.warnings) context.log.warning(warning);
    context.log.info(folder +
                     ": recovery.json, completeness.csv, injections.csv, .fits" +
                     (request.columns.score ? ", purity.csv" : "") + " written");
  });
  return ExitCode::ok;
}

}  // namespace

Command recover_command() {
  Command command{
      .name = "recover",
      .summary = "match detections with a field's injections: completeness, purity",
      .usage = "lensmill recover FIELD --detections FILE --radius ARCSEC [options]",
      .positional = "FIELD",
      .positional_help = "folder of a field, with truth.fits",
      .example =
          "  lensmill recover field --detections found.cat --empty before.cat \\\n"
          "      --radius 1 --x X_IMAGE --y Y_IMAGE\n"
          "  python3 -m lensmill plot-recovery field/recovery\n"
          "docs/recover.md explains the files.\n",
      .options = po::options_description("Options", 88),
      .run = run};
  const auto text = [](const char* name) {
    return po::value<std::string>()->value_name(name);
  };
  const auto texts = [](const char* name) {
    return po::value<std::vector<std::string>>()->composing()->value_name(name);
  };
  command.options.add_options()("detections,d", texts("[PASS=]FILE"),
                                "catalogue of the field's image (FITS, HDF5, CSV, "
                                "SExtractor's); with PASS= once for "
                                "each pass of a field of several")(
      "pass-folder", texts("FOLDER"),
      "further folders of the same field, of other passes; may be repeated")(
      "empty,e", text("FILE"),
      "catalogue of the same field without arcs: chance matches and ambiguity")(
      "radius,r", po::value<double>()->value_name("ARCSEC"),
      "of the match, in (0, 60]")("x", text("COLUMN"), "positions on the image")(
      "y", text("COLUMN"), "")("pixel-origin", po::value<int>()->value_name("0|1"),
                               "coordinate of the first pixel's centre, where the "
                               "column's name does not say it")(
      "ra", text("COLUMN"), "positions on the sky (ICRS), degrees or the stated unit")(
      "dec", text("COLUMN"), "")("score", text("COLUMN"),
                                 "larger is more probably a lens: for the purity")(
      "id", text("COLUMN"), "id of each detection")(
      "flux", text("COLUMN"),
      "brightness of the field without arcs, for its ambiguity")(
      "flux-unit", text("UNIT"),
      "its unit, where the file states none: nmgy, uJy, ...")("mag", text("COLUMN"),
                                                              "the same as magnitude")(
      "mag-zero-point", po::value<double>()->value_name("MAG"),
      "magnitude of 1 nmgy in its system: 22.5 of AB")(
      "flux-band", text("BAND"), "of the arcs' flux that is compared with it")(
      "ambiguity-radii",
      po::value<std::string>()
          ->default_value("0.5,0.75,1,1.25,1.5,1.75,2")
          ->value_name("ARCSEC,..."),
      "within which sources of the field without arcs are flagged")(
      "ambiguity-cut", po::value<double>()->value_name("ARCSEC"),
      "leave out injections with a brighter or unknown source so near: one of the "
      "radii")(
      "bins", texts("COLUMN=EDGES"),
      "bins [a, b) of a column of the truth, the last one closed; may be repeated")(
      "output,o", text("DIR"), "folder for the files; default: FIELD/recovery");
  return command;
}

}  // namespace lensmill::pipeline::cli
