// The generator: types first, then the host, modules without bodies, bodies, and last how instances are linked.
//
// What makes exception programs interesting is that things match: a clause's label needs a block of the tag's types, a
// handler needs somebody who throws that tag. So signatures and block types are drawn from the tag types more often
// than not, tags are few, and a region looks for a label that fits before it makes one of its own. Throws and branches
// mostly stand under an `if`, or the rest of every body would be dead.
#include "generate.hh"

#include <algorithm>

namespace eh_random {

namespace {

class Random {
public:
  Random(u64 seed, u64 number) : state_(seed * 0x9e3779b97f4a7c15 ^ (number + 1) * 0xd1342543de82ef95) {}
  u64 next() { // splitmix64
    u64 z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  u32 below(u32 n) { return static_cast<u32>((next() >> 32) * n >> 32); }
  u32 between(u32 low, u32 high) { return low + below(high - low + 1); }
  bool percent(u32 p) { return below(100) < p; }
  template <typename T> const T &pick(const std::vector<T> &list) { return list[below(static_cast<u32>(list.size()))]; }

private:
  u64 state_;
};

bool is_ref(Type type) { return type >= Type::Func; }

// What every module imports of the host first, and the host's functions and signatures of these numbers.
constexpr u32 log_import = 0, keep_import = 1, compare_import = 2, fixed_imports = 3;
constexpr u32 log_signature = 0, exn_signature = 1, empty_signature = 2;

struct Label {
  u32 id;
  Types types;
  bool is_handler = false; // of a Try
};

/// One function body.
class BodyMaker {
public:
  BodyMaker(Random &random, const Program &program, const Module &module, Function &function, u32 size)
      : random_(random), program_(program), module_(module), function_(function), size_(size) {}
  void run();

private:
  using Body = std::vector<Stmt>;

  // Expressions.
  Expr constant(Type type);
  Expr expr(Type type, u32 depth);
  Expr number(Type type, u32 depth);
  Expr reference(Type type, u32 depth);
  Expr local(Type type, u32 depth);
  Expr call_expr(Type type, u32 depth);
  Expr block_expr(Type type);
  Expr unary(Type type, u32 depth);
  Expr binary(Type type, u32 depth);
  Expr global(Type type, u32 depth);
  Expr select(Type type, u32 depth);
  Expr masked(u32 mask, u32 depth);
  Expr address(u32 depth);
  Expr element(u32 depth);
  std::vector<Expr> exprs(const Types &types, u32 depth = 2);
  std::vector<Expr> constants(const Types &types);

  // Statements.
  Body body(u32 most);
  void add(Body &out);
  void add_plain(Body &out);
  void add_leaving(Body &out);
  void add_nested(Body &out);
  bool leaving(Stmt &s);
  Stmt set();
  Stmt set_global();
  Stmt call(bool tail);
  Stmt block();
  Stmt loop();
  Stmt branch_if();
  void parameters(Stmt &s);
  void region(Body &out);
  Stmt try_table(std::vector<Clause> clauses);
  Stmt legacy_try(bool is_hot = false);
  void round_trip(Body &out, u32 from);
  void throw_something(Body &out);
  void rethrow_some(Body &out);
  void throw_on(Body &out, u32 local);

  u32 new_label(Types types, bool is_handler = false) {
    labels_.push_back({next_label_, std::move(types), is_handler});
    return next_label_++;
  }
  Types label_types();
  std::vector<u32> labels_of(const Types &types) const;
  u32 local_for(Type type);
  std::vector<u32> locals_for(const Types &types);
  std::vector<u32> functions_of(const Types &results) const;
  const Signature &signature_of(u32 function) const { return program_.signatures[module_.signature_of(function)]; }
  u32 tag_count() const { return static_cast<u32>(module_.tag_imports.size() + module_.tags.size()); }
  const Types &fields(u32 tag) const { return program_.tag_types[module_.tag_type(tag)]; }
  u32 table_of(Type type) const { return type == Type::Func ? 0 : 1; }

