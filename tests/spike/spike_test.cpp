// What convention.hh, vmctx.hh and the exception design claim about frames, shown on frames by hand and by LLVM
// together. One case per claim; each prints what it measured. Chains of frames are drawn at random and compared with a
// model.
#include "llvm_frames.hh"
#include "unwinding.hh"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <doctest/doctest.h>
#include <memory>
#include <random>
#include <string>

using namespace trapeze;
using namespace trapeze::spike;

extern "C" {
extern const u8 spike_begin[], spike_enter[], spike_throw_fast[], spike_throw_system[], spike_host[],
    spike_cross_tail[], spike_cross_tail_cell[], own_throw[], own_leaf[], own_mid[], own_all[], own_catch[],
    own_other[], own_catch_all[], own_tail[], own_cross_tail[], own_probe[], own_bench[];
}

namespace {

using Enter = u64 (*)(Instance *, const void *code, const u64 *ints, const u64 *floats, u64 *results);

struct Tag {
  int name;
};

/// Two instances of one store, with the same two tags at different indices, and one host function.
struct World {
  Region region;
  std::map<std::string, LlvmFunction> llvm;
  std::unique_ptr<abi::StoreContext> store = std::make_unique<abi::StoreContext>();
  std::unique_ptr<Instance> a = std::make_unique<Instance>(), b = std::make_unique<Instance>();
  std::unique_ptr<Instance> host = std::make_unique<Instance>();
  Tag first{1}, second{2};
  const void *builtins[48] = {};
  Enter enter;

