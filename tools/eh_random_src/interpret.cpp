// The oracle: a tree-walking interpreter of the generator's programs.
//
// It shares no code with the engine and does not see Wasm bytes. Control leaves a statement as a Flow; what it carries
// (label and values, the exception, the trap) lies in the Oracle. A label is compared by identity, so branches need no
// depths; an exception that a `delegate` sends to a label passes everything on the way to it (`skip_to_`).
//
// Spec: Execution, Exceptions; the legacy proposal's `rethrow` and `delegate`. C++ objects that a host function throws
// are exceptions without a tag.
#include "interpret.hh"

#include <algorithm>
#include <array>
#include <iterator>

namespace eh_random {

const char *to_string(WrongRule rule) {
  constexpr const char *names[] = {"none",
                                   "last-clause-wins",
                                   "tags-by-type",
                                   "tags-by-index",
                                   "delegate-stays",
                                   "traps-are-caught",
                                   "tail-calls-stay-inside",
                                   "locals-are-restored",
                                   "foreign-is-missed",
                                   "rethrow-latest",
                                   "new-identity"};
  return names[static_cast<u8>(rule)];
}

const char *to_string(Reach what) {
  constexpr const char *names[] = {
      "catch",
      "catch_ref",
      "catch_all",
      "catch_all_ref",
      "region without a clause that matches",
      "caught at a loop header",
      "caught at a function's end",
      "caught under another index",
      "C++ object caught",
      "throw_ref",
      "throw_ref of a C++ object",
      "throw_ref of null",
      "legacy catch",
      "legacy catch_all",
      "delegate",
      "delegate to the function",
      "rethrow",
      "rethrow of an outer exception",
      "tail call",
      "tail call, indirect",
      "tail call by reference",
      "tail call of a host function",
      "tail call out of a region",
      "call by reference",
      "indirect call",
      "host throws by tag",
      "host throws a C++ object",
      "host throws a kept exception",
      "host lets an exception pass",
      "host throws something else",
      "host swallows",
      "a destructor calls in again",
      "call in again inside of such",
      "trap in a region",
      "exit in a region",
      "uncaught exception",
      "uncaught C++ object",
      "start function fails",
      "reference in a payload caught",
      "try_table with parameters",
  };
  static_assert(std::size(names) == static_cast<u32>(Reach::Count));
  return names[static_cast<u8>(what)];
}

static std::array<u64, static_cast<u32>(Reach::Count)> reach_counts;
static bool reach_counting; // only where the rules are right
static void reach_if(bool condition, Reach what) { reach_counts[static_cast<u8>(what)] += condition && reach_counting; }
static void reach(Reach what) { reach_if(true, what); }
u64 reached(Reach what) { return reach_counts[static_cast<u8>(what)]; }

namespace {

enum class Flow : u8 { Normal, Branch, Return, Tail, Throw, Trap, Exit };

struct Tag {
  u32 type = 0, index = 0; // index: in its own module, for WrongRule::TagsByIndex
  u32 instance = Source::host;
};

struct Exn {
  bool foreign = false;
  u32 tag = 0, object = 0;
  std::vector<Value> fields;
};

struct FunctionRef {
  u32 instance = Source::host, index = 0; // of the host's list, or of the module
};

struct InstanceState {
  const Module *module = nullptr;
  bool complete = false;
  std::vector<u32> functions, tags, globals, tables; // numbers in the store
  std::array<u32, 65> words{};                       // memory at 0, 4, ... 252 and at 65536
  u32 pages = 0;
};

struct Frame {
  InstanceState *instance;
  const Function *function;
  std::vector<Value> locals;
  std::vector<u32> loops;                  // labels of the loops around
  std::vector<std::pair<u32, u32>> caught; // legacy: label of the Try whose handler runs, exception
};

Value zero(Type type) { return {type, 0}; }
bool is_ref(Type type) { return type >= Type::Func; }

class Oracle {
public:
  Oracle(const Program &program, WrongRule wrong, bool text) : program_(program), wrong_(wrong), trace_(text) {}
  Trace run();

private:
  using Values = std::vector<Value>;

  bool instantiate(const InstancePlan &plan);
  void finish();
  void outcome(Flow flow, const Values &results);
  void put(const Value &value, int depth = 0);
  void put_exception(u32 exn, int depth);

  Flow call(u32 function, Values args, Values &results);
  Flow call_host(const HostFunction &host, u32 number, const Values &args, Values &results);
  Flow reenter(const HostFunction &host);
  Flow handled(const HostFunction &host, Flow flow);
  Flow call_export(const HostFunction &host);
  Flow callee(const Callee &callee, Frame &frame, u32 &function, u32 element);

