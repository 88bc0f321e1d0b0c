#include "image/code_image.hh"

#include <algorithm>

namespace trapeze::image {
namespace {

/// The last row that starts at or before the offset; null: none.
template <typename Row, typename Start> const Row *last_before(std::span<const Row> rows, u32 offset, Start start) {
  auto behind = std::partition_point(rows.begin(), rows.end(), [&](const Row &row) { return start(row) <= offset; });
  return behind == rows.begin() ? nullptr : &rows[static_cast<usize>(behind - rows.begin()) - 1];
}

/// The row at exactly the offset; null: none.
template <typename Row, typename Start> const Row *exactly(std::span<const Row> rows, u32 offset, Start start) {
  const Row *row = last_before(rows, offset, start);
  return row && start(*row) == offset ? row : nullptr;
}

} // namespace

void CompiledFunction::clear() {
  func = code_size = 0;
  code.clear();
  relocations.clear();
  traps.clear();
  calls.clear();
  regions.clear();
  clauses.clear();
  ref_slots.clear();
  addresses.clear();
  inlined.clear();
  epilogues.clear();
  frame = {};
}

const FunctionRow *ImageView::find_function(u32 code_offset) const {
  const FunctionRow *row = last_before(functions, code_offset, [](const FunctionRow &r) { return r.code_offset; });
  return row && code_offset - row->code_offset < row->code_size ? row : nullptr;
}

const CallSiteRow *ImageView::find_call(u32 return_offset) const {
  return exactly(calls, return_offset, [](const CallSiteRow &r) { return r.return_offset; });
}

const TrapRow *ImageView::find_trap(u32 code_offset) const {
  return exactly(traps, code_offset, [](const TrapRow &r) { return r.offset; });
}

u32 ImageView::position(u32 code_offset) const {
  const AddressEntry *entry = last_before(addresses, code_offset, [](const AddressEntry &e) { return e.code_offset; });
  return entry ? entry->position : abi::no_position;
}

const abi::InlinedPosition *ImageView::find_inlined(u32 position) const {
  if (!abi::is_inlined(position) || abi::inlined_row(position) >= inlined.size())
    return nullptr;
  const abi::InlinedPosition *row = &inlined[abi::inlined_row(position)];
  const bool leads_on = abi::is_inlined(row->caller) && abi::inlined_row(row->caller) >= abi::inlined_row(position);
  return leads_on ? nullptr : row; // a damaged chain would not end
}

u32 ImageView::wasm_offset(u32 code_offset) const {
  u32 at = position(code_offset);
  while (const abi::InlinedPosition *row = find_inlined(at))
    at = row->caller;
  return abi::is_inlined(at) ? abi::no_position : at;
}

std::span<const Epilogue> ImageView::epilogues_of(u32 function) const {
  const u32 first = functions[function].first_epilogue;
  const u64 end = function + 1 < functions.size() ? functions[function + 1].first_epilogue : epilogues.size();
  return end < first ? std::span<const Epilogue>() : part(epilogues, first, static_cast<u32>(end - first));
}

} // namespace trapeze::image
