// The fields of a module, in the order of the binary format. Spec: Text Format, Modules.
#include "text/annotations.hh"
#include "text/printer.hh"
#include "text/strings.hh"
#include "text/text.hh"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>

namespace trapeze::text {

using wasm::CompositeKind;
using wasm::ExternKind;
using wasm::SegmentMode;

NameTable::NameTable(const wasm::NameMap *names, u32 count) {
  if (!names)
    return;
  std::unordered_set<std::string_view> used;
  for (auto &[index, name] : names->entries) {
    if (index >= count || name.empty())
      continue;
    bool is_id = used.insert(name).second;
    entries_[index] = {is_id ? " " + identifier(name) : fmt::format(" (@name {})", quoted(name)), is_id};
  }
}

std::string_view NameTable::definition(u32 index) const {
  auto entry = entries_.find(index);
  return entry == entries_.end() ? std::string_view{} : entry->second.definition;
}

std::string NameTable::reference(u32 index) const {
  auto entry = entries_.find(index);
  if (entry == entries_.end() || !entry->second.is_id)
    return fmt::format("{}", index);
  return entry->second.definition.substr(1);
}

PrintNames::PrintNames(const wasm::Module &m)
    : funcs(&m.names.funcs(), static_cast<u32>(m.funcs.size())),
      types(&m.names.types(), static_cast<u32>(m.types.size())),
      tables(&m.names.tables(), static_cast<u32>(m.tables.size())),
      memories(&m.names.memories(), static_cast<u32>(m.memories.size())),
      globals(&m.names.globals(), static_cast<u32>(m.globals.size())),
      elements(&m.names.elements(), static_cast<u32>(m.elements.size())),
      datas(&m.names.datas(), static_cast<u32>(m.datas.size())),
      tags(&m.names.tags(), static_cast<u32>(m.tags.size())) {
  for (auto &[type, map] : m.names.fields().entries)
    if (type < m.types.size() && m.types[type].kind == CompositeKind::Struct)
      fields.emplace(type, NameTable(&map, static_cast<u32>(m.types[type].fields.size())));
}

std::string TypePrinter::heap(wasm::HeapType type) const {
  return type.kind == wasm::HeapKind::Concrete ? names_.types.reference(static_cast<u32>(type.index)) : to_string(type);
}

std::string TypePrinter::value(wasm::ValType type) const {
  if (!type.is_ref() || type.heap().kind != wasm::HeapKind::Concrete)
    return to_string(type);
  return fmt::format("(ref {}{})", type.is_nullable() ? "null " : "", heap(type.heap()));
}

std::string TypePrinter::signature(const wasm::FuncType &type, const NameTable *params) const {
  std::string out;
  if (params && params->has_any()) {
    for (u32 i = 0; i < type.params.size(); ++i)
      out += fmt::format(" (param{} {})", params->definition(i), value(type.params[i]));
  } else if (!type.params.empty()) {
    out += " (param";
    for (wasm::ValType t : type.params)
      out += " " + value(t);
    out += ')';
  }
  if (!type.results.empty()) {
    out += " (result";
    for (wasm::ValType t : type.results)
      out += " " + value(t);
    out += ')';
  }
  return out;
}

std::string TypePrinter::type_use(u32 type, const NameTable *params) const {
  std::string out = fmt::format(" (type {})", names_.types.reference(type));
  if (type < m_.types.size() && m_.types[type].kind == CompositeKind::Func)
    out += signature(m_.types[type].func, params);
  return out;
}

u32 TypePrinter::param_count(u32 func) const {
  u32 type = static_cast<u32>(m_.funcs[func].type);
  return type < m_.types.size() ? static_cast<u32>(m_.types[type].func.params.size()) : 0;
}

namespace {

class ModulePrinter {
public:
  explicit ModulePrinter(const wasm::Module &m) : m_(m), names_(m), types_(m, names_), code_(m, names_, types_) {}
  std::string run();

private:
  template <typename... Args> void put(fmt::format_string<Args...> format, Args &&...args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void type_section();
  void type(u32 index, std::string_view indent);
  std::string field(const wasm::FieldType &f) const;
  void imports();
  std::string import_type(const wasm::Import &import);
  void tables();
  void memories();
  void globals();
  void exports();
  void elements();
  void functions();
  void datas();
  void customs();
  void bytes(std::string_view indent, std::string_view data);

  std::string limits(const wasm::Limits &l) const;
  std::string table(const wasm::TableType &t) const;
  std::string memory(const wasm::MemoryType &t) const;
  std::string global(const wasm::GlobalType &t) const;
  std::string offset(wasm::ConstExpr expr) { return code_.constant(expr, "(offset ", ")"); }
  const NameTable &space(ExternKind kind) const;
  NameTable locals(u32 func) const;
  bool has_section(u8 id) const;

  const wasm::Module &m_;
  PrintNames names_;
  TypePrinter types_;
  CodePrinter code_;
  std::string out_;
};

std::string ModulePrinter::run() {
  out_ = "(module";
  if (!m_.names.module().empty())
    out_ += " " + identifier(m_.names.module());
  out_ += '\n';
  type_section();
  imports();
  tables();
  memories();
  for (u32 i = m_.imported_tags; i < m_.tags.size(); ++i)
    put("  (tag{} (;{};){})\n", names_.tags.definition(i), i,
        types_.type_use(static_cast<u32>(m_.tags[i].type), nullptr));
  globals();
  exports();
  if (m_.has_start)
    put("  (start {})\n", names_.funcs.reference(m_.start));
  elements();
  functions();
  datas();
  customs();
  out_ += ")\n";
  return std::move(out_);
}

std::string ModulePrinter::field(const wasm::FieldType &f) const {
  using Packed = wasm::FieldType::Packed;
  std::string type = f.packed == Packed::I8 ? "i8" : f.packed == Packed::I16 ? "i16" : types_.value(f.type);
  return f.is_mutable ? fmt::format("(mut {})", type) : type;
}

void ModulePrinter::type(u32 index, std::string_view indent) {
  const wasm::SubType &t = m_.types[index];
  bool is_sub = t.has_super || !t.is_final;
  put("{}(type{} (;{};) ", indent, names_.types.definition(index), index);
  if (is_sub)
    put("(sub {}{}", t.is_final ? "final " : "",
        t.has_super ? names_.types.reference(static_cast<u32>(t.super)) + " " : "");
  if (t.kind == CompositeKind::Func) {
    put("(func{})", types_.signature(t.func, nullptr));
  } else if (t.kind == CompositeKind::Array) {
    put("(array {})", field(t.fields[0]));
  } else {
    auto named = names_.fields.find(index);
    out_ += "(struct";
    for (u32 i = 0; i < t.fields.size(); ++i)
      put(" (field{} {})", named == names_.fields.end() ? std::string_view{} : named->second.definition(i),
          field(t.fields[i]));
    out_ += ')';
  }
  out_ += is_sub ? "))\n" : ")\n";
}

void ModulePrinter::type_section() {
  for (u32 i = 0; i < m_.types.size();) {
    u32 size = std::max<u32>(m_.types[i].group_size, 1);
    if (size == 1) {
      type(i++, "  ");
      continue;
    }
    out_ += "  (rec\n";
    for (u32 end = i + size; i < end; ++i)
      type(i, "    ");
    out_ += "  )\n";
  }
}

std::string ModulePrinter::limits(const wasm::Limits &l) const {
  return l.has_max ? fmt::format("{}{} {}", l.is_64 ? "i64 " : "", l.min, l.max)
                   : fmt::format("{}{}", l.is_64 ? "i64 " : "", l.min);
}

std::string ModulePrinter::table(const wasm::TableType &t) const {
  return fmt::format("{} {}", limits(t.limits), types_.value(t.element));
}

std::string ModulePrinter::memory(const wasm::MemoryType &t) const {
  std::string out = limits(t.limits);
  if (t.is_shared)
    out += " shared";
  if (t.page_size_log2 != 16)
    out += fmt::format(" (pagesize {})", u64{1} << t.page_size_log2);
  return out;
}

std::string ModulePrinter::global(const wasm::GlobalType &t) const {
  return t.is_mutable ? fmt::format("(mut {})", types_.value(t.type)) : types_.value(t.type);
}

const NameTable &ModulePrinter::space(ExternKind kind) const {
  switch (kind) {
  case ExternKind::Func:
    return names_.funcs;
  case ExternKind::Table:
    return names_.tables;
  case ExternKind::Memory:
    return names_.memories;
  case ExternKind::Global:
    return names_.globals;
  case ExternKind::Tag:
    break;
  }
  return names_.tags;
}

/// How many parameters and locals there are is only known to the body.
NameTable ModulePrinter::locals(u32 func) const {
  u64 count = types_.param_count(func);
  base::ByteReader body(m_.funcs[func].body.bytes);
  wasm::Features features;
  for (u32 runs = m_.funcs[func].is_imported ? 0 : body.leb_u32(); runs != 0 && !body.failed(); --runs) {
    count += body.leb_u32();
    decode::val_type(body, features);
  }
  return NameTable(m_.names.locals().find(func), static_cast<u32>(std::min<u64>(count, ~0u)));
}

std::string ModulePrinter::import_type(const wasm::Import &import) {
  switch (import.kind) {
  case ExternKind::Func: {
    NameTable params = locals(import.index);
    return types_.type_use(static_cast<u32>(m_.funcs[import.index].type), &params);
  }
  case ExternKind::Table:
    return " " + table(m_.tables[import.index].type);
  case ExternKind::Memory:
    return " " + memory(m_.memories[import.index].type);
  case ExternKind::Global:
    return " " + global(m_.globals[import.index].type);
  case ExternKind::Tag:
    break;
  }
  return types_.type_use(static_cast<u32>(m_.tags[import.index].type), nullptr);
}

void ModulePrinter::imports() {
  for (const wasm::Import &i : m_.imports)
    put("  (import {} {} ({}{} (;{};){}))\n", quoted(i.module), quoted(i.name), to_string(i.kind),
        space(i.kind).definition(i.index), i.index, import_type(i));
}

void ModulePrinter::tables() {
  for (u32 i = m_.imported_tables; i < m_.tables.size(); ++i) {
    const wasm::Table &t = m_.tables[i];
    put("  (table{} (;{};) {}", names_.tables.definition(i), i, table(t.type));
    if (!t.init.bytes.empty())
      put(" {}", code_.constant(t.init, "", ""));
    out_ += ")\n";
  }
}

void ModulePrinter::memories() {
  for (u32 i = m_.imported_memories; i < m_.memories.size(); ++i)
    put("  (memory{} (;{};) {})\n", names_.memories.definition(i), i, memory(m_.memories[i].type));
}

void ModulePrinter::globals() {
  for (u32 i = m_.imported_globals; i < m_.globals.size(); ++i)
    put("  (global{} (;{};) {} {})\n", names_.globals.definition(i), i, global(m_.globals[i].type),
        code_.constant(m_.globals[i].init, "", ""));
}

void ModulePrinter::exports() {
  for (const wasm::Export &e : m_.exports)
    put("  (export {} ({} {}))\n", quoted(e.name), to_string(e.kind), space(e.kind).reference(e.index));
}

void ModulePrinter::elements() {
  for (u32 i = 0; i < m_.elements.size(); ++i) {
    const wasm::ElementSegment &s = m_.elements[i];
    put("  (elem{} (;{};)", names_.elements.definition(i), i);
    if (s.mode == SegmentMode::Declarative)
      out_ += " declare";
    if (s.mode == SegmentMode::Active) {
      if (s.table != 0)
        put(" (table {})", names_.tables.reference(s.table));
      put(" {}", offset(s.offset));
    }
    bool of_functions = s.exprs.empty() && s.type == wasm::ValType::ref({wasm::HeapKind::Func, {}}, false);
    put(" {}", of_functions ? "func" : types_.value(s.type));
    for (u32 f : s.funcs)
      put(" {}", names_.funcs.reference(f));
    for (wasm::ConstExpr e : s.exprs)
      put(" {}", code_.constant(e, "(item ", ")"));
    out_ += ")\n";
  }
}

void ModulePrinter::functions() {
  for (u32 i = m_.imported_funcs; i < m_.funcs.size(); ++i) {
    NameTable names = locals(i);
    put("  (func{} (;{};){}\n", names_.funcs.definition(i), i,
        types_.type_use(static_cast<u32>(m_.funcs[i].type), &names));
    code_.body(out_, i, names);
    out_ += "  )\n";
  }
}

/// Short strings on the same line, long ones in lines of 64 bytes.
void ModulePrinter::bytes(std::string_view indent, std::string_view data) {
  constexpr usize width = 64;
  if (data.size() <= width) {
    out_ += " " + quoted(data);
    return;
  }
  for (usize at = 0; at < data.size(); at += width)
    put("\n{}{}", indent, quoted(data.substr(at, width)));
}

std::string_view as_string(std::span<const u8> s) { return {reinterpret_cast<const char *>(s.data()), s.size()}; }

void ModulePrinter::datas() {
  for (u32 i = 0; i < m_.datas.size(); ++i) {
    const wasm::DataSegment &s = m_.datas[i];
    put("  (data{} (;{};)", names_.datas.definition(i), i);
    if (s.mode == SegmentMode::Active) {
      if (s.memory != 0)
        put(" (memory {})", names_.memories.reference(s.memory));
      put(" {}", offset(s.offset));
    }
    bytes("    ", as_string(s.bytes));
    out_ += ")\n";
  }
}

/// Whether the text's module will have this section.
bool ModulePrinter::has_section(u8 id) const {
  switch (id) {
  case 1:
    return !m_.types.empty();
  case 2:
    return !m_.imports.empty();
  case 3:
  case 10:
    return m_.funcs.size() > m_.imported_funcs;
  case 4:
    return m_.tables.size() > m_.imported_tables;
  case 5:
    return m_.memories.size() > m_.imported_memories;
  case 6:
    return m_.globals.size() > m_.imported_globals;
  case 7:
    return !m_.exports.empty();
  case 8:
    return m_.has_start;
  case 9:
    return !m_.elements.empty();
  case 11:
    return !m_.datas.empty();
  case 13:
    return m_.tags.size() > m_.imported_tags;
  default:
    return false; // data count: written only where code needs it
  }
}

/// Sections the text says otherwise are left out. Places name the last section that the text's module has, too.
void ModulePrinter::customs() {
  for (const wasm::CustomSection &c : m_.customs) {
    if (c.name == "name" || c.name == "metadata.code.branch_hint")
      continue;
    std::string place = "before first";
    bool passed = c.after_section == 0;
    for (const SectionRow &row : sections_in_order()) {
      if (passed)
        break;
      if (has_section(row.id))
        place = fmt::format("after {}", row.name);
      passed = row.id == c.after_section;
    }
    put("  (@custom {} ({})", quoted(c.name), place);
    bytes("    ", as_string(c.bytes));
    out_ += ")\n";
  }
}

} // namespace

std::string print(const wasm::Module &m) { return ModulePrinter(m).run(); }

} // namespace trapeze::text
