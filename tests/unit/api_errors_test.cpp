// Bad input: kind, place, and how it is shown.
#include "api_fixture.hh"

#include <doctest/doctest.h>

using namespace trapeze;
using test::engine;

namespace {

Error error_of(auto &&what) {
  try {
    what();
  } catch (const Error &e) {
    return e;
  }
  FAIL("no error");
  return Error(ErrorKind::Usage, "");
}

Error of_text(std::string_view text) {
  return error_of([&] { Module::from_text(engine(), text, "bad.wat"); });
}

} // namespace

TEST_CASE("an invalid text module points at line and column") {
  Error e = of_text("(module (func (result i32) i64.const 1))");
  CHECK(e.kind() == ErrorKind::Invalid);
  CHECK(e.message() == "type mismatch: expected i32, found i64");
  CHECK(std::string(e.what()) == "bad.wat:1:28: error: type mismatch: expected i32, found i64");
  CHECK(e.render() == "bad.wat:1:28: error: type mismatch: expected i32, found i64\n"
                      "(module (func (result i32) i64.const 1))\n"
                      "                           ^\n");
}

TEST_CASE("a malformed text module too, with tabs and other alphabets in the line") {
  Error e = of_text("(module\n\t(;\xc3\xa4\xc3\xb6;) (fnord))");
  CHECK(e.kind() == ErrorKind::Malformed);
  REQUIRE(e.location());
  CHECK(e.location()->line == 2);
  std::string shown = e.render();
  CHECK(shown.find("\n (;\xc3\xa4\xc3\xb6;) (fnord))\n") != std::string::npos);
  std::string caret = shown.substr(shown.rfind('\n', shown.size() - 2) + 1);
  CHECK(caret.find_first_not_of(' ') < 11);
}

TEST_CASE("colours surround, they do not change the text") {
  std::string plain = of_text("(module (func (result i32) i64.const 1))").render(false);
  std::string coloured = of_text("(module (func (result i32) i64.const 1))").render(true);
  std::string stripped;
  for (std::size_t i = 0; i < coloured.size(); ++i)
    if (coloured[i] == '\033')
      i = coloured.find('m', i);
    else
      stripped += coloured[i];
  CHECK(coloured != plain);
  CHECK(stripped == plain);
}

TEST_CASE("a binary module names the offset") {
  const std::uint8_t truncated[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 5, 1};
  Error e = error_of([&] { Module::from_bytes(engine(), truncated, "bad.wasm"); });
  CHECK(e.kind() == ErrorKind::Malformed);
  CHECK(std::string(e.what()).starts_with("bad.wasm:0x"));
  CHECK(e.render().find('^') == std::string::npos);
  const std::uint8_t text[] = {'(', 'm', 'o', 'd', 'u', 'l', 'e', ')'};
  CHECK(error_of([&] { Module::from_binary(engine(), text); }).kind() == ErrorKind::Malformed);
  CHECK(Module::from_bytes(engine(), text).imports().empty());
}

TEST_CASE("features that are off are named") {
  Engine without(Config().disable("exceptions,legacy-exceptions"));
  Error e = error_of([&] { Module::from_text(without, "(module (tag))"); });
  CHECK(e.message().find("exceptions") != std::string::npos);
  CHECK(error_of([&] { Config().enable("fnord"); }).kind() == ErrorKind::Usage);
  CHECK(error_of([&] { Config().enable("fnord"); }).message().find("multi-value") != std::string::npos);
}

TEST_CASE("a file that is not there is named") {
  CHECK(error_of([&] { Module::from_file(engine(), "/nonexistent/x.wasm"); }).kind() == ErrorKind::Resource);
}

TEST_CASE("validate finds what compiling finds") {
  std::string_view bad = "(module (func (result i32)))";
  std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t *>(bad.data()), bad.size());
  Error a = error_of([&] { Module::validate(engine(), bytes, "x"); });
  Error b = error_of([&] { Module::from_bytes(engine(), bytes, "x"); });
  CHECK(std::string(a.what()) == b.what());
}
