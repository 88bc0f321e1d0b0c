// Mutations of binary and text inputs, drawn from a seeded generator: the same seed gives the same inputs.
#pragma once

#include "base/types.hh"

#include <span>
#include <string>
#include <vector>

namespace trapeze::fuzz {

/// SplitMix64: small, seedable by any number, good enough to choose mutations.
class Random {
public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() {
    u64 z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  u64 below(u64 bound) { return bound == 0 ? 0 : next() % bound; }

private:
  u64 state_;
};

/// A few byte-level changes; `other` gives material to splice in.
std::vector<u8> mutate_binary(std::span<const u8> input, std::span<const u8> other, Random &random);

/// A few token-level changes: numbers, keywords and parenthesised groups replaced, doubled, moved, dropped.
std::string mutate_text(std::string_view input, std::string_view other, Random &random);

} // namespace trapeze::fuzz
