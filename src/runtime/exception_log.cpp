// One line per throw, one per frame, one per clause that is asked, in the order of the search; each is printed before
// what the next one says is read. Slow: it looks names up, allocates and prints. docs/exceptions.md explains the lines.
#include "runtime/exception_log.hh"

#include "base/readable.hh"
#include "runtime/code.hh"
#include "runtime/instance.hh"
#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "runtime/tag.hh"
#include "unwind/code_map.hh"
#include "unwind/log.hh"
#include "unwind/walk.hh"
#include "wasm/func_names.hh"

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

/// Name and identity: names may be equal where tags are not.
std::string print(const Tag *tag) {
  if (tag == nullptr)
    return "foreign";
  return fmt::format("{}@{}", tag->name.empty() ? "?" : base::printable(tag->name), static_cast<const void *>(tag));
}

void line(const std::string &text) { std::fprintf(stderr, "eh: %s\n", text.c_str()); }

/// Where a frame is stopped: `f wasm 0x4a code +0x29`.
std::string where(const unwind::LoadedImage &loaded, u64 return_address) {
  u32 offset = loaded.offset_of(return_address);
  const image::FunctionRow *row = loaded.image->find_function(offset - 1);
  if (row == nullptr)
    return fmt::format("? code +{:#x}", offset);
  u32 func = loaded.image->func_of(*row);
  std::string_view raw = wasm::find_func_name(Code::of(loaded)->module(), func);
  std::string name = raw.empty() ? fmt::format("func[{}]", func) : base::demangled(raw);
  u32 wasm = loaded.image->wasm_offset(offset - 1);
  return wasm == ~0u ? fmt::format("{} code +{:#x}", name, offset)
                     : fmt::format("{} wasm {:#x} code +{:#x}", name, wasm, offset);
}

/// Asks the clauses of a call inside a region as find_handler does; true: one matches.
bool ask_clauses(const unwind::LoadedImage &loaded, const unwind::HandledCall &call, unwind::Frame frame,
                 const Tag *thrown) {
  auto *instance = Instance::of(reinterpret_cast<const abi::InstanceContext *>(unwind::load_word(frame.fp - 8)));
  bool caught = false;
  loaded.image->visit_clauses(call.region, [&](u32 region, const image::Clause &clause) {
    bool is_all = clause.tag == image::catch_all_tag;
    const Tag *tag = is_all || loaded.place_of_tag(clause.tag) == ~0u ? nullptr : instance->tag(clause.tag);
    caught = is_all || tag == thrown;
    i64 index = &clause - loaded.image->clauses.data() - i64{loaded.image->regions[region].first_clause};
    line(fmt::format("    region {} clause {}: catch{}{} {}, thrown {}: {}", region, index, is_all ? "_all" : "",
                     clause.with_ref ? "_ref" : "", is_all ? "" : print(tag), print(thrown),
                     caught ? fmt::format("lands at pad +{:#x}", clause.pad) : "no"));
    return !caught;
  });
  return caught;
}

/// True: the search ends in this frame.
bool visit(unwind::Frame frame, const Tag *thrown) {
  const unwind::LoadedImage *loaded = unwind::CodeMap::get().find(frame.pc - 1);
  if (loaded == nullptr) {
    line(fmt::format("  frame pc={:#x} stub: passed", frame.pc));
    return false;
  }
  std::string place = fmt::format("  frame pc={:#x} {}", frame.pc, where(*loaded, frame.pc));
  const unwind::HandledCall *call = loaded->find_handled_call(frame.pc);
  if (call == nullptr) {
    line(place + ": no region, passed");
    return false;
  }
  line(fmt::format("{}: region {}", place, call->region));
  return ask_clauses(*loaded, *call, frame, thrown);
}

} // namespace

void log_throw(Store &store, u64 stub_fp) {
  abi::StoreContext &words = store.context();
  const auto *thrown = static_cast<const Tag *>(words.current_tag);
  bool on_system = store.engine().throws_on_system();
  std::string text = words.current_exn != 0 ? fmt::format("throw_ref exnref={:#x}", words.current_exn) : "throw";
  text += fmt::format(" unwinder={} tag={}", on_system ? "system" : "fast", print(thrown));
  for (u32 i = 0; thrown != nullptr && i < thrown->field_count(); ++i)
    text += ' ' + print(words.payload[i], thrown->type().params[i]);
  line(text);
  if (on_system) // the personality says what it sees
    return;
  bool caught = false;
  unwind::walk(stub_fp, store.activation()->entry_fp, [&](unwind::Frame frame) {
    caught = visit(frame, thrown);
    return !caught;
  });
  if (!caught)
    line("  nothing in this activation catches it: to the host");
}

} // namespace trapeze::runtime