  Flow eval(const Expr &expr, Frame &frame, Value &value);
  Flow eval_all(const std::vector<Expr> &exprs, Frame &frame, Values &values);
  Flow unary(u32 row, Value &value);
  Flow binary(u32 row, const Value &a, const Value &b, Value &value);
  Flow word(Frame &frame, u32 address, u32 *&at);

  Flow exec(const std::vector<Stmt> &body, Frame &frame);
  Flow exec(const Stmt &stmt, Frame &frame);
  Flow exec_plain(const Stmt &stmt, Frame &frame);
  Flow exec_call(const Stmt &stmt, Frame &frame);
  Flow exec_throw(const Stmt &stmt, Frame &frame);
  Flow exec_branch(const Stmt &stmt, Frame &frame);
  Flow exec_block(const Stmt &stmt, Frame &frame, Values &values);
  Flow exec_loop(const Stmt &stmt, Frame &frame);
  Flow exec_try_table(const Stmt &stmt, Frame &frame, Values &values);
  Flow exec_try(const Stmt &stmt, Frame &frame, Values &values);
  void note_landing(const Frame &frame, const Clause &clause) const;
  const Handler *handler_of(const Stmt &stmt, const Frame &frame) const;

  Flow trap(TrapKind kind) { return trap_ = kind, Flow::Trap; }
  Flow raise(u32 exn) { return exn_ = exn, skip_to_ = no_label, Flow::Throw; }
  Flow raise_new(u32 tag, Values fields) {
    exns_.push_back({false, tag, 0, std::move(fields)});
    return raise(static_cast<u32>(exns_.size() - 1));
  }
  Flow raise_foreign(u32 object) {
    exns_.push_back({true, 0, object, {}});
    return raise(static_cast<u32>(exns_.size() - 1));
  }
  bool matches(u32 tag, const Frame &frame, u32 index) const;
  bool catches_all() const { return !(wrong_ == WrongRule::ForeignIsMissed && exns_[exn_].foreign); }
  void receive(const std::vector<u32> &locals, const Values &values, Frame &frame) {
    for (std::size_t i = locals.size(); i-- > 0;) // the last value lies on top
      frame.locals[locals[i]] = values[i];
  }
  /// Whether the branch in flight ends here.
  bool arrives(Flow flow, u32 label) const { return flow == Flow::Branch && label_ == label; }
  /// An exception that was delegated to this label is thrown here: what encloses the label may catch it.
  Flow delegated(Flow flow, u32 label) {
    if (flow == Flow::Throw && skip_to_ == label)
      skip_to_ = no_label;
    return flow;
  }
  bool spend() {
    if (!globals_[0].bits)
      return false;
    --globals_[0].bits;
    return true;
  }

  const Program &program_;
  WrongRule wrong_;
  Trace trace_;
  std::vector<FunctionRef> functions_;
  std::vector<Tag> tags_;
  std::vector<Value> globals_;
  std::vector<Values> tables_;
  std::vector<Exn> exns_;
  std::vector<InstanceState> instances_;
  u32 kept_ = 0; // 1 + exception
  u32 reentries_ = 0;

