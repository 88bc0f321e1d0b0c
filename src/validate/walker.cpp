// The operand and control stacks, and the walk.
#include "validate/walker.hh"

#include "wasm/limits.hh"

#include <algorithm>
#include <fmt/format.h>

namespace trapeze::validate {

using decode::BlockType;
using wasm::Feature;
using wasm::HeapKind;

void Walker::check_match(const Value &value, ValType expected) {
  if (!wasm::matches(m, value.type, expected))
    set_invalid(value.producer,
                fmt::format("type mismatch: expected {}, found {}", to_string(expected), to_string(value.type)));
}

ValType Walker::underflow(const char *wanted) {
  if (!frames.back().unreachable)
    set_invalid(fmt::format("type mismatch: {} expects {}, but the stack is empty", wasm::row(op.code).text, wanted));
  return bottom;
}

ValType Walker::underflow_of(ValType expected) {
  return frames.back().unreachable ? bottom : underflow(to_string(expected).c_str());
}

ValType Walker::pop_ref() {
  if (stack.size() <= height) {
    underflow("a reference");
    return bottom_ref;
  }
  const Value value = stack.back();
  stack.pop_back();
  if (value.type.is_ref())
    return value.type;
  if (value.type.kind() != wasm::ValKind::Bottom)
    set_invalid(value.producer, fmt::format("type mismatch: expected a reference, found {}", to_string(value.type)));
  return bottom_ref;
}

void Walker::check_top(Types types) {
  usize depth = stack.size();
  for (usize i = types.size(); i-- > 0;) {
    if (depth == height) {
      underflow_of(types[i]);
      return;
    }
    check_match(stack[--depth], types[i]);
  }
}

void Walker::retype(Types types) {
  if (types.empty())
    return;
  if (stack.size() - height < types.size()) {
    pop(types);
    push(types);
    return;
  }
  check_top(types);
  const usize first = stack.size() - types.size();
  for (usize i = 0; i < types.size(); ++i)
    stack[first + i].type = types[i];
}

void Walker::push_frame(FrameKind kind, const BlockType &block) {
  height = static_cast<u32>(stack.size());
  frames.push_back({.kind = kind,
                    .height = height,
                    .init_height = static_cast<u32>(initialised_log.size()),
                    .offset = op.offset,
                    .block = block});
}

void Walker::finish_frame() {
  pop(results(frames.back()));
  if (stack.size() > height)
    set_invalid(stack.back().producer,
                fmt::format("type mismatch: {} value{} left on the stack at the end of the block",
                            stack.size() - height, stack.size() - height == 1 ? "" : "s"));
}

void Walker::pop_frame() {
  const Frame &frame = frames.back();
  for (usize i = frame.init_height; i < initialised_log.size(); ++i)
    initialised[initialised_log[i]] = 0;
  initialised_log.resize(frame.init_height);
  ended_value = frame.block.value;
  frames.pop_back();
  height = frames.empty() ? 0 : frames.back().height;
}

void Walker::set_unreachable() {
  stack.resize(height);
  frames.back().unreachable = true;
}

Types Walker::params(const Frame &frame) const {
  if (frame.block.kind != BlockType::Kind::Type || frame.kind == FrameKind::Function)
    return {};
  return m.types[frame.block.type].func.params;
}

Types Walker::results(const Frame &frame) const {
  if (frame.kind == FrameKind::Function)
    return func_type->results;
  if (frame.block.kind == BlockType::Kind::Type)
    return m.types[frame.block.type].func.results;
  if (frame.block.kind == BlockType::Kind::Value)
    return {&frame.block.value, 1};
  return {};
}

Frame *Walker::label(u32 index) {
  return check_index(index, frames.size(), "label") ? &frames[frames.size() - 1 - index] : nullptr;
}

void Walker::unknown(u32 index, const char *what) { set_invalid(fmt::format("unknown {} {}", what, index)); }

void Walker::too_many_operands() {
  instructions.reader().set_error(op.offset,
                                  fmt::format("too many operands on the stack (at most {})", wasm::max_operands),
                                  ErrorKind::Unsupported);
}

bool Walker::check_type(ValType type) {
  if (!type.is_ref() || type.heap().kind != HeapKind::Concrete)
    return true;
  return check_index(static_cast<u32>(type.heap().index), m.types.size(), "type");
}

bool Walker::check_data(u32 index) {
  if (m.has_data_count)
    return check_index(index, m.data_count, "data segment");
  set_malformed("data count section required");
  return false;
}

const wasm::SubType *Walker::composite(u32 index, wasm::CompositeKind kind) {
  constexpr const char *names[] = {"a function", "a structure", "an array"};
  if (!check_index(index, m.types.size(), "type"))
    return nullptr;
  if (m.types[index].kind == kind)
    return &m.types[index];
  set_invalid(fmt::format("type mismatch: type {} is not {} type", index, names[static_cast<u32>(kind)]));
  return nullptr;
}

void Walker::start(const wasm::BodySpan &span, const wasm::FuncType &type) {
  instructions.start(span);
  func_type = &type;
  body_offset = span.offset;
  op.offset = static_cast<u32>(span.offset);
  hints = {};
  stack.clear();
  frames.clear();
  initialised_log.clear();
  push_frame(FrameKind::Function, {});
}

/// Runs of locals after the parameters. Counts are checked before memory is taken for them.
void Walker::declare_locals() {
  base::ByteReader &reader = instructions.reader();
  locals.types.assign(func_type->params.begin(), func_type->params.end());
  initialised.assign(locals.types.size(), 1);
  u64 total = 0;
  const u32 runs = reader.leb_u32();
  for (u32 i = 0; i < runs && !reader.failed(); ++i) {
    op.offset = static_cast<u32>(reader.offset());
    const u32 count = reader.leb_u32();
    const ValType type = decode::val_type(reader, features);
    total += count;
    if (total > ~u32{0})
      return set_malformed("too many locals");
    if (!check_type(type))
      return;
    if (locals.types.size() + count > wasm::max_locals)
      continue;
    locals.types.insert(locals.types.end(), count, type);
    initialised.insert(initialised.end(), count, type.is_defaultable());
  }
  if (func_type->params.size() + total > wasm::max_locals)
    reader.set_error(op.offset, fmt::format("too many locals (at most {})", wasm::max_locals), ErrorKind::Unsupported);
}

bool Walker::check_constancy(Constancy constancy) {
  if (constancy == Constancy::None)
    set_invalid("constant expression required");
  else if (constancy == Constancy::Extended)
    decode::require(instructions.reader(), features, Feature::ExtendedConst, op.offset);
  return !failed();
}

void Walker::walk(OperatorSink sink) {
  base::ByteReader &reader = instructions.reader();
  while (instructions.next(op)) {
    op.reachable = !frames.back().unreachable;
    const HandlerRow &row = handler_rows[static_cast<u32>(op.code)];
    if (is_constant && !check_constancy(row.constancy))
      return;
    row.handler(*this);
    if (reader.failed()) [[unlikely]]
      return;
    sink.op(op);
    if (frames.empty()) {
      if (!reader.at_end())
        reader.set_error(reader.offset(), "section size mismatch: code after the end of the function");
      return;
    }
  }
  if (!reader.failed())
    reader.set_error(reader.offset(), "unexpected end of section or function: END opcode expected");
}

Result<void> Walker::body(u32 func, OperatorSink sink) {
  ASSERT(!m.funcs[func].is_imported);
  is_constant = false;
  start(m.funcs[func].body, m.func_type(func));
  const auto hinted = std::lower_bound(m.branch_hints.begin(), m.branch_hints.end(), func,
                                       [](const wasm::FuncBranchHints &h, u32 f) { return h.func < f; });
  if (hinted != m.branch_hints.end() && hinted->func == func)
    hints = hinted->hints;
  declare_locals();
  if (!failed()) {
    sink.locals(locals);
    walk(sink);
  }
  return instructions.reader().status();
}

Result<void> Walker::constant(const wasm::ConstExpr &expr, ValType expected, u32 globals) {
  is_constant = true;
  visible_globals = globals;
  constant_type.results.assign(1, expected);
  start(expr, constant_type);
  locals.types.clear();
  NoSink none;
  walk(OperatorSink(none));
  return instructions.reader().status();
}

} // namespace trapeze::validate
