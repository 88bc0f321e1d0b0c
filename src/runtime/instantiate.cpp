// Making an instance, in the spec's order: match imports; allocate; evaluate globals, tables and element segments;
// write active segments; call the start function. Spec: Execution, Modules, Instantiation.
//
// The instance belongs to the store from the moment it exists: even one whose instantiation fails later may have left
// functions in imported tables.
#include "base/assert.hh"
#include "runtime/const_expr.hh"
#include "runtime/import_match.hh"
#include "runtime/instance.hh"
#include "runtime/memory.hh"
#include "runtime/store.hh"
#include "runtime/table.hh"
#include "runtime/tag.hh"

#include <algorithm>

namespace trapeze::runtime {

namespace {

Outcome trapped(abi::TrapCode code) {
  Outcome outcome;
  outcome.kind = OutcomeKind::Trap;
  outcome.trap = std::make_unique<Trap>(Trap{code, abi::message(code), {}});
  return outcome;
}

u64 address_of(const ValueCell &cell, bool is_64) { return is_64 ? get<u64>(cell) : get<u32>(cell); }

} // namespace

class Instantiator {
public:
  Instantiator(Store &store, std::shared_ptr<const Code> code)
      : store_(store), instance_(*store.add_instance(std::unique_ptr<Instance>(new Instance(store, std::move(code))))),
        code_(*instance_.code_), module_(code_.module()), layout_(code_.layout()) {}

  void import(const wasm::Import &import, const Extern &given) {
    switch (import.kind) {
    case wasm::ExternKind::Func:
      return add_import(import.index, std::get<Func>(given));
    case wasm::ExternKind::Table:
      return add(std::get<Table *>(given));
    case wasm::ExternKind::Memory:
      return add(std::get<Memory *>(given));
    case wasm::ExternKind::Global:
      return add_import(std::get<Global *>(given));
    case wasm::ExternKind::Tag:
      if (Tag *tag = std::get<Tag *>(given); tag->name.empty()) // the host made it; this is what people call it
        tag->name = import.name;
      return add(std::get<Tag *>(given));
    }
  }

  /// Everything the module defines, with its initial values.
  Result<void> define() {
    instance_.dropped_data_.resize(module_.datas.size());
    for (u32 i = module_.imported_tags; i < module_.tags.size(); ++i) {
      add(store_.add_tag(code_.type_entry(module_.tags[i].type)));
      instance_.tags_.back()->name = module_.names.tags().find(i);
    }
    for (u32 i = module_.imported_memories; i < module_.memories.size(); ++i)
      add(TRY_VALUE(store_.make_memory(module_.memories[i].type)));
    for (u32 i = module_.imported_globals; i < module_.globals.size(); ++i)
      TRY(define_global(module_.globals[i]));
    for (u32 i = module_.imported_tables; i < module_.tables.size(); ++i)
      TRY(define_table(module_.tables[i]));
    instance_.elements_.resize(module_.elements.size());
    for (u32 i = 0; i < module_.elements.size(); ++i) {
      if (!store_.types().matches(code_.to_engine(module_.elements[i].type), wasm::funcref_type))
        instance_.root_elements_.push_back(i);
      TRY(evaluate_segment(module_.elements[i], instance_.elements_[i]));
    }
    name_exported_tags();
    return {};
  }

  /// Active segments in order. False in `is_in_bounds`: `trap` says why.
  Result<Outcome> write_segments() {
    for (u32 i = 0; i < module_.elements.size(); ++i) {
      if (module_.elements[i].mode == wasm::SegmentMode::Active && !TRY_VALUE(write_element(i)))
        return trapped(abi::TrapCode::TableOutOfBounds);
      if (module_.elements[i].mode != wasm::SegmentMode::Passive)
        instance_.drop_element(i);
    }
    bool is_mapped = map_data();
    for (u32 i = 0; i < module_.datas.size(); ++i) {
      if (module_.datas[i].mode != wasm::SegmentMode::Active)
        continue;
      if (!is_mapped && !TRY_VALUE(write_data(i)))
        return trapped(abi::TrapCode::MemoryOutOfBounds);
      instance_.drop_data(i);
    }
    return Outcome{};
  }

  Outcome start() {
    if (!module_.has_start)
      return {};
    return store_.call(instance_.func(module_.start), {}, {});
  }

  Instance *instance() { return &instance_; }

private:
  template <typename T> T &slot(u32 offset) { return *instance_.at<T>(offset); }

