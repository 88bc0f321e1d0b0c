// Every operator once: opcodes.def is read by decoder, validator, printer, parser and translator.
//
//   OP(id, code, text, imm, sig, feature)
//     id       enumerator: I32Add, RefNull, TryTable
//     code     one-byte opcodes as they are; prefixed ones as prefix << 16 | LEB number (0xfc000a, 0xfd00fb, 0xfb0000,
//     0xfe0010) text     the mnemonic; select, ref.test and ref.cast name two operators each, told apart in text by the
//     immediate imm      enumerator of Imm: which immediates follow, and how they are written in text sig      "ii:i" =
//     pops i32 i32, pushes i32 (i I f F v, `p` the address type of the memory or table
//              immediate); "*" where typing is an algorithm of its own
//     feature  enumerator of Feature
//
// Memory operators carry their natural alignment (log2 of the access width) in imm: MemArg0..MemArg4.
#pragma once

#include "base/types.hh"
#include "wasm/features.hh"

#include <array>
#include <span>
#include <string_view>

namespace trapeze::wasm {

enum class Imm : u8 {
  None,
  Block,        ///< blocktype
  Label,        ///< labelidx
  LabelTable,   ///< vec(labelidx) labelidx
  Func,         ///< funcidx
  Type,         ///< typeidx
  TypeTable,    ///< typeidx tableidx (call_indirect)
  TypeField,    ///< typeidx fieldidx (struct.get)
  TypeCount,    ///< typeidx u32 (array.new_fixed)
  TypeData,     ///< typeidx dataidx
  TypeElem,     ///< typeidx elemidx
  TypeType,     ///< typeidx typeidx (array.copy)
  Local,        ///< localidx
  Global,       ///< globalidx
  Table,        ///< tableidx
  TableTable,   ///< tableidx tableidx (table.copy: destination, source)
  ElemTable,    ///< elemidx tableidx (table.init)
  Elem,         ///< elemidx
  Data,         ///< dataidx
  Memory,       ///< memidx
  MemoryMemory, ///< memidx memidx (memory.copy: destination, source)
  DataMemory,   ///< dataidx memidx (memory.init)
  Heap,         ///< heaptype (ref.null)
  RefType,      ///< heaptype; nullability is the operator's (ref.test, ref.cast)
  CastBranch,   ///< castflags labelidx heaptype heaptype (br_on_cast)
  SelectTypes,  ///< vec(valtype)
  I32,          ///< s32
  I64,          ///< s64
  F32,          ///< 4 bytes
  F64,          ///< 8 bytes
  V128,         ///< 16 bytes
  Shuffle,      ///< 16 lanes
  Lane,         ///< one lane
  Tag,          ///< tagidx
  TryTable,     ///< blocktype vec(catch)
  Delegate,     ///< labelidx, legacy
  Rethrow,      ///< labelidx, legacy
  Fence,        ///< one zero byte
  MemArg0,      ///< memarg of a 1-byte access
  MemArg1,      ///< 2 bytes
  MemArg2,      ///< 4 bytes
  MemArg3,      ///< 8 bytes
  MemArg4,      ///< 16 bytes
  MemArgLane0,  ///< memarg and lane
  MemArgLane1,
  MemArgLane2,
  MemArgLane3,
};

/// Dense: an index into opcode_table(), in the order of opcodes.def.
enum class Opcode : u16 {
#define OP(id, code, text, imm, sig, feature) id,
#include "wasm/opcodes.def"
};

inline constexpr u32 opcode_count = 0
#define OP(id, code, text, imm, sig, feature) +1
#include "wasm/opcodes.def"
    ;

struct OpcodeRow {
  u32 code;
  const char *text;
  Imm imm;
  const char *sig;
  Feature feature;
};

extern const OpcodeRow opcode_rows[opcode_count];
inline const OpcodeRow &row(Opcode op) { return opcode_rows[static_cast<u32>(op)]; }
inline constexpr Opcode no_opcode = static_cast<Opcode>(0xffff);

extern const std::array<Opcode, 256> one_byte_opcodes;
/// One byte as it stands; no_opcode for a prefix and for what is none.
inline Opcode find_one_byte_opcode(u8 code) { return one_byte_opcodes[code]; }
/// `code` as in the table; no_opcode if there is none.
Opcode find_opcode(u32 code);
/// The first operator of the table with this mnemonic (select, ref.test, ref.cast have two); no_opcode if there is
/// none.
Opcode find_opcode(std::string_view text);

} // namespace trapeze::wasm
