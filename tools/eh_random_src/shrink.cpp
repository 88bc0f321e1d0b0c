// Shrinking: cuts, one at a time, each kept if the program still fails.
//
// Statements leave the operand stack alone and every list of statements stands for itself, so each can go. A cut is
// known by its number in a walk over the tree: trying the next one is a copy of the program and one walk.
#include "shrink.hh"

namespace eh_random {

namespace {

class Cutter {
public:
  explicit Cutter(u32 wanted) : wanted_(wanted) {}
  /// False if there are fewer cuts than the wanted one's number.
  bool apply(Program &p) {
    erase_one(p.calls);
    for (HostFunction &f : p.host.functions)
      if (f.deed != Deed::Log && here())
        f.deed = Deed::Log;
    for (Module &m : p.modules) {
      if (m.start != no_label && here())
        m.start = no_label;
      for (Function &f : m.functions) {
        stmts(f.body);
        exprs(f.exprs);
      }
    }
    return done_;
  }

private:
  bool here() {
    if (done_ || next_++ != wanted_)
      return false;
    return done_ = true;
  }
  template <typename T> void erase_one(std::vector<T> &list) {
    for (std::size_t i = 0; i < list.size() && !done_; ++i)
      if (here())
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
  }
  void exprs(std::vector<Expr> &list) {
    for (Expr &e : list) {
      if (done_)
        return;
      if (e.op != Op::Const && e.op != Op::RefNull && here()) {
        e = Expr{e.type >= Type::Func ? Op::RefNull : Op::Const, e.type, 0, 0, {}, {}};
        return;
      }
      exprs(e.args);
      for (Stmt &s : e.body)
        inside(s);
    }
  }
  void inside(Stmt &s) {
    erase_one(s.clauses);
    erase_one(s.handlers);
    if (s.kind == Kind::Try && s.delegates && here())
      s.delegates = false;
    for (auto &body : s.bodies)
      stmts(body);
    for (Handler &h : s.handlers) {
      stmts(h.body);
      exprs(h.exprs);
    }
    exprs(s.entry);
    exprs(s.exprs);
  }
  void stmts(std::vector<Stmt> &list) {
    erase_one(list);
    for (Stmt &s : list)
      if (!done_)
        inside(s);
  }

  u32 wanted_, next_ = 0;
  bool done_ = false;
};

} // namespace

Program shrink(Program program, const std::function<bool(const Program &)> &fails, u32 attempts) {
  bool again = true;
  while (again) {
    again = false;
    for (u32 at = 0; attempts > 0; --attempts) {
      Program smaller = program;
      if (!Cutter(at).apply(smaller))
        break;
      if (fails(smaller)) {
        program = std::move(smaller);
        again = true;
      } else {
        ++at;
      }
    }
  }
  return program;
}

} // namespace eh_random