  World() {
    std::string error;
    llvm = add_llvm_functions(region, error);
    REQUIRE_MESSAGE(error.empty(), error);
    region.publish();
    spike::region = &region;
    builtins[40] = reinterpret_cast<void *>(&spike_find_handler);
    builtins[41] = reinterpret_cast<void *>(&spike_raise);
    builtins[42] = reinterpret_cast<void *>(&spike_take);
    builtins[44] = region.own(spike_cross_tail);
    builtins[45] = region.own(spike_cross_tail_cell);
    for (Instance *i : {a.get(), b.get(), host.get()}) {
      i->head.store = store.get();
      i->head.builtins = builtins;
    }
    a->tags[0] = b->tags[1] = &first;
    a->tags[1] = b->tags[0] = &second;
    host->tags[0] = &first;
    enter = reinterpret_cast<Enter>(region.own(spike_enter));
    system(false);
  }
  void system(bool on) { builtins[43] = region.own(on ? spike_throw_system : spike_throw_fast); }
  const void *code(const char *name) {
    REQUIRE_MESSAGE(llvm.count(name), name);
    return region.base() + llvm[name].offset;
  }
  void cell(u32 index, const void *code, Instance *context) {
    for (Instance *i : {a.get(), b.get(), host.get()})
      i->chain[index] = {code, reinterpret_cast<abi::InstanceContext *>(context)};
  }
  /// results: rax rdx xmm0 xmm1 (two words each), r13 behind the call, callee-saved registers that came back wrong
  u64 call(Instance *instance, const void *code, u64 d, u64 v, u64 *results) {
    u64 ints[6] = {d, v, 2, 3, 4, 5};
    return enter(instance, code, ints, nullptr, results);
  }
};

World &world() {
  static World instance;
  return instance;
}

// ---- chains

enum class Kind {
  OwnLeaf,
  OwnThrow,
  LlLeaf,
  LlThrow,
  OwnMid,
  OwnAll,
  OwnCatch,
  OwnOther,
  LlMid,
  LlCatch,
  LlOther,
  Host
};

struct Link {
  Kind kind;
  bool second; ///< runs in instance b
};

struct Thrown {
  const Tag *tag;
  u64 payload;
};

int destructors;
struct Counted {
  ~Counted() { ++destructors; }
};

u64 mixed(u64 first, u64 d, u64 v) { return ((((first + v * 17) ^ (v ^ 21845)) + d * 19) ^ (v + d)) + (v - d); }

/// What the chain computes, by C++ and its exceptions.
u64 model(World &w, const std::vector<Link> &chain, u64 d, u64 v) {
  const Link &link = chain[d];
  const Instance &self = link.second ? *w.b : *w.a;
  auto next = [&](u64 value) { return model(w, chain, d + 1, value); };
  auto catching = [&](u32 tag, u64 value, auto normal, auto pad) {
    try {
      return normal(next(value));
    } catch (const Thrown &thrown) {
      if (thrown.tag != self.tags[tag])
        throw;
      return pad(thrown.payload);
    }
  };
  switch (link.kind) {
  case Kind::OwnLeaf:
    return v * 31 + d;
  case Kind::LlLeaf:
    return v * 37 + d;
  case Kind::OwnThrow:
  case Kind::LlThrow:
    throw Thrown{static_cast<Tag *>(self.tags[0]), v ^ d};
  case Kind::OwnMid:
    return next(v + 1) * 3 + (v ^ d);
  case Kind::OwnAll:
    return next(v + 2) * 5 + v + d;
  case Kind::LlMid:
    return mixed(next(v + 4), d, v);
  case Kind::OwnCatch:
  case Kind::OwnOther:
    return catching(
        link.kind == Kind::OwnOther, v + 3, [&](u64 r) { return r + v * 7; },
        [&](u64 payload) { return payload + v * 11 * 13; });
  case Kind::LlCatch:
  case Kind::LlOther:
    return catching(
        link.kind == Kind::LlOther, v + 6, [&](u64 r) { return mixed(r * 29, d, v); },
        [&](u64 payload) { return mixed(payload + v * 11 * 13 + d, d, v); });
  case Kind::Host: {
    Counted counted;
    return next(v + 5) + 1;
  }
  }
  return 0;
}

struct HostResult {
  u64 value, pending;
};

/// A host function of the chain: a C++ frame with a destructor that enters the engine again.
HostResult host_link(Instance *self, u64 d, u64 v) {
  World &w = world();
  Counted counted;
  u64 results[8];
  const abi::ImportedFunc &next = self->chain[d + 1];
  if (w.call(reinterpret_cast<Instance *>(next.context), next.code, d + 1, v + 5, results))
    return {0, 1};
  return {results[0] + 1, 0};
}

std::vector<Link> draw(std::mt19937 &random, bool host) {
  auto pick = [&](u32 n) { return u32(random() % n); };
  std::vector<Link> chain;
  u32 length = 2 + pick(24);
  for (u32 i = 0; i < length; ++i)
    chain.push_back({Kind(u32(Kind::OwnMid) + pick(host ? 8 : 7)), pick(2) == 1});
  chain.push_back({Kind(pick(8) < 6 ? 2 * pick(2) + 1 : 2 * pick(2)), pick(2) == 1});
  for (u32 i = 0; i < length; ++i) // own_mid cannot cross instances; a host function belongs to none
    if (chain[i].kind == Kind::OwnMid)
      chain[i].kind =
          chain[i + 1].kind == Kind::Host || chain[i].second != chain[i + 1].second ? Kind::OwnAll : Kind::OwnMid;
  return chain;
}

void lay(World &w, const std::vector<Link> &chain) {
  const void *codes[] = {w.region.own(own_leaf),  w.region.own(own_throw), w.code("ll_leaf"),
                         w.code("ll_throw"),      w.region.own(own_mid),   w.region.own(own_all),
                         w.region.own(own_catch), w.region.own(own_other), w.code("ll_mid"),
                         w.code("ll_catch"),      w.code("ll_other"),      w.region.own(spike_host)};
  for (u32 i = 0; i < chain.size(); ++i) {
    bool host = chain[i].kind == Kind::Host;
    w.cell(i, codes[u32(chain[i].kind)], host ? w.host.get() : chain[i].second ? w.b.get() : w.a.get());
  }
  w.host->head.instance = reinterpret_cast<void *>(&host_link);
}

struct Ran {
  u32 wrong = 0, thrown = 0, uncaught = 0, clobbered = 0, instance_lost = 0, destructors = 0, frames = 0;
};

Ran run_chains(u32 seed, u32 count, bool host, bool system) {
  World &w = world();
  w.system(system);
  std::mt19937 random(seed);
  Ran ran;
  for (u32 n = 0; n < count; ++n) {
    std::vector<Link> chain = draw(random, host);
    lay(w, chain);
    u64 v = random(), results[8] = {}, expected = 0;
    ran.frames += u32(chain.size());
    bool escapes = false, throws = chain.back().kind == Kind::OwnThrow || chain.back().kind == Kind::LlThrow;
    destructors = 0;
    try {
      expected = model(w, chain, 0, v);
    } catch (const Thrown &) {
      escapes = true;
    }
    int wanted = destructors;
    destructors = 0;
    auto *first = reinterpret_cast<Instance *>(w.a->chain[0].context);
    bool uncaught = w.call(first, w.a->chain[0].code, 0, v, results);
    ran.thrown += throws;
    ran.uncaught += uncaught;
    ran.wrong += uncaught != escapes || (!escapes && results[0] != expected);
    ran.destructors += u32(destructors != wanted);
    if (!uncaught) {
      ran.clobbered += u32(results[7]);
      ran.instance_lost += results[6] != u64(first);
    }
  }
  w.system(false);
  return ran;
}

/// The system unwinder finds no border that catches: chains it runs start at a frame that catches all.
Ran run_chains_below_catch_all(u32 seed, u32 count, bool host, bool system) {
  World &w = world();
  w.system(system);
  std::mt19937 random(seed);
  Ran ran;
  for (u32 n = 0; n < count; ++n) {
    std::vector<Link> chain = draw(random, host);
    chain.insert(chain.begin(), Link{Kind::OwnCatch, false});
    lay(w, chain);
    w.cell(0, w.region.own(own_catch_all), w.a.get());
    u64 v = random(), results[8] = {}, expected;
    ran.frames += u32(chain.size());
    destructors = 0;
    try {
      expected = model(w, chain, 1, v + 3) + v * 7;
    } catch (const Thrown &thrown) {
      expected = thrown.payload + v * 11 * 13;
      ++ran.uncaught;
    }
    int wanted = destructors;
    destructors = 0;
    ran.thrown += chain.back().kind == Kind::OwnThrow || chain.back().kind == Kind::LlThrow;
    ran.wrong += w.call(w.a.get(), w.a->chain[0].code, 0, v, results) != 0 || results[0] != expected;
    ran.destructors += u32(destructors != wanted);
    ran.clobbered += u32(results[7]);
    ran.instance_lost += results[6] != u64(w.a.get());
  }
  w.system(false);
  return ran;
}

void check(const Ran &ran) {
  CHECK(ran.wrong == 0);
  CHECK(ran.clobbered == 0);
  CHECK(ran.instance_lost == 0);
  CHECK(ran.destructors == 0);
}

template <typename F> double nanoseconds(u64 count, F body) {
  double best = 1e18;
  for (int round = 0; round < 9; ++round) {
    auto start = std::chrono::steady_clock::now();
    body();
    auto end = std::chrono::steady_clock::now();
    best = std::min(best, std::chrono::duration<double, std::nano>(end - start).count() / double(count));
  }
  return best;
}

/// Nanoseconds per throw caught `depth` frames further out; all frames but the thrower are `frame`.
double throw_time(u32 depth, const void *frame, u64 count) {
  World &w = world();
  for (u32 i = 1; i < depth; ++i)
    w.cell(i, frame, w.a.get());
  w.cell(depth, w.region.own(own_throw), w.a.get());
  u64 results[8];
  return nanoseconds(count, [&] { w.call(w.a.get(), w.region.own(own_bench), count, 0, results); });
}

} // namespace

