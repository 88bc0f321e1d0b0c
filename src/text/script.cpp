// Spec: the reference interpreter's script grammar.
#include "text/script.hh"

#include "text/code_writer.hh"
#include "text/context.hh"
#include "text/cursor.hh"
#include "text/lexer.hh"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace trapeze::text {

std::array<u64, 2> ScriptValue::bits128() const {
  std::array<u64, 2> halves{};
  u32 per_half = 64 / lane_bits;
  for (u32 i = 0; i < lane_count; ++i)
    halves[i / per_half] |= lanes[i] << (i % per_half * lane_bits);
  return halves;
}

bool matches_lane(LaneMatch match, u32 lane_bits, u64 expected, u64 actual) {
  if (match == LaneMatch::Bits)
    return expected == actual;
  u64 quiet = lane_bits == 32 ? 0x7fc00000 : 0x7ff8000000000000;
  u64 sign = u64{1} << (lane_bits - 1);
  return match == LaneMatch::CanonicalNan ? (actual & ~sign) == quiet : (actual & quiet) == quiet;
}

bool is_assertion(CommandKind kind) {
  return kind >= CommandKind::AssertReturn && kind <= CommandKind::AssertUnlinkable;
}

namespace {

class ScriptParser {
public:
  explicit ScriptParser(Cursor &cursor) : c_(cursor), ctx_(cursor) {}
  std::vector<Command> run();

private:
  struct CommandRow {
    std::string_view keyword;
    CommandKind kind;
    void (ScriptParser::*parse)(Command &);
  };
  static const CommandRow rows[];

  void command(Command &command);
  void module_command(Command &command);
  void register_command(Command &command);
  void action_command(Command &command);
  void assert_return(Command &command);
  void assert_trap(Command &command);
  void assert_action(Command &command);
  void assert_exception(Command &command);
  void assert_module(Command &command);
  void unsupported(Command &command);

  void module(ScriptModule &module);
  void action(ScriptAction &action);
  ScriptValue value();
  void number(ScriptValue &v, u32 bits, bool is_float);
  void lane(ScriptValue &v, u32 i, bool is_float);
  void vector(ScriptValue &v);
  std::string id() { return std::string(c_.optional_id()); }

