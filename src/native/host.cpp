// What C gives to WebAssembly: host functions, exceptions, traps.
//
// A host function is a thunk with the C function behind it. The thunk (generated, or the program's own) knows the
// types; here cells are passed on as they are. Whatever the function throws passes: the engine turns it into what Wasm
// sees.
#include "native/interface.hh"
#include "native/objects.hh"

using namespace trapeze;

namespace {

/// Arguments stand in one array, results go to another: cells of the thunk are both.
struct CFunction final : v1::detail::HostCode {
  trapeze_native_store *store;
  std::size_t params, results;
  trapeze_native_thunk thunk;
  trapeze_native_function function;
  void *data;

  CFunction(trapeze_native_store *s, const FuncType &type, trapeze_native_thunk t, trapeze_native_function f, void *d)
      : store(s), params(type.params.size()), results(type.results.size()), thunk(t), function(f), data(d) {}

  void call(Caller &caller, const v1::detail::Cell *args, v1::detail::Cell *out) override {
    constexpr std::size_t few = 8;
    trapeze_native_cell fixed[few], *cells = fixed;
    std::unique_ptr<trapeze_native_cell[]> many;
    if (const std::size_t count = std::max(params, results); count > few) {
      many = std::make_unique_for_overwrite<trapeze_native_cell[]>(count);
      cells = many.get();
    }
    std::memcpy(static_cast<void *>(cells), args, params * sizeof *cells);
    trapeze_native_caller from{caller, store};
    thunk(function, data, &from, cells);
    std::memcpy(static_cast<void *>(out), cells, results * sizeof *cells);
  }
};

} // namespace

extern "C" {

void trapeze_native_define(trapeze_native_store *store, const char *module, const char *field, const char *type,
                           trapeze_native_thunk thunk, trapeze_native_function function, void *data) {
  FuncType wanted = native::type_of(type);
  auto code = std::make_unique<CFunction>(store, wanted, thunk, function, data);
  v1::detail::StoreImpl &impl = store->store.impl();
  store->linker.define(module, field,
                       Func(&impl, v1::detail::make_host_func(impl, std::move(wanted), std::move(code))));
}

trapeze_native_instance *trapeze_native_caller_instance(trapeze_native_caller *caller) {
  const Instance instance = caller->caller.instance();
  return instance ? caller->store->handle(instance) : nullptr;
}

void trapeze_native_throw(const trapeze_native_instance *instance, std::uint32_t tag, const trapeze_native_cell *cells,
                          std::size_t count) {
  const Tag thrown = native::export_at(instance, tag, ExternKind::Tag).tag();
  const std::vector<ValType> fields = thrown.type().fields;
  if (count != fields.size())
    native::wrong_use("export " + std::to_string(tag) + " is a tag of " + std::to_string(fields.size()) +
                      " fields, there are " + std::to_string(count) + " cells");
  std::vector<Val> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(native::value_of(cells[i], fields[i]));
  throw Exception(thrown, std::move(values));
}

void trapeze_native_trap(const char *message) { throw Trap(std::string(message)); }

} // extern "C"
