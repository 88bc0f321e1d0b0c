#include "ir/builder.hh"

#include "base/assert.hh"
#include "ir/fold.hh"

namespace trapeze::ir {

void Builder::start(Function &fn) {
  fn_ = &fn;
  block_ = no_block;
  instance_ = no_inst;
  offset_ = ~0u;
  if (table_.empty())
    table_.resize(256);
}

void Builder::set_block(Block block) {
  block_ = block;
  count_ = 0;
  if (++epoch_ == 0) {
    std::fill(table_.begin(), table_.end(), Entry{});
    epoch_ = 1;
  }
}

Inst Builder::raw(const InstRow &row) {
  const Inst inst = fn_->make(row, offset_);
  fn_->append(block_, inst);
  return inst;
}

static bool same(const InstRow &x, const InstRow &y) {
  return x.op == y.op && x.type == y.type && x.aux == y.aux && x.a == y.a && x.b == y.b && x.c == y.c;
}

static u32 hash(const InstRow &row) {
  u64 h = static_cast<u64>(row.op) | static_cast<u64>(row.type) << 8 | u64{row.aux} << 16 | u64{row.c} << 32;
  h = (h ^ row.bits()) * 0x9e3779b97f4a7c15;
  h = (h ^ h >> 29 ^ row.b) * 0xbf58476d1ce4e5b9;
  return static_cast<u32>(h >> 32);
}

Inst Builder::find(const InstRow &row, u32 &at) const {
  const u32 mask = static_cast<u32>(table_.size()) - 1;
  for (at = hash(row) & mask; table_[at].epoch == epoch_; at = (at + 1) & mask)
    if (same(fn_->insts[table_[at].inst], row))
      return table_[at].inst;
  return no_inst;
}

void Builder::grow() {
  const std::vector<Entry> old = std::move(table_);
  table_ = std::vector<Entry>(old.size() * 2);
  for (const Entry &e : old) {
    if (e.epoch != epoch_)
      continue;
    u32 at;
    find(fn_->insts[e.inst], at);
    table_[at] = e;
  }
}

static std::optional<u64> fold_row(const Function &fn, const InstRow &row) {
  const Format format = ir::row(row.op).format;
  const u32 count = format == Format::Unary ? 1 : format == Format::Binary ? 2 : format == Format::Ternary ? 3 : 0;
  u64 bits[3] = {};
  for (u32 i = 0; i < count; ++i) {
    const InstRow &arg = fn.insts[row.arg(i)];
    if (arg.op != Op::Const || arg.type == Type::V128)
      return {};
    bits[i] = arg.bits();
  }
  return count == 0 ? std::nullopt : fold(row, fn.insts[row.arg(0)].type, bits[0], bits[1], bits[2]);
}

Value Builder::pure(InstRow row) {
  for (bool changed = true; changed;) {
    if (const auto bits = fold_row(*fn_, row))
      return constant(row.type, *bits);
    changed = false;
    if (const Value v = simplify(*this, row, changed); !is_none(v))
      return v;
  }
  u32 at;
  if (const Inst found = find(row, at); !is_none(found))
    return found;
  const Inst inst = raw(row);
  table_[at] = {epoch_, inst};
  if (++count_ * 2 > table_.size())
    grow();
  return inst;
}

Value Builder::can_trap(InstRow row) {
  if (const auto bits = fold_row(*fn_, row))
    return constant(row.type, *bits);
  bool changed = false;
  if (const Value v = simplify(*this, row, changed); !is_none(v))
    return v;
  // The same division again traps the same way: the first one decides.
  return changed && ir::row(row.op).effect == Effect::Pure ? pure(row) : raw(row);
}

Value Builder::constant(Type type, u64 bits) {
  const InstRow row{Op::Const, type, 0, static_cast<u32>(bits), static_cast<u32>(bits >> 32), 0};
  u32 at;
  if (const Inst found = find(row, at); !is_none(found))
    return found;
  const Inst inst = raw(row);
  table_[at] = {epoch_, inst};
  if (++count_ * 2 > table_.size())
    grow();
  return inst;
}

Value Builder::instance() {
  if (is_none(instance_)) {
    instance_ = fn_->make({Op::Instance, Type::I64, 0, 0, 0, 0});
    fn_->insert_first(fn_->entry, instance_);
  }
  return instance_;
}

Value Builder::load(Type type, Value address, u32 offset, Access access) {
  ASSERT_SLOW(offset < u32{1} << 31);
  const InstRow row{Op::Load, type, access.pack(), id(address), 0, offset};
  return access.alias == Alias::Fixed ? pure(row) : raw(row);
}

void Builder::store(Value address, Value value, u32 offset, Access access) {
  ASSERT_SLOW(offset < u32{1} << 31);
  raw({Op::Store, Type::None, access.pack(), id(address), id(value), offset});
}

void Builder::trap_if(Value condition, abi::TrapCode code) {
  if (is_const(condition) && def(condition).bits() == 0)
    return;
  raw({Op::TrapIf, Type::None, static_cast<u16>(code), id(condition), 0, 0});
}

} // namespace trapeze::ir
