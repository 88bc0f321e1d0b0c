// The region's memory, its look-ups, and its two FDEs (DWARF 5, section 6.4; LSB, "Exception Frames").
#include "region.hh"
#include "unwinding.hh"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>

extern "C" {
extern const trapeze::u8 spike_begin[], spike_end[], spike_enter_end[];
struct SpikeRow {
  trapeze::u32 return_offset, pad, system_pad, tag, mask, slot;
};
extern const SpikeRow spike_rows[], spike_rows_end[];
void __register_frame(void *);
void __deregister_frame(void *);
}

namespace trapeze::spike {

static constexpr size_t region_size = 1 << 24;

Region::Region() {
  base_ = static_cast<u8 *>(mmap(nullptr, region_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (base_ == MAP_FAILED)
    abort();
  used_ = u32(spike_end - spike_begin);
  memcpy(base_, spike_begin, used_);
  for (const SpikeRow *row = spike_rows; row != spike_rows_end; ++row) {
    i32 place = row->slot ? -16 : -8;
    SavedRegisters saved;
    saved.at[2] = row->slot ? -8 : 0;
    constexpr u32 order[] = {0, 1, 3, 4};
    for (u32 i = 0; i < 4; ++i)
      if (row->mask >> i & 1)
        saved.at[order[i]] = place, place -= 8;
    own_saved_[row->return_offset] = saved;
    add(Site{row->return_offset - 1, row->return_offset, row->pad, row->system_pad, row->tag, 0, row->slot ? -8 : 0});
  }
}

Region::~Region() {
  if (!frames_.empty())
    __deregister_frame(frames_.data());
  munmap(base_, region_size);
}

u8 *Region::own(const void *symbol) const { return base_ + (static_cast<const u8 *>(symbol) - spike_begin); }

u32 Region::append(const u8 *code, size_t size) {
  used_ = (used_ + 63) & ~63u;
  memcpy(base_ + used_, code, size);
  u32 offset = used_;
  used_ += u32(size);
  return offset;
}

void Region::add(const Site &site) {
  if (site.end - site.begin != 1) {
    ranges_.push_back(site);
    return;
  }
  u32 i = hash(site.end);
  while (exact_[i].end)
    i = (i + 1) & 4095;
  exact_[i] = site;
}

const Function *Region::function(u32 return_offset) const {
  for (const Function &f : functions_)
    if (return_offset > f.begin && return_offset <= f.end)
      return &f;
  return nullptr;
}

const Site *Region::site(u32 return_offset) const {
  for (u32 i = hash(return_offset); exact_[i].end; i = (i + 1) & 4095)
    if (exact_[i].end == return_offset)
      return &exact_[i];
  for (const Site &site : ranges_)
    if (return_offset > site.begin && return_offset <= site.end)
      return &site;
  return nullptr;
}

SavedRegisters Region::saved(u32 return_offset) const {
  if (const Function *f = function(return_offset))
    return f->saved;
  auto found = own_saved_.find(return_offset);
  return found == own_saved_.end() ? SavedRegisters{} : found->second;
}

bool Region::expects_registers(u32 return_offset) const {
  const Function *f = function(return_offset);
  return f && f->expects_registers;
}

namespace {
template <typename T> void put(std::vector<u8> &out, T value) {
  const u8 *bytes = reinterpret_cast<const u8 *>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}
/// Fills in the length of the entry that starts at `start`, padded with DW_CFA_nop.
void finish(std::vector<u8> &out, size_t start) {
  while ((out.size() - start) % 8 != 4)
    out.push_back(0);
  u32 length = u32(out.size() - start - 4);
  memcpy(out.data() + start, &length, 4);
}
void fde(std::vector<u8> &out, const u8 *begin, u64 size, std::initializer_list<u8> instructions) {
  size_t start = out.size();
  put<u32>(out, 0);
  put<u32>(out, u32(out.size())); // distance back to the CIE at offset 0
  put<u64>(out, u64(begin));
  put<u64>(out, size);
  out.push_back(0); // no augmentation data
  out.insert(out.end(), instructions);
  finish(out, start);
}
} // namespace

void Region::write_frames() {
  put<u32>(frames_, 0);
  put<u32>(frames_, 0); // CIE
  frames_.push_back(1);
  for (char c : {'z', 'P', 'R', '\0'})
    frames_.push_back(u8(c));
  for (u8 b : {1, 0x78, 16, 10, 0}) // code alignment 1, data alignment -8, return address 16, 10 bytes, absptr
    frames_.push_back(b);
  put<u64>(frames_, u64(reinterpret_cast<void *>(&spike_personality)));
  frames_.push_back(0);                                 // addresses are absolute
  for (u8 b : {0x0c, 6, 16, 0x80 | 6, 2, 0x80 | 16, 1}) // CFA = rbp + 16; rbp at CFA - 16; return address at CFA - 8
    frames_.push_back(b);
  finish(frames_, 0);
  u64 border = u64(spike_enter_end - spike_begin);
  fde(frames_, base_, border, {0x80 | 3, 3, 0x80 | 12, 4, 0x80 | 13, 5, 0x80 | 14, 6, 0x80 | 15, 7});
  fde(frames_, base_ + border, region_size - border, {});
  put<u32>(frames_, 0);
}

void Region::publish() {
  if (mprotect(base_, region_size, PROT_READ | PROT_EXEC))
    abort();
  write_frames();
  __register_frame(frames_.data());
}

} // namespace trapeze::spike
