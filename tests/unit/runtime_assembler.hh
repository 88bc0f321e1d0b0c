// Enough x86-64 to write compiled functions by hand, so that the runtime is tested without a compiler: bytes, the
// tables of CodeImage beside them, and a wasm::Module built in place.
#pragma once

#include "abi/builtins.hh"
#include "image/code_image.hh"
#include "runtime/code.hh"
#include "runtime/instance.hh"
#include "runtime/store.hh"
#include "wasm/module.hh"

#include <doctest/doctest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace trapeze::test {

/// Appends functions one after the other; knows the module's layout.
class Assembler {
public:
  explicit Assembler(const wasm::Module &module) : module_(module), layout_(module) {
    image_.imported_funcs = module.imported_funcs;
  }

  Assembler &bytes(std::initializer_list<int> values) {
    for (int v : values)
      image_.code.push_back(static_cast<u8>(v));
    return *this;
  }
  Assembler &word(u32 value) {
    for (int i = 0; i < 4; ++i)
      image_.code.push_back(static_cast<u8>(value >> 8 * i));
    return *this;
  }
  u32 here() const { return static_cast<u32>(image_.code.size()); }

  /// Starts the next defined function.
  Assembler &begin() {
    while (here() % 16 != 0)
      bytes({0xcc});
    u32 func = module_.imported_funcs + static_cast<u32>(image_.functions.size());
    image_.functions.push_back({func, here(), 0, {}, 0, static_cast<u32>(image_.regions.size())});
    return *this;
  }
  Assembler &end() {
    image_.functions.back().code_size = here() - image_.functions.back().code_offset;
    return *this;
  }

  /// push rbp; mov rbp, rsp; push r13; push rbx, r12, r14, r15; sub rsp, 8 -> frame of 48 bytes
  Assembler &prologue() {
    image::FrameInfo &frame = image_.functions.back().frame;
    frame.size = 48;
    frame.saved_mask = 0xf;
    frame.has_instance_slot = true;
    return bytes({0x55, 0x48, 0x89, 0xe5, 0x41, 0x55, 0x53, 0x41, 0x54, 0x41, 0x56, 0x41, 0x57, 0x48, 0x83, 0xec, 8});
  }
  /// Restores rbx r12 r14 r15; leave; ret
  Assembler &epilogue() {
    return bytes(
        {0x48, 0x8b, 0x5d, 0xf0, 0x4c, 0x8b, 0x65, 0xe8, 0x4c, 0x8b, 0x75, 0xe0, 0x4c, 0x8b, 0x7d, 0xd8, 0xc9, 0xc3});
  }
  /// The call before here is a call site.
  Assembler &call_site(u32 region = image::no_region, std::initializer_list<i32> slots = {}) {
    u32 function = static_cast<u32>(image_.functions.size() - 1);
    image_.calls.push_back(
        {here(), function, region, static_cast<u32>(image_.ref_slots.size()), static_cast<u32>(slots.size())});
    image_.ref_slots.insert(image_.ref_slots.end(), slots);
    return *this;
  }
  /// mov rax, [r13 + imported code]; mov r13, [r13 + imported context]; call rax; mov r13, [rbp - 8]
  Assembler &call_import(u32 func, u32 region = image::no_region, std::initializer_list<i32> slots = {}) {
    bytes({0x49, 0x8b, 0x85}).word(layout_.function(func));
    bytes({0x4d, 0x8b, 0xad}).word(layout_.function(func) + 8);
    bytes({0xff, 0xd0}).call_site(region, slots);
    return bytes({0x4c, 0x8b, 0x6d, 0xf8});
  }
  /// mov rax, [r13 + builtins]; call [rax + 8 * builtin]
  Assembler &call_builtin(abi::Builtin builtin, u32 region = image::no_region, std::initializer_list<i32> slots = {}) {
    bytes({0x49, 0x8b, 0x45, 16, 0xff, 0x90}).word(static_cast<u32>(builtin) * 8);
    return call_site(region, slots);
  }
  /// call rel32 to a defined function that stands already
  Assembler &call(u32 func, u32 region = image::no_region, std::initializer_list<i32> slots = {}) {
    u32 target = image_.functions[func - module_.imported_funcs].code_offset;
    bytes({0xe8}).word(target - (here() + 4));
    return call_site(region, slots);
  }
  /// Tail call of an import through cross_instance_tail; the frame is torn down before.
  Assembler &tail_call_import(u32 func) {
    bytes({0x49, 0x8b, 0x85}).word(layout_.function(func));     // mov rax, code
    bytes({0x4d, 0x8b, 0x95}).word(layout_.function(func) + 8); // mov r10, context
    bytes({0x4d, 0x8b, 0x5d, 16});                              // mov r11, [r13 + builtins]
    return bytes({0x41, 0xff, 0xa3}).word(abi::cross_instance_tail_slot * 8);
  }
  /// ud2 with a row
  Assembler &trap(abi::TrapCode code) {
    image_.traps.push_back({here(), code});
    return bytes({0x0f, 0x0b});
  }
  Assembler &faults(abi::TrapCode code) { // the instruction that follows
    image_.traps.push_back({here(), code});
    return *this;
  }
  /// A region with one clause whose pad is set later by pad().
  u32 region(u32 tag, bool with_ref, u32 parent = image::no_region) {
    image_.regions.push_back({parent, static_cast<u32>(image_.clauses.size()), 1});
    image_.clauses.push_back({tag, 0, with_ref});
    return static_cast<u32>(image_.regions.size() - 1);
  }
  Assembler &pad(u32 region) {
    image_.clauses[image_.regions[region].first_clause].pad = here();
    return *this;
  }
  image::CodeImage take() { return std::move(image_); }

private:
  const wasm::Module &module_;
  abi::InstanceLayout layout_;
  image::CodeImage image_;
};

