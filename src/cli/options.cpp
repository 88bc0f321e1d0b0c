#include "cli/options.hh"

#include "api/cpp_exception.hh"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include <unistd.h>

namespace trapeze::cli {

void Options::add_to(CLI::App &command) {
  auto *group = command.add_option_group("Engine options");
  group->add_option("--enable", enable, "Turn features on (see --features for their names)")
      ->type_name("NAME,...")
      ->allow_extra_args(false);
  group->add_option("--disable", disable, "Turn features off")->type_name("NAME,...")->allow_extra_args(false);
  group->add_option("--threads", threads, "Threads that compile; 0: one per CPU")->type_name("N");
  group->add_option("--unknown-imports", unknown_imports, "What an import that nobody provides becomes")
      ->check(CLI::IsMember({"error", "trap", "zero"}))
      ->type_name("error|trap|zero");
  group->add_option("--unwinder", unwinder, "How a throw finds its handler")
      ->check(CLI::IsMember({"fast", "system"}))
      ->type_name("fast|system");
  group->add_option("--cpu", cpu, "Processors that code is for: this one, or all the engine runs on")
      ->check(CLI::IsMember({"native", "baseline"}))
      ->type_name("native|baseline");
  group->add_option("--stack-size", stack_size, "Bytes of stack that Wasm code may use")->type_name("BYTES");
  group
      ->add_option("-O,--opt-level", opt_level,
                   "0 compiles fastest; 1: cheap optimisations; 2 (default): all; 3 inlines too; s: small code")
      ->check(CLI::IsMember({"0", "1", "2", "3", "s"}))
      ->type_name("0|1|2|3|s");
  group->add_flag("--verify", verify,
                  "Check every stage of the compiler on every function; of a compiled module, its whole content");
  group->add_flag("--debug-info", debug_info, "Tell gdb the names of compiled functions (always done under gdb)");
  group->add_option("--profile", profile, "Tell profilers the names of compiled functions: /tmp/perf-PID.map")
      ->check(CLI::IsMember({"perfmap"}))
      ->type_name("perfmap");
  group->add_flag("--interruptible", interruptible, "Let loops notice interruption");
}

Config Options::config() const {
  Config config;
  for (const std::string &names : enable)
    config.enable(names);
  for (const std::string &names : disable)
    config.disable(names);
  config.progress(std::make_shared<CompileProgress>());
  config.threads(threads).verify(verify).interruptible_loops(interruptible);
  if (opt_level == "s")
    config.optimize_for_size();
  else
    config.optimize(static_cast<unsigned>(opt_level.front() - '0'));
  config.cpu(cpu == "baseline" ? Cpu::Baseline : Cpu::Native);
  config.unwinder(unwinder == "system" ? Unwinder::System : Unwinder::Fast);
  config.debug_info(debug_info).profile(profile == "perfmap" ? Profile::PerfMap : Profile::None);
  if (stack_size != 0)
    config.stack_size(stack_size);
  return config;
}

UnknownImports Options::unknown_imports_policy() const {
  if (unknown_imports == "trap")
    return UnknownImports::Trap;
  return unknown_imports == "zero" ? UnknownImports::Zero : UnknownImports::Error;
}

bool wants_colour() {
  const char *no_colour = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) && !(no_colour && *no_colour);
}

namespace {

void print_error(const std::string &message) {
  bool colour = wants_colour();
  std::fprintf(stderr, "%serror:%s %s\n", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "", message.c_str());
}

int aborted(const std::string &message, const std::vector<Frame> &frames) {
  print_error(message);
  std::fputs(to_string(frames).c_str(), stderr);
  return Aborted;
}

/// `uncaught exception __cpp_exception(i32:66576): std::runtime_error: message`
std::string uncaught(const Exception &exception, const Memory &memory) {
  std::string text = std::string("uncaught ") + exception.what();
  if (std::optional<api::CppException> cpp = api::describe_cpp_exception(exception, memory))
    text += ": " + cpp->type + (cpp->what.empty() ? "" : ": " + cpp->what);
  return text;
}

} // namespace

int report_current_exception(const Memory &memory) {
  std::fflush(stdout);
  try {
    throw;
  } catch (const Error &error) {
    std::fputs(error.render(wants_colour()).c_str(), stderr);
    return error.kind() == ErrorKind::Usage ? WrongUsage : BadInput;
  } catch (const Exit &exit) {
    return exit.status();
  } catch (const Trap &trap) {
    return aborted("trap: " + trap.message(), trap.frames());
  } catch (const Exception &exception) {
    return aborted(uncaught(exception, memory), exception.frames());
  } catch (const std::exception &exception) {
    return aborted(std::string("uncaught C++ exception: ") + exception.what(), {});
  }
}

} // namespace trapeze::cli
