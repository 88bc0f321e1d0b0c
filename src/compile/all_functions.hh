// Every defined function of a module, in parallel, each thread with a workspace of its own.
#pragma once

#include "base/thread_pool.hh"
#include "compile/function.hh"

#include <atomic>
#include <memory>
#include <vector>

namespace trapeze::compile {

/// Functions [first, end) by index; errors are kept by index, so that the first one wins whoever found it.
struct Job {
  const translate::ModuleContext &context;
  const Options &options;
  std::vector<std::unique_ptr<Workspace>> workspaces; ///< one per thread, made by it
  std::vector<Result<void>> results;
  std::atomic<u32> first_failure{~0u}; ///< items behind it need not be tried

  Job(const translate::ModuleContext &c, const Options &o, u32 threads, u32 items) : context(c), options(o) {
    workspaces.resize(threads);
    results.resize(items);
  }
  Workspace &workspace(u32 worker) {
    if (!workspaces[worker])
      workspaces[worker] = std::make_unique<Workspace>();
    return *workspaces[worker];
  }
  void fail(u32 item) {
    u32 before = first_failure.load();
    while (item < before && !first_failure.compare_exchange_weak(before, item)) {
    }
  }
  Result<void> status() const {
    const u32 item = first_failure.load();
    return item == ~0u ? Result<void>() : results[item];
  }
};

inline u32 thread_count(const Options &options) {
  return options.threads == 0 ? base::default_thread_count() : options.threads;
}

/// Runs every function up to `last`; `done(item, workspace)` takes the product.
template <typename Done>
Result<void> all_functions(const translate::ModuleContext &context, const Options &options, Stage last, Done &&done) {
  const u32 first = context.module.imported_funcs;
  const u32 items = static_cast<u32>(context.module.funcs.size()) - first, threads = thread_count(options);
  Job job(context, options, threads, items);
  if (options.functions_total)
    options.functions_total->store(items);
  // What calls may become is settled before any function is compiled, so order and threads do not matter.
  InlineBodies bodies;
  const bool inlines = options.settings.opt_level >= 3 && last >= Stage::Opt;
  if (inlines) {
    bodies.owned.resize(first + items);
    bodies.callees.rows.resize(first + items);
    base::parallel_for(items, threads, [&](u32 item, u32 worker) {
      Workspace &ws = job.workspace(worker);
      if (options.laps)
        ws.laps.start();
      find_inline_body(context, first + item, options, ws, bodies);
      base::lap(options.laps ? &ws.laps : nullptr, "optimise/bodies to inline");
    });
  }
  base::parallel_for(items, threads, [&](u32 item, u32 worker) {
    if (item > job.first_failure.load(std::memory_order_relaxed))
      return;
    Workspace &ws = job.workspace(worker);
    if (job.results[item] = function(context, first + item, options, ws, last, inlines ? &bodies : nullptr);
        job.results[item])
      done(item, ws);
    else
      job.fail(item);
    if (options.functions_done)
      options.functions_done->fetch_add(1, std::memory_order_relaxed);
  });
  for (const std::unique_ptr<Workspace> &ws : job.workspaces)
    if (options.laps && ws)
      options.laps->add(ws->laps);
  return job.status();
}

} // namespace trapeze::compile
