// What stands behind the public handles. The public header names these types only; everything here may change.
//
//   EngineImpl   configuration and the runtime's engine
//   ModuleImpl   a runtime::Code with the name it was loaded under
//   StoreImpl    a runtime::Store, the modules it uses (for names in backtraces) and the host's objects
//   Root         a rooted reference of a store
//
// Func, Memory, Table, Global, Tag and Instance hold the runtime's object as void *: abi::FuncRef, runtime::Memory, ...
#pragma once

#include "image/artifact.hh"
#include "runtime/code.hh"
#include "runtime/engine.hh"
#include "runtime/global.hh"
#include "runtime/instance.hh"
#include "runtime/memory.hh"
#include "runtime/store.hh"
#include "runtime/table.hh"
#include "runtime/tag.hh"
#include "trapeze/trapeze.hh"
#include "wasm/features.hh"

#include <mutex>
#include <unordered_map>

namespace trapeze::v1 {

namespace detail {

struct EngineImpl {
  Config::Values config;
  wasm::Features features;
  std::shared_ptr<runtime::Engine> engine;
};

struct ModuleImpl {
  Engine engine;
  std::string name;
  std::shared_ptr<const runtime::Code> code;
  image::ArtifactSettings settings;  ///< of its compilation
  std::span<const u8> artifact = {}; ///< loaded from these bytes, which `code` keeps; empty: compiled
};

struct StoreImpl {
  Engine engine;
  Store *outer;
  std::unordered_map<const runtime::Code *, std::shared_ptr<const ModuleImpl>> modules;
  std::any data;
  std::vector<std::any> externs; ///< by the number an externref carries
  std::vector<u64> free_externs;
  std::unique_ptr<runtime::Store> store;
};

/// Made when an exception leaves Wasm; turned into words only if somebody asks, by whichever thread.
struct ExceptionReport {
  std::string tag_name;
  runtime::Backtrace backtrace; ///< holds its modules' code
  std::vector<std::shared_ptr<const ModuleImpl>> modules;

  std::once_flag frames_once, what_once;
  std::vector<Frame> frames;
  std::string what;
};

struct Root {
  runtime::Ref ref;
  StoreImpl *store; ///< valid while ref.store() is not null
};

/// The number of a host object in an externref: an index into `externs`, marked so that plain numbers stay apart and
/// the heap tells when it is unreachable.
inline constexpr u64 extern_mark = runtime::tracked_extern;

/// Destroys host objects whose references are gone. Runs code of the host.
void reap_externs(StoreImpl &store);

} // namespace detail

struct InterruptHandle::State {
  runtime::InterruptHandle handle;
};

} // namespace trapeze::v1

namespace trapeze::api {

using v1::detail::EngineImpl;
using v1::detail::ModuleImpl;
using v1::detail::Root;
using v1::detail::StoreImpl;

inline runtime::Func raw(const v1::Func &f) { return runtime::Func(static_cast<abi::FuncRef *>(f.raw())); }
inline runtime::Memory *raw(const v1::Memory &m) { return static_cast<runtime::Memory *>(m.raw()); }
inline runtime::Table *raw(const v1::Table &t) { return static_cast<runtime::Table *>(t.raw()); }
inline runtime::Global *raw(const v1::Global &g) { return static_cast<runtime::Global *>(g.raw()); }
inline runtime::Tag *raw(const v1::Tag &t) { return static_cast<runtime::Tag *>(t.raw()); }
inline runtime::Instance *raw(const v1::Instance &i) { return static_cast<runtime::Instance *>(i.raw()); }

/// Error (Usage).
[[noreturn]] void wrong_use(std::string message);
/// The handle is null or of another store.
void check_store(const StoreImpl *handle, const StoreImpl *store, const char *what);

/// An error of the engine as the public one, with the place in `name`.
[[noreturn]] void raise(const base::Error &error, std::string_view name = {});
template <typename T> T unwrap(base::Result<T> result, std::string_view name = {}) {
  if (!result)
    raise(result.error(), name);
  if constexpr (!std::is_void_v<T>)
    return std::move(*result);
}

/// What stands behind an Engine; `machine`: abi::check_machine(), whose error it becomes.
std::shared_ptr<EngineImpl> make_engine(const v1::Config::Values &config, const base::Result<void> &machine);

/// Trap, Exception or Exit.
[[noreturn]] void raise(StoreImpl &store, runtime::Outcome outcome);
/// The modules that a backtrace names, for frames_of.
std::vector<std::shared_ptr<const ModuleImpl>> modules_of(const StoreImpl &store, const runtime::Backtrace &backtrace);
std::vector<v1::Frame> frames_of(const runtime::Backtrace &backtrace,
                                 std::span<const std::shared_ptr<const ModuleImpl>> modules);

} // namespace trapeze::api
