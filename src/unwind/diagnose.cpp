// Walks once more with _Unwind_Backtrace, which asks no personality, and reads the last frame's CIE. LSB, Exception
// Frames: {u32 length, u32 id, u8 version, augmentation string, ...}; an FDE's second word is the distance to its CIE.
#include "unwind/diagnose.hh"

#include "unwind/code_map.hh"
#include "unwind/frame.hh"
#include "unwind/log.hh"
#include "unwind/personality.hh"
#include "unwind/walk.hh"

#include <cstring>
#include <dlfcn.h>
#include <fmt/format.h>

namespace trapeze::unwind {

namespace {

// libgcc's and libunwind's, in no header.
struct Bases {
  void *text, *data, *function;
};
using FindFde = const u8 *(*)(void *pc, Bases *bases);

struct Walk {
  UnwindEnd &end;
  u64 fp = 0; ///< of the last frame
};

_Unwind_Reason_Code visit(_Unwind_Context *context, void *data) {
  auto &walk = *static_cast<Walk *>(data);
  walk.end.pc = _Unwind_GetIP(context);
  ++walk.end.frames;
  walk.fp = frame_pointer(context);
  return _URC_NO_REASON;
}

const u8 *fde_of(u64 pc) {
  auto find = reinterpret_cast<FindFde>(dlsym(RTLD_DEFAULT, "_Unwind_Find_FDE"));
  Bases bases{};
  return find == nullptr ? nullptr : find(reinterpret_cast<void *>(pc - 1), &bases);
}

u64 skip_leb(const u8 *&at) {
  u64 value = 0;
  for (u32 shift = 0;; shift += 7) {
    u8 byte = *at++;
    value |= u64{byte & 0x7fu} << shift;
    if (byte < 0x80)
      return value;
  }
}

/// The personality that an FDE's CIE names, 0: none. Encodings that we and our assembler write.
u64 personality_of(const u8 *fde) {
  u32 distance;
  std::memcpy(&distance, fde + 4, 4);
  const u8 *cie = fde + 4 - distance;
  auto text = reinterpret_cast<const char *>(cie + 9);
  if (std::strchr(text, 'P') == nullptr)
    return 0;
  const u8 *at = cie + 9 + std::strlen(text) + 1;
  skip_leb(at);
  skip_leb(at);
  skip_leb(at); // return address column
  skip_leb(at); // size of the augmentation
  for (const char *c = text + 1; *c != 'P'; ++c)
    ++at;
  u8 encoding = *at++;
  i32 relative;
  u64 address;
  if (encoding == 0x00) {
    std::memcpy(&address, at, 8);
    return address;
  }
  std::memcpy(&relative, at, 4);
  address = reinterpret_cast<u64>(at) + static_cast<u64>(i64{relative});
  if (encoding == 0x9b) // indirect
    std::memcpy(&address, reinterpret_cast<const void *>(address), 8);
  return address;
}

} // namespace

UnwindEnd diagnose(_Unwind_Reason_Code code) {
  UnwindEnd end{code};
  Walk walk{end};
  _Unwind_Backtrace(visit, &walk);
  const u8 *fde = fde_of(end.pc);
  // libgcc shows the frame that it cannot leave, LLVM libunwind stops before it.
  if (fde != nullptr && walk.fp != 0)
    if (u64 next = caller_of(walk.fp).pc; next != 0 && fde_of(next) == nullptr) {
      end.pc = next;
      ++end.frames;
      fde = nullptr;
    }
  end.has_fde = fde != nullptr;
  if (fde != nullptr) {
    u64 personality = personality_of(fde);
    end.is_ours = personality == reinterpret_cast<u64>(&trapeze_personality) ||
                  personality == reinterpret_cast<u64>(&trapeze_border_personality);
  }
  if (logs_eh)
    log_line("%s", explain(end).c_str());
  return end;
}

std::string explain(const UnwindEnd &end) {
  return fmt::format("the system's unwinder found no handler (code {}): it ended after {} frames at pc 0x{:x}, {}, {}",
                     static_cast<int>(end.code), end.frames, end.pc,
                     CodeMap::get().find(end.pc - 1) != nullptr ? "which is Wasm code" : "which is not Wasm code",
                     !end.has_fde  ? "for which it has no FDE"
                     : end.is_ours ? "whose CIE names our personality"
                                   : "whose CIE does not name our personality");
}

} // namespace trapeze::unwind
