// Work over n independent items by k threads. Items are handed out one by one from a counter, so uneven ones balance;
// who gets which item never shows in the result as long as item i writes only its own slot i.
#pragma once

#include "base/types.hh"

namespace trapeze::base {

/// `--threads=0`: as many as the machine has.
u32 default_thread_count();

/// Calls run(context, item, worker) for every item in [0, items); worker < threads. Returns when all have returned.
/// One thread, or one item, runs on the caller's thread.
void parallel_for(u32 items, u32 threads, void *context, void (*run)(void *context, u32 item, u32 worker));

/// The same with a callable `f(u32 item, u32 worker)`; `worker` indexes workspaces that are reused from item to item.
template <typename F> void parallel_for(u32 items, u32 threads, F &&f) {
  parallel_for(items, threads, &f,
               [](void *context, u32 item, u32 worker) { (*static_cast<decltype(&f)>(context))(item, worker); });
}

} // namespace trapeze::base
