// A module as text. Spec: Text Format.
//
// Names of the name section become identifiers where they are unique in their index space; a name that is not
// becomes a `(@name ...)` annotation, and its owner is referred to by number. Every type use names its type, so
// parsing appends none, and every section is printed in the order of the binary format: the text assembles to
// a module with the same index spaces, and prints as itself. A module that is not valid is printed as far as it goes.
#pragma once

#include "decode/instruction.hh"
#include "wasm/module.hh"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trapeze::text {

/// How the entries of one index space are written.
class NameTable {
public:
  NameTable() = default;
  /// Names beyond `count` are dropped.
  NameTable(const wasm::NameMap *names, u32 count);
  /// ` $name`, ` (@name "name")` or nothing: what stands behind the keyword of a definition.
  std::string_view definition(u32 index) const;
  /// `$name` or the number.
  std::string reference(u32 index) const;
  bool has_any() const { return !entries_.empty(); }

private:
  struct Entry {
    std::string definition;
    bool is_id = false;
  };
  std::unordered_map<u32, Entry> entries_;
};

struct PrintNames {
  explicit PrintNames(const wasm::Module &m);
  NameTable funcs, types, tables, memories, globals, elements, datas, tags;
  std::unordered_map<u32, NameTable> fields; ///< per type
};

/// What module and code printing share: types and signatures with identifiers.
class TypePrinter {
public:
  TypePrinter(const wasm::Module &m, const PrintNames &names) : m_(m), names_(names) {}
  std::string heap(wasm::HeapType type) const;
  std::string value(wasm::ValType type) const;
  /// ` (param i32) (result i32)`; with `params`, each parameter on its own, named.
  std::string signature(const wasm::FuncType &type, const NameTable *params) const;
  /// ` (type $t) (param ...) (result ...)`.
  std::string type_use(u32 type, const NameTable *params) const;
  /// Parameters of a function; 0 where the module, not validated, names no function type.
  u32 param_count(u32 func) const;

private:
  const wasm::Module &m_;
  const PrintNames &names_;
};

/// Instructions of one body or constant expression at a time.
class CodePrinter {
public:
  CodePrinter(const wasm::Module &m, const PrintNames &names, const TypePrinter &types);

  /// Locals and code of a function, a line each.
  void body(std::string &out, u32 func, const NameTable &locals);
  /// A constant expression without its end: `(i32.const 0)`, or `before i32.const 0 ... after` if it is longer.
  std::string constant(wasm::ConstExpr expr, std::string_view before, std::string_view after);

private:
  struct Label {
    std::string_view name;
    u32 shadowed;
  };
  using Handler = void (CodePrinter::*)(const decode::Instruction &);
  static const Handler handlers[];

  void local_declarations(std::string &out, u32 first);
  void line(std::string &out, const decode::Instruction &in);
  void hint(std::string &out, const decode::Instruction &in);
  void open_block();
  void close_block();
  void indent(std::string &out, usize depth) const { out.append(4 + 2 * depth, ' '); }

  // Immediates: each appends to text_.
  void immediates(const decode::Instruction &in);
  void none(const decode::Instruction &) {}
  void label(const decode::Instruction &in);
  void label_table(const decode::Instruction &in);
  template <NameTable PrintNames::*Space> void index(const decode::Instruction &in);
  template <NameTable PrintNames::*Space> void optional_index(const decode::Instruction &in);
  template <NameTable PrintNames::*Space> void optional_pair(const decode::Instruction &in);
  template <NameTable PrintNames::*Segment, NameTable PrintNames::*Space>
  void segment_into(const decode::Instruction &in);
  template <NameTable PrintNames::*Space> void type_and(const decode::Instruction &in);
  void local(const decode::Instruction &in);
  void type_table(const decode::Instruction &in);
  void type_field(const decode::Instruction &in);
  void type_count(const decode::Instruction &in);
  void heap(const decode::Instruction &in);
  void ref_type(const decode::Instruction &in);
  void cast_branch(const decode::Instruction &in);
  void select_types(const decode::Instruction &in);
  void i32_const(const decode::Instruction &in);
  void i64_const(const decode::Instruction &in);
  void f32_const(const decode::Instruction &in);
  void f64_const(const decode::Instruction &in);
  void v128_const(const decode::Instruction &in);
  void shuffle(const decode::Instruction &in);
  void lane(const decode::Instruction &in);
  void block(const decode::Instruction &in);
  void try_table(const decode::Instruction &in);
  void memarg(const decode::Instruction &in);
  void memarg_lane(const decode::Instruction &in);

  void append(std::string_view s) {
    text_ += ' ';
    text_ += s;
  }
  std::string label_reference(u32 depth) const;
  void block_type(const decode::BlockType &type);

  const wasm::Module &m_;
  const PrintNames &names_;
  const TypePrinter &types_;
  wasm::Features features_;
  decode::InstructionReader reader_;
  std::string text_; ///< the instruction being written
  const NameTable *locals_ = nullptr;
  const wasm::NameMap *label_names_ = nullptr;
  const wasm::FuncBranchHints *hints_ = nullptr;
  u64 body_start_ = 0;
  u32 label_count_ = 0;
  std::vector<Label> labels_;
  std::unordered_map<std::string_view, u32> innermost_; ///< label -> 1 + index in labels_
};

} // namespace trapeze::text
