// parallel_for with one atomic counter. Threads are made per call: a module is compiled in one call, so their cost is
// a few dozen microseconds per module. A thread that the system refuses is one worker less, not an error.
#include "base/thread_pool.hh"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <thread>
#include <vector>

namespace trapeze::base {

namespace {

struct Job {
  std::atomic<u32> next = 0;
  std::atomic<u32> next_worker = 1;
  u32 items;
  void *context;
  void (*run)(void *, u32, u32);

  void work(u32 worker) {
    for (u32 item = next.fetch_add(1); item < items; item = next.fetch_add(1))
      run(context, item, worker);
  }
};

/// pthreads and not std::jthread, whose constructor can only throw when the system has no thread to give.
void *worker_main(void *job) {
  auto *j = static_cast<Job *>(job);
  j->work(j->next_worker.fetch_add(1));
  return nullptr;
}

} // namespace

u32 default_thread_count() { return std::max(1u, std::thread::hardware_concurrency()); }

void parallel_for(u32 items, u32 threads, void *context, void (*run)(void *context, u32 item, u32 worker)) {
  Job job{.items = items, .context = context, .run = run};
  std::vector<pthread_t> helpers;
  for (u32 i = 1; i < std::min(threads, items); ++i) {
    pthread_t helper;
    if (pthread_create(&helper, nullptr, worker_main, &job) != 0)
      break;
    helpers.push_back(helper);
  }
  job.work(0);
  for (const pthread_t helper : helpers)
    pthread_join(helper, nullptr);
}

} // namespace trapeze::base
