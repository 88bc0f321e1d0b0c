// How a call ended, as C++ exceptions; and backtraces in words.
#include "api/convert.hh"

#include "base/assert.hh"
#include "base/readable.hh"

#include <fmt/format.h>

#include <algorithm>

namespace trapeze::v1 {

static_assert(static_cast<int>(TrapCode::HostError) == static_cast<int>(abi::TrapCode::HostError));
static_assert(static_cast<int>(TrapCode::StackOverflow) == static_cast<int>(abi::TrapCode::StackOverflow));
static_assert(static_cast<int>(TrapCode::CastFailure) == static_cast<int>(abi::TrapCode::CastFailure));

Trap::Trap(TrapCode code) : Trap(code, abi::message(static_cast<abi::TrapCode>(code)), {}) {}

std::string to_string(std::span<const Frame> frames) {
  std::string out;
  u64 number = 0;
  for (const Frame &frame : frames) {
    std::string name =
        frame.function.empty() ? fmt::format("func[{}]", frame.func_index) : base::demangled(frame.function);
    out += fmt::format("{:4}: {}", number, name);
    if (!frame.module.empty() || frame.offset != ~0ull)
      out += " at ";
    out += base::printable(frame.module);
    if (frame.offset != ~0ull)
      out += fmt::format("{}{:#x}", frame.module.empty() ? "" : ":", frame.offset);
    out += '\n';
    if (frame.left_out != 0)
      out += fmt::format("      ... {} more frames ...\n", frame.left_out);
    number += 1 + frame.left_out;
  }
  return out;
}

Exception::Exception(Tag tag, std::vector<Val> values) : tag_(tag), values_(std::move(values)) {
  if (!tag)
    api::wrong_use("an exception needs a tag");
  detail::StoreImpl &store = *tag.store_impl();
  runtime::Tag *raw = api::raw(tag);
  std::vector<runtime::ValueCell> fields = api::cells_for(store, values_, raw->type().params, "exception");
  runtime::Ref ref = store.store->make_exception(raw, fields);
  if (ref.is_null())
    throw Trap(TrapCode::AllocationFailed);
  ref_ = ExnRef(std::make_shared<detail::Root>(detail::Root{std::move(ref), &store}));
  report_ = std::make_shared<detail::ExceptionReport>();
  report_->tag_name = tag.name();
}

Exception::Exception(ExnRef ref) : Exception(std::move(ref), std::make_shared<detail::ExceptionReport>()) {}

Exception::Exception(ExnRef ref, std::shared_ptr<detail::ExceptionReport> report)
    : ref_(std::move(ref)), report_(std::move(report)) {
  if (!ref_)
    api::wrong_use("null exception reference");
  tag_ = ref_.tag();
  values_ = ref_.values();
  report_->tag_name = tag_ ? tag_.name() : "(foreign)";
}

const std::vector<Frame> &Exception::frames() const {
  std::call_once(report_->frames_once,
                 [this] { report_->frames = api::frames_of(report_->backtrace, report_->modules); });
  return report_->frames;
}

const char *Exception::what() const noexcept {
  std::call_once(report_->what_once, [this] {
    std::string payload;
    for (const Val &value : values_)
      payload += fmt::format("{}{}", payload.empty() ? "" : ", ", to_string(value));
    const std::string &name = report_->tag_name;
    report_->what = fmt::format("exception {}", name.empty() ? "of an unnamed tag" : base::printable(name));
    if (!payload.empty())
      report_->what += fmt::format("({})", payload);
  });
  return report_->what.c_str();
}

} // namespace trapeze::v1

namespace trapeze::api {

namespace {

std::string export_name(const wasm::Module &module, u32 func) {
  for (const wasm::Export &e : module.exports)
    if (e.kind == wasm::ExternKind::Func && e.index == func)
      return std::string(e.name);
  return {};
}

std::string file_name(const std::string &path) {
  usize slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

} // namespace

std::vector<std::shared_ptr<const ModuleImpl>> modules_of(const StoreImpl &store, const runtime::Backtrace &backtrace) {
  std::vector<std::shared_ptr<const ModuleImpl>> out;
  for (const runtime::Frame &frame : backtrace.frames) {
    auto is_it = [&](const std::shared_ptr<const ModuleImpl> &m) { return m->code == frame.code; };
    auto module = store.modules.find(frame.code.get());
    if (module != store.modules.end() && std::ranges::none_of(out, is_it))
      out.push_back(module->second);
  }
  return out;
}

std::vector<v1::Frame> frames_of(const runtime::Backtrace &backtrace,
                                 std::span<const std::shared_ptr<const ModuleImpl>> modules) {
  std::vector<v1::Frame> out;
  for (usize i = 0; i < backtrace.frames.size(); ++i) {
    const runtime::Frame &from = backtrace.frames[i];
    v1::Frame to;
    to.function = from.func_name();
    if (to.function.empty() && from.code)
      to.function = export_name(from.code->module(), from.func);
    to.func_index = from.func;
    to.module = from.module_name();
    for (const std::shared_ptr<const ModuleImpl> &module : modules)
      if (module->code == from.code)
        to.module = file_name(module->name);
    if (from.wasm_offset != ~0u)
      to.offset = from.wasm_offset;
    if (i == backtrace.gap_after)
      to.left_out = backtrace.left_out;
    out.push_back(std::move(to));
  }
  return out;
}

void raise(StoreImpl &store, runtime::Outcome outcome) {
  switch (outcome.kind) {
  case runtime::OutcomeKind::Trap: {
    std::shared_ptr<const runtime::Trap> trap = std::move(outcome.trap);
    throw v1::Trap(static_cast<v1::TrapCode>(trap->code), trap->message,
                   frames_of(trap->backtrace, modules_of(store, trap->backtrace)), trap);
  }
  case runtime::OutcomeKind::Exception: {
    auto report = std::make_shared<v1::detail::ExceptionReport>();
    report->backtrace = store.store->symbolise(outcome.backtrace);
    report->modules = modules_of(store, report->backtrace);
    throw v1::Exception(v1::ExnRef(std::make_shared<Root>(Root{std::move(outcome.exception), &store})),
                        std::move(report));
  }
  case runtime::OutcomeKind::Exit:
    throw v1::Exit(outcome.exit_status);
  case runtime::OutcomeKind::Ok:
    break;
  }
  ASSERT(false && "a call that returned has nothing to raise");
  __builtin_unreachable();
}

} // namespace trapeze::api
