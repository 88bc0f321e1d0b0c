// Functions as handles, and their calls on Vals. host_func.cpp has the other direction, typed.cpp what is paid per
// call.
#include "api/convert.hh"
#include "api/host_func.hh"

#include <fmt/format.h>

namespace trapeze::v1 {

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

void detail::check_signature(const Func &func, const FuncType &wanted, Place *places) {
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
  api::tell_places(api::raw(func).type_entry().plan, places);
}

} // namespace trapeze::v1