  void add_import(u32 index, Func func) {
    slot<abi::ImportedFunc>(layout_.function(index)) = {func.ref()->code, func.ref()->context};
    instance_.func_refs_[index] = func.raw();
  }
  void add(Table *table) {
    u32 index = static_cast<u32>(instance_.tables_.size());
    slot<abi::TableCell>(layout_.table(index)) = {table->elements(), table->descriptor()};
    instance_.tables_.push_back(table);
  }
  void add(Memory *memory) {
    u32 index = static_cast<u32>(instance_.memories_.size());
    slot<abi::MemoryCell>(layout_.memory(index)) = {memory->data(), memory->descriptor()};
    instance_.memories_.push_back(memory);
  }
  void add_import(Global *global) {
    slot<void *>(layout_.global(static_cast<u32>(instance_.globals_.size()))) = global->cell();
    instance_.globals_.push_back(global);
  }
  void add(Tag *tag) {
    slot<void *>(layout_.tag(static_cast<u32>(instance_.tags_.size()))) = tag;
    instance_.tags_.push_back(tag);
  }

  Result<void> define_global(const wasm::Global &global) {
    ValueCell value = TRY_VALUE(evaluate(global.init, instance_));
    auto &cell = slot<ValueCell>(layout_.global(static_cast<u32>(instance_.globals_.size())));
    cell = value;
    wasm::GlobalType type{code_.to_engine(global.type.type), global.type.is_mutable};
    instance_.globals_.push_back(store_.add_global(type, &cell));
    return {};
  }

  Result<void> define_table(const wasm::Table &table) {
    wasm::TableType type = table.type;
    type.element = code_.to_engine(type.element);
    RawRef init = table.init.bytes.empty() ? 0 : get<RawRef>(TRY_VALUE(evaluate(table.init, instance_)));
    add(TRY_VALUE(store_.make_table(type, init)));
    return {};
  }

  Result<void> evaluate_segment(const wasm::ElementSegment &segment, std::vector<RawRef> &out) {
    if (segment.mode == wasm::SegmentMode::Declarative)
      return {};
    out.reserve(segment.size());
    for (u32 func : segment.funcs) {
      RawRef ref = instance_.func_ref(func);
      if (ref == 0)
        return fail(ErrorKind::Resource, 0, "no room for function references");
      out.push_back(ref);
    }
    for (const wasm::ConstExpr &expr : segment.exprs)
      out.push_back(get<RawRef>(TRY_VALUE(evaluate(expr, instance_))));
    return {};
  }

  Result<bool> write_element(u32 i) {
    const wasm::ElementSegment &segment = module_.elements[i];
    Table &table = *instance_.tables_[segment.table];
    u64 at = address_of(TRY_VALUE(evaluate(segment.offset, instance_)), table.type().limits.is_64);
    std::span<const RawRef> refs = instance_.element_segment(i);
    if (!table.contains(at, refs.size()))
      return false;
    std::copy(refs.begin(), refs.end(), table.elements() + at);
    return true;
  }

  bool map_data() {
    const auto &images = code_.data_images();
    for (u32 i = 0; i < images.size(); ++i)
      if (images[i] != nullptr && !instance_.memories_[i]->map_initial(*images[i]))
        return false; // then all segments are copied, over what is mapped already
    return !images.empty();
  }

  Result<bool> write_data(u32 i) {
    const wasm::DataSegment &segment = module_.datas[i];
    Memory &memory = *instance_.memories_[segment.memory];
    u64 at = address_of(TRY_VALUE(evaluate(segment.offset, instance_)), memory.type().limits.is_64);
    if (!memory.contains(at, segment.bytes.size()))
      return false;
    if (!segment.bytes.empty())
      std::memcpy(memory.data() + at, segment.bytes.data(), segment.bytes.size());
    return true;
  }

  /// Reports name a tag by its export where the name section does not.
  void name_exported_tags() {
    for (const wasm::Export &e : module_.exports)
      if (e.kind == wasm::ExternKind::Tag && instance_.tags_[e.index]->name.empty())
        instance_.tags_[e.index]->name = e.name;
  }

  Store &store_;
  Instance &instance_;
  const Code &code_;
  const wasm::Module &module_;
  const abi::InstanceLayout &layout_;
};

Result<Instantiation> instantiate(Store &store, std::shared_ptr<const Code> code, std::span<const Extern> imports) {
  const wasm::Module &module = code->module();
  ASSERT(imports.size() == module.imports.size());
  ASSERT(&code->engine() == &store.engine());
  for (usize i = 0; i < imports.size(); ++i)
    TRY(match_import(*code, module.imports[i], imports[i]));
  Instantiator instantiator(store, std::move(code));
  for (usize i = 0; i < imports.size(); ++i)
    instantiator.import(module.imports[i], imports[i]);
  TRY(instantiator.define());
  Instantiation result;
  result.outcome = TRY_VALUE(instantiator.write_segments());
  if (result.outcome.is_ok())
    result.outcome = instantiator.start();
  if (result.outcome.is_ok())
    result.instance = instantiator.instance();
  return result;
}

} // namespace trapeze::runtime
