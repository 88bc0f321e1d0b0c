// What a call ends with when it does not return: a trap, an uncaught exception, or the program's exit; and
// the backtrace of where it happened. Spec: Execution, Runtime Structure, Administrative: trap, throw_ref.
#pragma once

#include "abi/traps.hh"
#include "runtime/handles.hh"

#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace trapeze::runtime {

class Code;

/// Return addresses of Wasm frames as the walk found them, innermost first; the middle of a deep stack is left out.
struct RawBacktrace {
  static constexpr u32 innermost = 64, outermost = 16;
  std::vector<u64> pcs; ///< pcs[0] is the faulting pc if `first_is_exact`, all others are return addresses
  bool first_is_exact = false;
  u64 left_out = 0; ///< frames between pcs[innermost - 1] and pcs[innermost]
};

/// One frame, with names. `code` keeps the module alive.
struct Frame {
  std::shared_ptr<const Code> code;
  u32 func = 0;                    ///< module function index
  u32 wasm_offset = ~0u;           ///< byte offset in the module; ~0: not known
  std::string module_name() const; ///< from the name section; may be empty
  std::string func_name() const;   ///< from the name section; may be empty
};

struct Backtrace {
  std::vector<Frame> frames; ///< innermost first
  u32 gap_after = ~0u;       ///< frames[gap_after] is followed by `left_out` frames that were not kept
  u64 left_out = 0;
};

struct Trap {
  abi::TrapCode code = abi::TrapCode::Unreachable;
  std::string message; ///< the spec's text for `code`; for HostError what the host said
  Backtrace backtrace;
};

enum class OutcomeKind : u8 {
  Ok,
  Trap,      ///< `trap`
  Exception, ///< `exception`, with `backtrace` of the throw as it left the activation
  Exit,      ///< `exit_status`: a host function ended the program (WASI proc_exit); no clause catches it
};

/// How a call or an instantiation ended. Foreign exceptions are not an outcome: they are thrown again in C++.
struct Outcome {
  OutcomeKind kind = OutcomeKind::Ok;
  std::unique_ptr<Trap> trap;
  Ref exception;
  RawBacktrace backtrace; ///< of `exception`; Store::symbolise gives names
  i32 exit_status = 0;

  bool is_ok() const { return kind == OutcomeKind::Ok; }
};

} // namespace trapeze::runtime
