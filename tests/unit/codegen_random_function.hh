// Random machine functions over a little made-up target: structured control flow with joins, loops, switches, regions
// with pads; calls, fixed operands, copies, references, constants. Every function keeps lowering's promises
// (machine.hh).
#pragma once

#include "codegen/machine.hh"

#include <random>

namespace trapeze::codegen::testing {

inline constexpr PReg small_ints[] = {PReg{0}, PReg{1}, PReg{2}, PReg{3}, PReg{4}, PReg{5}};
inline constexpr PReg small_floats[] = {PReg{32}, PReg{33}, PReg{34}};
inline constexpr RegisterFile small_file{small_ints, small_floats, bit(PReg{4}) | bit(PReg{5}), PReg{15}, PReg{47}};

class RandomFunction {
public:
  /// `locality`: how many of 100 uses want a recent value.
  RandomFunction(u32 seed, u32 budget, u32 locality = 50)
      : random_(seed), budget_(static_cast<int>(budget)), locality_(locality) {}

  MFunction build() {
    m_.clear();
    m_.clobber_sets.push_back(0b1111 | u64{0xff} << 32);
    m_.clobber_sets.push_back(bit(PReg{1}));
    current_ = new_block();
    Inst entry;
    for (u32 r = 0; r < 3; ++r)
      entry.operands.push_back(Operand::def_fixed(define(r == 2 ? VKind::Ref : VKind::I64), PReg{static_cast<u8>(r)}));
    entry.operands.push_back(Operand::def_fixed(define(VKind::F64), PReg{32}));
    add(entry);
    while (budget_ > 0)
      statement();
    Inst ret;
    ret.flags = is_terminator;
    ret.operands.push_back(Operand::use_fixed(any(VKind::I64), PReg{0}));
    add(ret);
    flatten();
    return std::move(m_);
  }

private:
  struct Inst {
    u8 flags = 0, clobbers = 0;
    u32 region = ~0u;
    std::vector<Operand> operands;
  };
  struct Edge {
    u32 target;
    std::vector<VReg> args;
  };
  struct Block {
    std::vector<Inst> insts;
    std::vector<VReg> params;
    std::vector<Edge> succs;
    std::vector<u32> preds;
    u8 depth = 0;
    bool is_pad = false;
  };

  u32 pick(u32 n) { return static_cast<u32>(random_() % n); }
  bool chance(u32 percent) { return pick(100) < percent; }
  u32 new_block() {
    blocks_.push_back({});
    blocks_.back().depth = depth_;
    return static_cast<u32>(blocks_.size() - 1);
  }
  void add(Inst inst) {
    --budget_;
    blocks_[current_].insts.push_back(std::move(inst));
  }
  VReg fresh(VKind kind) {
    m_.vregs.push({kind});
    return static_cast<VReg>(m_.vregs.size() - 1);
  }
  VReg define(VKind kind) {
    VReg v = fresh(kind);
    available_.push_back(v);
    return v;
  }
  VKind some_kind() {
    static constexpr VKind kinds[] = {VKind::I64, VKind::I64, VKind::I32, VKind::Ref, VKind::F64, VKind::V128};
    return kinds[pick(6)];
  }
  /// An available value, old or recent; made by a constant if there is none.
  VReg any(VKind kind) {
    for (u32 tries = 0; tries < 12 && !available_.empty(); ++tries) {
      u32 n = static_cast<u32>(available_.size());
      VReg v = available_[chance(locality_) ? n - 1 - pick(std::min(n, chance(50) ? 4u : 24u)) : pick(n)];
      if (m_.vregs[v].kind == kind)
        return v;
    }
    Inst constant;
    constant.flags = is_remat;
    VReg v = define(kind);
    constant.operands.push_back(Operand::def(v));
    add(constant);
    return v;
  }
  VReg any() { return any(some_kind()); }

  void statement() {
    u32 roll = pick(100);
    if (roll < 45)
      plain();
    else if (roll < 65)
      call();
    else if (roll < 72)
      divide();
    else if (roll < 80)
      branch();
    else if (roll < 86)
      loop();
    else if (roll < 92)
      region();
    else
      odd();
  }

