// Two modules linked into a C++ program, one throwing into the other, C++ on both sides and between them.
//
//   both fast|system              every check; ends with 'N passed, M failed'
//   both fast|system uncaught     ends in std::terminate by a Wasm exception
//
// Stores come and go, one after the other and side by side, in two engines. With -DDLOPEN=\"PATH\" module b is in the
// shared object PATH, which is opened and closed with each store.
#include "a.h"
#include "b.h"
#include "trapeze/trapeze.hh"

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#ifdef DLOPEN
#include <dlfcn.h>
#endif

namespace {

std::atomic<int> passed = 0, failed = 0;

void check(bool fine, const char *what) {
  ++(fine ? passed : failed);
  if (!fine)
    std::printf("FAIL %s\n", what);
}

struct HostFailure : std::runtime_error {
  int number;
  HostFailure(int n) : std::runtime_error("host failure"), number(n) {}
  HostFailure(const HostFailure &other) : std::runtime_error(other), number(other.number) { ++copies; }
  static inline thread_local int copies = 0;
};

enum Do : std::int32_t { ThrowCpp, CallThrower, ThrowWasm, Divide, ThrowExit, CatchAndReturn, Cancel };

/// Module b, as long as it is used: then the shared object goes.
class Library {
public:
  const trapeze_native_module *module = nullptr;
#ifdef DLOPEN
  Library() : handle_(dlopen(DLOPEN, RTLD_NOW)) {
    if (handle_ == nullptr)
      throw std::runtime_error(dlerror());
    module = static_cast<const trapeze_native_module *>(dlsym(handle_, "b_module"));
  }
  ~Library() { dlclose(handle_); }

private:
  void *handle_;
#else
  Library() { TRAPEZE_NATIVE_ADDRESS(module, b_module); }
#endif
  Library(const Library &) = delete;
};

struct World {
  Library library; ///< goes after the store
  trapeze_native_store *store;
  trapeze_native_instance *a = nullptr, *b = nullptr;
  const HostFailure *thrown = nullptr; ///< where it lay as it was thrown
  int guards = 0;                      ///< destructors run

