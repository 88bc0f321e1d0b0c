// Compiles modules and checks the tables of the system's unwinder:   check_tables [--objects FOLDER] [--damage]
// MODULE...
//
//   .eh_frame, by our reader and by LLVM's, against the frames found in the machine code, at every instruction
//   .gcc_except_table against the rows it was written from, at every call
//
// --objects also writes each module as FOLDER/NAME.o, for readelf and its kin, and what a debugger needs of it as
// FOLDER/NAME.elf, the code at 0x10000000. --damage makes one epilogue's row and
// one clause wrong before anything is written: the checks must find both.
#include "frame_model.hh"
#include "llvm_reader.hh"

#include "compile/compile.hh"
#include "decode/decode.hh"
#include "image/lsda.hh"
#include "image/object.hh"
#include "text/text.hh"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>

using namespace trapeze;

namespace {

struct Totals {
  u64 modules = 0, functions = 0, pcs = 0, llvm_pcs = 0, calls = 0, pads = 0, failures = 0;
  u64 regions = 0, landing_pads = 0, clauses = 0, actions = 0;
  u64 compile_us = 0, lsda_us = 0, cfi_us = 0; ///< of the processor, all threads
};
Totals totals;
std::string current;

void fail(const std::string &text) {
  if (++totals.failures <= 20)
    fmt::print("FAIL {}: {}\n", current, text);
}

void check_frames(const image::CodeImage &image, const std::vector<image::CfiFunction> &read, const char *reader,
                  u64 &pcs) {
  if (read.size() != image.functions.size())
    return fail(fmt::format("{}: {} FDEs for {} functions", reader, read.size(), image.functions.size()));
  for (u32 row = 0; row < image.functions.size(); ++row) {
    const image::FunctionRow &f = image.functions[row];
    const image::CfiFunction &fde = read[row];
    if (fde.begin != f.code_offset || fde.end != fde.begin + f.code_size)
      fail(fmt::format("{}: function {}: range", reader, f.func));
    test::ModelResult model = test::model_frames(std::span(image.code).subspan(f.code_offset, f.text_size));
    if (!model.fault.empty())
      fail(fmt::format("function {}: the code itself: {}", f.func, model.fault));
    for (const auto &[offset, state] : model.states) {
      if (offset >= f.text_size)
        continue;
      ++pcs;
      const image::CfiRow *rule = fde.row_at(f.code_offset + offset);
      std::string wrong = rule == nullptr ? "no row" : test::disagreement(state, *rule);
      if (!wrong.empty())
        fail(fmt::format("{}: function {} +0x{:x}: {}", reader, f.func, offset, wrong));
    }
    for (const image::CfiRow &rule : fde.rows)
      if (u32 offset = static_cast<u32>(rule.pc) - f.code_offset;
          offset < f.text_size && !model.states.contains(offset))
        fail(fmt::format("{}: function {} +0x{:x}: a row inside an instruction", reader, f.func, offset));
  }
}

/// What the LSDA says of the call is what the rows say.
void check_call(const image::CodeImage &image, const image::CallSiteRow &call, const image::LsdaReader &lsda) {
  const image::FunctionRow &f = image.functions[call.function];
  image::LsdaCall found;
  const bool is_found = lsda.is_valid() && lsda.find(call.return_offset - 1 - f.code_offset, found);
  image::LsdaReader::Chain chain = lsda.chain(found.action);
  image::LsdaClause clause;
  bool has_clause = false;
  for (u32 r = call.region; r != image::no_region; r = image.regions[r].parent)
    for (u32 k = 0; k < image.regions[r].clause_count; ++k) {
      has_clause = true;
      const u32 index = image.regions[r].first_clause + k;
      if (is_found && (!chain.next(clause) || clause.tag != image.clauses[index].tag ||
                       clause.filter != index - image.regions[f.first_region].first_clause + 1))
        return fail(fmt::format("function {} call +0x{:x}: clause {}", f.func, call.return_offset, index));
    }
  const u32 pad = call.region == image::no_region ? 0 : image.regions[call.region].system_pad;
  if (is_found != (has_clause && pad != 0) || (is_found && found.landing_pad != pad - f.code_offset))
    fail(fmt::format("function {} call +0x{:x}: landing pad 0x{:x}", f.func, call.return_offset, found.landing_pad));
  if (is_found && chain.next(clause))
    fail(fmt::format("function {} call +0x{:x}: more clauses than there are", f.func, call.return_offset));
  ++totals.calls;
  totals.pads += is_found;
}

/// One landing pad for each region that catches, and one action record for each clause: nothing is flattened.
void check_sharing(const image::CodeImage &image, u32 row, const image::LsdaReader &lsda) {
  std::set<u32> pads, actions, wanted_pads;
  for (u32 i = 0; i < lsda.record_count(); ++i) {
    image::LsdaReader::Record record;
    image::LsdaClause clause;
    if (!lsda.record(i, record) || record.call.landing_pad == 0)
      continue;
    pads.insert(record.call.landing_pad);
    image::LsdaReader::Chain chain = lsda.chain(record.call.action);
    for (u32 head = chain.position(); head != 0 && actions.insert(head).second && chain.next(clause);)
      head = chain.position();
  }
  const bool is_last = row + 1 == image.functions.size();
  const u32 end = is_last ? static_cast<u32>(image.regions.size()) : image.functions[row + 1].first_region;
  u32 clauses = 0;
  for (u32 r = image.functions[row].first_region; r < end; ++r) {
    clauses += image.regions[r].clause_count;
    if (image.regions[r].system_pad != 0)
      wanted_pads.insert(image.regions[r].system_pad - image.functions[row].code_offset);
  }
  if (actions.size() > clauses)
    fail(fmt::format("function {}: {} action records for {} clauses", row, actions.size(), clauses));
  if (!std::includes(wanted_pads.begin(), wanted_pads.end(), pads.begin(), pads.end()))
    fail(fmt::format("function {}: a landing pad that is no region's", row));
  totals.regions += wanted_pads.size();
  totals.landing_pads += pads.size();
  totals.clauses += clauses;
  totals.actions += actions.size();
}

void check_lsda(const image::CodeImage &image, const image::LsdaTables &tables) {
  for (u32 row = 0; row < image.functions.size(); ++row)
    if (tables.offset_of[row] != image::no_lsda)
      check_sharing(image, row, {tables.areas().subspan(tables.offset_of[row]), tables.tags()});
  for (const image::CallSiteRow &call : image.calls) {
    const u32 at = tables.offset_of[call.function];
    check_call(image, call,
               {at == image::no_lsda ? tables.areas().first(0) : tables.areas().subspan(at), tables.tags()});
  }
}

u64 cpu_us() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<u64>(now.tv_sec) * 1'000'000 + static_cast<u64>(now.tv_nsec) / 1000;
}

