#include "compile/link.hh"

#include "base/assert.hh"

#include <cstring>

namespace trapeze::compile {
namespace {

using image::CodeImage;
using image::CompiledFunction;

constexpr u32 alignment = 16; ///< at most
constexpr u8 filler = 0xcc;   // int3: nothing runs into the next function

/// Sizes first, so that no table is copied as it grows.
void reserve(std::span<const CompiledFunction> functions, CodeImage &out) {
  usize code = 0, calls = 0, regions = 0, clauses = 0, slots = 0, traps = 0, addresses = 0, inlined = 0, epilogues = 0;
  for (const CompiledFunction &f : functions) {
    code += f.code.size() + alignment;
    calls += f.calls.size();
    regions += f.regions.size();
    clauses += f.clauses.size();
    slots += f.ref_slots.size();
    traps += f.traps.size();
    addresses += f.addresses.size();
    inlined += f.inlined.size();
    epilogues += f.epilogues.size();
  }
  ASSERT(code < u64{1} << 31); // a direct call reaches the whole image
  out.code.reserve(code);
  out.functions.reserve(functions.size());
  out.calls.reserve(calls);
  out.regions.reserve(regions);
  out.clauses.reserve(clauses);
  out.ref_slots.reserve(slots);
  out.traps.reserve(traps);
  out.addresses.reserve(addresses);
  out.inlined.reserve(inlined);
  out.epilogues.reserve(epilogues);
}

void append(const CompiledFunction &f, CodeImage &out) {
  out.code.resize((out.code.size() + f.alignment - 1) & ~usize{f.alignment - 1}, filler);
  const u32 base = static_cast<u32>(out.code.size()), row = static_cast<u32>(out.functions.size());
  const u32 first_region = static_cast<u32>(out.regions.size()), first_clause = static_cast<u32>(out.clauses.size());
  const u32 first_slot = static_cast<u32>(out.ref_slots.size()), first_inlined = static_cast<u32>(out.inlined.size());
  const auto position = [&](u32 p) {
    return abi::is_inlined(p) ? abi::inlined_position(first_inlined + abi::inlined_row(p)) : p;
  };
  out.code.insert(out.code.end(), f.code.begin(), f.code.end());
  out.functions.push_back({f.func, base, static_cast<u32>(f.code.size()), f.frame, f.code_size, first_region,
                           static_cast<u32>(out.epilogues.size())});
  for (const image::CallSite &c : f.calls)
    out.calls.push_back({base + c.return_offset, row, c.region == image::no_region ? c.region : first_region + c.region,
                         first_slot + c.first_slot, c.slot_count});
  for (const image::Region &r : f.regions)
    out.regions.push_back({r.parent == image::no_region ? r.parent : first_region + r.parent,
                           first_clause + r.first_clause, r.clause_count, r.system_pad == 0 ? 0 : base + r.system_pad});
  for (const image::Clause &c : f.clauses)
    out.clauses.push_back({c.tag, base + c.pad, c.with_ref});
  out.ref_slots.insert(out.ref_slots.end(), f.ref_slots.begin(), f.ref_slots.end());
  for (const image::TrapSite &t : f.traps)
    out.traps.push_back({base + t.offset, t.code});
  for (const image::AddressEntry &a : f.addresses)
    out.addresses.push_back({base + a.code_offset, position(a.position)});
  for (const abi::InlinedPosition &p : f.inlined)
    out.inlined.push_back({p.func, p.wasm_offset, position(p.caller)});
  for (const image::Epilogue &e : f.epilogues)
    out.epilogues.push_back({base + e.begin, base + e.end});
}

void relocate(const CompiledFunction &f, u32 base, CodeImage &out) {
  for (const image::Relocation &r : f.relocations) {
    const u32 at = base + r.offset, target = out.functions[r.func - out.imported_funcs].code_offset;
    const u32 displacement = target - (at + 4);
    std::memcpy(out.code.data() + at, &displacement, 4);
  }
}

} // namespace

CodeImage link(std::span<const CompiledFunction> functions, u32 imported_funcs) {
  CodeImage out;
  out.imported_funcs = imported_funcs;
  reserve(functions, out);
  for (const CompiledFunction &f : functions)
    append(f, out);
  out.code.resize((out.code.size() + alignment - 1) & ~usize{alignment - 1}, filler);
  for (u32 i = 0; i < functions.size(); ++i)
    relocate(functions[i], out.functions[i].code_offset, out);
  return out;
}

} // namespace trapeze::compile
