// Optimisation of one function: SSA in, SSA out, with the layout of its blocks decided.
#pragma once

#include "base/laps.hh"
#include "ir/function.hh"

namespace trapeze::opt {

/// Bodies that calls may become, by function index. Nobody changes them while they are in use.
struct Callees {
  static constexpr u32 largest = 40; ///< instructions
  struct Row {
    const ir::Function *body = nullptr;
    u32 size = 0;
  };
  std::vector<Row> rows;
  Row find(u32 func) const { return func < rows.size() ? rows[func] : Row{}; }
};

/// Whether an optimised function may be one of them, and its size.
bool is_inlinable(const ir::Function &fn, u32 &size);

/// Level 0 only decides the layout and drops what control cannot reach; 1 straightens control flow and drops what is
/// dead; 2 runs every pass but inlining; 3, where `callees` is given, inlines.
/// Storage is reused between functions of one thread. Passes are timed where `laps` is given.
void run(ir::Function &fn, u32 level, base::Laps *laps = nullptr, const Callees *callees = nullptr);

} // namespace trapeze::opt
