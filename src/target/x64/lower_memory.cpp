// Loads and stores, linear memory and fields of the instance alike, and home slots of the frame.
#include "target/x64/lower.hh"

#include "base/assert.hh"

namespace trapeze::x64 {

/// A load of `access` at `m` into `v` of the given type.
void Lowering::load_into(VReg v, Type type, ir::Access access, const RmOperand &m, u8 flags) {
  Op op = Op::MovLoad;
  Width w = Width::W32; // 32-bit moves clear the upper half: right for every zero extension
  switch (type) {
  case Type::F32:
  case Type::F64:
    op = Op::FloatLoad, w = x64::width_of(type);
    break;
  case Type::V128:
    op = Op::VecLoad;
    break;
  default:
    if (access.sign_extend && type == Type::I64)
      w = Width::W64;
    if (access.size_log2 == 0)
      op = access.sign_extend ? Op::Movsx8 : Op::Movzx8;
    else if (access.size_log2 == 1)
      op = access.sign_extend ? Op::Movsx16 : Op::Movzx16;
    else if (access.size_log2 == 3)
      w = Width::W64;
    else if (access.sign_extend && type == Type::I64)
      op = Op::Movsx32;
  }
  make(op, w).flags(flags).rm(m).def(v);
}

void Lowering::load(Inst i, const InstRow &r, u32) {
  ir::Access access = ir::Access::unpack(r.aux);
  RmOperand m = address(r.arg(0), r.c);
  m.faults = access.can_trap;
  m.trap = access.trap;
  bool is_remat = access.alias == ir::Alias::Fixed && m.mode == Mode::Inst && !access.can_trap;
  load_into(result(i), r.type, access, m, is_remat ? codegen::is_remat : 0);
}

/// Past what changes only bits that are not stored.
Value Lowering::stored_part(Value v, u32 bytes) const {
  for (;;) {
    const InstRow &r = row(v);
    u64 mask = (u64{1} << (8 * bytes)) - 1;
    bool is_masked = r.op == ir::Op::And && is_const(r.arg(1)) && (row(r.arg(1)).bits() & mask) == mask;
    bool is_extended = (r.op == ir::Op::Extend8S && bytes == 1) || (r.op == ir::Op::Extend16S && bytes <= 2);
    if (!is_masked && !is_extended)
      return v;
    v = r.arg(0);
  }
}

/// Stores the low `bytes` of a value; integer and simple float constants as immediates.
void Lowering::store_value(Value v, u32 bytes, const RmOperand &m) {
  const InstRow &r = row(v);
  Width w = bytes == 1 ? Width::W8 : bytes == 2 ? Width::W16 : bytes == 4 ? Width::W32 : Width::W64;
  if (is_const(v) && r.type != Type::V128) {
    i64 bits = const_value(v);
    if (w != Width::W64 || bits == static_cast<i32>(bits)) {
      make(Op::MovStoreImm, w).rm(m, bytes).imm(static_cast<u64>(bits));
      return;
    }
  }
  Op op = r.type == Type::V128 ? Op::VecStore : ir::is_float_class(r.type) ? Op::FloatStore : Op::MovStore;
  VReg x = reg(v);
  make(op, op == Op::VecStore ? Width::W32 : w).use(x).rm(m, bytes);
}

/// *p = *p op x  as one row: the loaded value and the sum are used for nothing else.
bool Lowering::store_in_place(const InstRow &r, Width w) {
  const InstRow &sum = row(r.arg(1));
  ir::Access access = ir::Access::unpack(r.aux);
  Op op, by_imm;
  switch (sum.op) {
  case ir::Op::Add:
    op = Op::AddStore, by_imm = Op::AddImm;
    break;
  case ir::Op::Sub:
    op = Op::SubStore, by_imm = Op::SubImm;
    break;
  case ir::Op::And:
    op = Op::AndStore, by_imm = Op::AndImm;
    break;
  case ir::Op::Or:
    op = Op::OrStore, by_imm = Op::OrImm;
    break;
  case ir::Op::Xor:
    op = Op::XorStore, by_imm = Op::XorImm;
    break;
  default:
    return false;
  }
  if (info_[r.arg(1)].uses != 1 || is_demanded(r.arg(1)) || x64::width_of(sum.type) != w)
    return false;
  Value loaded = sum.arg(0), other = sum.arg(1);
  auto matches = [&](Value v) {
    const InstRow &l = row(v);
    return l.op == ir::Op::Load && l.a == r.a && l.c == r.c && ir::Access::unpack(l.aux).alias == access.alias &&
           can_sink(v, bytes_of(w));
  };
  if (!matches(loaded)) {
    if (sum.op == ir::Op::Sub || !matches(other))
      return false;
    std::swap(loaded, other);
  }
  RmOperand m = sink(loaded);
  if (const_fits(other)) {
    make(by_imm, w).rm(m).imm(static_cast<u64>(const_value(other)));
  } else {
    VReg x = reg(other);
    make(op, w).use(x).rm(m);
  }
  return true;
}

void Lowering::store(Inst, const InstRow &r, u32) {
  ir::Access access = ir::Access::unpack(r.aux);
  u32 bytes = 1u << access.size_log2;
  Type type = fn_->type(r.arg(1));
  if ((type == Type::I32 && bytes == 4) || (type == Type::I64 && bytes == 8))
    if (store_in_place(r, x64::width_of(type)))
      return;
  RmOperand m = address(r.arg(0), r.c);
  m.faults = access.can_trap;
  m.trap = access.trap;
  store_value(bytes <= 2 ? stored_part(r.arg(1), bytes) : r.arg(1), bytes, m);
}

void Lowering::slot_load(Inst i, const InstRow &r, u32) {
  RmOperand m{.mode = Mode::Slot, .disp = static_cast<i32>(r.c)};
  ir::Access access;
  access.size_log2 = r.type == Type::V128 ? 4 : ir::size_of(r.type) == 8 ? 3 : 2;
  load_into(result(i), r.type, access, m, 0);
}

void Lowering::slot_store(Inst, const InstRow &r, u32) {
  store_value(r.arg(0), ir::size_of(fn_->type(r.arg(0))), {.mode = Mode::Slot, .disp = static_cast<i32>(r.c)});
}

} // namespace trapeze::x64
