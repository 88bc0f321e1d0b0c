#include "wasi/guest.hh"

#include "base/byte_reader.hh"

#include <climits>

namespace trapeze::wasi {

std::string Guest::path(u32 address, u32 size) const {
  std::span<const u8> raw = bytes(address, size);
  std::string text(reinterpret_cast<const char *>(raw.data()), raw.size());
  if (!base::is_utf8({reinterpret_cast<const u8 *>(text.data()), text.size()}))
    throw Failure{Errno::IlSeq};
  if (text.find('\0') != std::string::npos)
    throw Failure{Errno::Inval};
  if (text.size() >= PATH_MAX)
    throw Failure{Errno::NameTooLong};
  return text;
}

std::vector<iovec> Guest::buffers(u32 iovs, u32 count) const {
  bytes(iovs, u64{count} * 8);
  std::vector<iovec> list;
  list.reserve(count < IOV_MAX ? count : IOV_MAX);
  for (u32 i = 0; i < count; ++i) {
    std::span<u8> buffer = bytes(read<u32>(iovs + i * 8), read<u32>(iovs + i * 8 + 4));
    if (list.size() < IOV_MAX)
      list.push_back({buffer.data(), buffer.size()});
  }
  return list;
}

} // namespace trapeze::wasi
