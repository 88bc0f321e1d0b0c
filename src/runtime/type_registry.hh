// Types get one identity per engine, so that functions, tables, globals and tags of different modules can
// be compared by a number. Unit of identity is the recursion group (spec: Validation, Type equivalence:
// iso-recursive): a group is written down with references into itself as positions and references to earlier
// groups as their ids; equal text, equal ids. Ids of a group are consecutive. Entries never move and never
// die before the engine; reading an entry one has a pointer to needs no lock.
#pragma once

#include "abi/convention.hh"
#include "wasm/module.hh"

#include <deque>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace trapeze::runtime {

/// Which floating-point registers a border has to load: none, their low eight bytes, or all of them.
enum class FloatUse : u8 { None, Scalars, Vectors };

/// Where the values of a signature travel, computed once per type.
struct CallPlan {
  struct Slot {
    u16 place; ///< in the call area: runtime/stubs.hh
    u8 size;   ///< bytes that count: 4, 8, 16
    bool is_ref;
  };
  std::vector<Slot> params, results;
  u16 overflow_params = 0, overflow_results = 0; ///< cells of them, beyond the registers
  FloatUse float_params = FloatUse::None, float_results = FloatUse::None;
  bool has_ref_params = false;
  bool has_overflow = false; ///< of either
};

struct TypeEntry {
  u32 id = 0;
  /// Concrete heap types in it are engine ids.
  wasm::SubType type;
  const TypeEntry *super = nullptr;
  CallPlan plan; ///< functions only
};

class TypeRegistry {
public:
  /// Engine ids of a module's types, by type index.
  std::vector<u32> add(const wasm::Module &module);
  /// A final function type on its own; concrete heap types in it are engine ids.
  const TypeEntry *add(const wasm::FuncType &type);

  const TypeEntry *entry(u32 id) const;
  bool is_subtype(u32 sub, u32 super) const;
  /// Matching of engine types. Spec: Validation, Matching.
  bool matches(wasm::ValType sub, wasm::ValType super) const;
  bool matches(wasm::HeapType sub, wasm::HeapType super) const;
  u32 size() const;

private:
  u32 add_group(std::span<const wasm::SubType> group);

  mutable std::shared_mutex mutex_;
  std::deque<TypeEntry> entries_;
  std::unordered_map<std::string, u32> groups_; ///< written-down group -> its first id
};

/// A module's type with its concrete indices replaced by engine ids.
wasm::ValType to_engine(wasm::ValType type, std::span<const u32> ids);
wasm::FuncType to_engine(const wasm::FuncType &type, std::span<const u32> ids);

} // namespace trapeze::runtime
