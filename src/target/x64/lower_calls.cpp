// Calls, entry and return by abi/convention.hh: values travel in fixed registers; what is left over in the cells of
// StoreContext::overflow, written right before the transfer and read right behind it.
//
//   mov  t, [r13 + store]        ; only with cells
//   mov  [t + overflow], x
//   call f                       ; uses rdi = a, rsi = b ...; defs rax, xmm0
//   mov  t, [r13 + store]
//   mov  y, [t + overflow]
//   mov  x32, rax32              ; where a clean 32-bit result is wanted
#include "target/x64/lower.hh"

#include "abi/builtins.hh"
#include "abi/vmctx.hh"
#include "base/assert.hh"

#include <cstddef>

namespace trapeze::x64 {

using abi::Assigner;
using abi::Location;

static constexpr i32 store_offset = offsetof(abi::InstanceContext, store);
static constexpr i32 builtins_offset = offsetof(abi::InstanceContext, builtins);

static i32 cell_offset(u32 index) {
  return static_cast<i32>(offsetof(abi::StoreContext, overflow) + index * sizeof(abi::ValueCell));
}

static abi::RegClass class_of(Type t) { return ir::is_float_class(t) ? abi::RegClass::Float : abi::RegClass::Int; }

static PReg place(Location at, bool as_results) {
  if (at.cls == abi::RegClass::Float)
    return float_reg(at.index);
  return int_reg(as_results ? int_results[at.index] : int_params[at.index]);
}

/// Stores what travels in cells, and collects the fixed uses of the row to come in fixed_args_.
void Lowering::place_values(std::span<const u32> values, Assigner assigner, bool as_results) {
  fixed_args_.clear();
  VReg store = no_vreg;
  for (u32 word : values) {
    Value v = static_cast<Value>(word);
    Location at = assigner.next(class_of(fn_->type(v)));
    if (at.in_register) {
      fixed_args_.push_back({reg(v), place(at, as_results)});
      continue;
    }
    if (base::is_none(store))
      store = load_field(store_offset);
    store_value(v, ir::size_of(fn_->type(v)), {.mode = Mode::Base, .a = store, .disp = cell_offset(at.index)});
  }
}

/// One value that arrives at the entry or behind a call.
void Lowering::expect(Value v, Type type, Assigner &assigner) {
  Arrival arrival{v, type, assigner.next(class_of(type)), no_vreg};
  bool is_wanted = !base::is_none(v) && is_demanded(v);
  if (!is_wanted)
    arrival.value = ir::no_inst;
  if (arrival.at.in_register) {
    bool as_is = is_wanted && !(info_[v].wants_clean && type != Type::I64);
    arrival.raw = as_is ? result(v) : fresh(kind_of(type));
  }
  arrivals_.push_back(arrival);
}

void Lowering::define_arrivals(RowMaker &row, bool as_results) {
  for (const Arrival &a : arrivals_)
    if (a.at.in_register)
      row.def_fixed(a.raw, place(a.at, as_results));
}

/// What follows the entry or call: cells are read, halves cleaned.
void Lowering::finish_arrivals() {
  VReg store = no_vreg;
  for (const Arrival &a : arrivals_) {
    if (base::is_none(a.value))
      continue;
    if (a.at.in_register) {
      if (a.raw != result(a.value))
        make(Op::MovLoad, Width::W32).rm(rm_reg(a.raw)).def(result(a.value));
      continue;
    }
    if (base::is_none(store))
      store = load_field(store_offset);
    ir::Access access;
    access.size_log2 = a.type == Type::V128 ? 4 : ir::size_of(a.type) == 8 ? 3 : 2;
    load_into(result(a.value), a.type, access, {.mode = Mode::Base, .a = store, .disp = cell_offset(a.at.index)}, 0);
  }
}

void Lowering::enter() {
  arrivals_.clear();
  Assigner assigner = Assigner::params(abi::x64_convention);
  for (Value p : fn_->blocks[fn_->entry].params)
    expect(p, fn_->type(p), assigner);
  {
    RowMaker row(*this, Op::Entry, Width::W64);
    define_arrivals(row, false);
  }
  finish_arrivals();
}

/// Everything a call may change, less its results: those are defined.
u8 Lowering::clobbers(u32 ints, u32 floats) {
  RegSet set = caller_saved;
  for (u32 k = 0; k < ints; ++k)
    set &= ~bit(int_reg(int_results[k]));
  for (u32 k = 0; k < floats; ++k)
    set &= ~bit(float_reg(k));
  auto &sets = out_->clobber_sets;
  for (u32 k = 1; k < sets.size(); ++k)
    if (sets[k] == set)
      return static_cast<u8>(k);
  sets.push_back(set);
  return static_cast<u8>(sets.size() - 1);
}

void Lowering::make_call(const ir::CallRow &call, std::span<const u32> args, ir::Op op) {
  bool is_pointer = op == ir::Op::CallPtr;
  bool is_local = is_pointer && row(static_cast<Value>(args[1])).op == ir::Op::Instance;
  VReg code = is_pointer ? reg(static_cast<Value>(args[0])) : no_vreg;
  VReg context = is_pointer && !is_local ? reg(static_cast<Value>(args[1])) : no_vreg;
  place_values(is_pointer ? args.subspan(2) : args, Assigner::params(abi::x64_convention), false);
  VReg table = op == ir::Op::CallBuiltin ? load_field(builtins_offset) : no_vreg;
  u32 ints = 0, floats = 0;
  for (const Arrival &a : arrivals_)
    if (a.at.in_register)
      ++(a.at.cls == abi::RegClass::Int ? ints : floats);
  u8 clobber_set = clobbers(ints, floats);
  Op machine_op = is_local ? Op::CallLocal : is_pointer ? Op::CallPtr : op == ir::Op::Call ? Op::Call : Op::CallBuiltin;
  out_->has_calls = true;
  out_->needs_instance_slot |= machine_op == Op::CallPtr;
  RowMaker row(*this, machine_op, Width::W64);
  row.call(clobber_set, out_->regions.empty() ? ~0u : base::index_of(call.region)).imm(call.callee);
  for (VReg v : {code, context, table})
    if (!base::is_none(v))
      row.use(v);
  for (auto [v, r] : fixed_args_)
    row.use_fixed(v, r);
  define_arrivals(row, true);
}

void Lowering::call(Inst i, const InstRow &r, u32) {
  ir::CallRow call = fn_->call(i);
  const ir::Signature &sig = fn_->sigs[call.sig];
  arrivals_.clear();
  Assigner assigner = Assigner::results(abi::x64_convention);
  Inst next = fn_->links[i].next; // Proj rows stand right behind, each with its number
  for (u32 k = 0; k < sig.results.size(); ++k) {
    Value v = k == 0 ? i : ir::no_inst;
    if (k != 0 && !base::is_none(next) && row(next).op == ir::Op::Proj && row(next).arg(0) == i && row(next).c == k) {
      v = next;
      next = fn_->links[next].next;
    }
    expect(v, sig.results[k], assigner);
  }
  make_call(call, fn_->call_args(i), r.op);
  finish_arrivals();
}

void Lowering::return_call(Inst i, const InstRow &r, u32) {
  ir::CallRow call = fn_->call(i);
  std::span<const u32> args = fn_->call_args(i);
  bool is_pointer = r.op == ir::Op::ReturnCallPtr;
  bool is_local = is_pointer && (r.aux == 1 || row(static_cast<Value>(args[1])).op == ir::Op::Instance);
  VReg code = is_pointer ? reg(static_cast<Value>(args[0])) : no_vreg;
  VReg context = is_pointer && !is_local ? reg(static_cast<Value>(args[1])) : no_vreg;
  place_values(is_pointer ? args.subspan(2) : args, Assigner::params(abi::x64_convention), false);
  Op op = is_local ? Op::ReturnCallLocal : is_pointer ? Op::ReturnCallPtr : Op::ReturnCall;
  RowMaker row(*this, op, Width::W64);
  row.flags(codegen::is_terminator).imm(call.callee);
  if (is_pointer)
    row.use_fixed(code, int_reg(tail_code));
  if (!base::is_none(context))
    row.use_fixed(context, int_reg(tail_context));
  for (auto [v, reg] : fixed_args_)
    row.use_fixed(v, reg);
}

void Lowering::return_values(Inst i, const InstRow &, u32) {
  place_values(fn_->return_values(i), Assigner::results(abi::x64_convention), true);
  RowMaker row(*this, Op::Return, Width::W64);
  row.flags(codegen::is_terminator);
  for (auto [v, reg] : fixed_args_)
    row.use_fixed(v, reg);
}

} // namespace trapeze::x64
