#include "native/names.hh"

#include <algorithm>

namespace trapeze::native {

namespace {

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string joined(const std::string &front, const std::string &back) {
  return front.empty() || back.empty() ? front + back : front + "_" + back;
}

} // namespace

std::string plain(std::string_view name) {
  std::string out;
  bool gap = false;
  for (char c : name) {
    if (is_plain(c)) {
      if (gap && !out.empty())
        out += '_';
      out += c;
    }
    gap = !is_plain(c);
  }
  return out;
}

std::vector<std::string> Names::give(const std::vector<Wish> &wishes) {
  std::vector<std::string> out(wishes.size());
  auto is_free = [&](const Wish &wish, const std::string &identifier) {
    return !taken_.contains(identifier) &&
           std::ranges::none_of(wish.suffixes, [&](const std::string &s) { return taken_.contains(identifier + s); });
  };
  auto serve = [&](std::size_t i) {
    const Wish &wish = wishes[i];
    std::string middle = plain(wish.name);
    if (middle.empty())
      middle = wish.when_empty;
    const std::string wanted = joined(joined(prefix_, wish.kind), middle);
    std::string identifier = wanted;
    for (unsigned &number = next_.try_emplace(wanted, 2).first->second; !is_free(wish, identifier); ++number)
      identifier = wanted + "_" + std::to_string(number);
    taken_.insert(identifier);
    for (const std::string &suffix : wish.suffixes)
      taken_.insert(identifier + suffix);
    out[i] = identifier;
  };
  for (const bool as_it_stands : {true, false})
    for (std::size_t i = 0; i < wishes.size(); ++i)
      if ((plain(wishes[i].name) == wishes[i].name && !wishes[i].name.empty()) == as_it_stands)
        serve(i);
  return out;
}

} // namespace trapeze::native
