// The state of translating one body, shared by the families of operators (one file each).
//
// Values of the operand stack are SSA values, locals live in Variables, control frames mirror the validator's.
// Behind an operator that does not fall through there is no current block: until the frame ends, operators
// are skipped, but frames are still opened and closed (`dead` ones). The stack is then cut to the frame's height.
// Everything an operator needs was checked by the validator, which calls us: nothing is checked again here.
#pragma once

#include "abi/vmctx.hh"
#include "ir/builder.hh"
#include "translate/translate.hh"
#include "translate/variables.hh"
#include "validate/validate.hh"

#include <string>

namespace trapeze::translate {

using ir::Access;
using ir::Alias;
using ir::Block;
using ir::Builder;
using ir::Cond;
using ir::FloatCond;
using ir::Inst;
using ir::is_none;
using ir::no_block;
using ir::no_inst;
using ir::no_region;
using ir::Op;
using ir::Region;
using ir::Type;
using ir::Value;
using validate::FrameKind;
using validate::Operator;

struct Frame {
  FrameKind kind = FrameKind::Block;
  bool dead = false;   ///< opened in unreachable code
  u32 height = 0;      ///< of the operand stack, below the parameters
  u32 first_type = 0;  ///< of the label's types in `label_types`
  u32 label_count = 0; ///< values a branch carries
  u32 result_count = 0;
  u32 first_saved = 0, saved_count = 0; ///< `if`: parameters for `else`, in `saved`
  Block label = no_block;               ///< a loop's header, else the block behind the frame: made at the first branch
  Block else_block = no_block;
  Block entry = no_block;   ///< current when the frame opened
  u32 start = 0;            ///< extent of the construct (Variables)
  Region outer = no_region; ///< region outside
  Region inner = no_region; ///< region of the code in the frame
  u32 legacy = ~0u;         ///< Try, Catch: index into `tries`
};

/// What the translator knows of a region beyond its row.
struct RegionState {
  bool is_legacy = false;
  bool is_reached = false;                ///< some call can throw into its clauses
  u32 legacy = ~0u;                       ///< index into tries while the try is open
  u32 first_clause = 0, clause_count = 0; ///< try_table: into clause_targets
};

struct ClauseTarget {
  u32 tag;
  bool with_ref;
  u32 frame; ///< absolute
};

/// A throw inside a legacy try whose clauses are not known yet: the block has no terminator.
struct PendingThrow {
  Block block;
  u32 tag, offset;
  Region region;   ///< innermost at the throw
  u32 first_value; ///< in `thrown`
};

struct LegacyCatch {
  u32 tag;
  Block pad;
  Block body; ///< takes the payload and the exception object
  Value exception = no_inst;
  bool is_rethrown = false;
};

struct LegacyTry {
  Region region = no_region;
  std::vector<LegacyCatch> catches;
  std::vector<PendingThrow> pending;
};

class Translator {
public:
  void start(const ModuleContext &context, u32 func, ir::Function &out);
  void locals(const validate::Locals &locals);
  void op(const Operator &o);
  Result<void> finish();

  // --- errors: the first one wins, later operators are ignored
  void unsupported(wasm::Feature feature, const Operator &o) { unsupported(feature, o.offset); }
  void unsupported(wasm::Feature feature, u32 offset);
  bool failed() const { return failed_; }

  // --- the operand stack
  void push(Value v) { stack.push_back(v); }
  Value pop() {
    const Value v = variables.resolve(stack.back());
    stack.pop_back();
    return v;
  }
  /// The topmost `count` values, resolved, left where they are.
  std::span<const Value> top(u32 count);
  void drop(u32 count) { stack.resize(stack.size() - count); }

  // --- blocks
  bool is_dead() const { return is_none(block); }
  void set_block(Block b) {
    block = b;
    build.set_block(b);
  }
  void die() { block = no_block; }
  /// A block entered from one place only.
  Block single(Block pred);
  void jump(Block target, std::span<const Value> args = {});
  void branch(Value condition, Block yes, Block no, u16 hint = 0);
  void trap(abi::TrapCode code);
  void return_values(std::span<const Value> values);
  /// Behind a call that does not return.
  void unreachable();

