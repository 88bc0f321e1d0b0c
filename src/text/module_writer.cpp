// The three passes, types and definitions; segments are in segments.cpp, sections in sections.cpp.
#include "text/module_writer.hh"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace trapeze::text {

using wasm::CompositeKind;

const ModuleWriter::FieldRow ModuleWriter::field_rows[] = {
    {"type", nullptr, &ModuleWriter::collect_type, &ModuleWriter::write_type},
    {"rec", nullptr, &ModuleWriter::collect_rec, &ModuleWriter::write_rec},
    {"import", nullptr, &ModuleWriter::collect_import, &ModuleWriter::write_import},
    {"func", &Context::funcs, &ModuleWriter::collect_definition, &ModuleWriter::write_func},
    {"table", &Context::tables, &ModuleWriter::collect_definition, &ModuleWriter::write_table},
    {"memory", &Context::memories, &ModuleWriter::collect_definition, &ModuleWriter::write_memory},
    {"global", &Context::globals, &ModuleWriter::collect_definition, &ModuleWriter::write_global},
    {"tag", &Context::tags, &ModuleWriter::collect_definition, &ModuleWriter::write_tag},
    {"export", nullptr, &ModuleWriter::collect_nothing, &ModuleWriter::write_export},
    {"start", nullptr, &ModuleWriter::collect_nothing, &ModuleWriter::write_start},
    {"elem", &Context::elements, &ModuleWriter::collect_segment, &ModuleWriter::write_elem},
    {"data", &Context::datas, &ModuleWriter::collect_segment, &ModuleWriter::write_data},
};

const ModuleWriter::FieldRow *ModuleWriter::find_field(u32 ahead) const {
  for (const FieldRow &row : field_rows)
    if (c_.at_keyword(row.keyword, ahead))
      return &row;
  return nullptr;
}

void ModuleWriter::claim_customs() {
  while (Annotation *a = c_.claim(AnnotationKind::Custom))
    customs_.push_back(custom_annotation(c_, *a));
}

bool ModuleWriter::run() {
  claim_customs();
  bool is_wrapped = c_.take_open("module");
  if (is_wrapped) {
    c_.take_keyword("definition"); // a script's module that is not instantiated
    module_name_ = c_.optional_id();
    if (Annotation *a = c_.claim(AnnotationKind::Name))
      module_name_ = annotation_name(c_, *a);
    if (Annotation *a = c_.claim(AnnotationKind::Name))
      c_.fail(a->offset, "@name annotation: multiple module names");
  }
  collect();
  u32 after_fields = c_.index();
  for (bool types : {true, false})
    for (const Field &field : fields_) {
      if ((field.row->keyword == "type" || field.row->keyword == "rec") != types || c_.failed())
        continue;
      c_.seek(field.token);
      row_ = field.row;
      (this->*field.row->write)();
      c_.expect_close();
    }
  c_.seek(after_fields);
  if (is_wrapped)
    c_.expect_close();
  if (!c_.at_end())
    c_.unexpected();
  c_.check_annotations();
  return !c_.failed();
}

void ModuleWriter::collect() {
  for (;;) {
    claim_customs();
    if (!c_.at(TokenKind::Open))
      return;
    u32 open = c_.index();
    row_ = find_field(1);
    c_.advance();
    if (!row_) {
      c_.unexpected();
      return;
    }
    c_.advance();
    fields_.push_back({row_, c_.index()});
    (this->*row_->collect)();
    c_.seek(open);
    if (c_.failed())
      return;
    c_.skip_group();
  }
}

void ModuleWriter::collect_type() { ctx_.types.bind(c_); }

void ModuleWriter::collect_rec() {
  while (c_.at_open("type")) {
    u32 open = c_.index();
    c_.take_open("type");
    ctx_.types.bind(c_);
    c_.seek(open);
    if (c_.failed())
      return;
    c_.skip_group();
  }
}

void ModuleWriter::check_import_order(u32 offset) {
  if (defined_)
    c_.fail(offset, fmt::format("import after {}", defined_));
}

void ModuleWriter::collect_import() {
  check_import_order(c_.peek().offset);
  c_.name();
  c_.name();
  c_.expect(TokenKind::Open);
  const FieldRow *row = find_field(0);
  if (!row || !row->space || row->collect != &ModuleWriter::collect_definition)
    return c_.unexpected();
  c_.advance();
  (ctx_.*row->space).bind(c_);
}

namespace {

const char *definition_name(std::string_view keyword) { return keyword == "func" ? "function" : keyword.data(); }

} // namespace