  void plain() {
    Inst inst;
    VKind kind = some_kind();
    VReg a = any(kind), b = any();
    bool has_b = chance(70);
    if (chance(15)) {
      inst.flags = is_move;
      inst.operands = {Operand::use(a), Operand::def(define(kind))};
    } else if (chance(50)) {
      inst.operands = {Operand::use(a)};
      if (has_b)
        inst.operands.push_back(chance(30) ? Operand::use_any(b) : Operand::use(b));
      inst.operands.push_back(Operand::def_reuse(define(kind), 0));
    } else {
      inst.operands = {Operand::use(a)};
      if (has_b)
        inst.operands.push_back(chance(30) ? Operand::use_any(b) : Operand::use(b));
      inst.operands.push_back(chance(80) ? Operand::def(define(some_kind())) : Operand::def_early(define(some_kind())));
    }
    add(inst);
  }

  void odd() {
    Inst inst;
    inst.operands = {Operand::use(any()), Operand::use_late(any())};
    if (chance(50))
      inst.clobbers = 2;
    if (chance(50))
      inst.operands.push_back(Operand::def(define(some_kind())));
    add(inst);
  }

  void divide() {
    Inst inst;
    VReg a = any(VKind::I64), b = any(VKind::I64);
    inst.operands = {Operand::use_fixed(a, PReg{0}), Operand::use_late(b),
                     Operand::def_fixed(define(VKind::I64), PReg{0}), Operand::def_fixed(define(VKind::I64), PReg{1})};
    add(inst);
  }

  void call() {
    Inst inst;
    inst.flags = is_call;
    inst.clobbers = 1;
    inst.region = region_;
    u32 ints = pick(4), floats = pick(3);
    for (u32 i = 0; i < ints; ++i)
      inst.operands.push_back(Operand::use_fixed(any(chance(40) ? VKind::Ref : VKind::I64), PReg{static_cast<u8>(i)}));
    for (u32 i = 0; i < floats; ++i)
      inst.operands.push_back(Operand::use_fixed(any(VKind::F64), PReg{static_cast<u8>(32 + i)}));
    if (chance(20))
      inst.operands.push_back(Operand::use(any(VKind::I64)));
    if (chance(60))
      inst.operands.push_back(Operand::def_fixed(define(chance(50) ? VKind::Ref : VKind::I32), PReg{0}));
    if (chance(20))
      inst.operands.push_back(Operand::def_fixed(define(VKind::F64), PReg{32}));
    add(inst);
  }

  void jump(u32 target, std::vector<VReg> args = {}) {
    Inst inst;
    inst.flags = is_terminator;
    add(inst);
    link(target, std::move(args));
  }
  void link(u32 target, std::vector<VReg> args = {}) {
    blocks_[current_].succs.push_back({target, std::move(args)});
    blocks_[target].preds.push_back(current_);
  }
  std::vector<VKind> some_kinds() {
    std::vector<VKind> kinds;
    for (u32 n = pick(5); n > 0; --n)
      kinds.push_back(some_kind());
    return kinds;
  }
  std::vector<VReg> values(const std::vector<VKind> &kinds) {
    std::vector<VReg> out;
    for (VKind kind : kinds)
      out.push_back(any(kind));
    return out;
  }
  void statements(u32 n) {
    for (; n > 0 && budget_ > 0; --n)
      statement();
  }
  /// Code in a new block that ends in a jump to `join`; what it defines is not seen behind.
  void arm(u32 block, u32 join, const std::vector<VKind> &kinds) {
    std::vector<VReg> saved = available_;
    current_ = block;
    statements(pick(5));
    std::vector<VReg> args = values(kinds);
    jump(join, std::move(args));
    available_ = std::move(saved);
  }
  void start(u32 block, const std::vector<VKind> &kinds) {
    current_ = block;
    for (VKind kind : kinds)
      blocks_[block].params.push_back(define(kind));
  }

