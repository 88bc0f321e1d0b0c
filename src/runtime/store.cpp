// The store's objects and references.
#include "runtime/store.hh"

#include "base/assert.hh"
#include "runtime/exception_log.hh"
#include "runtime/global.hh"
#include "runtime/host_function.hh"
#include "runtime/instance.hh"
#include "runtime/memory.hh"
#include "runtime/stubs.hh"
#include "runtime/table.hh"
#include "runtime/tag.hh"

#include <algorithm>

namespace trapeze::runtime {

Store::Store(std::shared_ptr<Engine> engine)
    : engine_(std::move(engine)), words_(std::make_shared<StoreWords>()),
      handles_(std::make_shared<HandleTable>(this)) {
  context().store = this;
  context().collects_always = engine_->stress_collect() ? ~0u : 0;
  context().throws_slowly = logs_exceptions || engine_->stress_collect() || engine_->throws_on_system();
}

Result<std::unique_ptr<Store>> Store::create(std::shared_ptr<Engine> engine) {
  std::unique_ptr<Store> store(new Store(std::move(engine)));
  store->heap_ = TRY_VALUE(Heap::create());
  return store;
}

Store::~Store() {
  ASSERT(context().activation == nullptr);
  handles_->detach();
}

Func Store::make_func(const wasm::FuncType &type, std::unique_ptr<HostCode> code, std::string name) {
  return make_func(types().add(type), trapeze_host_call, std::move(code), std::move(name));
}

Func Store::make_func(const TypeEntry *type, HostEntry entry, std::unique_ptr<HostBody> body, std::string name) {
  abi::InstanceContext head{&context(), nullptr, trapeze_builtin_table, heap_->base(), nullptr, nullptr};
  auto &function =
      host_functions_.emplace_back(std::make_unique<HostFunction>(head, type, entry, std::move(body), std::move(name)));
  RawRef ref = add_func_ref(type, host_call_code(), &function->context);
  return func_of(ref);
}

Result<Memory *> Store::make_memory(const wasm::MemoryType &type) {
  memories_.push_back(TRY_VALUE(Memory::create(*this, type)));
  return memories_.back().get();
}

Result<Table *> Store::make_table(const wasm::TableType &type, RawRef init) {
  tables_.push_back(TRY_VALUE(Table::create(*this, type, init)));
  Table *table = tables_.back().get();
  if (holds_collectable(table->type().element))
    root_tables_.push_back(table);
  return table;
}

Global *Store::make_global(const wasm::GlobalType &type, const ValueCell &value) {
  Global *global = add_global(type, nullptr);
  global->set(value);
  return global;
}

Global *Store::add_global(const wasm::GlobalType &type, ValueCell *cell) {
  Global *global = &globals_.emplace_back(*this, type, cell);
  if (holds_collectable(type.type))
    root_globals_.push_back(global);
  return global;
}

Tag *Store::make_tag(const wasm::FuncType &type) { return add_tag(types().add(type)); }
Tag *Store::add_tag(const TypeEntry *type) { return &tags_.emplace_back(*this, type); }

Instance *Store::add_instance(std::unique_ptr<Instance> instance) {
  return instances_.emplace_back(std::move(instance)).get();
}

RawRef Store::add_func_ref(const TypeEntry *type, const void *code, abi::InstanceContext *context) {
  abi::FuncRef *ref = heap_->allocate_func_ref();
  if (ref == nullptr)
    return 0;
  ref->type_id = type->id;
  ref->code = code;
  ref->context = context;
  ref->reserved = reinterpret_cast<u64>(type);
  return heap_->ref_of(ref);
}

Store &Func::store() const { return Store::of(ref_->context->store); }
RawRef Func::raw() const { return static_cast<u32>(reinterpret_cast<u8 *>(ref_) - ref_->context->heap_base); }
bool Func::is_host() const { return ref_->code == host_call_code(); }

wasm::ExternKind kind_of(const Extern &e) {
  ASSERT(e.index() != 0);
  constexpr wasm::ExternKind kinds[] = {wasm::ExternKind::Func,   wasm::ExternKind::Func,   wasm::ExternKind::Table,
                                        wasm::ExternKind::Memory, wasm::ExternKind::Global, wasm::ExternKind::Tag};
  return kinds[e.index()];
}

Ref Store::make_extern(u64 host_value) {
  RawRef ref = allocate(ObjectKind::Extern, sizeof(ExternObject));
  if (ref != 0)
    heap_->object<ExternObject>(ref)->value = host_value;
  return Ref(*this, ref);
}

u64 Store::extern_value(RawRef ref) const {
  ASSERT(heap_->kind(ref) == ObjectKind::Extern);
  return heap_->object<ExternObject>(ref)->value;
}

Ref Store::make_exception(Tag *tag, std::span<const ValueCell> fields) {
  return Ref(*this, allocate_exception(tag, fields));
}

Tag *Store::exception_tag(RawRef exception) const { return heap_->object<ExceptionObject>(exception)->tag; }

std::span<const ValueCell> Store::exception_fields(RawRef exception) const {
  const auto *object = heap_->object<ExceptionObject>(exception);
  return {object->fields, object->field_count};
}

std::exception_ptr Store::foreign_exception(RawRef exception) const {
  const auto *object = heap_->object<ExceptionObject>(exception);
  return object->tag == nullptr ? foreign_[object->foreign] : nullptr;
}

RawRef Store::allocate_exception(Tag *tag, std::span<const ValueCell> fields) {
  ASSERT(fields.size() == tag->field_count());
  for (u32 field : tag->ref_fields())
    temporary_roots_.push_back(get<RawRef>(fields[field]));
  RawRef ref = allocate(ObjectKind::Exception, static_cast<u32>(sizeof(ExceptionObject) + fields.size_bytes()));
  if (usize roots = tag->ref_fields().size(); roots != 0)
    temporary_roots_.resize(temporary_roots_.size() - roots);
  if (ref == 0)
    return 0;
  auto *object = heap_->object<ExceptionObject>(ref);
  object->tag = tag;
  object->field_count = static_cast<u32>(fields.size());
  for (usize i = 0; i < fields.size(); ++i) // mostly one: no call
    object->fields[i] = fields[i];
  return ref;
}

RawRef Store::allocate_foreign(std::exception_ptr exception) {
  RawRef ref = heap_->allocate(ObjectKind::Exception, sizeof(ExceptionObject));
  if (ref == 0)
    return 0;
  u32 index = static_cast<u32>(foreign_.size());
  if (foreign_free_.empty()) {
    foreign_.push_back(std::move(exception));
  } else {
    index = foreign_free_.back();
    foreign_free_.pop_back();
    foreign_[index] = std::move(exception);
  }
  heap_->object<ExceptionObject>(ref)->foreign = index;
  return ref;
}

RawRef Store::materialise() {
  abi::StoreContext &words = context();
  payload_is_live_ = true;
  RawRef ref = words.current_exn;
  if (ref == 0) {
    auto *tag = static_cast<Tag *>(words.current_tag);
    ref = allocate_exception(tag, {words.payload, tag->field_count()});
    words.current_exn = ref; // thrown on it needs no copy: put_in_flight
  } else if (engine_->stress_collect()) {
    collect();
  }
  payload_is_live_ = false;
  return ref;
}

void Store::put_in_flight(RawRef exception) {
  abi::StoreContext &words = context();
  // Caught and thrown on, as clean-ups do in frame after frame: tag and fields are still there. A new throw sets
  // current_exn to 0 with the fields it writes, and a collection does, as the object may be gone.
  if (words.current_exn == exception)
    return;
  const auto *object = heap_->object<ExceptionObject>(exception);
  words.current_exn = exception;
  words.current_tag = object->tag;
  std::copy_n(object->fields, object->field_count, words.payload);
}

void Store::release_foreign() {
  while (!foreign_dead_.empty()) {
    std::exception_ptr dead = std::move(foreign_dead_.back());
    foreign_dead_.pop_back();
  }
}

StoreStats Store::stats() const {
  StoreStats stats{heap_->bytes(),
                   heap_->objects(),
                   heap_->collections(),
                   words_->context.throws,
                   begin_catches_,
                   instances_.size(),
                   0};
  for (const auto &memory : memories_)
    stats.memory_bytes += memory->size();
  return stats;
}

} // namespace trapeze::runtime
