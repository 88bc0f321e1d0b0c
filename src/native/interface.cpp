#include "native/interface.hh"

namespace trapeze::native {

namespace {

constexpr std::string_view number_letters = "iIfFV"; // in the order of ValKind

/// A text for hashing: what a header says of the thing.
struct InLetters {
  std::string operator()(const FuncType &type) const { return letters(type); }
  std::string operator()(const TagType &type) const { return letters(type.fields); }
  std::string operator()(const GlobalType &type) const { return {letter_of(type.type), type.is_mutable ? '=' : '.'}; }
  std::string operator()(const TableType &) const { return {}; }
  std::string operator()(const MemoryType &) const { return {}; }
};

struct Fnv1a {
  std::uint64_t value = 0xcbf29ce484222325;
  void add(std::string_view text) { // with its end, so that neighbours do not run together
    for (char c : text)
      step(static_cast<unsigned char>(c));
    step(0x100);
  }
  void step(std::uint64_t unit) { value = (value ^ unit) * 0x100000001b3; }
};

} // namespace

char letter_of(ValType type) { return type.is_ref() ? 'r' : number_letters[static_cast<std::size_t>(type.kind)]; }

std::string letters(std::span<const ValType> types) {
  std::string out;
  for (ValType type : types)
    out += letter_of(type);
  return out;
}

std::string letters(const FuncType &type) { return letters(type.params) + ":" + letters(type.results); }

FuncType type_of(std::string_view letters) {
  FuncType out;
  std::vector<ValType> *to = &out.params;
  for (char c : letters) {
    const std::size_t kind = number_letters.find(c);
    if (c == ':' && to == &out.params)
      to = &out.results;
    else if (kind != std::string_view::npos)
      to->push_back({static_cast<ValKind>(kind)});
    else
      to = nullptr;
    if (to == nullptr)
      break;
  }
  if (to != &out.results)
    throw Error(ErrorKind::Usage,
                "`" + std::string(letters) + "` is no function type: letters of iIfFV around one `:`");
  return out;
}

std::uint64_t interface_of(const Module &module) {
  Fnv1a hash;
  auto add = [&](std::string_view name, const ExternType &type) {
    hash.add(name);
    hash.step(type.index());
    hash.add(std::visit(InLetters{}, type));
  };
  for (const ImportType &import : module.imports()) {
    hash.add(import.module);
    add(import.name, import.type);
  }
  hash.step(0x200);
  for (const ExportType &e : module.exports())
    add(e.name, e.type);
  return hash.value == 0 ? 1 : hash.value;
}

} // namespace trapeze::native
