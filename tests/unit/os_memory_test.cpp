// Pages: reserved, committed, protected, shared copy-on-write; faults that nobody claims go to who was there before.
#include "os/memory.hh"
#include "os/signals.hh"
#include "os/thread.hh"

#include <doctest/doctest.h>

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <thread>

using namespace trapeze;

namespace {

sigjmp_buf fault_jump;
int faults_seen;

void earlier_handler(int) {
  ++faults_seen;
  siglongjmp(fault_jump, 1);
}

bool writes(u8 *at) {
  if (sigsetjmp(fault_jump, 1) != 0)
    return false;
  *reinterpret_cast<volatile u8 *>(at) = 1;
  return true;
}

} // namespace

// One case: handlers are process-wide.
TEST_CASE("protection holds, and a fault outside of Wasm reaches the handler that was installed before ours") {
  struct sigaction action{};
  action.sa_handler = earlier_handler;
  sigaction(SIGSEGV, &action, nullptr);
  static u64 asked;
  REQUIRE(os::install_fault_handlers([](const os::Fault &fault, os::Resume &) {
    asked = fault.address;
    return false;
  }));
  REQUIRE(os::ensure_signal_stack());
  u64 page = os::page_size();
  u8 *base = os::reserve(u64{1} << 33);
  REQUIRE(base != nullptr);
  CHECK(!writes(base));
  CHECK(asked == reinterpret_cast<u64>(base));
  CHECK(faults_seen == 1);
  REQUIRE(os::commit(base, 4 * page));
  CHECK(writes(base));
  CHECK(writes(base + 4 * page - 1));
  CHECK(!writes(base + 4 * page));
  REQUIRE(os::protect_code(base, page)); // executable, so not writable
  CHECK(!writes(base));
  CHECK(base[0] == 1);
  os::decommit(base, 4 * page);
  CHECK(!writes(base));
  REQUIRE(os::commit(base, page));
  CHECK(base[0] == 0);
  os::release(base, u64{1} << 33);
}

TEST_CASE("reservations are aligned") {
  u8 *base = os::reserve(1 << 20, 1 << 16);
  CHECK(reinterpret_cast<u64>(base) % (1 << 16) == 0);
  os::release(base, 1 << 20);
}

TEST_CASE("shared pages are mapped privately") {
  auto pages = os::SharedPages::create(5000);
  REQUIRE(pages);
  CHECK(pages->size() % os::page_size() == 0);
  const u8 text[] = "hello";
  REQUIRE(pages->write(4094, {text, 5}));
  u64 size = pages->size();
  u8 *a = os::reserve(size), *b = os::reserve(size);
  REQUIRE(pages->map_private(a));
  REQUIRE(pages->map_private(b));
  CHECK(std::memcmp(a + 4094, "hello", 5) == 0);
  a[4094] = 'j';
  CHECK(b[4094] == 'h');
  os::release(a, size);
  os::release(b, size);
}

TEST_CASE("stack bounds hold the stack, on every thread") {
  auto check = [] {
    u64 here = reinterpret_cast<u64>(__builtin_frame_address(0));
    os::StackBounds bounds = os::stack_bounds();
    CHECK(bounds.low < here);
    CHECK(here < bounds.high);
    CHECK(bounds.high - bounds.low >= 64 << 10);
    CHECK(os::ensure_signal_stack());
  };
  check();
  std::thread(check).join();
}
