#include "pipeline/inputs/read_host_psfs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <sstream>

#include "lib/core/errors.hpp"
#include "pipeline/inputs/host_kernel.hpp"
#include "pipeline/inputs/open_psf.hpp"

namespace lensmill::pipeline {
namespace {

using config::PsfSection;
using parallel::Communicator;

constexpr std::size_t most_shown = 10;
constexpr char separator = '\x1e';

std::vector<std::vector<std::int64_t>> hosts_of(const Distinct& files) {
  std::vector<std::vector<std::int64_t>> hosts(files.texts.size());
  for (std::size_t host = 0; host < files.of_host.size(); ++host) {
    hosts[static_cast<std::size_t>(files.of_host[host])].push_back(
        static_cast<std::int64_t>(host));
  }
  return hosts;
}

std::vector<std::string> all_lines(const std::vector<std::string>& lines,
                                   const Communicator& world) {
  std::vector<std::string> all;
  for (const auto& text : world.all_gather(
           fmt::format("{}", fmt::join(lines, std::string(1, separator))))) {
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line, separator);) all.push_back(line);
  }
  return all;
}

/// What a rank found in its files.
struct Findings {
  std::vector<std::string> problems, warnings;
  std::int64_t problem_count = 0;
  std::int64_t without_band = 0;

  void add_problem(std::string text) {
    ++problem_count;
    if (problems.size() < most_shown) problems.push_back(std::move(text));
  }
};

/// \param hint what to do, in parentheses below them
void throw_problems(Findings found, const std::string& hint,
                    const Communicator& world) {
  found.problems = all_lines(found.problems, world);
  const auto count = world.sum(found.problem_count);
  world.agree([&] {
    if (count == 0 || !world.is_root()) return;
    const auto shown = std::min(found.problems.size(), most_shown);
    found.problems.resize(shown);
    auto text = fmt::format("{}", fmt::join(found.problems, "\n"));
    const auto more = count - static_cast<std::int64_t>(shown);
    if (more > 0) text += fmt::format("\n... and {} more", more);
    throw DataError(text + "\n(" + hint + ")");
  });
}

/// Kernels on their way from the ranks that have read them to all others.
struct Parcel {
  std::vector<std::int64_t> sides;  ///< ny, nx of each
  std::vector<double> values;
  std::vector<std::string> names;

  void add(const psf::PixelKernel& kernel) {
    sides.insert(sides.end(), {kernel.values.ny(), kernel.values.nx()});
    const auto pixels = kernel.values.pixels();
    values.insert(values.end(), pixels.begin(), pixels.end());
    names.push_back(kernel.name);
  }
};

std::vector<psf::PixelKernel> unpacked(const Parcel& own, const PsfSection& section,
                                       const Communicator& world) {
  const auto sides = world.all_gather(std::span<const std::int64_t>(own.sides));
  const auto values = world.all_gather(std::span<const double>(own.values));
  const auto names = all_lines(own.names, world);
  std::vector<psf::PixelKernel> kernels;
  std::size_t at = 0;
  for (std::size_t k = 0; k < names.size(); ++k) {
    Image<double> image(static_cast<int>(sides[2 * k]),
                        static_cast<int>(sides[2 * k + 1]));
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(at), image.size(),
                image.data());
    at += image.size();
    kernels.push_back({.values = std::move(image),
                       .samples_per_pixel = section.samples_per_pixel,
                       .includes_pixel = section.includes_pixel,
                       .name = names[k]});
  }
  return kernels;
}

/// The first warnings of all ranks.
void tell(const Findings& found, const Communicator& world,
          std::vector<std::string>& warnings) {
  auto noticed = all_lines(found.warnings, world);
  if (noticed.size() > most_shown) noticed.resize(most_shown);
  std::ranges::move(noticed, std::back_inserter(warnings));
}

}  // namespace

