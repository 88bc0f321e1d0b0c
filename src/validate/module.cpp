// Everything of a module but its function bodies. Spec: Validation, Modules.
//
// Constant expressions see: in a table's initialiser the imported globals, in a global's those before it, in segments
// all. Checks run in the order of the sections.
#include "validate/types.hh"
#include "validate/validate.hh"
#include "validate/walker.hh"

#include <fmt/format.h>
#include <string_view>
#include <unordered_set>

namespace trapeze::validate {

using wasm::ExternKind;
using wasm::Feature;
using wasm::Features;
using wasm::Limits;
using wasm::Module;
using wasm::SegmentMode;

namespace {

std::unexpected<Error> invalid(u64 offset, std::string message) {
  return fail(ErrorKind::Invalid, offset, std::move(message));
}

class ModuleValidator {
public:
  ModuleValidator(const Module &m, const Features &features) : m_(m), features_(features), walker_(m, features) {}

  Result<void> run() {
    TRY(types(m_));
    TRY(declared_types());
    TRY(tables());
    TRY(memories());
    TRY(tags());
    TRY(globals());
    TRY(exports());
    TRY(start());
    for (const wasm::ElementSegment &segment : m_.elements)
      TRY(element_segment(segment));
    for (const wasm::DataSegment &segment : m_.datas)
      TRY(data_segment(segment));
    return {};
  }

private:
  Result<void> limits(const Limits &limits, u64 at_most, u64 offset, const std::string &too_large) {
    if (limits.min > at_most || (limits.has_max && limits.max > at_most))
      return invalid(offset, too_large);
    if (limits.has_max && limits.min > limits.max)
      return invalid(offset, "size minimum must not be greater than maximum");
    return {};
  }

  /// Before any expression is walked: expressions name globals, tables and segments of later sections.
  Result<void> declared_types() {
    for (const wasm::Table &table : m_.tables)
      TRY(check_type(m_, table.type.element, table.offset));
    for (const wasm::Global &global : m_.globals)
      TRY(check_type(m_, global.type.type, global.offset));
    for (const wasm::ElementSegment &segment : m_.elements)
      TRY(check_type(m_, segment.type, segment.at));
    return {};
  }

  Result<void> tables() {
    if (m_.tables.size() > 1 && !features_.has(Feature::ReferenceTypes))
      return fail(ErrorKind::Unsupported, m_.tables[1].offset, wasm::disabled_message(Feature::ReferenceTypes));
    for (const wasm::Table &table : m_.tables) {
      const wasm::TableType &type = table.type;
      const u64 at_most = type.limits.is_64 ? ~u64{0} : ~u32{0};
      TRY(limits(type.limits, at_most, table.offset, "table size must be at most 4294967295"));
      if (!table.init.bytes.empty())
        TRY(walker_.constant(table.init, type.element, m_.imported_globals));
      else if (!table.is_imported && !type.element.is_defaultable())
        return invalid(table.offset,
                       fmt::format("type mismatch: a table of {} needs an initial value", to_string(type.element)));
    }
    return {};
  }

  Result<void> memories() {
    if (m_.memories.size() > 1 && !features_.has(Feature::MultiMemory))
      return fail(ErrorKind::Unsupported, m_.memories[1].offset,
                  "multiple memories: " + wasm::disabled_message(Feature::MultiMemory));
    for (const wasm::Memory &memory : m_.memories) {
      const wasm::MemoryType &type = memory.type;
      const u32 address_bits = type.limits.is_64 ? 64 : 32;
      const u32 page_bits = address_bits - type.page_size_log2;
      const bool is_usual = !type.limits.is_64 && type.page_size_log2 == 16;
      const u64 at_most = type.page_size_log2 == 0 ? ~u64{0} >> (64 - address_bits) : u64{1} << page_bits;
      TRY(limits(type.limits, at_most, memory.offset,
                 fmt::format("memory size must be at most {} pages{}", at_most, is_usual ? " (4GiB)" : "")));
      if (type.is_shared && !type.limits.has_max)
        return invalid(memory.offset, "shared memory must have maximum");
    }
    return {};
  }

  Result<void> tags() {
    for (u32 i = 0; i < m_.tags.size(); ++i)
      if (!m_.tag_type(i).results.empty())
        return invalid(m_.types[static_cast<u32>(m_.tags[i].type)].offset, "non-empty tag result type");
    return {};
  }

