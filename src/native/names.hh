// C identifiers for WebAssembly's names, which are any text: `__cxa_throw`, `0`, ``, `naïve`, `a.b` beside `a-b`,
// `int`.
//
// The rule, for the user to predict it (docs/embedding.md): the prefix keeps keywords, digits in front and other
// modules apart. Behind it letters and digits of ASCII stay, any run of other characters becomes one `_`, none at
// either end. What is then empty is called by its kind. Of several that become the same, one whose name was an
// identifier as it stood comes first, then the order of the module; later ones get `_2`, `_3`, ... So a plain name
// never changes because a strange one appears, and no identifier has two underscores in a row or begins with one, which
// C++ reserves.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trapeze::native {

class Names {
public:
  /// `prefix` is an identifier.
  explicit Names(std::string prefix) : prefix_(std::move(prefix)) {}

  /// Takes an identifier, prefix included, for the header's own use.
  void reserve(std::string identifier) { taken_.insert(std::move(identifier)); }

  struct Wish {
    std::string kind; ///< goes between prefix and name: `memory`, `define`; may be empty
    std::string name; ///< as WebAssembly has it
    std::string when_empty;
    /// What is made of the identifier and has to be free too: `_results`.
    std::vector<std::string> suffixes = {};
  };
  /// An identifier for each, in their order, without two that are equal.
  std::vector<std::string> give(const std::vector<Wish> &wishes);

private:
  std::string prefix_;
  std::set<std::string> taken_;
  std::unordered_map<std::string, unsigned> next_; ///< number to try for a name; those below are taken
};

/// The middle part alone: `a-b.c` is a_b_c.
std::string plain(std::string_view name);

} // namespace trapeze::native