std::string with_hosts(const std::string& place, const std::vector<std::int64_t>& hosts,
                       const HostNames& names) {
  const auto more =
      hosts.size() > 1 ? fmt::format(" and {} more", hosts.size() - 1) : "";
  return fmt::format("{}{}, {}", names.name(hosts.front()), more, place);
}

std::vector<psf::PixelKernel> read_host_kernels(const HostPsfQuestion& question,
                                                const Communicator& world,
                                                bool& without_band,
                                                std::vector<std::string>& warnings) {
  const auto& [config, psf, names, files] = question;
  const std::string key = psf.where() + ".file_per_host";
  Findings found;
  const auto hosts = hosts_of(files);
  const auto count = static_cast<std::int64_t>(files.texts.size());
  Parcel parcel;
  std::size_t pixels = 0;
  const std::int64_t end = count * (world.rank() + 1) / world.size();
  for (std::int64_t k = count * world.rank() / world.size(); k < end; ++k) {
    const auto index = static_cast<std::size_t>(k);
    const auto& path = files.texts[index];
    try {
      auto read = read_host_kernel(path, psf, found.warnings);
      auto problem = object_problem(
          path, {.config = config, .section = psf.section, .names = names},
          hosts[index]);
      if (!problem.empty()) {
        found.add_problem(std::move(problem));
        continue;
      }
      found.without_band += read.says_no_band ? 1 : 0;
      read.kernel.name = with_hosts(read.kernel.name, hosts[index], names);
      pixels += read.kernel.values.size();
      check_memory(key, pixels);
      parcel.add(read.kernel);
    } catch (const Error& error) {
      found.add_problem(
          fmt::format("{}: {}", names.name(hosts[index].front()), error.what()));
    }
  }
  throw_problems(
      found,
      key +
          ": correct these files, or leave their hosts out; `file_band` says "
          "which of the files' bands is meant for this one",
      world);
  pixels = static_cast<std::size_t>(world.sum(static_cast<std::int64_t>(pixels)));
  world.agree([&] { check_memory(key, pixels); });
  without_band = world.sum(found.without_band) > 0;
  tell(found, world, warnings);
  return unpacked(parcel, psf.section, world);
}

std::vector<psf::PsfexModel> read_host_models(const HostPsfQuestion& question,
                                              const Communicator& world,
                                              std::vector<std::string>& warnings) {
  const auto& [config, psf, names, texts] = question;
  Findings found;
  const auto hosts = hosts_of(texts);
  const bool files = psf.section.file_per_host.given();
  std::vector<psf::PsfexModel> models;
  std::size_t pixels = 0;
  for (std::size_t k = 0; k < texts.texts.size(); ++k) {
    auto section = psf.section;
    (files ? section.file : section.ccdname) = texts.texts[k];
    section.file_per_host = {};
    section.ccdname_of_host = {};
    try {
      auto input = open_psf(section, psf.band, config.grid, found.warnings);
      auto problem =
          files ? object_problem(
                      section.file,
                      {.config = config, .section = psf.section, .names = names},
                      hosts[k])
                : "";
      if (!problem.empty()) found.add_problem(std::move(problem));
      for (const auto& image : input.psfex->basis) pixels += image.size();
      check_memory(psf.where(), pixels);
      if (files) input.psfex->name = with_hosts(input.psfex->name, hosts[k], names);
      models.push_back(std::move(*input.psfex));
    } catch (const Error& error) {
      found.add_problem(
          fmt::format("{}: {}", names.name(hosts[k].front()), error.what()));
    }
  }
  if (!world.is_root()) found = {};  // each rank has looked at all
  throw_problems(found,
                 psf.where() + (files ? ".file_per_host: correct these files, or leave "
                                        "their hosts out"
                                      : ".ccdname: correct the column, or leave these "
                                        "hosts out"),
                 world);
  tell(found, world, warnings);
  return models;
}

}  // namespace lensmill::pipeline