TEST_CASE("convention: the instance arrives in r13 as swiftself of ccc and every callee gives it back") {
  World &w = world();
  u64 results[8];
  // LLVM calls another instance, then its own.
  w.cell(1, w.region.own(own_probe), w.b.get());
  CHECK(w.call(w.a.get(), w.code("ll_cross_call"), 0, 0, results) == 0);
  CHECK(results[0] == u64(w.b.get())); // the callee saw its own
  CHECK(results[1] == u64(w.a.get())); // and the caller had not lost its own
  CHECK(results[6] == u64(w.a.get())); // r13 behind the outermost call
  CHECK(results[7] == 0);
  MESSAGE("callee-saved registers wrong after an LLVM frame: ", results[7], " of 4; r13 kept: yes");
}

TEST_CASE("convention: six integers, eight vectors, results in rax rdx xmm0 xmm1; a tail call permutes them all") {
  World &w = world();
  u64 ints[6] = {10, 11, 12, 13, 14, 15}, floats[16], results[8];
  for (u32 i = 0; i < 16; ++i)
    floats[i] = 100 + i;
  w.cell(1, w.code("ll_collect"), w.a.get());
  CHECK(w.enter(w.a.get(), w.code("ll_permute"), ints, floats, results) == 0);
  u32 right = 0;
  for (u32 i = 0; i < 6; ++i) {
    u64 value;
    memcpy(&value, w.store->overflow[i].bytes, 8);
    right += value == ints[5 - i];
  }
  for (u32 i = 0; i < 8; ++i)
    right += !memcmp(w.store->overflow[6 + i].bytes, &floats[2 * (7 - i)], 16);
  CHECK(right == 14);
  CHECK(results[0] == ints[5]);
  CHECK(results[1] == ints[4]);
  CHECK(!memcmp(&results[2], &floats[14], 16));
  CHECK(!memcmp(&results[4], &floats[12], 16));
  MESSAGE("parameters in place after a permuting tail call: ", right, " of 14");
}

