// Registration with libgcc and LLVM libunwind. The section of a region, x86-64:
//
//   CIE  length, 0, version 1, "zP", code align 1, data align -8, return address column 16,
//        augmentation size, personality (absptr),
//        DW_CFA_def_cfa rbp+16, DW_CFA_offset rbp at cfa-16, DW_CFA_offset ra at cfa-8
//   FDE  length, distance to the CIE, first pc, size (both absptr), augmentation size 0
//   0    four bytes: the end
#include "unwind/registration.hh"

#include "unwind/code_map.hh"
#include "unwind/log.hh"
#include "unwind/personality.hh"

#include <cstring>
#include <dlfcn.h>
#include <memory>
#include <unwind.h>

// Only libgcc has it. The linked one counts if it is of the same object as the unwinder that is bound: in a process
// with libunwind in front it is not.
extern "C" [[gnu::weak]] void __register_frame_info(const void *section, void *record);
using RegisterFrameInfo = void (*)(const void *section, void *record);
using RegisterFrame = void (*)(const void *section_or_fde);

namespace trapeze::unwind {

namespace {

constexpr u8 cfa_nop = 0x00, cfa_def_cfa = 0x0c, cfa_offset = 0x80;
constexpr u8 dwarf_rbp = 6, dwarf_return_address = 16;

/// Stays at its address for ever. libgcc's record is 6 words in every version; it gets 16.
struct RegionSection {
  u8 bytes[128] = {};
  u32 fde = 0; ///< offset
  u64 record[16] = {};
};

class Writer {
public:
  explicit Writer(u8 *out) : out_(out) {}
  u32 at() const { return at_; }
  template <typename T> void put(T value) {
    std::memcpy(out_ + at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void text(const char *s) {
    for (; *s != '\0'; ++s)
      put(*s);
    put('\0');
  }
  /// Pads what began at `start` to a multiple of 8 and sets its length field.
  void end_record(u32 start) {
    while ((at_ - start) % 8 != 4)
      put(cfa_nop);
    u32 length = at_ - start - 4;
    std::memcpy(out_ + start, &length, 4);
  }

private:
  u8 *out_;
  u32 at_ = 0;
};

void write_section(RegionSection &section, u64 base, u64 size) {
  Writer w(section.bytes);
  w.put(u32{0});
  w.put(u32{0});
  w.put(u8{1});
  w.text("zP");
  w.put(u8{1});
  w.put(u8{0x78}); // -8
  w.put(dwarf_return_address);
  w.put(u8{9}); // size of the augmentation: encoding and address
  w.put(u8{0}); // DW_EH_PE_absptr
  w.put(reinterpret_cast<u64>(&trapeze_personality));
  for (u8 byte : {cfa_def_cfa, dwarf_rbp, u8{16}, static_cast<u8>(cfa_offset | dwarf_rbp), u8{2},
                  static_cast<u8>(cfa_offset | dwarf_return_address), u8{1}})
    w.put(byte);
  w.end_record(0);
  u32 fde = section.fde = w.at();
  w.put(u32{0});
  w.put(u32{fde + 4}); // back from this field to the CIE
  w.put(base);
  w.put(size);
  w.put(u8{0});
  w.end_record(fde);
  w.put(u32{0});
}

struct Binding {
  BoundUnwinder unwinder;
  RegisterFrameInfo register_section = nullptr;
  RegisterFrame register_fde = nullptr;
};

/// A function of the object that begins at `base`, if it is the one that a call by this name would reach. Objects are
/// not opened for it: dlopen would warn wherever a static executable is linked.
void *function_of(const void *base, const char *name, const char *symbol_version = nullptr) {
  void *at = symbol_version != nullptr ? dlvsym(RTLD_DEFAULT, name, symbol_version) : dlsym(RTLD_DEFAULT, name);
  Dl_info found;
  return at != nullptr && dladdr(at, &found) != 0 && found.dli_fbase == base ? at : nullptr;
}

/// What version of libgcc, as far as its exports tell: GCC 13 brought the b-tree of registered frames and, on x86,
/// conversions of __bf16.
std::string libgcc_version(const Dl_info &object) {
  if (std::strstr(object.dli_fname, "libgcc_s") == nullptr)
    return "libgcc, linked in";
  return function_of(object.dli_fbase, "__truncsfbf2", "GCC_13.0.0") != nullptr ? "libgcc >= 13" : "libgcc <= 12";
}

/// Sanitizers wrap _Unwind_RaiseException, so another function of the unwinder says where the calls go.
Binding find_unwinder() {
  Dl_info unwinder, linked;
  void *own = reinterpret_cast<void *>(&__register_frame_info);
  if (dladdr(reinterpret_cast<void *>(&_Unwind_GetLanguageSpecificData), &unwinder) == 0) {
    if (own != nullptr) // a static executable: its unwinder is the one it has
      return {{Unwinder::Libgcc, "", "libgcc, linked in"}, &__register_frame_info};
    return {{Unwinder::Unknown, "", ""}};
  }
  if (own != nullptr && dladdr(own, &linked) != 0 && linked.dli_fbase == unwinder.dli_fbase)
    return {{Unwinder::Libgcc, unwinder.dli_fname, libgcc_version(unwinder)}, &__register_frame_info};
  if (function_of(unwinder.dli_fbase, "__unw_add_dynamic_fde") != nullptr)
    return {{Unwinder::LlvmLibunwind, unwinder.dli_fname, "LLVM libunwind"},
            nullptr,
            reinterpret_cast<RegisterFrame>(function_of(unwinder.dli_fbase, "__register_frame"))};
  return {{Unwinder::Unknown, unwinder.dli_fname, ""}};
}

const Binding &binding() {
  static const Binding *found = new Binding(find_unwinder()); // other threads may ask while the process exits
  return *found;
}

bool hand_over(RegionSection &section) {
  if (RegisterFrameInfo take = binding().register_section)
    take(section.bytes, section.record);
  else if (RegisterFrame take = binding().register_fde)
    take(section.bytes + section.fde);
  else
    return false;
  return true;
}

} // namespace

const BoundUnwinder &bound_unwinder() { return binding().unwinder; }

bool register_region(u64 base, u64 size) {
  auto section = std::make_unique<RegionSection>();
  write_section(*section, base, size);
  bool is_registered = hand_over(*section);
  if (logs_eh)
    log_line("register 0x%llx+0x%llx: 1 FDE, personality %p, no LSDA, %s (%s)%s", static_cast<unsigned long long>(base),
             static_cast<unsigned long long>(size), reinterpret_cast<void *>(&trapeze_personality),
             bound_unwinder().version.c_str(), bound_unwinder().path.c_str(), is_registered ? "" : ": refused");
  if (is_registered)
    section.release(); // the unwinder's now
  return is_registered;
}

} // namespace trapeze::unwind
