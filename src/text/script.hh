// Scripts (.wast) as data: a list of commands, nothing is run here. Spec: the reference interpreter's
// scripts (README of interpreter/), as the test suite uses them.
//
// Text modules stay spans of the script and are assembled when their command is reached, so that a
// malformed one is an error of its own, with an offset into the script.
#pragma once

#include "base/result.hh"
#include "text/text.hh"
#include "wasm/types.hh"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace trapeze::text {

enum class ModuleForm : u8 { Text, Binary, Quote };

struct ScriptModule {
  ModuleForm form = ModuleForm::Text;
  bool is_definition = false; ///< defined, not instantiated
  std::string id;             ///< empty: none
  u64 begin = 0, end = 0;     ///< Text: span of the script
  std::string contents;       ///< Binary: the bytes; Quote: the source
};

enum class ScriptValueKind : u8 {
  I32,
  I64,
  F32,
  F64,
  V128,
  RefNull,
  RefFunc,
  RefExtern,
  RefHost,
  RefI31,
  RefStruct,
  RefArray,
  RefEq,
  RefAny,
  RefExn,
  Either, ///< any of the alternatives
};

enum class LaneMatch : u8 { Bits, CanonicalNan, ArithmeticNan };

/// An argument or an expected result. Numbers have one lane, vectors as many as they were written with.
struct ScriptValue {
  ScriptValueKind kind = ScriptValueKind::I32;
  u8 lane_count = 1, lane_bits = 32;
  std::array<u64, 16> lanes{};
  std::array<LaneMatch, 16> match{};
  bool has_number = false; ///< ref.extern N, ref.host N: lanes[0]
  bool has_heap = false;   ///< ref.null T
  wasm::HeapType heap;
  std::vector<ScriptValue> alternatives;
  /// The 128 bits of a vector without NaN patterns: low and high half.
  std::array<u64, 2> bits128() const;
};

/// Whether a lane's bits are what the pattern asks for.
bool matches_lane(LaneMatch match, u32 lane_bits, u64 expected, u64 actual);

struct ScriptAction {
  bool is_get = false; ///< a global's value, not a call
  std::string module;  ///< empty: the current one
  std::string name;
  std::vector<ScriptValue> arguments;
};

enum class CommandKind : u8 {
  Module,
  Instance, ///< (module instance $id $module)
  Register,
  Action,
  AssertReturn,
  AssertTrap,
  AssertExhaustion,
  AssertException,
  AssertInvalid,
  AssertMalformed,
  AssertInvalidCustom,
  AssertMalformedCustom,
  AssertUnlinkable,
  Unsupported, ///< thread, wait
};

struct Command {
  CommandKind kind = CommandKind::Module;
  u32 offset = 0;          ///< of its parenthesis
  bool has_module = false; ///< assert_trap: of a module, not an action
  ScriptModule module;
  ScriptAction action;
  std::vector<ScriptValue> expected;
  std::string text; ///< expected message; Register: the name; Unsupported: the keyword
  std::string id;   ///< Instance: its id
  std::string of;   ///< Instance, Register: the module's id
};

bool is_assertion(CommandKind kind);

Result<std::vector<Command>> parse_script(std::string_view source);

/// The bytes of a script's module. Offsets of errors and of the map are into the script for text modules,
/// into the quoted text for quoted ones.
Result<Assembled> assemble(std::string_view script, const ScriptModule &module, const wasm::Features &features);

/// The same for part of a source; offsets count from its start.
Result<Assembled> assemble_span(std::string_view source, u64 begin, u64 end, const wasm::Features &features);

} // namespace trapeze::text