void ModuleWriter::collect_definition() {
  u32 offset = c_.peek().offset;
  (ctx_.*row_->space).bind(c_);
  while (c_.at_open("export"))
    c_.skip_group();
  if (c_.at_open("import"))
    return check_import_order(offset);
  if (!defined_)
    defined_ = definition_name(row_->keyword);
  // Inline segments take their index here, where the field stands.
  bool is_table = row_->keyword == "table";
  if (!is_table && row_->keyword != "memory")
    return;
  while (!c_.at(TokenKind::Close) && !c_.at_end()) {
    if (c_.at_open(is_table ? "elem" : "data")) {
      (is_table ? ctx_.elements : ctx_.datas).bind_anonymous();
      return;
    }
    if (c_.at(TokenKind::Open))
      c_.skip_group();
    else
      c_.advance();
  }
}

void ModuleWriter::collect_segment() { (ctx_.*row_->space).bind(c_); }

void ModuleWriter::write_type() {
  ++type_groups_;
  type_definition();
  const KnownType &known = ctx_.known_types.back();
  if (known.kind == CompositeKind::Func && known.is_plain)
    ctx_.add_plain_func(static_cast<u32>(ctx_.known_types.size()) - 1, known.func);
}

void ModuleWriter::write_rec() {
  ++type_groups_;
  Buffer &out = section(1).content;
  u32 count = 0;
  Buffer group;
  std::swap(out, group);
  for (; c_.take_open("type"); ++count) {
    type_definition();
    c_.expect_close();
  }
  std::swap(out, group);
  bool alone = count == 1;
  if (!alone) {
    out.byte(0x4e);
    out.leb_u32(count);
  }
  out.append(group);
  if (alone && ctx_.known_types.back().kind == CompositeKind::Func && ctx_.known_types.back().is_plain)
    ctx_.add_plain_func(static_cast<u32>(ctx_.known_types.size()) - 1, ctx_.known_types.back().func);
}

/// Behind `(type`; its closing parenthesis stays.
u32 ModuleWriter::type_definition() {
  Buffer &out = section(1).content;
  u32 index = static_cast<u32>(ctx_.known_types.size());
  out.mark(c_.peek().offset);
  c_.optional_id();
  KnownType known;
  if (c_.take_open("sub")) {
    bool is_final = c_.take_keyword("final");
    std::vector<u32> supers;
    while (c_.at_index())
      supers.push_back(ctx_.types.use(c_));
    known.is_plain = is_final && supers.empty();
    if (!known.is_plain) {
      out.byte(is_final ? 0x4f : 0x50);
      out.leb_u32(static_cast<u32>(supers.size()));
      for (u32 s : supers)
        out.leb_u32(s);
    }
    known.kind = composite_type(index, known.func, out);
    c_.expect_close();
  } else {
    known.kind = composite_type(index, known.func, out);
  }
  ctx_.known_types.push_back(std::move(known));
  return index;
}

CompositeKind ModuleWriter::composite_type(u32 index, wasm::FuncType &func, Buffer &out) {
  CompositeKind kind = CompositeKind::Func;
  if (c_.take_open("func")) {
    func = signature(ctx_, nullptr, true);
    write(out, func);
  } else if (c_.take_open("struct")) {
    kind = CompositeKind::Struct;
    out.byte(0x5f);
    struct_fields(index, out);
  } else if (c_.take_open("array")) {
    kind = CompositeKind::Array;
    out.byte(0x5e);
    field_type(out);
  } else {
    c_.unexpected();
  }
  c_.expect_close();
  return kind;
}

void ModuleWriter::struct_fields(u32 index, Buffer &out) {
  IndexSpace names{"field"};
  Buffer fields;
  while (c_.take_open("field")) {
    if (c_.at(TokenKind::Id)) {
      names.bind(c_);
      field_type(fields);
    } else {
      while (!c_.at(TokenKind::Close) && !c_.at_end()) {
        names.bind(c_);
        field_type(fields);
      }
    }
    c_.expect_close();
  }
  out.leb_u32(names.count());
  out.append(fields);
  if (!names.names().empty())
    ctx_.fields.emplace(index, std::move(names));
}

void ModuleWriter::field_type(Buffer &out) {
  bool is_mutable = c_.take_open("mut");
  if (c_.take_keyword("i8"))
    out.byte(0x78);
  else if (c_.take_keyword("i16"))
    out.byte(0x77);
  else
    write(out, val_type(ctx_));
  if (is_mutable)
    c_.expect_close();
  out.byte(is_mutable);
}

void ModuleWriter::import_names() {
  Section &imports = section(2);
  imports.content.mark(c_.peek().offset);
  ++imports.count;
  imports.content.name(c_.name());
  imports.content.name(c_.name());
}

/// What is imported, behind its identifier.
void ModuleWriter::external_type(std::string_view keyword) {
  Buffer &out = section(2).content;
  if (keyword == "func") {
    IndexSpace params{"local"};
    out.byte(0);
    out.leb_u32(type_use(ctx_, &params, true));
    if (!params.names().empty())
      local_names_.emplace_back(next_func_, params.names());
    ++next_func_;
  } else if (keyword == "table") {
    out.byte(1);
    write(out, table_type(ctx_));
    ++next_table_;
  } else if (keyword == "memory") {
    out.byte(2);
    write(out, memory_type(ctx_));
    ++next_memory_;
  } else if (keyword == "global") {
    out.byte(3);
    write(out, global_type(ctx_));
    ++next_global_;
  } else {
    out.byte(4);
    out.byte(0);
    out.leb_u32(type_use(ctx_, nullptr, true));
    ++next_tag_;
  }
}

