// Liveness by use; the picture is in the header.
#include "codegen/liveness.hh"

#include <algorithm>

namespace trapeze::codegen {
namespace {

constexpr u32 none = ~0u;

/// What one operand means in positions. `early` is that of its instruction.
LiveUse describe(const MInst &inst, std::span<const Operand> operands, u32 k, Pos early, u16 depth) {
  const Operand &o = operands[k];
  if (o.role == Role::Use) {
    if (o.constraint == Constraint::Fixed)
      return {early - 1, early, UseKind::Gap, o.fixed(), depth};
    for (u32 j = 0; j < inst.operand_count; ++j)
      if (operands[j].constraint == Constraint::Reuse && operands[j].fixed_or_reuse == k)
        return {early - 1, early, UseKind::Gap, no_preg, depth};
    UseKind kind = o.constraint == Constraint::Any ? UseKind::Any : UseKind::Reg;
    return {early, o.point == Point::Late ? early + 2 : early + 1, kind, no_preg, depth};
  }
  if (o.constraint == Constraint::Fixed)
    return {early + 2, early + 2, UseKind::DefFixed, o.fixed(), depth};
  bool from_early = o.point == Point::Early || o.constraint == Constraint::Reuse;
  return {from_early ? early : early + 1, early + 2, UseKind::Def, no_preg, depth};
}

u16 depth_of(const MBlockRow &block) { return block.is_cold ? cold_depth : block.loop_depth; }

template <typename F> void for_each_use(const Liveness &live, const MFunction &m, F &&f) {
  for (u32 b = 0; b < m.blocks.size(); ++b) {
    const MBlockRow &block = m.blocks[static_cast<MBlock>(b)];
    for (u32 i = block.first_inst; i < block.first_inst + block.inst_count; ++i) {
      const MInst &inst = m.insts[i];
      std::span<const Operand> operands = m.operands_of(inst);
      for (u32 k = 0; k < operands.size(); ++k)
        f(operands[k].vreg, describe(inst, operands, k, live.early(b, i), depth_of(block)));
    }
    Pos end = live.block_end(b);
    for (const MBlockRow::Edge &edge : block.succs)
      for (u32 k = 0; k < edge.args.count; ++k)
        f(m.edge_args[edge.args.first + k], LiveUse{end - 1, end, UseKind::Edge, no_preg, depth_of(block)});
  }
}

} // namespace

void Liveness::compute(const MFunction &m, bool only_refs) {
  number(m);
  collect_uses(m, only_refs);
  index_regions(m);
  find_closed(m);
  ranges.clear();
  ranges_of.clear();
  ranges_of.resize(m.vregs.size());
  block_stamp_.assign(m.blocks.size(), none);
  region_stamp_.assign(m.regions.size(), none);
  live_end_.resize(m.blocks.size());
  for (VReg v : base::ids(m.vregs))
    if (def_pos[v] != pos_max)
      walk(v);
}

void Liveness::number(const MFunction &m) {
  block_start.clear();
  block_at.clear();
  for (u32 b = 0; b < m.blocks.size(); ++b) {
    const MBlockRow &block = m.blocks[static_cast<MBlock>(b)];
    ASSERT(block.inst_count > 0 && block_at.size() == block.first_inst + b);
    block_start.push_back(steps * (block.first_inst + b));
    block_at.insert(block_at.end(), block.inst_count + 1, b);
  }
  block_start.push_back(static_cast<Pos>(block_at.size()) * steps);
  pred_first_.assign(1, 0);
  preds_.clear();
  for (const MBlockRow &block : m.blocks) {
    for (MBlock pred : block.preds)
      preds_.push_back(base::index_of(pred));
    pred_first_.push_back(static_cast<u32>(preds_.size()));
  }
}

void Liveness::collect_uses(const MFunction &m, bool only_refs) {
  uses_of.clear();
  uses_of.resize(m.vregs.size());
  def_pos.clear();
  def_pos.resize(m.vregs.size(), pos_max);
  u32 total = 0;
  auto is_wanted = [&](VReg v) { return !only_refs || m.vregs[v].kind == VKind::Ref; };
  auto count = [&](VReg v) {
    if (!is_wanted(v))
      return;
    ++uses_of[v].count;
    ++total;
  };
  for (const Operand &o : m.operands)
    count(o.vreg);
  for (const MBlockRow &block : m.blocks)
    for (const MBlockRow::Edge &edge : block.succs)
      for (u32 k = 0; k < edge.args.count; ++k)
        count(m.edge_args[edge.args.first + k]);
  u32 first = 0;
  for (base::PoolRange &range : uses_of) {
    range.first = first;
    first += range.count;
    range.count = 0;
  }
  uses.resize(total);
  for_each_use(*this, m, [&](VReg v, const LiveUse &use) {
    if (!is_wanted(v))
      return;
    base::PoolRange &range = uses_of[v];
    uses[range.first + range.count++] = use;
    if (use.kind == UseKind::Def || use.kind == UseKind::DefFixed)
      def_pos[v] = use.pos;
  });
  for (u32 b = 0; b < m.blocks.size(); ++b)
    for (VReg p : m.blocks[static_cast<MBlock>(b)].params)
      if (is_wanted(p))
        def_pos[p] = block_start[b];
}

void Liveness::index_regions(const MFunction &m) {
  u32 n = static_cast<u32>(m.regions.size());
  region_of_pad_.assign(m.blocks.size(), none);
  region_calls_.clear();
  calls_first_.assign(n + 1, 0);
  child_first_.assign(n + 1, 0);
  child_list_.clear();
  if (n == 0)
    return;
  for (u32 r = 0; r < n; ++r) {
    for (MBlock pad : m.regions[r].pads)
      region_of_pad_[base::index_of(pad)] = r;
    if (m.regions[r].parent != none)
      ++child_first_[m.regions[r].parent + 1];
  }
  for (u32 r = 0; r < n; ++r)
    child_first_[r + 1] += child_first_[r];
  child_list_.resize(child_first_[n]);
  work_.assign(child_first_.begin(), child_first_.end());
  for (u32 r = 0; r < n; ++r)
    if (m.regions[r].parent != none)
      child_list_[work_[m.regions[r].parent]++] = r;
  for (u32 b = 0; b < m.blocks.size(); ++b) {
    const MBlockRow &block = m.blocks[static_cast<MBlock>(b)];
    for (u32 i = block.first_inst; i < block.first_inst + block.inst_count; ++i)
      if ((m.insts[i].flags & is_call) != 0 && m.insts[i].region != none)
        region_calls_.push_back({m.insts[i].region, b, early(b, i) + 2});
  }
  std::stable_sort(region_calls_.begin(), region_calls_.end(), [](const RegionCalls &x, const RegionCalls &y) {
    return x.region != y.region ? x.region < y.region : x.block != y.block ? x.block < y.block : x.end > y.end;
  });
  auto same = [](const RegionCalls &x, const RegionCalls &y) { return x.region == y.region && x.block == y.block; };
  region_calls_.erase(std::unique(region_calls_.begin(), region_calls_.end(), same), region_calls_.end());
  for (const RegionCalls &row : region_calls_)
    ++calls_first_[row.region + 1];
  for (u32 r = 0; r < n; ++r)
    calls_first_[r + 1] += calls_first_[r];
}

void Liveness::find_closed(const MFunction &m) {
  u32 n = m.blocks.size();
  reach_.assign(n, {none, 0, none, 0});
  for (u32 b = 0; b < n; ++b) {
    const MBlockRow &row = m.blocks[static_cast<MBlock>(b)];
    for (MBlock pred : row.preds) {
      reach_[b].min_pred = std::min(reach_[b].min_pred, base::index_of(pred));
      reach_[b].max_pred = std::max(reach_[b].max_pred, base::index_of(pred));
    }
    for (const MBlockRow::Edge &edge : row.succs) {
      reach_[b].min_succ = std::min(reach_[b].min_succ, base::index_of(edge.target));
      reach_[b].max_succ = std::max(reach_[b].max_succ, base::index_of(edge.target));
    }
    // What leaves the function, or is entered from nowhere or from calls, is in nobody's stretch.
    if (row.succs.empty())
      reach_[b].max_succ = none;
    if (row.preds.empty() || row.is_pad)
      reach_[b].max_pred = none;
  }
  skips_.resize(n);
  for (u32 b = 0; b < n; ++b) {
    u32 s = closed_before(b);
    if (s == none) {
      skips_[b] = {b, b, 0};
      continue;
    }
    const Skip &up = skips_[s], &far = skips_[up.jump];
    bool even = up.depth - far.depth == far.depth - skips_[far.jump].depth;
    skips_[b] = {s, even ? far.jump : s, up.depth + 1};
  }
}

/// The start of the smallest closed stretch that ends with `block`, if it is found in a few steps.
u32 Liveness::closed_before(u32 block) const {
  constexpr u32 patience = 64;
  const Reach &last = reach_[block];
  if (block == 0 || last.max_pred >= block) // a loop that ends here: live at its end too
    return none;
  u32 low = std::min(last.min_pred, block - 1);
  u32 x = block - 1;
  for (u32 steps_left = patience; steps_left > 0; --steps_left) {
    const Reach &reach = reach_[x];
    if (reach.max_succ > block)
      return none;
    low = std::min(low, reach.min_succ);
    if (x == low)
      return x;
    if (reach.max_pred >= block)
      return none;
    low = std::min(low, reach.min_pred);
    // A closed stretch inside is passed over; its first block is looked at next.
    x = skips_[x].skip != x ? skips_[x].skip : x - 1;
    low = std::min(low, x);
  }
  return none;
}

/// The furthest start of closed stretches, one before the other, that is not before `limit`.
u32 Liveness::climb(u32 block, u32 limit) const {
  while (true) {
    const Skip &s = skips_[block];
    if (s.jump != block && s.jump >= limit)
      block = s.jump;
    else if (s.skip != block && s.skip >= limit)
      block = s.skip;
    else
      return block;
  }
}

void Liveness::walk(VReg v) {
  u32 id = base::index_of(v);
  u32 def_block = block_of(def_pos[v]);
  touched_.clear();
  work_.clear();
  stretches_.clear();
  base::PoolRange range = uses_of[v];
  for (u32 k = range.first; k < range.first + range.count; ++k)
    mark(id, block_of(uses[k].pos), def_block, uses[k].end);
  while (!work_.empty()) {
    u32 b = work_.back();
    work_.pop_back();
    if (region_of_pad_[b] != none)
      mark_region(id, region_of_pad_[b], def_block);
    if (u32 a = climb(b, def_block < b ? def_block : 0); a != b) {
      stretches_.push_back({block_start[a + 1], block_start[b]});
      mark(id, a, def_block, block_end(a));
      continue;
    }
    for (u32 k = pred_first_[b]; k < pred_first_[b + 1]; ++k)
      mark(id, preds_[k], def_block, block_end(preds_[k]));
  }
  write_ranges(v, def_block);
}

/// The value is live in `block` up to `end`. The first time, it is also live out of the predecessors.
void Liveness::mark(u32 v, u32 block, u32 def_block, Pos end) {
  if (block_stamp_[block] == v) {
    live_end_[block] = std::max(live_end_[block], end);
    return;
  }
  block_stamp_[block] = v;
  live_end_[block] = end;
  touched_.push_back(block);
  if (block != def_block)
    work_.push_back(block);
}

void Liveness::mark_region(u32 v, u32 region, u32 def_block) {
  region_work_.assign(1, region);
  while (!region_work_.empty()) {
    u32 r = region_work_.back();
    region_work_.pop_back();
    if (region_stamp_[r] == v)
      continue;
    region_stamp_[r] = v;
    for (u32 k = calls_first_[r]; k < calls_first_[r + 1]; ++k)
      mark(v, region_calls_[k].block, def_block, region_calls_[k].end);
    region_work_.insert(region_work_.end(), child_list_.begin() + child_first_[r],
                        child_list_.begin() + child_first_[r + 1]);
  }
}

void Liveness::write_ranges(VReg v, u32 def_block) {
  for (u32 b : touched_)
    if (Pos start = b == def_block ? def_pos[v] : block_start[b]; start < live_end_[b])
      stretches_.push_back({start, live_end_[b]});
  std::sort(stretches_.begin(), stretches_.end(), [](const Stretch &x, const Stretch &y) { return x.start < y.start; });
  u32 first = static_cast<u32>(ranges.size());
  for (const Stretch &s : stretches_) {
    if (s.start >= s.end)
      continue;
    if (ranges.size() > first && ranges.back().end >= s.start)
      ranges.back().end = std::max(ranges.back().end, s.end);
    else
      ranges.push_back({s.start, s.end, v});
  }
  ranges_of[v] = {first, static_cast<u32>(ranges.size()) - first};
}

} // namespace trapeze::codegen
