// Exceptions: try_table and throw_ref, and the legacy form. Spec: Validation, Control Instructions; for the legacy form
// the exception handling proposal of 2023, "Validation".
#include "validate/handlers.hh"

#include <fmt/format.h>

namespace trapeze::validate {

namespace {

constexpr ValType exn = ValType::ref({wasm::HeapKind::Exn}, false);

bool check_tag(Walker &w, u32 tag) { return w.check_index(tag, w.m.tags.size(), "tag"); }

/// What a clause hands to its label: the tag's parameters, then the reference. Labels count from outside the try_table.
bool check_clause(Walker &w, const CatchClause &clause) {
  const bool has_tag = clause.tag != ~0u;
  if (has_tag && !check_tag(w, clause.tag))
    return false;
  const Frame *target = w.label(clause.label);
  if (!target)
    return false;
  const Types payload = has_tag ? Types(w.m.tag_type(clause.tag).params) : Types();
  const Types wanted = w.label_types(*target);
  bool is_match = wanted.size() == payload.size() + clause.with_ref;
  for (usize i = 0; is_match && i < payload.size(); ++i)
    is_match = wasm::matches(w.m, payload[i], wanted[i]);
  if (is_match && clause.with_ref)
    is_match = wasm::matches(w.m, exn, wanted.back());
  if (!is_match)
    w.set_invalid(fmt::format("type mismatch: catch clause does not give what label {} takes", clause.label));
  return is_match;
}

/// From the body or a clause of a legacy try into its next clause, which starts with `params` on the stack.
void next_clause(Walker &w, FrameKind kind, Types params) {
  const FrameKind left = w.frames.back().kind;
  if (left != FrameKind::Try && left != FrameKind::Catch)
    return w.set_malformed(fmt::format("misplaced {}: END opcode expected", wasm::row(w.op.code).text));
  leave_frame(w);
  const Frame frame = w.frames.back();
  w.pop_frame();
  w.push_frame(kind, frame.block);
  w.frames.back().offset = frame.offset;
  w.push(params);
  w.op.params = params;
  w.op.results = w.results(w.frames.back());
}

} // namespace

void throw_(Walker &w) {
  if (!check_tag(w, w.op.index))
    return;
  w.pop(w.m.tag_type(w.op.index).params);
  w.set_unreachable();
}

void throw_ref(Walker &w) {
  w.op.type = w.pop(wasm::exnref_type);
  w.set_unreachable();
}

void try_table(Walker &w) {
  for (const CatchClause &clause : w.op.catches)
    if (!check_clause(w, clause))
      return;
  enter_block(w, FrameKind::TryTable);
}

void try_(Walker &w) { enter_block(w, FrameKind::Try); }

void catch_(Walker &w) {
  if (check_tag(w, w.op.index))
    next_clause(w, FrameKind::Catch, w.m.tag_type(w.op.index).params);
}

void catch_all(Walker &w) { next_clause(w, FrameKind::CatchAll, {}); }

void rethrow(Walker &w) {
  const Frame *target = w.label(w.op.index);
  if (!target)
    return;
  if (target->kind != FrameKind::Catch && target->kind != FrameKind::CatchAll)
    return w.set_invalid(fmt::format("invalid rethrow label {}", w.op.index));
  w.op.label_types = w.label_types(*target);
  w.set_unreachable();
}

/// Ends a try without clauses; its label counts from outside the try.
void delegate(Walker &w) {
  if (w.frames.back().kind != FrameKind::Try)
    return w.set_malformed("misplaced delegate: END opcode expected");
  leave_frame(w);
  const Frame frame = w.frames.back();
  w.pop_frame();
  const Frame *target = w.label(w.op.index);
  if (!target)
    return;
  w.op.label_types = w.label_types(*target);
  if (frame.block.kind == decode::BlockType::Kind::Value)
    w.op.results = {&w.ended_value, 1};
  for (const ValType type : w.op.results)
    w.stack.push_back({type, frame.offset});
}

} // namespace trapeze::validate
