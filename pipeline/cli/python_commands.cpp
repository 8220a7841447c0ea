#include "pipeline/cli/python_commands.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "lib/core/text.hpp"

namespace lensmill::pipeline::cli {
namespace {

namespace fs = std::filesystem;

// Prints the modules of its arguments that are missing; loads none of them.
constexpr auto look_for_modules =
    "import sys\n"
    "from importlib.util import find_spec\n"
    "print(*[m for m in sys.argv[1:] if find_spec(m) is None])\n";

/// What a command that Python carries out needs, its package first.
std::vector<std::string> modules_of(const std::string& command) {
  std::vector<std::string> modules{"lensmill", "h5py", "numpy", "yaml"};
  if (command == "report") modules.insert(modules.end(), {"matplotlib", "jinja2"});
  return modules;
}

/// [[noreturn]] in a child or in place of this program, unless it cannot be started.
void execute(const std::vector<std::string>& command) {
  std::vector<char*> raw;
  raw.reserve(command.size() + 1);
  for (const auto& word : command) raw.push_back(const_cast<char*>(word.c_str()));
  raw.push_back(nullptr);
  ::execvp(raw.front(), raw.data());
}

/// What a Python lacks, by name; nothing where it cannot be started.
std::optional<std::string> missing_modules(const std::string& python,
                                           const std::vector<std::string>& modules) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    std::vector<std::string> command{python, "-c", look_for_modules};
    command.insert(command.end(), modules.begin(), modules.end());
    execute(command);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 256> part{};
  for (ssize_t n = 0;
       child > 0 && (n = ::read(ends[0], part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  int status = -1;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
    return std::nullopt;
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

/// The package beside the program: CLONE/python of CLONE/build/PRESET/bin/lensmill.
void find_package(const fs::path& program) {
  const auto clone = program.parent_path().parent_path().parent_path().parent_path();
  const auto package = clone / "python";
  if (!fs::exists(package / "lensmill" / "__main__.py")) return;
  const char* old = std::getenv("PYTHONPATH");
  const bool has_old = old != nullptr && *old != '\0';
  const auto path =
      has_old ? fmt::format("{}:{}", package.string(), old) : package.string();
  ::setenv("PYTHONPATH", path.c_str(), 1);
}

void refuse_ranks(const std::string& command) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* size = std::getenv(name);
    if (size != nullptr && std::strcmp(size, "1") != 0) {
      throw UsageError(fmt::format(
          "{}: is started on {} ranks but is one process: start it without mpirun "
          "or srun (the analysis that it reads may be made by many: mpirun ... "
          "lensmill "
          "analyse RUN)",
          command, printable(size)));
    }
  }
}

}  // namespace

void hand_on_to_python(const std::vector<std::string>& arguments) {
  const auto& name = arguments.front();
  refuse_ranks(name);
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    find_package(program);
    ::setenv("LENSMILL_PROGRAM", program.c_str(), 1);
  }
  const char* given = std::getenv("LENSMILL_PYTHON");
  const std::vector<std::string> pythons =
      given != nullptr && *given != '\0'
          ? std::vector<std::string>{given}
          : std::vector<std::string>{"python3", "/usr/bin/python3"};
  std::string why;
  for (const auto& python : pythons) {
    const auto missing = missing_modules(python, modules_of(name));
    if (missing && missing->empty()) {
      std::vector<std::string> command{python, "-m", "lensmill"};
      command.insert(command.end(), arguments.begin(), arguments.end());
      execute(command);
      throw IoError(python + ": cannot be started (" + std::strerror(errno) + ")");
    }
    why += fmt::format("{}{} {}", why.empty() ? "" : "; ", python,
                       missing ? "lacks " + *missing : "cannot be started");
  }
  throw DataError(fmt::format(
      "{}: needs Python 3 with {}: {} (Debian: jobs/install-packages.sh, or apt-get "
      "install python3-h5py python3-yaml python3-matplotlib python3-jinja2; another "
      "Python: LENSMILL_PYTHON)",
      name, fmt::join(modules_of(name), ", "), why));
}

Command report_command() {
  Command command{
      .name = "report",
      .summary = "one HTML file about a run: answer, figures, gallery (needs Python)",
      .usage = "lensmill report RUN [--compare RUN2] [options]",
      .positional = "RUN",
      .positional_help = "the run's folder",
      .example =
          "  lensmill report runs/quickstart\n"
          "writes runs/quickstart/analysis/report.html. It is `python3 -m lensmill "
          "report`\n"
          "with the first of $LENSMILL_PYTHON, python3 and /usr/bin/python3 that has "
          "what\n"
          "it needs.\n",
      .options = po::options_description("Options", 88),
      .run = {}};
  command.options.add_options()("compare", po::value<std::string>()->value_name("RUN2"),
                                "another run, to be put beside it")(
      "output,o", po::value<std::string>()->value_name("FILE"),
      "file to write; default: RUN/analysis/report.html")(
      "count", po::value<int>()->value_name("N"), "rows of the gallery; default: 36")(
      "figures", po::value<std::string>()->value_name("FOLDER"),
      "also write the figures there, as PNG and CSV");
  return command;
}

Command answers_command() {
  Command command{
      .name = "answers",
      .summary = "the reference study's questions, answered from runs (needs Python)",
      .usage = "lensmill answers RUN [--with RUN2] [options]",
      .positional = "RUN",
      .positional_help = "the run's folder",
      .example =
          "  lensmill answers runs/seed_gen5 --with runs/uniform --markdown a.md\n"
          "It is `python3 -m lensmill answers`; runs are analysed if they are not.\n",
      .options = po::options_description("Options", 88),
      .run = {}};
  command.options.add_options()(
      "with", po::value<std::vector<std::string>>()->value_name("RUN2"),
      "another run of the same aperture and band; may be repeated")(
      "markdown", po::value<std::string>()->value_name("FILE"),
      "also write it as Markdown")("json", po::value<std::string>()->value_name("FILE"),
                                   "also write it as JSON")("overwrite",
                                                            "replace these files");
  return command;
}

}  // namespace lensmill::pipeline::cli
