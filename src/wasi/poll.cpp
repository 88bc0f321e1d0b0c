// poll_oneoff: waits for the first of some clocks and descriptors.
//
// Subscription, 48 bytes: userdata 0, tag 8 (0 clock, 1 read, 2 write), then for a clock: id 16, timeout 24,
// precision 32, flags 40 (1: the timeout is a time of the clock); for a descriptor: number 16.
// Event, 32 bytes: userdata 0, error 8, tag 10, and for a descriptor: bytes ready 16, flags 24 (1: hung up).
#include "wasi/functions.hh"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>

#include <poll.h>
#include <sys/ioctl.h>

namespace trapeze::wasi {

namespace {

constexpr u32 subscription_size = 48, event_size = 32;
constexpr u16 absolute_time = 1, hung_up = 1;

enum class Tag : u8 { Clock, Read, Write };

struct Subscription {
  u64 userdata;
  Tag tag;
  u64 deadline = 0; ///< of a clock: in nanoseconds from now
  u32 poll_index = 0;
  std::optional<Errno> error; ///< found before waiting
};

u64 now(int clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(t.tv_nsec);
}

Subscription read_clock(Guest &guest, u32 at, Subscription s) {
  u32 clock = guest.read<u32>(at + 16);
  u64 timeout = guest.read<u64>(at + 24);
  if (clock > 3) {
    s.error = Errno::Inval;
  } else if (guest.read<u16>(at + 40) & absolute_time) {
    u64 current = now(host_clock(clock));
    s.deadline = timeout > current ? timeout - current : 0;
  } else {
    s.deadline = timeout;
  }
  return s;
}

Subscription read_descriptor(Context &c, Guest &guest, u32 at, Subscription s, std::vector<pollfd> &polls) {
  try {
    Descriptor &d = c.descriptor(guest.read<u32>(at + 16), rights::poll_fd_readwrite);
    s.poll_index = static_cast<u32>(polls.size());
    polls.push_back({d.fd, static_cast<short>(s.tag == Tag::Read ? POLLIN : POLLOUT), 0});
  } catch (const Failure &failure) {
    s.error = failure.code;
  }
  return s;
}

/// Waits; returns the nanoseconds that passed.
u64 wait(std::vector<pollfd> &polls, std::optional<u64> timeout) {
  u64 start = now(CLOCK_MONOTONIC), passed = 0;
  while (true) {
    timespec left{};
    if (timeout) {
      u64 rest = *timeout - std::min(*timeout, passed);
      left = {static_cast<time_t>(rest / 1'000'000'000), static_cast<long>(rest % 1'000'000'000)};
    }
    int n = ppoll(polls.data(), polls.size(), timeout ? &left : nullptr, nullptr);
    passed = now(CLOCK_MONOTONIC) - start;
    if (n > 0 || (n == 0 && timeout && passed >= *timeout))
      return passed;
    if (n < 0 && errno != EINTR)
      throw Failure{last_error()};
  }
}

class Events {
public:
  Events(Guest &guest, u32 at) : guest_(guest), at_(at) {}
  void add(const Subscription &s, Errno error, u64 bytes = 0, u16 flags = 0) {
    u32 at = at_ + count_++ * event_size;
    std::memset(guest_.bytes(at, event_size).data(), 0, event_size);
    guest_.write<u64>(at, s.userdata);
    guest_.write<u16>(at + 8, static_cast<u16>(error));
    guest_.write<u8>(at + 10, static_cast<u8>(s.tag));
    guest_.write<u64>(at + 16, bytes);
    guest_.write<u16>(at + 24, flags);
  }
  u32 count() const { return count_; }

private:
  Guest &guest_;
  u32 at_;
  u32 count_ = 0;
};

void add_descriptor_event(Events &events, const Subscription &s, const pollfd &p) {
  if (p.revents == 0)
    return;
  if (p.revents & POLLNVAL) {
    events.add(s, Errno::BadF);
    return;
  }
  int bytes = 0;
  if (s.tag == Tag::Read && ioctl(p.fd, FIONREAD, &bytes) != 0)
    bytes = 0;
  events.add(s, Errno::Success, static_cast<u64>(std::max(bytes, 0)), p.revents & (POLLHUP | POLLERR) ? hung_up : 0);
}

} // namespace

void poll_oneoff(Context &c, Guest &guest, u32 subscriptions, u32 events_at, u32 count, u32 result) {
  if (count == 0)
    throw Failure{Errno::Inval};
  guest.bytes(subscriptions, u64{count} * subscription_size);
  guest.bytes(events_at, u64{count} * event_size);
  guest.bytes(result, 4);
  std::vector<Subscription> list;
  std::vector<pollfd> polls;
  std::optional<u64> timeout;
  for (u32 i = 0; i < count; ++i) {
    u32 at = subscriptions + i * subscription_size;
    u8 tag = guest.read<u8>(at + 8);
    if (tag > 2)
      throw Failure{Errno::Inval};
    Subscription s{guest.read<u64>(at), static_cast<Tag>(tag)};
    s = s.tag == Tag::Clock ? read_clock(guest, at, s) : read_descriptor(c, guest, at, s, polls);
    if (s.error)
      timeout = 0;
    else if (s.tag == Tag::Clock)
      timeout = std::min(timeout.value_or(s.deadline), s.deadline);
    list.push_back(s);
  }

  u64 passed = wait(polls, timeout);
  Events events(guest, events_at);
  for (const Subscription &s : list) {
    if (s.error)
      events.add(s, *s.error);
    else if (s.tag != Tag::Clock)
      add_descriptor_event(events, s, polls[s.poll_index]);
    else if (s.deadline <= passed)
      events.add(s, Errno::Success);
  }
  guest.write<u32>(result, events.count());
}

} // namespace trapeze::wasi