TEST_CASE("frames: SP at every call is FP minus a constant, also with 32-byte values spilled (no-realign-stack)") {
  World &w = world();
  u64 results[8];
  w.cell(1, w.region.own(own_probe), w.a.get());
  if (!__builtin_cpu_supports("avx2"))
    return;
  CHECK(w.call(w.a.get(), w.code("ll_many_calls"), 0, 0, results) == 0);
  CHECK(results[0] == 0); // SP the same at three calls
  CHECK(results[1] % 16 == 0);
  MESSAGE("FP - SP at three calls: ", results[1], ", differences: ", results[0]);
  u32 constant = 0;
  for (const char *name : {"ll_catch", "ll_other", "ll_catch_all"})
    constant += w.llvm[name].stack_size != ~0ull;
  CHECK(constant == 3);
  MESSAGE("stackmap section, ll_catch: stack size ", w.llvm["ll_catch"].stack_size, ", slots at rbp",
          w.llvm["ll_catch"].slots_at, ", registers saved ", w.llvm["ll_catch"].saved_registers);
}

TEST_CASE("landing: the fast walk through own and LLVM frames of two instances, 20,000 random chains") {
  counters = {};
  Ran ran = run_chains(1, 20000, false, false);
  check(ran);
  CHECK(ran.thrown > 10000);
  CHECK(ran.uncaught > 100);
  CHECK(counters.second_walks > 1000);
  CHECK(counters.personality_calls == 0);
  MESSAGE(ran.frames, " frames, ", ran.thrown, " throws, ", ran.uncaught, " reached the border, ",
          counters.second_walks, " landings in LLVM frames (second walk)");
}

