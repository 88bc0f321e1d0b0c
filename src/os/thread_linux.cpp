// Linux: pthread_getattr_np, sigaltstack(2). For the main thread glibc derives the stack from RLIMIT_STACK; an
// unlimited stack is taken as 64 MiB below where we stand, so that runaway recursion traps instead of eating memory.
#include "os/thread.hh"

#include "os/memory.hh"

#include <csignal>
#include <pthread.h>
#include <sys/resource.h>

namespace trapeze::os {

namespace {

constexpr u64 unlimited_stack = u64{64} << 20;
constexpr u64 signal_stack_size = u64{64} << 10; // room for an AVX-512 frame, a sanitizer and a chained handler

StackBounds query_stack() {
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0)
    return {};
  void *address = nullptr;
  size_t size = 0, guard = 0;
  pthread_attr_getstack(&attributes, &address, &size);
  pthread_attr_getguardsize(&attributes, &guard);
  pthread_attr_destroy(&attributes);
  u64 high = reinterpret_cast<u64>(address) + size;
  if (size > unlimited_stack * 16)
    return {high - unlimited_stack, high};
  // For threads glibc counts the guard in; for the main thread the kernel keeps a gap below.
  return {high - size + guard, high};
}

struct SignalStack {
  u8 *base = nullptr;
  u64 size = 0;
  bool ready = false;

  bool ensure() {
    if (ready)
      return true;
    stack_t current{};
    if (sigaltstack(nullptr, &current) == 0 && (current.ss_flags & SS_DISABLE) == 0 &&
        current.ss_size >= signal_stack_size / 2)
      return ready = true;
    size = signal_stack_size + page_size();
    base = reserve(size);
    if (base == nullptr || !commit(base + page_size(), signal_stack_size))
      return false;
    stack_t stack{};
    stack.ss_sp = base + page_size();
    stack.ss_size = signal_stack_size;
    return ready = sigaltstack(&stack, nullptr) == 0;
  }
  ~SignalStack() {
    if (base == nullptr)
      return;
    stack_t current{};
    if (sigaltstack(nullptr, &current) == 0 && current.ss_sp == base + page_size()) {
      stack_t none{};
      none.ss_flags = SS_DISABLE;
      sigaltstack(&none, nullptr);
    }
    release(base, size);
  }
};

} // namespace

StackBounds stack_bounds() {
  static thread_local StackBounds bounds = query_stack();
  return bounds;
}

bool ensure_signal_stack() {
  static thread_local SignalStack stack;
  return stack.ensure();
}

} // namespace trapeze::os
