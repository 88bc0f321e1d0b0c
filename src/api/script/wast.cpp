// One command after the other, on one store. Spec: the reference interpreter's script semantics.
#include "api/script/wast.hh"

#include "api/impl.hh"
#include "api/script/wast_values.hh"
#include "decode/decode.hh"
#include "text/script.hh"
#include "text/text.hh"
#include "validate/validate.hh"

#include <fmt/format.h>
#include <map>

namespace trapeze::api {

using text::Command;
using text::CommandKind;

namespace {

/// Raised by a command that the engine cannot carry out yet.
struct Skipped {
  std::string why;
};

/// Raised by a command that went wrong.
struct Failed {
  std::string what;
};

class Runner {
public:
  Runner(const v1::Engine &engine, std::string_view source, std::string_view file, const WastOptions &options)
      : engine_(engine), source_(source), file_(file), options_(options) {}
  WastReport run();

private:
  struct Slot {
    std::optional<v1::Instance> instance;
    std::string why_not; ///< why there is none; empty: it failed
  };

  void command(const Command &command);
  void dispatch(const Command &command);
  void report(const Command &command, std::string_view what);

  Result<wasm::Module> checked(const text::ScriptModule &module) const;
  v1::Module compiled(const text::ScriptModule &module);
  v1::Instance instantiated(const v1::Module &module);

  void define(const Command &command);
  void instantiate(const Command &command);
  void register_instance(const Command &command);
  void assert_refused(const Command &command);
  void assert_unlinkable(const Command &command);
  void assert_return(const Command &command);
  void assert_trap(const Command &command);
  void assert_exception(const Command &command);
  void roundtrip(const Command &command);

  const v1::Instance &instance(const std::string &id) const;
  std::vector<v1::Val> act(const text::ScriptAction &action);
  void keep(const std::string &id, Slot slot);

