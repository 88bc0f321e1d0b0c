// Names of the bits.
#include "abi/cpu.hh"

namespace trapeze::abi {

std::string cpu_feature_names(u32 features) {
  static constexpr const char *names[] = {"SSE4.1", "POPCNT", "LZCNT", "BMI1", "BMI2"};
  std::string out;
  for (u32 bit = 0; bit < 32; ++bit)
    if (features >> bit & 1)
      out += (out.empty() ? "" : ", ") + (bit < std::size(names) ? names[bit] : "feature " + std::to_string(bit));
  return out;
}

} // namespace trapeze::abi
