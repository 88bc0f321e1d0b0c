// Two passes: identifiers are given to everything first (names.hh), then the text is written in the module's order.
//
// What a function looks like, `div` of module `m`, (i32, i64) -> (i32, f64):
//
//   typedef struct m_div_results { int32_t r0; double r1; } m_div_results;
//   static inline m_div_results m_div(trapeze_native_instance *instance, int32_t p0, int64_t p1) { ... }
//
// An import is a definer of a function pointer with `data` and `caller` in front; the thunk between cells and
// parameters is `static inline`, so a header that is included without being used costs nothing, not even the module's
// symbol.
#include "native/header.hh"

#include "native/interface.hh"
#include "native/names.hh"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <system_error>

namespace trapeze::native {

namespace {

struct CType {
  const char *type, *cell; ///< in C; the member of trapeze_native_cell, and trapeze_native_... that makes a cell
};
constexpr CType c_types[] = {{"int32_t", "i32"}, {"int64_t", "i64"}, {"float", "f32"}, {"double", "f64"}};
const CType &c_type(ValType type) { return c_types[static_cast<std::size_t>(type.kind)]; }

/// Why C has no typed function for these types; null: it has.
const char *obstacle(std::string_view letters) {
  if (letters.find('r') != std::string_view::npos)
    return "references are for C++";
  return letters.find('V') != std::string_view::npos ? "C has no v128" : nullptr;
}

/// As a C string literal, which is also fit for a comment: what is not printable ASCII in octal, trigraphs and the
/// marks of comments broken.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const char before = out.back();
    if (c < ' ' || c > '~' || c == '?' || (c == '/' && before == '*') || (c == '*' && before == '/'))
      out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      out += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
  }
  return out + '"';
}

/// `, int32_t p0, double p1`; with a `prefix` in front of each type and a `mark` behind it.
std::string parameters(std::span<const ValType> types, const char *mark = " ") {
  std::string out;
  for (std::size_t i = 0; i < types.size(); ++i)
    out += fmt::format(", {}{}p{}", c_type(types[i]).type, mark, i);
  return out;
}

/// `trapeze_native_i32(p0), trapeze_native_f64(p1)`.
std::string cells_of(std::size_t count, std::span<const ValType> types) {
  std::string out = fmt::format("  trapeze_native_cell cells[{}]", count);
  for (std::size_t i = 0; i < types.size(); ++i)
    out += fmt::format("{}trapeze_native_{}(p{})", i == 0 ? " = {" : ", ", c_type(types[i]).cell, i);
  return count == 0 ? "" : out + (types.empty() ? ";\n" : "};\n");
}

class Header {
public:
  Header(const Module &module, std::string name)
      : name_(std::move(name)), module_(module), imports_(module.imports()), exports_(module.exports()) {
    give_names();
  }