TEST_CASE(
    "landing: with C++ host frames between, an exception that leaves an activation is thrown on by the host stub") {
  Ran ran = run_chains(2, 10000, true, false);
  check(ran);
  MESSAGE(ran.thrown, " throws, ", ran.uncaught, " reached the outermost border");
}

TEST_CASE("system unwinder: the same chains through one FDE and the personality") {
  counters = {};
  Ran ran = run_chains_below_catch_all(3, 5000, false, true);
  check(ran);
  CHECK(ran.thrown > 2000);
  CHECK(counters.taken == ran.thrown);
  CHECK(counters.personality_landings == ran.thrown);
  MESSAGE(ran.thrown, " throws, ", counters.personality_calls, " calls of the personality, ", counters.taken,
          " stage 2");
}

TEST_CASE("system unwinder: through C++ frames between activations, destructors exactly once") {
  Ran ran = run_chains_below_catch_all(4, 5000, true, true);
  check(ran);
  MESSAGE(ran.thrown, " throws");
}

TEST_CASE("both ways give the same results") {
  Ran fast = run_chains_below_catch_all(5, 3000, true, false), system = run_chains_below_catch_all(5, 3000, true, true);
  check(fast);
  check(system);
  CHECK(fast.uncaught == system.uncaught);
}

TEST_CASE("borders: a C++ exception crosses own and LLVM frames and reaches the outer C++ with its registers") {
  World &w = world();
  static struct Boom {
    int value;
  } const *thrown_address;
  auto thrower = [](Instance *, u64 d, u64) -> HostResult {
    if (d)
      throw Boom{42};
    return {0, 0};
  };
  w.host->head.instance = reinterpret_cast<void *>(static_cast<HostResult (*)(Instance *, u64, u64)>(thrower));
  const void *frames[] = {w.region.own(own_all), w.code("ll_mid"), w.region.own(own_catch), w.code("ll_catch")};
  for (u32 i = 0; i < 4; ++i)
    w.cell(i, frames[i], w.a.get());
  w.cell(4, w.region.own(spike_host), w.host.get());
  u64 results[8], kept[6] = {1, 2, 3, 4, 5, 6};
  volatile u64 opaque = 7;
  for (u64 &k : kept)
    k *= opaque;
  u64 k0 = kept[0], k1 = kept[1], k2 = kept[2], k3 = kept[3], k4 = kept[4];
  int caught = 0;
  for (int i = 0; i < 1000; ++i) {
    try {
      w.call(w.a.get(), frames[0], 0, 9, results);
    } catch (const Boom &boom) {
      thrown_address = &boom;
      caught += boom.value == 42 && k0 == 7 && k1 == 14 && k2 == 21 && k3 == 28 && k4 == 35;
    }
  }
  CHECK(caught == 1000); // tag clauses did not take it
  CHECK(thrown_address);
  // A catch_all takes it: the object is taken over, no exception is left uncaught, and it can be thrown on.
  w.cell(2, w.region.own(own_catch_all), w.a.get());
  taken_exception = nullptr;
  CHECK(w.call(w.a.get(), frames[0], 0, 9, results) == 0);
  CHECK(std::uncaught_exceptions() == 0);
  int again = 0;
  try {
    std::rethrow_exception(taken_exception);
  } catch (const Boom &boom) {
    again = boom.value;
  }
  CHECK(again == 42);
  w.cell(2, w.code("ll_catch_all"), w.a.get());
  taken_exception = nullptr;
  CHECK(w.call(w.a.get(), frames[0], 0, 9, results) == 0);
  CHECK(taken_exception != nullptr);
  taken_exception = nullptr;
  MESSAGE("C++ exceptions that came through with registers intact: ", caught, " of 1000");
}

