// Structure of expressions: folding, blocks, labels. The immediates are in immediates.cpp.
#include "text/code_writer.hh"
#include "text/annotations.hh"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace trapeze::text {

using wasm::Opcode;

void CodeWriter::function_body(Buffer &out, const IndexSpace &locals) {
  locals_ = &locals;
  start(out);
  run(false);
  finish();
  locals_ = nullptr;
}

void CodeWriter::expression(Buffer &out) {
  start(out);
  run(false);
  finish();
}

void CodeWriter::folded_expression(Buffer &out) {
  start(out);
  if (!c_.at(TokenKind::Open))
    c_.unexpected();
  run(true);
  finish();
}

void CodeWriter::start(Buffer &out) {
  out_ = &out;
  folds_.clear();
  controls_.clear();
  labels_.clear();
  pending_.clear();
  label_names_.clear();
  hints_.clear();
  label_count_ = 0;
  hint_ = no_hint;
}

void CodeWriter::finish() {
  if (!controls_.empty())
    c_.fail(c_.peek().offset, "unexpected token ), expected end");
  put_end(c_.peek().offset);
}

void CodeWriter::put_end(u32 offset) {
  out_->mark(offset);
  put(Opcode::End, *out_);
}

bool CodeWriter::is_sequence() const {
  if (folds_.empty())
    return true;
  FoldKind kind = folds_.back().kind;
  return kind == FoldKind::Block || kind == FoldKind::IfThen || kind == FoldKind::IfElse ||
         kind == FoldKind::TrySection;
}

void CodeWriter::run(bool single) {
  while (!c_.failed()) {
    if (c_.at(TokenKind::Open)) {
      claim_hint();
      open_fold();
    } else if (c_.at(TokenKind::Close)) {
      if (folds_.empty())
        return;
      close_fold();
    } else if (c_.at(TokenKind::Keyword) && is_sequence() && !(single && folds_.empty())) {
      claim_hint();
      plain();
    } else if (c_.at_end() && folds_.empty()) {
      return;
    } else {
      c_.unexpected();
    }
    if (single && folds_.empty())
      return;
  }
}

void CodeWriter::claim_hint() {
  if (!locals_)
    return;
  while (Annotation *a = c_.claim(AnnotationKind::BranchHint)) {
    if (hint_ != no_hint)
      c_.fail(a->offset, "@metadata.code.branch_hint annotation: duplicate annotation");
    hint_ = branch_hint(c_, *a);
    hint_offset_ = a->offset;
  }
}

/// Called when the operator is about to be written to out_.
void CodeWriter::put_hint(Opcode op, i8 hint, u32 offset) {
  if (hint == no_hint)
    return;
  if (op != Opcode::If && op != Opcode::BrIf)
    c_.fail(offset, "@metadata.code.branch_hint annotation: invalid target", ErrorKind::Invalid);
  hints_.push_back({static_cast<u32>(out_->bytes.size()), hint != 0});
}

