// Machines the engine refuses: creating one fails, and says why.
#include "api/impl.hh"
#include "target/x64/target.hh"

#include <doctest/doctest.h>

using namespace trapeze;

namespace {

/// What Engine's constructor does, on a machine of our choice.
std::shared_ptr<api::EngineImpl> engine_on(const Result<const codegen::Target *> &target) {
  Result<void> machine;
  if (!target)
    machine = std::unexpected(target.error());
  return api::make_engine(Config().values(), machine);
}

} // namespace

TEST_CASE("no engine on a processor that lacks instructions") {
  CHECK(engine_on(x64::target_for({.sse41 = true, .popcnt = true})) != nullptr);
  try {
    engine_on(x64::target_for({.sse41 = false, .popcnt = true}));
    FAIL("an engine was created");
  } catch (const v1::Error &error) {
    CHECK(error.kind() == v1::ErrorKind::Unsupported);
    CHECK(std::string(error.what()) == "this processor lacks SSE4.1, which Trapeze needs on x86-64");
    CHECK(!error.location());
  }
}
