// Emission: rows with places into bytes and the tables of image::CompiledFunction.
//
//   prologue | blocks in order, edits before their rows | cold sequences | trap stubs || pool | jump tables
//
// Everything is emitted once, jumps long; then CodeBuffer::shrink shortens jumps and all offsets noted so far
// move; then constants and tables are put behind the code and displacements resolved.
// Blocks that are only a jump are never emitted: jumps to them go where they go (`thread`).
// Invariants: edits never write flags that the next row uses; sequences use r11 and xmm15 freely, edits only between
// rows.
#pragma once

#include "codegen/code_buffer.hh"
#include "codegen/machine.hh"
#include "codegen/target.hh"
#include "image/compiled_function.hh"
#include "target/x64/encode.hh"
#include "target/x64/registers.hh"

#include <unordered_map>

namespace trapeze::x64 {

using codegen::Label;
using codegen::MBlock;
using codegen::MInst;
using codegen::Place;
using codegen::VKind;

class Emitter {
public:
  void run(const ir::Function &fn, const codegen::MFunction &m, const codegen::Allocation &a,
           const codegen::Settings &settings, image::CompiledFunction &out);

private:
  friend struct Sequences;
  using Handler = void (Emitter::*)(const MInst &);

  struct ColdSequence {
    u32 inst;
    Label entry, back;
  };
  struct TrapStub {
    abi::TrapCode code;
    u32 source;
    Label label;
  };
  struct PoolConstant {
    u64 bits;
    u32 size;
    Label label;
  };
  struct Flags { ///< what they say: the sign of `reg` and whether it is zero
    u8 reg = no_register;
    Width width{};
    bool is_logic = false; ///< and OF = CF = 0
  };
  struct Run { ///< of a switch: indices from `first` to where the next run begins
    u32 first;
    MBlock target;
  };
  struct JumpTable {
    u32 first, count;
    Label label;
  };

  // --- emit.cpp: order, blocks, tables
  void reset();
  void find_empty_blocks();
  MBlock thread(MBlock b) const;
  Label label_of(MBlock b) { return block_labels_[static_cast<u32>(thread(b))]; }
  MBlock next_emitted(u32 block) const;
  void emit_block(u32 block);
  void emit_inst(u32 index);
  void emit_cold();
  void emit_system_pads();
  void emit_system_pad(u32 region);
  void emit_pool();
  void finish_tables();
  void collect_regions();
  void finish_regions();
  void set_source(u32 source);
  void note_trap(abi::TrapCode code) { out_->traps.push_back({buffer_.size(), code}); }
  void note_call(const MInst &i);
  Label trap_label(abi::TrapCode code, u32 source);
  Label pool_label(u64 bits, u32 size);
  Label cold_label(Label back);

  // --- emit_rows.cpp: table rows, moves, constants
  struct Fixed { ///< an rm operand with the label of its constant, if it is one
    Rm rm;
    Label label = codegen::no_label;
  };
  void put(Op op, Width w, u8 reg, const Fixed &f, u64 imm = 0, Cond cc = Cond::O);
  void rr(Op op, Width w, u32 reg, u32 rm) { put(op, w, static_cast<u8>(reg), {Rm::of(static_cast<u8>(rm))}); }
  void rm_only(Op op, Width w, u32 rm, u64 imm = 0, Cond cc = Cond::O) {
    put(op, w, no_register, {Rm::of(static_cast<u8>(rm))}, imm, cc);
  }
  void row(const MInst &i);
  void lea(const MInst &i, u8 dst);
  Fixed address(const MInst &i, u32 first_operand, u32 bytes);
  Fixed pool(u64 bits, u32 size) { return {Rm::of(Memory{.base = rip_register}), pool_label(bits, size)}; }
  static Fixed memory(u32 base, i32 disp) { return {Rm::of(Memory{.base = static_cast<u8>(base), .disp = disp})}; }
  Place place(const MInst &i, u32 operand) const { return a_->operands[i.first_operand + operand]; }
  u8 reg(const MInst &i, u32 operand) const;
  Rm rm(const MInst &i, u32 operand) const;
  u32 first_def(const MInst &i) const;
  u8 def(const MInst &i, u32 k = 0) const { return reg(i, first_def(i) + k); }
  i32 slot_offset(Place p) const { return a_->spill_slots[p.index].offset; }
  void edit(const codegen::Edit &e);
  void move(Place from, Place to, VKind kind);
  void move_slots(i32 from, i32 to, VKind kind);
  void rematerialise(const MInst &i, u8 to, bool keep_flags);
  bool push_constant(u8 to, Width w, u64 value);
  void load_constant(u8 to, Width w, u64 value, bool keep_flags);

