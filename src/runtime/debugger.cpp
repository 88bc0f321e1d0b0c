// The list is doubly linked and its head is the process's: other code generators in the process (LLVM's) use the same
// two symbols, so both are weak, and whoever is linked first provides them.
#include "runtime/debugger.hh"

#include "base/readable.hh"
#include "image/cfi.hh"
#include "image/elf.hh"
#include "runtime/code.hh"
#include "wasm/func_names.hh"

#include <fmt/format.h>

#include <mutex>

extern "C" {

enum : trapeze::u32 { JIT_NOACTION, JIT_REGISTER_FN, JIT_UNREGISTER_FN };

struct jit_descriptor {
  trapeze::u32 version, action_flag;
  trapeze::runtime::JitCodeEntry *relevant_entry, *first_entry;
};

// A debugger stops here; the empty statement keeps calls from being dropped.
[[gnu::weak, gnu::noinline, gnu::used, gnu::visibility("default")]] void __jit_debug_register_code() {
  asm volatile("" ::: "memory");
}

[[gnu::weak, gnu::used, gnu::visibility("default")]] jit_descriptor __jit_debug_descriptor = {1, JIT_NOACTION, nullptr,
                                                                                              nullptr};
}

namespace trapeze::runtime {

namespace {

std::mutex list_mutex;

void announce(JitCodeEntry &entry, u32 action) {
  __jit_debug_descriptor.relevant_entry = &entry;
  __jit_debug_descriptor.action_flag = action;
  __jit_debug_register_code();
  __jit_debug_descriptor.action_flag = JIT_NOACTION;
  __jit_debug_descriptor.relevant_entry = nullptr;
}

/// Mangled names stay mangled: the debugger shows them as it shows those of other code.
std::string symbol_name(const wasm::FuncNames &names, u32 func) {
  std::string_view raw = names.raw(func);
  return raw.empty() ? fmt::format("wasm-function[{}]", func) : base::printable(raw);
}

/// `.eh_frame` with distances from `at`, where it does not stand: a debugger computes from the section's address. Its
/// personality and LSDAs are those of a C++ runtime and nothing to a debugger; they get an address that is in reach.
std::vector<u8> frame_rows(const image::CodeImage &image, u64 base, u64 at) {
  image::EhFrame frame = image::write_eh_frame(image, image::write_lsda(image));
  bool is_placed = image::place(frame, {.eh_frame = at, .code = base, .lsda = base, .personality_slot = base});
  return is_placed ? std::move(frame.bytes) : std::vector<u8>();
}

/// The frame rows are no loaded section: no address belongs to them in a debugger's map of the process.
std::vector<u8> object_of(const Code &code) {
  const image::CodeImage &image = code.image();
  const u64 base = reinterpret_cast<u64>(code.base());
  wasm::FuncNames names(code.module());
  image::ElfFile elf;
  elf.kind = image::ElfKind::Executable;
  image::ElfSection text{
      ".text", image::ElfSection::NoBits, image::ElfSection::Alloc | image::ElfSection::Exec, base, 16, {}};
  text.size = image.code.size();
  elf.sections.push_back(text);
  const u64 frames_at = base + ((image.code.size() + 7) & ~u64{7});
  const std::vector<u8> frames = frame_rows(image, base, frames_at);
  elf.sections.push_back({".eh_frame", image::ElfSection::X64Unwind, 0, frames_at, 8, frames});
  for (const image::FunctionRow &row : image.functions)
    elf.symbols.push_back(
        {symbol_name(names, row.func), 0, base + row.code_offset, row.text_size, image::ElfSymbol::Function, true});
  return image::write_elf(elf);
}

} // namespace

DebuggerEntry::DebuggerEntry(const Code &code) : file_(object_of(code)) {
  entry_.file = file_.data();
  entry_.size = file_.size();
  std::lock_guard lock(list_mutex);
  JitCodeEntry *&first = __jit_debug_descriptor.first_entry;
  entry_.next = first;
  if (first != nullptr)
    first->previous = &entry_;
  first = &entry_;
  announce(entry_, JIT_REGISTER_FN);
}

DebuggerEntry::~DebuggerEntry() {
  std::lock_guard lock(list_mutex);
  (entry_.previous != nullptr ? entry_.previous->next : __jit_debug_descriptor.first_entry) = entry_.next;
  if (entry_.next != nullptr)
    entry_.next->previous = entry_.previous;
  announce(entry_, JIT_UNREGISTER_FN);
}

u32 DebuggerEntry::count() {
  std::lock_guard lock(list_mutex);
  u32 count = 0;
  for (const JitCodeEntry *entry = __jit_debug_descriptor.first_entry; entry != nullptr; entry = entry->next)
    ++count;
  return count;
}

} // namespace trapeze::runtime
