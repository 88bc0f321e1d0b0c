// Which fault is a trap? The pc must be in Wasm code at an instruction that the trap table names; the instance register
// tells the store there. Everything else, faults of the runtime and of host functions included, is passed on.
#include "runtime/traps.hh"

#include "runtime/stubs.hh"
#include "unwind/code_map.hh"

#include <atomic>

namespace trapeze::runtime {

[[gnu::tls_model("initial-exec")]] constinit thread_local ThreadState thread_state;

ThreadState &this_thread() { return thread_state; }

bool resolve_fault(const os::Fault &fault, os::Resume &resume) {
  const unwind::LoadedImage *loaded = unwind::CodeMap::get().find(fault.pc);
  if (loaded == nullptr)
    return false;
  const image::TrapRow *row = loaded->image->find_trap(loaded->offset_of(fault.pc));
  if (row == nullptr || static_cast<u32>(row->code) >= abi::trap_code_count)
    return false;
  abi::StoreContext *store = reinterpret_cast<const abi::InstanceContext *>(fault.instance)->store;
  abi::TrapCode code = row->code;
  // Both compare rsp with the limit; an interrupt is a limit that nothing can meet.
  if (code == abi::TrapCode::StackOverflow || code == abi::TrapCode::Interrupted) {
    u64 limit = std::atomic_ref<u64>(store->stack_limit).load(std::memory_order_relaxed);
    code = limit == ~u64{0} ? abi::TrapCode::Interrupted : abi::TrapCode::StackOverflow;
  }
  thread_state.fault_pc = fault.pc;
  thread_state.fault_fp = fault.fp;
  thread_state.fault_code = code;
  resume = {reinterpret_cast<u64>(&trapeze_trap_landing), reinterpret_cast<u64>(store)};
  return true;
}

} // namespace trapeze::runtime