TEST_CASE("home slots: LLVM's alloca stays where the stackmap says; a landing can rewrite a slot and the pad sees it") {
  World &w = world();
  REQUIRE(w.llvm["ll_catch"].slots_at != 0);
  slot_at = w.llvm["ll_catch"].slots_at;
  slot_addend = 1000000;
  w.cell(1, w.region.own(own_throw), w.a.get());
  w.cell(0, w.code("ll_catch"), w.a.get());
  for (bool system : {false, true}) {
    w.system(system);
    u64 results[8], v = 77, d = 0;
    CHECK(w.call(w.a.get(), w.code("ll_catch"), d, v, results) == 0);
    u64 payload = (v + 6) ^ 1;
    CHECK(results[0] == mixed(payload + v * 11 * 13 + d + slot_addend, d, v));
  }
  w.system(false);
  slot_at = 0;
  MESSAGE("slots at rbp", w.llvm["ll_catch"].slots_at);
}

TEST_CASE("overflow areas: a million tail calls between own and LLVM code with cells beyond the registers") {
  World &w = world();
  constexpr u64 count = 1000000;
  auto put = [&](u32 i, auto value) { memcpy(w.store->overflow[i].bytes, &value, 8); };
  auto setup = [&] { put(0, u64(1)), put(1, u64(20)), put(2, 3.0), put(3, 4.0); };
  u64 results[8], expected = 0, cell = 1;
  for (u64 i = 0; i <= count; ++i)
    expected += cell++ + 20 + 3 + 4;
  u64 stack[4];
  const void *codes[] = {w.region.own(own_tail), w.code("ll_tail")};
  u32 n = 0;
  for (u64 turns : {u64(1), count})
    for (const void *target : codes) {
      setup();
      w.a->chain[1] = {target, nullptr};
      w.b->chain[1] = {target, nullptr};
      CHECK(w.call(w.a.get(), codes[target == codes[0]], turns, 0, results) == 0);
      if (turns == count)
        CHECK(results[0] == expected);
      CHECK(results[7] == 0);
      stack[n++] = results[1];
    }
  CHECK(stack[0] == stack[2]); // constant stack, however many
  CHECK(stack[1] == stack[3]);
  MESSAGE("stack used by ", count, " tail calls beyond that of one: ", stack[0] - stack[2], " and ",
          stack[1] - stack[3]);
}

TEST_CASE("overflow areas: own and LLVM alternate in one chain of tail calls") {
  World &w = world();
  // a's cell 1 is LLVM, whose cell 1 ... the chain is per instance, so the turn is taken by an instance whose cell
  // changes hands: own code of instance a jumps to ll_tail, which reads cell 1 of the same instance.
  u64 results[8], expected = 0, cell = 1;
  for (u64 i = 0; i <= 3; ++i)
    expected += cell++ + 27;
  auto put = [&](u32 i, auto value) { memcpy(w.store->overflow[i].bytes, &value, 8); };
  put(0, u64(1)), put(1, u64(20)), put(2, 3.0), put(3, 4.0);
  w.a->chain[1] = {w.code("ll_tail"), nullptr};
  CHECK(w.call(w.a.get(), w.region.own(own_tail), 3, 0, results) == 0);
  CHECK(results[0] == expected);
}

TEST_CASE("cross-instance tail calls: the stub pushes one frame however many there are, and r13 comes back") {
  World &w = world();
  u64 results[8], stack[2][2];
  for (int llvm = 0; llvm < 2; ++llvm) {
    const void *code = llvm ? w.code("ll_cross_tail") : w.region.own(own_cross_tail);
    w.cell(1, code, w.a.get());
    w.cell(2, code, w.b.get());
    for (int many = 0; many < 2; ++many) {
      u64 count = many ? 1000001 : 3;
      CHECK(w.call(w.b.get(), code, count, 0, results) == 0);
      CHECK(results[0] == u64(w.a.get())); // the last one ran in a
      CHECK(results[6] == u64(w.b.get())); // the caller's r13 is b again
      CHECK(results[7] == 0);
      stack[llvm][many] = results[1];
    }
    CHECK(stack[llvm][0] == stack[llvm][1]);
  }
  // Own and LLVM by turns: 1 is LLVM in b, 2 own in a.
  w.cell(1, w.code("ll_cross_tail"), w.b.get());
  w.cell(2, w.region.own(own_cross_tail), w.a.get());
  CHECK(w.call(w.a.get(), w.region.own(own_cross_tail), 100001, 0, results) == 0);
  CHECK(results[0] == u64(w.b.get()));
  CHECK(results[6] == u64(w.a.get()));
  MESSAGE("stack of 1,000,001 cross-instance tail calls beyond that of 3: own ", stack[0][0] - stack[0][1], ", LLVM ",
          stack[1][0] - stack[1][1]);
}

