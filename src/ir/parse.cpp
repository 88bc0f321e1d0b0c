// A recursive-descent parser over a cursor with a sticky first error: once something is wrong, every further
// step does nothing, so the grammar reads without tests between its lines.
//
// Values keep their numbers. Instructions without a value have none in the text: they get numbers beyond the
// greatest that occurs.
#include "ir/parse.hh"

#include "ir/conditions.hh"
#include "ir/effects.hh"
#include "ir/handlers.hh"
#include "ir/names.hh"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

namespace trapeze::ir {

namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Parser {
public:
  Parser(std::string_view text, Function &fn) : text_(text), fn_(fn) {}

  Result<void> run() {
    fn_.clear();
    reserve_values();
    head();
    while (!failed_ && at_ < text_.size())
      block();
    if (!failed_ && fn_.layout.empty())
      error("a function needs a block");
    if (failed_)
      return base::fail(ErrorKind::Malformed, error_at_, std::move(message_));
    fn_.entry = fn_.layout.front();
    return {};
  }

private:
  // --- tokens ---

  void error(std::string message) {
    if (failed_)
      return;
    failed_ = true;
    error_at_ = at_;
    message_ = std::move(message);
    at_ = text_.size();
  }

  void space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0)
      ++at_;
  }

  bool accept(std::string_view token) {
    space();
    if (!text_.substr(at_).starts_with(token))
      return false;
    if (is_word(token.back()) && at_ + token.size() < text_.size() && is_word(text_[at_ + token.size()]))
      return false;
    at_ += token.size();
    return true;
  }

  void expect(std::string_view token) {
    if (!accept(token))
      error(fmt::format("expected `{}`", token));
  }

  std::string_view word() {
    space();
    const usize start = at_;
    while (at_ < text_.size() && is_word(text_[at_]))
      ++at_;
    if (start == at_)
      error("expected a word");
    return text_.substr(start, at_ - start);
  }

  u64 number() {
    space();
    const bool negative = at_ < text_.size() && text_[at_] == '-';
    at_ += negative;
    const bool hex = text_.substr(at_).starts_with("0x");
    at_ += hex ? 2 : 0;
    u64 value = 0;
    const char *first = text_.data() + at_, *last = text_.data() + text_.size();
    const auto [end, code] = std::from_chars(first, last, value, hex ? 16 : 10);
    if (code != std::errc())
      error("expected a number");
    else
      at_ += static_cast<usize>(end - first);
    return negative ? u64{0} - value : value;
  }

  /// `block3` and the like.
  bool is_id(std::string_view prefix) {
    space();
    return text_.substr(at_).starts_with(prefix) && at_ + prefix.size() < text_.size() &&
           std::isdigit(static_cast<unsigned char>(text_[at_ + prefix.size()])) != 0;
  }
  u32 id(std::string_view prefix) {
    if (!is_id(prefix)) {
      error(fmt::format("expected `{}` with a number", prefix));
      return 0;
    }
    at_ += prefix.size();
    const u64 n = number();
    if (n > 1u << 24)
      error("the number is too great");
    return static_cast<u32>(n);
  }

  u32 value() {
    const u32 v = id("v");
    return v < fn_.insts.size() ? v : 0;
  }

  template <usize N> u32 one_of(const char *const (&names)[N], const char *what) {
    const std::string_view w = word();
    for (u32 i = 0; i < N; ++i)
      if (w == names[i])
        return i;
    error(fmt::format("`{}` is no {}", w, what));
    return 0;
  }

  Type type() { return static_cast<Type>(one_of(names::types, "type")); }

  void reserve_values() {
    u32 count = 0;
    for (usize i = 0; i + 1 < text_.size(); ++i) {
      if (text_[i] != 'v' || (i > 0 && is_word(text_[i - 1])))
        continue;
      u32 n = 0;
      const auto [end, code] = std::from_chars(text_.data() + i + 1, text_.data() + text_.size(), n);
      if (code == std::errc() && n < 1u << 24)
        count = std::max(count, n + 1);
    }
    for (u32 i = 0; i < count; ++i)
      fn_.make({Op::Const, Type::None, 0, 0, 0, 0});
  }

  // --- the head ---

  std::vector<Type> types() {
    std::vector<Type> list;
    expect("(");
    while (!failed_ && !accept(")")) {
      if (!list.empty())
        expect(",");
      list.push_back(type());
    }
    return list;
  }

  void head() {
    expect("function");
    fn_.func = static_cast<u32>(number());
    fn_.sig = Sig{id("sig")};
    while (!failed_) {
      if (is_id("sig")) {
        if (id("sig") != fn_.sigs.size())
          error("signatures stand in order");
        expect("=");
        auto params = types();
        expect("->");
        fn_.sigs.push({std::move(params), types()});
      } else if (is_id("slot")) {
        if (id("slot") != fn_.slots.size())
          error("slots stand in order");
        expect(":");
        fn_.slots.push({type()});
      } else if (is_id("region")) {
        region();
      } else {
        break;
      }
    }
    if (!failed_ && !fn_.sigs.contains(fn_.sig))
      error("the function's signature is missing");
  }

  Block block_id() {
    const u32 b = id("block");
    while (!failed_ && fn_.blocks.size() <= b)
      fn_.blocks.push({});
    return Block{b};
  }

  void region() {
    const u32 r = id("region");
    while (!failed_ && fn_.regions.size() <= r) // those without effect are not printed
      fn_.regions.push({});
    expect(":");
    if (failed_)
      return;
    RegionRow row;
    row.clauses.first = static_cast<u32>(fn_.clauses.size());
    do {
      if (accept("parent"))
        row.parent = Region{id("region")};
      else if (accept("entry"))
        row.entry = block_id();
      else
        clause(row);
    } while (!failed_ && accept(","));
    fn_.regions[Region{r}] = row;
  }

  void clause(RegionRow &row) {
    const std::string_view kind = word();
    const bool all = kind == "catch_all" || kind == "catch_all_ref";
    if (!all && kind != "catch" && kind != "catch_ref")
      return error("expected a clause");
    const u32 tag = all ? catch_all_tag : static_cast<u32>(number());
    expect("->");
    fn_.clauses.push_back({tag, kind.ends_with("_ref"), block_id()});
    ++row.clauses.count;
  }

  // --- blocks and instructions ---

  void block() {
    const Block b = block_id();
    if (failed_)
      return;
    fn_.layout.push_back(b);
    if (accept("("))
      do {
        const Value v{value()};
        expect(":");
        const Type t = type();
        if (failed_)
          return;
        fn_.insts[v] = {Op::Param, t, 0, 0, 0, static_cast<u32>(fn_.blocks[b].params.size())};
        fn_.links[v].block = b;
        fn_.blocks[b].params.push_back(v);
      } while (!failed_ && (accept(",") || (expect(")"), false)));
    fn_.blocks[b].is_pad = accept("pad");
    fn_.blocks[b].is_cold = accept("cold");
    expect(":");
    do
      instruction(b);
    while (!failed_ && !is_terminator(fn_.insts[fn_.blocks[b].last].op));
    space();
  }

  void instruction(Block b) {
    u32 result = ~0u;
    Type t = Type::None;
    if (is_id("v")) {
      result = value();
      expect(":");
      t = type();
      expect("=");
    }
    const std::string_view name = word();
    u32 op = 0;
    while (op < op_count && name != row(static_cast<Op>(op)).text)
      ++op;
    if (op == op_count)
      error(fmt::format("there is no operation `{}`", name));
    if (failed_)
      return;
    InstRow r{static_cast<Op>(op), t, 0, 0, 0, 0};
    operands(r);
    if (failed_)
      return;
    const Inst i = result == ~0u ? fn_.make(r) : Inst{result};
    if (!is_none(fn_.links[i].block))
      return error(fmt::format("v{} is defined twice", result));
    fn_.insts[i] = r;
    fn_.append(b, i);
  }

  void access(InstRow &r) {
    Access a;
    expect(",");
    expect("size");
    const u64 size = number();
    a.size_log2 = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : size == 8 ? 3 : 4;
    expect(",");
    a.alias = static_cast<Alias>(one_of(names::aliases, "memory region"));
    while (!failed_ && accept(","))
      if (accept("signed"))
        a.sign_extend = true;
      else if (accept("keep"))
        a.removable = false;
      else if (expect("trap"); !failed_) {
        a.can_trap = true;
        a.trap = static_cast<abi::TrapCode>(one_of(names::traps, "trap"));
      }
    r.aux = a.pack();
  }

  void address(InstRow &r) {
    r.a = value();
    if (accept("+"))
      r.c = static_cast<u32>(number());
  }

  std::vector<Value> value_list(std::string_view close) {
    std::vector<Value> list;
    while (!failed_ && !accept(close)) {
      if (!list.empty())
        expect(",");
      list.push_back(Value{value()});
    }
    return list;
  }

  u32 edge() {
    const Block target = block_id();
    std::vector<Value> args;
    if (accept("("))
      args = value_list(")");
    return fn_.make_edge(target, args);
  }

  void call(InstRow &r) {
    CallRow c{0, {}, no_region, 0};
    if (r.op == Op::CallBuiltin)
      c.callee = one_of(names::builtins, "builtin");
    else if (r.op == Op::Call || r.op == Op::ReturnCall)
      c.callee = static_cast<u32>(number());
    c.sig = Sig{id("sig")};
    expect("(");
    const auto args = value_list(")");
    if (is_id("region"))
      c.region = Region{id("region")};
    if (accept("aux"))
      r.aux = static_cast<u16>(number());
    r.a = fn_.make_call(c, args);
  }

  void constant(InstRow &r) {
    if (r.op != Op::Const && r.op != Op::ConstHigh)
      return;
    u64 bits = number();
    if (size_of(r.type) == 4)
      bits &= 0xffffffff;
    r.a = static_cast<u32>(bits);
    r.b = static_cast<u32>(bits >> 32);
  }

  void condition(InstRow &r) {
    if (r.op != Op::Icmp && r.op != Op::Fcmp)
      return;
    const std::string_view w = word();
    for (u16 i = 0; i < (r.op == Op::Icmp ? 10 : 6); ++i)
      if (w == (r.op == Op::Icmp ? text(static_cast<Cond>(i)) : text(static_cast<FloatCond>(i)))) {
        r.aux = i;
        return;
      }
    error(fmt::format("`{}` is no condition", w));
  }

  void operands(InstRow &r) {
    switch (row(r.op).format) {
    case Format::Const64:
      return constant(r);
    case Format::Unary:
      r.a = value();
      return;
    case Format::Binary:
      condition(r);
      r.a = value();
      expect(",");
      r.b = value();
      return;
    case Format::Ternary:
      r.a = value();
      expect(",");
      r.b = value();
      expect(",");
      r.c = value();
      return;
    case Format::Load:
      address(r);
      return access(r);
    case Format::Store:
      address(r);
      expect(",");
      r.b = value();
      return access(r);
    case Format::SlotLoad:
      r.c = id("slot");
      return;
    case Format::SlotStore:
      r.c = id("slot");
      expect(",");
      r.a = value();
      return;
    case Format::Call:
      return call(r);
    case Format::Proj:
      r.a = value();
      expect(",");
      r.c = static_cast<u32>(number());
      return;
    case Format::Jump:
      r.b = edge();
      return;
    case Format::Branch:
      r.a = value();
      expect(",");
      r.b = edge();
      expect(",");
      edge();
      r.aux = accept("likely") ? 1 : accept("unlikely") ? 2 : 0;
      return;
    case Format::Switch:
      r.a = value();
      r.b = static_cast<u32>(fn_.pool.size());
      while (!failed_ && accept(",")) {
        edge();
        ++r.c;
      }
      return;
    case Format::Return:
      return return_list(r);
    case Format::Trap:
      r.aux = static_cast<u16>(one_of(names::traps, "trap"));
      return;
    case Format::TrapIf:
      r.a = value();
      expect(",");
      r.aux = static_cast<u16>(one_of(names::traps, "trap"));
      return;
    case Format::Param:
      return error("a parameter belongs into the block's head");
    }
  }

  void return_list(InstRow &r) {
    std::vector<Value> list;
    if (is_id("v"))
      do
        list.push_back(Value{value()});
      while (!failed_ && accept(","));
    r.b = fn_.make_list(list);
  }

  std::string_view text_;
  Function &fn_;
  usize at_ = 0, error_at_ = 0;
  bool failed_ = false;
  std::string message_;
};

} // namespace

Result<void> parse(std::string_view text, Function &out) { return Parser(text, out).run(); }

} // namespace trapeze::ir
