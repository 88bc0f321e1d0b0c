// Blocks, branches, calls. Spec: Validation, Control Instructions.
#include "validate/handlers.hh"

#include <fmt/format.h>

namespace trapeze::validate {

using decode::BlockType;
using wasm::CompositeKind;

namespace {

bool check_block_type(Walker &w, const BlockType &block) {
  if (block.kind == BlockType::Kind::Type)
    return w.composite(block.type, CompositeKind::Func);
  return block.kind == BlockType::Kind::Empty || w.check_type(block.value);
}

void describe(Walker &w, const Frame &frame) {
  w.op.frame = frame.kind;
  w.op.params = w.params(frame);
  w.op.results = w.results(frame);
}

/// Takes the hint at this operator, if there is one.
void take_hint(Walker &w) {
  w.op.hinted = false;
  if (w.hints.empty()) [[likely]]
    return;
  const u64 offset = w.op.offset - w.body_offset;
  while (!w.hints.empty() && w.hints.front().offset < offset)
    w.hints = w.hints.subspan(1);
  if (w.hints.empty() || w.hints.front().offset != offset)
    return;
  w.op.hinted = true;
  w.op.likely = w.hints.front().likely;
}

void pass_call(Walker &w, const wasm::FuncType &callee) {
  w.pop(callee.params);
  w.push(callee.results);
}

/// A call in place of a return: the callee's results are the function's.
void pass_tail_call(Walker &w, const wasm::FuncType &callee) {
  w.pop(callee.params);
  const Types results = w.func_type->results;
  bool is_same = callee.results.size() == results.size();
  for (usize i = 0; is_same && i < results.size(); ++i)
    is_same = wasm::matches(w.m, callee.results[i], results[i]);
  if (!is_same)
    return w.set_invalid(fmt::format("type mismatch: tail call to {} in a function that returns {}", to_string(callee),
                                     to_string(wasm::FuncType{{}, w.func_type->results})));
  w.set_unreachable();
}

/// The callee's type of call_indirect, its operand popped; null after reporting an error.
const wasm::FuncType *indirect_callee(Walker &w) {
  if (!w.check_table(w.op.index2))
    return nullptr;
  const wasm::SubType *type = w.composite(w.op.index, CompositeKind::Func);
  if (!type)
    return nullptr;
  const wasm::TableType &table = w.m.tables[w.op.index2].type;
  if (!wasm::matches(w.m, table.element, wasm::funcref_type)) {
    w.set_invalid(fmt::format("type mismatch: indirect call through a table of {}", to_string(table.element)));
    return nullptr;
  }
  w.op.type = table.element;
  w.pop(table.address_type());
  return &type->func;
}

const wasm::FuncType *reference_callee(Walker &w) {
  const wasm::SubType *type = w.composite(w.op.index, CompositeKind::Func);
  if (!type)
    return nullptr;
  w.op.type = w.pop(w.concrete(w.op.index, true));
  return &type->func;
}

} // namespace

void unreachable(Walker &w) { w.set_unreachable(); }

void enter_block(Walker &w, FrameKind kind) {
  if (!check_block_type(w, w.op.block))
    return;
  const Types params =
      w.op.block.kind == BlockType::Kind::Type ? Types(w.m.types[w.op.block.type].func.params) : Types();
  w.pop(params);
  w.push_frame(kind, w.op.block);
  w.push(params);
  describe(w, w.frames.back());
}

void leave_frame(Walker &w) {
  describe(w, w.frames.back());
  w.finish_frame();
}

void block(Walker &w) { enter_block(w, w.op.code == wasm::Opcode::Loop ? FrameKind::Loop : FrameKind::Block); }

void if_(Walker &w) {
  take_hint(w);
  w.pop(wasm::i32_type);
  enter_block(w, FrameKind::If);
}

void else_(Walker &w) {
  if (w.frames.back().kind != FrameKind::If)
    return w.set_malformed("else without if: END opcode expected");
  leave_frame(w);
  Frame left = w.frames.back();
  w.pop_frame();
  w.push_frame(FrameKind::Else, left.block);
  w.frames.back().offset = left.offset;
  w.push(w.params(w.frames.back()));
  w.op.params = w.params(w.frames.back());
  w.op.results = w.results(w.frames.back());
}

void end(Walker &w) {
  const FrameKind kind = w.frames.back().kind;
  leave_frame(w);
  if (kind == FrameKind::If) {
    bool is_same = w.op.params.size() == w.op.results.size();
    for (usize i = 0; is_same && i < w.op.params.size(); ++i)
      is_same = wasm::matches(w.m, w.op.params[i], w.op.results[i]);
    if (!is_same)
      return w.set_invalid(w.frames.back().offset, "type mismatch: if without else must leave what it takes");
  }
  const u32 opener = w.frames.back().offset;
  const bool is_value = w.frames.back().block.kind == BlockType::Kind::Value;
  w.pop_frame();
  if (is_value)
    w.op.results = {&w.ended_value, 1};
  if (w.frames.empty())
    return;
  for (const ValType type : w.op.results)
    w.stack.push_back({type, opener});
}

void br(Walker &w) {
  const Frame *target = w.label(w.op.index);
  if (!target)
    return;
  w.op.label_types = w.label_types(*target);
  w.pop(w.op.label_types);
  w.set_unreachable();
}

void br_if(Walker &w) {
  take_hint(w);
  const Frame *target = w.label(w.op.index);
  if (!target)
    return;
  w.pop(wasm::i32_type);
  w.op.label_types = w.label_types(*target);
  w.retype(w.op.label_types);
}

/// Each label is checked once, however often the table names it: linear in table and labels.
void br_table(Walker &w) {
  w.pop(wasm::i32_type);
  const Frame *fallback = w.label(w.op.labels.back());
  if (!fallback)
    return;
  w.op.label_types = w.label_types(*fallback);
  for (const u32 index : w.op.labels) {
    Frame *target = w.label(index);
    if (!target)
      return;
    if (target->visited_by == w.op.offset)
      continue;
    target->visited_by = w.op.offset;
    const Types types = w.label_types(*target);
    if (types.size() != w.op.label_types.size())
      return w.set_invalid(fmt::format("type mismatch: br_table label {} takes {} values, the default {}", index,
                                       types.size(), w.op.label_types.size()));
    w.check_top(types);
  }
  w.set_unreachable();
}

void return_(Walker &w) {
  w.op.label_types = w.func_type->results;
  w.pop(w.op.label_types);
  w.set_unreachable();
}

void call(Walker &w) {
  if (w.check_index(w.op.index, w.m.funcs.size(), "function"))
    pass_call(w, w.m.func_type(w.op.index));
}

void return_call(Walker &w) {
  if (w.check_index(w.op.index, w.m.funcs.size(), "function"))
    pass_tail_call(w, w.m.func_type(w.op.index));
}

void call_indirect(Walker &w) {
  if (const wasm::FuncType *callee = indirect_callee(w))
    pass_call(w, *callee);
}

void return_call_indirect(Walker &w) {
  if (const wasm::FuncType *callee = indirect_callee(w))
    pass_tail_call(w, *callee);
}

void call_ref(Walker &w) {
  if (const wasm::FuncType *callee = reference_callee(w))
    pass_call(w, *callee);
}

void return_call_ref(Walker &w) {
  if (const wasm::FuncType *callee = reference_callee(w))
    pass_tail_call(w, *callee);
}

} // namespace trapeze::validate
