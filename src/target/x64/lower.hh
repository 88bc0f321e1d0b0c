// Selection: one function of SSA into machine form over virtual registers.
//
// Idea. Blocks are visited in postorder and each from its end, so every use is seen before its definition:
// an instruction whose value nobody asked for by then was folded into all its users and is not emitted.
// Asking is `reg(v)`; folding is looking through a value's definition instead. What one IR instruction
// becomes (its group) is written forwards; groups are put in order at the end of the block.
//
// Invariants
//  - Upper halves. A register of kind I32 or Ref has its upper 32 bits zero ("clean"): every instruction that
//    writes one is a 32-bit operation, moves and reloads of these kinds are 32 bits wide. So ExtendU is no
//    instruction but another name of its operand. Three definitions are not clean: incoming parameters, results
//    of calls, and Wrap, which is another name of its 64-bit operand. Where a clean value is wanted from
//    one of these (`wants_clean`: an ExtendU, an unsigned conversion, a table index, also through block
//    parameters), its definition is followed by a 32-bit move.
//  - So a register may be of kind I32 for a 64-bit value (ExtendU) and the other way round (Wrap). Operands that may
//    sit in their spill slot (`any`) are permitted only where the slot is as wide as the access; block
//    arguments are made to agree in kind with their parameter.
//  - Flags live within one group: nothing that writes flags stands between a compare and its user.
//    Constants are made before the compare. What the allocator puts between never touches flags.
//  - A load may be folded (`sink`) if it has one use, in its own block, and no effect stands between.
#pragma once

#include "ir/cfg.hh"
#include "ir/function.hh"
#include "target/x64/insts.hh"
#include "target/x64/registers.hh"
#include "target/x64/target.hh"

#include <optional>

namespace trapeze::codegen {
struct Settings;
}

namespace trapeze::x64 {

using codegen::MBlock;
using codegen::MFunction;
using codegen::MInst;
using codegen::Operand;
using codegen::VKind;
using codegen::VReg;
using ir::Inst;
using ir::InstRow;
using ir::Type;
using ir::Value;

inline constexpr VReg no_vreg = base::none_id<VReg>();

constexpr VKind kind_of(Type t) {
  return t == Type::I64    ? VKind::I64
         : t == Type::F32  ? VKind::F32
         : t == Type::F64  ? VKind::F64
         : t == Type::V128 ? VKind::V128
         : t == Type::Ref  ? VKind::Ref
                           : VKind::I32;
}
constexpr Width width_of(Type t) { return t == Type::I64 || t == Type::F64 ? Width::W64 : Width::W32; }

/// The rm operand of a row to be: a register, or an address.
struct RmOperand {
  Mode mode = Mode::Reg;
  VReg a = no_vreg, b = no_vreg; ///< as many as the mode takes
  u8 scale_log2 = 0;
  i32 disp = 0;
  u64 pool = 0;
  bool faults = false;
  abi::TrapCode trap{};
};

class Lowering;

/// Writes one row; it joins the group when the full expression ends.
class RowMaker {
public:
  RowMaker(Lowering &lowering, Op op, Width w, Cond cc = Cond::O);
  ~RowMaker();
  RowMaker(const RowMaker &) = delete;

  RowMaker &use(VReg v) { return add(Operand::use(v)); }
  RowMaker &use_late(VReg v) { return add(Operand::use_late(v)); }
  RowMaker &use_fixed(VReg v, PReg r) { return add(Operand::use_fixed(v, r)); }
  RowMaker &def(VReg v) { return add(Operand::def(v)); }
  RowMaker &def_early(VReg v) { return add(Operand::def_early(v)); }
  RowMaker &def_fixed(VReg v, PReg r) { return add(Operand::def_fixed(v, r)); }
  RowMaker &def_reuse(VReg v, u8 use_index) { return add(Operand::def_reuse(v, use_index)); }
  /// The rm operand; `bytes` is the access if it is memory.
  RowMaker &rm(const RmOperand &x, u32 bytes);
  RowMaker &rm(const RmOperand &x);
  RowMaker &imm(u64 v) {
    row_.imm = v;
    return *this;
  }
  RowMaker &disp(i32 v) {
    row_.disp = v;
    return *this;
  }
  RowMaker &flags(u8 f) {
    row_.flags |= f;
    return *this;
  }
  RowMaker &trap(abi::TrapCode code) {
    row_.trap = code;
    return *this;
  }
  RowMaker &call(u8 clobbers, u32 region) {
    row_.flags |= codegen::is_call;
    row_.clobbers = clobbers;
    row_.region = region;
    return *this;
  }

private:
  RowMaker &add(Operand o);

