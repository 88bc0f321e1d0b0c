// Dense vectors indexed by a strong id (`enum class Inst : u32 {}`): IdVec owns the rows of an entity,
// SideVec annotates it (grows on write, reads the default beyond its end). clear() keeps the storage,
// so a workspace is reused from function to function without a malloc.
#pragma once

#include "base/assert.hh"
#include "base/types.hh"

#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace trapeze::base {

template <typename Id> constexpr u32 index_of(Id id) { return static_cast<u32>(id); }

/// The id that stands for "none". Every id type has it; it never indexes.
template <typename Id> constexpr Id none_id() { return static_cast<Id>(~u32{0}); }

template <typename Id> constexpr bool is_none(Id id) { return id == none_id<Id>(); }

template <typename Id, typename T> class IdVec {
public:
  Id push(T row) {
    rows_.push_back(std::move(row));
    return static_cast<Id>(rows_.size() - 1);
  }
  T &operator[](Id id) {
    ASSERT_SLOW(index_of(id) < rows_.size());
    return rows_[index_of(id)];
  }
  const T &operator[](Id id) const {
    ASSERT_SLOW(index_of(id) < rows_.size());
    return rows_[index_of(id)];
  }
  u32 size() const { return static_cast<u32>(rows_.size()); }
  bool empty() const { return rows_.empty(); }
  void clear() { rows_.clear(); }
  void resize(u32 n, T value = {}) { rows_.resize(n, value); }
  void reserve(u32 n) { rows_.reserve(n); }
  Id next_id() const { return static_cast<Id>(rows_.size()); }
  bool contains(Id id) const { return index_of(id) < rows_.size(); }
  auto begin() { return rows_.begin(); }
  auto end() { return rows_.end(); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }
  std::span<T> span() { return rows_; }
  std::span<const T> span() const { return rows_; }

private:
  std::vector<T> rows_;
};

template <typename Id, typename T> class SideVec {
  static_assert(!std::is_same_v<T, bool>, "use u8: vector<bool> has no references");

public:
  explicit SideVec(T default_value = {}) : default_(std::move(default_value)) {}

  T &operator[](Id id) {
    if (index_of(id) >= rows_.size())
      rows_.resize(index_of(id) + 1, default_);
    return rows_[index_of(id)];
  }
  const T &operator[](Id id) const { return index_of(id) < rows_.size() ? rows_[index_of(id)] : default_; }
  void clear() { rows_.clear(); }
  void resize(u32 n) { rows_.resize(n, default_); }

private:
  std::vector<T> rows_;
  T default_;
};

/// A run of rows in a pool.
struct PoolRange {
  u32 first = 0;
  u32 count = 0;
};

/// All ids of an IdVec, for range-for: `for (Block b : ids(function.blocks))`.
template <typename Id> class IdRange {
public:
  explicit IdRange(u32 count) : count_(count) {}
  struct Iterator {
    u32 i;
    Id operator*() const { return static_cast<Id>(i); }
    Iterator &operator++() {
      ++i;
      return *this;
    }
    bool operator==(const Iterator &) const = default;
  };
  Iterator begin() const { return {0}; }
  Iterator end() const { return {count_}; }

private:
  u32 count_;
};

template <typename Id, typename T> IdRange<Id> ids(const IdVec<Id, T> &vec) { return IdRange<Id>(vec.size()); }

} // namespace trapeze::base
