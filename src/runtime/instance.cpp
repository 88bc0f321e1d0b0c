// The context is one zeroed allocation; instantiate.cpp fills its arrays. Funcrefs are made when first asked for.
#include "runtime/instance.hh"

#include "base/assert.hh"
#include "runtime/memory.hh"
#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "runtime/table.hh"
#include "runtime/tag.hh"

#include <new>

namespace trapeze::runtime {

namespace {

constexpr std::align_val_t context_alignment{64};

} // namespace

Instance::Instance(Store &store, std::shared_ptr<const Code> code) : store_(store), code_(std::move(code)) {
  u32 size = code_->layout().size;
  context_ = static_cast<abi::InstanceContext *>(::operator new(size, context_alignment));
  std::memset(static_cast<void *>(context_), 0, size);
  *context_ = {&store.context(), this, trapeze_builtin_table, store.heap().base(), code_->type_ids().data(),
               &code_->loaded()};
  func_refs_.resize(module().funcs.size());
}

Instance::~Instance() { ::operator delete(context_, context_alignment); }

RawRef Instance::func_ref(u32 index) {
  RawRef &ref = func_refs_[index];
  if (ref == 0) // imports are there from the start
    ref = store_.add_func_ref(code_->func_type(index), code_->entry_of(index), context_);
  return ref;
}

Func Instance::func(u32 index) { return store_.func_of(func_ref(index)); }

std::span<const RawRef> Instance::element_segment(u32 index) const { return elements_[index]; }

std::span<const u8> Instance::data_segment(u32 index) const {
  return dropped_data_[index] != 0 ? std::span<const u8>() : module().datas[index].bytes;
}

void Instance::drop_element(u32 index) { std::vector<RawRef>().swap(elements_[index]); }

Extern Instance::export_at(u32 i) {
  const wasm::Export &e = module().exports[i];
  switch (e.kind) {
  case wasm::ExternKind::Func:
    return func(e.index);
  case wasm::ExternKind::Table:
    return table(e.index);
  case wasm::ExternKind::Memory:
    return memory(e.index);
  case wasm::ExternKind::Global:
    return global(e.index);
  case wasm::ExternKind::Tag:
    return tag(e.index);
  }
  return {};
}

std::optional<Extern> Instance::find_export(std::string_view name) {
  std::optional<u32> index = code_->find_export(name);
  return index ? std::optional(export_at(*index)) : std::nullopt;
}

} // namespace trapeze::runtime
