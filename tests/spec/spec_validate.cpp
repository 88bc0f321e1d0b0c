// The validation half of spec scripts: every module must decode and validate, every assert_malformed and
// assert_invalid must be refused for its kind of reason; nothing is run, the other assertions are skipped.
//
//   spec_validate [--enable=FEATURE,...] [--messages] FILE...
//
// prints a line per failure, then `FILE: N passed, M failed, K skipped`; --messages shows what each refused
// module was refused for, beside what the script expects.
#include "decode/decode.hh"
#include "text/script.hh"
#include "text/text.hh"
#include "validate/validate.hh"

#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <memory>

using namespace trapeze;

namespace {

struct Counts {
  u32 passed = 0, failed = 0, skipped = 0;
};

struct Options {
  wasm::Features features;
  bool messages = false;
};

Result<void> check(std::string_view script, const text::ScriptModule &module, const Options &options) {
  text::Assembled assembled = TRY_VALUE(text::assemble(script, module, options.features));
  auto bytes = std::make_shared<const std::vector<u8>>(std::move(assembled.bytes));
  wasm::Module m = TRY_VALUE(decode::module(bytes, options.features));
  return validate::everything(m, options.features);
}

/// Null if the command is as it should be.
std::string problem(const text::Command &command, const Result<void> &result) {
  using enum text::CommandKind;
  bool malformed = command.kind == AssertMalformed || command.kind == AssertMalformedCustom;
  bool invalid = command.kind == AssertInvalid || command.kind == AssertInvalidCustom;
  if (!malformed && !invalid)
    return result ? "" : "refused: " + result.error().message;
  if (result)
    return fmt::format("accepted, expected: {}", command.text);
  ErrorKind wanted = malformed ? ErrorKind::Malformed : ErrorKind::Invalid;
  return result.error().kind == wanted
             ? ""
             : fmt::format("refused as the wrong kind ({}), expected: {}", result.error().message, command.text);
}

Counts run(const char *path, const Options &options) {
  std::ifstream in(path, std::ios::binary);
  std::string source{std::istreambuf_iterator<char>(in), {}};
  Counts counts;
  auto script = text::parse_script(source);
  if (!script) {
    text::Position at = text::position(source, script.error().offset);
    fmt::print("{}:{}:{}: {}\n", path, at.line, at.column, script.error().message);
    counts.failed = 1;
    return counts;
  }
  for (const text::Command &command : *script) {
    using enum text::CommandKind;
    bool has_module = command.kind == Module || command.kind >= AssertInvalid || command.has_module;
    if (!has_module || command.kind == Unsupported) {
      counts.skipped += text::is_assertion(command.kind);
      continue;
    }
    Result<void> result = check(source, command.module, options);
    std::string what = problem(command, result);
    u32 line = text::position(source, command.offset).line;
    if (!what.empty())
      fmt::print("{}:{}: {}\n", path, line, what);
    else if (!result && options.messages)
      fmt::print("{}:{}: [{}] {}\n", path, line, command.text, result.error().message);
    counts.failed += !what.empty();
    counts.passed += what.empty() && text::is_assertion(command.kind);
  }
  return counts;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  Counts total;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--messages") {
      options.messages = true;
    } else if (argument.starts_with("--enable=")) {
      auto feature = wasm::find_feature(argument.substr(std::strlen("--enable=")));
      if (!feature)
        return 2;
      options.features.set(*feature, true);
    } else {
      Counts c = run(argv[i], options);
      fmt::print("{}: {} passed, {} failed, {} skipped\n", argument, c.passed, c.failed, c.skipped);
      total = {total.passed + c.passed, total.failed + c.failed, total.skipped + c.skipped};
    }
  }
  fmt::print("{} passed, {} failed, {} skipped\n", total.passed, total.failed, total.skipped);
  return total.failed != 0;
}