  v1::Engine engine_;
  std::string_view source_, file_;
  WastOptions options_;
  u32 next_module_ = 0;
  WastReport report_;
  std::unique_ptr<v1::Store> store_;
  std::unique_ptr<ScriptRefs> refs_;
  std::map<std::string, v1::Extern, std::less<>> spectest_;
  std::map<std::string, v1::Instance, std::less<>> registered_;
  std::map<std::string, v1::Module> definitions_;
  std::optional<v1::Module> last_definition_;
  std::map<std::string, Slot> slots_;
  Slot current_;
};

const char *keyword(const Command &command) {
  switch (command.kind) {
  case CommandKind::Module:
  case CommandKind::Instance:
    return "module";
  case CommandKind::Register:
    return "register";
  case CommandKind::Action:
    return command.action.is_get ? "get" : "invoke";
  case CommandKind::AssertReturn:
    return "assert_return";
  case CommandKind::AssertTrap:
    return "assert_trap";
  case CommandKind::AssertExhaustion:
    return "assert_exhaustion";
  case CommandKind::AssertException:
    return "assert_exception";
  case CommandKind::AssertInvalid:
    return "assert_invalid";
  case CommandKind::AssertMalformed:
    return "assert_malformed";
  case CommandKind::AssertInvalidCustom:
    return "assert_invalid_custom";
  case CommandKind::AssertMalformedCustom:
    return "assert_malformed_custom";
  case CommandKind::AssertUnlinkable:
    return "assert_unlinkable";
  case CommandKind::Unsupported:
    break;
  }
  return command.text.c_str();
}

void Runner::report(const Command &command, std::string_view what) {
  u32 line = text::position(source_, command.offset).line;
  report_.lines += fmt::format("{}:{}: {}: {}\n", file_, line, keyword(command), what);
}

/// Counts the command; whatever it raised has become a line.
void Runner::command(const Command &command) {
  bool counts = text::is_assertion(command.kind) || options_.roundtrip;
  try {
    if (options_.roundtrip)
      roundtrip(command);
    else
      dispatch(command);
    report_.passed += counts;
    return;
  } catch (const Skipped &skipped) {
    ++report_.skipped;
    return report(command, "skipped: " + skipped.why);
  } catch (const Failed &failed) {
    report(command, failed.what);
  } catch (const v1::Error &error) {
    report(command, error.what());
  } catch (const v1::Trap &trap) {
    report(command, fmt::format("trap: {}", trap.message()));
  } catch (const std::exception &other) {
    report(command, other.what());
  }
  ++report_.failed;
}

void Runner::dispatch(const Command &command) {
  switch (command.kind) {
  case CommandKind::Module:
    return define(command);
  case CommandKind::Instance:
    return instantiate(command);
  case CommandKind::Register:
    return register_instance(command);
  case CommandKind::Action:
    act(command.action);
    return;
  case CommandKind::AssertReturn:
    return assert_return(command);
  case CommandKind::AssertTrap:
  case CommandKind::AssertExhaustion:
    return assert_trap(command);
  case CommandKind::AssertException:
    return assert_exception(command);
  case CommandKind::AssertInvalid:
  case CommandKind::AssertMalformed:
  case CommandKind::AssertInvalidCustom:
  case CommandKind::AssertMalformedCustom:
    return assert_refused(command);
  case CommandKind::AssertUnlinkable:
    return assert_unlinkable(command);
  case CommandKind::Unsupported:
    throw Skipped{"scripts with threads are not supported"};
  }
}

/// Assembled, decoded, validated.
Result<wasm::Module> Runner::checked(const text::ScriptModule &module) const {
  const wasm::Features &features = engine_.impl().features;
  text::Assembled assembled = TRY_VALUE(text::assemble(source_, module, features));
  auto bytes = std::make_shared<const std::vector<u8>>(std::move(assembled.bytes));
  wasm::Module m = TRY_VALUE(decode::module(bytes, features));
  TRY(validate::everything(m, features));
  return m;
}

v1::Module Runner::compiled(const text::ScriptModule &module) {
  auto checked_module = checked(module);
  if (!checked_module) {
    const base::Error &error = checked_module.error();
    if (error.kind == base::ErrorKind::Unsupported)
      throw Skipped{error.message};
    throw Failed{"refused: " + error.message};
  }
  try {
    return options_.make_module(engine_, *checked_module->bytes, module.id, next_module_++);
  } catch (const v1::Error &error) {
    if (error.kind() == v1::ErrorKind::Unsupported)
      throw Skipped{error.message()};
    throw;
  }
}

v1::Instance Runner::instantiated(const v1::Module &module) {
  std::vector<v1::Extern> imports;
  for (const v1::ImportType &import : module.imports()) {
    v1::Extern found;
    if (auto from = registered_.find(import.module); from != registered_.end())
      found = from->second.find(import.name);
    else if (auto host = spectest_.find(import.name); import.module == "spectest" && host != spectest_.end())
      found = host->second;
    if (!found)
      throw v1::Error(v1::ErrorKind::Unlinkable, fmt::format("unknown import {}.{}", import.module, import.name));
    imports.push_back(found);
  }
  return v1::Instance(*store_, module, imports);
}

void Runner::keep(const std::string &id, Slot slot) {
  if (!id.empty())
    slots_[id] = slot;
  current_ = std::move(slot);
}

/// A module that cannot be had leaves no instance: what uses it next must not reach an older one.
void Runner::define(const Command &command) {
  const text::ScriptModule &m = command.module;
  if (!m.is_definition)
    keep(m.id, {});
  try {
    v1::Module module = compiled(m);
    if (m.is_definition) {
      if (!m.id.empty())
        definitions_.insert_or_assign(m.id, module);
      last_definition_ = module;
      return;
    }
    keep(m.id, {instantiated(module), {}});
  } catch (const Skipped &skipped) {
    if (!m.is_definition)
      keep(m.id, {std::nullopt, skipped.why});
    throw;
  }
}

void Runner::instantiate(const Command &command) {
  keep(command.id, {});
  auto named = definitions_.find(command.of);
  const v1::Module *module = named != definitions_.end()              ? &named->second
                             : command.of.empty() && last_definition_ ? &*last_definition_
                                                                      : nullptr;
  if (!module)
    throw Failed{"unknown module definition"};
  keep(command.id, {instantiated(*module), {}});
}

const v1::Instance &Runner::instance(const std::string &id) const {
  auto named = slots_.find(id);
  if (!id.empty() && named == slots_.end())
    throw Failed{"unknown module $" + id};
  const Slot &slot = id.empty() ? current_ : named->second;
  if (!slot.instance && !slot.why_not.empty())
    throw Skipped{slot.why_not};
  if (!slot.instance)
    throw Failed{"the module has no instance"};
  return *slot.instance;
}

void Runner::register_instance(const Command &command) {
  registered_.erase(command.text);
  registered_.insert_or_assign(command.text, instance(command.of));
}

std::vector<v1::Val> Runner::act(const text::ScriptAction &action) {
  const v1::Instance &from = instance(action.module);
  if (action.is_get)
    return {from.global(action.name).get()};
  v1::Func func = from.func(action.name);
  v1::FuncType type = func.type();
  if (type.params.size() != action.arguments.size())
    throw Failed{"wrong number of arguments"};
  std::vector<v1::Val> arguments;
  for (usize i = 0; i < action.arguments.size(); ++i) {
    auto argument = script_argument(action.arguments[i], type.params[i], *refs_);
    if (!argument)
      throw Skipped{"argument " + to_string(action.arguments[i])};
    arguments.push_back(*argument);
  }
  return func.call(arguments);
}

template <typename Values> std::string list(const Values &values) {
  std::string text;
  for (const auto &v : values)
    text += (text.empty() ? "" : ", ") + to_string(v);
  return text.empty() ? "nothing" : text;
}

void Runner::assert_return(const Command &command) {
  std::vector<v1::Val> results = act(command.action);
  bool same = results.size() == command.expected.size();
  for (usize i = 0; same && i < results.size(); ++i)
    same = matches_script(command.expected[i], results[i]);
  if (!same)
    throw Failed{fmt::format("expected {}, got {}", list(command.expected), list(results))};
}

/// Messages agree if one says more than the other.
bool agrees(std::string_view expected, std::string_view actual) {
  return actual.starts_with(expected) || expected.starts_with(actual);
}

void Runner::assert_trap(const Command &command) {
  std::string got = "no trap";
  try {
    if (command.has_module)
      instantiated(compiled(command.module));
    else
      got = list(act(command.action));
  } catch (const v1::Trap &trap) {
    bool exhausted = trap.code() == v1::TrapCode::StackOverflow;
    if (command.kind == CommandKind::AssertExhaustion ? exhausted : agrees(command.text, trap.message()))
      return;
    got = "trap: " + trap.message();
  } catch (const v1::Exception &exception) {
    got = exception.what();
  }
  throw Failed{fmt::format("expected trap: {}, got {}", command.text, got)};
}

void Runner::assert_exception(const Command &command) {
  std::vector<v1::Val> results;
  try {
    results = act(command.action);
  } catch (const v1::Exception &) {
    return;
  }
  throw Failed{fmt::format("expected an exception, got {}", list(results))};
}

void Runner::assert_refused(const Command &command) {
  bool malformed = command.kind == CommandKind::AssertMalformed || command.kind == CommandKind::AssertMalformedCustom;
  bool custom = command.kind == CommandKind::AssertMalformedCustom || command.kind == CommandKind::AssertInvalidCustom;
  auto module = checked(command.module);
  if (module && custom) // not refused by the engine, only by who reads custom sections
    if (auto known = decode::custom_sections(*module, engine_.impl().features); !known)
      module = std::unexpected(known.error());
  if (module)
    throw Failed{fmt::format("accepted, expected: {}", command.text)};
  if (module.error().kind != (malformed ? base::ErrorKind::Malformed : base::ErrorKind::Invalid))
    throw Failed{fmt::format("refused for another reason: {}, expected: {}", module.error().message, command.text)};
}

void Runner::assert_unlinkable(const Command &command) {
  v1::Module module = compiled(command.module);
  try {
    instantiated(module);
  } catch (const v1::Error &error) {
    if (error.kind() == v1::ErrorKind::Unlinkable)
      return;
    throw;
  }
  throw Failed{fmt::format("linked, expected: {}", command.text)};
}

void Runner::roundtrip(const Command &command) {
  auto module = checked(command.module);
  if (!module)
    throw Failed{"refused: " + module.error().message};
  const wasm::Features &features = engine_.impl().features;
  std::string once = text::print(*module);
  auto assembled = text::assemble(once, features);
  if (!assembled)
    throw Failed{fmt::format("the printed text does not parse: {}", assembled.error().message)};
  auto again = decode::module(std::make_shared<const std::vector<u8>>(std::move(assembled->bytes)), features);
  if (!again)
    throw Failed{fmt::format("the printed text does not decode: {}", again.error().message)};
  if (auto valid = validate::everything(*again, features); !valid)
    throw Failed{fmt::format("the printed text is not valid: {}", valid.error().message)};
  if (text::print(*again) != once)
    throw Failed{"printed twice, the text differs"};
}

WastReport Runner::run() {
  auto script = text::parse_script(source_);
  if (!script) {
    text::Position at = text::position(source_, script.error().offset);
    report_.lines = fmt::format("{}:{}:{}: error: {}\n", file_, at.line, at.column, script.error().message);
    report_.failed = 1;
    return report_;
  }
  if (!options_.roundtrip) {
    store_ = std::make_unique<v1::Store>(engine_);
    refs_ = std::make_unique<ScriptRefs>(*store_);
    spectest_ = make_spectest(*store_);
  }
  for (const Command &c : *script) {
    bool has_valid_module = c.kind == CommandKind::Module || c.kind == CommandKind::AssertUnlinkable || c.has_module;
    if (!options_.roundtrip || has_valid_module)
      command(c);
  }
  return report_;
}

} // namespace

std::string WastReport::counts() const {
  return fmt::format("{} passed, {} failed, {} skipped", passed, failed, skipped);
}

void WastReport::add(const WastReport &other) {
  passed += other.passed;
  failed += other.failed;
  skipped += other.skipped;
}

WastReport run_wast(const v1::Engine &engine, std::string_view source, std::string_view file,
                    const WastOptions &options) {
  return Runner(engine, source, file, options).run();
}

} // namespace trapeze::api