  explicit World(int unwinder);
  ~World() { trapeze_native_store_delete(store); }
  World(const World &) = delete;
  std::int32_t serve(std::int32_t what);
  std::int32_t cleaned(const trapeze_native_instance *instance, std::uint32_t global) const {
    return trapeze_native_global_get(instance, global).i32;
  }
  std::int32_t cleaned_a() const { return cleaned(a, a_global_cleaned); }
  std::int32_t cleaned_b() const { return cleaned(b, b_global_cleaned); }
};

struct Guard {
  World &world;
  ~Guard() { ++world.guards; }
};

World::World(int unwinder) {
  trapeze_native_options options = {};
  options.unwinder = unwinder;
  store = trapeze_native_store_new(&options);
  auto call = [](void *data, trapeze_native_caller *, std::int32_t what) {
    return static_cast<World *>(data)->serve(what);
  };
  a_define_host_call(store, call, this);
  a = a_instantiate(store, "a");
  b = b_instantiate_from(store, library.module, "b");
}

std::int32_t World::serve(std::int32_t what) {
  Guard guard{*this};
  switch (what) {
  case ThrowCpp:
    try {
      throw HostFailure(42);
    } catch (const HostFailure &failure) {
      thrown = &failure;
      throw;
    }
  case CallThrower: {
    Guard inner{*this};
    a_throw(a, 11, 1.25);
    return 0;
  }
  case ThrowWasm:
    throw trapeze::Exception(trapeze::native::instance(a).tag("t"), {std::int32_t{12}, 2.25});
  case Divide:
    return a_divide(a, 1, 0);
  case ThrowExit:
    throw trapeze::Exit(17);
  case CatchAndReturn:
    try {
      a_throw(a, 13, 3.25);
    } catch (const trapeze::Exception &e) {
      return e.values()[0].i32();
    }
    return 0;
  default:
    throw 5;
  }
}

void wasm_to_wasm(World &w) {
  const b_catch_results one = b_catch(w.b, 7, 2.5);
  const b_catch_legacy_results two = b_catch_legacy(w.b, 8, 3.5);
  const b_catch_again_results three = b_catch_again(w.b, 9, 4.5);
  check(one.r0 == 7 && one.r1 == 2.5, "b catches what a throws");
  check(two.r0 == 8 && two.r1 == 3.5, "in the legacy form");
  check(three.r0 == 9 && three.r1 == 4.5, "through catch_all_ref and throw_ref");
}

void cpp_through_wasm(World &w) {
  const int before_a = w.cleaned_a(), before_b = w.cleaned_b();
  w.guards = 0;
  HostFailure::copies = 0;
  try {
    b_clean(w.b, ThrowCpp);
    check(false, "a C++ exception passes a and b");
  } catch (const HostFailure &failure) {
    check(&failure == w.thrown && failure.number == 42 && HostFailure::copies == 0, "the very object arrives");
  }
  check(w.cleaned_a() == before_a + 1 && w.cleaned_b() == before_b + 1, "clean-ups of a and b have run");
  check(w.guards == 1, "the destructor has run once");
  try {
    b_clean(w.b, Cancel);
    check(false, "an int passes");
  } catch (int number) {
    check(number == 5, "an int passes");
  }
}

void wasm_to_cpp(World &w) {
  try {
    a_throw(w.a, 3, 1.5);
    check(false, "a Wasm exception reaches C++");
  } catch (const trapeze::Exception &e) {
    check(e.tag() == trapeze::native::instance(w.a).tag("t") && e.values().size() == 2 && e.values()[0].i32() == 3 &&
              e.values()[1].f64() == 1.5,
          "with tag and values");
    check(!e.frames().empty() && e.frames()[0].function == "throw", "and a backtrace");
  }
  try {
    b_throw_other(w.b, INT64_C(-5000000000));
  } catch (const trapeze::Exception &e) {
    check(e.tag() == trapeze::native::instance(w.b).tag("other") && e.values()[0].i64() == INT64_C(-5000000000),
          "a tag of b");
  }
  check(a_clean(w.a, CatchAndReturn) == 13, "caught in C++ between two frames of a");
}

void wasm_through_cpp(World &w) {
  w.guards = 0;
  const b_catch_through_host_results one = b_catch_through_host(w.b, CallThrower);
  check(one.r0 == 11 && one.r1 == 1.25 && w.guards == 2, "from a through C++ into b, destructors run");
  const int before = w.cleaned_a();
  const b_catch_through_both_results two = b_catch_through_both(w.b, CallThrower);
  check(two.r0 == 11 && two.r1 == 1.25 && w.guards == 4 && w.cleaned_a() == before + 1, "and through a once more");
  const b_catch_through_both_results three = b_catch_through_both(w.b, ThrowWasm);
  check(three.r0 == 12 && three.r1 == 2.25 && w.guards == 5, "thrown by C++ with a's tag, caught in b");
}

void traps(World &w) {
  const int before_a = w.cleaned_a(), before_b = w.cleaned_b();
  for (const bool is_direct : {true, false}) {
    w.guards = 0;
    try {
      is_direct ? b_divide(w.b, 1, 0) : b_clean(w.b, Divide);
      check(false, "division by zero");
    } catch (const trapeze::Trap &trap) {
      check(trap.code() == trapeze::TrapCode::IntegerDivideByZero && trap.frames()[0].function == "divide",
            "division by zero");
    }
    check(w.guards == !is_direct, "destructors run on the way of a trap");
  }
  try {
    b_load(w.b, 65533);
    check(false, "out of bounds");
  } catch (const trapeze::Trap &trap) {
    check(trap.code() == trapeze::TrapCode::MemoryOutOfBounds, "out of bounds");
  }
  try {
    b_clean(w.b, ThrowExit);
    check(false, "exit");
  } catch (const trapeze::Exit &exit) {
    check(exit.status() == 17, "exit");
  }
  check(w.cleaned_a() == before_a && w.cleaned_b() == before_b, "no clause saw traps and exit");
}

void memory_and_errors(World &w) {
  const std::int32_t word = 0x12345678;
  trapeze_native_write(w.a, a_memory_memory, 65532, &word, sizeof word);
  check(b_load(w.b, 65532) == word, "one memory");
  try {
    trapeze_native_write(w.a, a_memory_memory, 65533, &word, sizeof word);
    check(false, "a write beyond the memory");
  } catch (const trapeze::Trap &) {
    check(true, "a write beyond the memory");
  }
  auto usage = [](auto &&wrong, const char *what) {
    try {
      wrong();
      check(false, what);
    } catch (const trapeze::Error &error) {
      check(error.kind() == trapeze::ErrorKind::Usage, what);
    }
  };
  usage([&] { a_instantiate_from(w.store, w.library.module, "x"); }, "the header of another module");
  usage([&] { trapeze_native_call(w.a, a_tag_t, nullptr, 0); }, "a call of a tag");
  usage([&] { trapeze_native_call(w.a, 99, nullptr, 0); }, "a call of nothing");
  usage([&] { trapeze_native_throw(w.a, a_tag_t, nullptr, 0); }, "an exception without its fields");
  trapeze::Instance a = trapeze::native::instance(w.a);
  check(a.func("divide").typed<std::int32_t(std::int32_t, std::int32_t)>()(12, 4) == 3, "the C++ interface beside it");
  check(trapeze::native::linker(w.store).find("a", "divide").func() == a.func("divide"), "and its linker");
}

void everything(int unwinder) {
  World w(unwinder);
  wasm_to_wasm(w);
  cpp_through_wasm(w);
  wasm_to_cpp(w);
  wasm_through_cpp(w);
  traps(w);
  memory_and_errors(w);
}

} // namespace

int main(int argc, char **argv) {
  const int unwinder =
      argc > 1 && std::string(argv[1]) == "fast" ? TRAPEZE_NATIVE_UNWINDER_FAST : TRAPEZE_NATIVE_UNWINDER_SYSTEM;
  if (argc > 2) {
    World w(unwinder);
    b_throw_other(w.b, 77);
  }
  everything(unwinder);
  std::thread threads[] = {std::thread(everything, unwinder), std::thread(everything, unwinder)};
  for (std::thread &thread : threads)
    thread.join();
  everything(unwinder == TRAPEZE_NATIVE_UNWINDER_FAST ? TRAPEZE_NATIVE_UNWINDER_SYSTEM : TRAPEZE_NATIVE_UNWINDER_FAST);
  std::printf("%d passed, %d failed\n", passed.load(), failed.load());
  return failed != 0;
}
