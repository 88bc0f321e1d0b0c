// The list is doubly linked and its head is the process's: other code generators in the process (LLVM's) use the same
// two symbols, so both are weak, and whoever is linked first provides them.
#include "runtime/debugger.hh"

#include "base/readable.hh"
#include "image/object.hh"
#include "runtime/code.hh"
#include "wasm/func_names.hh"

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
  return raw.empty() ? std::string() : base::printable(raw);
}

std::vector<u8> object_of(const Code &code) {
  const image::ImageView &image = code.image();
  wasm::FuncNames names(code.module());
  std::vector<std::string> symbols;
  symbols.reserve(image.functions.size());
  for (const image::FunctionRow &row : image.functions)
    symbols.push_back(symbol_name(names, image.func_of(row)));
  return image::write_debug_object(image, image.code.size(), reinterpret_cast<u64>(code.base()), symbols);
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
