// A thrown C++ object in a 32-bit Wasm module, as libc++abi lays it out (Itanium C++ ABI, Exception Handling, 2.2;
// run-time type information, 2.9.5). The tag's one field points at the _Unwind_Exception:
//
//   -48  type_info *             12 words of __cxa_exception, the last one the reference count
//    -4  (1 only) the object     an exception_ptr's rethrow has no object of its own
//     0  u64 exception_class     "CLNGC++" and 0; 1 for an exception_ptr's rethrow
//   +32  the object
//
// type_info: {vtable, name, ...}, the name mangled without its "_Z". The word before the vtable's first is the
// type_info of the type_info's own class, whose name says what follows:
//
//   __si_class_type_info    base *                                             one base, at the front
//   __vmi_class_type_info   flags, count, count times {base *, offset << 8 | 2 public | 1 virtual}
//
// A virtual base's offset is where in the object's vtable its distance stands. std::runtime_error and std::logic_error
// keep {vtable, const char *} (libc++'s reference-counted string), so what() is read without calling it, in them and in
// what derives from them.
//
// Everything is a guess about foreign bytes: bounds are checked, visits counted, names have to look like names, texts
// are cut and escaped, and what does not fit is not shown.
#include "api/cpp_exception.hh"

#include "base/readable.hh"
#include "base/types.hh"

#include <fmt/format.h>

namespace trapeze::api {

namespace {

constexpr u64 cpp_class = 0x434c4e47432b2b00, dependent_class = cpp_class | 1; // "CLNGC++"
constexpr u32 type_info_before = 48, primary_before = 4, object_behind = 32;
constexpr u32 longest_text = 1000, most_visits = 64;

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
  /// A zero-terminated text, cut where it is too long.
  std::optional<std::string> text(u32 at) const {
    std::string out;
    for (u32 i = 0; i <= longest_text; ++i) {
      std::optional<char> c = get<char>(at + i);
      if (!c)
        return std::nullopt;
      if (*c == '\0')
        break;
      out += *c;
    }
    return out;
  }
  std::optional<std::string> text_behind(std::optional<u32> pointer) const {
    return pointer && *pointer != 0 ? text(*pointer) : std::nullopt;
  }
  /// Of the type_info at `at`.
  std::optional<std::string> type_name(u32 at) const {
    static constexpr const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$";
    std::optional<std::string> name = text_behind(get<u32>(at + 4));
    bool is_name = name && !name->empty() && name->find_first_not_of(letters) == std::string::npos;
    return is_name ? name : std::nullopt;
  }

private:
  const v1::Memory &memory_;
};

template <typename T> std::string number(const Reader &memory, u32 object) {
  std::optional<T> value = memory.get<T>(object);
  return value ? fmt::format("{}", *value) : std::string();
}

/// The built-in types whose values are shown, by their mangled names.
struct Scalar {
  std::string_view name;
  std::string (*print)(const Reader &, u32 object);
};
constexpr Scalar scalars[] = {
    {"a", number<i8>},
    {"h", number<u8>},
    {"s", number<i16>},
    {"t", number<u16>},
    {"i", number<i32>},
    {"j", number<u32>},
    {"l", number<i32>},
    {"m", number<u32>},
    {"x", number<i64>},
    {"y", number<u64>},
    {"f", number<f32>},
    {"d", number<f64>},
    {"b", [](const Reader &m, u32 at) { return std::string(m.get<u8>(at).value_or(0) != 0 ? "true" : "false"); }},
    {"c", [](const Reader &m, u32 at) { return fmt::format("'{}'", m.get<char>(at).value_or('?')); }},
    {"PKc", [](const Reader &m, u32 at) { return m.text_behind(m.get<u32>(at)).value_or(""); }},
    {"Pc", [](const Reader &m, u32 at) { return m.text_behind(m.get<u32>(at)).value_or(""); }},
};

/// Looks for a base that keeps a message, depth first.
class MessageSearch {
public:
  explicit MessageSearch(const Reader &memory) : memory_(memory) {}

  std::optional<std::string> run(u32 type_info, u32 object) {
    std::optional<std::string> name = memory_.type_name(type_info);
    if (!name || visits_++ == most_visits)
      return std::nullopt;
    if (*name == "St13runtime_error" || *name == "St11logic_error")
      return memory_.text_behind(memory_.get<u32>(object + 4));
    std::string kind = kind_of(type_info);
    if (kind == "N10__cxxabiv120__si_class_type_infoE")
      return in_base(memory_.get<u32>(type_info + 8), object);
    return kind == "N10__cxxabiv121__vmi_class_type_infoE" ? in_bases(type_info, object) : std::nullopt;
  }

private:
  /// The name of the class that the type_info itself is of.
  std::string kind_of(u32 type_info) const {
    std::optional<u32> table = memory_.get<u32>(type_info);
    std::optional<u32> its_type = table ? memory_.get<u32>(*table - 4) : std::nullopt;
    return its_type ? memory_.type_name(*its_type).value_or("") : "";
  }
  std::optional<std::string> in_base(std::optional<u32> base, u32 object) {
    return base && *base != 0 ? run(*base, object) : std::nullopt;
  }
  std::optional<std::string> in_bases(u32 type_info, u32 object) {
    u32 count = memory_.get<u32>(type_info + 12).value_or(0);
    for (u32 row = type_info + 16; count-- != 0 && visits_ < most_visits; row += 8) {
      std::optional<i32> word = memory_.get<i32>(row + 4), distance;
      if (!word)
        return std::nullopt;
      distance = *word >> 8;
      if (*word & 1) {
        std::optional<u32> table = memory_.get<u32>(object);
        distance = table ? memory_.get<i32>(*table + static_cast<u32>(*distance)) : std::nullopt;
      }
      if (distance)
        if (std::optional<std::string> found = in_base(memory_.get<u32>(row), object + static_cast<u32>(*distance)))
          return found;
      ++visits_; // rows that lead nowhere count too
    }
    return std::nullopt;
  }

  const Reader &memory_;
  u32 visits_ = 0;
};

std::string what_of(const Reader &memory, u32 type_info, const std::string &name, u32 object) {
  for (const Scalar &scalar : scalars)
    if (scalar.name == name)
      return scalar.print(memory, object);
  return MessageSearch(memory).run(type_info, object).value_or("");
}

} // namespace

std::optional<CppException> describe_cpp_exception(const v1::Exception &exception, const v1::Memory &memory) {
  const std::vector<v1::Val> &values = exception.values();
  if (!memory || values.size() != 1 || values[0].type() != v1::ValType::i32())
    return std::nullopt;
  Reader reader(memory);
  u32 header = static_cast<u32>(values[0].i32());
  if (header < type_info_before)
    return std::nullopt;
  std::optional<u64> language = reader.get<u64>(header);
  if (language != cpp_class && language != dependent_class)
    return std::nullopt;
  std::optional<u32> type_info = reader.get<u32>(header - type_info_before), object = header + object_behind;
  if (language == dependent_class)
    object = reader.get<u32>(header - primary_before);
  std::optional<std::string> name = type_info ? reader.type_name(*type_info) : std::nullopt;
  if (!name || !object)
    return std::nullopt;
  return CppException{base::demangled_type(*name),
                      base::printable(what_of(reader, *type_info, *name, *object), longest_text)};
}

} // namespace trapeze::api
