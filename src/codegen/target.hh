// The contract of a target, and its manual: what target/x64 (and later target/a64) provide under equal
// names. Generic code works on MFunction and Allocation; a target turns IR into rows and rows into bytes.
#pragma once

#include "codegen/machine.hh"
#include "image/compiled_function.hh"
#include "ir/function.hh"

#include <string>

namespace trapeze::wasm {
struct Module;
}

namespace trapeze::codegen {

struct Settings {
  bool checks_stack = true;         ///< each prologue compares rsp with StoreContext::stack_limit
  bool verify = false;              ///< IR verifier and allocation checker on every function
  bool branch_target_marks = false; ///< endbr64 / bti at pads and indirect targets
  u8 opt_level = 2;                 ///< 0 compiles fastest, 1 cheap passes, 2 all that pay in general, 3 inlines
  bool for_size = false;            ///< of two ways the shorter one (docs/codegen.md, For size)
  u32 cpu = 0; ///< optional features of the processor that code may use: the target's bits (target/x64/target.hh)
};

struct Target {
  const char *name; ///< "x64"
  RegisterFile registers;

  /// Selection: fills `out` from `fn`, blocks in fn.layout order (pads and cold blocks last).
  void (*lower)(const ir::Function &fn, const Settings &settings, MFunction &out);
  /// Prologue, bodies with edits applied, epilogues, branches resolved, constants behind the code; all tables of
  /// CompiledFunction.
  void (*emit)(const ir::Function &fn, const MFunction &m, const Allocation &a, const Settings &settings,
               image::CompiledFunction &out);
  /// One instruction as text, operands as virtual registers, or as places where an allocation is given.
  void (*print)(const MFunction &m, u32 inst, const Allocation *a, std::string &out);
  /// Disassembles one instruction of emitted code; returns its length, 0 if unknown.
  u32 (*disassemble)(std::span<const u8> code, u32 offset, std::string &out);
};

} // namespace trapeze::codegen
