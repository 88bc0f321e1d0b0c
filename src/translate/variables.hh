// SSA form for Wasm's locals while the function is being built.
//
// After Braun et al., Simple and Efficient Construction of SSA Form (2013): a value of a local is looked up
// in the block, else in its predecessors; where several meet, a block parameter ("phi") is made. A block is
// *sealed* once all its predecessors are known; in an unsealed one (loop header) every look-up makes a phi
// whose operands are filled in when it is sealed. Phis with only one distinct operand are forwarded to it.
//
// What keeps this linear on large functions:
//   - no recursion: phis to fill wait in a list; look-ups walk up chains of single predecessors and leave a
//     memo where they started (block and predecessor: edges have blocks) and at every 16th block passed
//   - each construct knows its *extent* in the text: a local that was not assigned since it began has, where
//     it ends, the value it had where it began, however many branches meet there
//
// Home slots (EXCEPTIONS.md): a pad reads a local that was assigned within its region's extent from the
// local's slot, any other local from the region's entry block.
#pragma once

#include "ir/function.hh"

#include <vector>

namespace trapeze::translate {

using ir::Block;
using ir::Region;
using ir::Type;
using ir::Value;

class Variables {
public:
  void start(ir::Function &fn);
  void add_local(Type type);
  u32 local_count() const { return static_cast<u32>(locals_.size()); }

  // --- blocks

  /// Opens an extent: a moment in the text of the function.
  u32 tick() { return ++clock_; }
  Block make_block();
  /// A block where control of a construct meets: begun at `start` (tick), entered from `dominator`.
  Block make_join(u32 start, Block dominator);
  Block make_pad(Region region);
  void add_pred(Block block, Block pred);
  bool has_preds(Block block) const { return blocks_[block].pred_count != 0; }
  /// No further predecessor will come.
  void seal(Block block);
  bool is_sealed(Block block) const { return blocks_[block].sealed; }

  // --- locals

  void write(u32 local, Block block, Value value);
  Value read(u32 local, Block block);
  /// The value itself, or what it has been forwarded to.
  Value resolve(Value v);
  void forward(Value from, Value to);

  // --- regions

  void begin_region(Region region, u32 start);
  void end_region(Region region) { regions_[region].end = clock_++; }
  /// Keeps the local's home slot up to date at an assignment inside `region`.
  void store_home(u32 local, Region region, Block block, Value value, u32 offset);

  /// All blocks sealed: removes redundant phis, completes the arguments of jumps, rewrites every operand,
  /// drops slots that no pad loads.
  void finish();

private:
  struct LocalRow {
    Type type;
    u32 assigned = 0; ///< tick of the last assignment
    Block cached_block = ir::no_block;
    Value cached{};
    ir::Slot slot = base::none_id<ir::Slot>();
    Region home = ir::no_region; ///< outermost region whose entry has stored the slot
    std::vector<u32> log;        ///< ticks of assignments inside regions
  };
  struct PredRow {
    Block pred;
    u32 next;
  };
  struct BlockInfo {
    u32 first_pred = ~0u, last_pred = ~0u, pred_count = 0;
    u32 start = 0; ///< extent; 0: unknown
    Block dominator = ir::no_block;
    Region region = ir::no_region; ///< of a pad
    bool sealed = false;
    u32 incomplete = ~0u; ///< list through Param rows' b
  };
  struct RegionInfo {
    u32 start = 0, end = 0;
    Region outermost;
  };
  struct Memo {
    u64 key = 0;
    Value value{};
    u32 epoch = 0;
  };

  Value *memo(u32 local, Block block);
  void set_memo(u32 local, Block block, Value value);
  void grow();
  Value find(u32 local, Block start);
  Value phi(u32 local, Block block);
  Value initial(u32 local);
  Value from_slot(u32 local, Block pad);
  bool assigned_within(const LocalRow &local, const RegionInfo &region) const;
  void want_operands(Value phi);
  void fill_pending();
  bool forward_if_trivial(Value phi);
  u32 operand_count(Value phi) const { return blocks_[fn_->links[phi].block].pred_count; }

  void gather_explicit_arguments();
  void remove_trivial_phis();
  void complete_jumps();
  void rewrite_operands();
  void drop_unread_slots();

  ir::Function *fn_ = nullptr;
  std::vector<LocalRow> locals_;
  base::IdVec<Block, BlockInfo> blocks_;
  std::vector<PredRow> preds_;
  base::IdVec<Region, RegionInfo> regions_;
  std::vector<Memo> memos_;
  u32 memo_count_ = 0, epoch_ = 0;
  u32 clock_ = 0;
  std::vector<Value> operands_; ///< of phis: Param row's a is the first, one per predecessor
  std::vector<Value> pending_;
  base::SideVec<Value, Value> forwarded_{ir::no_inst};
  bool any_forwarded_ = false;
  std::vector<Block> path_;
};

} // namespace trapeze::translate