constexpr u64 debug_address = 0x10000000;

void write(const std::string &path, const std::vector<u8> &bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// A binary module; text is assembled.
std::shared_ptr<std::vector<u8>> read(const std::string &path, const wasm::Features &features) {
  std::ifstream in(path, std::ios::binary);
  auto bytes = std::make_shared<std::vector<u8>>(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  if (!path.ends_with(".wat"))
    return bytes;
  auto assembled = text::assemble({reinterpret_cast<const char *>(bytes->data()), bytes->size()}, features);
  if (!assembled)
    fail(assembled.error().message);
  else
    *bytes = std::move(assembled->bytes);
  return bytes;
}

void check_module(const std::string &path, const std::string &objects, bool is_damaged) {
  current = std::filesystem::path(path).filename();
  compile::Options options;
  auto bytes = read(path, options.features);
  auto module = decode::module(bytes, options.features);
  if (!module)
    return fail(module.error().message);
  const u64 start = cpu_us();
  auto image = compile::module(*module, options);
  totals.compile_us += cpu_us() - start;
  if (!image)
    return fail(image.error().message);
  const image::CodeImage whole = *image;
  if (is_damaged) {
    image->epilogues.front().begin += 1;
    u32 &tag = image->clauses.back().tag;
    tag = tag == image::catch_all_tag ? 0 : tag ^ 1;
  }
  const u64 before = cpu_us();
  const image::LsdaTables lsda = image::write_lsda(*image);
  const u64 between = cpu_us();
  image::EhFrame frame = image::write_eh_frame(*image, lsda);
  totals.cfi_us += cpu_us() - between;
  totals.lsda_us += between - before;
  const u64 at = (image->code.size() + 7) & ~u64{7};
  image::place(frame, {.eh_frame = at, .code = 0, .lsda = at + frame.bytes.size(), .personality_slot = at});
  std::vector<image::CfiFunction> ours, theirs;
  if (!image::read_eh_frame(frame.bytes, at, ours))
    fail("our reader refuses .eh_frame");
  check_frames(*image, ours, "own reader", totals.pcs);
  check_lsda(whole, lsda);
  const std::vector<u8> object = image::write_object(*image, {});
  std::string fault;
  if (!test::read_with_llvm(object, theirs, fault))
    fail("LLVM: " + fault);
  check_frames(*image, theirs, "LLVM", totals.llvm_pcs);
  if (!objects.empty()) {
    write(objects + "/" + current + ".o", object);
    write(objects + "/" + current + ".elf", image::write_debug_object(*image, image->code.size(), debug_address, {}));
  }
  ++totals.modules;
  totals.functions += image->functions.size();
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::string objects;
  bool is_damaged = false;
  if (words.size() > 1 && words[0] == "--objects") {
    objects = words[1];
    words.erase(words.begin(), words.begin() + 2);
  }
  if (!words.empty() && words[0] == "--damage") {
    is_damaged = true;
    words.erase(words.begin());
  }
  for (const std::string &path : words)
    check_module(path, objects, is_damaged);
  fmt::print("{} modules, {} functions: {} pcs walked by our reader, {} by LLVM's; {} calls, {} with a pad; "
             "{} failures\n",
             totals.modules, totals.functions, totals.pcs, totals.llvm_pcs, totals.calls, totals.pads, totals.failures);
  fmt::print(
      "{} regions that catch, {} landing pads named; {} clauses, {} action records; compiled in {} us of CPU, LSDA "
      "written in {}, CFI in {}\n",
      totals.regions, totals.landing_pads, totals.clauses, totals.actions, totals.compile_us, totals.lsda_us,
      totals.cfi_us);
  return totals.failures != 0 || totals.modules == 0;
}