/// A module description under construction. Names must be literals.
struct TestModule {
  std::shared_ptr<wasm::Module> module = std::make_shared<wasm::Module>();

  wasm::TypeIndex type(std::vector<wasm::ValType> params, std::vector<wasm::ValType> results) {
    wasm::SubType sub;
    sub.func = {std::move(params), std::move(results)};
    sub.group_first = static_cast<u32>(module->types.size());
    module->types.push_back(std::move(sub));
    return static_cast<wasm::TypeIndex>(module->types.size() - 1);
  }
  u32 import_func(wasm::TypeIndex type, std::string_view name) {
    module->funcs.push_back({type, {}, true, false});
    module->imports.push_back({"host", name, wasm::ExternKind::Func, module->imported_funcs, 0});
    return module->imported_funcs++;
  }
  u32 func(wasm::TypeIndex type, std::string_view export_name) {
    module->funcs.push_back({type, {}, false, false});
    module->exports.push_back({export_name, wasm::ExternKind::Func, static_cast<u32>(module->funcs.size() - 1)});
    return static_cast<u32>(module->funcs.size() - 1);
  }
  u32 tag(wasm::TypeIndex type, std::string_view export_name) {
    module->tags.push_back({type, false});
    module->exports.push_back({export_name, wasm::ExternKind::Tag, static_cast<u32>(module->tags.size() - 1)});
    return static_cast<u32>(module->tags.size() - 1);
  }
  u32 import_tag(wasm::TypeIndex type, std::string_view name) {
    module->tags.push_back({type, true});
    module->imports.push_back({"host", name, wasm::ExternKind::Tag, module->imported_tags, 0});
    return module->imported_tags++;
  }
};

struct World {
  std::shared_ptr<runtime::Engine> engine = *runtime::Engine::create();
  std::unique_ptr<runtime::Store> store = *runtime::Store::create(engine);

  runtime::Instance *instantiate(const TestModule &module, image::CodeImage image,
                                 std::vector<runtime::Extern> imports = {}) {
    auto code = runtime::Code::load(engine, module.module, std::move(image));
    REQUIRE(code.has_value());
    auto made = runtime::instantiate(*store, *code, imports);
    if (!made)
      FAIL(made.error().message);
    REQUIRE(made->outcome.is_ok());
    return made->instance;
  }
  runtime::Func func(runtime::Instance *instance, std::string_view name) {
    return std::get<runtime::Func>(*instance->find_export(name));
  }
};

/// Calls with i32 arguments; at most one i32 result.
inline runtime::Outcome call(World &world, runtime::Func func, std::vector<i32> args, i32 &result) {
  std::vector<runtime::ValueCell> cells, results(func.type().results.size());
  for (i32 arg : args)
    cells.push_back(runtime::cell_of(arg));
  runtime::Outcome outcome = world.store->call(func, cells, results);
  if (!results.empty())
    result = runtime::get<i32>(results[0]);
  return outcome;
}

} // namespace trapeze::test