namespace {

/// Keywords that are no operators, but known: misplaced ones are not called unknown.
bool is_structural(std::string_view word) {
  static constexpr std::string_view words[] = {"type", "param",  "result", "local", "then",   "do",
                                               "item", "offset", "mut",    "field", "export", "import"};
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

} // namespace

Opcode CodeWriter::operator_at_cursor() {
  const Token &t = c_.peek();
  if (t.kind != TokenKind::Keyword) {
    c_.unexpected();
    return wasm::no_opcode;
  }
  Opcode op = wasm::find_opcode(c_.text(t));
  if (op == wasm::no_opcode)
    c_.fail(t.offset,
            fmt::format("{} {}", is_structural(c_.text(t)) ? "unexpected token" : "unknown operator", c_.text(t)));
  else
    c_.advance();
  return op;
}

void CodeWriter::plain() {
  u32 offset = c_.peek().offset;
  i8 hint = std::exchange(hint_, no_hint);
  Opcode op = operator_at_cursor();
  if (op == wasm::no_opcode)
    return;
  out_->mark(offset);
  put_hint(op, hint, offset);
  switch (op) {
  case Opcode::Block:
  case Opcode::Loop:
  case Opcode::If:
  case Opcode::Try:
  case Opcode::TryTable:
    block(op, false);
    break;
  case Opcode::End:
    end_of_block();
    break;
  case Opcode::Else:
    else_of_if();
    break;
  case Opcode::Catch:
  case Opcode::CatchAll:
    catch_of_try(op);
    break;
  case Opcode::Delegate:
    delegate_of_try();
    break;
  default:
    instruction(op, *out_);
  }
}

void CodeWriter::push_control(Opcode kind, std::string_view label, u32 owner) {
  Control control{kind, owner, 0, label};
  if (!label.empty()) {
    u32 &slot = labels_[label];
    control.shadowed = slot;
    slot = static_cast<u32>(controls_.size()) + 1;
    if (locals_)
      label_names_.emplace_back(label_count_, label);
  }
  ++label_count_;
  controls_.push_back(control);
}

void CodeWriter::pop_control() {
  if (const Control &top = controls_.back(); !top.label.empty())
    labels_[top.label] = top.shadowed;
  controls_.pop_back();
}

u32 CodeWriter::label_use() {
  if (!c_.at(TokenKind::Id))
    return c_.nat32();
  u32 offset = c_.peek().offset;
  std::string_view id = c_.optional_id();
  auto found = labels_.find(id);
  if (found == labels_.end() || found->second == 0) {
    c_.fail(offset, fmt::format("unknown label ${}", id));
    return 0;
  }
  return static_cast<u32>(controls_.size()) - found->second;
}

/// block, loop, try, try_table, and `if` in plain form.
void CodeWriter::block(Opcode op, bool folded) {
  std::string_view label = c_.optional_id();
  put(op, *out_);
  block_type(ctx_, *out_);
  if (op == Opcode::TryTable)
    put_catches(*out_);
  push_control(op, label, folded ? static_cast<u32>(folds_.size()) : 0);
}

bool CodeWriter::top_control_is(u32 owner, std::initializer_list<Opcode> kinds) const {
  return !controls_.empty() && controls_.back().owner == owner &&
         (kinds.size() == 0 || std::find(kinds.begin(), kinds.end(), controls_.back().kind) != kinds.end());
}

void CodeWriter::match_label() {
  u32 offset = c_.peek().offset;
  std::string_view id = c_.optional_id();
  if (!id.empty() && id != controls_.back().label)
    c_.fail(offset, fmt::format("mismatching label ${}", id));
}

// A plain block may not be closed from inside a folded one, nor the other way round.
void CodeWriter::end_of_block() {
  if (!top_control_is(0, {}))
    return c_.fail(out_->map.back().source, "unexpected token end");
  match_label();
  put(Opcode::End, *out_);
  pop_control();
}

void CodeWriter::else_of_if() {
  if (!top_control_is(0, {Opcode::If}))
    return c_.fail(out_->map.back().source, "unexpected token else");
  match_label();
  put(Opcode::Else, *out_);
  controls_.back().kind = Opcode::Else;
}

void CodeWriter::catch_of_try(Opcode op) {
  if (!top_control_is(0, {Opcode::Try, Opcode::Catch}))
    return c_.fail(out_->map.back().source, "unexpected token catch");
  instruction(op, *out_);
  controls_.back().kind = op;
}

void CodeWriter::delegate_of_try() {
  if (!top_control_is(0, {Opcode::Try}))
    return c_.fail(out_->map.back().source, "unexpected token delegate");
  pop_control(); // its label counts from outside of the try
  instruction(Opcode::Delegate, *out_);
}

void CodeWriter::open_fold() {
  c_.advance();
  if (!folds_.empty() && folds_.back().kind == FoldKind::Try)
    return open_child_of_try(folds_.back());
  if (!folds_.empty() && folds_.back().kind == FoldKind::If && (c_.at_keyword("then") || folds_.back().parts > 0))
    return open_child_of_if(folds_.back());
  Fold fold;
  fold.offset = c_.peek().offset;
  fold.hint = std::exchange(hint_, no_hint);
  fold.op = operator_at_cursor();
  fold.pending = static_cast<u32>(pending_.bytes.size());
  if (fold.op == wasm::no_opcode)
    return;
  switch (fold.op) {
  case Opcode::If:
    fold.kind = FoldKind::If;
    fold.label = c_.optional_id();
    put(fold.op, pending_);
    block_type(ctx_, pending_);
    folds_.push_back(fold);
    break;
  case Opcode::Block:
  case Opcode::Loop:
  case Opcode::TryTable:
  case Opcode::Try:
    fold.kind = fold.op == Opcode::Try ? FoldKind::Try : FoldKind::Block;
    out_->mark(fold.offset);
    put_hint(fold.op, fold.hint, fold.offset);
    folds_.push_back(fold);
    block(fold.op, true);
    break;
  case Opcode::End:
  case Opcode::Else:
  case Opcode::Catch:
  case Opcode::CatchAll:
  case Opcode::Delegate:
    c_.fail(fold.offset, fmt::format("unexpected token {}", row(fold.op).text));
    break;
  default:
    folds_.push_back(fold);
    instruction(fold.op, pending_);
  }
}

/// `(then ...)` after the condition, then at most one `(else ...)`.
void CodeWriter::open_child_of_if(Fold &parent) {
  u32 owner = static_cast<u32>(folds_.size());
  u32 offset = c_.peek().offset;
  Fold child{.kind = FoldKind::IfThen, .offset = offset};
  if (parent.parts == 0 && c_.take_keyword("then")) {
    emit_pending(parent);
    push_control(Opcode::If, parent.label, owner);
  } else if (parent.parts == 1 && c_.take_keyword("else")) {
    child.kind = FoldKind::IfElse;
    out_->mark(offset);
    put(Opcode::Else, *out_);
    controls_.back().kind = Opcode::Else;
  } else {
    return c_.unexpected();
  }
  ++parent.parts;
  folds_.push_back(child);
}

/// `(do ...)`, then either `(catch x ...)* (catch_all ...)?` or `(delegate l)`.
void CodeWriter::open_child_of_try(Fold &parent) {
  u32 owner = static_cast<u32>(folds_.size());
  Fold child{.kind = FoldKind::TrySection, .offset = c_.peek().offset};
  bool first = parent.parts == 0;
  parent.parts = 1;
  if (first) {
    c_.expect_keyword("do");
    folds_.push_back(child);
    return;
  }
  Opcode op = operator_at_cursor();
  out_->mark(child.offset);
  if ((op == Opcode::Catch || op == Opcode::CatchAll) && top_control_is(owner, {Opcode::Try, Opcode::Catch})) {
    instruction(op, *out_);
    controls_.back().kind = op;
    folds_.push_back(child);
  } else if (op == Opcode::Delegate && top_control_is(owner, {Opcode::Try})) {
    pop_control();
    instruction(op, *out_);
    c_.expect_close(); // of (delegate
    c_.expect_close(); // of (try
    folds_.pop_back();
  } else {
    c_.fail(child.offset, "unexpected token in try");
  }
}

void CodeWriter::emit_pending(const Fold &fold) {
  out_->mark(fold.offset);
  put_hint(fold.op, fold.hint, fold.offset);
  out_->raw(std::span<const u8>(pending_.bytes).subspan(fold.pending));
  pending_.bytes.resize(fold.pending);
}

void CodeWriter::close_fold() {
  u32 offset = c_.peek().offset;
  u32 depth = static_cast<u32>(folds_.size());
  Fold fold = folds_.back();
  bool is_part = fold.kind == FoldKind::IfThen || fold.kind == FoldKind::IfElse || fold.kind == FoldKind::TrySection;
  bool complete = true;
  switch (fold.kind) {
  case FoldKind::Plain:
    emit_pending(fold);
    break;
  case FoldKind::If:
  case FoldKind::Try:
    complete = fold.parts > 0;
    break;
  case FoldKind::Block:
    break;
  case FoldKind::IfThen:
  case FoldKind::IfElse:
  case FoldKind::TrySection:
    complete = top_control_is(depth - 1, {});
    break;
  }
  if (!is_part && fold.kind != FoldKind::Plain)
    complete = complete && top_control_is(depth, {});
  if (!complete)
    return c_.fail(offset, "unexpected token )");
  if (!is_part && fold.kind != FoldKind::Plain) {
    put_end(offset);
    pop_control();
  }
  folds_.pop_back();
  c_.advance();
}

} // namespace trapeze::text
