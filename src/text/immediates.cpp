// How the immediates of each operator are read: one handler per wasm::Imm. Spec: Text Format, Instructions.
#include "text/code_writer.hh"

#include "base/assert.hh"
#include "text/numbers.hh"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>

namespace trapeze::text {

using wasm::Imm;
using wasm::Opcode;

void CodeWriter::put(Opcode op, Buffer &dst) {
  u32 code = row(op).code;
  if (code > 0xff) {
    dst.byte(code >> 16);
    dst.leb_u32(code & 0xffff);
  } else {
    dst.byte(code);
  }
}

/// The mnemonic has been taken; two mnemonics stand for two operators each, told apart by what follows.
void CodeWriter::instruction(Opcode op, Buffer &dst) {
  if (op == Opcode::Select && c_.at_open("result"))
    op = Opcode::SelectT;
  (this->*handlers[static_cast<u32>(row(op).imm)])(op, dst);
}

// In the order of wasm::Imm. Blocks are read where structure is.
const CodeWriter::Handler CodeWriter::handlers[] = {
    &CodeWriter::none,                                               // None
    &CodeWriter::bad_immediate,                                      // Block
    &CodeWriter::label,                                              // Label
    &CodeWriter::label_table,                                        // LabelTable
    &CodeWriter::index<&Context::funcs>,                             // Func
    &CodeWriter::index<&Context::types>,                             // Type
    &CodeWriter::type_table,                                         // TypeTable
    &CodeWriter::type_field,                                         // TypeField
    &CodeWriter::type_count,                                         // TypeCount
    &CodeWriter::type_and<&Context::datas>,                          // TypeData
    &CodeWriter::type_and<&Context::elements>,                       // TypeElem
    &CodeWriter::type_and<&Context::types>,                          // TypeType
    &CodeWriter::local,                                              // Local
    &CodeWriter::index<&Context::globals>,                           // Global
    &CodeWriter::optional_index<&Context::tables>,                   // Table
    &CodeWriter::optional_pair<&Context::tables>,                    // TableTable
    &CodeWriter::segment_into<&Context::elements, &Context::tables>, // ElemTable
    &CodeWriter::index<&Context::elements>,                          // Elem
    &CodeWriter::index<&Context::datas>,                             // Data
    &CodeWriter::optional_index<&Context::memories>,                 // Memory
    &CodeWriter::optional_pair<&Context::memories>,                  // MemoryMemory
    &CodeWriter::segment_into<&Context::datas, &Context::memories>,  // DataMemory
    &CodeWriter::heap,                                               // Heap
    &CodeWriter::ref_type_test,                                      // RefType
    &CodeWriter::cast_branch,                                        // CastBranch
    &CodeWriter::select_types,                                       // SelectTypes
    &CodeWriter::int_const<32>,                                      // I32
    &CodeWriter::int_const<64>,                                      // I64
    &CodeWriter::float_const<32>,                                    // F32
    &CodeWriter::float_const<64>,                                    // F64
    &CodeWriter::v128_const,                                         // V128
    &CodeWriter::shuffle,                                            // Shuffle
    &CodeWriter::lane,                                               // Lane
    &CodeWriter::index<&Context::tags>,                              // Tag
    &CodeWriter::bad_immediate,                                      // TryTable
    &CodeWriter::label,                                              // Delegate
    &CodeWriter::label,                                              // Rethrow
    &CodeWriter::fence,                                              // Fence
    &CodeWriter::memarg,                                             // MemArg0
    &CodeWriter::memarg,                                             // MemArg1
    &CodeWriter::memarg,                                             // MemArg2
    &CodeWriter::memarg,                                             // MemArg3
    &CodeWriter::memarg,                                             // MemArg4
    &CodeWriter::memarg_lane,                                        // MemArgLane0
    &CodeWriter::memarg_lane,                                        // MemArgLane1
    &CodeWriter::memarg_lane,                                        // MemArgLane2
    &CodeWriter::memarg_lane,                                        // MemArgLane3
};

void CodeWriter::bad_immediate(Opcode, Buffer &) {
  static_assert(sizeof(handlers) / sizeof(handlers[0]) == static_cast<usize>(Imm::MemArgLane3) + 1);
  ASSERT(false);
}

void CodeWriter::none(Opcode op, Buffer &dst) { put(op, dst); }

void CodeWriter::label(Opcode op, Buffer &dst) {
  put(op, dst);
  dst.leb_u32(label_use());
}

void CodeWriter::label_table(Opcode op, Buffer &dst) {
  put(op, dst);
  std::vector<u32> labels;
  do
    labels.push_back(label_use());
  while (c_.at_index());
  dst.leb_u32(static_cast<u32>(labels.size()) - 1);
  for (u32 l : labels)
    dst.leb_u32(l);
}

template <IndexSpace Context::*Space> void CodeWriter::index(Opcode op, Buffer &dst) {
  if constexpr (Space == &Context::datas)
    ctx_.uses_data_count = true;
  put(op, dst);
  dst.leb_u32((ctx_.*Space).use(c_));
}

template <IndexSpace Context::*Space> void CodeWriter::optional_index(Opcode op, Buffer &dst) {
  put(op, dst);
  dst.leb_u32(c_.at_index() ? (ctx_.*Space).use(c_) : 0);
}

/// Both or none.
template <IndexSpace Context::*Space> void CodeWriter::optional_pair(Opcode op, Buffer &dst) {
  put(op, dst);
  bool given = c_.at_index();
  for (int i = 0; i < 2; ++i)
    dst.leb_u32(given ? (ctx_.*Space).use(c_) : 0);
}

/// table.init x? y: text has the table first, the binary format the segment.
template <IndexSpace Context::*Segment, IndexSpace Context::*Space>
void CodeWriter::segment_into(Opcode op, Buffer &dst) {
  if constexpr (Segment == &Context::datas)
    ctx_.uses_data_count = true;
  put(op, dst);
  TokenKind next = c_.peek(1).kind;
  u32 space = next == TokenKind::Nat || next == TokenKind::Id ? (ctx_.*Space).use(c_) : 0;
  dst.leb_u32((ctx_.*Segment).use(c_));
  dst.leb_u32(space);
}

template <IndexSpace Context::*Space> void CodeWriter::type_and(Opcode op, Buffer &dst) {
  if constexpr (Space == &Context::datas)
    ctx_.uses_data_count = true;
  put(op, dst);
  dst.leb_u32(ctx_.types.use(c_));
  dst.leb_u32((ctx_.*Space).use(c_));
}

void CodeWriter::local(Opcode op, Buffer &dst) {
  put(op, dst);
  if (locals_)
    dst.leb_u32(locals_->use(c_));
  else
    dst.leb_u32(c_.nat32()); // a constant expression: validation says no
}

void CodeWriter::type_table(Opcode op, Buffer &dst) {
  put(op, dst);
  u32 table = c_.at_index() ? ctx_.tables.use(c_) : 0;
  dst.leb_u32(type_use(ctx_, nullptr, false));
  dst.leb_u32(table);
}

void CodeWriter::type_field(Opcode op, Buffer &dst) {
  static const IndexSpace unnamed{"field"};
  put(op, dst);
  u32 type = ctx_.types.use(c_);
  auto fields = ctx_.fields.find(type);
  dst.leb_u32(type);
  dst.leb_u32((fields == ctx_.fields.end() ? unnamed : fields->second).use(c_));
}

void CodeWriter::type_count(Opcode op, Buffer &dst) {
  put(op, dst);
  dst.leb_u32(ctx_.types.use(c_));
  dst.leb_u32(c_.nat32());
}

void CodeWriter::heap(Opcode op, Buffer &dst) {
  put(op, dst);
  write(dst, heap_type(ctx_));
}

void CodeWriter::ref_type_test(Opcode op, Buffer &dst) {
  wasm::ValType type = ref_type(ctx_);
  if (type.is_nullable())
    op = op == Opcode::RefTest ? Opcode::RefTestNull : Opcode::RefCastNull;
  put(op, dst);
  write(dst, type.heap());
}

void CodeWriter::cast_branch(Opcode op, Buffer &dst) {
  put(op, dst);
  u32 label = label_use();
  wasm::ValType from = ref_type(ctx_), to = ref_type(ctx_);
  dst.byte((from.is_nullable() ? 1 : 0) | (to.is_nullable() ? 2 : 0));
  dst.leb_u32(label);
  write(dst, from.heap());
  write(dst, to.heap());
}

void CodeWriter::select_types(Opcode op, Buffer &dst) {
  put(op, dst);
  std::vector<wasm::ValType> types;
  while (c_.take_open("result")) {
    while (at_val_type(c_))
      types.push_back(val_type(ctx_));
    c_.expect_close();
  }
  dst.leb_u32(static_cast<u32>(types.size()));
  for (wasm::ValType t : types)
    write(dst, t);
}

u64 int_literal(Cursor &c, u32 bits) {
  u64 value = 0;
  if (!c.at(TokenKind::Nat) && !c.at(TokenKind::Int))
    c.unexpected();
  else if (!parse_int(c.text(c.peek()), bits, value))
    c.fail(c.peek().offset, fmt::format("i{} constant out of range", bits));
  c.advance();
  return value;
}

u64 float_literal(Cursor &c, u32 bits) {
  u32 narrow = 0;
  u64 value = 0;
  if (!c.at(TokenKind::Nat) && !c.at(TokenKind::Int) && !c.at(TokenKind::Float)) {
    c.unexpected();
    return 0;
  }
  std::string_view text = c.text(c.peek());
  bool ok = bits == 32 ? parse_f32(text, narrow) : parse_f64(text, value);
  if (!ok)
    c.fail(c.peek().offset, fmt::format("f{} constant out of range", bits));
  c.advance();
  return bits == 32 ? narrow : value;
}

template <u32 Bits> void CodeWriter::int_const(Opcode op, Buffer &dst) {
  put(op, dst);
  u64 value = int_literal(c_, Bits);
  dst.leb_s64(Bits == 32 ? static_cast<i32>(value) : static_cast<i64>(value));
}

template <u32 Bits> void CodeWriter::float_const(Opcode op, Buffer &dst) {
  put(op, dst);
  dst.little_endian(float_literal(c_, Bits), Bits / 8);
}

namespace {

struct ShapeRow {
  std::string_view name;
  u8 lanes;
  bool is_float;
};

constexpr std::array<ShapeRow, 6> shapes = {{
    {"i8x16", 16, false},
    {"i16x8", 8, false},
    {"i32x4", 4, false},
    {"i64x2", 2, false},
    {"f32x4", 4, true},
    {"f64x2", 2, true},
}};

} // namespace

void v128_literal(Cursor &c, Buffer &dst) {
  auto shape = std::find_if(shapes.begin(), shapes.end(), [&](const ShapeRow &s) { return c.at_keyword(s.name); });
  if (shape == shapes.end())
    return c.unexpected();
  c.advance();
  u32 bits = 128 / shape->lanes;
  for (u32 i = 0; i < shape->lanes; ++i) {
    if (!c.at(TokenKind::Nat) && !c.at(TokenKind::Int) && !c.at(TokenKind::Float))
      return c.fail(c.peek().offset, "wrong number of lane literals");
    dst.little_endian(shape->is_float ? float_literal(c, bits) : int_literal(c, bits), bits / 8);
  }
}

void CodeWriter::v128_const(Opcode op, Buffer &dst) {
  put(op, dst);
  v128_literal(c_, dst);
}

void CodeWriter::shuffle(Opcode op, Buffer &dst) {
  put(op, dst);
  for (int i = 0; i < 16; ++i) {
    if (!c_.at(TokenKind::Nat))
      return c_.fail(c_.peek().offset, "invalid lane length: i8x16.shuffle takes 16 lanes");
    dst.byte(static_cast<u32>(c_.nat(0xff)));
  }
}

void CodeWriter::lane(Opcode op, Buffer &dst) {
  put(op, dst);
  dst.byte(static_cast<u32>(c_.nat(0xff)));
}

void CodeWriter::fence(Opcode op, Buffer &dst) {
  put(op, dst);
  dst.byte(0);
}

/// `offset=N` or `align=N` at the cursor.
u64 CodeWriter::keyword_number(std::string_view prefix, u64 otherwise) {
  const Token &t = c_.peek();
  if (t.kind != TokenKind::Keyword || !c_.text(t).starts_with(prefix))
    return otherwise;
  std::string_view digits = c_.text(t).substr(prefix.size());
  u64 value = 0;
  if (number_kind(digits) != NumberKind::Nat)
    c_.fail(t.offset, fmt::format("unknown operator {}", c_.text(t)));
  else if (!parse_nat(digits, ~u64{0}, value))
    c_.fail(t.offset, "i64 constant out of range");
  c_.advance();
  return value;
}

void CodeWriter::put_memarg(Imm imm, bool has_memory, Buffer &dst) {
  u32 first = static_cast<u32>(imm >= Imm::MemArgLane0 ? Imm::MemArgLane0 : Imm::MemArg0);
  u32 memory = has_memory ? ctx_.memories.use(c_) : 0;
  u64 offset = keyword_number("offset=", 0);
  u32 source = c_.peek().offset;
  u64 align = keyword_number("align=", u64{1} << (static_cast<u32>(imm) - first));
  if (!std::has_single_bit(align)) {
    c_.fail(source, "alignment must be a power of two");
    return;
  }
  dst.leb_u32(static_cast<u32>(std::countr_zero(align)) | (memory != 0 ? 0x40 : 0));
  if (memory != 0)
    dst.leb_u32(memory);
  dst.leb_u64(offset);
}

void CodeWriter::memarg(Opcode op, Buffer &dst) {
  put(op, dst);
  put_memarg(row(op).imm, c_.at_index(), dst);
}

/// A lone number is the lane; a number before another one, or before offset and align, is the memory.
void CodeWriter::memarg_lane(Opcode op, Buffer &dst) {
  put(op, dst);
  const Token &next = c_.peek(1);
  bool more =
      next.kind == TokenKind::Nat || (next.kind == TokenKind::Keyword &&
                                      (c_.text(next).starts_with("offset=") || c_.text(next).starts_with("align=")));
  put_memarg(row(op).imm, c_.at(TokenKind::Id) || (c_.at(TokenKind::Nat) && more), dst);
  dst.byte(static_cast<u32>(c_.nat(0xff)));
}

namespace {

struct CatchRow {
  std::string_view name;
  u8 code;
  bool has_tag;
};

constexpr std::array<CatchRow, 4> catch_rows = {{
    {"catch", 0, true},
    {"catch_ref", 1, true},
    {"catch_all", 2, false},
    {"catch_all_ref", 3, false},
}};

} // namespace

/// The clauses of try_table; their labels count from outside of it.
void CodeWriter::put_catches(Buffer &dst) {
  Buffer clauses;
  u32 count = 0;
  for (;;) {
    auto clause =
        std::find_if(catch_rows.begin(), catch_rows.end(), [&](const CatchRow &r) { return c_.at_open(r.name); });
    if (clause == catch_rows.end())
      break;
    c_.take_open(clause->name);
    clauses.byte(clause->code);
    if (clause->has_tag)
      clauses.leb_u32(ctx_.tags.use(c_));
    clauses.leb_u32(label_use());
    c_.expect_close();
    ++count;
  }
  dst.leb_u32(count);
  dst.append(clauses);
}

} // namespace trapeze::text
