// A module of the tree as bytes. Every instruction goes through `Body::op`, which writes byte and text side by side, so
// the text that a disagreement prints is what ran.
//
// Type section: the program's signatures, then its tag types, then what blocks with several values need. Fuel is global
// 0: functions and loop headers spend it. Spec: Binary Format; the legacy proposal for 0x06, 0x07, 0x09, 0x18, 0x19.
#include "emit.hh"

#include <cstdarg>
#include <cstdio>
#include <utility>

namespace eh_random {

namespace {

constexpr u8 type_bytes[type_count] = {0x7f, 0x7e, 0x7d, 0x7c, 0x70, 0x6f, 0x69};
constexpr const char *type_names[type_count] = {"i32", "i64", "f32", "f64", "funcref", "externref", "exnref"};
constexpr u32 exit_label = no_label - 1;

u8 byte_of(Type t) { return type_bytes[static_cast<u8>(t)]; }
const char *name_of(Type t) { return type_names[static_cast<u8>(t)]; }

std::string print(const char *format, ...) {
  char line[160];
  va_list args;
  va_start(args, format);
  std::vsnprintf(line, sizeof line, format, args);
  va_end(args);
  return line;
}

std::string list(const char *what, const Types &types) {
  std::string s;
  for (Type t : types)
    s += print(" %s", name_of(t));
  return s.empty() ? s : print(" (%s", what) + s + ")";
}

class Bytes {
public:
  std::vector<u8> data;
  void byte(u8 b) { data.push_back(b); }
  void u(u64 n) {
    do {
      u8 low = n & 0x7f;
      n >>= 7;
      byte(n ? low | 0x80 : low);
    } while (n);
  }
  void s(std::int64_t n) {
    for (;;) {
      u8 low = n & 0x7f;
      n >>= 7;
      if ((n == 0 && !(low & 0x40)) || (n == -1 && (low & 0x40)))
        return byte(low);
      byte(low | 0x80);
    }
  }
  void fixed(u64 bits, int count) {
    for (int i = 0; i < count; ++i)
      byte(static_cast<u8>(bits >> 8 * i));
  }
  void name(const std::string &n) {
    u(n.size());
    data.insert(data.end(), n.begin(), n.end());
  }
  void types(const Types &list) {
    u(list.size());
    for (Type t : list)
      byte(byte_of(t));
  }
  void append(const std::vector<u8> &more) { data.insert(data.end(), more.begin(), more.end()); }
  void section(u8 id, u64 count, const Bytes &content) {
    if (!count)
      return;
    Bytes head;
    head.u(count);
    byte(id);
    u(head.data.size() + content.data.size());
    append(head.data);
    append(content.data);
  }
};

/// Types beyond the program's own that blocks of this module need.
class BlockTypes {
public:
  explicit BlockTypes(u32 first) : first_(first) {}
  u32 index(const Types &params, const Types &results) {
    for (u32 i = 0; i < list.size(); ++i)
      if (list[i].params == params && list[i].results == results)
        return first_ + i;
    list.push_back({params, results});
    return first_ + static_cast<u32>(list.size()) - 1;
  }
  std::vector<Signature> list;

private:
  u32 first_;
};

class Body {
public:
  Body(const Program &program, const Module &module, BlockTypes &types, bool with_text)
      : program_(program), module_(module), types_(types), with_text_(with_text) {}

  void function(const Function &f);
  Bytes out;
  std::string text;

private:
  template <typename... Args> void op(u8 opcode, const char *format, Args... args) {
    out.byte(opcode);
    if (with_text_)
      text += std::string(4 + 2 * labels_.size(), ' ') + print(format, args...) + "\n";
  }
  template <typename... Args> void op1(u8 opcode, u64 n, const char *format, Args... args) {
    op(opcode, format, args...);
    out.u(n);
  }
  void open(u8 opcode, const char *name, u32 label, const Types &params, const Types &results);
  void close() {
    labels_.pop_back();
    op(0x0b, "%s", "end");
  }
  u32 depth(u32 label) const {
    for (std::size_t i = labels_.size(); i-- > 0;)
      if (labels_[i] == label)
        return static_cast<u32>(labels_.size() - 1 - i);
    std::abort();
  }
  std::string label_text(u32 label) const { return with_text_ ? print("%u (;L%u;)", depth(label), label) : ""; }