TEST_CASE("cross-instance tail calls: a throw passes the stub's frame and lands with the right instance") {
  World &w = world();
  for (bool system : {false, true}) {
    w.system(system);
    for (bool llvm : {false, true}) {
      u64 results[8], v = 5;
      const void *hop = llvm ? w.code("ll_cross_tail") : w.region.own(own_cross_tail);
      const void *catcher = llvm ? w.code("ll_catch") : w.region.own(own_catch);
      // The catcher in a calls the hop in b, which tail-calls the thrower in a: the stub's frame keeps b in r13.
      w.a->chain[1] = {hop, reinterpret_cast<abi::InstanceContext *>(w.b.get())};
      w.b->chain[1] = {w.region.own(own_throw), reinterpret_cast<abi::InstanceContext *>(w.a.get())};
      CHECK(w.call(w.a.get(), catcher, 0, v, results) == 0);
      CHECK(results[6] == u64(w.a.get()));
      CHECK(results[7] == 0);
      u64 thrown = (v + (llvm ? 6 : 3)) ^ 0; // hop counted depth 1 down to 0
      u64 expected = llvm ? mixed(thrown + v * 11 * 13, 0, v) : thrown + v * 11 * 13;
      CHECK(results[0] == expected);
    }
  }
  w.system(false);
}

TEST_CASE("cross-instance tail calls: musttail with another swiftself does not work, which is why the stub exists") {
  World &w = world();
  u64 results[8];
  w.cell(1, w.region.own(own_probe), w.b.get());
  CHECK(w.call(w.a.get(), w.code("ll_bad_cross_tail"), 0, 0, results) == 0);
  bool callee_saw_its_own = results[0] == u64(w.b.get()), caller_kept_its_own = results[6] == u64(w.a.get());
  CHECK_FALSE((callee_saw_its_own && caller_kept_its_own));
  MESSAGE("plain musttail: callee saw ", callee_saw_its_own ? "its own" : "the old", " instance, caller's r13 ",
          caller_kept_its_own ? "kept" : "lost");
}

TEST_CASE("tables: LLVM merges neighbouring calls with one pad into one range") {
  World &w = world();
  const LlvmFunction &f = w.llvm["ll_three"];
  CHECK(f.calls_with_pad >= 1);
  CHECK(f.calls_with_pad <= 3);
  MESSAGE("3 invokes under one pad -> ", f.calls_with_pad, " call-site records with a pad, ", f.call_ranges, " in all");
}

TEST_CASE("speed: a throw over 1, 10 and 100 frames, fast and system (minimum of 9 rounds)") {
  World &w = world();
  for (bool system : {false, true}) {
    w.system(system);
    for (bool llvm : {false, true})
      for (u32 depth : {1u, 10u, 100u}) {
        double time = throw_time(depth, llvm ? w.code("ll_mid") : w.region.own(own_mid), system ? 2000 : 20000);
        CHECK(time > 0);
        std::string way = system ? "system, " : "fast, ", what = llvm ? " LLVM frames: " : " own frames: ";
        MESSAGE(way, depth, what, time, " ns");
      }
  }
  w.system(false);
}
