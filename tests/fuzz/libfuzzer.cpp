// Entry for libFuzzer (clang): one byte pattern decides between binary and text, as for the engine itself.
#include "inputs.hh"

#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
  if (size >= 4 && std::memcmp(data, "\0asm", 4) == 0)
    trapeze::fuzz::try_binary({data, size});
  else
    trapeze::fuzz::try_text({reinterpret_cast<const char *>(data), size});
  return 0;
}