  // --- frames
  Frame &frame(u32 label) { return frames[frames.size() - 1 - label]; }
  Frame &open(const Operator &o, std::span<const wasm::ValType> label_types);
  /// Jumps to the frame's label with the topmost values of `args`, or returns.
  void jump_to(Frame &target, std::span<const Value> args);
  Block label_of(Frame &target);
  void fall_through(Frame &f);
  /// Closes the innermost frame and goes on behind it.
  void close();

  // --- instance and types
  static Type type_of(wasm::ValType t);
  ir::Sig signature(wasm::TypeIndex type, u32 offset);
  ir::Sig signature(abi::Builtin builtin);
  Value load_fixed(Type type, Value address, u32 offset);
  Value field(u32 offset) { return load_fixed(Type::I64, build.instance(), offset); }
  Value extend(Value index) { return build.unary(Op::ExtendU, Type::I64, index); }
  Value add_offset(Value address, u64 offset);

  // --- calls
  Value call(Op op, u32 callee, ir::Sig sig, std::span<const Value> args, Region in);
  /// Pushes the results of a call just made.
  void push_results(Value call, ir::Sig sig);
  Value call_builtin(abi::Builtin builtin, std::span<const Value> args);
  void note_throwing_call(Region r);

  const ModuleContext *context = nullptr;
  const wasm::Module *module = nullptr;
  ir::Function *fn = nullptr;
  Builder build;
  Variables variables;
  Block block = no_block;
  Region region = no_region; ///< innermost, around the current operator
  std::vector<Value> stack, saved, scratch, thrown;
  std::vector<Frame> frames;
  std::vector<Type> label_types;
  base::IdVec<Region, RegionState> regions;
  std::vector<ClauseTarget> clause_targets;
  std::vector<LegacyTry> tries;
  u32 open_tries = 0;               ///< tries[0, open_tries) are open
  std::vector<Block> switch_blocks; ///< br_table: per absolute frame, else no_block

private:
  Error error_;
  bool failed_ = false;
  std::vector<ir::Sig> sigs_by_type_;
  ir::Sig sigs_by_builtin_[abi::builtin_count];
};

/// A family of operators: what to do, told apart within the family by `argument`.
using Handler = void (*)(Translator &t, const Operator &o, u32 argument);

// --- numeric.cpp
void binary(Translator &t, const Operator &o, u32 op_and_type);
void trapping_binary(Translator &t, const Operator &o, u32 op_and_type);
void unary(Translator &t, const Operator &o, u32 op_and_type);
void trapping_unary(Translator &t, const Operator &o, u32 op_and_type);
void compare_int(Translator &t, const Operator &o, u32 cond);
void compare_float(Translator &t, const Operator &o, u32 cond);
void eqz(Translator &t, const Operator &o, u32);
void constant(Translator &t, const Operator &o, u32 type);
constexpr u32 op_and_type(Op op, Type type) { return static_cast<u32>(op) | static_cast<u32>(type) << 8; }

// --- memory.cpp
void load(Translator &t, const Operator &o, u32 access);
void store(Translator &t, const Operator &o, u32 size_log2);
void memory_size(Translator &t, const Operator &o, u32);
void memory_grow(Translator &t, const Operator &o, u32);
void memory_fill(Translator &t, const Operator &o, u32);
void memory_copy(Translator &t, const Operator &o, u32);
void memory_init(Translator &t, const Operator &o, u32);
void data_drop(Translator &t, const Operator &o, u32);
constexpr u32 load_access(Type type, u32 size_log2, bool sign_extend) {
  return static_cast<u32>(type) | size_log2 << 8 | u32{sign_extend} << 16;
}

// --- variable.cpp: locals, globals, stack
void nop(Translator &t, const Operator &o, u32);
void drop(Translator &t, const Operator &o, u32);
void select(Translator &t, const Operator &o, u32);
void local_get(Translator &t, const Operator &o, u32);
void local_set(Translator &t, const Operator &o, u32 is_tee);
void global_get(Translator &t, const Operator &o, u32);
void global_set(Translator &t, const Operator &o, u32);

// --- table.cpp
void table_get(Translator &t, const Operator &o, u32);
void table_set(Translator &t, const Operator &o, u32);
void table_size(Translator &t, const Operator &o, u32);
void table_grow(Translator &t, const Operator &o, u32);
void table_fill(Translator &t, const Operator &o, u32);
void table_copy(Translator &t, const Operator &o, u32);
void table_init(Translator &t, const Operator &o, u32);
void elem_drop(Translator &t, const Operator &o, u32);
bool is_usable_table(Translator &t, const Operator &o, u32 table);
/// The element at an i32 index, bounds checked.
Value table_element(Translator &t, u32 table, Value index, abi::TrapCode out_of_bounds);

// --- reference.cpp
void ref_null(Translator &t, const Operator &o, u32);
void ref_is_null(Translator &t, const Operator &o, u32);
void ref_func(Translator &t, const Operator &o, u32);
void ref_as_non_null(Translator &t, const Operator &o, u32);
void br_on_null(Translator &t, const Operator &o, u32);
void br_on_non_null(Translator &t, const Operator &o, u32);

// --- call.cpp
void call_direct(Translator &t, const Operator &o, u32 is_tail);
void call_indirect(Translator &t, const Operator &o, u32 is_tail);
void call_ref(Translator &t, const Operator &o, u32 is_tail);

// --- control.cpp
void unreachable(Translator &t, const Operator &o, u32);
void block(Translator &t, const Operator &o, u32);
void loop(Translator &t, const Operator &o, u32);
void if_(Translator &t, const Operator &o, u32);
void else_(Translator &t, const Operator &o, u32);
void end(Translator &t, const Operator &o, u32);
void br(Translator &t, const Operator &o, u32);
void br_if(Translator &t, const Operator &o, u32);
void br_table(Translator &t, const Operator &o, u32);
void return_(Translator &t, const Operator &o, u32);
/// Branches to the label with the topmost values where the condition holds (or does not); goes on behind.
void branch_to_label(Translator &t, u32 label, Value condition, bool if_true, u16 hint);

// --- exception.cpp
void try_table(Translator &t, const Operator &o, u32);
void throw_(Translator &t, const Operator &o, u32);
void throw_ref(Translator &t, const Operator &o, u32);
void end_try_table(Translator &t);
/// Opens a region whose entry is the current block, and goes on in its body.
Region enter_region(Translator &t, bool is_legacy);
/// Appends the fields of a caught exception, and its object if asked, to `out`. In a fresh pad.
void read_payload(Translator &t, u32 tag, bool with_ref, std::vector<Value> &out);
enum class Match : u8 { No, Yes, Maybe };
/// Whether an exception thrown by `tag` is caught by a clause of `clause_tag`.
Match match(const wasm::Module &m, u32 tag, u32 clause_tag);
/// Ends the current block with a throw of the values, looking for its handler from `from` outward.
void throw_from(Translator &t, u32 tag, std::span<const Value> values, Region innermost, Region from);
void throw_by_call(Translator &t, u32 tag, std::span<const Value> values, Region innermost, Region open);

// --- legacy_exception.cpp
void try_(Translator &t, const Operator &o, u32);
void catch_(Translator &t, const Operator &o, u32 is_all);
void delegate(Translator &t, const Operator &o, u32);
void rethrow(Translator &t, const Operator &o, u32);
void end_try(Translator &t);

// --- dispatch.cpp
/// By opcode; an operator without a row is `not_supported`.
struct HandlerRow {
  Handler handler;
  u32 argument;
  bool is_structural; ///< wanted in unreachable code too
};
const HandlerRow &handler(wasm::Opcode code);
void not_supported(Translator &t, const Operator &o, u32);

} // namespace trapeze::translate
