// Segments are laid out in a memory file in order, so that later ones win where they overlap, as when copied.
#include "runtime/data_image.hh"

#include "base/byte_reader.hh"

#include <algorithm>
#include <atomic>
#include <optional>

namespace trapeze::runtime {

namespace {

constexpr u64 least_size = 32 << 10; // below, copying is as fast as mapping and faulting
constexpr u32 most_images = 64;      // file descriptors are scarce
std::atomic<u32> live_images{0};

/// The value of `i32.const n end` or `i64.const n end`.
std::optional<u64> plain_offset(const wasm::ConstExpr &expr) {
  base::ByteReader reader(expr.bytes, expr.offset);
  u8 opcode = reader.u8_();
  u64 value = opcode == 0x41   ? static_cast<u32>(reader.leb_s32())
              : opcode == 0x42 ? static_cast<u64>(reader.leb_s64())
                               : (reader.set_error(0, ""), 0);
  if (reader.u8_() != 0x0b || reader.failed())
    return std::nullopt;
  return value;
}

struct Placed {
  const wasm::DataSegment *segment;
  u64 offset;
};

std::optional<std::vector<Placed>> place(const wasm::Module &module) {
  std::vector<Placed> placed;
  for (const wasm::DataSegment &segment : module.datas) {
    if (segment.mode != wasm::SegmentMode::Active)
      continue;
    const wasm::Memory &memory = module.memories[segment.memory];
    std::optional<u64> offset = plain_offset(segment.offset);
    if (memory.is_imported || memory.type.page_size_log2 != 16 || memory.type.limits.min > u64{1} << 32 || !offset)
      return std::nullopt;
    u64 size = memory.type.limits.min << 16;
    if (*offset > size || segment.bytes.size() > size - *offset)
      return std::nullopt;
    placed.push_back({&segment, *offset});
  }
  return placed;
}

std::unique_ptr<DataImage> write(const std::vector<Placed> &placed, u32 memory) {
  u64 end = 0;
  for (const Placed &p : placed)
    if (p.segment->memory == memory)
      end = std::max(end, p.offset + p.segment->bytes.size());
  if (end == 0)
    return nullptr;
  std::unique_ptr<os::SharedPages> pages = os::SharedPages::create(end);
  if (pages == nullptr)
    return nullptr;
  for (const Placed &p : placed)
    if (p.segment->memory == memory && !pages->write(p.offset, p.segment->bytes))
      return nullptr;
  return std::make_unique<DataImage>(std::move(pages));
}

} // namespace

DataImage::DataImage(std::unique_ptr<os::SharedPages> pages) : pages_(std::move(pages)) { ++live_images; }
DataImage::~DataImage() { --live_images; }

std::vector<std::unique_ptr<DataImage>> DataImage::build(const wasm::Module &module) {
  std::optional<std::vector<Placed>> placed = place(module);
  if (!placed)
    return {};
  u64 total = 0;
  for (const Placed &p : *placed)
    total += p.segment->bytes.size();
  if (total < least_size || live_images + module.memories.size() > most_images)
    return {};
  std::vector<std::unique_ptr<DataImage>> images(module.memories.size());
  for (u32 i = 0; i < images.size(); ++i) {
    images[i] = write(*placed, i);
    bool has_data = std::any_of(placed->begin(), placed->end(),
                                [i](const Placed &p) { return p.segment->memory == i && !p.segment->bytes.empty(); });
    if (images[i] == nullptr && has_data)
      return {}; // the system refused: segments are copied instead
  }
  return images;
}

} // namespace trapeze::runtime
