// One number for the contract between compiled code and this build of the runtime: code from a file runs only where it
// is the same. It covers what the compiler bakes into code: the numbers of builtins and traps, offsets in contexts and
// descriptors, sizes of cells and references, and a revision for what has no number (registers, frames, reservations).
#pragma once

#include "abi/vmctx.hh"

#include <cstddef>
#include <string_view>

namespace trapeze::abi {

/// Raised by hand when code of before would misbehave and nothing below changes: convention.hh, pads, stack checks, the
/// size of memory reservations and of their guards, meanings of builtins.
inline constexpr u32 convention_revision = 1;

/// FNV-1a, 64 bits.
class ConstantHash {
public:
  constexpr ConstantHash &add(u64 v) {
    for (u32 i = 0; i < 8; ++i)
      byte(static_cast<u8>(v >> (8 * i)));
    return *this;
  }
  constexpr ConstantHash &add(std::string_view text) {
    for (char c : text)
      byte(static_cast<u8>(c));
    byte(0);
    return *this;
  }
  constexpr u64 value() const { return value_; }

private:
  constexpr void byte(u8 b) { value_ = (value_ ^ b) * 0x100000001b3; }
  u64 value_ = 0xcbf29ce484222325;
};

constexpr u64 abi_hash() {
  ConstantHash hash;
  hash.add(convention_revision);
#define BUILTIN(id, results, params, effect) hash.add(#id).add(results).add(params).add(#effect);
#include "abi/builtins.def"
#define VMCTX(id, type, comment) hash.add(#id).add(#type).add(offsetof(InstanceContext, id));
#include "abi/vmctx.def"
#define TRAP(id, text) hash.add(#id);
#include "abi/traps.def"
  for (u64 size : {sizeof(InstanceContext), sizeof(MemoryDescriptor), sizeof(TableDescriptor), sizeof(FuncRef),
                   sizeof(ImportedFunc), sizeof(MemoryCell), sizeof(TableCell), sizeof(ValueCell)})
    hash.add(size);
  for (u64 offset : {offsetof(StoreContext, stack_limit), offsetof(StoreContext, current_exn),
                     offsetof(StoreContext, overflow), offsetof(StoreContext, payload), offsetof(FuncRef, type_id),
                     offsetof(FuncRef, code), offsetof(FuncRef, context)})
    hash.add(offset);
  return hash.value();
}

} // namespace trapeze::abi
