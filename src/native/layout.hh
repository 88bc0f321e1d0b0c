// Where cells of C stand in a call area (trapeze.hh, detail::CallArea): every number takes 8 bytes there, a v128 16.
#pragma once

#include "trapeze/native.h"
#include "trapeze/trapeze.hh"

#include <algorithm>
#include <memory>

namespace trapeze::native {

struct Layout {
  std::size_t params = 0, results = 0;
  std::vector<detail::Place> places; ///< of parameters, then results
  std::vector<std::uint8_t> widths;  ///< likewise

  Layout() = default;
  explicit Layout(const FuncType &type) : params(type.params.size()), results(type.results.size()) {
    for (const std::vector<ValType> *types : {&type.params, &type.results})
      for (ValType t : *types)
        widths.push_back(t.kind == ValKind::V128 ? 16 : 8);
    places.resize(widths.size());
  }

  std::size_t cells() const { return std::max(params, results); }
  std::size_t area_size() const {
    using Area = detail::CallArea<0, 0>;
    const std::size_t more_params = std::max(params, Area::param_registers) - Area::param_registers;
    const std::size_t more_results = std::max(results, Area::result_registers) - Area::result_registers;
    return Area::registers + 16 * std::max(more_params, more_results);
  }
  /// Values `from` to `to` (of params + results) into the area, or out of it; cells from `cells` on.
  void put(unsigned char *area, const trapeze_native_cell *cells, std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < to; ++i)
      std::memcpy(area + places[i], cells++, widths[i]);
  }
  void take(const unsigned char *area, trapeze_native_cell *cells, std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < to; ++i)
      std::memcpy(cells++, area + places[i], widths[i]);
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
