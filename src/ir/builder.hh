// Appends instructions to one block at a time, folding as it goes: most of what an optimiser would clean
// never exists (CODEGEN.md, Shape).
//
// `pure` is the door for every pure op: constants fold (ir/fold), identities and canonical forms apply
// (ir/simplify), and a value that the block already computed is found again by a hash table that is
// cleared, by epoch, when the block changes. Constants are values of their block too: they stay near
// their uses, so no constant lives across the function.
// Canonical form: a constant operand stands second; a compare has its constant second.
#pragma once

#include "ir/conditions.hh"
#include "ir/function.hh"

#include <vector>

namespace trapeze::ir {

class Builder {
public:
  /// Starts a function: forgets everything of the last one.
  void start(Function &fn);
  Function &function() const { return *fn_; }

  Block make_block() { return fn_->blocks.push({}); }
  /// What the last block computed is forgotten, this one's own values too if it was left before.
  void set_block(Block block);
  Block block() const { return block_; }
  void set_offset(u32 offset) { offset_ = offset; }
  u32 offset() const { return offset_; }

  /// Appends a row as it is.
  Inst raw(const InstRow &row);
  /// A pure row (or a load that nothing can change): folded, simplified, found again, or appended.
  Value pure(InstRow row);
  /// Integer division and float-to-int truncation: folded and strength-reduced where that is safe.
  Value can_trap(InstRow row);

  Value constant(Type type, u64 bits);
  Value i32(u32 value) { return constant(Type::I32, value); }
  Value i64(u64 value) { return constant(Type::I64, value); }
  Value null() { return constant(Type::Ref, 0); }
  Value instance();
  Value unary(Op op, Type type, Value a) { return pure({op, type, 0, id(a), 0, 0}); }
  Value binary(Op op, Value a, Value b) { return pure({op, type(a), 0, id(a), id(b), 0}); }
  Value icmp(Cond cond, Value a, Value b) {
    return pure({Op::Icmp, Type::I32, static_cast<u16>(cond), id(a), id(b), 0});
  }
  Value fcmp(FloatCond cond, Value a, Value b) {
    return pure({Op::Fcmp, Type::I32, static_cast<u16>(cond), id(a), id(b), 0});
  }
  Value select(Value condition, Value yes, Value no) {
    return pure({Op::Select, type(yes), 0, id(condition), id(yes), id(no)});
  }
  Value load(Type type, Value address, u32 offset, Access access);
  void store(Value address, Value value, u32 offset, Access access);
  void trap_if(Value condition, abi::TrapCode code);

  Type type(Value v) const { return fn_->insts[v].type; }
  const InstRow &def(Value v) const { return fn_->insts[v]; }
  bool is_const(Value v) const { return def(v).op == Op::Const; }
  static u32 id(Value v) { return base::index_of(v); }

private:
  struct Entry {
    u32 epoch = 0;
    Inst inst = no_inst;
  };
  /// An equal row of this block, or the place in the table where it belongs.
  Inst find(const InstRow &row, u32 &at) const;
  void grow();

  Function *fn_ = nullptr;
  Block block_ = no_block;
  Value instance_ = no_inst;
  u32 offset_ = ~0u;
  std::vector<Entry> table_;
  u32 epoch_ = 0, count_ = 0;
};

/// A wasm-level simplification step over one row (ir/simplify.cpp). Gives an existing or new value, or
/// no_inst; may rewrite the row into a cheaper or canonical one, then sets `changed`.
Value simplify(Builder &b, InstRow &row, bool &changed);

} // namespace trapeze::ir