void ModuleWriter::write_import() {
  import_names();
  c_.expect(TokenKind::Open);
  std::string_view keyword = find_field(0)->keyword; // collect_import has seen it
  c_.advance();
  c_.optional_id();
  external_type(keyword);
  c_.expect_close();
}

bool ModuleWriter::definition_head(u8 kind, u32 index) {
  c_.optional_id();
  while (c_.take_open("export")) {
    Section &exports = section(7);
    exports.content.mark(c_.peek().offset);
    ++exports.count;
    exports.content.name(c_.name());
    exports.content.byte(kind);
    exports.content.leb_u32(index);
    c_.expect_close();
  }
  if (!c_.take_open("import"))
    return false;
  import_names();
  c_.expect_close();
  external_type(row_->keyword);
  return true;
}

void ModuleWriter::local_declarations(IndexSpace &locals, Buffer &body) {
  std::vector<std::pair<u32, wasm::ValType>> runs;
  auto add = [&] {
    locals.bind(c_);
    wasm::ValType type = val_type(ctx_);
    if (!runs.empty() && runs.back().second == type)
      ++runs.back().first;
    else
      runs.emplace_back(1, type);
  };
  while (c_.take_open("local")) {
    if (c_.at(TokenKind::Id))
      add();
    else
      while (!c_.at(TokenKind::Close) && !c_.at_end())
        add();
    c_.expect_close();
  }
  body.leb_u32(static_cast<u32>(runs.size()));
  for (auto [count, type] : runs) {
    body.leb_u32(count);
    write(body, type);
  }
}

void ModuleWriter::write_func() {
  u32 index = next_func_;
  u32 offset = c_.peek().offset;
  if (definition_head(0, index))
    return;
  ++next_func_;
  Section &functions = section(3), &codes = section(10);
  IndexSpace locals{"local"};
  functions.content.mark(offset);
  functions.content.leb_u32(type_use(ctx_, &locals, true));
  ++functions.count;
  Buffer body;
  body.mark(offset);
  local_declarations(locals, body);
  code_.function_body(body, locals);
  codes.content.leb_u32(static_cast<u32>(body.bytes.size()));
  codes.content.append(body);
  ++codes.count;
  finish_function(index, locals);
}

void ModuleWriter::finish_function(u32 index, const IndexSpace &locals) {
  if (!locals.names().empty())
    local_names_.emplace_back(index, locals.names());
  if (!code_.label_names().empty())
    label_names_.emplace_back(index, code_.label_names());
  if (!code_.hints().empty())
    hints_.push_back({index, code_.hints()});
}

void ModuleWriter::write_global() {
  u32 index = next_global_;
  u32 offset = c_.peek().offset;
  if (definition_head(3, index))
    return;
  ++next_global_;
  Section &globals = section(6);
  globals.content.mark(offset);
  write(globals.content, global_type(ctx_));
  code_.expression(globals.content);
  ++globals.count;
}

void ModuleWriter::write_tag() {
  u32 index = next_tag_;
  u32 offset = c_.peek().offset;
  if (definition_head(4, index))
    return;
  ++next_tag_;
  Section &tags = section(13);
  tags.content.mark(offset);
  tags.content.byte(0);
  tags.content.leb_u32(type_use(ctx_, nullptr, true));
  ++tags.count;
}

void ModuleWriter::write_export() {
  struct Kind {
    std::string_view keyword;
    IndexSpace Context::*space;
    u8 code;
  };
  static constexpr Kind kinds[] = {{"func", &Context::funcs, 0},
                                   {"table", &Context::tables, 1},
                                   {"memory", &Context::memories, 2},
                                   {"global", &Context::globals, 3},
                                   {"tag", &Context::tags, 4}};
  Section &exports = section(7);
  exports.content.mark(c_.peek().offset);
  exports.content.name(c_.name());
  auto kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind &k) { return c_.at_open(k.keyword); });
  if (kind == std::end(kinds))
    return c_.unexpected();
  c_.take_open(kind->keyword);
  exports.content.byte(kind->code);
  exports.content.leb_u32((ctx_.*kind->space).use(c_));
  ++exports.count;
  c_.expect_close();
}

void ModuleWriter::write_start() {
  if (has_start_)
    c_.fail(c_.peek().offset, "multiple start sections");
  has_start_ = true;
  section(8).content.mark(c_.peek().offset);
  section(8).content.leb_u32(ctx_.funcs.use(c_));
}

} // namespace trapeze::text
