// Sections joined into a module, with the custom sections between them. Spec: Binary Format, Modules;
// Appendix, Custom Sections (name section); the branch hinting proposal's section stands before the code.
#include "text/module_writer.hh"

namespace trapeze::text {

namespace {

constexpr u8 start_id = 8, code_id = 10, data_id = 11, data_count_id = 12, custom_id = 0;

void put_section(Buffer &out, u8 id, const Buffer &content) {
  out.byte(id);
  out.leb_u32(static_cast<u32>(content.bytes.size()));
  out.append(content);
}

void put_custom(Buffer &out, std::string_view name, std::string_view contents) {
  Buffer content;
  content.name(name);
  content.raw(contents);
  put_section(out, custom_id, content);
}

std::string_view as_string(const Buffer &b) { return {reinterpret_cast<const char *>(b.bytes.data()), b.bytes.size()}; }

void put_names(Buffer &out, const Names &names) {
  out.leb_u32(static_cast<u32>(names.size()));
  for (auto &[index, name] : names) {
    out.leb_u32(index);
    out.name(name);
  }
}

void put_name_map(Buffer &out, u8 id, const Names &names) {
  if (names.empty())
    return;
  Buffer content;
  put_names(content, names);
  put_section(out, id, content);
}

void put_indirect_name_map(Buffer &out, u8 id, const std::vector<std::pair<u32, Names>> &maps) {
  if (maps.empty())
    return;
  Buffer content;
  content.leb_u32(static_cast<u32>(maps.size()));
  for (auto &[index, names] : maps) {
    content.leb_u32(index);
    put_names(content, names);
  }
  put_section(out, id, content);
}

} // namespace

Buffer ModuleWriter::name_section() const {
  Buffer out;
  if (!module_name_.empty()) {
    Buffer content;
    content.name(module_name_);
    put_section(out, 0, content);
  }
  std::vector<std::pair<u32, Names>> fields;
  for (u32 type = 0; type < ctx_.types.count() && !ctx_.fields.empty(); ++type)
    if (auto named = ctx_.fields.find(type); named != ctx_.fields.end())
      fields.emplace_back(type, named->second.names());
  put_name_map(out, 1, ctx_.funcs.names());
  put_indirect_name_map(out, 2, local_names_);
  put_indirect_name_map(out, 3, label_names_);
  put_name_map(out, 4, ctx_.types.names());
  put_name_map(out, 5, ctx_.tables.names());
  put_name_map(out, 6, ctx_.memories.names());
  put_name_map(out, 7, ctx_.globals.names());
  put_name_map(out, 8, ctx_.elements.names());
  put_name_map(out, 9, ctx_.datas.names());
  put_indirect_name_map(out, 10, fields);
  put_name_map(out, 11, ctx_.tags.names());
  return out;
}

Buffer ModuleWriter::branch_hint_section() const {
  Buffer out;
  if (hints_.empty())
    return out;
  out.leb_u32(static_cast<u32>(hints_.size()));
  for (const wasm::FuncBranchHints &f : hints_) {
    out.leb_u32(f.func);
    out.leb_u32(static_cast<u32>(f.hints.size()));
    for (wasm::BranchHint h : f.hints) {
      out.leb_u32(h.offset);
      out.byte(1);
      out.byte(h.likely);
    }
  }
  return out;
}

Assembled ModuleWriter::join() {
  Buffer out;
  out.raw(std::string_view("\0asm\1\0\0\0", 8));
  Section &types = section(1);
  types.content.append(ctx_.implicit_types);
  types.count = type_groups_ + ctx_.implicit_count;
  auto customs = [&](u32 slot) {
    for (const CustomAnnotation &custom : customs_)
      if (custom.slot == slot)
        put_custom(out, custom.name, custom.contents);
  };
  customs(0);
  u32 slot = 1;
  for (const SectionRow &row : sections_in_order()) {
    customs(slot++);
    Buffer content;
    if (row.id == data_count_id && ctx_.uses_data_count) {
      content.leb_u32(section(data_id).count);
    } else if (row.id == start_id && has_start_) {
      content = std::move(section(row.id).content);
    } else if (section(row.id).count > 0) {
      content.leb_u32(section(row.id).count);
      content.append(section(row.id).content);
    }
    if (row.id == code_id)
      if (Buffer hints = branch_hint_section(); !hints.bytes.empty())
        put_custom(out, "metadata.code.branch_hint", as_string(hints));
    if (!content.bytes.empty())
      put_section(out, row.id, content);
    customs(slot++);
  }
  customs(slot);
  if (Buffer names = name_section(); !names.bytes.empty())
    put_custom(out, "name", as_string(names));
  return {std::move(out.bytes), {std::move(out.map)}};
}

} // namespace trapeze::text
