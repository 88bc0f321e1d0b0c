// The platform's unwinder as this process has it: which one is bound, what a region's registration gives it, and what
// the engine says when it stops.
#include "os/memory.hh"
#include "unwind/diagnose.hh"
#include "unwind/personality.hh"
#include "unwind/registration.hh"

#include <doctest/doctest.h>

#include <cstring>
#include <dlfcn.h>
#include <string>

using namespace trapeze;
using namespace trapeze::unwind;

namespace {

_Unwind_Reason_Code result;
UnwindEnd found;

void raise_here() {
  static UnwindException exception;
  exception = {};
  exception.header.exception_class = exception_class;
  result = _Unwind_RaiseException(&exception.header);
  found = diagnose(result);
}

/// push rbp; mov rbp, rsp; call rdi; pop rbp; ret
u8 *make_island(u64 reservation) {
  constexpr u8 code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
  u8 *base = os::reserve(reservation, 1 << 16);
  REQUIRE(base != nullptr);
  REQUIRE(os::commit(base, os::page_size()));
  std::memcpy(base, code, sizeof code);
  REQUIRE(os::protect_code(base, os::page_size()));
  return base;
}

void call_through(u8 *island) { reinterpret_cast<void (*)(void (*)())>(island)(raise_here); }

} // namespace

TEST_CASE("the bound unwinder is known, with the object that holds it") {
  const BoundUnwinder &bound = bound_unwinder();
  CHECK(bound.kind != Unwinder::Unknown);
  CHECK(bound.path.find(bound.kind == Unwinder::Libgcc ? "libgcc_s" : "libunwind") != std::string::npos);
}

TEST_CASE("a frame without FDE ends the walk, and the engine says so") {
  u8 *island = make_island(1 << 16);
  call_through(island);
  CHECK(result == _URC_END_OF_STACK);
  CHECK(found.pc == reinterpret_cast<u64>(island) + 6);
  CHECK_FALSE(found.has_fde);
  std::string text = explain(found);
  CHECK(text.find("for which it has no FDE") != std::string::npos);
  CHECK(text.find("not Wasm code") != std::string::npos);
}

TEST_CASE("a registered region's frames are walked, and what no clause takes goes on to C++") {
  u8 *island = make_island(1 << 16);
  REQUIRE(register_region(reinterpret_cast<u64>(island), 1 << 16));
  struct Search {
    u64 pc;
    bool is_passed;
  } search{reinterpret_cast<u64>(island) + 6, false};
  static Search *current;
  current = &search;
  auto walk = [] {
    _Unwind_Backtrace(
        [](_Unwind_Context *context, void *) {
          if (current->is_passed)
            return _URC_NORMAL_STOP; // a frame behind ours
          current->is_passed = _Unwind_GetIP(context) == current->pc;
          return _URC_NO_REASON;
        },
        nullptr);
  };
  reinterpret_cast<void (*)(void (*)())>(island)(+walk);
  CHECK(search.is_passed);
  auto find_fde = reinterpret_cast<const u8 *(*)(void *, void *)>(dlsym(RTLD_DEFAULT, "_Unwind_Find_FDE"));
  REQUIRE(reinterpret_cast<u64>(find_fde) != 0);
  u64 bases[3] = {};
  CHECK(find_fde(island + 5, bases) != nullptr);
  CHECK(find_fde(island + (1 << 16), bases) == nullptr);
  bool is_caught = false; // no image there: the personality lets it pass, to C++ behind it
  try {
    call_through(island);
  } catch (...) {
    is_caught = true;
  }
  CHECK(is_caught);
}
