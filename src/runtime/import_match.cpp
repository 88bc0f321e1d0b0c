// Each kind has a rule and a way to write its type; both sides are compared as engine types. Limits are compared with
// the current size, as the spec has it.
#include "runtime/import_match.hh"

#include "runtime/global.hh"
#include "runtime/memory.hh"
#include "runtime/table.hh"
#include "runtime/tag.hh"

#include <fmt/format.h>

namespace trapeze::runtime {

namespace {

using wasm::ExternKind;

bool limits_match(u64 size, const wasm::Limits &found, const wasm::Limits &wanted) {
  return found.is_64 == wanted.is_64 && size >= wanted.min &&
         (!wanted.has_max || (found.has_max && found.max <= wanted.max));
}

std::string print(u64 min, const wasm::Limits &limits) {
  std::string text = fmt::format("{}{}", limits.is_64 ? "i64 " : "", min);
  return limits.has_max ? fmt::format("{} {}", text, limits.max) : text;
}

std::string print(const wasm::MemoryType &type, u64 min) {
  return fmt::format("memory {}{}{}", print(min, type.limits), type.is_shared ? " shared" : "",
                     type.page_size_log2 == 16 ? "" : fmt::format(" (pagesize {})", u64{1} << type.page_size_log2));
}

std::string print(const wasm::TableType &type, u64 min) {
  return fmt::format("table {} {}", print(min, type.limits), wasm::to_string(type.element));
}

std::string print(const wasm::GlobalType &type) {
  std::string text = wasm::to_string(type.type);
  return type.is_mutable ? fmt::format("global (mut {})", text) : fmt::format("global {}", text);
}

std::string print(const char *kind, const TypeEntry &type) {
  std::string text = fmt::format("{} {}", kind, wasm::to_string(type.type.func));
  // Function types that look alike may still differ in finality or in their recursion group.
  return type.type.is_final && type.type.group_size == 1 ? text : fmt::format("{} (type {})", text, type.id);
}

class Matcher {
public:
  Matcher(const Code &code, const wasm::Import &import) : code_(code), module_(code.module()), index_(import.index) {}

  std::string wanted(ExternKind kind) const {
    switch (kind) {
    case ExternKind::Func:
      return print("func", *code_.func_type(index_));
    case ExternKind::Table:
      return print(wanted_table(), wanted_table().limits.min);
    case ExternKind::Memory:
      return print(wanted_memory(), wanted_memory().limits.min);
    case ExternKind::Global:
      return print(wanted_global());
    case ExternKind::Tag:
      return print("tag", wanted_tag());
    }
    return {};
  }

  bool matches(std::monostate) const { return false; }
  bool matches(Func f) const { return types().is_subtype(f.type_entry().id, code_.func_type(index_)->id); }
  bool matches(const Table *t) const {
    const wasm::TableType type = wanted_table();
    return t->type().element == type.element && limits_match(t->size(), t->type().limits, type.limits);
  }
  bool matches(const Memory *m) const {
    const wasm::MemoryType &type = wanted_memory();
    return m->type().is_shared == type.is_shared && m->type().page_size_log2 == type.page_size_log2 &&
           limits_match(m->pages(), m->type().limits, type.limits);
  }
  bool matches(const Global *g) const {
    const wasm::GlobalType type = wanted_global();
    if (g->type().is_mutable != type.is_mutable)
      return false;
    return type.is_mutable ? g->type().type == type.type : types().matches(g->type().type, type.type);
  }
  bool matches(const Tag *t) const { return &t->type_entry() == &wanted_tag(); }

private:
  const TypeRegistry &types() const { return code_.engine().types(); }
  wasm::TableType wanted_table() const {
    wasm::TableType type = module_.tables[index_].type;
    type.element = code_.to_engine(type.element);
    return type;
  }
  const wasm::MemoryType &wanted_memory() const { return module_.memories[index_].type; }
  wasm::GlobalType wanted_global() const {
    wasm::GlobalType type = module_.globals[index_].type;
    type.type = code_.to_engine(type.type);
    return type;
  }
  const TypeEntry &wanted_tag() const { return *code_.type_entry(module_.tags[index_].type); }

  const Code &code_;
  const wasm::Module &module_;
  u32 index_;
};

struct Printer {
  std::string operator()(std::monostate) const { return "nothing"; }
  std::string operator()(Func f) const { return print("func", f.type_entry()); }
  std::string operator()(const Table *t) const { return print(t->type(), t->size()); }
  std::string operator()(const Memory *m) const { return print(m->type(), m->pages()); }
  std::string operator()(const Global *g) const { return print(g->type()); }
  std::string operator()(const Tag *t) const { return print("tag", t->type_entry()); }
};

} // namespace

Result<void> match_import(const Code &code, const wasm::Import &import, const Extern &given) {
  Matcher matcher(code, import);
  if (std::holds_alternative<std::monostate>(given))
    return fail(
        ErrorKind::Unlinkable, import.offset,
        fmt::format("unknown import: \"{}\" \"{}\" ({})", import.module, import.name, matcher.wanted(import.kind)));
  bool is_match =
      kind_of(given) == import.kind && std::visit([&](const auto &value) { return matcher.matches(value); }, given);
  if (is_match)
    return {};
  return fail(ErrorKind::Unlinkable, import.offset,
              fmt::format("incompatible import type: \"{}\" \"{}\": expected {}, found {}", import.module, import.name,
                          matcher.wanted(import.kind), std::visit(Printer{}, given)));
}

} // namespace trapeze::runtime
