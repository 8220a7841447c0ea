#include "pipeline/noise_model/noise_model.hpp"

#include "lib/io/files.hpp"
#include "lib/io/png.hpp"
#include "pipeline/cli/command.hpp"
#include "pipeline/cli/output_file.hpp"

namespace lensmill::pipeline::cli {
namespace {

// Beyond this the cells, four times as large, contain too few independent pixels.
constexpr int most_lag_pix = 32;

NoiseModelRequest request_from(const po::variables_map& values) {
  NoiseModelRequest request{.image = values["IMAGE"].as<std::string>(),
                            .hdu = {},
                            .invvar = {},
                            .max_lag_pix = values["max-lag"].as<int>()};
  if (values.contains("hdu")) request.hdu = values["hdu"].as<int>();
  if (values.contains("invvar")) request.invvar = values["invvar"].as<std::string>();
  if (request.hdu && *request.hdu < 0) {
    throw UsageError("noise-model: --hdu: must be >= 0 (0 is the primary HDU)");
  }
  if (request.max_lag_pix < 1 || request.max_lag_pix > most_lag_pix) {
    throw UsageError("noise-model: --max-lag: must be in [1, 32]");
  }
  return request;
}

ExitCode run(const po::variables_map& values, const Context& context) {
  const auto request = request_from(values);
  std::vector<OutputFile> outputs;
  if (values.contains("output")) {
    outputs.push_back({"noise-model: --output", values["output"].as<std::string>(),
                       "a noise model", "format: "});
  }
  if (values.contains("png")) {
    outputs.push_back({"noise-model: --png", values["png"].as<std::string>(),
                       "a PNG picture", std::string(png_signature), ".png"});
  }
  context.world.agree([&] {
    if (!context.world.is_root()) return;
    std::vector<std::string> inputs{request.image};
    if (request.invvar) inputs.push_back(*request.invvar);
    check_output_files(outputs, inputs);
    const auto model = measure_noise_model(request);
    if (values.contains("output")) {
      const auto path = values["output"].as<std::string>();
      io::write_text(path, noise_model_yaml(model));
      context.log.result(noise_model_text(model));
      context.log.info(path + ": written");
    } else {
      context.log.info(noise_model_text(model));
      context.log.result(noise_model_yaml(model));
    }
    if (values.contains("png")) {
      const auto path = values["png"].as<std::string>();
      const auto picture = noise_model_picture(model);
      io::write_png(path, picture.rgb, picture.ny, picture.nx);
      context.log.info(path + ": written");
    }
  });
  return ExitCode::ok;
}

}  // namespace

Command noise_model_command() {
  Command command{
      .name = "noise-model",
      .summary = "measure an image's noise: sigma and correlations, as YAML",
      .usage = "lensmill noise-model IMAGE [options]",
      .positional = "IMAGE",
      .positional_help = "FITS image, plain or tile-compressed (.fz)",
      .example =
          "  lensmill noise-model image-r.fits.fz --invvar invvar-r.fits.fz \\\n"
          "      --output noise-r.yaml --png noise-r.png\n"
          "and in a configuration\n"
          "  noise: {correlation: {r: noise-r.yaml}, ...}\n",
      .options = po::options_description("Options", 88),
      .run = run};
  command.options.add_options()("hdu", po::value<int>()->value_name("N"),
                                "HDU of the image, 0 = primary; default: the first one "
                                "with pixels")(
      "invvar", po::value<std::string>()->value_name("FILE"),
      "inverse variances: pixels without any are left out, the others are weighed by "
      "them, and the measured variance is compared")(
      "max-lag", po::value<int>()->default_value(8)->value_name("L"),
      "greatest lag of the correlations, pixels")(
      "output,o", po::value<std::string>()->value_name("FILE"),
      "write the model (YAML), for noise.correlation.<band>, to this file instead of "
      "stdout, where a summary is then")(
      "png", po::value<std::string>()->value_name("FILE"),
      "write a picture: the image with what was left out, and the correlations");
  return command;
}

}  // namespace lensmill::pipeline::cli
