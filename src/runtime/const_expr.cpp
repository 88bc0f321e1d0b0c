#include "runtime/const_expr.hh"

#include "base/byte_reader.hh"
#include "runtime/instance.hh"

#include <fmt/format.h>

#include <vector>

namespace trapeze::runtime {

namespace {

enum Opcode : u32 {
  End = 0x0b,
  GlobalGet = 0x23,
  I32Const = 0x41,
  I64Const = 0x42,
  F32Const = 0x43,
  F64Const = 0x44,
  I32Add = 0x6a,
  I32Sub = 0x6b,
  I32Mul = 0x6c,
  I64Add = 0x7c,
  I64Sub = 0x7d,
  I64Mul = 0x7e,
  RefNull = 0xd0,
  RefFunc = 0xd2,
  SimdPrefix = 0xfd,
  V128Const = 12,
};

class Evaluator {
public:
  Evaluator(const wasm::ConstExpr &expr, Instance &instance) : reader_(expr.bytes, expr.offset), instance_(instance) {}

  Result<ValueCell> run() {
    for (;;) {
      u64 at = reader_.offset();
      u8 opcode = reader_.u8_();
      if (opcode == End)
        break;
      if (!step(opcode))
        return fail(ErrorKind::Unsupported, at, fmt::format("constant expression with operator 0x{:02x}", opcode));
    }
    TRY(reader_.status());
    return stack_.back();
  }

private:
  template <typename T> void push(T value) { stack_.push_back(cell_of(value)); }

  template <typename T> void arithmetic(u32 operation) { // 0: add, 1: sub, 2: mul
    T right = get<T>(stack_.back());
    stack_.pop_back();
    T left = get<T>(stack_.back());
    set<T>(stack_.back(), operation == 0 ? left + right : operation == 1 ? left - right : left * right);
  }

  /// False: not an operator of this evaluator.
  bool step(u32 opcode) {
    switch (opcode) {
    case I32Const:
      return push(reader_.leb_s32()), true;
    case I64Const:
      return push(reader_.leb_s64()), true;
    case F32Const:
      return push(reader_.u32_le()), true;
    case F64Const:
      return push(reader_.u64_le()), true;
    case GlobalGet:
      return stack_.push_back(instance_.global(reader_.leb_u32())->get().cell), true;
    case I32Add:
    case I32Sub:
    case I32Mul:
      return arithmetic<u32>(opcode - I32Add), true;
    case I64Add:
    case I64Sub:
    case I64Mul:
      return arithmetic<u64>(opcode - I64Add), true;
    case RefNull:
      reader_.leb_s33();
      return push(RawRef{0}), true;
    case RefFunc:
      return push(instance_.func_ref(reader_.leb_u32())), true;
    case SimdPrefix:
      return vector_constant();
    default:
      return false;
    }
  }

  bool vector_constant() {
    if (reader_.leb_u32() != V128Const)
      return false;
    std::span<const u8> bytes = reader_.bytes(16);
    ValueCell cell{};
    if (bytes.size() == 16)
      std::memcpy(cell.bytes, bytes.data(), 16);
    stack_.push_back(cell);
    return true;
  }

  base::ByteReader reader_;
  Instance &instance_;
  std::vector<ValueCell> stack_;
};

} // namespace

Result<ValueCell> evaluate(const wasm::ConstExpr &expr, Instance &instance) { return Evaluator(expr, instance).run(); }

} // namespace trapeze::runtime
