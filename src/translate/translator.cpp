// The parts of translating that all families share: the walk's sink, blocks, frames, calls.
#include "translate/translator.hh"

#include "base/assert.hh"

namespace trapeze::translate {

Result<void> body(const ModuleContext &context, u32 func, ir::Function &out) {
  // One per thread: its storage is reused from body to body.
  static thread_local Translator translator;
  translator.start(context, func, out);
  TRY(validate::body(context.module, context.features, func, validate::OperatorSink(translator)));
  return translator.finish();
}

void Translator::start(const ModuleContext &c, u32 func, ir::Function &out) {
  context = &c;
  module = &c.module;
  fn = &out;
  out.clear();
  out.func = func;
  failed_ = false;
  region = no_region;
  stack.clear();
  saved.clear();
  thrown.clear();
  frames.clear();
  label_types.clear();
  regions.clear();
  clause_targets.clear();
  open_tries = 0;
  sigs_by_type_.assign(module->types.size(), base::none_id<ir::Sig>());
  std::fill(std::begin(sigs_by_builtin_), std::end(sigs_by_builtin_), base::none_id<ir::Sig>());
  build.start(out);
  variables.start(out);
}

void Translator::locals(const validate::Locals &locals) {
  const wasm::Func &func = module->funcs[fn->func];
  const u32 offset = static_cast<u32>(func.body.offset);
  fn->sig = signature(func.type, offset);
  for (wasm::ValType t : locals.types)
    if (t.kind() == wasm::ValKind::V128)
      unsupported(wasm::Feature::Simd, offset);
  if (failed_)
    return;
  fn->entry = variables.make_block();
  variables.seal(fn->entry);
  const u32 params = static_cast<u32>(module->type_at(func.type).params.size());
  for (u32 i = 0; i < locals.types.size(); ++i) {
    const Type type = type_of(locals.types[i]);
    variables.add_local(type);
    if (i < params)
      variables.write(i, fn->entry, fn->add_param(fn->entry, type));
  }
  set_block(fn->entry);
  Frame f{.kind = FrameKind::Function};
  for (wasm::ValType t : module->type_at(func.type).results)
    label_types.push_back(type_of(t));
  f.label_count = f.result_count = static_cast<u32>(label_types.size());
  f.entry = fn->entry;
  frames.push_back(f);
}

void Translator::op(const Operator &o) {
  if (failed_)
    return;
  const HandlerRow &row = handler(o.code);
  if (is_dead() && !row.is_structural)
    return;
  build.set_offset(o.offset);
  row.handler(*this, o, row.argument);
}

Result<void> Translator::finish() {
  if (failed_)
    return std::unexpected(error_);
  ASSERT(frames.empty() && open_tries == 0);
  variables.finish();
  return {};
}

void Translator::unsupported(wasm::Feature feature, u32 offset) {
  if (failed_)
    return;
  failed_ = true;
  error_ = {ErrorKind::Unsupported, offset,
            std::string(wasm::row(feature).title) + " is not supported by the code generator yet"};
}

// --- the operand stack and blocks ---

std::span<const Value> Translator::top(u32 count) {
  const std::span<Value> values(stack.data() + stack.size() - count, count);
  for (Value &v : values)
    v = variables.resolve(v);
  return values;
}

Block Translator::single(Block pred) {
  const Block b = variables.make_block();
  variables.add_pred(b, pred);
  variables.seal(b);
  return b;
}

void Translator::jump(Block target, std::span<const Value> args) {
  build.raw({Op::Jump, Type::None, 0, 0, fn->make_edge(target, args), 0});
  variables.add_pred(target, block);
}

void Translator::branch(Value condition, Block yes, Block no, u16 hint) {
  const u32 first = fn->make_edge(yes);
  fn->make_edge(no);
  build.raw({Op::Branch, Type::None, hint, Builder::id(condition), first, 0});
  for (Block b : {yes, no}) {
    variables.add_pred(b, block);
    variables.seal(b);
  }
}

void Translator::trap(abi::TrapCode code) {
  build.raw({Op::Trap, Type::None, static_cast<u16>(code), 0, 0, 0});
  die();
}

void Translator::unreachable() {
  build.raw({Op::Unreachable, Type::None, static_cast<u16>(abi::TrapCode::Unreachable), 0, 0, 0});
  die();
}

void Translator::return_values(std::span<const Value> values) {
  build.raw({Op::Return, Type::None, 0, 0, fn->make_list(values), 0});
}

// --- frames ---

Frame &Translator::open(const Operator &o, std::span<const wasm::ValType> types) {
  Frame f{.kind = o.frame, .dead = is_dead()};
  f.height = static_cast<u32>(stack.size());
  f.outer = f.inner = region;
  f.first_type = static_cast<u32>(label_types.size());
  if (!f.dead) {
    f.height -= static_cast<u32>(o.params.size());
    for (wasm::ValType t : types)
      label_types.push_back(type_of(t));
    f.label_count = static_cast<u32>(types.size());
    f.result_count = static_cast<u32>(o.results.size());
    f.entry = block;
    f.start = variables.tick();
  }
  f.first_saved = static_cast<u32>(saved.size());
  frames.push_back(f);
  return frames.back();
}

Block Translator::label_of(Frame &target) {
  if (is_none(target.label)) {
    target.label = variables.make_join(target.start, target.entry);
    for (u32 i = 0; i < target.label_count; ++i)
      fn->add_param(target.label, label_types[target.first_type + i]);
  }
  return target.label;
}

void Translator::jump_to(Frame &target, std::span<const Value> args) {
  if (target.kind == FrameKind::Function)
    return return_values(args);
  jump(label_of(target), args);
}

/// To the block behind the frame, if control gets here at all.
void Translator::fall_through(Frame &f) {
  if (is_dead())
    return;
  jump_to(f, top(f.result_count));
  die();
}

void Translator::close() {
  const Frame f = frames.back();
  if (f.kind == FrameKind::Function) {
    if (!is_dead())
      return_values(top(f.result_count));
    die();
  } else if (f.kind == FrameKind::Loop) {
    if (!f.dead)
      variables.seal(f.label);
  } else if (!is_none(f.label)) {
    fall_through(frames.back());
    variables.seal(f.label);
    stack.resize(f.height);
    set_block(f.label);
    for (Value v : fn->blocks[f.label].params)
      push(v);
  }
  if (is_dead())
    stack.resize(f.height);
  region = f.outer;
  saved.resize(f.first_saved);
  label_types.resize(f.first_type);
  frames.pop_back();
}

// --- instance and types ---

Type Translator::type_of(wasm::ValType t) {
  constexpr Type table[] = {Type::I32, Type::I64, Type::F32, Type::F64, Type::V128, Type::Ref, Type::None};
  return table[static_cast<u32>(t.kind())];
}

ir::Sig Translator::signature(wasm::TypeIndex type, u32 offset) {
  ir::Sig &sig = sigs_by_type_[module->canonical[static_cast<u32>(type)]];
  if (!is_none(sig))
    return sig;
  const wasm::FuncType &func = module->type_at(type);
  ir::Signature s;
  for (wasm::ValType t : func.params)
    s.params.push_back(type_of(t));
  for (wasm::ValType t : func.results)
    s.results.push_back(type_of(t));
  for (const auto *list : {&s.params, &s.results})
    for (Type t : *list)
      if (t == Type::V128)
        unsupported(wasm::Feature::Simd, offset);
  return sig = fn->sigs.push(std::move(s));
}

ir::Sig Translator::signature(abi::Builtin builtin) {
  ir::Sig &sig = sigs_by_builtin_[static_cast<u32>(builtin)];
  if (!is_none(sig))
    return sig;
  const auto types = [](const char *text) {
    std::vector<Type> list;
    for (; *text != 0; ++text)
      if (*text != '-')
        list.push_back(*text == 'i' ? Type::I32 : *text == 'I' ? Type::I64 : Type::Ref);
    return list;
  };
  const abi::BuiltinRow &row = abi::row(builtin);
  return sig = fn->sigs.push({types(row.params), types(row.results)});
}

Value Translator::load_fixed(Type type, Value address, u32 offset) {
  return build.load(type, address, offset,
                    {.size_log2 = static_cast<u8>(ir::size_of(type) == 8 ? 3 : 2), .alias = Alias::Fixed});
}

Value Translator::add_offset(Value address, u64 offset) { return build.binary(Op::Add, address, build.i64(offset)); }

// --- calls ---

Value Translator::call(Op op, u32 callee, ir::Sig sig, std::span<const Value> args, Region in) {
  const auto &results = fn->sigs[sig].results;
  const bool is_tail = op == Op::ReturnCall || op == Op::ReturnCallPtr;
  const Type type = is_tail || results.empty() ? Type::None : results[0];
  const u32 at = fn->make_call({callee, sig, in, 0}, args);
  const Inst inst = build.raw({op, type, 0, at, 0, 0});
  for (u32 i = 1; !is_tail && i < fn->sigs[sig].results.size(); ++i)
    build.raw({Op::Proj, fn->sigs[sig].results[i], 0, Builder::id(inst), 0, i});
  note_throwing_call(in);
  return inst;
}

void Translator::push_results(Value call, ir::Sig sig) {
  Value v = call;
  for (u32 i = 0; i < fn->sigs[sig].results.size(); ++i, v = fn->links[v].next)
    push(v);
}

Value Translator::call_builtin(abi::Builtin builtin, std::span<const Value> args) {
  const bool throws = abi::row(builtin).effect == abi::BuiltinEffect::Throws;
  return call(Op::CallBuiltin, static_cast<u32>(builtin), signature(builtin), args, throws ? region : no_region);
}

/// Only the innermost region is marked; marks move outward when a region closes.
void Translator::note_throwing_call(Region r) {
  if (!is_none(r))
    regions[r].is_reached = true;
}

} // namespace trapeze::translate
