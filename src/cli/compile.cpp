// `trapeze compile -o OUT`: the compiled module as a file, or (--emit) as an object for linkers, a shared library or an
// executable. `--stop-after=STAGE`: what the compiler has made of a module after a stage; `--time-passes`: how long
// each took.
#include "api/artifact.hh"
#include "api/source/inspect.hh"
#include "cli/accept.hh"
#include "cli/commands.hh"
#include "cli/load.hh"
#include "cli/progress.hh"
#include "link/link.hh"
#include "native/header.hh"

#include <CLI/CLI.hpp>

#include <cctype>
#include <cstdio>
#include <filesystem>

namespace trapeze::cli {

namespace {

struct CompileOptions {
  Options engine;
  std::string file, stage = "emit", output, key, emit = "tpz", name, header;
  std::vector<std::string> link_options;
  bool times = false, wants_fast_unwinder = false;

  bool links() const { return emit == "exe" || emit == "so"; }
};

bool is_c_identifier(const std::string &name) {
  bool fine = !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0;
  for (unsigned char c : name)
    fine &= c < 0x80 && (std::isalnum(c) != 0 || c == '_');
  return fine;
}

/// Of what is written to `output`: its stem, what cannot stand in a C identifier replaced.
std::string default_name(const std::string &output) {
  std::string name = std::filesystem::path(output).stem().native();
  for (char &c : name)
    if (!is_c_identifier(std::string("_") + c))
      c = '_';
  return is_c_identifier(name) ? name : "_" + name;
}

/// Throws Usage if options do not go together.
void check(const CompileOptions &options) {
  auto wrong = [](const std::string &message) { throw v1::Error(v1::ErrorKind::Usage, message); };
  if (is_saved_file(options.file))
    wrong(options.file + " is a compiled module already: what is compiled is its source");
  if (options.output.empty() && !options.key.empty())
    wrong("--key seals what -o writes: give both");
  if (options.output.empty() && (options.emit != "tpz" || !options.name.empty() || !options.link_options.empty()))
    wrong("--emit, --name and --link-option are about what -o writes: give that too");
  if (options.emit != "tpz" && !options.key.empty())
    wrong("--key seals compiled modules (--emit=tpz): what is linked carries no seal");
  if (options.emit != "obj" && options.emit != "so" && !options.header.empty())
    wrong("--header is for programs that a module is linked into: give --emit=obj or so");
  if (options.emit == "tpz" && !options.name.empty())
    wrong("--name is for native objects: give --emit=obj, so or exe");
  if (!options.links() && !options.link_options.empty())
    wrong("--link-option is for what is linked: give --emit=so or exe");
  if (!options.name.empty() && !is_c_identifier(options.name))
    wrong("--name must be a C identifier, which `" + options.name + "` is not");
}

Module compiled(const CompileOptions &options) {
  Engine engine(options.engine.config());
  const ProgressLine line(*engine.config().progress);
  return Module::from_file(engine, options.file);
}

void save(const CompileOptions &options) {
  const std::vector<std::uint8_t> key = options.key.empty() ? std::vector<std::uint8_t>() : read_key(options.key);
  compiled(options).save(options.output, key);
}

/// What is missing for linking is said before anything is compiled.
void make_native(const CompileOptions &options) {
  const link::Output output = options.emit == "obj"  ? link::Output::Object
                              : options.emit == "so" ? link::Output::SharedLibrary
                                                     : link::Output::Executable;
  accept(link::check_tools(output));
  const std::string name = options.name.empty() ? default_name(options.output) : options.name;
  const Module module = compiled(options);
  const std::vector<std::uint8_t> object = api::native_object(module, name, options.wants_fast_unwinder);
  accept(link::link({object, name, options.output, output, options.link_options}));
  if (!options.header.empty())
    native::write_c_header(module, name, options.header);
}

void show(const CompileOptions &options) {
  Engine engine(options.engine.config());
  const std::vector<std::uint8_t> input = api::read_file(options.file);
  const std::string name = options.file == "-" ? "<stdin>" : options.file;
  const std::string text =
      options.times ? api::time_passes(engine, input, name) : api::dump(engine, input, name, options.stage);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

} // namespace

void add_compile(CLI::App &app, int &status) {
  auto state = std::make_shared<CompileOptions>();
  auto *command = app.add_subcommand("compile", "Compile a module into a file, or show a stage of it");
  command->add_option("FILE", state->file, "Module, binary or text; `-` is standard input")->required();
  std::vector<std::string> stages(api::stage_names().begin(), api::stage_names().end());
  command->add_option("--stop-after", state->stage, "Stage to show: " + CLI::detail::join(stages, ", "))
      ->check(CLI::IsMember(stages))
      ->type_name("STAGE");
  command->add_flag("--time-passes", state->times, "Show instead how long each stage took, summed over threads");
  command->add_option("-o,--output", state->output, "Write the compiled module here: `trapeze run` takes it")
      ->type_name("OUT");
  command
      ->add_option("--emit", state->emit,
                   "What to write: a compiled module (default), an object for linkers, a shared library, an executable")
      ->check(CLI::IsMember({"tpz", "obj", "so", "exe"}))
      ->type_name("tpz|obj|so|exe");
  command->add_option("--name", state->name, "Of the object's symbol NAME_module; default: from OUT")
      ->type_name("NAME");
  command
      ->add_option("--link-option", state->link_options, "For the C++ compiler that links: -static, -s, -fuse-ld=lld")
      ->type_name("OPT")
      ->allow_extra_args(false);
  command->add_option("--header", state->header, "Write here how C and C++ call the object: its C header")
      ->type_name("OUT.h");
  command->add_option("--key", state->key, "Seal it with the bytes of this file: `run --key` takes nothing else")
      ->type_name("FILE");
  state->engine.add_to(*command);
  command->callback([state, command, &status] {
    state->wants_fast_unwinder = command->get_option("--unwinder")->count() != 0 && state->engine.unwinder == "fast";
    check(*state);
    if (state->output.empty())
      show(*state);
    else if (state->emit == "tpz")
      save(*state);
    else
      make_native(*state);
    status = Success;
  });
}

} // namespace trapeze::cli
