// The state of decoding one module, shared by the files of this room that read its sections. Not for other rooms.
#pragma once

#include "base/byte_reader.hh"
#include "decode/instruction.hh"
#include "wasm/module.hh"

#include <optional>

namespace trapeze::decode {

struct Decoder {
  explicit Decoder(const wasm::Features &f) : features(f), instructions(f) {}

  wasm::Module m;
  const wasm::Features &features;
  InstructionReader instructions;
  std::vector<u32> declared;    ///< functions whose reference is taken outside of bodies
  u32 code_count = 0;           ///< entries of the code section
  std::optional<Error> invalid; ///< first breach of validity that decoding meets: reported if nothing is malformed

  void set_invalid(u64 offset, std::string message) {
    if (!invalid)
      invalid = Error{ErrorKind::Invalid, offset, std::move(message)};
  }
  /// The index of a function type, for functions and tags: the accessors of Module rely on it.
  wasm::TypeIndex func_type_index(base::ByteReader &reader);
  wasm::ConstExpr const_expr(base::ByteReader &reader);
};

using SectionReader = void (*)(Decoder &, base::ByteReader &);

void type_section(Decoder &d, base::ByteReader &reader);
void import_section(Decoder &d, base::ByteReader &reader);
void function_section(Decoder &d, base::ByteReader &reader);
void table_section(Decoder &d, base::ByteReader &reader);
void memory_section(Decoder &d, base::ByteReader &reader);
void tag_section(Decoder &d, base::ByteReader &reader);
void global_section(Decoder &d, base::ByteReader &reader);
void export_section(Decoder &d, base::ByteReader &reader);
void start_section(Decoder &d, base::ByteReader &reader);
void element_section(Decoder &d, base::ByteReader &reader);
void data_count_section(Decoder &d, base::ByteReader &reader);
void code_section(Decoder &d, base::ByteReader &reader);
void data_section(Decoder &d, base::ByteReader &reader);

/// A vector's length, refused beyond `limit`.
u32 count(base::ByteReader &reader, u32 limit, const char *what);

} // namespace trapeze::decode
