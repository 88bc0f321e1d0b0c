// Optimisation of one function: SSA in, SSA out, with the layout of its blocks decided.
#pragma once

#include "base/laps.hh"
#include "ir/function.hh"

namespace trapeze::opt {

/// Level 0 only decides the layout and drops what control cannot reach; 1 straightens control flow and drops what is
/// dead; 2 and up run every pass.
/// Storage is reused between functions of one thread. Passes are timed where `laps` is given.
void run(ir::Function &fn, u32 level, base::Laps *laps = nullptr);

} // namespace trapeze::opt