  // What a Flow carries.
  u32 label_ = 0;
  Values entered_; // parameters of the block that is about to begin
  Values values_;  // of a branch, a return, a tail call
  u32 exn_ = 0, skip_to_ = no_label;
  TrapKind trap_ = TrapKind::Other;
  u32 exit_ = 0, tail_ = 0;
};

// ---------------------------------------------------------------------------------------------- store and outcome

Trace Oracle::run() {
  instances_.reserve(program_.instances.size());
  const Host &host = program_.host;
  for (u32 i = 0; i < host.functions.size(); ++i)
    functions_.push_back({Source::host, i});
  for (u32 i = 0; i < host.tags.size(); ++i)
    tags_.push_back({host.tags[i], i, Source::host});
  for (const Global &g : host.globals)
    globals_.push_back({g.type, g.bits});
  for (Type t : host.tables)
    tables_.emplace_back(table_size, zero(t));
  bool ok = true;
  for (std::size_t i = 0; i < program_.instances.size() && ok; ++i)
    ok = instantiate(program_.instances[i]);
  for (u32 i = 0; i < program_.calls.size(); ++i) {
    const TopCall &top = program_.calls[i];
    trace_.put(Event::Call, i);
    if (top.instance >= instances_.size() || !instances_[top.instance].complete)
      continue;
    Values results;
    outcome(call(instances_[top.instance].functions[top.function], top.arguments, results), results);
  }
  finish();
  return std::move(trace_);
}

bool Oracle::instantiate(const InstancePlan &plan) {
  u32 number = static_cast<u32>(instances_.size());
  instances_.emplace_back();
  InstanceState &self = instances_.back();
  self.module = &program_.modules[plan.module];
  trace_.put(Event::Call, 1000 + number);
  const Module &m = *self.module;
  auto import = [&](const std::vector<Source> &sources, std::vector<u32> InstanceState::*space) {
    for (const Source &s : sources)
      (self.*space).push_back(s.instance == Source::host ? s.index : (instances_[s.instance].*space)[s.index]);
  };
  import(plan.functions, &InstanceState::functions);
  import(plan.tags, &InstanceState::tags);
  import(plan.globals, &InstanceState::globals);
  import(plan.tables, &InstanceState::tables);
  for (u32 i = 0; i < m.functions.size(); ++i) {
    self.functions.push_back(static_cast<u32>(functions_.size()));
    functions_.push_back({number, static_cast<u32>(m.func_imports.size()) + i});
  }
  for (u32 i = 0; i < m.tags.size(); ++i) {
    self.tags.push_back(static_cast<u32>(tags_.size()));
    tags_.push_back({m.tags[i], static_cast<u32>(m.tag_imports.size()) + i, number});
  }
  for (const Global &g : m.globals) {
    self.globals.push_back(static_cast<u32>(globals_.size()));
    globals_.push_back({g.type, g.bits});
  }
  for (Type t : m.tables) {
    self.tables.push_back(static_cast<u32>(tables_.size()));
    tables_.emplace_back(table_size, zero(t));
  }
  self.pages = m.has_memory ? memory_pages : 0;
  for (u32 i = 0; i < m.elements.size(); ++i)
    tables_[self.tables[0]][i] = {Type::Func, self.functions[m.elements[i]] + 1};
  if (m.start != no_label) {
    Values results;
    Flow flow = call(self.functions[m.start], {}, results);
    if (flow != Flow::Normal) {
      reach(Reach::StartFails);
      outcome(flow, results);
      return false;
    }
  }
  self.complete = true;
  return true;
}

void Oracle::outcome(Flow flow, const Values &results) {
  switch (flow) {
  case Flow::Throw:
    reach(exns_[exn_].foreign ? Reach::UncaughtForeign : Reach::UncaughtException);
    put_exception(exn_, 0);
    break;
  case Flow::Trap:
    trace_.put(Event::Trap, static_cast<u64>(trap_));
    break;
  case Flow::Exit:
    trace_.put(Event::Exit, exit_);
    break;
  default:
    trace_.put(Event::Result, results.size());
    for (const Value &v : results)
      put(v);
  }
}

/// What is left behind, in the instances that are complete.
void Oracle::finish() {
  for (u32 i = 0; i < instances_.size(); ++i) {
    const InstanceState &self = instances_[i];
    if (!self.complete)
      continue;
    for (u32 g : self.globals) {
      trace_.put(Event::Global, i);
      put(globals_[g]);
    }
    if (self.module->has_memory) {
      trace_.put(Event::Memory, self.pages);
      for (u32 w : self.words)
        trace_.put(Event::Number, w);
    }
  }
}

void Oracle::put(const Value &value, int depth) {
  if (!is_ref(value.type)) {
    trace_.put(Event::Number, value.bits);
  } else if (!value.bits) {
    trace_.put(Event::Null);
  } else if (value.type == Type::Extern) {
    trace_.put(Event::Object, value.bits - 1);
  } else if (value.type == Type::Func) {
    u32 instance = functions_[value.bits - 1].instance;
    bool known = instance == Source::host || instances_[instance].complete;
    trace_.put(Event::Function, known ? value.bits - 1 : unknown_thing);
  } else {
    put_exception(static_cast<u32>(value.bits - 1), depth);
  }
}

void Oracle::put_exception(u32 exn, int depth) {
  const Exn &e = exns_[exn];
  if (e.foreign)
    return trace_.put(Event::Foreign, e.object);
  u32 instance = tags_[e.tag].instance;
  trace_.put(Event::Exception, instance == Source::host || instances_[instance].complete ? e.tag : unknown_thing);
  if (depth < 3)
    for (const Value &v : e.fields)
      put(v, depth + 1);
}

// ---------------------------------------------------------------------------------------------- calls

Flow Oracle::call(u32 number, Values args, Values &results) {
  for (;;) {
    FunctionRef ref = functions_[number];
    if (ref.instance == Source::host)
      return call_host(program_.host.functions[ref.index], ref.index, args, results);
    InstanceState &instance = instances_[ref.instance];
    const Function &f = instance.module->functions[ref.index - instance.module->func_imports.size()];
    const Signature &signature = program_.signatures[f.signature];
    results.clear();
    if (!spend()) {
      for (Type t : signature.results)
        results.push_back(zero(t));
      return Flow::Normal;
    }
    Frame frame{&instance, &f, std::move(args), {}, {}};
    for (std::size_t i = frame.locals.size(); i < f.locals.size(); ++i)
      frame.locals.push_back(zero(f.locals[i]));
    Flow flow = exec(f.body, frame);
    if (flow == Flow::Normal)
      flow = eval_all(f.exprs, frame, results);
    if (flow == Flow::Return || arrives(flow, function_label)) {
      results = std::move(values_);
      return Flow::Normal;
    }
    if (flow != Flow::Tail) {
      skip_to_ = no_label;
      return flow;
    }
    number = tail_;
    args = std::move(values_);
    reach_if(functions_[number].instance == Source::host, Reach::TailToHost);
  }
}

Flow Oracle::call_host(const HostFunction &host, u32 number, const Values &args, Values &results) {
  trace_.put(Event::Host, number);
  for (const Value &v : args)
    put(v);
  auto first = [&](Type t) {
    auto found = std::find_if(args.begin(), args.end(), [&](const Value &v) { return v.type == t; });
    return found == args.end() ? zero(t) : *found;
  };
  auto fields = [&](u32 tag) {
    Values taken;
    for (Type t : program_.tag_types[program_.host.tags[tag]])
      taken.push_back(first(t));
    return taken;
  };
  switch (host.deed) {
  case Deed::Log:
  case Deed::Collect:
    break;
  case Deed::ThrowTag:
    reach(Reach::HostThrowsTag);
    return raise_new(host.tag, fields(host.tag));
  case Deed::ThrowForeign:
    reach(Reach::HostThrowsForeign);
    return raise_foreign(number);
  case Deed::ThrowTrap:
    return trap(TrapKind::Host);
  case Deed::Exit:
    exit_ = number;
    return Flow::Exit;
  case Deed::Keep:
    kept_ = static_cast<u32>(first(Type::Exn).bits);
    break;
  case Deed::Compare: {
    u64 other = first(Type::Exn).bits;
    bool foreign = (other && exns_[other - 1].foreign) || (kept_ && exns_[kept_ - 1].foreign);
    trace_.put(Event::Number, foreign ? 2 : other == kept_);
    break;
  }
  case Deed::ThrowKept:
    reach_if(kept_, Reach::HostThrowsKept);
    if (kept_)
      return raise(kept_ - 1);
    break;
  case Deed::Reenter:
  case Deed::ReenterTwice:
    if (Flow flow = reenter(host); flow != Flow::Normal)
      return flow;
    break;
  }
  results.clear();
  for (Type t : program_.signatures[host.signature].results)
    results.push_back(first(t));
  return Flow::Normal;
}

Flow Oracle::call_export(const HostFunction &host) {
  if (host.instance >= instances_.size() || !instances_[host.instance].complete)
    return Flow::Normal;
  u32 function = instances_[host.instance].functions[host.function];
  const InstanceState &self = instances_[host.instance];
  Values args, results;
  for (Type t : program_.signatures[self.module->signature_of(host.function)].params)
    args.push_back(zero(t));
  Flow flow = call(function, std::move(args), results);
  if (flow == Flow::Normal)
    for (const Value &v : results)
      put(v);
  return flow;
}

Flow Oracle::reenter(const HostFunction &host) {
  reach_if(reentries_++, Reach::ReentryInReentry);
  Flow before = call_export(host), flow = handled(host, before);
  reach_if(before == Flow::Throw && host.catching != Catching::ForeignToWasm && flow == Flow::Throw,
           Reach::HostPassesOn);
  reach_if(host.catching >= Catching::ThrowOther && before == Flow::Throw, Reach::HostReplaces);
  reach_if(before != Flow::Normal && flow == Flow::Normal, Reach::HostSwallows);
  reach_if(host.deed == Deed::ReenterTwice && flow != Flow::Normal, Reach::DestructorReenters);
  if (host.deed == Deed::ReenterTwice) {
    // In a destructor: what the first call carries out stays in flight.
    u32 exn = exn_, exit = exit_;
    TrapKind trap = trap_;
    Flow second = call_export(host);
    if (second != Flow::Normal)
      outcome(second, {});
    exn_ = exn, exit_ = exit, trap_ = trap;
  }
  --reentries_;
  return flow;
}

Flow Oracle::handled(const HostFunction &host, Flow flow) {
  bool wasm = flow == Flow::Throw && !exns_[exn_].foreign, foreign = flow == Flow::Throw && exns_[exn_].foreign;
  auto other = [&] {
    Values fields;
    for (Type t : program_.tag_types[program_.host.tags[host.tag]])
      fields.push_back(zero(t));
    return raise_new(host.tag, std::move(fields));
  };
  switch (host.catching) {
  case Catching::Nothing:
  case Catching::ThrowOn:
  case Catching::ThrowRef:
    return flow;
  case Catching::Swallow:
    return wasm ? outcome(flow, {}), Flow::Normal : flow;
  case Catching::SwallowAll:
    return wasm || foreign || flow == Flow::Trap ? outcome(flow, {}), Flow::Normal : flow;
  case Catching::ThrowOther:
    return wasm ? other() : flow;
  case Catching::ThrowForeign:
    return wasm ? raise_foreign(1000) : flow;
  case Catching::ForeignToWasm:
    return foreign ? other() : flow;
  }
  return flow;
}

Flow Oracle::callee(const Callee &callee, Frame &frame, u32 &function, u32 element) {
  const InstanceState &self = *frame.instance;
  if (callee.how == How::ByRef && callee.function == no_label)
    return trap(TrapKind::NullFunction);
  if (callee.how != How::Indirect) {
    function = self.functions[callee.function];
    return Flow::Normal;
  }
  const Values &table = tables_[self.tables[callee.table]];
  if (element >= table.size())
    return trap(TrapKind::UndefinedElement);
  if (!table[element].bits)
    return trap(TrapKind::UninitializedElement);
  function = static_cast<u32>(table[element].bits - 1);
  FunctionRef ref = functions_[function];
  u32 signature = ref.instance == Source::host ? program_.host.functions[ref.index].signature
                                               : instances_[ref.instance].module->signature_of(ref.index);
  if (program_.signatures[signature] != program_.signatures[callee.signature])
    return trap(TrapKind::Mismatch);
  return Flow::Normal;
}

// ---------------------------------------------------------------------------------------------- expressions

Flow Oracle::eval_all(const std::vector<Expr> &exprs, Frame &frame, Values &values) {
  values.clear();
  values.reserve(exprs.size());
  for (const Expr &e : exprs) {
    Value v;
    if (Flow flow = eval(e, frame, v); flow != Flow::Normal)
      return flow;
    values.push_back(v);
  }
  return Flow::Normal;
}

Flow Oracle::eval(const Expr &e, Frame &frame, Value &value) {
  value = {e.type, e.bits};
  InstanceState &self = *frame.instance;
  if (e.op == Op::Block) {
    Values values;
    Flow flow = exec_block(e.body[0], frame, values);
    if (flow == Flow::Normal)
      value = values[0];
    return flow;
  }
  Values args;
  if (!e.args.empty())
    if (Flow flow = eval_all(e.args, frame, args); flow != Flow::Normal)
      return flow;
  switch (e.op) {
  case Op::Const:
  case Op::RefNull:
    break;
  case Op::LocalGet:
    value = frame.locals[e.index];
    break;
  case Op::LocalTee:
    value = frame.locals[e.index] = args[0];
    break;
  case Op::GlobalGet:
    value = globals_[self.globals[e.index]];
    break;
  case Op::Unary:
    value = args[0];
    return unary(e.index, value);
  case Op::Binary:
    return binary(e.index, args[0], args[1], value);
  case Op::Select:
    value = args[2].bits ? args[0] : args[1];
    break;
  case Op::RefFunc:
    value.bits = self.functions[e.index] + 1;
    break;
  case Op::TableGet:
    if (args[0].bits >= table_size)
      return trap(TrapKind::TableBounds);
    value = tables_[self.tables[e.index]][args[0].bits];
    break;
  case Op::Load: {
    u32 *at;
    if (Flow flow = word(frame, static_cast<u32>(args[0].bits), at); flow != Flow::Normal)
      return flow;
    value.bits = *at;
    break;
  }
  case Op::MemorySize:
    value.bits = self.pages;
    break;
  case Op::MemoryGrow:
    value.bits = self.pages;
    if (args[0].bits + self.pages > memory_pages_max)
      value.bits = 0xffffffff;
    else
      self.pages += static_cast<u32>(args[0].bits);
    break;
  case Op::Call: {
    Values results;
    if (Flow flow = call(self.functions[e.index], std::move(args), results); flow != Flow::Normal)
      return flow;
    value = results[0];
    break;
  }
  case Op::Block:
    break;
  }
  return Flow::Normal;
}

/// Addresses are multiples of 4 below 256, 65536, or far beyond every memory.
Flow Oracle::word(Frame &frame, u32 address, u32 *&at) {
  InstanceState &self = *frame.instance;
  if (address / 65536 >= self.pages)
    return trap(TrapKind::MemoryBounds);
  at = &self.words[address < 256 ? address / 4 : 64];
  return Flow::Normal;
}

Flow Oracle::unary(u32 row, Value &value) {
  const Operator &op = unaries[row];
  value.type = op.to;
  switch (op.opcode) {
  case 0x45:
  case 0x50:
  case 0xd1:
    value.bits = value.bits == 0;
    break;
  case 0xa7:
    value.bits = static_cast<u32>(value.bits);
    break;
  case 0xac:
    value.bits = static_cast<u64>(static_cast<std::int64_t>(static_cast<std::int32_t>(value.bits)));
    break;
  case 0xb7: {
    double d = static_cast<std::int32_t>(value.bits);
    static_assert(sizeof d == sizeof value.bits);
    std::copy_n(reinterpret_cast<const char *>(&d), sizeof d, reinterpret_cast<char *>(&value.bits));
    break;
  }
  default:
    break; // reinterpretations
  }
  return Flow::Normal;
}

Flow Oracle::binary(u32 row, const Value &va, const Value &vb, Value &value) {
  const Operator &op = binaries[row];
  u64 a = va.bits, b = vb.bits, r = 0;
  std::string name = op.name + 4;
  if (name == "add")
    r = a + b;
  else if (name == "sub")
    r = a - b;
  else if (name == "mul")
    r = a * b;
  else if (name == "xor")
    r = a ^ b;
  else if (name == "and")
    r = a & b;
  else if (name == "eq")
    r = a == b;
  else if (name == "lt_u")
    r = a < b;
  else if (!b)
    return trap(TrapKind::DivideByZero);
  else
    r = a / b;
  value = {op.to, op.to == Type::I32 ? static_cast<u32>(r) : r};
  return Flow::Normal;
}

// ---------------------------------------------------------------------------------------------- statements

Flow Oracle::exec(const std::vector<Stmt> &body, Frame &frame) {
  for (const Stmt &s : body)
    if (Flow flow = exec(s, frame); flow != Flow::Normal)
      return flow;
  return Flow::Normal;
}

Flow Oracle::exec(const Stmt &s, Frame &frame) {
  switch (s.kind) {
  case Kind::Call:
  case Kind::ReturnCall:
    return exec_call(s, frame);
  case Kind::Throw:
  case Kind::ThrowRef:
  case Kind::Rethrow:
    return exec_throw(s, frame);
  case Kind::Br:
  case Kind::BrIf:
  case Kind::BrTable:
  case Kind::Return:
    return exec_branch(s, frame);
  case Kind::Loop:
    return exec_loop(s, frame);
  case Kind::Block:
  case Kind::TryTable:
  case Kind::Try: {
    Values values;
    if (Flow flow = eval_all(s.entry, frame, values); flow != Flow::Normal)
      return flow;
    entered_ = std::move(values);
    Flow flow = s.kind == Kind::Block      ? exec_block(s, frame, values)
                : s.kind == Kind::TryTable ? exec_try_table(s, frame, values)
                                           : exec_try(s, frame, values);
    if (flow == Flow::Normal)
      receive(s.receive, values, frame);
    return flow;
  }
  default:
    return exec_plain(s, frame);
  }
}

Flow Oracle::exec_plain(const Stmt &s, Frame &frame) {
  Values v;
  if (Flow flow = eval_all(s.exprs, frame, v); flow != Flow::Normal)
    return flow;
  InstanceState &self = *frame.instance;
  switch (s.kind) {
  case Kind::Set:
    frame.locals[s.index] = v[0];
    break;
  case Kind::SetGlobal:
    globals_[self.globals[s.index]] = v[0];
    break;
  case Kind::SetTable:
    if (v[0].bits >= table_size)
      return trap(TrapKind::TableBounds);
    tables_[self.tables[s.index]][v[0].bits] = v[1];
    break;
  case Kind::Store: {
    u32 *at;
    if (Flow flow = word(frame, static_cast<u32>(v[0].bits), at); flow != Flow::Normal)
      return flow;
    *at = static_cast<u32>(v[1].bits);
    break;
  }
  case Kind::Unreachable:
    return trap(TrapKind::Unreachable);
  case Kind::If: {
    Flow flow = exec(s.bodies[v[0].bits ? 0 : 1], frame);
    return arrives(flow, s.own) ? Flow::Normal : delegated(flow, s.own);
  }
  default:
    break;
  }
  return Flow::Normal;
}

Flow Oracle::exec_call(const Stmt &s, Frame &frame) {
  Values args, results;
  if (Flow flow = eval_all(s.exprs, frame, args); flow != Flow::Normal)
    return flow;
  u32 element = 0, function = 0;
  if (s.callee.how == How::Indirect) {
    element = static_cast<u32>(args.back().bits);
    args.pop_back();
  }
  if (Flow flow = callee(s.callee, frame, function, element); flow != Flow::Normal)
    return flow;
  bool tail = s.kind == Kind::ReturnCall;
  u32 how = static_cast<u32>(s.callee.how);
  constexpr Reach tails[] = {Reach::TailCall, Reach::TailIndirect, Reach::TailByRef};
  if (tail)
    reach(tails[how]);
  else if (how)
    reach(s.callee.how == How::Indirect ? Reach::CallIndirect : Reach::CallByRef);
  if (tail && wrong_ != WrongRule::TailCallsStayInside) {
    tail_ = function;
    values_ = std::move(args);
    return Flow::Tail;
  }
  if (Flow flow = call(function, std::move(args), results); flow != Flow::Normal)
    return flow;
  if (tail) {
    values_ = std::move(results);
    return Flow::Return;
  }
  receive(s.receive, results, frame);
  return Flow::Normal;
}

Flow Oracle::exec_throw(const Stmt &s, Frame &frame) {
  if (s.kind == Kind::Rethrow) {
    if (wrong_ == WrongRule::RethrowLatest)
      return raise(frame.caught.back().second);
    reach(Reach::Rethrow);
    reach_if(frame.caught.back().first != s.label, Reach::RethrowOuter);
    for (std::size_t i = frame.caught.size(); i-- > 0;)
      if (frame.caught[i].first == s.label)
        return raise(frame.caught[i].second);
  }
  Values v;
  if (Flow flow = eval_all(s.exprs, frame, v); flow != Flow::Normal)
    return flow;
  if (s.kind == Kind::Throw)
    return raise_new(frame.instance->tags[s.index], std::move(v));
  reach(!v[0].bits ? Reach::NullThrowRef : exns_[v[0].bits - 1].foreign ? Reach::ThrowRefForeign : Reach::ThrowRef);
  if (!v[0].bits)
    return trap(TrapKind::NullException);
  if (wrong_ == WrongRule::NewIdentity) {
    exns_.push_back(Exn(exns_[v[0].bits - 1]));
    return raise(static_cast<u32>(exns_.size() - 1));
  }
  return raise(static_cast<u32>(v[0].bits - 1));
}

Flow Oracle::exec_branch(const Stmt &s, Frame &frame) {
  Values v;
  if (Flow flow = eval_all(s.exprs, frame, v); flow != Flow::Normal)
    return flow;
  u32 label = s.label;
  if (s.kind == Kind::BrIf || s.kind == Kind::BrTable) {
    u64 selector = v.back().bits;
    v.pop_back();
    if (s.kind == Kind::BrIf && !selector)
      return Flow::Normal;
    if (s.kind == Kind::BrTable && selector < s.labels.size())
      label = s.labels[selector];
  }
  values_ = std::move(v);
  label_ = label;
  return s.kind == Kind::Return ? Flow::Return : Flow::Branch;
}

Flow Oracle::exec_block(const Stmt &s, Frame &frame, Values &values) {
  receive(s.entry_receive, entered_, frame);
  Flow flow = exec(s.bodies[0], frame);
  if (flow == Flow::Normal)
    flow = eval_all(s.exprs, frame, values);
  if (arrives(flow, s.own)) {
    values = std::move(values_);
    return Flow::Normal;
  }
  return delegated(flow, s.own);
}

Flow Oracle::exec_loop(const Stmt &s, Frame &frame) {
  Values values;
  if (Flow flow = eval_all(s.exprs, frame, values); flow != Flow::Normal)
    return flow;
  for (;;) {
    receive(s.receive, values, frame);
    if (!spend())
      return Flow::Normal;
    frame.loops.push_back(s.own);
    Flow flow = exec(s.bodies[0], frame);
    frame.loops.pop_back();
    if (!arrives(flow, s.own))
      return delegated(flow, s.own);
    values = std::move(values_);
  }
}

bool Oracle::matches(u32 tag, const Frame &frame, u32 index) const {
  u32 mine = frame.instance->tags[index];
  if (wrong_ == WrongRule::TagsByType)
    return tags_[mine].type == tags_[tag].type;
  if (wrong_ == WrongRule::TagsByIndex)
    return tags_[mine].type == tags_[tag].type && tags_[mine].index == tags_[tag].index;
  return mine == tag;
}

Flow Oracle::exec_try_table(const Stmt &s, Frame &frame, Values &values) {
  Values before = wrong_ == WrongRule::LocalsAreRestored ? frame.locals : Values();
  Flow flow = exec_block(s, frame, values);
  reach_if(!s.entry.empty(), Reach::Parameters);
  reach_if(flow == Flow::Trap, Reach::TrapInRegion);
  reach_if(flow == Flow::Exit, Reach::ExitInRegion);
  reach_if(flow == Flow::Tail, Reach::TailInRegion);
  if (flow == Flow::Trap && wrong_ == WrongRule::TrapsAreCaught)
    for (const Clause &c : s.clauses)
      if (c.kind == ClauseKind::CatchAll) {
        values_.clear();
        label_ = c.label;
        return Flow::Branch;
      }
  if (flow != Flow::Throw || skip_to_ != no_label)
    return flow;
  const Clause *chosen = nullptr;
  for (const Clause &c : s.clauses) {
    bool all = c.kind >= ClauseKind::CatchAll;
    if (all ? catches_all() : !exns_[exn_].foreign && matches(exns_[exn_].tag, frame, c.tag)) {
      if (chosen && wrong_ != WrongRule::LastClauseWins)
        break;
      // Only a clause of the same types can stand in for the first one.
      if (!chosen || (chosen->kind == c.kind && chosen->tag == c.tag))
        chosen = &c;
    }
  }
  reach(chosen ? static_cast<Reach>(chosen->kind) : Reach::PassedRegion);
  if (!chosen)
    return flow;
  note_landing(frame, *chosen);
  if (wrong_ == WrongRule::LocalsAreRestored)
    frame.locals = before;
  values_.clear();
  if (chosen->kind < ClauseKind::CatchAll)
    values_ = exns_[exn_].fields;
  if (chosen->kind == ClauseKind::CatchRef || chosen->kind == ClauseKind::CatchAllRef)
    values_.push_back({Type::Exn, exn_ + 1});
  label_ = chosen->label;
  return Flow::Branch;
}

void Oracle::note_landing(const Frame &frame, const Clause &clause) const {
  const Exn &e = exns_[exn_];
  reach_if(e.foreign, Reach::ForeignCaught);
  reach_if(clause.label == function_label, Reach::ToFunction);
  reach_if(std::find(frame.loops.begin(), frame.loops.end(), clause.label) != frame.loops.end(), Reach::ToLoop);
  if (clause.kind >= ClauseKind::CatchAll)
    return;
  reach_if(tags_[e.tag].index != clause.tag, Reach::AliasCaught);
  reach_if(std::any_of(e.fields.begin(), e.fields.end(), [](const Value &v) { return is_ref(v.type) && v.bits; }),
           Reach::ReferenceInPayload);
}

const Handler *Oracle::handler_of(const Stmt &s, const Frame &frame) const {
  for (const Handler &h : s.handlers)
    if (h.all ? catches_all() : !exns_[exn_].foreign && matches(exns_[exn_].tag, frame, h.tag))
      return &h;
  return nullptr;
}

Flow Oracle::exec_try(const Stmt &s, Frame &frame, Values &values) {
  Flow flow = exec_block(s, frame, values);
  if (flow != Flow::Throw || skip_to_ != no_label)
    return flow;
  if (s.delegates) {
    reach(s.label == function_label ? Reach::DelegateToFunction : Reach::Delegate);
    if (wrong_ != WrongRule::DelegateStays)
      skip_to_ = s.label;
    return flow;
  }
  const Handler *h = handler_of(s, frame);
  if (!h)
    return flow;
  reach(h->all ? Reach::LegacyCatchAll : Reach::LegacyCatch);
  u32 exn = exn_;
  if (!h->all)
    receive(h->receive, exns_[exn].fields, frame);
  frame.caught.emplace_back(s.own, exn);
  flow = exec(h->body, frame);
  if (flow == Flow::Normal)
    flow = eval_all(h->exprs, frame, values);
  frame.caught.pop_back();
  if (arrives(flow, s.own)) {
    values = std::move(values_);
    return Flow::Normal;
  }
  return delegated(flow, s.own);
}

} // namespace

Trace interpret(const Program &program, WrongRule wrong, bool text) {
  reach_counting = wrong == WrongRule::None;
  return Oracle(program, wrong, text).run();
}

} // namespace eh_random
