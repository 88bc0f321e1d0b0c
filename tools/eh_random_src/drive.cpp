// Runs a program in the engine and writes the trace that the oracle writes too.
//
// Tags, functions and C++ objects are told apart by the engine's own identities and named by the oracle's numbers: the
// host's first, then each instance's definitions once it is complete. An engine lives as long as the process, one for
// each combination of settings; each program gets its own store.
#include "drive.hh"

#include "emit.hh"

#include "trapeze/trapeze.hh"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

namespace eh_random {

namespace {

using trapeze::Val;
using trapeze::ValType;
using Vals = std::vector<Val>;

/// What a host function throws that is not of Wasm.
struct Foreign {
  u32 object;
};

ValType type_of(Type t) {
  switch (t) {
  case Type::I32:
    return ValType::i32();
  case Type::I64:
    return ValType::i64();
  case Type::F32:
    return ValType::f32();
  case Type::F64:
    return ValType::f64();
  case Type::Func:
    return ValType::funcref();
  case Type::Extern:
    return ValType::externref();
  case Type::Exn:
    return ValType::exnref();
  }
  return {};
}

std::vector<ValType> types_of(const Types &types) {
  std::vector<ValType> list;
  for (Type t : types)
    list.push_back(type_of(t));
  return list;
}

TrapKind kind_of(trapeze::TrapCode code) {
  using enum trapeze::TrapCode;
  switch (code) {
  case Unreachable:
    return TrapKind::Unreachable;
  case IntegerDivideByZero:
    return TrapKind::DivideByZero;
  case MemoryOutOfBounds:
    return TrapKind::MemoryBounds;
  case TableOutOfBounds:
    return TrapKind::TableBounds;
  case UndefinedElement:
    return TrapKind::UndefinedElement;
  case UninitializedElement:
    return TrapKind::UninitializedElement;
  case IndirectCallTypeMismatch:
    return TrapKind::Mismatch;
  case NullFunctionReference:
    return TrapKind::NullFunction;
  case NullExceptionReference:
    return TrapKind::NullException;
  case HostError:
    return TrapKind::Host;
  default:
    return TrapKind::Other;
  }
}

const trapeze::Engine &engine_for(const Program &program, UnwinderChoice unwinder) {
  static std::map<u32, std::unique_ptr<trapeze::Engine>> engines;
  auto &engine = engines[program.opt_level * 4 + program.verify * 2 + static_cast<u8>(unwinder)];
  if (!engine) {
    trapeze::Config config;
    config.threads(1).verify(program.verify);
    if (opt_level_names[program.opt_level] == 's')
      config.optimize_for_size();
    else
      config.optimize(program.opt_level);
    config.unwinder(unwinder == UnwinderChoice::Fast ? trapeze::Unwinder::Fast : trapeze::Unwinder::System);
    engine = std::make_unique<trapeze::Engine>(config);
  }
  return *engine;
}

class Driver {
public:
  Driver(const Program &program, UnwinderChoice unwinder, bool text)
      : program_(program), store_(engine_for(program, unwinder)), trace_(text) {}
  Trace run();

private:
  void make_host();
  bool instantiate(const InstancePlan &plan);
  void finish();

  template <typename F> bool guarded(F &&action);
  void put(const Val &value, int depth = 0);
  void put(const trapeze::ExnRef &exn, int depth);
  void put_exception(const trapeze::Exception &e);
  u64 number_of(const trapeze::Tag &tag) const;

  void deed(u32 number, std::span<const Val> args, std::span<Val> results);
  void reenter(const HostFunction &host);
  void call_export(const HostFunction &host);
  Val first(Type type, std::span<const Val> args) const;
  [[noreturn]] void throw_tag(u32 tag, std::span<const Val> args);
  Val external(u64 bits) const { return bits ? Val(externals_[bits - 1]) : Val::null(trapeze::HeapKind::Extern); }
  Val value_of(const Value &value) const;