  // --- emit_flags.cpp: tests that repeat what the flags say
  void follow_flags(Op op, Width w, u8 reg, const Rm &rm, u64 imm);
  void forget_flags() { flags_.reg = no_register; }
  bool is_known_test(const MInst &i);
  void clear_for_condition(const MInst &i);
  Cond cond(const MInst &i) const;

  // --- emit_control.cpp: frame, jumps, calls, traps
  u32 pushed_bytes() const;
  void prologue();
  void clear_ref_slots();
  void epilogue();
  void end_epilogue();
  u32 epilogue_bytes() const;
  void stack_check();
  void jump(Label target);
  void jump_if(Cond cc, Label target);
  void trap_if(Cond cc, Label target);
  void trap_in_line(Cond cc, abi::TrapCode code);
  void do_entry(const MInst &) {}
  void do_return(const MInst &i);
  void do_jump(const MInst &i);
  void do_branch(const MInst &i);
  void do_table_jump(const MInst &i);
  void do_switch(const MInst &i);
  void decide(u8 index, u32 first, u32 end, bool is_last);
  bool decide_points(u8 index, u32 first, u32 end, bool is_last);
  void compare_index(u8 index, u32 with);
  void do_trap_if(const MInst &i);
  void do_trap(const MInst &i);
  void do_unreachable(const MInst &i);
  void do_poll(const MInst &i);
  void do_call(const MInst &i);
  void do_call_ptr(const MInst &i);
  void do_call_local(const MInst &i);
  void do_call_builtin(const MInst &i);
  void do_return_call(const MInst &i);
  void do_return_call_ptr(const MInst &i);
  void do_return_call_local(const MInst &i);

  // --- emit_sequences.cpp
  void do_move(const MInst &i);
  void do_const(const MInst &i);
  void do_float_zero(const MInst &i);
  void do_instance(const MInst &i);
  void do_set_cond(const MInst &i);
  void do_cmov_pair(const MInst &i);
  void do_divide(const MInst &i);
  void do_mul_high(const MInst &i);
  void do_count_zeros(const MInst &i);
  void do_popcnt(const MInst &i);

  // --- emit_floats.cpp
  void do_float_select(const MInst &i);
  void do_min_max(const MInst &i);
  void do_convert(const MInst &i);
  void do_convert_u64(const MInst &i);
  void do_trunc(const MInst &i);
  void cold_convert_u64(const MInst &i);
  void cold_trunc(const MInst &i);
  void cold_saturate(const MInst &i);

  const ir::Function *fn_ = nullptr;
  const codegen::MFunction *m_ = nullptr;
  const codegen::Allocation *a_ = nullptr;
  const codegen::Settings *settings_ = nullptr;
  image::CompiledFunction *out_ = nullptr;
  codegen::CodeBuffer buffer_;
  std::vector<Label> block_labels_;
  std::vector<u8> is_empty_;
  u32 block_ = 0, inst_ = 0;
  usize next_edit_ = 0, next_safepoint_ = 0;
  u32 source_ = ~0u;
  std::vector<i32> home_refs_; ///< frame offsets of home slots that hold references
  u32 home_list_ = 0;          ///< where ref_slots has just these, if has_home_list_
  bool has_home_list_ = false;
  Flags flags_;
  u32 cleared_for_ = ~0u;                   ///< the SetCond row whose target is 0 already
  u32 sign_user_ = ~0u;                     ///< the row that finds the sign in SF alone: OF may be set
  Label shared_return_ = codegen::no_label; ///< where only size counts: the first epilogue
  Label cold_back_ = codegen::no_label;
  std::vector<Label> clause_pads_;               ///< per row of out_->clauses
  std::vector<Label> system_pads_, dispatchers_; ///< per region
  std::vector<ColdSequence> cold_;
  std::vector<TrapStub> stubs_;
  std::vector<PoolConstant> pool_;
  std::vector<JumpTable> tables_;
  std::vector<Run> runs_; ///< of the switch at hand
  std::unordered_map<u64, u32> stub_index_, pool_index_;
};

} // namespace trapeze::x64
