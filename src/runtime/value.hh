// A Wasm value outside of Wasm: its type and one 16-byte cell, as in argument buffers and payloads.
//
// Types here and everywhere in the runtime are *engine types*: a concrete heap type's index is the id that
// the engine's TypeRegistry gave it, not an index of one module. A reference in a cell is the raw 32-bit
// heap offset (0: null), not rooted: it is good until the next call into the store that may collect.
// What shall live longer goes into a Ref (runtime/handles.hh). Spec: Execution, Values.
#pragma once

#include "abi/vmctx.hh"
#include "base/types.hh"
#include "wasm/types.hh"

#include <cstring>

namespace trapeze::runtime {

using abi::ValueCell;

/// A reference as compiled code sees it: an offset into the store's heap, 0 is null.
using RawRef = u32;

template <typename T> T get(const ValueCell &cell) {
  static_assert(sizeof(T) <= 16);
  T value;
  std::memcpy(&value, cell.bytes, sizeof value);
  return value;
}

/// The rest of the cell becomes zero.
template <typename T> void set(ValueCell &cell, T value) {
  static_assert(sizeof(T) <= 16);
  cell = {};
  std::memcpy(cell.bytes, &value, sizeof value);
}

template <typename T> ValueCell cell_of(T value) {
  ValueCell cell;
  set(cell, value);
  return cell;
}

struct Value {
  wasm::ValType type;
  ValueCell cell{};

  static Value i32(trapeze::i32 v) { return {wasm::i32_type, cell_of(v)}; }
  static Value i64(trapeze::i64 v) { return {wasm::i64_type, cell_of(v)}; }
  static Value f32(float v) { return {wasm::f32_type, cell_of(v)}; }
  static Value f64(double v) { return {wasm::f64_type, cell_of(v)}; }
  static Value ref(wasm::ValType type, RawRef v) { return {type, cell_of(v)}; }
};

} // namespace trapeze::runtime
