#include "mutate.hh"

#include <algorithm>
#include <array>
#include <string_view>

namespace trapeze::fuzz {
namespace {

constexpr std::array<u8, 12> interesting_bytes{0x00, 0x01, 0x0b, 0x1f, 0x40, 0x70, 0x7f, 0x80, 0xfc, 0xfe, 0xff, 0x06};

constexpr std::array<std::string_view, 16> interesting_words{
    "0",        "-1",   "0x7fffffff",     "0xffffffff", "0xffffffffffffffff",
    "nan:0x1",  "-inf", "(ref null exn)", "$missing",   "unreachable",
    "(drop)",   "i64",  "funcref",        "\"\\ff\"",   "offset=0x100000000",
    "throw_ref"};

void change_bytes(std::vector<u8> &bytes, std::span<const u8> other, Random &random) {
  usize at = random.below(bytes.size());
  usize length = 1 + random.below(std::min<usize>(bytes.size() - at, 1 + random.below(64)));
  switch (random.below(7)) {
  case 0:
    bytes[at] ^= static_cast<u8>(1u << random.below(8));
    break;
  case 1:
    bytes[at] = interesting_bytes[random.below(interesting_bytes.size())];
    break;
  case 2:
    bytes[at] = static_cast<u8>(bytes[at] + 1 - 2 * random.below(2));
    break;
  case 3:
    bytes.erase(bytes.begin() + static_cast<long>(at), bytes.begin() + static_cast<long>(at + length));
    break;
  case 4: {
    std::vector<u8> copy(bytes.begin() + static_cast<long>(at), bytes.begin() + static_cast<long>(at + length));
    bytes.insert(bytes.begin() + static_cast<long>(random.below(bytes.size())), copy.begin(), copy.end());
    break;
  }
  case 5:
    if (!other.empty()) {
      usize from = random.below(other.size());
      usize count = std::min<usize>(other.size() - from, length);
      bytes.insert(bytes.begin() + static_cast<long>(at), other.begin() + static_cast<long>(from),
                   other.begin() + static_cast<long>(from + count));
    }
    break;
  default:
    bytes.resize(at);
    break;
  }
}

bool is_word(char c) { return c > ' ' && c != '(' && c != ')' && c != '"' && c != ';'; }

/// The word around `at`, as [begin, end); empty on a separator.
std::pair<usize, usize> word_at(const std::string &text, usize at) {
  usize begin = at, end = at;
  while (begin > 0 && is_word(text[begin - 1]))
    --begin;
  while (end < text.size() && is_word(text[end]))
    ++end;
  return {begin, end};
}

/// The parenthesised group that opens at or before `at`.
std::pair<usize, usize> group_at(std::string_view text, usize at) {
  usize begin = text.rfind('(', at);
  if (begin == std::string_view::npos)
    return {at, at};
  usize depth = 0;
  for (usize i = begin; i < text.size(); ++i) {
    depth += text[i] == '(';
    if (text[i] == ')' && --depth == 0)
      return {begin, i + 1};
  }
  return {begin, begin};
}

void change_text(std::string &text, std::string_view other, Random &random) {
  usize at = random.below(text.size());
  auto [word, word_end] = word_at(text, at);
  auto [group, group_end] = group_at(text, at);
  switch (random.below(7)) {
  case 0:
    text.replace(word, word_end - word, interesting_words[random.below(interesting_words.size())]);
    break;
  case 1: {
    auto [from, to] = word_at(text, random.below(text.size()));
    text.replace(word, word_end - word, std::string(text, from, to - from));
    break;
  }
  case 2:
    text.erase(group, group_end - group);
    break;
  case 3:
    text.insert(group_end, " " + std::string(text, group, group_end - group));
    break;
  case 4: {
    auto [from, to] = group_at(text, random.below(text.size()));
    text.replace(group, group_end - group, std::string(text, from, to - from));
    break;
  }
  case 5:
    if (!other.empty()) {
      auto [from, to] = group_at(other, random.below(other.size()));
      text.insert(group_end, " " + std::string(other.substr(from, to - from)));
    }
    break;
  default:
    text[at] = static_cast<char>(random.next());
    break;
  }
}

} // namespace

std::vector<u8> mutate_binary(std::span<const u8> input, std::span<const u8> other, Random &random) {
  std::vector<u8> bytes(input.begin(), input.end());
  for (u64 n = 1 + random.below(4); n > 0 && !bytes.empty(); --n)
    change_bytes(bytes, other, random);
  return bytes;
}

std::string mutate_text(std::string_view input, std::string_view other, Random &random) {
  std::string text(input);
  for (u64 n = 1 + random.below(4); n > 0 && !text.empty() && text.size() < 1 << 20; --n)
    change_text(text, other, random);
  return text;
}

} // namespace trapeze::fuzz
