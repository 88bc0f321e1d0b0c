// Dominators, loops and order on random graphs, against definitions that a child could check.
#include "ir/order.hh"
#include "ir/parse.hh"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <string>

using namespace trapeze;
using namespace trapeze::ir;

namespace {

/// Random blocks; targets are any but the entry. Critical edges do not matter here.
Function random_function(std::mt19937 &random, u32 blocks) {
  std::string text = "function 0 sig0\n  sig0 = (i32) -> ()\nblock0(v0: i32):\n  jump block1\n";
  const auto target = [&] { return "block" + std::to_string(1 + random() % (blocks - 1)); };
  for (u32 b = 1; b < blocks; ++b) {
    text += "block" + std::to_string(b) + ":\n  ";
    switch (random() % 5) {
    case 0:
      text += "return\n";
      break;
    case 1:
      text += "jump " + target() + "\n";
      break;
    case 2:
      text += "switch v0, " + target() + ", " + target() + ", " + target() + "\n";
      break;
    default:
      text += "branch v0, " + target() + ", " + target() + "\n";
    }
  }
  Function fn;
  REQUIRE(parse(text, fn).has_value());
  return fn;
}

/// Blocks reached from the entry without passing `without`.
std::vector<u8> reached(const Function &fn, const Cfg &cfg, Block without) {
  std::vector<u8> seen(fn.blocks.size(), 0);
  std::vector<Block> work;
  if (fn.entry != without)
    work.push_back(fn.entry);
  while (!work.empty()) {
    const Block b = work.back();
    work.pop_back();
    if (seen[base::index_of(b)]++ != 0)
      continue;
    for (Block s : cfg.succs(b))
      if (s != without)
        work.push_back(s);
  }
  return seen;
}

} // namespace

TEST_CASE("a dominates b exactly if b is not reached without a") {
  std::mt19937 random(7);
  Cfg cfg;
  Dominators dominators;
  for (int round = 0; round < 400; ++round) {
    const Function fn = random_function(random, 2 + random() % 24);
    cfg.compute(fn);
    dominators.compute(fn, cfg);
    const auto live = reached(fn, cfg, no_block);
    for (Block b : base::ids(fn.blocks))
      CHECK(cfg.is_reachable(b) == (live[base::index_of(b)] != 0));
    for (Block a : cfg.reverse_postorder()) {
      const auto others = reached(fn, cfg, a);
      for (Block b : cfg.reverse_postorder())
        REQUIRE(dominators.dominates(a, b) == (others[base::index_of(b)] == 0));
      if (a != fn.entry)
        CHECK(dominators.dominates(dominators.idom(a), a));
    }
  }
}

TEST_CASE("loops are the blocks that come back to their header inside what it dominates") {
  std::mt19937 random(8);
  Cfg cfg;
  Dominators dominators;
  Loops loops;
  for (int round = 0; round < 300; ++round) {
    const Function fn = random_function(random, 2 + random() % 20);
    cfg.compute(fn);
    dominators.compute(fn, cfg);
    loops.compute(fn, cfg, dominators);
    for (Block header : cfg.reverse_postorder()) {
      // Backwards from the back edges, not passing the header.
      std::vector<u8> body(fn.blocks.size(), 0);
      std::vector<Block> work;
      for (Block p : cfg.preds(header))
        if (dominators.dominates(header, p))
          work.push_back(p);
      const bool is_header = !work.empty();
      body[base::index_of(header)] = 1;
      while (!work.empty()) {
        const Block b = work.back();
        work.pop_back();
        if (body[base::index_of(b)]++ != 0)
          continue;
        for (Block p : cfg.preds(b))
          work.push_back(p);
      }
      if (!is_header)
        continue;
      for (Block b : cfg.reverse_postorder()) {
        bool inside = false;
        for (Loop l = loops.innermost(b); !is_none(l); l = loops.rows[l].parent)
          inside = inside || loops.rows[l].header == header;
        // Irreducible parts of a random graph may be entered from the side: only blocks the header dominates count.
        if (dominators.dominates(header, b))
          CHECK(inside == (body[base::index_of(b)] != 0));
      }
    }
  }
}

TEST_CASE("the layout has each reachable block once, cold ones last") {
  std::mt19937 random(9);
  Cfg cfg;
  Dominators dominators;
  Loops loops;
  for (int round = 0; round < 300; ++round) {
    Function fn = random_function(random, 2 + random() % 30);
    cfg.compute(fn);
    dominators.compute(fn, cfg);
    loops.compute(fn, cfg, dominators);
    for (Block b : base::ids(fn.blocks))
      fn.blocks[b].is_cold = b != fn.entry && random() % 6 == 0;
    order(fn, cfg, loops);
    CHECK(fn.layout.front() == fn.entry);
    CHECK(fn.layout.size() == cfg.reverse_postorder().size());
    std::vector<Block> sorted = fn.layout;
    std::sort(sorted.begin(), sorted.end());
    CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
    CHECK(std::is_partitioned(fn.layout.begin(), fn.layout.end(), [&](Block b) { return !fn.blocks[b].is_cold; }));
  }
}

TEST_CASE("a chain with ten thousand exits to one block takes no time") {
  std::string text = "function 0 sig0\n  sig0 = (i32) -> ()\nblock0(v0: i32):\n  jump block1\n";
  constexpr u32 n = 10000;
  for (u32 b = 1; b < n; ++b)
    text += "block" + std::to_string(b) + ":\n  branch v0, block" + std::to_string(b + n) + ", block" +
            std::to_string(b + 1) + "\nblock" + std::to_string(b + n) + ":\n  jump block" + std::to_string(3 * n) +
            "\n";
  text += "block" + std::to_string(n) + ":\n  return\nblock" + std::to_string(3 * n) + ":\n  return\n";
  Function fn;
  REQUIRE(parse(text, fn).has_value());
  Cfg cfg;
  Dominators dominators;
  cfg.compute(fn);
  dominators.compute(fn, cfg);
  CHECK(dominators.idom(Block{3 * n}) == Block{1});
  CHECK(dominators.depth(Block{n}) == n);
}