  Cursor &c_;
  Context ctx_;
  u32 open_ = 0; ///< index of the command's parenthesis
};

const ScriptParser::CommandRow ScriptParser::rows[] = {
    {"module", CommandKind::Module, &ScriptParser::module_command},
    {"register", CommandKind::Register, &ScriptParser::register_command},
    {"invoke", CommandKind::Action, &ScriptParser::action_command},
    {"get", CommandKind::Action, &ScriptParser::action_command},
    {"assert_return", CommandKind::AssertReturn, &ScriptParser::assert_return},
    {"assert_trap", CommandKind::AssertTrap, &ScriptParser::assert_trap},
    {"assert_exhaustion", CommandKind::AssertExhaustion, &ScriptParser::assert_action},
    {"assert_exception", CommandKind::AssertException, &ScriptParser::assert_exception},
    {"assert_invalid", CommandKind::AssertInvalid, &ScriptParser::assert_module},
    {"assert_malformed", CommandKind::AssertMalformed, &ScriptParser::assert_module},
    {"assert_invalid_custom", CommandKind::AssertInvalidCustom, &ScriptParser::assert_module},
    {"assert_malformed_custom", CommandKind::AssertMalformedCustom, &ScriptParser::assert_module},
    {"assert_unlinkable", CommandKind::AssertUnlinkable, &ScriptParser::assert_module},
    {"thread", CommandKind::Unsupported, &ScriptParser::unsupported},
    {"wait", CommandKind::Unsupported, &ScriptParser::unsupported},
};

std::vector<Command> ScriptParser::run() {
  std::vector<Command> commands;
  while (!c_.at_end()) {
    Command next;
    next.offset = c_.peek().offset;
    command(next);
    commands.push_back(std::move(next));
  }
  return commands;
}

void ScriptParser::command(Command &command) {
  open_ = c_.index();
  c_.expect(TokenKind::Open);
  auto row =
      std::find_if(std::begin(rows), std::end(rows), [&](const CommandRow &r) { return c_.at_keyword(r.keyword); });
  if (row == std::end(rows)) {
    // A script may also be the bare fields of one module.
    if (open_ != 0)
      return c_.unexpected();
    command.kind = CommandKind::Module;
    command.module.end = c_.source().size();
    while (!c_.at_end())
      c_.advance();
    return;
  }
  command.kind = row->kind;
  (this->*row->parse)(command);
  c_.expect_close();
}

/// The cursor stands on `module`, or behind the parenthesis of a nested one; the closing one stays.
void ScriptParser::module(ScriptModule &m) {
  u32 open = c_.index() - 1;
  c_.expect_keyword("module");
  m.is_definition = c_.take_keyword("definition");
  m.id = id();
  bool is_binary = c_.take_keyword("binary");
  if (is_binary || c_.take_keyword("quote")) {
    m.form = is_binary ? ModuleForm::Binary : ModuleForm::Quote;
    while (c_.at(TokenKind::String)) {
      if (!is_binary && !m.contents.empty())
        m.contents += ' ';
      m.contents += c_.string();
    }
    return;
  }
  if (c_.failed())
    return;
  u32 close = c_.token(open).match;
  m.begin = c_.token(open).offset;
  m.end = c_.token(close).offset + 1;
  c_.seek(close);
}

void ScriptParser::module_command(Command &command) {
  if (!c_.at_keyword("instance", 1))
    return module(command.module);
  command.kind = CommandKind::Instance;
  c_.advance();
  c_.advance();
  command.id = id();
  command.of = id();
}

void ScriptParser::register_command(Command &command) {
  c_.advance();
  command.text = c_.name();
  command.of = id();
}

void ScriptParser::action(ScriptAction &a) {
  a.is_get = c_.at_keyword("get");
  if (!a.is_get && !c_.at_keyword("invoke"))
    return c_.unexpected();
  c_.advance();
  a.module = id();
  a.name = c_.name();
  while (c_.at(TokenKind::Open))
    a.arguments.push_back(value());
}

void ScriptParser::action_command(Command &command) { action(command.action); }

void ScriptParser::assert_return(Command &command) {
  c_.advance();
  c_.expect(TokenKind::Open);
  action(command.action);
  c_.expect_close();
  while (c_.at(TokenKind::Open))
    command.expected.push_back(value());
}

void ScriptParser::assert_action(Command &command) {
  assert_exception(command);
  command.text = c_.string();
}

void ScriptParser::assert_exception(Command &command) {
  c_.advance();
  c_.expect(TokenKind::Open);
  action(command.action);
  c_.expect_close();
}

void ScriptParser::assert_trap(Command &command) {
  if (c_.peek(1).kind == TokenKind::Open && c_.at_keyword("module", 2)) {
    command.has_module = true;
    return assert_module(command);
  }
  assert_action(command);
}

void ScriptParser::assert_module(Command &command) {
  c_.advance();
  c_.expect(TokenKind::Open);
  module(command.module);
  c_.expect_close();
  command.text = c_.string();
}

void ScriptParser::unsupported(Command &command) {
  command.text = c_.text(c_.peek());
  if (!c_.failed())
    c_.seek(c_.token(open_).match);
}

void ScriptParser::lane(ScriptValue &v, u32 i, bool is_float) {
  if (is_float && c_.take_keyword("nan:canonical"))
    v.match[i] = LaneMatch::CanonicalNan;
  else if (is_float && c_.take_keyword("nan:arithmetic"))
    v.match[i] = LaneMatch::ArithmeticNan;
  else
    v.lanes[i] = is_float ? float_literal(c_, v.lane_bits) : int_literal(c_, v.lane_bits);
}

void ScriptParser::number(ScriptValue &v, u32 bits, bool is_float) {
  v.lane_bits = static_cast<u8>(bits);
  lane(v, 0, is_float);
}

void ScriptParser::vector(ScriptValue &v) {
  struct Shape {
    std::string_view name;
    u8 lanes;
    bool is_float;
  };
  static constexpr Shape shapes[] = {{"i8x16", 16, false}, {"i16x8", 8, false}, {"i32x4", 4, false},
                                     {"i64x2", 2, false},  {"f32x4", 4, true},  {"f64x2", 2, true}};
  auto shape =
      std::find_if(std::begin(shapes), std::end(shapes), [&](const Shape &s) { return c_.at_keyword(s.name); });
  if (shape == std::end(shapes))
    return c_.unexpected();
  c_.advance();
  v.lane_count = shape->lanes;
  v.lane_bits = static_cast<u8>(128 / shape->lanes);
  for (u32 i = 0; i < shape->lanes; ++i)
    lane(v, i, shape->is_float);
}

struct RefRow {
  std::string_view keyword;
  ScriptValueKind kind;
};

constexpr RefRow ref_rows[] = {
    {"ref.func", ScriptValueKind::RefFunc},     {"ref.extern", ScriptValueKind::RefExtern},
    {"ref.host", ScriptValueKind::RefHost},     {"ref.i31", ScriptValueKind::RefI31},
    {"ref.struct", ScriptValueKind::RefStruct}, {"ref.array", ScriptValueKind::RefArray},
    {"ref.eq", ScriptValueKind::RefEq},         {"ref.any", ScriptValueKind::RefAny},
    {"ref.exn", ScriptValueKind::RefExn},       {"ref.null", ScriptValueKind::RefNull},
};

ScriptValue ScriptParser::value() {
  ScriptValue v;
  c_.expect(TokenKind::Open);
  auto ref =
      std::find_if(std::begin(ref_rows), std::end(ref_rows), [&](const RefRow &r) { return c_.at_keyword(r.keyword); });
  if (c_.take_keyword("i32.const")) {
    number(v, 32, false);
  } else if (c_.take_keyword("i64.const")) {
    v.kind = ScriptValueKind::I64;
    number(v, 64, false);
  } else if (c_.take_keyword("f32.const")) {
    v.kind = ScriptValueKind::F32;
    number(v, 32, true);
  } else if (c_.take_keyword("f64.const")) {
    v.kind = ScriptValueKind::F64;
    number(v, 64, true);
  } else if (c_.take_keyword("v128.const")) {
    v.kind = ScriptValueKind::V128;
    vector(v);
  } else if (c_.take_keyword("either")) {
    v.kind = ScriptValueKind::Either;
    while (c_.at(TokenKind::Open))
      v.alternatives.push_back(value());
  } else if (ref != std::end(ref_rows)) {
    c_.advance();
    v.kind = ref->kind;
    v.has_heap = v.kind == ScriptValueKind::RefNull && !c_.at(TokenKind::Close);
    v.has_number = v.kind != ScriptValueKind::RefNull && c_.at(TokenKind::Nat);
    if (v.has_heap)
      v.heap = heap_type(ctx_);
    if (v.has_number)
      v.lanes[0] = c_.nat(~u64{0});
  } else {
    c_.unexpected();
  }
  c_.expect_close();
  return v;
}

} // namespace

Result<std::vector<Command>> parse_script(std::string_view source) {
  TokenList tokens = TRY_VALUE(tokenize(source, 0, source.size()));
  Cursor cursor(source, tokens);
  std::vector<Command> commands = ScriptParser(cursor).run();
  if (cursor.failed())
    return std::unexpected(cursor.take_error());
  return commands;
}

Result<Assembled> assemble(std::string_view script, const ScriptModule &module, const wasm::Features &features) {
  switch (module.form) {
  case ModuleForm::Text:
    return assemble_span(script, module.begin, module.end, features);
  case ModuleForm::Quote:
    return assemble_span(module.contents, 0, module.contents.size(), features);
  case ModuleForm::Binary:
    break;
  }
  return Assembled{{module.contents.begin(), module.contents.end()}, {}};
}

} // namespace trapeze::text
