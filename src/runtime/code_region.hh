// Where published code lives: reserved regions of 2 GiB, handed out in granules of 64 KiB, shared by all engines of
// the process because a fault does not say which engine it belongs to. Pages are writable while code is copied in,
// then executable; never both. Code in a file is mapped, not copied; code in the executable stays where it is, and is
// copied only if it is in use already (another engine) or the map is full.
#pragma once

#include "base/result.hh"
#include "image/program.hh"
#include "unwind/code_map.hh"

#include <mutex>
#include <vector>

namespace trapeze::runtime {

class CodeRegions {
public:
  static CodeRegions &get();
  /// Places the program's code, sets loaded.base and loaded.size, and enters it into the map; `loaded` is complete
  /// otherwise.
  Result<void> publish(const image::Program &program, unwind::LoadedImage &loaded);
  /// No thread is in the code any more.
  void drop(const unwind::LoadedImage &loaded);
  /// Granules in use now; for tests.
  u32 granules_in_use() const;
  /// What is published next takes the place of what was dropped last, so that stale look-ups show; for tests.
  void reuse_at_once(bool on);

private:
  struct Space {
    unwind::Region *region;
    std::vector<bool> taken;
    u32 next = 0; ///< where the next search starts
    u32 in_use = 0;
  };
  static bool publish_in_place(const image::Program &program, unwind::LoadedImage &loaded);
  /// First granule of a free run in `space`, or ~0.
  static u32 find_run(const Space &space, u32 count);
  u8 *take(u32 count);
  Space *add_space();
  void drop_locked(const unwind::LoadedImage &loaded);
  Space *space_of(const u8 *base);

  mutable std::mutex mutex_;
  std::vector<Space> spaces_;
  bool reuses_at_once_ = false;
};

} // namespace trapeze::runtime
