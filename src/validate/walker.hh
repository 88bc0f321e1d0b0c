// The validator's machine: operand stack, control stack, local initialisation, and the walk over one body or constant
// expression. The handlers (control, references, ...) are its instructions. Not for other rooms.
// Spec: Appendix, Validation Algorithm.
//
// Invariants
//   - every operand carries the offset of the operator that produced it: a mismatch is reported there;
//   - values below frames.back().height belong to enclosing frames;
//   - after an error (set_invalid, set_malformed) the reader stands at its end and the walk stops: handlers may go on
//   with
//     Bottom values until they return;
//   - nothing is allocated per operator once the stacks have grown.
#pragma once

#include "base/assert.hh"
#include "decode/instruction.hh"
#include "validate/operator.hh"
#include "validate/validate.hh"
#include "wasm/limits.hh"
#include "wasm/module.hh"

#include <array>
#include <string>
#include <vector>

namespace trapeze::validate {

using wasm::ValType;
using Types = std::span<const ValType>;

inline constexpr ValType bottom{wasm::ValKind::Bottom};
/// A reference of any type: what a reference operator leaves of a Bottom operand.
inline constexpr ValType bottom_ref = ValType::ref({wasm::HeapKind::Bottom}, false);

struct Value {
  ValType type;
  u32 producer;
};

struct Frame {
  FrameKind kind = FrameKind::Block;
  bool unreachable = false;
  u32 height = 0;      ///< of the operand stack at its start, parameters popped
  u32 init_height = 0; ///< of the log of initialised locals
  u32 offset = 0;      ///< of the operator that opened the block
  u32 visited_by = 0;  ///< offset of the last br_table that checked this label
  decode::BlockType block;
};

/// Whether an operator may stand in a constant expression; Extended: if extended-const is on.
enum class Constancy : u8 { None, Constant, Extended };

class Walker {
public:
  Walker(const wasm::Module &module, const wasm::Features &f) : m(module), features(f), instructions(f) {}

  Result<void> body(u32 func, OperatorSink sink);
  /// An expression of type `expected` that sees the globals below `visible_globals`.
  Result<void> constant(const wasm::ConstExpr &expr, ValType expected, u32 visible_globals);

  // --- operands
  void push(ValType type) { stack.push_back({type, op.offset}); }
  void push(Types types) {
    for (const ValType type : types)
      push(type);
    if (stack.size() > wasm::max_operands) [[unlikely]]
      too_many_operands();
  }
  ValType pop_any() {
    if (stack.size() > height) [[likely]] {
      const ValType type = stack.back().type;
      stack.pop_back();
      return type;
    }
    return underflow("a value");
  }
  /// Returns what was there: a subtype of `expected`, or Bottom.
  ValType pop(ValType expected) {
    if (stack.size() > height) [[likely]] {
      const Value value = stack.back();
      stack.pop_back();
      if (value.type.kind() != expected.kind() || (expected.is_ref() && value.type != expected)) [[unlikely]]
        check_match(value, expected);
      return value.type;
    }
    return underflow_of(expected);
  }
  void pop(Types types) {
    for (usize i = types.size(); i-- > 0 && !is_drained();)
      pop(types[i]);
  }
  /// In unreachable code with no operands left: whatever else is popped is Bottom.
  bool is_drained() const { return stack.size() == height && frames.back().unreachable; }
  /// Any reference; a Bottom comes back as a reference to Bottom.
  ValType pop_ref();
  /// Checks the topmost operands against `types` and leaves them with these types: pop and push in one.
  void retype(Types types);
  /// The same, without changing the stack.
  void check_top(Types types);
  void check_match(const Value &value, ValType expected);
  ValType underflow(const char *wanted);
  ValType underflow_of(ValType expected);

  // --- control
  void push_frame(FrameKind kind, const decode::BlockType &block);
  /// Checks that exactly the results of the innermost frame are there, and drops them.
  void finish_frame();
  void pop_frame();
  void set_unreachable();
  Types params(const Frame &frame) const;
  Types results(const Frame &frame) const;
  Types label_types(const Frame &frame) const { return frame.kind == FrameKind::Loop ? params(frame) : results(frame); }
  /// The frame a label names, or null after reporting it. `outermost`: how many frames count.
  Frame *label(u32 index);

  // --- index spaces: report and return false if there is no such thing
  bool check_index(u32 index, usize count, const char *what) {
    if (index < count) [[likely]]
      return true;
    unknown(index, what);
    return false;
  }
  bool check_type(ValType type);
  bool check_memory(u32 index) { return check_index(index, m.memories.size(), "memory"); }
  bool check_table(u32 index) { return check_index(index, m.tables.size(), "table"); }
  bool check_elem(u32 index) { return check_index(index, m.elements.size(), "elem segment"); }
  bool check_data(u32 index);
  /// The composite type at an index; null after reporting it.
  const wasm::SubType *composite(u32 index, wasm::CompositeKind kind);
  ValType concrete(u32 type, bool nullable) const {
    return ValType::ref({wasm::HeapKind::Concrete, static_cast<wasm::TypeIndex>(type)}, nullable);
  }

  void set_invalid(u64 offset, std::string message) {
    instructions.reader().set_error(offset, std::move(message), ErrorKind::Invalid);
  }
  void set_invalid(std::string message) { set_invalid(op.offset, std::move(message)); }
  void set_malformed(std::string message) { instructions.reader().set_error(op.offset, std::move(message)); }
  bool failed() { return instructions.reader().failed(); }

  const wasm::Module &m;
  const wasm::Features &features;
  decode::InstructionReader instructions;
  Operator op;
  std::vector<Value> stack;
  std::vector<Frame> frames;
  u32 height = 0; ///< frames.back().height
  Locals locals;
  std::vector<u8> initialised;      ///< per local
  std::vector<u32> initialised_log; ///< locals set since the function's start that had no value
  const wasm::FuncType *func_type = nullptr;
  wasm::FuncType constant_type; ///< func_type of a constant expression
  bool is_constant = false;
  u32 visible_globals = 0;
  std::vector<u8> default_state;           ///< per structure type: 1 if all its fields are known to have defaults
  ValType ended_value;                     ///< result of the frame just popped, for Operator::results
  std::span<const wasm::BranchHint> hints; ///< those not yet reached
  u64 body_offset = 0;

private:
  void too_many_operands();
  void unknown(u32 index, const char *what);
  void start(const wasm::BodySpan &span, const wasm::FuncType &type);
  void walk(OperatorSink sink);
  bool check_constancy(Constancy constancy);
  void declare_locals();
};

/// The handler of an operator: checks and types walker.op.
using Handler = void (*)(Walker &);

struct HandlerRow {
  Handler handler;
  Constancy constancy;
};
extern const std::array<HandlerRow, wasm::opcode_count> handler_rows;

} // namespace trapeze::validate
