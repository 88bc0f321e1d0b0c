// Frame, jumps, calls and traps (abi/convention.hh).
//
//   push rbp
//   mov  rbp, rsp
//   push r13                         ; has_instance_slot
//   push rbx  ...                    ; saved registers in their order
//   sub  rsp, size - what was pushed
//   mov  r11, [r13 + store]          ; the frame can be walked, and nothing far below its top is written yet:
//   cmp  rsp, [r11 + stack_limit]    ; a frame may be larger than the room left under the limit
//   jb   stack_overflow
//   mov  dword [rbp - n], 0          ; home slots of references
//
// Parameters are still where the caller left them, the overflow cells too: nothing above calls or writes them.
#include "target/x64/emit.hh"

#include "abi/builtins.hh"
#include "abi/vmctx.hh"
#include "base/assert.hh"

#include <algorithm>
#include <bit>
#include <cstddef>

namespace trapeze::x64 {

using codegen::JumpShape;

/// A function without calls and with a smaller frame needs no check: its callers left that much.
static constexpr u32 unchecked_frame = 512;

static bool has_tail_call(const codegen::MFunction &m) {
  for (const codegen::MBlockRow &b : m.blocks) {
    Op op = op_of(m.insts[b.first_inst + b.inst_count - 1]);
    if (op == Op::ReturnCall || op == Op::ReturnCallPtr || op == Op::ReturnCallLocal)
      return true;
  }
  return false;
}

void Emitter::stack_check() {
  bool is_needed = m_->has_calls || out_->frame.size > unchecked_frame || has_tail_call(*m_);
  if (!settings_->checks_stack || !is_needed)
    return;
  put(Op::MovLoad, Width::W64, scratch, memory(instance_reg, offsetof(abi::InstanceContext, store)));
  put(Op::Cmp, Width::W64, rsp, memory(scratch, offsetof(abi::StoreContext, stack_limit)));
  if (settings_->for_size)
    return trap_in_line(Cond::B, abi::TrapCode::StackOverflow);
  jump_if(Cond::B, trap_label(abi::TrapCode::StackOverflow, ~0u));
}

/// Instance slot and saved registers lie right below rbp in this order, so pushes put them there.
u32 Emitter::pushed_bytes() const {
  const image::FrameInfo &frame = out_->frame;
  return 8 * (static_cast<u32>(std::popcount(frame.saved_mask)) + frame.has_instance_slot);
}

void Emitter::prologue() {
  const image::FrameInfo &frame = out_->frame;
  if (settings_->branch_target_marks)
    buffer_.put32(0xfa1e0ff3); // endbr64
  out_->frame.has_branch_mark = settings_->branch_target_marks;
  rm_only(Op::Push, Width::W64, rbp);
  rr(Op::MovLoad, Width::W64, rbp, rsp);
  if (frame.has_instance_slot)
    rm_only(Op::Push, Width::W64, instance_reg);
  for (u32 k = 0; k < 4; ++k)
    if (frame.saved_mask >> k & 1)
      rm_only(Op::Push, Width::W64, saved_regs[k]);
  if (u32 rest = frame.size - pushed_bytes())
    rm_only(Op::SubImm, Width::W64, rsp, rest);
  stack_check();
  clear_ref_slots();
  out_->frame.prologue_size = static_cast<u16>(buffer_.size() > 0xffff ? 0xffff : buffer_.size());
}

/// The collector reads the home slots of references at every call.
void Emitter::clear_ref_slots() {
  for (const codegen::FrameSlot &s : m_->slots)
    if (s.is_ref)
      home_refs_.push_back(s.offset);
  bool by_register = home_refs_.size() > 2;
  if (by_register)
    rr(Op::Xor, Width::W32, scratch, scratch);
  for (i32 offset : home_refs_)
    if (by_register)
      put(Op::MovStore, Width::W32, scratch, memory(rbp, offset));
    else
      put(Op::MovStoreImm, Width::W32, no_register, memory(rbp, offset), 0);
}

/// rsp is where the prologue left it: back the same way. The instance slot holds what r13 holds. `end_epilogue` says
/// when it has left.
void Emitter::epilogue() {
  const image::FrameInfo &frame = out_->frame;
  out_->epilogues.push_back({buffer_.size(), 0});
  if (u32 rest = frame.size - pushed_bytes())
    rm_only(Op::AddImm, Width::W64, rsp, rest);
  for (u32 k = 4; k-- > 0;)
    if (frame.saved_mask >> k & 1)
      rm_only(Op::Pop, Width::W64, saved_regs[k]);
  if (frame.has_instance_slot)
    rm_only(Op::Pop, Width::W64, instance_reg);
  rm_only(Op::Pop, Width::W64, rbp);
}

void Emitter::end_epilogue() { out_->epilogues.back().end = buffer_.size(); }

// --- jumps

void Emitter::jump(Label target) {
  u32 start = buffer_.size();
  put(Op::JmpRel, Width::W32, no_register, {});
  buffer_.jump(start, JumpShape{5, 2}, target);
}

void Emitter::jump_if(Cond cc, Label target) {
  u32 start = buffer_.size();
  put(Op::JccRel, Width::W32, no_register, {}, 0, cc);
  buffer_.jump(start, JumpShape{6, 2}, target);
}

void Emitter::trap_if(Cond cc, Label target) {
  if (cc == Cond::FloatEq) {
    Label skip = buffer_.label();
    jump_if(Cond::P, skip);
    jump_if(Cond::E, target);
    buffer_.bind(skip);
  } else if (cc == Cond::FloatNe) {
    jump_if(Cond::Ne, target);
    jump_if(Cond::P, target);
  } else {
    jump_if(cc, target);
  }
}

u32 Emitter::epilogue_bytes() const {
  const u32 rest = out_->frame.size - pushed_bytes(), saved = out_->frame.saved_mask;
  return (rest == 0    ? 0
          : rest < 128 ? 4
                       : 7) +
         static_cast<u32>(std::popcount(saved)) + static_cast<u32>(std::popcount(saved & ~1u)) +
         2 * out_->frame.has_instance_slot + 2;
}

void Emitter::do_return(const MInst &) {
  constexpr u32 jump_bytes = 5;
  if (settings_->for_size && epilogue_bytes() > jump_bytes) {
    if (!base::is_none(shared_return_))
      return jump(shared_return_);
    buffer_.bind(shared_return_ = buffer_.label());
  }
  epilogue();
  put(Op::RetNear, Width::W64, no_register, {});
  end_epilogue();
}

void Emitter::do_jump(const MInst &) {
  MBlock target = thread(m_->blocks[static_cast<MBlock>(block_)].succs[0].target);
  if (target != next_emitted(block_))
    jump(block_labels_[static_cast<u32>(target)]);
}

void Emitter::do_branch(const MInst &i) {
  const auto &succs = m_->blocks[static_cast<MBlock>(block_)].succs;
  MBlock yes = thread(succs[0].target), no = thread(succs[1].target), next = next_emitted(block_);
  Cond cc = cond(i);
  auto label = [&](MBlock b) { return block_labels_[static_cast<u32>(b)]; };
  if (cc == Cond::FloatNe) {
    std::swap(yes, no);
    cc = Cond::FloatEq;
  }
  if (yes == no) {
    if (yes != next)
      jump(label(yes));
    return;
  }
  if (cc == Cond::FloatEq) { // parity first: unordered sets ZF too
    jump_if(Cond::P, label(no));
    cc = Cond::E;
  }
  if (yes == next)
    return jump_if(inverse(cc), label(no));
  jump_if(cc, label(yes));
  if (no != next)
    jump(label(no));
}

///   cmp index, entries - 1
///   jae the last entry's        ; predicted: the load need not wait for the compare
///   lea r11, [table]            ; distances from itself
///   movsxd to, [r11 + 4*index]
///   add to, r11
///   jmp to
void Emitter::do_table_jump(const MInst &i) {
  u8 index = reg(i, 0), to = def(i);
  u32 first = static_cast<u32>(i.imm), cases = static_cast<u32>(i.disp) - 1;
  rm_only(Op::CmpImm, Width::W32, index, cases);
  jump_if(Cond::Ae, label_of(m_->jump_targets[first + cases]));
  Label table = buffer_.label();
  tables_.push_back({first, cases, table});
  put(Op::Lea, Width::W64, scratch, {Rm::of(Memory{.base = rip_register}), table});
  put(Op::Movsx32, Width::W64, to, {Rm::of(Memory{.base = scratch, .index = index, .scale_log2 = 2})});
  rr(Op::Add, Width::W64, to, scratch);
  rm_only(Op::JmpRm, Width::W64, to);
}

/// Many entries go to few targets: runs of equal ones are told apart by binary search, single indices between equal
/// runs by a chain.
///   cmp index, 40 ; jae b            ; 0-9: A, 10-39: B, 40: C, from 41 on: B
///   cmp index, 10 ; jb A ; jmp B
///   b: cmp index, 40 ; je C ; jmp B
void Emitter::do_switch(const MInst &i) {
  const MBlock *targets = m_->jump_targets.data() + i.imm;
  runs_.clear();
  for (u32 k = 0; k < static_cast<u32>(i.disp); ++k)
    if (MBlock target = thread(targets[k]); runs_.empty() || runs_.back().target != target)
      runs_.push_back({k, target});
  decide(reg(i, 0), 0, static_cast<u32>(runs_.size()), true);
}

void Emitter::compare_index(u8 index, u32 with) {
  if (with == 0)
    rr(Op::Test, Width::W32, index, index);
  else
    rm_only(Op::CmpImm, Width::W32, index, with);
}

/// Tells the runs [first, end) apart. `is_last`: what is emitted next is the next block.
void Emitter::decide(u8 index, u32 first, u32 end, bool is_last) {
  if (decide_points(index, first, end, is_last))
    return;
  u32 middle = first + (end - first) / 2;
  compare_index(index, runs_[middle].first);
  if (end - middle == 1) {
    jump_if(Cond::Ae, block_labels_[static_cast<u32>(runs_[middle].target)]);
    return decide(index, first, middle, is_last);
  }
  if (middle - first == 1) {
    jump_if(Cond::B, block_labels_[static_cast<u32>(runs_[first].target)]);
    return decide(index, middle, end, is_last);
  }
  Label above = buffer_.label();
  jump_if(Cond::Ae, above);
  decide(index, first, middle, false);
  buffer_.bind(above);
  decide(index, middle, end, is_last);
}

/// One target for all but up to four single indices. The last run's end is not known here, so it is no single index.
bool Emitter::decide_points(u8 index, u32 first, u32 end, bool is_last) {
  constexpr u32 point_limit = 4;
  MBlock others = runs_[end - 1].target;
  u32 points = 0;
  for (u32 k = first; k < end; ++k) {
    if (runs_[k].target == others)
      continue;
    if (runs_[k + 1].first - runs_[k].first != 1 || ++points > point_limit)
      return false;
  }
  for (u32 k = first; k < end; ++k) {
    if (runs_[k].target == others)
      continue;
    compare_index(index, runs_[k].first);
    jump_if(Cond::E, block_labels_[static_cast<u32>(runs_[k].target)]);
  }
  if (!is_last || others != next_emitted(block_))
    jump(block_labels_[static_cast<u32>(others)]);
  return true;
}

/// Where only size counts, a trap in no loop stands in line: that takes four bytes, a stub with a long jump to it
/// eight.
void Emitter::do_trap_if(const MInst &i) {
  Cond cc = cond(i);
  bool in_line = settings_->for_size && cc != Cond::FloatEq && cc != Cond::FloatNe &&
                 m_->blocks[static_cast<MBlock>(block_)].loop_depth == 0;
  if (!in_line)
    return trap_if(cc, trap_label(i.trap, i.source));
  trap_in_line(cc, i.trap);
}

void Emitter::trap_in_line(Cond cc, abi::TrapCode code) {
  Label on = buffer_.label();
  jump_if(inverse(cc), on);
  note_trap(code);
  put(Op::Ud2, Width::W32, no_register, {});
  buffer_.bind(on);
}

void Emitter::do_trap(const MInst &i) {
  note_trap(i.trap);
  put(Op::Ud2, Width::W32, no_register, {});
}

/// Never reached, but the return address before it must belong to this function.
void Emitter::do_unreachable(const MInst &) { put(Op::Ud2, Width::W32, no_register, {}); }

void Emitter::do_poll(const MInst &i) {
  put(Op::Cmp, Width::W64, rsp, memory(reg(i, 0), offsetof(abi::StoreContext, stack_limit)));
  jump_if(Cond::B, trap_label(i.trap, i.source));
}

// --- calls

/// Home slots of references, at every call, and the spill slots live across this one. Calls with home slots only share
/// one list, and so do neighbours with equal lists.
void Emitter::note_call(const MInst &i) {
  auto &slots = out_->ref_slots;
  while (next_safepoint_ < a_->safepoints.size() && a_->safepoints[next_safepoint_].inst < inst_)
    ++next_safepoint_;
  bool has_spills = next_safepoint_ < a_->safepoints.size() && a_->safepoints[next_safepoint_].inst == inst_ &&
                    a_->safepoints[next_safepoint_].slots.count != 0;
  image::CallSite site{buffer_.size(), i.region, 0, static_cast<u32>(home_refs_.size())};
  if (has_spills || (!home_refs_.empty() && !has_home_list_)) {
    site.first_slot = static_cast<u32>(slots.size());
    slots.insert(slots.end(), home_refs_.begin(), home_refs_.end());
    if (has_spills) {
      base::PoolRange range = a_->safepoints[next_safepoint_].slots;
      for (u32 k = range.first; k < range.first + range.count; ++k)
        slots.push_back(a_->spill_slots[a_->safepoint_slots[k]].offset);
    } else {
      has_home_list_ = true;
      home_list_ = site.first_slot;
    }
    site.slot_count = static_cast<u32>(slots.size()) - site.first_slot;
  } else {
    site.first_slot = home_list_;
  }
  if (has_spills && !out_->calls.empty()) {
    const image::CallSite &last = out_->calls.back();
    auto begin = slots.begin();
    if (last.slot_count == site.slot_count &&
        std::equal(begin + last.first_slot, begin + last.first_slot + last.slot_count, begin + site.first_slot)) {
      slots.resize(site.first_slot);
      site.first_slot = last.first_slot;
    }
  }
  out_->calls.push_back(site);
}

void Emitter::do_call(const MInst &i) {
  put(Op::CallRel, Width::W64, no_register, {});
  out_->relocations.push_back({buffer_.size() - 4, static_cast<u32>(i.imm)});
  note_call(i);
}

void Emitter::do_call_ptr(const MInst &i) {
  rr(Op::MovLoad, Width::W64, instance_reg, reg(i, 1));
  rm_only(Op::CallRm, Width::W64, reg(i, 0));
  note_call(i);
  put(Op::MovLoad, Width::W64, instance_reg, memory(rbp, -8));
}

void Emitter::do_call_local(const MInst &i) {
  rm_only(Op::CallRm, Width::W64, reg(i, 0));
  note_call(i);
}

void Emitter::do_call_builtin(const MInst &i) {
  put(Op::CallRm, Width::W64, no_register, memory(reg(i, 0), static_cast<i32>(8 * i.imm)));
  note_call(i);
}

void Emitter::do_return_call(const MInst &i) {
  epilogue();
  put(Op::JmpRel, Width::W32, no_register, {});
  out_->relocations.push_back({buffer_.size() - 4, static_cast<u32>(i.imm)});
  end_epilogue();
}

void Emitter::do_return_call_local(const MInst &) {
  epilogue();
  rm_only(Op::JmpRm, Width::W64, tail_code);
  end_epilogue();
}

void Emitter::do_return_call_ptr(const MInst &) {
  epilogue();
  Label other = buffer_.label();
  rr(Op::Cmp, Width::W64, tail_context, instance_reg);
  jump_if(Cond::Ne, other);
  rm_only(Op::JmpRm, Width::W64, tail_code);
  buffer_.bind(other);
  put(Op::MovLoad, Width::W64, scratch, memory(instance_reg, offsetof(abi::InstanceContext, builtins)));
  put(Op::JmpRm, Width::W64, no_register, memory(scratch, static_cast<i32>(8 * abi::cross_instance_tail_slot)));
  end_epilogue();
}

// --- landing for the system's unwinder

/// One cold pad per region with clauses; a region without lands at its parent's. A parent comes before its children, so
/// its labels exist when theirs are wanted.
void Emitter::emit_system_pads() {
  system_pads_.assign(out_->regions.size(), codegen::no_label);
  dispatchers_.assign(out_->regions.size(), codegen::no_label);
  for (u32 k = 0; k < out_->regions.size(); ++k) {
    const image::Region &region = out_->regions[k];
    ASSERT(region.parent == image::no_region || region.parent < k);
    if (region.clause_count != 0) {
      emit_system_pad(k);
    } else if (region.parent != image::no_region) {
      system_pads_[k] = system_pads_[region.parent];
      dispatchers_[k] = dispatchers_[region.parent];
    }
  }
}

//   lea  rsp, [rbp - size]           ; rax: exception object, edx: selector; nothing else but rbp is right
//   mov  r13, [rbp - 8]
//   mov  rdi, rax
//   mov  esi, edx
//   mov  r11, [r13 + builtins]
//   call [r11 + BeginCatch]          ; -> the clause, of this region or one around it
// dispatch:
//   cmp  eax, clause                 ; for each of this region
//   je   pad
//   jmp  dispatch of the parent
void Emitter::emit_system_pad(u32 k) {
  const image::Region &region = out_->regions[k];
  set_source(~0u);
  buffer_.bind(system_pads_[k] = buffer_.label());
  if (settings_->branch_target_marks)
    buffer_.put32(0xfa1e0ff3); // endbr64
  put(Op::Lea, Width::W64, rsp, memory(rbp, -static_cast<i32>(out_->frame.size)));
  put(Op::MovLoad, Width::W64, instance_reg, memory(rbp, -8));
  rr(Op::MovLoad, Width::W64, rdi, rax);
  rr(Op::MovLoad, Width::W32, rsi, rdx);
  put(Op::MovLoad, Width::W64, scratch, memory(instance_reg, offsetof(abi::InstanceContext, builtins)));
  put(Op::CallRm, Width::W64, no_register,
      memory(scratch, static_cast<i32>(8 * static_cast<u32>(abi::Builtin::BeginCatch))));
  out_->calls.push_back({buffer_.size()}); // does not collect: no slots
  buffer_.bind(dispatchers_[k] = buffer_.label());
  Label outer = region.parent == image::no_region ? codegen::no_label : dispatchers_[region.parent];
  u32 last = region.first_clause + region.clause_count - 1;
  for (u32 c = region.first_clause; c < last || (c == last && outer != codegen::no_label); ++c) {
    rm_only(Op::CmpImm, Width::W32, rax, c);
    jump_if(Cond::E, clause_pads_[c]);
  }
  jump(outer == codegen::no_label ? clause_pads_[last] : outer);
}

} // namespace trapeze::x64
