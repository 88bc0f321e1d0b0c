// The runtime functions of builtins.def, but for those that throw (unwinding.cpp). Each is called by its stub with the
// calling instance first; one that traps calls Store::raise_trap and returns anything. Spec: Execution, Instructions.
#include "runtime/instance.hh"
#include "runtime/memory.hh"
#include "runtime/store.hh"
#include "runtime/table.hh"

#include <algorithm>
#include <cstring>

namespace trapeze::runtime {

namespace {

using abi::InstanceContext;
using abi::TrapCode;

Store &store_of(InstanceContext *context) { return Store::of(context->store); }
Memory &memory_of(InstanceContext *context, u32 index) { return *Instance::of(context)->memory(index); }
Table &table_of(InstanceContext *context, u32 index) { return *Instance::of(context)->table(index); }

bool fits(u64 size, u64 offset, u64 length) { return length <= size && offset <= size - length; }

} // namespace

extern "C" {

u64 trapeze_builtin_MemoryGrow(InstanceContext *context, u32 memory, u64 delta);
void trapeze_builtin_MemoryFill(InstanceContext *context, u32 memory, u64 address, u32 byte, u64 length);
void trapeze_builtin_MemoryCopy(InstanceContext *context, u32 to, u64 to_address, u32 from, u64 from_address,
                                u64 length);
void trapeze_builtin_MemoryInit(InstanceContext *context, u32 segment, u32 memory, u64 address, u64 offset, u64 length);
void trapeze_builtin_DataDrop(InstanceContext *context, u32 segment);
u64 trapeze_builtin_TableGrow(InstanceContext *context, u32 table, RawRef value, u64 delta);
void trapeze_builtin_TableFill(InstanceContext *context, u32 table, u64 index, RawRef value, u64 length);
void trapeze_builtin_TableCopy(InstanceContext *context, u32 to, u64 to_index, u32 from, u64 from_index, u64 length);
void trapeze_builtin_TableInit(InstanceContext *context, u32 segment, u32 table, u64 index, u64 offset, u64 length);
void trapeze_builtin_ElemDrop(InstanceContext *context, u32 segment);
RawRef trapeze_builtin_RefFunc(InstanceContext *context, u32 func);
u32 trapeze_builtin_IsSubtype(InstanceContext *context, u32 sub, u32 super);
RawRef trapeze_builtin_MakeExnref(InstanceContext *context, u32 tag);
u64 trapeze_builtin_ExnPayload(InstanceContext *context, RawRef exception);
void trapeze_builtin_RaiseTrap(InstanceContext *context, u32 code);

u64 trapeze_builtin_MemoryGrow(InstanceContext *context, u32 memory, u64 delta) {
  return static_cast<u64>(memory_of(context, memory).grow(delta));
}

void trapeze_builtin_MemoryFill(InstanceContext *context, u32 memory, u64 address, u32 byte, u64 length) {
  Memory &m = memory_of(context, memory);
  if (!m.contains(address, length))
    return store_of(context).raise_trap(TrapCode::MemoryOutOfBounds);
  std::memset(m.data() + address, static_cast<u8>(byte), length);
}

void trapeze_builtin_MemoryCopy(InstanceContext *context, u32 to, u64 to_address, u32 from, u64 from_address,
                                u64 length) {
  Memory &target = memory_of(context, to), &source = memory_of(context, from);
  if (!target.contains(to_address, length) || !source.contains(from_address, length))
    return store_of(context).raise_trap(TrapCode::MemoryOutOfBounds);
  std::memmove(target.data() + to_address, source.data() + from_address, length);
}

void trapeze_builtin_MemoryInit(InstanceContext *context, u32 segment, u32 memory, u64 address, u64 offset,
                                u64 length) {
  std::span<const u8> bytes = Instance::of(context)->data_segment(segment);
  Memory &m = memory_of(context, memory);
  if (!m.contains(address, length) || !fits(bytes.size(), offset, length))
    return store_of(context).raise_trap(TrapCode::MemoryOutOfBounds);
  if (length != 0)
    std::memcpy(m.data() + address, bytes.data() + offset, length);
}

void trapeze_builtin_DataDrop(InstanceContext *context, u32 segment) { Instance::of(context)->drop_data(segment); }

u64 trapeze_builtin_TableGrow(InstanceContext *context, u32 table, RawRef value, u64 delta) {
  return static_cast<u64>(table_of(context, table).grow(delta, value));
}

void trapeze_builtin_TableFill(InstanceContext *context, u32 table, u64 index, RawRef value, u64 length) {
  Table &t = table_of(context, table);
  if (!t.contains(index, length))
    return store_of(context).raise_trap(TrapCode::TableOutOfBounds);
  std::fill_n(t.elements() + index, length, value);
}

void trapeze_builtin_TableCopy(InstanceContext *context, u32 to, u64 to_index, u32 from, u64 from_index, u64 length) {
  Table &target = table_of(context, to), &source = table_of(context, from);
  if (!target.contains(to_index, length) || !source.contains(from_index, length))
    return store_of(context).raise_trap(TrapCode::TableOutOfBounds);
  std::memmove(target.elements() + to_index, source.elements() + from_index, length * sizeof(RawRef));
}

void trapeze_builtin_TableInit(InstanceContext *context, u32 segment, u32 table, u64 index, u64 offset, u64 length) {
  std::span<const RawRef> elements = Instance::of(context)->element_segment(segment);
  Table &t = table_of(context, table);
  if (!t.contains(index, length) || !fits(elements.size(), offset, length))
    return store_of(context).raise_trap(TrapCode::TableOutOfBounds);
  std::copy_n(elements.data() + offset, length, t.elements() + index);
}

void trapeze_builtin_ElemDrop(InstanceContext *context, u32 segment) { Instance::of(context)->drop_element(segment); }

RawRef trapeze_builtin_RefFunc(InstanceContext *context, u32 func) {
  RawRef ref = Instance::of(context)->func_ref(func);
  if (ref == 0)
    store_of(context).raise_trap(TrapCode::AllocationFailed);
  return ref;
}

u32 trapeze_builtin_IsSubtype(InstanceContext *context, u32 sub, u32 super) {
  return store_of(context).types().is_subtype(sub, super);
}

RawRef trapeze_builtin_MakeExnref(InstanceContext *context, u32) {
  Store &store = store_of(context);
  RawRef ref = store.materialise();
  if (ref == 0)
    store.raise_trap(TrapCode::AllocationFailed);
  return ref;
}

u64 trapeze_builtin_ExnPayload(InstanceContext *context, RawRef exception) {
  return reinterpret_cast<u64>(store_of(context).heap().object<ExceptionObject>(exception)->fields);
}

void trapeze_builtin_RaiseTrap(InstanceContext *context, u32 code) {
  store_of(context).raise_trap(static_cast<TrapCode>(code));
}

} // extern "C"

} // namespace trapeze::runtime
