// Functions: calls from the host, and host functions. The border itself (EXCEPTIONS.md, Borders) is the runtime's;
// here its outcomes become C++ exceptions and C++ exceptions of host functions become outcomes.
#include "api/convert.hh"
#include "runtime/host_func.hh"

#include <fmt/format.h>

namespace trapeze::v1 {

namespace {

runtime::HostResult trapped(const Trap &trap) {
  if (trap.origin())
    return runtime::HostResult::trap(
        std::make_unique<runtime::Trap>(*static_cast<const runtime::Trap *>(trap.origin().get())));
  if (trap.code() == TrapCode::HostError)
    return runtime::HostResult::trap(trap.message());
  return runtime::HostResult::trap(static_cast<abi::TrapCode>(trap.code()));
}

runtime::HostResult thrown(const ExnRef &exception, detail::StoreImpl *store) {
  if (!exception || exception.root()->store != store)
    return runtime::HostResult::trap("a host function threw an exception of another store");
  return runtime::HostResult::thrown(exception.root()->ref);
}

/// A public host function as the runtime's. What is none of the three outcomes passes as a foreign exception.
class HostAdapter final : public runtime::HostCode {
public:
  HostAdapter(detail::StoreImpl *store, std::unique_ptr<detail::HostCode> code)
      : store_(store), code_(std::move(code)) {}

  runtime::HostResult call(runtime::Caller &caller, std::span<const runtime::ValueCell> args,
                           std::span<runtime::ValueCell> results) override {
    Caller outer(store_, caller.instance());
    try {
      code_->call(outer, reinterpret_cast<const detail::Cell *>(args.data()),
                  reinterpret_cast<detail::Cell *>(results.data()));
      return outer.raised().root() ? thrown(outer.raised(), store_) : runtime::HostResult::returned();
    } catch (const Exception &exception) {
      return thrown(exception.ref(), store_);
    } catch (const Trap &trap) {
      return trapped(trap);
    } catch (const Exit &exit) {
      return runtime::HostResult::exit(exit.status());
    }
  }

private:
  detail::StoreImpl *store_;
  std::unique_ptr<detail::HostCode> code_;
};

/// Func::Callback on Vals.
struct UntypedCode final : detail::HostCode {
  wasm::FuncType type;
  Func::Callback callback;
  UntypedCode(wasm::FuncType t, Func::Callback c) : type(std::move(t)), callback(std::move(c)) {}

  void call(Caller &caller, const detail::Cell *args, detail::Cell *results) override {
    detail::StoreImpl &store = *caller.store_impl();
    std::vector<Val> in, out;
    for (usize i = 0; i < type.params.size(); ++i)
      in.push_back(api::val_of(store, type.params[i], reinterpret_cast<const runtime::ValueCell &>(args[i])));
    for (wasm::ValType t : type.results)
      out.push_back(Val::default_of(api::to_public(t.is_ref() ? t.as_nullable() : t)));
    callback(caller, in, out);
    if (caller.raised())
      return;
    for (usize i = 0; i < type.results.size(); ++i)
      reinterpret_cast<runtime::ValueCell &>(results[i]) =
          api::cell_for(store, out[i], type.results[i], "result of a host function");
  }
};

} // namespace

void *detail::make_host_func(StoreImpl &store, FuncType type, std::unique_ptr<HostCode> code) {
  runtime::Func f = store.store->make_func(api::to_wasm(type), std::make_unique<HostAdapter>(&store, std::move(code)));
  if (!f)
    throw Error(ErrorKind::Resource, "no memory for a function");
  return f.ref();
}

Func::Func(Store &store, FuncType type, Callback callback) : store_(&store.impl()) {
  auto code = std::make_unique<UntypedCode>(api::to_wasm(type), std::move(callback));
  ref_ = detail::make_host_func(*store_, std::move(type), std::move(code));
}

FuncType Func::type() const {
  if (!*this)
    api::wrong_use("null function");
  return api::to_public(api::raw(*this).type());
}

Store *Func::store() const { return store_ ? store_->outer : nullptr; }

std::vector<Val> Func::call(std::span<const Val> args) const {
  if (!*this)
    api::wrong_use("call of a null function");
  const wasm::FuncType &type = api::raw(*this).type();
  std::vector<runtime::ValueCell> in = api::cells_for(*store_, args, type.params, "argument");
  std::vector<runtime::ValueCell> out(type.results.size());
  runtime::Outcome outcome = store_->store->call(api::raw(*this), in, out);
  if (!outcome.is_ok())
    api::raise(*store_, std::move(outcome));
  std::vector<Val> results;
  for (usize i = 0; i < out.size(); ++i)
    results.push_back(api::val_of(*store_, type.results[i], out[i]));
  return results;
}

std::vector<Val> Func::call(std::initializer_list<Val> args) const {
  return call(std::span<const Val>(args.begin(), args.size()));
}

void detail::check_signature(const Func &func, const FuncType &wanted) {
  if (!func)
    api::wrong_use("null function");
  const wasm::FuncType &actual = api::raw(func).type();
  const runtime::TypeRegistry &types = func.store_impl()->store->types();
  wasm::FuncType want = api::to_wasm(wanted);
  // Arguments are given, so the function must take at least what we have; results the other way round.
  bool ok = want.params.size() == actual.params.size() && want.results.size() == actual.results.size();
  for (usize i = 0; ok && i < want.params.size(); ++i)
    ok = types.matches(want.params[i], actual.params[i]);
  for (usize i = 0; ok && i < want.results.size(); ++i)
    ok = types.matches(actual.results[i], want.results[i]);
  if (!ok)
    api::wrong_use(fmt::format("the function is {}, not {}", wasm::to_string(actual), to_string(wanted)));
}

void detail::call_cells(const Func &func, Cell *cells) {
  auto *values = reinterpret_cast<runtime::ValueCell *>(cells);
  detail::StoreImpl &store = *func.store_impl();
  if (!store.store->enter(api::raw(func), values, values)) [[unlikely]]
    api::raise(store, store.store->departed());
}

// --- what a host function sees of its caller

Store &Caller::store() const { return *store_->outer; }
Instance Caller::instance() const { return instance_ ? Instance(store_, instance_) : Instance(); }
Extern Caller::find(std::string_view name) const { return instance_ ? instance().find(name) : Extern(); }

} // namespace trapeze::v1