  void constant(Type type, u64 bits);
  void expr(const Expr &e);
  void exprs(const std::vector<Expr> &list) {
    for (const Expr &e : list)
      expr(e);
  }
  void receive(const std::vector<u32> &locals) {
    for (std::size_t i = locals.size(); i-- > 0;)
      op1(0x21, locals[i], "local.set %u", locals[i]);
  }
  void spend(u32 depth_or_return, const Types *results);
  void stmts(const std::vector<Stmt> &list) {
    for (const Stmt &s : list)
      stmt(s);
  }
  void stmt(const Stmt &s);
  void call(const Stmt &s);
  void branch(const Stmt &s);
  void block(const Stmt &s);
  Types entry(const Stmt &s);
  void loop(const Stmt &s);
  void try_table(const Stmt &s);
  void legacy_try(const Stmt &s);

  const Program &program_;
  const Module &module_;
  BlockTypes &types_;
  bool with_text_;
  std::vector<u32> labels_;
};

void Body::open(u8 opcode, const char *name, u32 label, const Types &params, const Types &results) {
  op(opcode, "%s (;L%u;)%s%s", name, label, list("param", params).c_str(), list("result", results).c_str());
  if (params.empty() && results.empty())
    out.byte(0x40);
  else if (params.empty() && results.size() == 1)
    out.byte(byte_of(results[0]));
  else
    out.s(types_.index(params, results));
  labels_.push_back(label);
}

void Body::constant(Type type, u64 bits) {
  unsigned long long n = bits;
  switch (type) {
  case Type::I32:
    op(0x41, "i32.const 0x%llx", n);
    out.s(static_cast<std::int32_t>(bits));
    break;
  case Type::I64:
    op(0x42, "i64.const 0x%llx", n);
    out.s(static_cast<std::int64_t>(bits));
    break;
  case Type::F32: // its bits as an integer, so that the text is exact too
    constant(Type::I32, bits);
    op(0xbe, "%s", "f32.reinterpret_i32");
    break;
  case Type::F64:
    constant(Type::I64, bits);
    op(0xbf, "%s", "f64.reinterpret_i64");
    break;
  default:
    op(0xd0, "ref.null %s", type == Type::Func ? "func" : type == Type::Extern ? "extern" : "exn");
    out.byte(byte_of(type));
  }
}

void Body::expr(const Expr &e) {
  exprs(e.args);
  switch (e.op) {
  case Op::Const:
  case Op::RefNull:
    return constant(e.type, e.bits);
  case Op::LocalGet:
    return op1(0x20, e.index, "local.get %u", e.index);
  case Op::LocalTee:
    return op1(0x22, e.index, "local.tee %u", e.index);
  case Op::GlobalGet:
    return op1(0x23, e.index, "global.get %u", e.index);
  case Op::Unary:
    return op(unaries[e.index].opcode, "%s", unaries[e.index].name);
  case Op::Binary:
    return op(binaries[e.index].opcode, "%s", binaries[e.index].name);
  case Op::Select:
    op(0x1c, "select (result %s)", name_of(e.type));
    out.u(1);
    return out.byte(byte_of(e.type));
  case Op::RefFunc:
    return op1(0xd2, e.index, "ref.func %u", e.index);
  case Op::TableGet:
    return op1(0x25, e.index, "table.get %u", e.index);
  case Op::Load:
    op(0x28, "%s", "i32.load");
    out.byte(2);
    return out.byte(0);
  case Op::MemorySize:
    return op1(0x3f, 0, "%s", "memory.size");
  case Op::MemoryGrow:
    return op1(0x40, 0, "%s", "memory.grow");
  case Op::Call:
    return op1(0x10, e.index, "call %u", e.index);
  case Op::Block:
    return stmt(e.body[0]);
  }
}

/// Spends one unit of fuel; without any, leaves by a branch or returns zeros.
void Body::spend(u32 leave, const Types *results) {
  op1(0x23, 0, "%s", "global.get 0 (; fuel ;)");
  op(0x45, "%s", "i32.eqz");
  if (results) {
    open(0x04, "if", exit_label, {}, {});
    for (Type t : *results)
      constant(t, 0);
    op(0x0f, "%s", "return");
    close();
  } else {
    op1(0x0d, leave, "br_if %u", leave);
  }
  op1(0x23, 0, "%s", "global.get 0");
  constant(Type::I32, 1);
  op(0x6b, "%s", "i32.sub");
  op1(0x24, 0, "%s", "global.set 0");
}

void Body::stmt(const Stmt &s) {
  switch (s.kind) {
  case Kind::Call:
  case Kind::ReturnCall:
    return call(s);
  case Kind::Br:
  case Kind::BrIf:
  case Kind::BrTable:
    return branch(s);
  case Kind::Block:
    return block(s);
  case Kind::Loop:
    return loop(s);
  case Kind::TryTable:
    return try_table(s);
  case Kind::Try:
    return legacy_try(s);
  default:
    break;
  }
  exprs(s.exprs);
  switch (s.kind) {
  case Kind::Set:
    return op1(0x21, s.index, "local.set %u", s.index);
  case Kind::SetGlobal:
    return op1(0x24, s.index, "global.set %u", s.index);
  case Kind::SetTable:
    return op1(0x26, s.index, "table.set %u", s.index);
  case Kind::Store:
    op(0x36, "%s", "i32.store");
    out.byte(2);
    return out.byte(0);
  case Kind::Drop:
    return op(0x1a, "%s", "drop");
  case Kind::Throw:
    return op1(0x08, s.index, "throw %u", s.index);
  case Kind::ThrowRef:
    return op(0x0a, "%s", "throw_ref");
  case Kind::Rethrow:
    return op1(0x09, depth(s.label), "rethrow %s", label_text(s.label).c_str());
  case Kind::Return:
    return op(0x0f, "%s", "return");
  case Kind::Unreachable:
    return op(0x00, "%s", "unreachable");
  case Kind::If:
    open(0x04, "if", s.own, {}, {});
    stmts(s.bodies[0]);
    if (!s.bodies[1].empty()) {
      op(0x05, "%s", "else");
      stmts(s.bodies[1]);
    }
    return close();
  default:
    break;
  }
}

void Body::call(const Stmt &s) {
  exprs(s.exprs);
  bool tail = s.kind == Kind::ReturnCall;
  const char *prefix = tail ? "return_" : "";
  const Callee &c = s.callee;
  if (c.how == How::Direct) {
    op1(tail ? 0x12 : 0x10, c.function, "%scall %u", prefix, c.function);
  } else if (c.how == How::Indirect) {
    op(tail ? 0x13 : 0x11, "%scall_indirect %u (type %u)", prefix, c.table, c.signature);
    out.u(c.signature);
    out.u(c.table);
  } else {
    if (c.function == no_label) {
      op(0xd0, "ref.null %u", c.signature);
      out.s(c.signature);
    } else {
      op1(0xd2, c.function, "ref.func %u", c.function);
    }
    op1(tail ? 0x15 : 0x14, c.signature, "%scall_ref %u", prefix, c.signature);
  }
  receive(s.receive);
}

void Body::branch(const Stmt &s) {
  exprs(s.exprs);
  if (s.kind == Kind::Br)
    return op1(0x0c, depth(s.label), "br %s", label_text(s.label).c_str());
  if (s.kind == Kind::BrIf) {
    op1(0x0d, depth(s.label), "br_if %s", label_text(s.label).c_str());
    for (std::size_t i = 1; i < s.exprs.size(); ++i)
      op(0x1a, "%s", "drop");
    return;
  }
  std::string shown;
  for (u32 l : s.labels)
    shown += label_text(l) + " ";
  op(0x0e, "br_table %s%s", shown.c_str(), label_text(s.label).c_str());
  out.u(s.labels.size());
  for (u32 l : s.labels)
    out.u(depth(l));
  out.u(depth(s.label));
}

/// The parameters on the stack, and their types.
Types Body::entry(const Stmt &s) {
  Types types;
  for (const Expr &e : s.entry) {
    expr(e);
    types.push_back(e.type);
  }
  return types;
}

void Body::block(const Stmt &s) {
  open(0x02, "block", s.own, entry(s), s.types);
  receive(s.entry_receive);
  stmts(s.bodies[0]);
  exprs(s.exprs);
  close();
  receive(s.receive);
}

void Body::loop(const Stmt &s) {
  open(0x02, "block", exit_label, {}, {});
  exprs(s.exprs);
  open(0x03, "loop", s.own, s.types, {});
  receive(s.receive);
  spend(1, nullptr);
  stmts(s.bodies[0]);
  close();
  close();
}

void Body::try_table(const Stmt &s) {
  constexpr const char *names[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  Types params = entry(s);
  std::string shown;
  Bytes clauses;
  for (const Clause &c : s.clauses) {
    clauses.byte(static_cast<u8>(c.kind));
    bool all = c.kind >= ClauseKind::CatchAll;
    if (!all)
      clauses.u(c.tag);
    clauses.u(depth(c.label));
    if (with_text_)
      shown += print(all ? " (%s %s)" : " (%s %s%s)", names[static_cast<u8>(c.kind)],
                     all ? label_text(c.label).c_str() : print("%u ", c.tag).c_str(), label_text(c.label).c_str());
  }
  open(0x1f, "try_table", s.own, params, s.types);
  if (with_text_ && !shown.empty())
    text.insert(text.size() - 1, shown);
  out.u(s.clauses.size());
  out.append(clauses.data);
  receive(s.entry_receive);
  stmts(s.bodies[0]);
  exprs(s.exprs);
  close();
  receive(s.receive);
}

void Body::legacy_try(const Stmt &s) {
  open(0x06, "try", s.own, entry(s), s.types);
  receive(s.entry_receive);
  stmts(s.bodies[0]);
  exprs(s.exprs);
  for (const Handler &h : s.handlers) {
    if (h.all)
      op(0x19, "%s", "catch_all");
    else
      op1(0x07, h.tag, "catch %u", h.tag);
    receive(h.receive);
    stmts(h.body);
    exprs(h.exprs);
  }
  if (s.delegates) {
    labels_.pop_back();
    op1(0x18, depth(s.label), "delegate %s", label_text(s.label).c_str());
  } else {
    close();
  }
  receive(s.receive);
}

void Body::function(const Function &f) {
  const Signature &signature = program_.signatures[f.signature];
  std::size_t params = signature.params.size();
  out.u(f.locals.size() - params);
  if (with_text_ && f.locals.size() > params)
    text += "   " + list("local", Types(f.locals.begin() + static_cast<std::ptrdiff_t>(params), f.locals.end())) + "\n";
  for (std::size_t i = params; i < f.locals.size(); ++i) {
    out.u(1);
    out.byte(byte_of(f.locals[i]));
  }
  labels_ = {function_label};
  spend(0, &signature.results);
  stmts(f.body);
  exprs(f.exprs);
  out.byte(0x0b);
}

/// The sections other than types and code, in the binary format's order, and the text's fields.
class Sections {
public:
  Sections(const Program &program, const Module &module, bool with_text)
      : program_(program), module_(module), with_text_(with_text),
        signatures_(static_cast<u32>(program.signatures.size())) {}
  Emitted run();

private:
  void say(const std::string &line) {
    if (with_text_)
      text_ += line;
  }
  u32 tag_signature(u32 tag_type) const { return signatures_ + tag_type; }
  void imports(Bytes &out);
  void definitions(Bytes &out);
  void exports(Bytes &out);
  void elements(Bytes &out);
  void types(Bytes &out, const std::vector<Signature> &extra);

  const Program &program_;
  const Module &module_;
  bool with_text_;
  u32 signatures_;
  std::string text_;
};

void Sections::types(Bytes &out, const std::vector<Signature> &extra) {
  Bytes b;
  std::string shown;
  auto add = [&](const Types &params, const Types &results) {
    b.byte(0x60);
    b.types(params);
    b.types(results);
    if (with_text_)
      shown += "  (type (func" + list("param", params) + list("result", results) + "))\n";
  };
  for (const Signature &s : program_.signatures)
    add(s.params, s.results);
  for (const Types &t : program_.tag_types)
    add(t, {});
  for (const Signature &s : extra)
    add(s.params, s.results);
  out.section(1, program_.signatures.size() + program_.tag_types.size() + extra.size(), b);
  text_ = shown + text_;
}

void Sections::imports(Bytes &out) {
  Bytes b;
  u64 count = 0;
  auto add = [&](const char *kind_name, std::size_t i) {
    ++count;
    b.name("env");
    b.name(print("%s%zu", kind_name, i));
    say(print("  (import \"env\" \"%s%zu\" ", kind_name, i));
  };
  for (std::size_t i = 0; i < module_.func_imports.size(); ++i) {
    add("f", i);
    b.byte(0);
    b.u(module_.func_imports[i]);
    say(print("(func (type %u)))\n", module_.func_imports[i]));
  }
  for (std::size_t i = 0; i < module_.table_imports.size(); ++i) {
    add("b", i);
    b.byte(1);
    b.byte(byte_of(module_.table_imports[i]));
    b.byte(0);
    b.u(table_size);
    say(print("(table %u %s))\n", table_size, name_of(module_.table_imports[i])));
  }
  for (std::size_t i = 0; i < module_.global_imports.size(); ++i) {
    add("g", i);
    b.byte(3);
    b.byte(byte_of(module_.global_imports[i]));
    b.byte(1);
    say(print("(global (mut %s)))\n", name_of(module_.global_imports[i])));
  }
  for (std::size_t i = 0; i < module_.tag_imports.size(); ++i) {
    add("t", i);
    b.byte(4);
    b.byte(0);
    b.u(tag_signature(module_.tag_imports[i]));
    say(print("(tag (type %u)))\n", tag_signature(module_.tag_imports[i])));
  }
  out.section(2, count, b);
}

void Sections::definitions(Bytes &out) {
  Bytes functions, tables, memory, tags, globals;
  for (const Function &f : module_.functions)
    functions.u(f.signature);
  for (Type t : module_.tables) {
    tables.byte(byte_of(t));
    tables.byte(0);
    tables.u(table_size);
    say(print("  (table %u %s)\n", table_size, name_of(t)));
  }
  memory.byte(1);
  memory.u(memory_pages);
  memory.u(memory_pages_max);
  if (module_.has_memory)
    say(print("  (memory (export \"m\") %u %u)\n", memory_pages, memory_pages_max));
  for (u32 t : module_.tags) {
    tags.byte(0);
    tags.u(tag_signature(t));
    say(print("  (tag (type %u))\n", tag_signature(t)));
  }
  for (const Global &g : module_.globals) {
    globals.byte(byte_of(g.type));
    globals.byte(1);
    switch (g.type) {
    case Type::I32:
    case Type::I64:
      globals.byte(g.type == Type::I32 ? 0x41 : 0x42);
      globals.s(g.type == Type::I32 ? static_cast<std::int32_t>(g.bits) : static_cast<std::int64_t>(g.bits));
      say(print("  (global (mut %s) (%s.const 0x%llx))\n", name_of(g.type), name_of(g.type),
                static_cast<unsigned long long>(g.bits)));
      break;
    case Type::F32:
    case Type::F64:
      globals.byte(g.type == Type::F32 ? 0x43 : 0x44);
      globals.fixed(g.bits, g.type == Type::F32 ? 4 : 8);
      say(print("  (global (mut %s) (%s.const 0)) (; bits 0x%llx ;)\n", name_of(g.type), name_of(g.type),
                static_cast<unsigned long long>(g.bits)));
      break;
    default:
      globals.byte(0xd0);
      globals.byte(byte_of(g.type));
      say(print("  (global (mut %s) (ref.null %s))\n", name_of(g.type),
                std::string(name_of(g.type)).substr(0, std::string(name_of(g.type)).size() - 3).c_str()));
    }
    globals.byte(0x0b);
  }
  out.section(3, module_.functions.size(), functions);
  out.section(4, module_.tables.size(), tables);
  out.section(5, module_.has_memory, memory);
  out.section(13, module_.tags.size(), tags);
  out.section(6, module_.globals.size(), globals);
}

void Sections::exports(Bytes &out) {
  Bytes b;
  u64 count = 0;
  auto add = [&](const char *kind_name, const char *long_name, u8 kind, std::size_t total) {
    for (std::size_t i = 0; i < total; ++i, ++count) {
      b.name(print("%s%zu", kind_name, i));
      b.byte(kind);
      b.u(i);
      say(print("  (export \"%s%zu\" (%s %zu))\n", kind_name, i, long_name, i));
    }
  };
  add("f", "func", 0, module_.function_count());
  add("b", "table", 1, module_.table_imports.size() + module_.tables.size());
  add("g", "global", 3, module_.global_imports.size() + module_.globals.size());
  add("t", "tag", 4, module_.tag_imports.size() + module_.tags.size());
  if (module_.has_memory) {
    b.name("m");
    b.byte(2);
    b.u(0);
    ++count;
  }
  out.section(7, count, b);
  if (module_.start != no_label) {
    say(print("  (start %u)\n", module_.start));
    Bytes s;
    out.byte(8);
    s.u(module_.start);
    out.u(s.data.size());
    out.append(s.data);
  }
}

void Sections::elements(Bytes &out) {
  if (module_.elements.empty())
    return;
  Bytes b;
  b.u(0);
  b.byte(0x41);
  b.s(0);
  b.byte(0x0b);
  b.u(module_.elements.size());
  std::string shown = "  (elem (i32.const 0) func";
  for (u32 f : module_.elements) {
    b.u(f);
    shown += print(" %u", f);
  }
  say(shown + ")\n");
  out.section(9, 1, b);
}

Emitted Sections::run() {
  u32 first_extra = signatures_ + static_cast<u32>(program_.tag_types.size());
  BlockTypes block_types(first_extra);
  Bytes code, rest;
  std::string code_text;
  for (std::size_t i = 0; i < module_.functions.size(); ++i) {
    Body body(program_, module_, block_types, with_text_);
    body.function(module_.functions[i]);
    code.u(body.out.data.size());
    code.append(body.out.data);
    if (with_text_)
      code_text +=
          print("  (func (;%zu;) (type %u)\n", i + module_.func_imports.size(), module_.functions[i].signature) +
          body.text + "  )\n";
  }
  imports(rest);
  definitions(rest);
  exports(rest);
  elements(rest);
  Bytes out;
  out.data = {0, 'a', 's', 'm', 1, 0, 0, 0};
  types(out, block_types.list);
  out.append(rest.data);
  out.section(10, module_.functions.size(), code);
  return {std::move(out.data), with_text_ ? "(module\n" + text_ + code_text + ")\n" : ""};
}

std::string describe(const Source &s, const char *kind) {
  return s.instance == Source::host ? print(" host.%s%u", kind, s.index)
                                    : print(" instance%u.%s%u", s.instance, kind, s.index);
}

} // namespace

Emitted emit(const Program &program, const Module &module, bool with_text) {
  return Sections(program, module, with_text).run();
}

std::string to_text(const Program &p) {
  constexpr const char *deeds[] = {"log",     "collect",    "throw tag", "throw a C++ object", "trap", "exit", "keep",
                                   "compare", "throw kept", "reenter",   "reenter twice"};
  constexpr const char *catchings[] = {
      "nothing",     "throw on",           "swallow",        "swallow all", "throw ref",
      "throw other", "throw a C++ object", "foreign to Wasm"};
  std::string s = print(";; opt level %c, verify %d\n", opt_level_names[p.opt_level], p.verify);
  for (std::size_t i = 0; i < p.host.functions.size(); ++i) {
    const HostFunction &h = p.host.functions[i];
    const Signature &t = p.signatures[h.signature];
    s += print(";; host.f%zu:", i) + list("param", t.params) + list("result", t.results) +
         print(" %s", deeds[static_cast<u8>(h.deed)]);
    if (h.deed >= Deed::Reenter)
      s += print(" instance%u.f%u, catches %s", h.instance, h.function, catchings[static_cast<u8>(h.catching)]);
    s += print(", tag %u\n", h.tag);
  }
  for (std::size_t i = 0; i < p.host.tags.size(); ++i)
    s += print(";; host.t%zu:", i) + list("param", p.tag_types[p.host.tags[i]]) + "\n";
  for (std::size_t i = 0; i < p.host.globals.size(); ++i)
    s += print(";; host.g%zu: %s 0x%llx\n", i, name_of(p.host.globals[i].type),
               static_cast<unsigned long long>(p.host.globals[i].bits));
  for (std::size_t i = 0; i < p.modules.size(); ++i)
    s += print(";; module %zu\n", i) + emit(p, p.modules[i], true).text;
  for (std::size_t i = 0; i < p.instances.size(); ++i) {
    const InstancePlan &plan = p.instances[i];
    s += print(";; instance%zu of module %u:", i, plan.module);
    for (auto [sources, kind] :
         {std::pair{&plan.functions, "f"}, {&plan.tags, "t"}, {&plan.globals, "g"}, {&plan.tables, "b"}})
      for (const Source &source : *sources)
        s += describe(source, kind);
    s += "\n";
  }
  for (std::size_t i = 0; i < p.calls.size(); ++i) {
    s += print(";; call %zu: instance%u.f%u", i, p.calls[i].instance, p.calls[i].function);
    for (const Value &v : p.calls[i].arguments)
      s += print(" %s:0x%llx", name_of(v.type), static_cast<unsigned long long>(v.bits));
    s += "\n";
  }
  return s;
}

} // namespace eh_random
