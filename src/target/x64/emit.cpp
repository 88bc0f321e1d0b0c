// The order of a function's bytes, and its tables.
#include "target/x64/emit.hh"

#include "base/assert.hh"
#include "ir/function.hh"

#include <array>

namespace trapeze::x64 {

using codegen::MBlockRow;

struct Sequences {
  std::array<Emitter::Handler, op_count - inst_count> handlers{};

  constexpr void set(Op op, Emitter::Handler h) { handlers[static_cast<u32>(op) - inst_count] = h; }
  constexpr Sequences() {
    using E = Emitter;
    set(Op::Entry, &E::do_entry), set(Op::Return, &E::do_return), set(Op::Jump, &E::do_jump);
    set(Op::Branch, &E::do_branch);
    set(Op::TableJump, &E::do_table_jump), set(Op::Switch, &E::do_switch), set(Op::TrapIf, &E::do_trap_if);
    set(Op::Trap, &E::do_trap), set(Op::Unreachable, &E::do_unreachable), set(Op::Poll, &E::do_poll);
    set(Op::Call, &E::do_call), set(Op::CallPtr, &E::do_call_ptr), set(Op::CallLocal, &E::do_call_local);
    set(Op::CallBuiltin, &E::do_call_builtin), set(Op::ReturnCall, &E::do_return_call);
    set(Op::ReturnCallPtr, &E::do_return_call_ptr), set(Op::ReturnCallLocal, &E::do_return_call_local);
    set(Op::Move, &E::do_move), set(Op::Const, &E::do_const), set(Op::FloatZero, &E::do_float_zero);
    set(Op::Instance, &E::do_instance), set(Op::SetCond, &E::do_set_cond), set(Op::CmovPair, &E::do_cmov_pair);
    for (Op op : {Op::DivS, Op::DivU, Op::RemS, Op::RemU})
      set(op, &E::do_divide);
    set(Op::MulHighU, &E::do_mul_high), set(Op::MulHighS, &E::do_mul_high), set(Op::Clz, &E::do_count_zeros),
        set(Op::Ctz, &E::do_count_zeros);
    set(Op::PopcntClean, &E::do_popcnt), set(Op::FloatSelect, &E::do_float_select);
    set(Op::Fmin, &E::do_min_max), set(Op::Fmax, &E::do_min_max);
    set(Op::ConvertS32, &E::do_convert), set(Op::ConvertS64, &E::do_convert);
    set(Op::ConvertU64, &E::do_convert_u64);
    for (u32 op = static_cast<u32>(Op::TruncS32); op <= static_cast<u32>(Op::TruncSatU64); ++op)
      set(static_cast<Op>(op), &E::do_trunc);
  }
};

static constexpr Sequences sequences;

/// Clearing a hash table costs as much as it has ever held: one large function must not burden all later ones.
static void forget(std::unordered_map<u64, u32> &map) {
  if (map.empty())
    return;
  if (map.bucket_count() > 256)
    map = {};
  else
    map.clear();
}

void Emitter::reset() {
  buffer_.clear();
  block_labels_.clear();
  for (u32 b = 0; b < m_->blocks.size(); ++b)
    block_labels_.push_back(buffer_.label());
  next_edit_ = next_safepoint_ = 0;
  source_ = sign_user_ = cleared_for_ = ~0u;
  shared_return_ = codegen::no_label;
  forget_flags();
  cold_.clear();
  stubs_.clear();
  pool_.clear();
  tables_.clear();
  forget(stub_index_);
  forget(pool_index_);
  home_refs_.clear();
  home_list_ = 0;
  has_home_list_ = false;
  out_->clear();
  out_->func = fn_->func;
  out_->frame = a_->frame;
}

void Emitter::find_empty_blocks() {
  is_empty_.assign(m_->blocks.size(), 0);
  usize e = 0;
  for (u32 b = 1; b < m_->blocks.size(); ++b) {
    const MBlockRow &row = m_->blocks[static_cast<MBlock>(b)];
    while (e < a_->edits.size() && a_->edits[e].inst < row.first_inst)
      ++e;
    bool has_edit = e < a_->edits.size() && a_->edits[e].inst < row.first_inst + row.inst_count;
    is_empty_[b] = row.inst_count == 1 && !has_edit && op_of(m_->insts[row.first_inst]) == Op::Jump &&
                   static_cast<u32>(row.succs[0].target) != b;
  }
  // An endless loop of empty blocks must keep one: cut every chain that is longer than any sensible one.
  for (u32 b = 1; b < m_->blocks.size(); ++b) {
    u32 at = b, steps = 0;
    while (is_empty_[at] && steps++ < 64)
      at = static_cast<u32>(m_->blocks[static_cast<MBlock>(at)].succs[0].target);
    if (is_empty_[at])
      is_empty_[at] = 0;
  }
}

MBlock Emitter::thread(MBlock b) const {
  while (is_empty_[static_cast<u32>(b)])
    b = m_->blocks[b].succs[0].target;
  return b;
}

MBlock Emitter::next_emitted(u32 block) const {
  for (u32 b = block + 1; b < m_->blocks.size(); ++b)
    if (!is_empty_[b])
      return static_cast<MBlock>(b);
  return base::none_id<MBlock>();
}

void Emitter::set_source(u32 source) {
  if (source == source_)
    return;
  source_ = source;
  auto &rows = out_->addresses;
  if (!rows.empty() && rows.back().code_offset == buffer_.size())
    rows.pop_back();
  if (rows.empty() ? source != ~0u : rows.back().position != source)
    rows.push_back({buffer_.size(), source});
}

void Emitter::emit_inst(u32 index) {
  while (next_edit_ < a_->edits.size() && a_->edits[next_edit_].inst <= index) {
    ASSERT_SLOW(a_->edits[next_edit_].inst == index);
    edit(a_->edits[next_edit_++]);
  }
  const MInst &i = m_->insts[index];
  inst_ = index;
  if ((i.flags & codegen::is_remat) && place(i, 0).kind == Place::Kind::None)
    return;
  set_source(i.source);
  Op op = op_of(i);
  if (!is_pseudo(op))
    return row(i);
  Handler handler = sequences.handlers[static_cast<u32>(op) - inst_count];
  ASSERT(handler != nullptr);
  (this->*handler)(i);
  if (op != Op::Const && op != Op::Move && op != Op::Instance && op != Op::FloatZero)
    forget_flags(); // sequences have labels inside
}

void Emitter::emit_block(u32 block) {
  block_ = block;
  buffer_.bind(block_labels_[block]);
  forget_flags();
  const MBlockRow &row = m_->blocks[static_cast<MBlock>(block)];
  if (settings_->branch_target_marks && row.is_pad)
    buffer_.put32(0xfa1e0ff3); // endbr64
  for (u32 k = 0; k < row.inst_count; ++k)
    emit_inst(row.first_inst + k);
}

Label Emitter::trap_label(abi::TrapCode code, u32 source) {
  u64 key = static_cast<u64>(code) << 32 | source;
  auto [at, is_new] = stub_index_.try_emplace(key, static_cast<u32>(stubs_.size()));
  if (is_new)
    stubs_.push_back({code, source, buffer_.label()});
  return stubs_[at->second].label;
}

Label Emitter::pool_label(u64 bits, u32 size) {
  // Sizes 4, 8, 16: mixed into the key so that equal bits of different sizes stay apart.
  u64 key = bits * 0x9e3779b97f4a7c15 + size;
  for (;; ++key) {
    auto [at, is_new] = pool_index_.try_emplace(key, static_cast<u32>(pool_.size()));
    if (is_new)
      pool_.push_back({bits, size, buffer_.label()});
    const PoolConstant &c = pool_[at->second];
    if (c.bits == bits && c.size == size)
      return c.label;
  }
}

/// The entry of a sequence behind the function that continues this row, and comes back to `back`.
Label Emitter::cold_label(Label back) {
  Label entry = buffer_.label();
  cold_.push_back({inst_, entry, back});
  return entry;
}

void Emitter::emit_cold() {
  for (usize k = 0; k < cold_.size(); ++k) {
    ColdSequence c = cold_[k];
    const MInst &i = m_->insts[c.inst];
    set_source(i.source);
    buffer_.bind(c.entry);
    cold_back_ = c.back;
    if (op_of(i) == Op::ConvertU64)
      cold_convert_u64(i);
    else
      cold_trunc(i);
  }
  for (const TrapStub &s : stubs_) {
    set_source(s.source);
    buffer_.bind(s.label);
    note_trap(s.code);
    put(Op::Ud2, Width::W32, no_register, {});
  }
}

/// Constants by falling size, so each is aligned; then the jump tables.
void Emitter::emit_pool() {
  if (!pool_.empty())
    buffer_.align(16, 0xcc);
  for (u32 size : {16u, 8u, 4u})
    for (const PoolConstant &c : pool_)
      if (c.size == size) {
        buffer_.bind(c.label);
        buffer_.put(c.bits, size == 4 ? 4 : 8);
        if (size == 16)
          buffer_.put64(c.bits);
      }
  for (const JumpTable &t : tables_) {
    buffer_.align(4, 0xcc);
    buffer_.bind(t.label);
    u32 start = buffer_.size();
    for (u32 k = 0; k < t.count; ++k) {
      buffer_.fix_up(buffer_.size(), start, label_of(m_->jump_targets[t.first + k]));
      buffer_.put32(0);
    }
  }
}

void Emitter::finish_tables() {
  for (auto &r : out_->relocations)
    r.offset = buffer_.moved(r.offset);
  for (auto &t : out_->traps)
    t.offset = buffer_.moved(t.offset);
  for (auto &c : out_->calls)
    c.return_offset = buffer_.moved(c.return_offset);
  for (auto &e : out_->addresses)
    e.code_offset = buffer_.moved(e.code_offset);
  for (auto &e : out_->epilogues)
    e = {buffer_.moved(e.begin), buffer_.moved(e.end)};
}

/// Regions and clauses; a clause whose pad no call reaches has no block and no row.
void Emitter::collect_regions() {
  clause_pads_.clear();
  if (m_->regions.empty())
    return;
  std::vector<MBlock> block_of(fn_->blocks.size(), base::none_id<MBlock>());
  for (u32 b = 0; b < m_->blocks.size(); ++b)
    block_of[m_->blocks[static_cast<MBlock>(b)].ir_block] = static_cast<MBlock>(b);
  for (u32 k = 0; k < m_->regions.size(); ++k) {
    image::Region region{m_->regions[k].parent, static_cast<u32>(out_->clauses.size()), 0};
    const base::PoolRange range = fn_->regions[static_cast<ir::Region>(k)].clauses;
    for (u32 c = range.first; c < range.first + range.count; ++c) {
      const ir::ClauseRow &clause = fn_->clauses[c];
      MBlock pad = block_of[base::index_of(clause.pad)];
      if (base::is_none(pad))
        continue;
      out_->clauses.push_back({clause.tag, 0, clause.with_ref});
      clause_pads_.push_back(label_of(pad));
    }
    region.clause_count = static_cast<u32>(out_->clauses.size()) - region.first_clause;
    out_->regions.push_back(region);
  }
}

void Emitter::finish_regions() {
  for (u32 c = 0; c < out_->clauses.size(); ++c)
    out_->clauses[c].pad = buffer_.offset(clause_pads_[c]);
  for (u32 k = 0; k < out_->regions.size(); ++k)
    if (system_pads_[k] != codegen::no_label) // else nothing catches: 0
      out_->regions[k].system_pad = buffer_.offset(system_pads_[k]);
}

static void shorten(u8 *bytes, u32 from, u32 to) {
  bytes[to] = bytes[from] == 0xe9 ? 0xeb : static_cast<u8>(bytes[from + 1] - 0x10); // 0f 8x -> 7x
}

void Emitter::run(const ir::Function &fn, const codegen::MFunction &m, const codegen::Allocation &a,
                  const codegen::Settings &settings, image::CompiledFunction &out) {
  fn_ = &fn, m_ = &m, a_ = &a, settings_ = &settings, out_ = &out;
  reset();
  find_empty_blocks();
  prologue();
  for (u32 b = 0; b < m.blocks.size(); ++b)
    if (!is_empty_[b])
      emit_block(b);
  emit_cold();
  collect_regions();
  emit_system_pads();
  buffer_.shrink(shorten);
  finish_tables();
  out.code_size = buffer_.size();
  out.alignment = settings.for_size && pool_.empty() && tables_.empty() ? 1 : 16;
  emit_pool();
  finish_regions();
  buffer_.resolve();
  out.code.assign(buffer_.bytes.begin(), buffer_.bytes.end());
}

} // namespace trapeze::x64