  std::string text() {
    begin();
    for (std::size_t i = 0; i < exports_.size(); ++i)
      write_export(i);
    for (std::size_t i = 0; i < imports_.size(); ++i)
      write_import(i);
    out_ += fmt::format("#ifdef __cplusplus\n}}\n#endif\n\n#endif\n");
    return std::move(out_);
  }

private:
  template <typename... Args> void line(fmt::format_string<Args...> format, Args &&...args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  void give_names();
  void begin();
  void write_export(std::size_t i);
  void write_import(std::size_t i);
  void write_call(std::size_t i, const FuncType &type);
  void write_definer(std::size_t i, const FuncType &type);
  void write_tag(std::size_t i, const TagType &type);
  /// The C type of the results, declared if it is a struct of `owner`.
  std::string result_type(const std::string &owner, const FuncType &type);

  std::string name_;
  const Module &module_;
  std::vector<ImportType> imports_;
  std::vector<ExportType> exports_;
  /// Per export: the function, or the constant; of a tag also what throws and asks for it. Per import: the definer.
  std::vector<std::string> export_ids_, throw_ids_, caught_ids_, import_ids_;
  std::set<std::string> defined_; ///< imports that stand there, by name and type
  std::string out_;
};

void Header::give_names() {
  Names names(name_);
  for (const char *own : {"module", "instantiate", "instantiate_from"})
    names.reserve(name_ + "_" + own);
  std::vector<Names::Wish> wishes;
  for (const ExportType &e : exports_) {
    const std::string kind = to_string(e.kind());
    wishes.push_back({e.kind() == ExternKind::Func ? "" : kind, e.name, kind, {"_results"}});
  }
  for (const char *verb : {"throw", "caught"})
    for (const ExportType &e : exports_)
      if (e.kind() == ExternKind::Tag)
        wishes.push_back({verb, e.name, "tag"});
  for (const ImportType &import : imports_)
    wishes.push_back({"define", import.module + "_" + import.name, "func", {"_results", "_function", "_thunk"}});
  const std::vector<std::string> given = names.give(wishes);
  std::size_t next = 0;
  for (std::vector<std::string> *to : {&export_ids_, &throw_ids_, &caught_ids_})
    for (const ExportType &e : exports_)
      to->push_back(to == &export_ids_ || e.kind() == ExternKind::Tag ? given[next++] : "");
  import_ids_.assign(given.begin() + static_cast<std::ptrdiff_t>(next), given.end());
}

void Header::begin() {
  line("/* The WebAssembly module `{}` for C and C++. Written by `trapeze compile --header`: not to be changed.\n"
       "   What instances, stores and errors are stands in trapeze/native.h. */",
       name_);
  line("#ifndef TRAPEZE_MODULE_{0}_H\n#define TRAPEZE_MODULE_{0}_H\n", name_);
  line("#include \"trapeze/native.h\"\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n");
  line("extern const trapeze_native_module {}_module;\n", name_);
  line("/* `name`: under which later instances import from this one; null: they do not. `module`: as found by dlsym. "
       "*/\n"
       "static inline trapeze_native_instance *{0}_instantiate_from(trapeze_native_store *store,\n"
       "    const trapeze_native_module *module, const char *name) {{\n"
       "  return trapeze_native_instantiate(store, module, name, UINT64_C({1:#018x}));\n"
       "}}\n"
       "static inline trapeze_native_instance *{0}_instantiate(trapeze_native_store *store, const char *name) {{\n"
       "  const trapeze_native_module *module;\n"
       "  TRAPEZE_NATIVE_ADDRESS(module, {0}_module);\n"
       "  return {0}_instantiate_from(store, module, name);\n"
       "}}\n",
       name_, interface_of(module_));
}

void Header::write_export(std::size_t i) {
  const ExportType &e = exports_[i];
  const std::string title = fmt::format("export {} {}", i, literal(e.name));
  if (const auto *func = std::get_if<FuncType>(&e.type)) {
    const char *why = obstacle(letters(*func));
    line("/* {}: {}{}{} */", title, to_string(*func), why ? "; no function here: " : "", why ? why : "");
    if (why)
      line("/* C++: trapeze::native::instance(instance).func({}).call({{...}}) */", literal(e.name));
    else
      write_call(i, *func);
  } else if (const auto *tag = std::get_if<TagType>(&e.type)) {
    write_tag(i, *tag);
  } else {
    line("/* {}: {} */\nenum {{ {} = {} }};", title, to_string(e.kind()), export_ids_[i], i);
  }
  out_ += '\n';
}

std::string Header::result_type(const std::string &owner, const FuncType &type) {
  if (type.results.size() < 2)
    return type.results.empty() ? "void" : c_type(type.results[0]).type;
  std::string fields;
  for (std::size_t i = 0; i < type.results.size(); ++i)
    fields += fmt::format("  {} r{};\n", c_type(type.results[i]).type, i);
  line("typedef struct {0}_results {{\n{1}}} {0}_results;", owner, fields);
  return owner + "_results";
}

void Header::write_call(std::size_t i, const FuncType &type) {
  const std::string &id = export_ids_[i];
  const std::string result = result_type(id, type);
  const std::size_t count = std::max(type.params.size(), type.results.size());
  line("static inline {} {}(trapeze_native_instance *instance{}) {{", result, id, parameters(type.params));
  out_ += cells_of(count, type.params);
  if (type.results.size() > 1)
    line("  {} results;", result);
  line("  trapeze_native_call(instance, {}, {}, {});", i, count == 0 ? "NULL" : "cells", count);
  if (type.results.size() == 1)
    line("  return cells[0].{};", c_type(type.results[0]).cell);
  for (std::size_t r = 0; type.results.size() > 1 && r < type.results.size(); ++r)
    line("  results.r{0} = cells[{0}].{1};", r, c_type(type.results[r]).cell);
  line("{}}}", type.results.size() > 1 ? "  return results;\n" : "");
}

void Header::write_tag(std::size_t i, const TagType &type) {
  const char *why = obstacle(letters(type.fields));
  line("/* export {} {}: tag {}{}{} */\nenum {{ {} = {} }};", i, literal(exports_[i].name),
       to_string(FuncType{type.fields, {}}), why ? "; no functions here: " : "", why ? why : "", export_ids_[i], i);
  if (why)
    return;
  const std::size_t count = type.fields.size();
  const char *cells = count == 0 ? "NULL" : "cells";
  line("static inline TRAPEZE_NATIVE_NORETURN void {}(const trapeze_native_instance *instance{}) {{\n{}"
       "  trapeze_native_throw(instance, {}, {}, {});\n}}",
       throw_ids_[i], parameters(type.fields), cells_of(count, type.fields), i, cells, count);
  line("/* Whether that is what was caught; its fields are then in *p0 and so on. */\n"
       "static inline int {}(const trapeze_native_failure *failure, const trapeze_native_instance *instance{}) {{\n{}"
       "  if (!trapeze_native_failure_is(failure, instance, {}, {}, {}))\n    return 0;",
       caught_ids_[i], parameters(type.fields, " *"), cells_of(count, {}), i, cells, count);
  for (std::size_t f = 0; f < count; ++f)
    line("  *p{0} = cells[{0}].{1};", f, c_type(type.fields[f]).cell);
  line("  return 1;\n}}");
}

void Header::write_import(std::size_t i) {
  const ImportType &import = imports_[i];
  const std::string title = fmt::format("import {}.{}", literal(import.module), literal(import.name));
  const auto *func = std::get_if<FuncType>(&import.type);
  const bool has_zero_byte = (import.module + import.name).find('\0') != std::string::npos;
  const char *why = func == nullptr ? "C++ or an earlier instance of that name gives it"
                    : has_zero_byte ? "no definer here: names with zero bytes are for C++"
                                    : obstacle(letters(*func));
  line("/* {}: {}{}{} */", title, func ? to_string(*func) : to_string(import.kind()), why ? "; " : "", why ? why : "");
  if (why)
    line("/* C++: trapeze::native::linker(store).define({}, {}, ...) */", literal(import.module), literal(import.name));
  else if (!defined_.insert(title + letters(*func)).second)
    line("/* as above */");
  else
    write_definer(i, *func);
  out_ += '\n';
}

void Header::write_definer(std::size_t i, const FuncType &type) {
  const ImportType &import = imports_[i];
  const std::string &id = import_ids_[i];
  const std::string result = result_type(id, type);
  line("typedef {} (*{}_function)(void *data, trapeze_native_caller *caller{});", result, id, parameters(type.params));
  std::string call = fmt::format("TRAPEZE_NATIVE_CAST({}_function, function)(data, caller", id);
  for (std::size_t p = 0; p < type.params.size(); ++p)
    call += fmt::format(", cells[{}].{}", p, c_type(type.params[p]).cell);
  line("static inline void {}_thunk(trapeze_native_function function, void *data, trapeze_native_caller *caller,\n"
       "    trapeze_native_cell *cells) {{\n  {}{}{});",
       id, type.results.empty() ? "" : result, type.results.empty() ? "" : " results = ", call);
  for (std::size_t r = 0; r < type.results.size(); ++r)
    line("  cells[{0}] = trapeze_native_{1}(results{2});", r, c_type(type.results[r]).cell,
         type.results.size() == 1 ? std::string() : fmt::format(".r{}", r));
  if (type.params.empty() && type.results.empty())
    line("  (void)cells;");
  line("}}\nstatic inline void {0}(trapeze_native_store *store, {0}_function function, void *data) {{\n"
       "  trapeze_native_define(store, {1}, {2}, {3}, {0}_thunk,\n"
       "                        TRAPEZE_NATIVE_CAST(trapeze_native_function, function), data);\n}}",
       id, literal(import.module), literal(import.name), literal(letters(type)));
}

} // namespace

std::string c_header(const Module &module, const std::string &name) { return Header(module, name).text(); }

void write_c_header(const Module &module, const std::string &name, const std::string &path) {
  std::ofstream file(path, std::ios::binary);
  file << c_header(module, name);
  if (!file.flush())
    throw Error(ErrorKind::Resource, path + ": " + std::generic_category().message(errno));
}

} // namespace trapeze::native
