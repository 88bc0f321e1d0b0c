// Fields of a module -> sections. Spec: Text Format, Modules.
//
// Three passes over the fields, all by token index: `collect` binds every identifier (so references may point
// forward) and checks the order of imports; the explicit types; then every other field, in the order of the
// source, each appending to the section it belongs to. Sections are joined at the end.
#pragma once

#include "text/annotations.hh"
#include "text/buffer.hh"
#include "text/code_writer.hh"
#include "text/context.hh"
#include "text/text.hh"

#include <array>
#include <utility>
#include <vector>

namespace trapeze::text {

/// The contents of one section: `count` entries.
struct Section {
  Buffer content;
  u32 count = 0;
};

class ModuleWriter {
public:
  explicit ModuleWriter(Cursor &cursor) : c_(cursor), ctx_(cursor), code_(ctx_) {}
  /// Reads a whole module; false if the cursor failed.
  bool run();
  Assembled join();

private:
  using Pass = void (ModuleWriter::*)();
  struct FieldRow {
    std::string_view keyword;
    IndexSpace Context::*space; ///< null: defines nothing
    Pass collect, write;
  };
  static const FieldRow field_rows[];

  struct Field {
    const FieldRow *row;
    u32 token; ///< behind the keyword
  };

  void collect();
  void claim_customs();
  const FieldRow *find_field(u32 ahead) const;

  // First pass, behind the keyword.
  void collect_type();
  void collect_rec();
  void collect_import();
  void collect_definition();
  void collect_segment();
  void collect_nothing() {}
  void check_import_order(u32 offset);

  // Second and third pass.
  void write_type();
  void write_rec();
  void write_nothing() {}
  void write_import();
  void write_func();
  void write_table();
  void write_memory();
  void write_global();
  void write_tag();
  void write_export();
  void write_start();
  void write_elem();
  void write_data();

  u32 type_definition();
  wasm::CompositeKind composite_type(u32 index, wasm::FuncType &func, Buffer &out);
  void struct_fields(u32 index, Buffer &out);
  void field_type(Buffer &out);

  /// Identifier, inline exports, inline import. True if it is an import, with module and name written.
  bool definition_head(u8 kind, u32 index);
  void import_names();
  void external_type(std::string_view keyword);
  void local_declarations(IndexSpace &locals, Buffer &body);
  void offset_expression(Buffer &out);
  void element_expression(Buffer &out);
  void element_list(Buffer &out, u32 &count, bool of_expressions);
  void inline_elements(u32 table, wasm::ValType type, bool is_64);
  void inline_data(u32 memory, wasm::MemoryType type);
  void finish_function(u32 index, const IndexSpace &locals);

  Section &section(u8 id) { return sections_[id]; }
  Buffer name_section() const;
  Buffer branch_hint_section() const;

  Cursor &c_;
  Context ctx_;
  CodeWriter code_;
  const FieldRow *row_ = nullptr; ///< of the field being read
  std::vector<Field> fields_;
  std::array<Section, 14> sections_;
  std::vector<CustomAnnotation> customs_;
  std::string_view module_name_;
  const char *defined_ = nullptr; ///< the first kind defined so far: imports must come before
  bool has_start_ = false;
  u32 type_groups_ = 0;
  u32 next_type_ = 0, next_func_ = 0, next_table_ = 0, next_memory_ = 0, next_global_ = 0, next_tag_ = 0;
  std::vector<std::pair<u32, Names>> local_names_, label_names_;
  std::vector<wasm::FuncBranchHints> hints_;
};

} // namespace trapeze::text
