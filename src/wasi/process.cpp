// Arguments, environment, clocks, random numbers, yielding, exit.
#include "wasi/functions.hh"

#include <cerrno>
#include <ctime>

#include <sched.h>
#include <sys/random.h>

namespace trapeze::wasi {

namespace {

/// A list of strings as preview 1 hands it over: an array of pointers, and the zero-terminated texts behind each other.
void write_strings(Guest &guest, const std::vector<std::string> &strings, u32 pointers, u32 buffer) {
  for (const std::string &s : strings) {
    guest.write<u32>(pointers, buffer);
    std::memcpy(guest.bytes(buffer, s.size() + 1).data(), s.c_str(), s.size() + 1);
    pointers += 4;
    buffer += static_cast<u32>(s.size() + 1);
  }
}

void write_sizes(Guest &guest, const std::vector<std::string> &strings, u32 count, u32 size) {
  u32 total = 0;
  for (const std::string &s : strings)
    total += static_cast<u32>(s.size() + 1);
  guest.write<u32>(count, static_cast<u32>(strings.size()));
  guest.write<u32>(size, total);
}

u64 nanoseconds(const timespec &t) { return static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(t.tv_nsec); }

} // namespace

void args_get(Context &c, Guest &guest, u32 argv, u32 buffer) { write_strings(guest, c.args(), argv, buffer); }
void args_sizes_get(Context &c, Guest &guest, u32 count, u32 size) { write_sizes(guest, c.args(), count, size); }
void environ_get(Context &c, Guest &guest, u32 entries, u32 buffer) { write_strings(guest, c.env(), entries, buffer); }
void environ_sizes_get(Context &c, Guest &guest, u32 count, u32 size) { write_sizes(guest, c.env(), count, size); }

int host_clock(u32 clock) {
  constexpr clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
  if (clock >= std::size(clocks))
    throw Failure{Errno::Inval};
  return clocks[clock];
}

void clock_res_get(Context &, Guest &guest, u32 clock, u32 result) {
  timespec t{};
  if (clock_getres(host_clock(clock), &t) != 0)
    throw Failure{last_error()};
  guest.write<u64>(result, nanoseconds(t));
}

void clock_time_get(Context &, Guest &guest, u32 clock, u64, u32 result) {
  timespec t{};
  if (clock_gettime(host_clock(clock), &t) != 0)
    throw Failure{last_error()};
  guest.write<u64>(result, nanoseconds(t));
}

void random_get(Context &, Guest &guest, u32 buffer, u32 size) {
  std::span<u8> bytes = guest.bytes(buffer, size);
  while (!bytes.empty()) {
    ssize_t n = getrandom(bytes.data(), bytes.size(), 0);
    if (n < 0 && errno != EINTR)
      throw Failure{last_error()};
    if (n > 0)
      bytes = bytes.subspan(static_cast<usize>(n));
  }
}

void sched_yield(Context &, Guest &) { ::sched_yield(); }

void proc_exit(Context &, Guest &, u32 status) { throw Exit(static_cast<i32>(status)); }

/// A guest has no business in the host's signals.
void proc_raise(Context &, Guest &, u32) { throw Failure{Errno::NotSup}; }

} // namespace trapeze::wasi
