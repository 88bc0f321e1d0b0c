// The SSA form of one function: data only; builder, print, parse, verify stand beside it.
//
// An instruction *is* its first result: Value and Inst share one id space. Block parameters are Param rows,
// further results of a call Proj rows behind it. 16 bytes a row; operands beyond the row sit in `pool`.
// Instructions of a block form a list through `links`, so passes insert and remove without moving rows.
//
// Exceptional control flow (EXCEPTIONS.md, In the IR). A call names its region and stays inside its block.
// A region's pads are blocks; for control flow and dominance a pad has one predecessor, the region's `entry`
// block, which ends in a jump into the region's body: a pad may use only values that dominate the end of
// `entry`. Whatever a region changes for its pads travels in slots: a SlotStore at the entry of the
// outermost region and at each change, a SlotLoad in the pad. Pads take no block parameters; the payload
// is read by plain loads from the store's payload area at the pad's head, before anything that could call.
#pragma once

#include "abi/builtins.hh"
#include "abi/position.hh"
#include "abi/traps.hh"
#include "base/id_vec.hh"
#include "base/types.hh"

#include <span>
#include <vector>

namespace trapeze::ir {

enum class Inst : u32 {};
using Value = Inst;
enum class Block : u32 {};
enum class Region : u32 {};
enum class Slot : u32 {};
enum class Sig : u32 {};

using base::is_none;
inline constexpr Inst no_inst = base::none_id<Inst>();
inline constexpr Block no_block = base::none_id<Block>();
inline constexpr Region no_region = base::none_id<Region>();

/// Ref is a 32-bit traced reference; it lives in integer registers.
enum class Type : u8 { None, I32, I64, F32, F64, V128, Ref };
constexpr bool is_float_class(Type t) { return t == Type::F32 || t == Type::F64 || t == Type::V128; }
constexpr u32 size_of(Type t) {
  return t == Type::V128 ? 16 : t == Type::I64 || t == Type::F64 ? 8 : t == Type::None ? 0 : 4;
}

enum class Op : u8 {
#define IROP(id, text, format, result, effect) id,
#include "ir/ops.def"
};
inline constexpr u32 op_count = 0
#define IROP(id, text, format, result, effect) +1
#include "ir/ops.def"
    ;

enum class Format : u8 {
  Const64,
  Unary,
  Binary,
  Ternary,
  Load,
  Store,
  SlotLoad,
  SlotStore,
  Call,
  Proj,
  Jump,
  Branch,
  Switch,
  Return,
  Trap,
  TrapIf,
  Param
};
enum class ResultKind : u8 { Same, I32, I64, None, Typed };
enum class Effect : u8 { Pure, CanTrap, Read, Write, Call, Control };

struct OpRow {
  const char *text;
  Format format;
  ResultKind result;
  Effect effect;
};
inline constexpr OpRow op_rows[] = {
#define IROP(id, text, format, result, effect) {text, Format::format, ResultKind::result, Effect::effect},
#include "ir/ops.def"
};
constexpr const OpRow &row(Op op) { return op_rows[static_cast<u32>(op)]; }

/// Integer conditions; `inverse` and `swapped` in ir/conditions.hh.
enum class Cond : u8 { Eq, Ne, LtS, LtU, GtS, GtU, LeS, LeU, GeS, GeU };
enum class FloatCond : u8 { Eq, Ne, Lt, Gt, Le, Ge };

/// What a memory access touches: accesses of different regions never alias.
enum class Alias : u8 {
  Memory, ///< linear memory
  Fixed,  ///< words that never change after instantiation (bases, builtins, context addresses, type ids)
  Length, ///< memory and table lengths: change at any call
  Global, ///< mutable globals
  Table,  ///< table elements
  Heap,   ///< objects behind references
  Area,   ///< overflow and payload areas of the store
};

/// Packed into InstRow::aux of loads and stores.
struct Access {
  u8 size_log2 = 0;         ///< bytes in memory: 1 2 4 8 16
  bool sign_extend = false; ///< loads narrower than their type; else zero-extended
  bool can_trap = false;    ///< a fault here is the trap below; else the address is known good
  bool removable = true;    ///< an unused load may be dropped (false for wasm loads: they may trap)
  Alias alias = Alias::Memory;
  abi::TrapCode trap = abi::TrapCode::MemoryOutOfBounds;

