#include "llvm_reader.hh"

#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/DebugInfo/DWARF/DWARFDebugFrame.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>

namespace trapeze::test {
namespace {

using image::CfiRow;
using image::CfiRule;
using llvm::dwarf::UnwindLocation;

CfiRule rule_of(const llvm::dwarf::RegisterLocations &registers, u32 reg) {
  std::optional<UnwindLocation> found = registers.getRegisterLocation(reg);
  if (!found || found->getLocation() == UnwindLocation::Same || found->getLocation() == UnwindLocation::Unspecified)
    return {};
  if (found->getLocation() == UnwindLocation::CFAPlusOffset &&
      *found == UnwindLocation::createAtCFAPlusOffset(found->getOffset()))
    return {CfiRule::AtCfa, found->getOffset()};
  return {CfiRule::Other};
}

bool rows_of(const llvm::dwarf::FDE &fde, std::vector<CfiRow> &out, std::string &fault) {
  llvm::Expected<llvm::dwarf::UnwindTable> table = llvm::dwarf::createUnwindTable(&fde);
  if (!table) {
    fault = llvm::toString(table.takeError());
    return false;
  }
  for (const llvm::dwarf::UnwindRow &row : *table) {
    const UnwindLocation &cfa = row.getCFAValue();
    CfiRow r{.pc = row.getAddress(),
             .has_cfa = cfa.getLocation() == UnwindLocation::RegPlusOffset,
             .cfa_register = static_cast<u8>(cfa.getRegister()),
             .cfa_offset = cfa.getOffset()};
    for (u32 reg = 0; reg < image::dwarf_register_count; ++reg)
      r.registers[reg] = rule_of(row.getRegisterLocations(), reg);
    out.push_back(r);
  }
  return true;
}

} // namespace

bool read_with_llvm(std::span<const u8> object, std::vector<image::CfiFunction> &out, std::string &fault) {
  auto note = [&](llvm::Error error) { fault = llvm::toString(std::move(error)); };
  llvm::MemoryBufferRef buffer({reinterpret_cast<const char *>(object.data()), object.size()}, "object");
  auto file = llvm::object::ObjectFile::createObjectFile(buffer);
  if (!file) {
    note(file.takeError());
    return false;
  }
  auto context =
      llvm::DWARFContext::create(**file, llvm::DWARFContext::ProcessDebugRelocations::Process, nullptr, "", note, note);
  auto frames = context->getEHFrame();
  if (!frames) {
    note(frames.takeError());
    return false;
  }
  for (const llvm::dwarf::FrameEntry &entry : **frames) {
    const auto *fde = llvm::dyn_cast<llvm::dwarf::FDE>(&entry);
    if (fde == nullptr)
      continue;
    const llvm::dwarf::CIE *cie = fde->getLinkedCIE();
    image::CfiFunction f{.begin = fde->getInitialLocation(),
                         .end = fde->getInitialLocation() + fde->getAddressRange(),
                         .has_personality = cie->getPersonalityAddress().has_value(),
                         .lsda = fde->getLSDAAddress().value_or(0)};
    if (!rows_of(*fde, f.rows, fault))
      return false;
    out.push_back(std::move(f));
  }
  return fault.empty();
}

} // namespace trapeze::test
