// What C gives to WebAssembly: host functions, exceptions, traps.
//
// A host function is a thunk with the C function behind it. The thunk (generated, or the program's own) knows the
// types; here cells are passed on as they are. Whatever the function throws passes: the engine turns it into what Wasm
// sees.
#include "native/interface.hh"
#include "native/objects.hh"

using namespace trapeze;

namespace {

struct CFunction final : v1::detail::HostCode {
  trapeze_native_store *owner;
  native::Layout layout;
  trapeze_native_thunk thunk;
  trapeze_native_function function;
  void *data;

  CFunction(trapeze_native_store *s, const FuncType &type, trapeze_native_thunk t, trapeze_native_function f, void *d)
      : owner(s), layout(type), thunk(t), function(f), data(d) {}

  void call(unsigned char *area) override {
    native::Buffer<8 * sizeof(trapeze_native_cell)> buffer(layout.cells * sizeof(trapeze_native_cell));
    auto *cells = reinterpret_cast<trapeze_native_cell *>(buffer.data());
    layout.take(area, cells, 0, layout.params);
    Caller caller(store, v1::detail::calling_instance(*store));
    trapeze_native_caller from{caller, owner};
    thunk(function, data, &from, cells);
    layout.put(area, cells, layout.params, layout.params + layout.results);
    if (caller.raised().root())
      v1::detail::raise_exception(*store, caller.raised());
  }
};

} // namespace

extern "C" {

void trapeze_native_define(trapeze_native_store *store, const char *module, const char *field, const char *type,
                           trapeze_native_thunk thunk, trapeze_native_function function, void *data) {
  FuncType wanted = native::type_of(type);
  auto code = std::make_unique<CFunction>(store, wanted, thunk, function, data);
  v1::detail::StoreImpl &impl = store->store.impl();
  v1::detail::Place *places = code->layout.places.data();
  void *func = v1::detail::make_host_func(impl, std::move(wanted), std::move(code), places);
  store->linker.define(module, field, Func(&impl, func));
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