  u16 pack() const {
    return static_cast<u16>(size_log2 | sign_extend << 3 | can_trap << 4 | removable << 5 |
                            static_cast<u32>(alias) << 6 | static_cast<u32>(trap) << 9);
  }
  static Access unpack(u16 bits) {
    return {static_cast<u8>(bits & 7),
            (bits >> 3 & 1) != 0,
            (bits >> 4 & 1) != 0,
            (bits >> 5 & 1) != 0,
            static_cast<Alias>(bits >> 6 & 7),
            static_cast<abi::TrapCode>(bits >> 9)};
  }
};

struct InstRow {
  Op op;
  Type type; ///< of the first result; None without one
  u16 aux;
  u32 a, b, c;

  u64 bits() const { return a | u64{b} << 32; }
  Value arg(u32 i) const { return static_cast<Value>(i == 0 ? a : i == 1 ? b : c); }
};
static_assert(sizeof(InstRow) == 16);

struct Link {
  Inst prev = no_inst, next = no_inst;
  Block block = no_block; ///< where it stands; no_block: not inserted
};

struct BlockRow {
  Inst first = no_inst, last = no_inst; ///< Params are not in the list
  std::vector<Value> params;            ///< Param rows
  bool is_pad = false;
  bool is_cold = false; ///< pads, traps, unlikely hints
  u8 loop_depth = 0;
};

/// In the pool, at InstRow::a of a call: header words, then the arguments.
struct CallRow {
  u32 callee; ///< module function index, or abi::Builtin; unused for CallPtr
  Sig sig;    ///< types of parameters and results (CallPtr: without code and context)
  Region region;
  u32 arg_count; ///< CallPtr: including code and context
  static constexpr u32 words = 4;
};

/// An edge in the pool: target, number of arguments, arguments. Only a Jump passes arguments: critical edges
/// are split as they are made, so the edges of Branch and Switch lead to blocks without parameters and with
/// one predecessor (a Switch may name one often), and the k-th edge of a terminator stands at b + 2k.
struct Edge {
  Block target;
  std::span<u32> args; ///< Values
};

struct Signature {
  std::vector<Type> params, results;
  bool operator==(const Signature &) const = default;
};

struct ClauseRow {
  u32 tag; ///< module tag index, or image::catch_all_tag (~0)
  bool with_ref;
  Block pad;
};

struct RegionRow {
  Region parent = no_region;
  Block entry = no_block;  ///< the pads' predecessor
  base::PoolRange clauses; ///< into Function::clauses
};

struct SlotRow {
  Type type;
};

struct Function {
  u32 func = 0;  ///< module function index
  Sig sig{};     ///< its own type
  Block entry{}; ///< its params are the function's parameters
  base::IdVec<Inst, InstRow> insts;
  base::IdVec<Inst, Link> links;
  base::IdVec<Inst, u32> offsets;            ///< position of each instruction (abi/position.hh)
  std::vector<abi::InlinedPosition> inlined; ///< rows that positions name
  base::IdVec<Block, BlockRow> blocks;
  std::vector<Block> layout; ///< order of emission; filled by cfg::order
  base::IdVec<Region, RegionRow> regions;
  std::vector<ClauseRow> clauses;
  base::IdVec<Slot, SlotRow> slots;
  base::IdVec<Sig, Signature> sigs;
  std::vector<u32> pool;

  void clear();

  /// A row that stands nowhere yet.
  Inst make(InstRow row, u32 offset = ~0u) {
    links.push({});
    offsets.push(offset);
    return insts.push(row);
  }
  void append(Block block, Inst inst);
  void insert_before(Inst where, Inst inst);
  void insert_after(Inst where, Inst inst);
  void insert_first(Block block, Inst inst);
  void remove(Inst inst); ///< out of its block; the row stays
  Inst terminator(Block block) const { return blocks[block].last; }
  Value add_param(Block block, Type type);
  /// Words of an edge; returns its pool index. Edges of one terminator are made in succession.
  u32 make_edge(Block target, std::span<const Value> args = {});
  u32 make_call(const CallRow &row, std::span<const Value> args);
  u32 make_list(std::span<const Value> values);

  CallRow call(Inst inst) const;
  std::span<const u32> call_args(Inst inst) const; ///< Values
  std::span<u32> call_args(Inst inst);
  void set_call_region(Inst inst, Region region);
  u32 edge_count(Inst terminator) const;
  Edge edge(Inst terminator, u32 index);
  struct ConstEdge {
    Block target;
    std::span<const u32> args;
  };
  ConstEdge edge(Inst terminator, u32 index) const;
  std::span<const u32> return_values(Inst inst) const; ///< pool list: count, values
  Type type(Value v) const { return insts[v].type; }
};

} // namespace trapeze::ir
