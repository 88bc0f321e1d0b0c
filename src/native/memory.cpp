// Memories and globals of instances, and values as cells.
#include "native/objects.hh"

using namespace trapeze;

namespace trapeze::native {

namespace {

std::uint8_t *bytes_at(const trapeze_native_instance *instance, std::uint32_t memory, std::uint64_t address,
                       std::size_t count) {
  auto bytes = export_at(instance, memory, ExternKind::Memory).memory().slice(address, count);
  if (!bytes)
    throw Trap(TrapCode::MemoryOutOfBounds);
  return bytes->data();
}

} // namespace

Val value_of(const trapeze_native_cell &cell, ValType type) {
  std::uint32_t bits32;
  std::uint64_t bits64;
  V128 vector;
  std::memcpy(&bits32, &cell, sizeof bits32);
  std::memcpy(&bits64, &cell, sizeof bits64);
  std::memcpy(vector.bytes.data(), &cell, sizeof vector.bytes);
  switch (type.kind) {
  case ValKind::I32:
    return bits32;
  case ValKind::I64:
    return bits64;
  case ValKind::F32:
    return Val::f32_bits(bits32);
  case ValKind::F64:
    return Val::f64_bits(bits64);
  case ValKind::V128:
    return vector;
  case ValKind::Ref:
    break;
  }
  wrong_use("a cell carries no reference: " + to_string(type));
}

trapeze_native_cell cell_of(const Val &value) {
  trapeze_native_cell out = trapeze_native_i64(0);
  if (!value.type().is_ref())
    std::memcpy(&out, value.bytes().data(), sizeof out);
  return out;
}

} // namespace trapeze::native

extern "C" {

std::uint8_t *trapeze_native_memory(const trapeze_native_instance *instance, std::uint32_t memory,
                                    std::uint64_t *size) {
  const Memory found = native::export_at(instance, memory, ExternKind::Memory).memory();
  if (size != nullptr)
    *size = found.byte_size();
  return found.data();
}

void trapeze_native_read(const trapeze_native_instance *instance, std::uint32_t memory, std::uint64_t address, void *to,
                         std::size_t count) {
  if (const std::uint8_t *from = native::bytes_at(instance, memory, address, count); count != 0)
    std::memcpy(to, from, count);
}

void trapeze_native_write(const trapeze_native_instance *instance, std::uint32_t memory, std::uint64_t address,
                          const void *from, std::size_t count) {
  if (std::uint8_t *to = native::bytes_at(instance, memory, address, count); count != 0)
    std::memcpy(to, from, count);
}

trapeze_native_cell trapeze_native_global_get(const trapeze_native_instance *instance, std::uint32_t global) {
  const Global found = native::export_at(instance, global, ExternKind::Global).global();
  if (found.type().type.is_ref())
    native::wrong_use("export " + std::to_string(global) + " holds a reference: it is for callers in C++");
  return native::cell_of(found.get());
}

void trapeze_native_global_set(const trapeze_native_instance *instance, std::uint32_t global,
                               trapeze_native_cell value) {
  const Global found = native::export_at(instance, global, ExternKind::Global).global();
  found.set(native::value_of(value, found.type().type));
}

} // extern "C"
