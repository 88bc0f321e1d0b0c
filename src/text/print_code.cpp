// Bodies and constant expressions, plain instructions one a line. Spec: Text Format, Instructions.
#include "text/printer.hh"

#include "text/strings.hh"
#include "wasm/limits.hh"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

namespace trapeze::text {

using decode::BlockType;
using decode::Instruction;
using wasm::Imm;
using wasm::Opcode;

namespace {

wasm::Features all_features() {
  wasm::Features f;
  for (u32 i = 0; i < wasm::feature_count; ++i)
    f.set(static_cast<wasm::Feature>(i), true);
  return f;
}

/// Shortest decimal that reads back as the same bits; NaNs with their payload.
template <typename Float, typename Bits> std::string float_text(Bits bits) {
  constexpr u32 fraction = sizeof(Bits) == 4 ? 23 : 52;
  constexpr Bits quiet = Bits{1} << (fraction - 1);
  Float value = std::bit_cast<Float>(bits);
  std::string sign = bits >> (sizeof(Bits) * 8 - 1) ? "-" : "";
  if (std::isnan(value)) {
    Bits payload = bits & ((Bits{1} << fraction) - 1);
    return payload == quiet ? sign + "nan" : fmt::format("{}nan:{:#x}", sign, payload);
  }
  return std::isinf(value) ? sign + "inf" : fmt::format("{}", value);
}

/// Operators that stand one level further out than what they close or divide.
bool is_outdented(Opcode op) {
  return op == Opcode::End || op == Opcode::Else || op == Opcode::Catch || op == Opcode::CatchAll ||
         op == Opcode::Delegate;
}

bool opens_block(Imm imm) { return imm == Imm::Block || imm == Imm::TryTable; }

} // namespace

CodePrinter::CodePrinter(const wasm::Module &m, const PrintNames &names, const TypePrinter &types)
    : m_(m), names_(names), types_(types), features_(all_features()), reader_(features_) {}

void CodePrinter::body(std::string &out, u32 func, const NameTable &locals) {
  const wasm::Func &f = m_.funcs[func];
  locals_ = &locals;
  label_names_ = m_.names.labels().find(func);
  auto hints = std::lower_bound(m_.branch_hints.begin(), m_.branch_hints.end(), func,
                                [](const wasm::FuncBranchHints &h, u32 f) { return h.func < f; });
  hints_ = hints == m_.branch_hints.end() || hints->func != func ? nullptr : &*hints;
  body_start_ = f.body.offset;
  label_count_ = 0;
  labels_.clear();
  innermost_.clear();
  reader_.start(f.body);
  local_declarations(out, types_.param_count(func));
  Instruction in;
  while (reader_.next(in)) {
    if (in.code == Opcode::End && labels_.empty())
      break;
    line(out, in);
  }
  locals_ = nullptr;
}

/// One declaration for all locals, or one each if they have names: runs of equal types are not kept apart.
void CodePrinter::local_declarations(std::string &out, u32 local) {
  base::ByteReader &bytes = reader_.reader();
  std::string unnamed;
  u32 left = wasm::max_locals; // more are not valid
  for (u32 runs = bytes.leb_u32(); runs != 0 && !bytes.failed(); --runs) {
    u32 count = std::min(bytes.leb_u32(), left);
    left -= count;
    std::string type = types_.value(decode::val_type(bytes, features_));
    for (; count != 0; --count, ++local)
      if (locals_->has_any())
        out += fmt::format("    (local{} {})\n", locals_->definition(local), type);
      else
        unnamed += " " + type;
  }
  if (!unnamed.empty())
    out += fmt::format("    (local{})\n", unnamed);
}

void CodePrinter::hint(std::string &out, const Instruction &in) {
  if (!hints_ || (in.code != Opcode::If && in.code != Opcode::BrIf))
    return;
  u32 offset = static_cast<u32>(in.offset - body_start_);
  auto found = std::lower_bound(hints_->hints.begin(), hints_->hints.end(), offset,
                                [](const wasm::BranchHint &h, u32 o) { return h.offset < o; });
  if (found == hints_->hints.end() || found->offset != offset)
    return;
  indent(out, labels_.size());
  out += fmt::format("(@metadata.code.branch_hint \"\\0{}\")\n", found->likely ? 1 : 0);
}

void CodePrinter::line(std::string &out, const Instruction &in) {
  hint(out, in);
  usize depth = labels_.size();
  if (in.code == Opcode::End || in.code == Opcode::Delegate)
    close_block();
  text_ = row(in.code).text;
  immediates(in);
  indent(out, depth - (is_outdented(in.code) && depth > 0 ? 1 : 0));
  out += text_;
  out += '\n';
  if (opens_block(row(in.code).imm))
    open_block();
}

std::string CodePrinter::constant(wasm::ConstExpr expr, std::string_view before, std::string_view after) {
  labels_.clear();
  reader_.start(expr);
  std::string all;
  u32 count = 0;
  Instruction in;
  while (reader_.next(in) && in.code != Opcode::End) {
    text_ = row(in.code).text;
    immediates(in);
    if (count++ != 0)
      all += ' ';
    all += text_;
  }
  return count == 1 ? fmt::format("({})", all) : fmt::format("{}{}{}", before, all, after);
}

void CodePrinter::open_block() {
  std::string_view name = label_names_ ? label_names_->find(label_count_) : std::string_view{};
  Label label{name, 0};
  if (!name.empty()) {
    u32 &slot = innermost_[name];
    label.shadowed = slot;
    slot = static_cast<u32>(labels_.size()) + 1;
  }
  labels_.push_back(label);
  ++label_count_;
}

void CodePrinter::close_block() {
  if (labels_.empty())
    return;
  if (const Label &top = labels_.back(); !top.name.empty())
    innermost_[top.name] = top.shadowed;
  labels_.pop_back();
}

std::string CodePrinter::label_reference(u32 depth) const {
  if (depth < labels_.size()) {
    usize target = labels_.size() - 1 - depth;
    std::string_view name = labels_[target].name;
    if (auto found = innermost_.find(name); !name.empty() && found->second == target + 1)
      return identifier(name);
  }
  return fmt::format("{}", depth);
}

void CodePrinter::immediates(const Instruction &in) { (this->*handlers[static_cast<u32>(row(in.code).imm)])(in); }

// In the order of wasm::Imm.
const CodePrinter::Handler CodePrinter::handlers[] = {
    &CodePrinter::none,                                                     // None
    &CodePrinter::block,                                                    // Block
    &CodePrinter::label,                                                    // Label
    &CodePrinter::label_table,                                              // LabelTable
    &CodePrinter::index<&PrintNames::funcs>,                                // Func
    &CodePrinter::index<&PrintNames::types>,                                // Type
    &CodePrinter::type_table,                                               // TypeTable
    &CodePrinter::type_field,                                               // TypeField
    &CodePrinter::type_count,                                               // TypeCount
    &CodePrinter::type_and<&PrintNames::datas>,                             // TypeData
    &CodePrinter::type_and<&PrintNames::elements>,                          // TypeElem
    &CodePrinter::type_and<&PrintNames::types>,                             // TypeType
    &CodePrinter::local,                                                    // Local
    &CodePrinter::index<&PrintNames::globals>,                              // Global
    &CodePrinter::optional_index<&PrintNames::tables>,                      // Table
    &CodePrinter::optional_pair<&PrintNames::tables>,                       // TableTable
    &CodePrinter::segment_into<&PrintNames::elements, &PrintNames::tables>, // ElemTable
    &CodePrinter::index<&PrintNames::elements>,                             // Elem
    &CodePrinter::index<&PrintNames::datas>,                                // Data
    &CodePrinter::optional_index<&PrintNames::memories>,                    // Memory
    &CodePrinter::optional_pair<&PrintNames::memories>,                     // MemoryMemory
    &CodePrinter::segment_into<&PrintNames::datas, &PrintNames::memories>,  // DataMemory
    &CodePrinter::heap,                                                     // Heap
    &CodePrinter::ref_type,                                                 // RefType
    &CodePrinter::cast_branch,                                              // CastBranch
    &CodePrinter::select_types,                                             // SelectTypes
    &CodePrinter::i32_const,                                                // I32
    &CodePrinter::i64_const,                                                // I64
    &CodePrinter::f32_const,                                                // F32
    &CodePrinter::f64_const,                                                // F64
    &CodePrinter::v128_const,                                               // V128
    &CodePrinter::shuffle,                                                  // Shuffle
    &CodePrinter::lane,                                                     // Lane
    &CodePrinter::index<&PrintNames::tags>,                                 // Tag
    &CodePrinter::try_table,                                                // TryTable
    &CodePrinter::label,                                                    // Delegate
    &CodePrinter::label,                                                    // Rethrow
    &CodePrinter::none,                                                     // Fence
    &CodePrinter::memarg,                                                   // MemArg0
    &CodePrinter::memarg,                                                   // MemArg1
    &CodePrinter::memarg,                                                   // MemArg2
    &CodePrinter::memarg,                                                   // MemArg3
    &CodePrinter::memarg,                                                   // MemArg4
    &CodePrinter::memarg_lane,                                              // MemArgLane0
    &CodePrinter::memarg_lane,                                              // MemArgLane1
    &CodePrinter::memarg_lane,                                              // MemArgLane2
    &CodePrinter::memarg_lane,                                              // MemArgLane3
};

void CodePrinter::label(const Instruction &in) { append(label_reference(in.index)); }

void CodePrinter::label_table(const Instruction &in) {
  for (u32 l : in.labels)
    append(label_reference(l));
}

template <NameTable PrintNames::*Space> void CodePrinter::index(const Instruction &in) {
  append((names_.*Space).reference(in.index));
}

template <NameTable PrintNames::*Space> void CodePrinter::optional_index(const Instruction &in) {
  if (in.index != 0)
    append((names_.*Space).reference(in.index));
}

template <NameTable PrintNames::*Space> void CodePrinter::optional_pair(const Instruction &in) {
  if (in.index == 0 && in.index2 == 0)
    return;
  append((names_.*Space).reference(in.index));
  append((names_.*Space).reference(in.index2));
}

template <NameTable PrintNames::*Segment, NameTable PrintNames::*Space>
void CodePrinter::segment_into(const Instruction &in) {
  if (in.index2 != 0)
    append((names_.*Space).reference(in.index2));
  append((names_.*Segment).reference(in.index));
}

template <NameTable PrintNames::*Space> void CodePrinter::type_and(const Instruction &in) {
  append(names_.types.reference(in.index));
  append((names_.*Space).reference(in.index2));
}

void CodePrinter::local(const Instruction &in) {
  append(locals_ ? locals_->reference(in.index) : fmt::format("{}", in.index));
}

void CodePrinter::type_table(const Instruction &in) {
  if (in.index2 != 0)
    append(names_.tables.reference(in.index2));
  text_ += types_.type_use(in.index, nullptr);
}

void CodePrinter::type_field(const Instruction &in) {
  append(names_.types.reference(in.index));
  auto fields = names_.fields.find(in.index);
  append(fields == names_.fields.end() ? fmt::format("{}", in.index2) : fields->second.reference(in.index2));
}

void CodePrinter::type_count(const Instruction &in) {
  append(names_.types.reference(in.index));
  append(fmt::format("{}", in.index2));
}

void CodePrinter::heap(const Instruction &in) { append(types_.heap(in.heap.heap())); }

void CodePrinter::ref_type(const Instruction &in) { append(types_.value(in.heap)); }

void CodePrinter::cast_branch(const Instruction &in) {
  append(label_reference(in.index));
  append(types_.value(in.heap));
  append(types_.value(in.heap2));
}

void CodePrinter::select_types(const Instruction &in) {
  append("(result");
  for (wasm::ValType t : in.types)
    append(types_.value(t));
  text_ += ')';
}

void CodePrinter::i32_const(const Instruction &in) { append(fmt::format("{}", static_cast<i32>(in.bits))); }
void CodePrinter::i64_const(const Instruction &in) { append(fmt::format("{}", static_cast<i64>(in.bits))); }
void CodePrinter::f32_const(const Instruction &in) { append(float_text<f32>(static_cast<u32>(in.bits))); }
void CodePrinter::f64_const(const Instruction &in) { append(float_text<f64>(in.bits)); }

void CodePrinter::v128_const(const Instruction &in) {
  append(fmt::format("i32x4 {:#010x} {:#010x} {:#010x} {:#010x}", static_cast<u32>(in.bits), in.bits >> 32,
                     static_cast<u32>(in.bits2), in.bits2 >> 32));
}

void CodePrinter::shuffle(const Instruction &in) {
  for (u32 i = 0; i < 16; ++i)
    append(fmt::format("{}", (i < 8 ? in.bits >> 8 * i : in.bits2 >> 8 * (i - 8)) & 0xff));
}

void CodePrinter::lane(const Instruction &in) { append(fmt::format("{}", in.lane)); }

void CodePrinter::block_type(const BlockType &type) {
  if (type.kind == BlockType::Kind::Value)
    append(fmt::format("(result {})", types_.value(type.value)));
  else if (type.kind == BlockType::Kind::Type)
    text_ += types_.type_use(type.type, nullptr);
}

void CodePrinter::block(const Instruction &in) {
  if (std::string_view name = label_names_ ? label_names_->find(label_count_) : std::string_view{}; !name.empty())
    append(identifier(name));
  block_type(in.block);
}

void CodePrinter::try_table(const Instruction &in) {
  if (std::string_view name = label_names_ ? label_names_->find(label_count_) : std::string_view{}; !name.empty())
    append(identifier(name));
  block_type(in.block);
  for (const decode::CatchClause &clause : in.catches) {
    bool all = clause.tag == ~0u;
    append(fmt::format("(catch{}{}{} {})", all ? "_all" : "", clause.with_ref ? "_ref" : "",
                       all ? "" : " " + names_.tags.reference(clause.tag), label_reference(clause.label)));
  }
}

void CodePrinter::memarg(const Instruction &in) {
  if (in.index != 0)
    append(names_.memories.reference(in.index));
  if (in.memory_offset != 0)
    append(fmt::format("offset={}", in.memory_offset));
  Imm imm = row(in.code).imm;
  u32 natural = static_cast<u32>(imm) - static_cast<u32>(imm >= Imm::MemArgLane0 ? Imm::MemArgLane0 : Imm::MemArg0);
  if (in.align_log2 != natural)
    append(fmt::format("align={}", u64{1} << in.align_log2));
}

void CodePrinter::memarg_lane(const Instruction &in) {
  memarg(in);
  lane(in);
}

} // namespace trapeze::text