  Random &random_;
  const Program &program_;
  const Module &module_;
  Function &function_;
  std::vector<Label> labels_;
  u32 next_label_ = 0;
  int budget_ = 0; // statements that may still be made
  u32 nesting_ = 0, size_;
};

// ---------------------------------------------------------------------------------------------- expressions

Expr leaf(Op op, Type type, u32 index = 0, u64 bits = 0) { return {op, type, index, bits, {}, {}}; }

Expr node(Op op, Type type, u32 index, std::vector<Expr> args) { return {op, type, index, 0, std::move(args), {}}; }

/// i32.eqz (ref.is_null (local.get $local)), of an exnref.
Expr is_not_null(u32 local) {
  constexpr u32 eqz = 0, is_null = std::size(unaries) - 1;
  static_assert(unaries[eqz].opcode == 0x45 && unaries[is_null].from == Type::Exn);
  std::vector<Expr> args, outer;
  args.push_back(leaf(Op::LocalGet, Type::Exn, local));
  outer.push_back(node(Op::Unary, Type::I32, is_null, std::move(args)));
  return node(Op::Unary, Type::I32, eqz, std::move(outer));
}

Expr BodyMaker::constant(Type type) {
  if (is_ref(type))
    return leaf(Op::RefNull, type);
  static const std::vector<u64> f32_bits = {0, 0x7fa12345, 0xffc00001, 0x80000000, 0x3f800000, 0x00000001};
  static const std::vector<u64> f64_bits = {0, 0x7ff4000000000123, 0xfff8000000000001, 0x8000000000000000, 1};
  u64 bits = random_.percent(70) ? random_.below(8) : random_.next();
  if (type == Type::F32 && random_.percent(60))
    bits = random_.pick(f32_bits);
  if (type == Type::F64 && random_.percent(60))
    bits = random_.pick(f64_bits);
  if (type == Type::I32 || type == Type::F32)
    bits = static_cast<u32>(bits);
  return leaf(Op::Const, type, 0, bits);
}

std::vector<Expr> BodyMaker::constants(const Types &types) {
  std::vector<Expr> list;
  for (Type t : types)
    list.push_back(random_.percent(60) ? local(t, 0) : constant(t));
  return list;
}

std::vector<Expr> BodyMaker::exprs(const Types &types, u32 depth) {
  std::vector<Expr> list;
  for (Type t : types)
    list.push_back(expr(t, depth));
  return list;
}

Expr BodyMaker::local(Type type, u32) {
  std::vector<u32> found;
  for (u32 i = 0; i < function_.locals.size(); ++i)
    if (function_.locals[i] == type)
      found.push_back(i);
  return found.empty() ? constant(type) : leaf(Op::LocalGet, type, random_.pick(found));
}

Expr BodyMaker::global(Type type, u32) {
  std::vector<u32> found;
  for (u32 g = 0; g < module_.global_imports.size() + module_.globals.size(); ++g)
    if (module_.global_type(g) == type)
      found.push_back(g);
  return found.empty() ? local(type, 0) : leaf(Op::GlobalGet, type, random_.pick(found));
}

Expr BodyMaker::select(Type type, u32 depth) {
  std::vector<Expr> args;
  args.push_back(expr(type, depth - 1));
  args.push_back(expr(type, depth - 1));
  args.push_back(expr(Type::I32, depth - 1));
  return node(Op::Select, type, 0, std::move(args));
}

Expr BodyMaker::unary(Type type, u32 depth) {
  std::vector<u32> rows;
  for (u32 i = 0; i < std::size(unaries); ++i)
    if (unaries[i].to == type)
      rows.push_back(i);
  if (rows.empty())
    return local(type, 0);
  u32 row = random_.pick(rows);
  return node(Op::Unary, type, row, exprs({unaries[row].from}, depth - 1));
}

Expr BodyMaker::binary(Type type, u32 depth) {
  std::vector<u32> rows;
  for (u32 i = 0; i < std::size(binaries); ++i)
    if (binaries[i].to == type && (std::string(binaries[i].name + 4) != "div_u" || random_.percent(10)))
      rows.push_back(i);
  if (rows.empty())
    return local(type, 0);
  u32 row = random_.pick(rows);
  return node(Op::Binary, type, row, exprs({binaries[row].from, binaries[row].from}, depth - 1));
}

Expr BodyMaker::masked(u32 mask, u32 depth) {
  constexpr u32 i32_and = 4;
  static_assert(binaries[i32_and].opcode == 0x71);
  std::vector<Expr> args;
  args.push_back(expr(Type::I32, depth));
  args.push_back(leaf(Op::Const, Type::I32, 0, mask));
  return node(Op::Binary, Type::I32, i32_and, std::move(args));
}

Expr BodyMaker::address(u32 depth) {
  u32 n = random_.below(100);
  return n < 86 ? masked(252, depth) : leaf(Op::Const, Type::I32, 0, n < 97 ? 65536 : 0x10000000);
}

Expr BodyMaker::element(u32 depth) {
  if (random_.percent(2))
    return leaf(Op::Const, Type::I32, 0, table_size + random_.below(3));
  return random_.percent(70) ? leaf(Op::Const, Type::I32, 0, random_.below(4)) : masked(3, depth);
}

Expr BodyMaker::call_expr(Type type, u32 depth) {
  std::vector<u32> found = functions_of({type});
  if (found.empty())
    return local(type, 0);
  u32 f = random_.pick(found);
  return node(Op::Call, type, f, exprs(signature_of(f).params, depth - 1));
}

/// A block whose value stays on the stack, above whatever is there already.
Expr BodyMaker::block_expr(Type type) {
  Expr e = leaf(Op::Block, type);
  Stmt s;
  s.kind = Kind::Block;
  s.types = {type};
  s.own = new_label(s.types);
  s.bodies.push_back(body(3));
  s.exprs = constants(s.types);
  labels_.pop_back();
  e.body.push_back(std::move(s));
  return e;
}

Expr BodyMaker::reference(Type type, u32 depth) {
  u32 n = random_.below(100);
  if (type == Type::Func && n < 35)
    return leaf(Op::RefFunc, type, random_.below(module_.function_count()));
  if (type != Type::Extern && n < 50)
    return node(Op::TableGet, type, table_of(type), [&] {
      std::vector<Expr> args;
      args.push_back(element(depth - 1));
      return args;
    }());
  return n < 58 ? call_expr(type, depth) : n < 64 ? select(type, depth) : n < 70 ? constant(type) : local(type, 0);
}

Expr BodyMaker::number(Type type, u32 depth) {
  u32 n = random_.below(100);
  if (n < 12)
    return constant(type);
  if (n < 20)
    return global(type, 0);
  if (n < 32)
    return unary(type, depth);
  if (n < 52)
    return binary(type, depth);
  if (n < 62)
    return call_expr(type, depth);
  if (n < 66)
    return select(type, depth);
  if (n < 70) {
    u32 to = local_for(type);
    return node(Op::LocalTee, type, to, exprs({type}, depth - 1));
  }
  if (type == Type::I32 && module_.has_memory && n < 80) {
    std::vector<Expr> args;
    if (n < 76) {
      args.push_back(address(depth - 1));
      return node(Op::Load, type, 0, std::move(args));
    }
    if (n < 78)
      return leaf(Op::MemorySize, type);
    args.push_back(leaf(Op::Const, Type::I32, 0, random_.below(3)));
    return node(Op::MemoryGrow, type, 0, std::move(args));
  }
  return local(type, 0);
}

Expr BodyMaker::expr(Type type, u32 depth) {
  if (budget_ > 3 && nesting_ < 4 && random_.percent(4)) {
    budget_ -= 2;
    return block_expr(type);
  }
  if (!depth)
    return random_.percent(35) ? constant(type) : local(type, 0);
  return is_ref(type) ? reference(type, depth) : number(type, depth);
}

// ---------------------------------------------------------------------------------------------- labels and locals

Types BodyMaker::label_types() {
  u32 n = random_.below(100);
  if (n < 45)
    return {};
  if (n < 60)
    return {Type::Exn};
  if (n < 70)
    return {static_cast<Type>(random_.below(type_count))};
  Types t = fields(random_.below(tag_count()));
  if (n < 85)
    t.push_back(Type::Exn);
  return t;
}

std::vector<u32> BodyMaker::labels_of(const Types &types) const {
  std::vector<u32> found;
  for (const Label &l : labels_)
    if (l.types == types)
      found.push_back(l.id);
  return found;
}

u32 BodyMaker::local_for(Type type) {
  std::vector<u32> found;
  for (u32 i = 0; i < function_.locals.size(); ++i)
    if (function_.locals[i] == type)
      found.push_back(i);
  if (found.empty() || (found.size() < 4 && random_.percent(30))) {
    function_.locals.push_back(type);
    return static_cast<u32>(function_.locals.size()) - 1;
  }
  return random_.pick(found);
}

std::vector<u32> BodyMaker::locals_for(const Types &types) {
  std::vector<u32> list;
  for (Type t : types)
    list.push_back(local_for(t));
  return list;
}

std::vector<u32> BodyMaker::functions_of(const Types &results) const {
  std::vector<u32> found;
  for (u32 f = 0; f < module_.function_count(); ++f)
    if (signature_of(f).results == results)
      found.push_back(f);
  return found;
}

// ---------------------------------------------------------------------------------------------- statements

void BodyMaker::run() {
  budget_ = static_cast<int>(random_.between(8, 40) * size_);
  function_.locals = program_.signatures[function_.signature].params;
  for (u32 i = random_.below(4); i > 0; --i)
    function_.locals.push_back(static_cast<Type>(random_.below(type_count)));
  const Types &results = program_.signatures[function_.signature].results;
  new_label(results);
  function_.body = body(9 * size_);
  function_.exprs = exprs(results);
}

BodyMaker::Body BodyMaker::body(u32 most) {
  Body out;
  ++nesting_;
  for (u32 n = random_.between(1 + most / 3, most); n > 0 && budget_ > 0; --n)
    add(out);
  --nesting_;
  return out;
}

void BodyMaker::add(Body &out) {
  --budget_;
  u32 n = random_.below(100);
  if (n < 40 || budget_ <= 0)
    return add_plain(out);
  if (n < 58 || nesting_ > 6)
    return add_leaving(out);
  add_nested(out);
}

void BodyMaker::add_plain(Body &out) {
  Stmt s;
  u32 n = random_.below(100);
  if (n < 30) {
    s = set();
  } else if (n < 42) {
    s = set_global();
  } else if (n < 50) {
    Type type = random_.percent(35) ? Type::Func : Type::Exn;
    s.kind = Kind::SetTable;
    s.index = table_of(type);
    s.exprs.push_back(element(1));
    s.exprs.push_back(expr(type, 2));
  } else if (n < 56 && module_.has_memory) {
    s.kind = Kind::Store;
    s.exprs.push_back(address(1));
    s.exprs.push_back(expr(Type::I32, 2));
  } else if (n < 64) { // log
    s.kind = Kind::Call;
    s.exprs.push_back(expr(Type::I64, 2));
  } else if (n < 70) {
    s.kind = Kind::Call;
    s.callee.function = random_.between(keep_import, compare_import);
    s.exprs.push_back(expr(Type::Exn, 1));
  } else if (n < 72) {
    s.exprs.push_back(expr(static_cast<Type>(random_.below(type_count)), 3));
  } else {
    s = call(false);
  }
  out.push_back(std::move(s));
}

Stmt BodyMaker::set() {
  Stmt s;
  s.kind = Kind::Set;
  s.index = local_for(static_cast<Type>(random_.below(type_count)));
  s.exprs.push_back(expr(function_.locals[s.index], random_.percent(10) ? 5 : 3));
  return s;
}

Stmt BodyMaker::set_global() {
  u32 count = static_cast<u32>(module_.global_imports.size() + module_.globals.size());
  if (count < 2)
    return set();
  Stmt s;
  s.kind = Kind::SetGlobal;
  s.index = random_.between(1, count - 1);
  s.exprs.push_back(expr(module_.global_type(s.index), 2));
  return s;
}

Stmt BodyMaker::call(bool tail) {
  Stmt s;
  s.kind = tail ? Kind::ReturnCall : Kind::Call;
  u32 f = random_.percent(50)
              ? random_.below(module_.function_count())
              : random_.between(static_cast<u32>(module_.func_imports.size()), module_.function_count() - 1);
  if (tail)
    f = random_.pick(functions_of(labels_[0].types)); // itself at least
  const Signature &signature = signature_of(f);
  s.exprs = exprs(signature.params);
  s.callee.function = f;
  s.callee.signature = module_.signature_of(f);
  u32 n = random_.below(100);
  if (n < 20) {
    s.callee.how = How::Indirect;
    auto at = std::find(module_.elements.begin(), module_.elements.end(), f);
    bool known = at != module_.elements.end() && random_.percent(90);
    s.exprs.push_back(known ? leaf(Op::Const, Type::I32, 0, static_cast<u64>(at - module_.elements.begin()))
                            : element(1));
    if (!known && random_.percent(85)) { // most elements have another type
      s.callee.how = How::Direct;
      s.exprs.pop_back();
    }
  } else if (n < 35) {
    s.callee.how = How::ByRef;
    if (random_.percent(4))
      s.callee.function = no_label;
  }
  if (!tail)
    s.receive = locals_for(signature.results);
  return s;
}

/// A statement behind which nothing is reached; false if the choice has no candidate.
bool BodyMaker::leaving(Stmt &s) {
  bool handling = std::any_of(labels_.begin(), labels_.end(), [](const Label &l) { return l.is_handler; });
  u32 n = handling && random_.percent(25) ? 60 : random_.below(100);
  if (n < 38) {
    s.kind = Kind::Throw;
    s.index = random_.below(tag_count());
    s.exprs = exprs(fields(s.index));
  } else if (n < 55) {
    s.kind = Kind::ThrowRef;
    s.exprs.push_back(expr(Type::Exn, 2));
  } else if (n < 68) {
    if (!handling)
      return false;
    Body one;
    rethrow_some(one);
    s = std::move(one[0]);
  } else if (n < 80) {
    const Label to = random_.pick(labels_);
    s.kind = Kind::Br;
    s.label = to.id;
    s.exprs = exprs(to.types, 1);
    if (random_.percent(20)) {
      std::vector<u32> equal = labels_of(to.types);
      s.kind = Kind::BrTable;
      for (u32 i = random_.between(1, 3); i > 0; --i)
        s.labels.push_back(random_.pick(equal));
      s.exprs.push_back(masked(3, 1));
    }
  } else if (n < 93) {
    s = call(true);
  } else if (n < 98) {
    s.kind = Kind::Return;
    s.exprs = exprs(labels_[0].types, 1);
  } else {
    s.kind = Kind::Unreachable;
  }
  return true;
}

Stmt BodyMaker::branch_if() {
  Stmt s;
  const Label to = random_.pick(labels_);
  s.kind = Kind::BrIf;
  s.label = to.id;
  s.exprs = exprs(to.types, 1);
  s.exprs.push_back(expr(Type::I32, 2));
  return s;
}

void BodyMaker::add_leaving(Body &out) {
  if (random_.percent(15))
    return out.push_back(branch_if());
  if (random_.percent(nesting_ > 2 ? 25 : 8)) {
    Stmt s;
    out.push_back(leaving(s) ? std::move(s) : set());
    return;
  }
  Stmt guard;
  guard.kind = Kind::If;
  guard.exprs.push_back(expr(Type::I32, 2));
  guard.own = new_label({});
  guard.bodies.resize(2);
  Stmt s;
  guard.bodies[0].push_back(leaving(s) ? std::move(s) : set());
  if (guard.bodies[0][0].kind == Kind::ThrowRef && random_.percent(80)) { // null traps: mostly ask first
    u32 local = local_for(Type::Exn);
    guard.exprs[0] = is_not_null(local);
    guard.bodies[0][0].exprs[0] = leaf(Op::LocalGet, Type::Exn, local);
  }
  labels_.pop_back();
  out.push_back(std::move(guard));
}

void BodyMaker::add_nested(Body &out) {
  u32 n = random_.below(100);
  if (n < 43)
    return region(out);
  if (n < 49)
    return round_trip(out, local_for(Type::Exn));
  if (n < 67)
    return out.push_back(legacy_try());
  if (n < 80)
    return out.push_back(loop());
  if (n < 90)
    return out.push_back(block());
  Stmt s;
  s.kind = Kind::If;
  s.exprs.push_back(expr(Type::I32, 2));
  s.own = new_label({});
  s.bodies.push_back(body(4));
  s.bodies.push_back(random_.percent(60) ? body(4) : Body());
  labels_.pop_back();
  out.push_back(std::move(s));
}

/// Now and then: values made outside that the block takes.
void BodyMaker::parameters(Stmt &s) {
  if (!random_.percent(15))
    return;
  Types types = label_types();
  s.entry = exprs(types, 2);
  s.entry_receive = locals_for(types);
}

Stmt BodyMaker::block() {
  Stmt s;
  s.kind = Kind::Block;
  parameters(s);
  s.types = label_types();
  s.own = new_label(s.types);
  s.bodies.push_back(body(5));
  s.exprs = exprs(s.types, 1);
  labels_.pop_back();
  s.receive = locals_for(s.types);
  return s;
}

Stmt BodyMaker::loop() {
  Stmt s;
  s.kind = Kind::Loop;
  s.types = label_types();
  s.exprs = exprs(s.types, 1);
  s.receive = locals_for(s.types);
  s.own = new_label(s.types);
  s.bodies.push_back(body(5));
  if (random_.percent(60)) { // the back edge
    Stmt back;
    back.kind = random_.percent(70) ? Kind::BrIf : Kind::Br;
    back.label = s.own;
    back.exprs = exprs(s.types, 1);
    if (back.kind == Kind::BrIf)
      back.exprs.push_back(expr(Type::I32, 2));
    s.bodies[0].push_back(std::move(back));
  }
  labels_.pop_back();
  return s;
}

Stmt BodyMaker::try_table(std::vector<Clause> clauses) {
  Stmt s;
  s.kind = Kind::TryTable;
  parameters(s);
  s.clauses = std::move(clauses);
  if (random_.percent(30))
    s.types = label_types();
  s.own = new_label(s.types);
  s.bodies.push_back(body(6));
  s.exprs = exprs(s.types, 1);
  labels_.pop_back();
  s.receive = locals_for(s.types);
  return s;
}

/// What a C++ clean-up does: throws on what was caught. Now and then only if.
void BodyMaker::throw_on(Body &out, u32 local) {
  Stmt s;
  s.kind = Kind::ThrowRef;
  s.exprs.push_back(leaf(Op::LocalGet, Type::Exn, local));
  Stmt guard;
  guard.kind = Kind::If;
  guard.exprs.push_back(random_.percent(30) ? leaf(Op::Const, Type::I32, 0, 1) : expr(Type::I32, 2));
  guard.own = next_label_++;
  guard.bodies.resize(2);
  guard.bodies[0].push_back(std::move(s));
  out.push_back(std::move(guard));
}

/// A try_table inside of as many blocks as its clauses need labels, innermost first:
///   block $out  block $h2  block $h1  try_table ... end  br $out  end  (h1's handler)  br $out  end  (h2's handler)
///   end
void BodyMaker::region(Body &out) {
  std::vector<Clause> clauses;
  std::vector<u32> own; // labels of blocks made here, outermost first
  Label out_label{next_label_++, {}, false};
  std::size_t outside = labels_.size();
  labels_.push_back(out_label);
  for (u32 n = random_.percent(8) ? 0 : random_.between(1, 3) + random_.percent(10) * 3; n > 0; --n) {
    Clause c;
    c.kind = static_cast<ClauseKind>(random_.below(4));
    if (c.kind >= ClauseKind::CatchAll && random_.percent(45))
      c.kind = static_cast<ClauseKind>(random_.below(2));
    Types types;
    if (c.kind < ClauseKind::CatchAll) {
      c.tag = random_.below(tag_count());
      types = fields(c.tag);
    }
    if (c.kind == ClauseKind::CatchRef || c.kind == ClauseKind::CatchAllRef)
      types.push_back(Type::Exn);
    std::vector<u32> fitting = labels_of(types);
    if (!fitting.empty() && random_.percent(65))
      c.label = random_.pick(fitting);
    else
      own.push_back(c.label = new_label(types));
    clauses.push_back(c);
  }
  Body inner;
  inner.push_back(try_table(std::move(clauses)));
  auto leave = [&](u32 percent) {
    if (!random_.percent(percent))
      return;
    Stmt br;
    br.kind = Kind::Br;
    br.label = out_label.id;
    inner.push_back(std::move(br));
  };
  while (labels_.size() > outside + 1) {
    leave(60);
    Stmt s;
    s.kind = Kind::Block;
    s.own = labels_.back().id;
    s.types = labels_.back().types;
    s.bodies.push_back(std::move(inner));
    s.exprs = constants(s.types);
    labels_.pop_back();
    s.receive = locals_for(s.types);
    u32 caught = !s.types.empty() && s.types.back() == Type::Exn ? s.receive.back() : no_label;
    inner.clear();
    inner.push_back(std::move(s));
    for (u32 n = random_.between(0, 2); n > 0; --n)
      add(inner);
    if (caught != no_label && random_.percent(25))
      round_trip(inner, caught);
    if (caught != no_label && random_.percent(40))
      throw_on(inner, caught);
  }
  labels_.pop_back();
  Stmt s;
  s.kind = Kind::Block;
  s.own = out_label.id;
  s.bodies.push_back(std::move(inner));
  out.push_back(std::move(s));
}

void BodyMaker::throw_something(Body &out) {
  Stmt s;
  s.kind = Kind::Throw;
  s.index = random_.below(tag_count());
  s.exprs = exprs(fields(s.index), 1);
  out.push_back(std::move(s));
}

void BodyMaker::rethrow_some(Body &out) {
  std::vector<u32> handlers;
  for (const Label &l : labels_)
    if (l.is_handler)
      handlers.push_back(l.id);
  Stmt s;
  s.kind = Kind::Rethrow;
  s.label = random_.pick(handlers);
  out.push_back(std::move(s));
}

/// The host keeps an exception, which is thrown again, caught with its reference and compared.
void BodyMaker::round_trip(Body &out, u32 from) {
  u32 to = local_for(Type::Exn);
  auto host = [&](u32 function, u32 local) {
    Stmt s;
    s.kind = Kind::Call;
    s.callee.function = function;
    s.exprs.push_back(leaf(Op::LocalGet, Type::Exn, local));
    return s;
  };
  Stmt guard, again, catching, landing;
  guard.kind = Kind::If;
  guard.exprs.push_back(is_not_null(from));
  guard.own = new_label({});
  guard.bodies.resize(2);
  landing.kind = Kind::Block;
  landing.types = {Type::Exn};
  landing.own = new_label(landing.types);
  again.kind = Kind::ThrowRef;
  again.exprs.push_back(leaf(Op::LocalGet, Type::Exn, from));
  catching = try_table({{ClauseKind::CatchAllRef, 0, landing.own}});
  catching.bodies[0].push_back(std::move(again));
  labels_.pop_back();
  landing.bodies.resize(1);
  landing.bodies[0].push_back(std::move(catching));
  landing.exprs = constants(landing.types);
  landing.receive = {to};
  guard.bodies[0].push_back(host(keep_import, from));
  guard.bodies[0].push_back(std::move(landing));
  guard.bodies[0].push_back(host(compare_import, to));
  labels_.pop_back();
  out.push_back(std::move(guard));
}

/// `is_hot`: in a handler already; its first part throws, and its own handler throws one of those around it again.
Stmt BodyMaker::legacy_try(bool is_hot) {
  Stmt s;
  s.kind = Kind::Try;
  parameters(s);
  s.types = random_.percent(60) ? Types() : label_types();
  if (!is_hot && random_.percent(25)) {
    s.delegates = true;
    s.label = random_.pick(labels_).id;
  }
  s.own = new_label(s.types);
  s.bodies.push_back(body(is_hot ? 2 : 5));
  if (is_hot)
    throw_something(s.bodies[0]);
  s.exprs = exprs(s.types, 1);
  if (!s.delegates) {
    labels_.back().is_handler = true;
    u32 tags = is_hot ? 0 : random_.below(3);
    for (u32 i = 0; i < tags; ++i) {
      Handler h;
      h.tag = random_.below(tag_count());
      h.receive = locals_for(fields(h.tag));
      h.body = body(4);
      h.exprs = exprs(s.types, 1);
      s.handlers.push_back(std::move(h));
    }
    if (is_hot || random_.percent(tags ? 40 : 85)) {
      Handler h;
      h.all = true;
      h.body = body(3);
      if (is_hot)
        rethrow_some(h.body);
      else if (nesting_ < 5 && random_.percent(30))
        h.body.push_back(legacy_try(true));
      h.exprs = exprs(s.types, 1);
      s.handlers.push_back(std::move(h));
    }
  }
  labels_.pop_back();
  s.receive = locals_for(s.types);
  return s;
}

// ---------------------------------------------------------------------------------------------- programs

class Generator {
public:
  Generator(u64 seed, u64 number, u32 size) : random_(seed, number), size_(size) { p_.seed = seed, p_.number = number; }
  Program run();

private:
  Type any_type() {
    return random_.percent(60) ? static_cast<Type>(random_.below(4)) : static_cast<Type>(4 + random_.below(3));
  }
  Types any_types(u32 most) {
    Types list;
    for (u32 n = random_.below(most + 1); n > 0; --n)
      list.push_back(any_type());
    return list;
  }
  void types();
  void host();
  void module();
  void link();
  Source source(u32 instances, u32 wanted, u32 (*count)(const Module &),
                bool (*fits)(const Program &, const Module &, u32, u32), const std::vector<u32> &of_host);

