// Return addresses first, names later: collecting is a walk, naming happens only for what is reported.
#include "runtime/code.hh"
#include "runtime/store.hh"
#include "runtime/stubs.hh"
#include "runtime/trap.hh"
#include "unwind/code_map.hh"
#include "unwind/walk.hh"

#include <algorithm>
#include <array>

namespace trapeze::runtime {

namespace {

/// Keeps the first and the last of a sequence of unknown length.
class Collector {
public:
  void add(u64 pc) {
    if (out_.pcs.size() < RawBacktrace::innermost)
      out_.pcs.push_back(pc);
    else
      ring_[beyond_++ % RawBacktrace::outermost] = pc;
  }
  RawBacktrace finish() {
    u64 kept = std::min<u64>(beyond_, RawBacktrace::outermost);
    for (u64 i = beyond_ - kept; i < beyond_; ++i)
      out_.pcs.push_back(ring_[i % RawBacktrace::outermost]);
    out_.left_out = beyond_ - kept;
    return std::move(out_);
  }
  RawBacktrace out_;

private:
  std::array<u64, RawBacktrace::outermost> ring_{};
  u64 beyond_ = 0;
};

} // namespace

RawBacktrace Store::backtrace(u64 pc, u64 fp) {
  Collector collector;
  if (pc != 0) {
    collector.add(pc);
    collector.out_.first_is_exact = true;
  }
  auto add = [&](unwind::Frame frame) {
    if (unwind::CodeMap::get().find(frame.pc - 1) != nullptr)
      collector.add(frame.pc);
    return true;
  };
  for (const Activation *at = activation(); at != nullptr; fp = at->previous_exit_fp, at = at->previous)
    if (fp != at->entry_fp)
      unwind::walk(fp, at->entry_fp, add);
  return collector.finish();
}

RawBacktrace Store::backtrace_of(RawRef exception, u64 stub_fp) {
  if (exception != surfaced_) {
    surfaced_backtrace_ = backtrace(0, stub_fp);
    surfaced_ = exception;
  }
  return surfaced_backtrace_;
}

Backtrace Store::symbolise(const RawBacktrace &raw) const {
  Backtrace out;
  out.left_out = raw.left_out;
  for (usize i = 0; i < raw.pcs.size(); ++i) {
    u64 pc = raw.pcs[i] - (i == 0 && raw.first_is_exact ? 0 : 1);
    const unwind::LoadedImage *loaded = unwind::CodeMap::get().find(pc);
    if (loaded == nullptr)
      continue;
    const image::ImageView &image = *loaded->image;
    const image::FunctionRow *function = image.find_function(loaded->offset_of(pc));
    if (function == nullptr)
      continue;
    u32 position = image.position(loaded->offset_of(pc));
    for (; const abi::InlinedPosition *inlined = image.find_inlined(position); position = inlined->caller)
      out.frames.push_back({Code::of(*loaded)->shared_from_this(), inlined->func, inlined->wasm_offset});
    out.frames.push_back({Code::of(*loaded)->shared_from_this(), image.func_of(*function),
                          abi::is_inlined(position) ? abi::no_position : position});
    if (raw.left_out != 0 && i == RawBacktrace::innermost - 1)
      out.gap_after = static_cast<u32>(out.frames.size()) - 1;
  }
  return out;
}

std::string Frame::module_name() const { return std::string(code->module().names.module()); }
std::string Frame::func_name() const { return std::string(code->module().names.funcs().find(func)); }

} // namespace trapeze::runtime
