// A stack machine of a dozen operators, read straight from the bytes.
#include "runtime/const_expr.hh"

#include "base/byte_reader.hh"
#include "runtime/instance.hh"
#include "wasm/opcodes.hh"

#include <fmt/format.h>

#include <functional>
#include <vector>

namespace trapeze::runtime {

namespace {

using wasm::Opcode;

class Evaluator {
public:
  Evaluator(const wasm::ConstExpr &expr, Instance &instance) : reader_(expr.bytes, expr.offset), instance_(instance) {}

  Result<ValueCell> run() {
    for (;;) {
      u64 at = reader_.offset();
      Opcode opcode = next();
      if (opcode == Opcode::End)
        break;
      if (opcode == wasm::no_opcode || !step(opcode))
        return fail(ErrorKind::Unsupported, at, fmt::format("constant expression with {}", name(opcode)));
    }
    TRY(reader_.status());
    return stack_.back();
  }

private:
  static const char *name(Opcode opcode) {
    return opcode == wasm::no_opcode ? "an unknown operator" : wasm::row(opcode).text;
  }

  Opcode next() {
    u32 code = reader_.u8_();
    bool has_prefix = code == 0xfb || code == 0xfd;
    return wasm::find_opcode(has_prefix ? code << 16 | reader_.leb_u32() : code);
  }

  template <typename T> void push(T value) { stack_.push_back(cell_of(value)); }

  template <typename T, typename Operation> void arithmetic(Operation operation) {
    T right = get<T>(stack_.back());
    stack_.pop_back();
    set<T>(stack_.back(), operation(get<T>(stack_.back()), right));
  }

  /// False: not an operator of this evaluator.
  bool step(Opcode opcode) {
    switch (opcode) {
    case Opcode::I32Const:
      return push(reader_.leb_s32()), true;
    case Opcode::I64Const:
      return push(reader_.leb_s64()), true;
    case Opcode::F32Const:
      return push(reader_.u32_le()), true;
    case Opcode::F64Const:
      return push(reader_.u64_le()), true;
    case Opcode::V128Const:
      return vector_constant(), true;
    case Opcode::GlobalGet:
      return stack_.push_back(instance_.global(reader_.leb_u32())->get().cell), true;
    case Opcode::RefNull:
      reader_.leb_s33();
      return push(RawRef{0}), true;
    case Opcode::RefFunc:
      return push(instance_.func_ref(reader_.leb_u32())), true;
    case Opcode::I32Add:
      return arithmetic<u32>(std::plus()), true;
    case Opcode::I32Sub:
      return arithmetic<u32>(std::minus()), true;
    case Opcode::I32Mul:
      return arithmetic<u32>(std::multiplies()), true;
    case Opcode::I64Add:
      return arithmetic<u64>(std::plus()), true;
    case Opcode::I64Sub:
      return arithmetic<u64>(std::minus()), true;
    case Opcode::I64Mul:
      return arithmetic<u64>(std::multiplies()), true;
    default:
      return false;
    }
  }

  void vector_constant() {
    std::span<const u8> bytes = reader_.bytes(16);
    ValueCell cell{};
    if (bytes.size() == 16)
      std::memcpy(cell.bytes, bytes.data(), 16);
    stack_.push_back(cell);
  }

  base::ByteReader reader_;
  Instance &instance_;
  std::vector<ValueCell> stack_;
};

} // namespace

Result<ValueCell> evaluate(const wasm::ConstExpr &expr, Instance &instance) { return Evaluator(expr, instance).run(); }

} // namespace trapeze::runtime
