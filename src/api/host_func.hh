// How host functions end, shared by the typed ones and those on Vals; and where typed calls find their values.
#pragma once

#include "api/impl.hh"
#include "runtime/host_func.hh"

#include <optional>

namespace trapeze::api {

/// Writes down where parameters and results stand in a call area.
void tell_places(const runtime::CallPlan &plan, v1::detail::Place *places);

runtime::HostResult trapped(const v1::Trap &trap);
runtime::HostResult thrown(const v1::ExnRef &exception, StoreImpl &store);

/// How the host's code ended when it did not return. What is none of the three outcomes passes as a foreign exception.
template <typename Body> std::optional<runtime::HostResult> ending_of(StoreImpl &store, Body &&body) {
  try {
    body();
    return std::nullopt;
  } catch (const v1::Exception &exception) {
    return thrown(exception.ref(), store);
  } catch (const v1::Trap &trap) {
    return trapped(trap);
  } catch (const v1::Exit &exit) {
    return runtime::HostResult::exit(exit.status());
  }
}

} // namespace trapeze::api
