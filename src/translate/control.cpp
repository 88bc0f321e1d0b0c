// Structured control. Spec: Execution, Control Instructions.
//
// A conditional branch to a label is Branch to a block of its own that jumps on: critical edges are split as
// they are made (ir/function.hh). The block behind a frame is made at the first branch to it; a frame nobody
// branches out of ends in the block it began in, or wherever its code went.
#include "translate/translator.hh"

namespace trapeze::translate {

void unreachable(Translator &t, const Operator &, u32) { t.trap(abi::TrapCode::Unreachable); }

void block(Translator &t, const Operator &o, u32) { t.open(o, o.results); }

void loop(Translator &t, const Operator &o, u32) {
  Frame &f = t.open(o, o.params);
  if (f.dead)
    return;
  f.label = t.variables.make_join(f.start, t.block);
  for (u32 i = 0; i < f.label_count; ++i)
    t.fn->add_param(f.label, t.label_types[f.first_type + i]);
  t.jump(f.label, t.top(f.label_count));
  t.drop(f.label_count);
  t.set_block(f.label);
  for (Value v : t.fn->blocks[f.label].params)
    t.push(v);
  if (t.context->polls)
    t.build.raw({Op::Poll, Type::None, 0, 0, 0, 0});
}

void if_(Translator &t, const Operator &o, u32) {
  const Value condition = t.is_dead() ? no_inst : t.pop();
  Frame &f = t.open(o, o.results);
  if (f.dead)
    return;
  f.first_saved = static_cast<u32>(t.saved.size());
  f.saved_count = static_cast<u32>(o.params.size());
  const auto params = t.top(f.saved_count);
  t.saved.insert(t.saved.end(), params.begin(), params.end());
  if (t.build.is_const(condition)) { // one of the arms is dead
    if (t.build.def(condition).bits() == 0) {
      f.else_block = t.variables.make_block();
      t.jump(f.else_block);
      t.variables.seal(f.else_block);
      t.die();
    }
    return;
  }
  const Block then = t.variables.make_block();
  f.else_block = t.variables.make_block();
  t.branch(condition, then, f.else_block, o.hinted ? (o.likely ? 1 : 2) : 0);
  if (o.hinted)
    t.fn->blocks[o.likely ? f.else_block : then].is_cold = true;
  t.set_block(then);
}

/// Goes on in the else arm with the parameters, or stays dead.
static void start_else(Translator &t, Frame &f) {
  t.stack.resize(f.height);
  if (is_none(f.else_block))
    return t.die();
  t.set_block(std::exchange(f.else_block, no_block));
  for (u32 i = 0; i < f.saved_count; ++i)
    t.push(t.saved[f.first_saved + i]);
}

void else_(Translator &t, const Operator &, u32) {
  Frame &f = t.frames.back();
  f.kind = FrameKind::Else;
  if (f.dead)
    return;
  t.fall_through(f);
  start_else(t, f);
}

void end(Translator &t, const Operator &, u32) {
  Frame &f = t.frames.back();
  if (!f.dead) {
    if (f.kind == FrameKind::If) {
      t.fall_through(f);
      start_else(t, f);
    } else if (f.kind == FrameKind::TryTable) {
      end_try_table(t);
    } else if (f.legacy != ~0u) {
      end_try(t);
    }
  }
  t.close();
}

void br(Translator &t, const Operator &o, u32) {
  Frame &target = t.frame(o.index);
  t.jump_to(target, t.top(target.label_count));
  t.die();
}

void branch_to_label(Translator &t, u32 label, Value condition, bool if_true, u16 hint) {
  Frame &target = t.frame(label);
  if (t.build.is_const(condition)) {
    if ((static_cast<u32>(t.build.def(condition).bits()) != 0) == if_true) {
      t.jump_to(target, t.top(target.label_count));
      t.die();
    }
    return;
  }
  const Block taken = t.variables.make_block(), next = t.variables.make_block();
  if (if_true)
    t.branch(condition, taken, next, hint);
  else
    t.branch(condition, next, taken, hint);
  t.set_block(taken);
  t.jump_to(target, t.top(target.label_count));
  t.set_block(next);
}

void br_if(Translator &t, const Operator &o, u32) {
  const Value condition = t.pop();
  branch_to_label(t, o.index, condition, true, o.hinted ? (o.likely ? 1 : 2) : 0);
}

/// One block per distinct label stands on the edges: most tables name few labels often.
void br_table(Translator &t, const Operator &o, u32) {
  const Value index = t.pop();
  const Block from = t.block;
  if (t.switch_blocks.size() < t.frames.size())
    t.switch_blocks.resize(t.frames.size(), no_block);
  const auto frame_of = [&](u32 label) { return t.frames.size() - 1 - label; };
  const u32 first_edge = static_cast<u32>(t.fn->pool.size());
  for (u32 label : o.labels) {
    Block &b = t.switch_blocks[frame_of(label)];
    if (is_none(b))
      b = t.single(from);
    t.fn->make_edge(b);
  }
  t.build.raw({Op::Switch, Type::None, 0, Builder::id(index), first_edge, static_cast<u32>(o.labels.size())});
  for (u32 label : o.labels) {
    const Block b = std::exchange(t.switch_blocks[frame_of(label)], no_block);
    if (is_none(b))
      continue;
    t.set_block(b);
    Frame &target = t.frame(label);
    t.jump_to(target, t.top(target.label_count));
  }
  t.die();
}

void return_(Translator &t, const Operator &, u32) {
  t.return_values(t.top(t.frames[0].result_count));
  t.die();
}

} // namespace trapeze::translate