  Lowering &lowering_;
  MInst row_;
};

class Lowering {
public:
  void run(const ir::Function &fn, const codegen::Settings &settings, MFunction &out);

private:
  friend class RowMaker;
  friend struct Rules;

  struct ValueInfo {
    VReg vreg = no_vreg;
    u32 uses = 0;
    u32 epoch = 0; ///< effects before it in its block
    bool wants_clean = false;
    bool is_sunk = false;
  };

  // --- lower.cpp: analysis and driver
  void analyse();
  void analyse_block(ir::Block b);
  void mark_clean();
  void recycle_blocks();
  codegen::MBlockRow fresh_block();
  void make_blocks();
  void make_edges(ir::Block b, codegen::MBlockRow &row);
  void make_regions();
  void lower_block(ir::Block b);
  void close_group();
  bool is_wanted(Inst i) const;

  // --- values
  const InstRow &row(Value v) const { return fn_->insts[v]; }
  bool is_const(Value v) const { return row(v).op == ir::Op::Const; }
  /// The constant, sign-extended from its type's width.
  i64 const_value(Value v) const;
  bool const_fits(Value v) const; ///< is a constant, and an imm32 at its width
  bool is_demanded(Value v) const { return !base::is_none(info_[v].vreg); }
  VReg fresh(VKind kind) { return out_->vregs.push({kind}); }
  VReg reg(Value v);
  VReg demand(Value v);
  VReg result(Inst i) { return demand(i); }
  VReg constant(const InstRow &r);
  VKind kind(VReg v) const { return out_->vregs[v].kind; }
  RowMaker make(Op op, Width w, Cond cc = Cond::O) { return RowMaker(*this, op, w, cc); }

  // --- lower_address.cpp: what may be folded
  bool can_sink(Value load, u32 bytes) const;
  RmOperand sink(Value load);
  RmOperand address(Value v, u32 offset);
  RmOperand sum(Value v);
  RmOperand decompose(std::span<const Value> terms, i64 disp);
  Value strip_consts(Value v, i64 &disp) const;
  bool is_free_add(Value v) const;
  bool is_scaled(Value v) const;
  RmOperand rm_reg(VReg v) const { return {Mode::Reg, v, no_vreg, 0, 0, 0, false, {}}; }
  /// A folded load of the value's full width, a pool constant, or a register.
  RmOperand rm(Value v);
  RmOperand field(i32 offset) const { return {Mode::Inst, no_vreg, no_vreg, 0, offset, 0, false, {}}; }
  VReg load_field(i32 offset);

  // --- lower_integers.cpp
  void add(Inst i, const InstRow &r, u32);
  void sub(Inst i, const InstRow &r, u32);
  void mul(Inst i, const InstRow &r, u32);
  void bitwise(Inst i, const InstRow &r, u32 op);
  void shift(Inst i, const InstRow &r, u32 op);
  void count_bits(Inst i, const InstRow &r, u32 op);
  void extend(Inst i, const InstRow &r, u32 op);
  void wrap(Inst i, const InstRow &r, u32);
  void two_address(Inst i, Op op, Value a, Value b, Width w, bool commutes);
  bool and_mask(Inst i, const InstRow &r);
  bool and_inverted(Inst i, const InstRow &r);
  bool lowest_bit(Inst i, const InstRow &r, Op op);

  // --- lower_division.cpp
  void divide(Inst i, const InstRow &r, u32 op);
  bool divide_by_constant(Inst i, const InstRow &r, u32 op);
  VReg quotient_u32(VReg x, u32 c, VReg to);
  VReg quotient_u64(VReg x, u64 c, VReg to);
  VReg quotient_s32(VReg x, u32 c, VReg to);
  VReg quotient_s64(VReg x, u64 c, VReg to);
  VReg wide_constant(u64 value);
  VReg shifted(Op op, VReg x, u32 count, VReg to = no_vreg);
  VReg multiplied(VReg x, u64 factor);
  VReg multiplied_high(Op op, VReg x, u64 factor);
  VReg added(VReg x, VReg y, VReg to = no_vreg);

