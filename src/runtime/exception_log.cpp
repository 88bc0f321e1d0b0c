// One line per throw, one per frame, in the order of the search. Not for the fast path: it allocates and prints.
#include "runtime/exception_log.hh"

#include "runtime/code.hh"
#include "runtime/instance.hh"
#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "runtime/tag.hh"
#include "unwind/code_map.hh"
#include "unwind/log.hh"
#include "unwind/walk.hh"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace trapeze::runtime {

bool logs_exceptions = false;

void read_log_settings() {
  const char *wanted = std::getenv("TRAPEZE_LOG");
  unwind::logs_eh = logs_exceptions =
      wanted != nullptr && std::string_view(wanted).find("eh") != std::string_view::npos;
}

namespace {

std::string print(const ValueCell &cell, wasm::ValType type) {
  switch (type.kind()) {
  case wasm::ValKind::I32:
    return fmt::format("i32:{}", get<i32>(cell));
  case wasm::ValKind::I64:
    return fmt::format("i64:{}", get<i64>(cell));
  case wasm::ValKind::F32:
    return fmt::format("f32:{}", get<f32>(cell));
  case wasm::ValKind::F64:
    return fmt::format("f64:{}", get<f64>(cell));
  default:
    return fmt::format("{}:0x{:x}", wasm::to_string(type), get<u32>(cell));
  }
}

std::string print(const Tag *tag) {
  if (tag == nullptr)
    return "foreign exception";
  return tag->name.empty() ? fmt::format("tag {}", static_cast<const void *>(tag)) : fmt::format("tag {}", tag->name);
}

/// What find_handler decides for one frame, in words; `caught` when a clause matches.
std::string decide(const unwind::LoadedImage &loaded, unwind::Frame frame, const Tag *thrown, bool &caught) {
  const unwind::HandledCall *call = loaded.find_handled_call(frame.pc);
  if (call == nullptr)
    return "no region";
  auto *instance = Instance::of(reinterpret_cast<const abi::InstanceContext *>(unwind::load_word(frame.fp - 8)));
  std::string text;
  for (u32 region = call->region; region != image::no_region; region = loaded.regions[region].parent) {
    text += fmt::format("{}region {}", text.empty() ? "" : "; ", region);
    const image::Region &row = loaded.regions[region];
    for (u32 i = 0; i < row.clause_count; ++i) {
      const image::Clause &clause = loaded.clauses[row.first_clause + i];
      const char *suffix = clause.with_ref ? "_ref" : "";
      bool is_all = clause.tag == image::catch_all_tag;
      caught = is_all || instance->tag(clause.tag) == thrown;
      text += is_all ? fmt::format(", catch_all{}", suffix)
                     : fmt::format(", catch{} {}", suffix, print(instance->tag(clause.tag)));
      if (caught)
        return fmt::format("{}: lands at +0x{:x}", text, clause.pad);
    }
  }
  return text + ": none matches";
}

std::string where(const unwind::LoadedImage &loaded, u64 return_address) {
  const image::FunctionRow *row = loaded.image->find_function(loaded.offset_of(return_address - 1));
  if (row == nullptr)
    return "?";
  std::string_view name = Code::of(loaded)->module().names.funcs.find(row->func);
  return fmt::format("{} +0x{:x}", name.empty() ? fmt::format("func {}", row->func) : std::string(name),
                     loaded.offset_of(return_address));
}

void line(const std::string &text) { std::fprintf(stderr, "eh: %s\n", text.c_str()); }

} // namespace

void log_throw(Store &store, u64 stub_fp) {
  abi::StoreContext &words = store.context();
  const auto *thrown = static_cast<const Tag *>(words.current_tag);
  std::string text = words.current_exn != 0 ? fmt::format("throw_ref 0x{:x}, ", words.current_exn) : "throw ";
  text += print(thrown);
  for (u32 i = 0; thrown != nullptr && i < thrown->field_count(); ++i)
    text += ' ' + print(words.payload[i], thrown->type().params[i]);
  line(text);
  bool caught = false;
  unwind::walk(stub_fp, store.activation()->entry_fp, [&](unwind::Frame frame) {
    const unwind::LoadedImage *loaded = unwind::CodeMap::get().find(frame.pc - 1);
    if (loaded == nullptr)
      line("  stub");
    else
      line(fmt::format("  {}: {}", where(*loaded, frame.pc), decide(*loaded, frame, thrown, caught)));
    return !caught;
  });
  if (!caught)
    line("  leaves the activation");
}

} // namespace trapeze::runtime