  Random random_;
  u32 size_;
  Program p_;
};

void Generator::types() {
  for (u32 n = random_.between(1, 4); n > 0; --n)
    p_.tag_types.push_back(random_.percent(5) ? any_types(14) : any_types(4));
  if (random_.percent(50))
    p_.tag_types.push_back({});
  p_.signatures.push_back({{Type::I64}, {}});
  p_.signatures.push_back({{Type::Exn}, {}});
  p_.signatures.push_back({});
  for (u32 n = random_.between(2, 5); n > 0; --n) {
    Signature s;
    s.params = random_.percent(6) ? any_types(16) : any_types(3);
    u32 how = random_.below(100);
    if (how < 35)
      s.results = {any_type()};
    else if (how < 70)
      s.results = random_.pick(p_.tag_types);
    else if (how < 75)
      s.results = any_types(random_.percent(10) ? 17 : 3);
    if (random_.percent(15))
      s.results.push_back(Type::Exn);
    if (std::find(p_.signatures.begin(), p_.signatures.end(), s) == p_.signatures.end())
      p_.signatures.push_back(s);
  }
}

void Generator::host() {
  Host &h = p_.host;
  for (u32 i = 0; i < p_.tag_types.size(); ++i)
    h.tags.insert(h.tags.end(), random_.between(1, 2), i);
  h.globals.push_back({Type::I32, random_.between(20, 120) * size_});
  for (u32 t = 0; t < type_count; ++t)
    h.globals.push_back({static_cast<Type>(t), 0});
  h.tables = {Type::Func, Type::Exn};
  h.functions.push_back({log_signature, Deed::Log, Catching::Nothing, 0, 0, 0});
  h.functions.push_back({exn_signature, Deed::Keep, Catching::Nothing, 0, 0, 0});
  h.functions.push_back({exn_signature, Deed::Compare, Catching::Nothing, 0, 0, 0});
  auto add = [&](u32 signature) {
    static const std::vector<Deed> deeds = {Deed::Log,       Deed::Collect,      Deed::ThrowTag,    Deed::ThrowTag,
                                            Deed::ThrowTag,  Deed::ThrowForeign, Deed::ThrowTrap,   Deed::Exit,
                                            Deed::ThrowKept, Deed::ThrowKept,    Deed::Reenter,     Deed::Reenter,
                                            Deed::Reenter,   Deed::ReenterTwice, Deed::ThrowForeign};
    HostFunction f;
    f.signature = signature;
    f.deed = random_.pick(deeds);
    if ((f.deed == Deed::Exit || f.deed == Deed::ThrowTrap) && random_.percent(70))
      f.deed = Deed::Log;
    f.catching = static_cast<Catching>(random_.below(8));
    f.tag = random_.below(static_cast<u32>(h.tags.size()));
    h.functions.push_back(f);
  };
  for (u32 i = 1; i < p_.signatures.size(); ++i)
    add(i);
  for (u32 n = random_.below(4); n > 0; --n)
    add(random_.between(1, static_cast<u32>(p_.signatures.size()) - 1));
}

void Generator::module() {
  Module m;
  u32 signatures = static_cast<u32>(p_.signatures.size()), tag_types = static_cast<u32>(p_.tag_types.size());
  m.func_imports = {log_signature, exn_signature, exn_signature};
  for (u32 n = random_.between(1, 5); n > 0; --n)
    m.func_imports.push_back(random_.between(1, signatures - 1));
  for (u32 n = random_.between(1, 4); n > 0; --n) {
    m.functions.emplace_back();
    m.functions.back().signature = random_.between(1, signatures - 1);
  }
  for (u32 n = random_.below(4); n > 0; --n)
    m.tag_imports.push_back(random_.below(tag_types));
  for (u32 n = random_.between(m.tag_imports.empty(), 2); n > 0; --n)
    m.tags.push_back(random_.below(tag_types));
  m.global_imports.push_back(Type::I32);
  for (u32 n = random_.below(3); n > 0; --n)
    m.global_imports.push_back(static_cast<Type>(random_.below(type_count)));
  for (u32 n = random_.below(3); n > 0; --n) {
    Type t = static_cast<Type>(random_.below(type_count));
    m.globals.push_back({t, is_ref(t) ? 0 : random_.below(1000)});
  }
  (random_.percent(40) ? m.table_imports : m.tables).push_back(Type::Func);
  (m.tables.empty() && random_.percent(50) ? m.table_imports : m.tables).push_back(Type::Exn);
  for (u32 n = random_.below(5); n > 0; --n)
    m.elements.push_back(random_.below(m.function_count()));
  m.has_memory = random_.percent(30);
  for (u32 f = 0; f < m.function_count(); ++f)
    if (m.signature_of(f) == empty_signature && random_.percent(8))
      m.start = f;
  for (Function &f : m.functions)
    BodyMaker(random_, p_, m, f, size_).run();
  p_.modules.push_back(std::move(m));
}

/// Something of an earlier instance that fits, or of the host, which always has something.
Source Generator::source(u32 instances, u32 wanted, u32 (*count)(const Module &),
                         bool (*fits)(const Program &, const Module &, u32, u32), const std::vector<u32> &of_host) {
  std::vector<Source> found;
  for (u32 i = 0; i < instances; ++i) {
    const Module &m = p_.modules[p_.instances[i].module];
    for (u32 k = 0; k < count(m); ++k)
      if (fits(p_, m, k, wanted))
        found.push_back({i, k});
  }
  if (!found.empty() && random_.percent(65))
    return random_.pick(found);
  return {Source::host, random_.pick(of_host)};
}

void Generator::link() {
  std::vector<u32> order;
  for (u32 i = 0; i < p_.modules.size(); ++i)
    order.insert(order.end(), random_.percent(30) ? 2 : 1, i);
  for (u32 module : order) {
    const Module &m = p_.modules[module];
    u32 before = static_cast<u32>(p_.instances.size());
    InstancePlan plan{module, {}, {}, {}, {}};
    for (u32 i = 0; i < fixed_imports; ++i)
      plan.functions.push_back({Source::host, i});
    plan.globals.push_back({Source::host, 0});
    auto candidates = [](const auto &list, auto fits) {
      std::vector<u32> found;
      for (u32 i = 0; i < list.size(); ++i)
        if (fits(list[i]))
          found.push_back(i);
      return found;
    };
    for (std::size_t i = fixed_imports; i < m.func_imports.size(); ++i)
      plan.functions.push_back(source(
          before, m.func_imports[i], [](const Module &o) { return o.function_count(); },
          [](const Program &, const Module &o, u32 k, u32 wanted) { return o.signature_of(k) == wanted; },
          candidates(p_.host.functions, [&](const HostFunction &f) { return f.signature == m.func_imports[i]; })));
    for (u32 type : m.tag_imports)
      plan.tags.push_back(source(
          before, type, [](const Module &o) { return static_cast<u32>(o.tag_imports.size() + o.tags.size()); },
          [](const Program &, const Module &o, u32 k, u32 wanted) { return o.tag_type(k) == wanted; },
          candidates(p_.host.tags, [&](u32 t) { return t == type; })));
    for (std::size_t i = 1; i < m.global_imports.size(); ++i)
      plan.globals.push_back(source(
          before, static_cast<u32>(m.global_imports[i]),
          [](const Module &o) { return static_cast<u32>(o.global_imports.size() + o.globals.size()); },
          [](const Program &, const Module &o, u32 k, u32 wanted) {
            return k > 0 && o.global_type(k) == static_cast<Type>(wanted);
          },
          {1 + static_cast<u32>(m.global_imports[i])}));
    for (Type t : m.table_imports)
      plan.tables.push_back(source(
          before, static_cast<u32>(t), [](const Module &) { return 2u; },
          [](const Program &, const Module &o, u32 k, u32 wanted) {
            return o.table_type(k) == static_cast<Type>(wanted);
          },
          {t == Type::Func ? 0u : 1u}));
    p_.instances.push_back(std::move(plan));
  }
}

Program Generator::run() {
  types();
  host();
  for (u32 n = random_.percent(45) ? 1 : random_.between(2, 3); n > 0; --n)
    module();
  link();
  auto target = [&](u32 &instance, u32 &function) {
    instance = random_.below(static_cast<u32>(p_.instances.size()));
    const Module &m = p_.modules[p_.instances[instance].module];
    function = random_.between(static_cast<u32>(m.func_imports.size()), m.function_count() - 1);
  };
  for (HostFunction &f : p_.host.functions)
    target(f.instance, f.function);
  for (u32 n = random_.between(1, 4); n > 0; --n) {
    TopCall c;
    target(c.instance, c.function);
    for (Type t : p_.signatures[p_.modules[p_.instances[c.instance].module].signature_of(c.function)].params)
      c.arguments.push_back({t, t <= Type::I64 ? random_.below(4) : t == Type::Extern ? random_.below(5) : 0});
    p_.calls.push_back(std::move(c));
  }
  u32 how = random_.below(10);
  constexpr u8 levels[] = {2, 2, 2, 2, 3, 3, 3, 1, 0, 4};
  p_.opt_level = levels[how];
  p_.verify = random_.percent(20);
  return std::move(p_);
}

} // namespace

Program generate(u64 seed, u64 number, u32 size) { return Generator(seed, number, size).run(); }

} // namespace eh_random
