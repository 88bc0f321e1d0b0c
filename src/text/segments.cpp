// Tables and memories with their segments, inline or as fields. Spec: Text Format, Modules; the flags of
// segments: Binary Format, Element Section and Data Section.
#include "text/module_writer.hh"

#include <bit>
#include <fmt/format.h>

namespace trapeze::text {

using wasm::ValType;

void ModuleWriter::write_table() {
  u32 index = next_table_;
  u32 offset = c_.peek().offset;
  if (definition_head(1, index))
    return;
  ++next_table_;
  Section &tables = section(4);
  tables.content.mark(offset);
  ++tables.count;
  bool is_64 = address_type(ctx_);
  if (at_ref_type(c_)) {
    ValType element = ref_type(ctx_);
    return inline_elements(index, element, is_64);
  }
  wasm::TableType type;
  type.limits = limits(ctx_, is_64);
  type.element = ref_type(ctx_);
  bool has_init = !c_.at(TokenKind::Close);
  if (has_init) {
    tables.content.byte(0x40);
    tables.content.byte(0x00);
  }
  write(tables.content, type);
  if (has_init)
    code_.expression(tables.content);
}

namespace {

/// i32.const 0 or i64.const 0, and end.
void zero_offset(Buffer &out, bool is_64) {
  out.byte(is_64 ? 0x42 : 0x41);
  out.byte(0);
  out.byte(0x0b);
}

} // namespace

/// `reftype (elem ...)` of a table: the table is as large as the segment.
void ModuleWriter::inline_elements(u32 table, ValType type, bool is_64) {
  Section &elements = section(9);
  elements.content.mark(c_.peek().offset);
  if (!c_.take_open("elem"))
    return c_.unexpected();
  bool of_expressions = c_.at(TokenKind::Open);
  // Function indices make a segment of funcref; another table type takes expressions.
  Buffer list;
  u32 count = 0;
  bool is_plain = !of_expressions && type == wasm::funcref_type;
  if (of_expressions || is_plain) {
    element_list(list, count, of_expressions);
  } else {
    for (; c_.at_index(); ++count) {
      list.byte(0xd2);
      list.leb_u32(ctx_.funcs.use(c_));
      list.byte(0x0b);
    }
  }
  c_.expect_close();
  bool is_short = table == 0 && type == wasm::funcref_type;
  elements.content.byte((is_plain ? 0 : 4) | (is_short ? 0 : 2));
  if (!is_short)
    elements.content.leb_u32(table);
  zero_offset(elements.content, is_64);
  if (!is_short && is_plain)
    elements.content.byte(0);
  else if (!is_short)
    write(elements.content, type);
  elements.content.leb_u32(count);
  elements.content.append(list);
  ++elements.count;

  wasm::TableType table_type{type, {.min = count, .max = count, .has_max = true, .is_64 = is_64}};
  write(section(4).content, table_type);
}

void ModuleWriter::write_memory() {
  u32 index = next_memory_;
  u32 offset = c_.peek().offset;
  if (definition_head(2, index))
    return;
  ++next_memory_;
  Section &memories = section(5);
  memories.content.mark(offset);
  ++memories.count;
  wasm::MemoryType type;
  type.limits.is_64 = address_type(ctx_);
  page_size(ctx_, type);
  if (c_.at_open("data"))
    return inline_data(index, type);
  bool is_64 = type.limits.is_64;
  type.limits = limits(ctx_, is_64);
  type.is_shared = c_.take_keyword("shared");
  page_size(ctx_, type);
  write(memories.content, type);
}

/// `(data ...)` of a memory: the memory has as many pages as the bytes need.
void ModuleWriter::inline_data(u32 memory, wasm::MemoryType type) {
  Section &datas = section(11);
  datas.content.mark(c_.peek().offset);
  c_.take_open("data");
  std::string bytes;
  while (c_.at(TokenKind::String))
    bytes += c_.string();
  c_.expect_close();
  datas.content.byte(memory == 0 ? 0 : 2);
  if (memory != 0)
    datas.content.leb_u32(memory);
  zero_offset(datas.content, type.limits.is_64);
  datas.content.name(bytes);
  ++datas.count;
  u64 page = u64{1} << type.page_size_log2;
  type.limits.min = type.limits.max = (bytes.size() + page - 1) / page;
  type.limits.has_max = true;
  write(section(5).content, type);
}

/// `(offset instr*)` or one folded instruction.
void ModuleWriter::offset_expression(Buffer &out) {
  if (c_.take_open("offset")) {
    code_.expression(out);
    c_.expect_close();
  } else {
    code_.folded_expression(out);
  }
}

/// `(item instr*)` or one folded instruction.
void ModuleWriter::element_expression(Buffer &out) {
  if (c_.take_open("item")) {
    code_.expression(out);
    c_.expect_close();
  } else {
    code_.folded_expression(out);
  }
}

void ModuleWriter::element_list(Buffer &out, u32 &count, bool of_expressions) {
  count = 0;
  while (!c_.at(TokenKind::Close) && !c_.at_end()) {
    if (of_expressions)
      element_expression(out);
    else
      out.leb_u32(ctx_.funcs.use(c_));
    ++count;
  }
}

// Flags: bit 0 passive or declarative, bit 1 declarative or explicit table, bit 2 expressions.
void ModuleWriter::write_elem() {
  Section &elements = section(9);
  elements.content.mark(c_.peek().offset);
  c_.optional_id();
  bool is_declarative = c_.take_keyword("declare");
  bool has_table = false, is_active = false;
  u32 table = 0;
  Buffer offset;
  if (!is_declarative) {
    if (c_.take_open("table")) {
      has_table = true;
      table = ctx_.tables.use(c_);
      c_.expect_close();
    } else if (c_.at_index() && c_.peek(1).kind == TokenKind::Open) {
      table = ctx_.tables.use(c_);
      has_table = true;
    }
    is_active = has_table || (c_.at(TokenKind::Open) && !at_ref_type(c_));
    if (is_active)
      offset_expression(offset);
  }
  ValType type = wasm::funcref_type;
  bool of_expressions = at_ref_type(c_);
  if (of_expressions)
    type = ref_type(ctx_);
  else if (!c_.take_keyword("func") && !(is_active && !has_table) && !c_.at_index() && !c_.at(TokenKind::Close))
    return c_.unexpected();
  u32 count = 0;
  Buffer list;
  element_list(list, count, of_expressions);
  bool is_short = is_active && table == 0 && type == wasm::funcref_type;
  u32 flags = (is_active ? 0 : 1) | (is_declarative || (is_active && !is_short) ? 2 : 0) | (of_expressions ? 4 : 0);
  elements.content.byte(flags);
  if (is_active && !is_short)
    elements.content.leb_u32(table);
  elements.content.append(offset);
  if (!is_short && of_expressions)
    write(elements.content, type);
  else if (!is_short)
    elements.content.byte(0);
  elements.content.leb_u32(count);
  elements.content.append(list);
  ++elements.count;
}

void ModuleWriter::write_data() {
  Section &datas = section(11);
  datas.content.mark(c_.peek().offset);
  c_.optional_id();
  u32 memory = 0;
  bool has_memory = false;
  if (c_.take_open("memory")) {
    has_memory = true;
    memory = ctx_.memories.use(c_);
    c_.expect_close();
  } else if (c_.at_index()) {
    has_memory = true;
    memory = ctx_.memories.use(c_);
  }
  bool is_active = has_memory || c_.at(TokenKind::Open);
  datas.content.byte(!is_active ? 1 : memory == 0 ? 0 : 2);
  if (is_active && memory != 0)
    datas.content.leb_u32(memory);
  if (is_active)
    offset_expression(datas.content);
  std::string bytes;
  while (c_.at(TokenKind::String))
    bytes += c_.string();
  datas.content.name(bytes);
  ++datas.count;
}

} // namespace trapeze::text
