// Parallel moves into a sequence.
//
// Problem: the moves of one boundary happen at once; written one after the other, an early one may overwrite what a
// later one reads.
// Idea: a move whose target no other waiting move reads is safe. When none is left, what remains are cycles: put the
// target's old content into the scratch register of its class and let its readers read that instead, then go on.
// Slot-to-slot moves go through the scratch register of the *other* class (the emitter's promise), so an open cycle
// of one class survives; integer and float moves are resolved one class after the other.
#pragma once

#include "codegen/machine.hh"

#include <span>
#include <vector>

namespace trapeze::codegen {

/// Boundaries before one instruction, in order.
enum class Boundary : u8 {
  Entry,  ///< head of the block: of the edge into it
  After,  ///< behind the previous instruction
  Before, ///< in front of this one
  Exit,   ///< of the edge out of the block
};

struct Move {
  u32 inst;
  Boundary boundary;
  VKind kind;
  Place from, to;
  u32 remat = ~0u; ///< then `from` means nothing
};

class MoveResolver {
public:
  /// Appends the edits of one group (one instruction, one boundary; targets distinct).
  void resolve(std::span<const Move> group, const RegisterFile &registers, std::vector<Edit> &out);

private:
  struct Pending {
    Move move;
    bool done;
  };
  void resolve_class(PReg scratch, std::vector<Edit> &out);

  std::vector<Pending> pending_;
  std::vector<u32> ready_;
  std::vector<std::pair<u64, u32>> by_source_, by_target_;
};

} // namespace trapeze::codegen
