// Where cells of C stand in a call area (trapeze.hh, detail::CallArea): every number takes 8 bytes there, a v128 16.
#pragma once

#include "trapeze/native.h"
#include "trapeze/trapeze.hh"

#include <algorithm>
#include <memory>

namespace trapeze::native {

struct Layout {
  std::size_t params = 0, results = 0;
  std::size_t cells = 0, area_size = 0; ///< how many for both, and in bytes what a call area takes
  std::vector<detail::Place> places;    ///< of parameters, then results
  std::vector<std::uint8_t> is_wide;    ///< likewise: a v128

  Layout() = default;
  explicit Layout(const FuncType &type) : params(type.params.size()), results(type.results.size()) {
    for (const std::vector<ValType> *types : {&type.params, &type.results})
      for (ValType t : *types)
        is_wide.push_back(t.kind == ValKind::V128);
    places.resize(is_wide.size());
    cells = std::max(params, results);
    using Area = detail::CallArea<0, 0>;
    const std::size_t more_params = std::max(params, Area::param_registers) - Area::param_registers;
    const std::size_t more_results = std::max(results, Area::result_registers) - Area::result_registers;
    area_size = Area::registers + 16 * std::max(more_params, more_results);
  }

  /// Values `from` to `to` (of params + results) into the area, or out of it; cells from `cells` on.
  void put(unsigned char *area, const trapeze_native_cell *cells, std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < to; ++i)
      copy(area + places[i], cells++->v128, is_wide[i]);
  }
  void take(const unsigned char *area, trapeze_native_cell *cells, std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < to; ++i)
      copy(cells++->v128, area + places[i], is_wide[i]);
  }

private:
  static void copy(unsigned char *to, const unsigned char *from, bool wide) {
    std::memcpy(to, from, 8);
    if (wide)
      std::memcpy(to + 8, from + 8, 8);
  }
};

/// `Size` bytes on the stack, or more from the heap.
template <std::size_t Size> class Buffer {
public:
  explicit Buffer(std::size_t size) {
    if (size > Size)
      large_ = std::make_unique_for_overwrite<Chunk[]>((size + sizeof(Chunk) - 1) / sizeof(Chunk));
  }
  unsigned char *data() { return large_ ? large_[0].bytes : small_; }

private:
  struct alignas(16) Chunk {
    unsigned char bytes[16];
  };
  alignas(16) unsigned char small_[Size];
  std::unique_ptr<Chunk[]> large_;
};

} // namespace trapeze::native
