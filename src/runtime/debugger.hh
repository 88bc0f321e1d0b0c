// gdb's JIT interface (GDB manual, JIT Compilation Interface; lldb reads the same): a debugger sets a breakpoint on
// __jit_debug_register_code, and each call of it announces an entry of the list in __jit_debug_descriptor: an ELF file
// in memory, its sections at the addresses where the code is. From it come the names of Wasm functions in backtraces
// and the way through their frames at any instruction.
//
// Costs: docs/embedding.md, Debugging. Hence only where somebody asked, or a tracer is there.
#pragma once

#include "base/types.hh"

#include <vector>

namespace trapeze::runtime {

class Code;

/// The debugger's own structure: GDB manual, JIT Compilation Interface, Registering Code.
struct JitCodeEntry {
  JitCodeEntry *next = nullptr, *previous = nullptr;
  const u8 *file = nullptr;
  u64 size = 0;
};

/// A published image, as long as it is announced. Entries of all engines and threads are in one list, under one lock.
class DebuggerEntry {
public:
  /// The code is in place, and its image still complete.
  explicit DebuggerEntry(const Code &code);
  ~DebuggerEntry();
  DebuggerEntry(const DebuggerEntry &) = delete;
  DebuggerEntry &operator=(const DebuggerEntry &) = delete;

  const std::vector<u8> &file() const { return file_; }
  /// Entries in the list now; for tests.
  static u32 count();

private:
  std::vector<u8> file_;
  JitCodeEntry entry_;
};

} // namespace trapeze::runtime
