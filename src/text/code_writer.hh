// Instructions as text -> bytes of an expression. Spec: Text Format, Instructions.
//
// Plain and folded instructions are one loop without recursion: `folds_` holds the open parentheses, each
// folded plain operator keeping its encoded self in `pending_` until its operands have been written;
// `controls_` holds the open blocks, which are also the label context. Nesting costs memory, never stack.
// How the immediates of an operator are read is chosen by wasm::Imm from a table of handlers.
#pragma once

#include "text/buffer.hh"
#include "text/context.hh"
#include "wasm/module.hh"
#include "wasm/opcodes.hh"

#include <string_view>
#include <unordered_map>
#include <vector>

namespace trapeze::text {

class CodeWriter {
public:
  explicit CodeWriter(Context &ctx) : ctx_(ctx), c_(ctx.cursor) {}

  /// `out` holds the body so far (local declarations); reads instructions up to the closing parenthesis,
  /// which stays, and writes them and `end`.
  void function_body(Buffer &out, const IndexSpace &locals);
  /// Names of labels and branch hints of the last function body.
  const Names &label_names() const { return label_names_; }
  const std::vector<wasm::BranchHint> &hints() const { return hints_; }

  /// Instructions up to the closing parenthesis, which stays, and `end`.
  void expression(Buffer &out);
  /// One folded instruction and `end`.
  void folded_expression(Buffer &out);

private:
  enum class FoldKind : u8 { Plain, Block, If, IfThen, IfElse, Try, TrySection };
  static constexpr i8 no_hint = -1;

  struct Fold {
    FoldKind kind = FoldKind::Plain;
    wasm::Opcode op{};
    i8 hint = no_hint;
    u8 parts = 0;    ///< If: then and else seen; Try: sections seen
    u32 offset = 0;  ///< of the keyword
    u32 pending = 0; ///< where its encoding starts in pending_
    std::string_view label;
  };

  struct Control {
    wasm::Opcode kind{};
    u32 owner = 0;    ///< 1 + index of the fold that must close it; 0: `end`
    u32 shadowed = 0; ///< the control that owned the label before, 1-based
    std::string_view label;
  };

  void start(Buffer &out);
  void finish();
  void run(bool single);
  void claim_hint();
  void put_hint(wasm::Opcode op, i8 hint, u32 offset);

  // Structure.
  wasm::Opcode operator_at_cursor();
  void plain();
  void open_fold();
  void open_child_of_if(Fold &parent);
  void open_child_of_try(Fold &parent);
  void close_fold();
  void emit_pending(const Fold &fold);
  bool is_sequence() const;
  void push_control(wasm::Opcode kind, std::string_view label, u32 owner);
  void pop_control();
  void block(wasm::Opcode op, bool folded);
  void end_of_block();
  void else_of_if();
  void catch_of_try(wasm::Opcode op);
  void delegate_of_try();
  void match_label();
  bool top_control_is(u32 owner, std::initializer_list<wasm::Opcode> kinds) const;
  void put_end(u32 offset);

  // Immediates: each writes the operator and what follows it to `dst`.
  using Handler = void (CodeWriter::*)(wasm::Opcode op, Buffer &dst);
  static const Handler handlers[];
  void instruction(wasm::Opcode op, Buffer &dst);
  static void put(wasm::Opcode op, Buffer &dst);
  void bad_immediate(wasm::Opcode op, Buffer &dst);
  void none(wasm::Opcode op, Buffer &dst);
  void label(wasm::Opcode op, Buffer &dst);
  void label_table(wasm::Opcode op, Buffer &dst);
  template <IndexSpace Context::*Space> void index(wasm::Opcode op, Buffer &dst);
  template <IndexSpace Context::*Space> void optional_index(wasm::Opcode op, Buffer &dst);
  template <IndexSpace Context::*Space> void optional_pair(wasm::Opcode op, Buffer &dst);
  template <IndexSpace Context::*Segment, IndexSpace Context::*Space> void segment_into(wasm::Opcode op, Buffer &dst);
  template <IndexSpace Context::*Space> void type_and(wasm::Opcode op, Buffer &dst);
  void local(wasm::Opcode op, Buffer &dst);
  void type_table(wasm::Opcode op, Buffer &dst);
  void type_field(wasm::Opcode op, Buffer &dst);
  void type_count(wasm::Opcode op, Buffer &dst);
  void heap(wasm::Opcode op, Buffer &dst);
  void ref_type_test(wasm::Opcode op, Buffer &dst);
  void cast_branch(wasm::Opcode op, Buffer &dst);
  void select_types(wasm::Opcode op, Buffer &dst);
  template <u32 Bits> void int_const(wasm::Opcode op, Buffer &dst);
  template <u32 Bits> void float_const(wasm::Opcode op, Buffer &dst);
  void v128_const(wasm::Opcode op, Buffer &dst);
  void shuffle(wasm::Opcode op, Buffer &dst);
  void lane(wasm::Opcode op, Buffer &dst);
  void fence(wasm::Opcode op, Buffer &dst);
  void memarg(wasm::Opcode op, Buffer &dst);
  void memarg_lane(wasm::Opcode op, Buffer &dst);

  u32 label_use();
  void put_catches(Buffer &dst);
  void put_memarg(wasm::Imm imm, bool has_memory, Buffer &dst);
  u64 keyword_number(std::string_view prefix, u64 otherwise);

  Context &ctx_;
  Cursor &c_;
  Buffer *out_ = nullptr;
  const IndexSpace *locals_ = nullptr; ///< null outside of functions
  std::vector<Fold> folds_;
  std::vector<Control> controls_;
  std::unordered_map<std::string_view, u32> labels_; ///< -> 1 + index in controls_
  Buffer pending_;
  i8 hint_ = no_hint;
  u32 hint_offset_ = 0;
  u32 label_count_ = 0;
  Names label_names_;
  std::vector<wasm::BranchHint> hints_;
};

/// A number token as `bits` wide integer or float bits; the error is the cursor's.
u64 int_literal(Cursor &c, u32 bits);
u64 float_literal(Cursor &c, u32 bits);
/// `i32x4 1 2 3 4` of v128.const.
void v128_literal(Cursor &c, Buffer &dst);

} // namespace trapeze::text