  const Program &program_;
  trapeze::Store store_;
  Trace trace_;
  std::map<u32, trapeze::Module> modules_;
  std::vector<trapeze::Instance> instances_;
  std::vector<trapeze::ExternRef> externals_;
  std::vector<trapeze::Func> functions_; // of the host, then of complete instances
  std::vector<trapeze::Tag> tags_;
  std::vector<trapeze::Global> globals_;
  std::vector<trapeze::Table> tables_;
  trapeze::ExnRef kept_;
};

// ---------------------------------------------------------------------------------------------- what a run shows

u64 Driver::number_of(const trapeze::Tag &tag) const {
  auto found = std::find(tags_.begin(), tags_.end(), tag);
  return found == tags_.end() ? unknown_thing : static_cast<u64>(found - tags_.begin());
}

void Driver::put(const Val &value, int depth) {
  switch (value.type().kind) {
  case trapeze::ValKind::I32:
    return trace_.put(Event::Number, static_cast<u32>(value.i32()));
  case trapeze::ValKind::I64:
    return trace_.put(Event::Number, static_cast<u64>(value.i64()));
  case trapeze::ValKind::F32:
    return trace_.put(Event::Number, value.f32_bits());
  case trapeze::ValKind::F64:
    return trace_.put(Event::Number, value.f64_bits());
  default:
    break;
  }
  if (value.is_null())
    return trace_.put(Event::Null);
  switch (value.type().heap) {
  case trapeze::HeapKind::Extern:
    return trace_.put(Event::Object, std::any_cast<u32>(value.ext().value()));
  case trapeze::HeapKind::Exn:
    return put(value.exn(), depth);
  default: {
    auto found = std::find(functions_.begin(), functions_.end(), value.func());
    trace_.put(Event::Function,
               found == functions_.end() ? unknown_thing : static_cast<u64>(found - functions_.begin()));
  }
  }
}

void Driver::put(const trapeze::ExnRef &exn, int depth) {
  if (exn.is_foreign()) {
    u32 object = ~0u;
    try {
      std::rethrow_exception(exn.foreign());
    } catch (const Foreign &f) {
      object = f.object;
    }
    return trace_.put(Event::Foreign, object);
  }
  trace_.put(Event::Exception, number_of(exn.tag()));
  if (depth < 3)
    for (const Val &v : exn.values())
      put(v, depth + 1);
}

void Driver::put_exception(const trapeze::Exception &e) {
  if (program_.number % 8 == 0 && (*e.what() == 0 || e.frames().size() > 10'000)) // the report can be made
    throw std::runtime_error("no report");
  trace_.put(Event::Exception, number_of(e.tag()));
  for (const Val &v : e.values())
    put(v, 1);
}

/// Runs something and writes how it ends unless it returns.
template <typename F> bool Driver::guarded(F &&action) {
  try {
    action();
    return true;
  } catch (const trapeze::Exception &e) {
    put_exception(e);
  } catch (const Foreign &f) {
    trace_.put(Event::Foreign, f.object);
  } catch (const trapeze::Trap &t) {
    trace_.put(Event::Trap, static_cast<u64>(kind_of(t.code())));
  } catch (const trapeze::Exit &e) {
    trace_.put(Event::Exit, static_cast<u64>(e.status()));
  }
  return false;
}

// ---------------------------------------------------------------------------------------------- host functions

Val Driver::first(Type type, std::span<const Val> args) const {
  ValType wanted = type_of(type);
  for (const Val &v : args)
    if (v.type().kind == wanted.kind && (!wanted.is_ref() || v.type().heap == wanted.heap))
      return v;
  return Val::default_of(wanted);
}

void Driver::throw_tag(u32 tag, std::span<const Val> args) {
  Vals fields;
  for (Type t : program_.tag_types[program_.host.tags[tag]])
    fields.push_back(first(t, args));
  throw trapeze::Exception(tags_[tag], std::move(fields));
}

void Driver::deed(u32 number, std::span<const Val> args, std::span<Val> results) {
  const HostFunction &host = program_.host.functions[number];
  trace_.put(Event::Host, number);
  for (const Val &v : args)
    put(v);
  switch (host.deed) {
  case Deed::Log:
    break;
  case Deed::Collect:
    store_.collect();
    break;
  case Deed::ThrowTag:
    throw_tag(host.tag, args);
  case Deed::ThrowForeign:
    throw Foreign{number};
  case Deed::ThrowTrap:
    throw trapeze::Trap("host");
  case Deed::Exit:
    throw trapeze::Exit(static_cast<std::int32_t>(number));
  case Deed::Keep:
    kept_ = first(Type::Exn, args).exn();
    break;
  case Deed::Compare: {
    trapeze::ExnRef other = first(Type::Exn, args).exn();
    bool foreign = (other && other.is_foreign()) || (kept_ && kept_.is_foreign());
    trace_.put(Event::Number, foreign ? 2 : other == kept_);
    break;
  }
  case Deed::ThrowKept:
    if (kept_ && kept_.is_foreign())
      std::rethrow_exception(kept_.foreign());
    if (kept_)
      throw trapeze::Exception(kept_);
    break;
  case Deed::Reenter:
  case Deed::ReenterTwice:
    reenter(host);
    break;
  }
  const Types &types = program_.signatures[host.signature].results;
  for (std::size_t i = 0; i < types.size(); ++i)
    results[i] = first(types[i], args);
}

void Driver::call_export(const HostFunction &host) {
  if (host.instance >= instances_.size())
    return;
  trapeze::Func f = instances_[host.instance].func("f" + std::to_string(host.function));
  Vals args;
  for (ValType t : f.type().params)
    args.push_back(Val::default_of(t));
  for (const Val &v : f.call(args))
    put(v);
}

void Driver::reenter(const HostFunction &host) {
  struct Again {
    Driver *driver;
    const HostFunction *host;
    ~Again() {
      if (driver)
        driver->guarded([this] { driver->call_export(*host); });
    }
  } again{host.deed == Deed::ReenterTwice ? this : nullptr, &host};
  try {
    call_export(host);
  } catch (const trapeze::Exception &e) {
    switch (host.catching) {
    case Catching::Swallow:
    case Catching::SwallowAll:
      put_exception(e);
      return;
    case Catching::ThrowRef:
      throw trapeze::Exception(e.ref());
    case Catching::ThrowOther:
      throw_tag(host.tag, {});
    case Catching::ThrowForeign:
      throw Foreign{1000};
    default:
      throw;
    }
  } catch (const Foreign &f) {
    if (host.catching == Catching::ForeignToWasm)
      throw_tag(host.tag, {});
    if (host.catching != Catching::SwallowAll)
      throw;
    trace_.put(Event::Foreign, f.object);
  } catch (const trapeze::Trap &t) {
    if (host.catching != Catching::SwallowAll)
      throw;
    trace_.put(Event::Trap, static_cast<u64>(kind_of(t.code())));
  }
}

// ---------------------------------------------------------------------------------------------- linking and calling

Val Driver::value_of(const Value &value) const {
  switch (value.type) {
  case Type::I32:
    return Val(static_cast<u32>(value.bits));
  case Type::I64:
    return Val(value.bits);
  case Type::F32:
    return Val::f32_bits(static_cast<u32>(value.bits));
  case Type::F64:
    return Val::f64_bits(value.bits);
  case Type::Extern:
    return external(value.bits);
  default:
    return Val::default_of(type_of(value.type));
  }
}

void Driver::make_host() {
  for (u32 i = 0; i < 4; ++i)
    externals_.emplace_back(store_, std::any(i));
  const Host &host = program_.host;
  for (u32 i = 0; i < host.functions.size(); ++i) {
    const Signature &s = program_.signatures[host.functions[i].signature];
    functions_.emplace_back(
        store_, trapeze::FuncType{types_of(s.params), types_of(s.results)},
        [this, i](trapeze::Caller &, std::span<const Val> args, std::span<Val> results) { deed(i, args, results); });
  }
  for (u32 t : host.tags)
    tags_.emplace_back(store_, types_of(program_.tag_types[t]));
  for (const Global &g : host.globals)
    globals_.emplace_back(store_, trapeze::GlobalType{type_of(g.type), true}, value_of({g.type, g.bits}));
  for (Type t : host.tables)
    tables_.emplace_back(store_, trapeze::TableType{type_of(t), {table_size, std::nullopt}},
                         Val::default_of(type_of(t)));
}

bool Driver::instantiate(const InstancePlan &plan) {
  const Module &m = program_.modules[plan.module];
  auto module = modules_.find(plan.module);
  if (module == modules_.end())
    module = modules_
                 .emplace(plan.module,
                          trapeze::Module::from_binary(store_.engine(), emit(program_, m, false).bytes, "random"))
                 .first;
  std::vector<trapeze::Extern> imports;
  auto take = [&](const std::vector<Source> &sources, const auto &host, const char *kind) {
    for (const Source &s : sources)
      imports.push_back(s.instance == Source::host ? trapeze::Extern(host[s.index])
                                                   : instances_[s.instance].find(kind + std::to_string(s.index)));
  };
  take(plan.functions, functions_, "f");
  take(plan.tables, tables_, "b");
  take(plan.globals, globals_, "g");
  take(plan.tags, tags_, "t");
  std::optional<trapeze::Instance> made;
  trace_.put(Event::Call, 1000 + instances_.size());
  if (!guarded([&] { made.emplace(store_, module->second, imports); }))
    return false;
  instances_.push_back(*made);
  for (std::size_t i = 0; i < m.functions.size(); ++i)
    functions_.push_back(made->func("f" + std::to_string(m.func_imports.size() + i)));
  for (std::size_t i = 0; i < m.tags.size(); ++i)
    tags_.push_back(made->tag("t" + std::to_string(m.tag_imports.size() + i)));
  return true;
}

void Driver::finish() {
  for (u32 i = 0; i < instances_.size(); ++i) {
    const Module &m = program_.modules[program_.instances[i].module];
    for (std::size_t g = 0; g < m.global_imports.size() + m.globals.size(); ++g) {
      trace_.put(Event::Global, i);
      put(instances_[i].global("g" + std::to_string(g)).get());
    }
    if (!m.has_memory)
      continue;
    trapeze::Memory memory = instances_[i].memory("m");
    trace_.put(Event::Memory, memory.size());
    for (u32 w = 0; w < 64; ++w)
      trace_.put(Event::Number, memory.read<u32>(4 * w));
    trace_.put(Event::Number, memory.size() > 1 ? memory.read<u32>(65536) : 0);
  }
}

Trace Driver::run() {
  make_host();
  for (const InstancePlan &plan : program_.instances)
    if (!instantiate(plan))
      break;
  for (u32 i = 0; i < program_.calls.size(); ++i) {
    const TopCall &top = program_.calls[i];
    trace_.put(Event::Call, i);
    if (top.instance >= instances_.size())
      continue;
    Vals args;
    for (const Value &v : top.arguments)
      args.push_back(value_of(v));
    guarded([&] {
      Vals results = instances_[top.instance].func("f" + std::to_string(top.function)).call(args);
      trace_.put(Event::Result, results.size());
      for (const Val &v : results)
        put(v);
    });
  }
  finish();
  return std::move(trace_);
}

} // namespace

Trace drive(const Program &program, UnwinderChoice unwinder, bool text) {
  return Driver(program, unwinder, text).run();
}

} // namespace eh_random
