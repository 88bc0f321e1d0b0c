// A thrown C++ object in a 32-bit Wasm module, as libc++abi lays it out (Itanium C++ ABI, Exception Handling, 2.2). The
// tag's one field points at the _Unwind_Exception:
//
//   -48  type_info *             12 words of __cxa_exception, the last one the reference count
//     0  u64 exception_class     "CLNGC++" and 0; 1 for an exception_ptr's rethrow, which has no object of its own here
//   +32  the object
//
// type_info: {vtable, name, base}, where `base` means something in classes with a single base only. Names are mangled
// without their "_Z". std::runtime_error and std::logic_error keep {vtable, const char *} (libc++'s reference-counted
// string), so what() can be read without calling it. Everything is a guess about foreign bytes: bounds are checked,
// names have to look like names, and what does not fit is not shown.
#include "api/inspect.hh"

#include "base/types.hh"

#include <fmt/format.h>

#include <cstdlib>
#include <cxxabi.h>

namespace trapeze::api {

namespace {

constexpr u64 cpp_class = 0x434c4e47432b2b00; // "CLNGC++\0"
constexpr u32 type_info_before = 48, object_behind = 32;
constexpr u32 longest_text = 4096;

class Reader {
public:
  explicit Reader(const v1::Memory &memory) : memory_(memory) {}

  template <typename T> std::optional<T> get(u32 at) const {
    auto bytes = memory_.slice(at, sizeof(T));
    if (!bytes)
      return std::nullopt;
    T value;
    std::memcpy(&value, bytes->data(), sizeof value);
    return value;
  }
  /// A zero-terminated text; what cannot be shown becomes `?`.
  std::optional<std::string> text(u32 at) const {
    std::string out;
    for (u32 i = 0; i < longest_text; ++i) {
      std::optional<char> c = get<char>(at + i);
      if (!c)
        return std::nullopt;
      if (*c == '\0')
        return out;
      out += static_cast<u8>(*c) < 0x20 ? '?' : *c;
    }
    return out;
  }
  std::optional<std::string> text_behind(std::optional<u32> pointer) const {
    return pointer ? text(*pointer) : std::nullopt;
  }

private:
  const v1::Memory &memory_;
};

std::string demangled(const std::string &name) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(__cxxabiv1::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                   &std::free);
  return status == 0 ? std::string(text.get()) : name;
}

bool is_type_name(const std::string &name) {
  return !name.empty() && name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$") ==
                              std::string::npos;
}

std::string what_of(const Reader &memory, u32 type_info, const std::string &name, u32 object) {
  if (name == "i")
    return fmt::format("{}", memory.get<i32>(object).value_or(0));
  if (name == "PKc" || name == "Pc")
    return memory.text_behind(memory.get<u32>(object)).value_or("");
  std::string class_name = name;
  for (int depth = 0; depth < 16; ++depth) {
    if (class_name == "St13runtime_error" || class_name == "St11logic_error")
      return memory.text_behind(memory.get<u32>(object + 4)).value_or("");
    std::optional<u32> base = memory.get<u32>(type_info + 8);
    std::optional<std::string> base_name =
        base && *base != 0 ? memory.text_behind(memory.get<u32>(*base + 4)) : std::nullopt;
    if (!base_name || !is_type_name(*base_name))
      break;
    type_info = *base;
    class_name = *base_name;
  }
  return {};
}

} // namespace

std::optional<CppException> describe_cpp_exception(const v1::Exception &exception, const v1::Memory &memory) {
  const std::vector<v1::Val> &values = exception.values();
  if (!memory || values.size() != 1 || values[0].type() != v1::ValType::i32())
    return std::nullopt;
  Reader reader(memory);
  u32 header = static_cast<u32>(values[0].i32());
  if (header < type_info_before || reader.get<u64>(header) != cpp_class)
    return std::nullopt;
  std::optional<u32> type_info = reader.get<u32>(header - type_info_before);
  std::optional<std::string> name = type_info ? reader.text_behind(reader.get<u32>(*type_info + 4)) : std::nullopt;
  if (!name || !is_type_name(*name))
    return std::nullopt;
  return CppException{demangled(*name), what_of(reader, *type_info, *name, header + object_behind)};
}

} // namespace trapeze::api
