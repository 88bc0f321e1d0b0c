// Host functions: how they end, those on Vals, and what they see of their caller. The border itself (EXCEPTIONS.md,
// Borders) is the runtime's; here C++ exceptions of host functions become its outcomes.
#include "api/host_func.hh"

#include "api/convert.hh"

namespace trapeze::api {

runtime::HostResult trapped(const v1::Trap &trap) {
  if (trap.origin())
    return runtime::HostResult::trap(
        std::make_unique<runtime::Trap>(*static_cast<const runtime::Trap *>(trap.origin().get())));
  if (trap.code() == v1::TrapCode::HostError)
    return runtime::HostResult::trap(trap.message());
  return runtime::HostResult::trap(static_cast<abi::TrapCode>(trap.code()));
}

runtime::HostResult thrown(const v1::ExnRef &exception, StoreImpl &store) {
  if (!exception || exception.root()->store != &store)
    return runtime::HostResult::trap("a host function threw an exception of another store");
  return runtime::HostResult::thrown(exception.root()->ref);
}

} // namespace trapeze::api

namespace trapeze::v1 {

namespace {

/// Func::Callback on Vals.
class UntypedCode final : public runtime::HostCode {
public:
  UntypedCode(detail::StoreImpl &store, wasm::FuncType type, Func::Callback callback)
      : store_(store), type_(std::move(type)), callback_(std::move(callback)) {}

  runtime::HostResult call(runtime::Caller &caller, std::span<const runtime::ValueCell> args,
                           std::span<runtime::ValueCell> results) override {
    Caller outer(&store_, caller.instance());
    auto ending = api::ending_of(store_, [&] { run(outer, args, results); });
    if (ending)
      return std::move(*ending);
    return outer.raised().root() ? api::thrown(outer.raised(), store_) : runtime::HostResult::returned();
  }

private:
  void run(Caller &caller, std::span<const runtime::ValueCell> args, std::span<runtime::ValueCell> results) {
    std::vector<Val> in, out;
    for (usize i = 0; i < type_.params.size(); ++i)
      in.push_back(api::val_of(store_, type_.params[i], args[i]));
    for (wasm::ValType t : type_.results)
      out.push_back(Val::default_of(api::to_public(t.is_ref() ? t.as_nullable() : t)));
    callback_(caller, in, out);
    if (caller.raised())
      return;
    for (usize i = 0; i < type_.results.size(); ++i)
      results[i] = api::cell_for(store_, out[i], type_.results[i], "result of a host function");
  }

  detail::StoreImpl &store_;
  wasm::FuncType type_;
  Func::Callback callback_;
};

} // namespace

Func::Func(Store &store, FuncType type, Callback callback) : store_(&store.impl()) {
  wasm::FuncType raw = api::to_wasm(type);
  auto code = std::make_unique<UntypedCode>(*store_, raw, std::move(callback));
  runtime::Func f = store_->store->make_func(raw, std::move(code));
  if (!f)
    throw Error(ErrorKind::Resource, "no memory for a function");
  ref_ = f.ref();
}

Store &Caller::store() const { return *store_->outer; }
Instance Caller::instance() const { return instance_ ? Instance(store_, instance_) : Instance(); }
Extern Caller::find(std::string_view name) const { return instance_ ? instance().find(name) : Extern(); }

} // namespace trapeze::v1
