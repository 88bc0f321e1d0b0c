// Unwinds from every call site with the unwinder this process is bound to:   unwind_all [--returns OFFSET,...]
// MODULE...
//
// Each module is loaded as the engine loads it. Its call sites become the return addresses of frames that nobody
// called, chained on a stack of our own, and _Unwind_Backtrace must find them all, in order, each with its frame
// pointer. The return addresses of the stubs, given as distances from trapeze_enter, stand among them. What the
// platform's unwinder needs of registration and CFI is so asked of every pc at which a frame can be.
#include "base/assert.hh"
#include "compile/compile.hh"
#include "decode/decode.hh"
#include "runtime/code.hh"

#include <fmt/format.h>
#include <unwind.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace trapeze;

extern "C" void trapeze_test_walk_from(u64 *stack, u64 frame, void (*collect)());
extern "C" char trapeze_enter;

namespace {

constexpr usize frames_at_once = 512, words_per_frame = 16, room_below = 32768;

struct Found {
  u64 pc;
  const void *function; ///< null: no FDE
};
std::vector<Found> found;
std::vector<u64> stack(room_below + (frames_at_once + 2) * words_per_frame);
u64 walked = 0, failures = 0;

_Unwind_Reason_Code note(_Unwind_Context *context, void *) {
  const u64 pc = _Unwind_GetIP(context);
  found.push_back({pc, reinterpret_cast<const void *>(_Unwind_GetRegionStart(context))});
  return found.size() < frames_at_once + 16 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

void collect() { _Unwind_Backtrace(note, nullptr); }

/// Frames that go on at `places`, innermost first.
void unwind(const std::string &name, std::span<const u64> places) {
  ASSERT(reinterpret_cast<u64>(stack.data()) % 16 == 0);
  auto frame = [](usize k) { return &stack[room_below + (k + 1) * words_per_frame]; };
  for (usize k = 0; k < places.size(); ++k) {
    frame(k)[0] = reinterpret_cast<u64>(frame(k + 1));
    frame(k)[1] = k + 1 < places.size() ? places[k + 1] : 0; // the last one was called by nobody
  }
  u64 *bottom = &stack[room_below + 1]; // a function is entered with rsp 8 below a multiple of 16
  bottom[0] = places[0];
  found.clear();
  trapeze_test_walk_from(bottom, reinterpret_cast<u64>(frame(0)), &collect);
  // Before ours: frames of this program. They end with the one that "was called" from the first place.
  usize first = 0;
  while (first < found.size() && found[first].pc != places[0])
    ++first;
  for (usize k = 0; k < places.size(); ++k) {
    const bool is_found =
        first + k < found.size() && found[first + k].pc == places[k] && found[first + k].function != nullptr;
    walked += is_found;
    if (!is_found) {
      if (++failures <= 10)
        fmt::print("FAIL {}: the walk ends before call {} of {}, pc {:#x}\n", name, k, places.size(), places[k]);
      return;
    }
  }
}

void unwind_all(const std::string &name, const std::vector<u64> &places) {
  for (usize at = 0; at < places.size(); at += frames_at_once)
    unwind(name, std::span(places).subspan(at, std::min(frames_at_once, places.size() - at)));
}

void check_module(const std::shared_ptr<runtime::Engine> &engine, const std::string &path,
                  const std::vector<u64> &stub_places) {
  const std::string name = std::filesystem::path(path).filename();
  std::ifstream in(path, std::ios::binary);
  auto bytes = std::make_shared<std::vector<u8>>(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  compile::Options options;
  auto module = decode::module(bytes, options.features);
  auto image =
      module ? compile::module(*module, options) : base::Result<image::CodeImage>(std::unexpected(module.error()));
  if (!image) {
    ++failures;
    return fmt::print("FAIL {}: {}\n", name, image.error().message);
  }
  auto code = runtime::Code::load(engine, std::make_shared<const wasm::Module>(std::move(*module)), std::move(*image));
  if (!code) {
    ++failures;
    return fmt::print("FAIL {}: {}\n", name, code.error().message);
  }
  std::vector<u64> places;
  usize next_stub = 0;
  for (const image::CallSiteRow &call : (*code)->image().calls) {
    places.push_back(reinterpret_cast<u64>((*code)->base()) + call.return_offset);
    if (!stub_places.empty() && places.size() % 7 == 0) // Wasm frames with stubs between them
      places.push_back(stub_places[next_stub++ % stub_places.size()]);
  }
  unwind_all(name, places);
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::vector<u64> stub_places;
  if (words.size() > 1 && words[0] == "--returns") {
    std::stringstream list(words[1]);
    for (std::string offset; std::getline(list, offset, ',');)
      stub_places.push_back(reinterpret_cast<u64>(&trapeze_enter) + static_cast<u64>(std::stoll(offset)));
    words.erase(words.begin(), words.begin() + 2);
  }
  auto engine = runtime::Engine::create(true);
  if (!engine) {
    fmt::print("{}\n", engine.error().message);
    return 1;
  }
  if (!stub_places.empty())
    unwind_all("stubs", stub_places);
  for (const std::string &path : words)
    check_module(*engine, path, stub_places);
  fmt::print("{} modules, {} stub returns: {} frames unwound, {} failures\n", words.size(), stub_places.size(), walked,
             failures);
  return failures != 0;
}