  void branch() {
    Inst inst;
    inst.operands.push_back(Operand::use(any(VKind::I64)));
    if (chance(40))
      inst.operands.push_back(Operand::use_any(any(VKind::I64)));
    inst.flags = is_terminator;
    add(inst);
    u32 arms = chance(80) ? 2 : 3 + pick(3);
    std::vector<u32> targets;
    for (u32 i = 0; i < arms; ++i) {
      targets.push_back(new_block());
      link(targets.back());
    }
    u32 join = new_block();
    std::vector<VKind> kinds = some_kinds();
    for (u32 target : targets)
      arm(target, join, kinds);
    start(join, kinds);
  }

  void loop() {
    if (depth_ > 3)
      return;
    std::vector<VKind> kinds = some_kinds();
    std::vector<VReg> first = values(kinds);
    ++depth_;
    u32 header = new_block();
    jump(header, first);
    start(header, kinds);
    std::vector<VReg> saved = available_;
    statements(pick(8));
    std::vector<VReg> next = values(kinds);
    Inst inst;
    inst.operands.push_back(Operand::use(any(VKind::I64)));
    inst.flags = is_terminator;
    add(inst);
    u32 latch = new_block();
    --depth_;
    u32 exit = new_block();
    link(latch);
    link(exit);
    current_ = latch;
    jump(header, next);
    current_ = exit;
  }

  void region() {
    u32 id = static_cast<u32>(m_.regions.size());
    m_.regions.push_back({region_, {}});
    u32 body = new_block(), entry = current_;
    jump(body);
    std::vector<VReg> saved = available_;
    u32 outer = region_;
    std::vector<VKind> kinds = some_kinds();
    current_ = body;
    region_ = id;
    call();
    statements(pick(8));
    std::vector<VReg> args = values(kinds);
    region_ = outer;
    u32 last = current_, join = new_block();
    jump(join, args);
    (void)last;
    for (u32 n = 1 + pick(2); n > 0; --n) {
      available_ = saved;
      u32 pad = new_block();
      blocks_[pad].is_pad = true;
      blocks_[pad].preds.push_back(entry);
      m_.regions[id].pads.push_back(MBlock{pad});
      arm(pad, join, kinds);
    }
    available_ = saved;
    start(join, kinds);
  }

  void flatten() {
    std::vector<u32> order;
    for (bool pads : {false, true})
      for (u32 b = 0; b < blocks_.size(); ++b)
        if (blocks_[b].is_pad == pads)
          order.push_back(b);
    std::vector<MBlock> where(blocks_.size());
    for (u32 i = 0; i < order.size(); ++i)
      where[order[i]] = static_cast<MBlock>(i);
    for (u32 b : order)
      flatten(blocks_[b], where);
    for (MRegion &region : m_.regions)
      for (MBlock &pad : region.pads)
        pad = where[base::index_of(pad)];
  }
  void flatten(const Block &block, const std::vector<MBlock> &where) {
    MBlockRow row;
    row.first_inst = static_cast<u32>(m_.insts.size());
    row.inst_count = static_cast<u32>(block.insts.size());
    row.params = block.params;
    row.loop_depth = block.depth;
    row.is_pad = row.is_cold = block.is_pad;
    for (u32 pred : block.preds)
      row.preds.push_back(where[pred]);
    for (const Edge &edge : block.succs) {
      row.succs.push_back(
          {where[edge.target], {static_cast<u32>(m_.edge_args.size()), static_cast<u32>(edge.args.size())}});
      m_.edge_args.insert(m_.edge_args.end(), edge.args.begin(), edge.args.end());
    }
    for (const Inst &inst : block.insts) {
      MInst out;
      out.flags = inst.flags;
      out.clobbers = inst.clobbers;
      out.region = inst.region;
      out.first_operand = static_cast<u32>(m_.operands.size());
      out.operand_count = static_cast<u8>(inst.operands.size());
      m_.operands.insert(m_.operands.end(), inst.operands.begin(), inst.operands.end());
      m_.insts.push_back(out);
    }
    m_.blocks.push(row);
  }

  std::mt19937 random_;
  int budget_;
  u32 locality_;
  MFunction m_;
  std::vector<Block> blocks_;
  std::vector<VReg> available_;
  u32 current_ = 0, region_ = ~0u;
  u8 depth_ = 0;
};

} // namespace trapeze::codegen::testing