  // --- lower_compare.cpp
  Cond condition(Value v);
  Cond compare(Inst i);
  Cond compare_zero(Value x, Cond cc, Width w);
  bool compare_narrow(Value x, Value c, Cond &cc);
  Cond compare_float(Inst i);
  struct CarryCompare {
    Value a, b;
    i64 limit = 0; ///< what `a` is compared with, where `b` is constant
    bool carry = false;
  };
  std::optional<CarryCompare> carry_compare(Inst i) const;
  void compare_to_carry(const CarryCompare &c);
  bool add_condition(Inst i, const InstRow &r, bool subtracts);
  void set_condition(Inst i, const InstRow &r, u32);
  void select(Inst i, const InstRow &r, u32);

  // --- lower_floats.cpp
  void float_binary(Inst i, const InstRow &r, u32 op);
  void float_min_max(Inst i, const InstRow &r, u32 op);
  void float_sign(Inst i, const InstRow &r, u32 op);
  void copysign(Inst i, const InstRow &r, u32);
  void round(Inst i, const InstRow &r, u32 mode);
  void sqrt(Inst i, const InstRow &r, u32);
  void truncate(Inst i, const InstRow &r, u32 op);
  void convert(Inst i, const InstRow &r, u32 is_signed);
  void change_size(Inst i, const InstRow &r, u32);
  void bitcast(Inst i, const InstRow &r, u32);

  // --- lower_memory.cpp
  void load(Inst i, const InstRow &r, u32);
  void store(Inst i, const InstRow &r, u32);
  Value stored_part(Value v, u32 bytes) const;
  bool store_in_place(const InstRow &r, Width w);
  void slot_load(Inst i, const InstRow &r, u32);
  void slot_store(Inst i, const InstRow &r, u32);
  void load_into(VReg v, Type type, ir::Access access, const RmOperand &m, u8 flags);
  void store_value(Value v, u32 bytes, const RmOperand &m);

  // --- lower_calls.cpp
  void call(Inst i, const InstRow &r, u32);
  void return_call(Inst i, const InstRow &r, u32);
  void enter();
  void return_values(Inst i, const InstRow &r, u32);
  struct Arrival {
    Value value; ///< no_inst: nobody wants it
    Type type;
    abi::Location at;
    VReg raw; ///< written by the entry or call, where it is a register
  };
  void place_values(std::span<const u32> values, abi::Assigner assigner, bool as_results);
  void expect(Value v, Type type, abi::Assigner &assigner);
  void define_arrivals(RowMaker &row, bool as_results);
  void finish_arrivals();
  void make_call(const ir::CallRow &call, std::span<const u32> args, ir::Op op);
  u8 clobbers(u32 ints, u32 floats);

  // --- lower_control.cpp
  void jump(Inst i, const InstRow &r, u32);
  void branch(Inst i, const InstRow &r, u32);
  void switch_(Inst i, const InstRow &r, u32);
  void trap(Inst i, const InstRow &r, u32);
  void unreachable(Inst i, const InstRow &r, u32);
  void trap_if(Inst i, const InstRow &r, u32);
  void poll(Inst i, const InstRow &r, u32);
  void nothing(Inst, const InstRow &, u32) {}
  void unsupported(Inst i, const InstRow &r, u32);

  bool has(CpuBit feature) const { return (cpu_ & feature) != 0; }

  const ir::Function *fn_ = nullptr;
  u32 cpu_ = 0; ///< codegen::Settings::cpu
  bool for_size_ = false;
  MFunction *out_ = nullptr;
  ir::Cfg cfg_;
  base::IdVec<Inst, ValueInfo> info_;
  base::IdVec<ir::Block, MBlock> block_of_;
  base::IdVec<MBlock, u32> named_by_; ///< the last block with an edge to it
  struct ParamPlace {                 ///< of a block parameter
    ir::Block block = ir::no_block;
    u32 position = 0;
  };
  base::IdVec<Inst, ParamPlace> param_places_;
  std::vector<codegen::MBlockRow> spare_blocks_; ///< rows of earlier functions, for their storage
  std::vector<MInst> group_, staged_;
  std::vector<Value> work_;
  std::vector<u32> staged_first_, staged_count_;
  std::vector<std::pair<VReg, PReg>> fixed_args_;
  std::vector<VReg> jump_args_;
  std::vector<Arrival> arrivals_;
  Inst root_ = ir::no_inst; ///< the instruction whose group is being written
  Inst root_compare_ = ir::no_inst;
  bool may_sink_ = true; ///< false while looking through a value that has other users
};

} // namespace trapeze::x64
