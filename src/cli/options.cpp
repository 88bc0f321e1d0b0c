#include "cli/options.hh"

#include <CLI/CLI.hpp>

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

} // namespace trapeze::cli
