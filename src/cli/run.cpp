// `trapeze run`: a WASI program, or with --invoke one exported function. Everything behind FILE belongs to the program.
#include "cli/commands.hh"
#include "cli/load.hh"
#include "cli/program.hh"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace trapeze::cli {

namespace {

struct RunOptions {
  Options engine;
  std::vector<std::string> dirs, env;
  std::string invoke;
  std::string key;
  bool no_cache = false;
  std::string file;
  std::vector<std::string> args;
};

[[noreturn]] void bad_argument(const std::string &text, ValType type) {
  throw Error(ErrorKind::Usage, "`" + text + "` is not a value of type " + to_string(type));
}

/// A whole number, signed or unsigned, decimal or 0x..., that fits into `bits` bits.
std::uint64_t integer(const std::string &text, ValType type, unsigned bits) {
  bool negative = text.starts_with("-");
  const char *digits = text.c_str() + (negative || text.starts_with("+"));
  char *end = nullptr;
  errno = 0;
  bool is_digit = *digits >= '0' && *digits <= '9';
  std::uint64_t value = std::strtoull(digits, &end, digits[0] == '0' && (digits[1] | 32) == 'x' ? 16 : 10);
  std::uint64_t limit = negative ? std::uint64_t{1} << (bits - 1) : ~std::uint64_t{0} >> (64 - bits);
  if (!is_digit || *end != '\0' || errno != 0 || value > limit)
    bad_argument(text, type);
  return negative ? 0 - value : value;
}

template <typename T> T floating(const std::string &text, ValType type, T (*parse)(const char *, char **)) {
  char *end = nullptr;
  T value = parse(text.c_str(), &end);
  if (text.empty() || *end != '\0')
    bad_argument(text, type);
  return value;
}

Val argument(const std::string &text, ValType type) {
  switch (type.kind) {
  case ValKind::I32:
    return static_cast<std::uint32_t>(integer(text, type, 32));
  case ValKind::I64:
    return integer(text, type, 64);
  case ValKind::F32:
    return floating<float>(text, type, std::strtof);
  case ValKind::F64:
    return floating<double>(text, type, std::strtod);
  case ValKind::Ref:
    if (text == "null")
      return Val::null(type.heap);
    break;
  case ValKind::V128:
    break;
  }
  bad_argument(text, type);
}

void invoke(const Instance &instance, const RunOptions &options) {
  Func func = instance.find(options.invoke).func();
  if (!func)
    throw Error(ErrorKind::Unlinkable, "`" + options.file + "` exports no function `" + options.invoke + "`");
  FuncType type = func.type();
  if (type.params.size() != options.args.size())
    throw Error(ErrorKind::Usage, "`" + options.invoke + "` takes " + std::to_string(type.params.size()) +
                                      " arguments, " + std::to_string(options.args.size()) + " were given");
  std::vector<Val> args;
  for (std::size_t i = 0; i < type.params.size(); ++i)
    args.push_back(argument(options.args[i], type.params[i]));
  if (options.invoke != "_initialize")
    if (Func initialize = instance.find("_initialize").func())
      initialize.call();
  for (const Val &result : func.call(args))
    std::printf("%s\n", value_text(result).c_str());
  std::fflush(stdout);
}

int run(const RunOptions &options) {
  Engine engine(options.engine.config());
  Module module = load_module(engine, options.file, {options.key, options.engine.verify, !options.no_cache});
  Store store(engine);
  Linker linker(store);
  linker.unknown_imports(options.engine.unknown_imports_policy());

  wasi::Options wasi;
  wasi.args = options.args;
  wasi.args.insert(wasi.args.begin(), options.file);
  wasi.env = options.env;
  for (const std::string &dir : options.dirs)
    wasi.preopens.push_back(wasi::Preopen::parse(dir));
  wasi::define(linker, wasi);

  Instance instance = linker.instantiate(module);
  try {
    if (!options.invoke.empty())
      invoke(instance, options);
    else
      start_program(instance, module, options.file, "; --invoke names another function");
  } catch (const Exception &) {
    return report_current_exception(instance.find("memory").memory());
  }
  return Success;
}

/// FILE and ARG are not known to the parser: it stops before them.
struct RunHelp : CLI::Formatter {
  std::string make_usage(const CLI::App *, std::string) const override {
    return std::string("Usage: ") + run_usage + " [OPTIONS] FILE [ARG...]\n";
  }
};

} // namespace

void add_run(CLI::App &app, int &status) {
  auto *command = app.add_subcommand("run", "Run a program, or with --invoke one function");
  auto options = std::make_shared<RunOptions>();
  command->formatter(std::make_shared<RunHelp>());
  command->footer(
      "FILE is a binary or text module, `-` standard input, or a compiled module (trapeze compile -o). What stands\n"
      "behind it goes to the program, or to the function as its arguments.");
  command->add_option("--dir", options->dirs, "Directory the program may use, and what it calls it")
      ->type_name("HOST::GUEST")
      ->allow_extra_args(false);
  command->add_option("--env", options->env, "Variable of the program's environment")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command->add_option("--invoke", options->invoke, "Call this exported function; prints a result per line")
      ->type_name("NAME");
  command->add_flag("--no-cache", options->no_cache, "Compile even what an earlier run has compiled (trapeze cache)");
  command->add_option("--key", options->key, "Run only what `trapeze compile --key` sealed with this key")
      ->type_name("FILE");
  options->engine.add_to(*command);
  command->prefix_command();
  command->callback([command, options, &status] {
    std::vector<std::string> rest = command->remaining();
    if (!rest.empty() && rest.front() == "--")
      rest.erase(rest.begin());
    else if (!rest.empty() && rest.front().size() > 1 && rest.front().front() == '-')
      throw CLI::ExtrasError("run", {rest.front()});
    if (rest.empty())
      throw CLI::RequiredError("FILE");
    options->file = rest.front();
    options->args.assign(rest.begin() + 1, rest.end());
    status = run(*options);
  });
}

} // namespace trapeze::cli