  Result<void> globals() {
    for (u32 i = 0; i < m_.globals.size(); ++i) {
      const wasm::Global &global = m_.globals[i];
      if (!global.is_imported)
        TRY(walker_.constant(global.init, global.type.type, features_.has(Feature::Gc) ? i : m_.imported_globals));
    }
    return {};
  }

  usize count_of(ExternKind kind) const {
    const usize counts[] = {m_.funcs.size(), m_.tables.size(), m_.memories.size(), m_.globals.size(), m_.tags.size()};
    return counts[static_cast<u32>(kind)];
  }

  Result<void> exports() {
    constexpr const char *names[] = {"function", "table", "memory", "global", "tag"};
    std::unordered_set<std::string_view> seen;
    for (const wasm::Export &item : m_.exports) {
      if (item.index >= count_of(item.kind))
        return invalid(item.offset, fmt::format("unknown {} {}", names[static_cast<u32>(item.kind)], item.index));
      if (item.kind == ExternKind::Global && m_.globals[item.index].type.is_mutable &&
          !features_.has(Feature::MutableGlobals))
        return fail(ErrorKind::Unsupported, item.offset, wasm::disabled_message(Feature::MutableGlobals));
      if (!seen.insert(item.name).second)
        return invalid(item.offset, fmt::format("duplicate export name \"{}\"", item.name));
    }
    return {};
  }

  Result<void> start() {
    if (!m_.has_start)
      return {};
    if (m_.start >= m_.funcs.size())
      return invalid(m_.start_offset, fmt::format("unknown function {}", m_.start));
    const wasm::FuncType &type = m_.func_type(m_.start);
    if (!type.params.empty() || !type.results.empty())
      return invalid(m_.start_offset, "start function must take and return nothing, not " + to_string(type));
    return {};
  }

  Result<void> element_segment(const wasm::ElementSegment &segment) {
    if (segment.mode == SegmentMode::Active) {
      if (segment.table >= m_.tables.size())
        return invalid(segment.at, fmt::format("unknown table {}", segment.table));
      const wasm::TableType &table = m_.tables[segment.table].type;
      if (!wasm::matches(m_, segment.type, table.element))
        return invalid(segment.at, fmt::format("type mismatch: element segment of {} for a table of {}",
                                               to_string(segment.type), to_string(table.element)));
      TRY(walker_.constant(segment.offset, table.address_type(), all_globals()));
    }
    for (const u32 func : segment.funcs)
      if (func >= m_.funcs.size())
        return invalid(segment.at, fmt::format("unknown function {}", func));
    for (const wasm::ConstExpr &expr : segment.exprs)
      TRY(walker_.constant(expr, segment.type, all_globals()));
    return {};
  }

  Result<void> data_segment(const wasm::DataSegment &segment) {
    if (segment.mode != SegmentMode::Active)
      return {};
    if (segment.memory >= m_.memories.size())
      return invalid(segment.at, fmt::format("unknown memory {}", segment.memory));
    return walker_.constant(segment.offset, m_.memories[segment.memory].type.address_type(), all_globals());
  }

  u32 all_globals() const {
    return features_.has(Feature::Gc) ? static_cast<u32>(m_.globals.size()) : m_.imported_globals;
  }

  const Module &m_;
  const Features &features_;
  Walker walker_;
};

} // namespace

Result<void> module(const Module &m, const Features &features) { return ModuleValidator(m, features).run(); }

BodyValidator::BodyValidator(const Module &m, const Features &features)
    : walker_(std::make_unique<Walker>(m, features)) {}
BodyValidator::~BodyValidator() = default;
BodyValidator::BodyValidator(BodyValidator &&) noexcept = default;

Result<void> BodyValidator::body(u32 func, OperatorSink sink) { return walker_->body(func, sink); }

Result<void> body(const Module &m, const Features &features, u32 func, OperatorSink sink) {
  return Walker(m, features).body(func, sink);
}

Result<void> everything(const Module &m, const Features &features) {
  TRY(module(m, features));
  Walker walker(m, features);
  NoSink none;
  for (u32 func = m.imported_funcs; func < m.funcs.size(); ++func)
    TRY(walker.body(func, OperatorSink(none)));
  return {};
}

} // namespace trapeze::validate
