// The legacy form of exceptions, over the same regions and pads. Spec: the legacy exception handling proposal.
//
//   try ... catch t ... catch_all ... end   a region over the first part; each catch body begins in a pad
//   try ... delegate l                      a region without clauses, its parent the region around label l
//   rethrow l                               throw_ref of the object that the pad of catch l made
//
// Every pad makes its exception's object; dead-code elimination removes it where no rethrow asks.
// A throw inside the first part cannot know what follows: its block waits, without terminator, until the
// whole construct was read. Then it becomes a jump into the body of the catch that takes it (unless a rethrow
// needs the object), a call, or is handed outward.
#include "translate/translator.hh"

namespace trapeze::translate {

void try_(Translator &t, const Operator &o, u32) {
  if (t.open(o, o.results).dead)
    return;
  const Region r = enter_region(t, true);
  const u32 index = t.open_tries++;
  if (t.tries.size() < t.open_tries)
    t.tries.emplace_back();
  LegacyTry &legacy = t.tries[index];
  legacy.region = r;
  legacy.catches.clear();
  legacy.pending.clear();
  t.regions[r].legacy = index;
  t.frames.back().legacy = index;
}

/// The end of what the region covers.
static void leave_region(Translator &t, Frame &f) {
  if (f.kind != FrameKind::Try)
    return;
  t.variables.end_region(t.tries[f.legacy].region);
  t.region = f.inner = f.outer;
  f.kind = FrameKind::Catch;
}

/// Makes the pad and the body it jumps to; the body stays open for throws that wait.
static void begin_catch(Translator &t, u32 tag) {
  Frame &f = t.frames.back();
  const u32 index = f.legacy;
  const Region r = t.tries[index].region;
  const bool has_pending = !t.tries[index].pending.empty();
  const Block pad = t.variables.make_pad(r);
  t.set_block(pad);
  t.scratch.clear();
  read_payload(t, tag, true, t.scratch);
  const Block body = t.variables.make_join(f.start, f.entry);
  for (Value v : t.scratch)
    t.fn->add_param(body, t.build.type(v));
  t.jump(body, t.scratch);
  if (!has_pending)
    t.variables.seal(body);
  t.set_block(body);
  const auto &params = t.fn->blocks[body].params;
  for (u32 i = 0; i + 1 < params.size(); ++i)
    t.push(params[i]);
  t.tries[index].catches.push_back({tag, pad, body, params.back(), false});
}

void catch_(Translator &t, const Operator &o, u32 is_all) {
  Frame &f = t.frames.back();
  if (f.dead)
    return;
  t.fall_through(f);
  leave_region(t, f);
  t.stack.resize(f.height);
  const LegacyTry &legacy = t.tries[f.legacy];
  if (t.regions[legacy.region].is_reached || !legacy.pending.empty())
    begin_catch(t, is_all != 0 ? ~0u : o.index);
  else // nothing is thrown inside
    t.tries[f.legacy].catches.push_back({is_all != 0 ? ~0u : o.index, no_block, no_block});
}

static void jump_to_catch(Translator &t, const LegacyCatch &c, std::span<const Value> values) {
  std::vector<Value> &args = t.scratch;
  args.clear();
  if (c.tag != ~0u)
    args.insert(args.end(), values.begin(), values.end());
  args.push_back(t.build.null());
  t.jump(c.body, args);
  t.die();
}

/// Gives a waiting throw its terminator.
static void finish_throw(Translator &t, const LegacyTry &legacy, const PendingThrow &p) {
  const u32 count = static_cast<u32>(t.module->tag_type(p.tag).params.size());
  std::vector<Value> values;
  for (u32 i = 0; i < count; ++i)
    values.push_back(t.variables.resolve(t.thrown[p.first_value + i]));
  t.set_block(p.block);
  t.build.set_offset(p.offset);
  for (const LegacyCatch &c : legacy.catches) {
    const Match m = match(*t.module, p.tag, c.tag);
    if (m == Match::No)
      continue;
    if (m == Match::Maybe || c.is_rethrown)
      return throw_by_call(t, p.tag, values, p.region, legacy.region);
    return jump_to_catch(t, c, values);
  }
  throw_from(t, p.tag, values, p.region, t.fn->regions[legacy.region].parent);
}

/// The construct is read: decides the waiting throws, writes the clauses, hands marks outward.
static void finish_try(Translator &t, u32 index) {
  // A throw handed outward waits in another try's list, so this one may be moved, but does not change.
  const LegacyTry legacy = std::move(t.tries[index]);
  t.tries[index] = {};
  --t.open_tries;
  const u32 offset = t.build.offset();
  const Region r = legacy.region;
  for (const PendingThrow &p : legacy.pending)
    finish_throw(t, legacy, p);
  t.build.set_offset(offset);
  bool catches_all = false;
  const u32 first = static_cast<u32>(t.fn->clauses.size());
  for (const LegacyCatch &c : legacy.catches) {
    if (is_none(c.body))
      continue;
    if (!t.variables.is_sealed(c.body))
      t.variables.seal(c.body);
    t.fn->clauses.push_back({c.tag, true, c.pad});
    catches_all = c.tag == ~0u;
  }
  t.fn->regions[r].clauses = {first, static_cast<u32>(t.fn->clauses.size()) - first};
  if (t.regions[r].is_reached && !catches_all)
    t.note_throwing_call(t.fn->regions[r].parent);
  t.die();
}

void end_try(Translator &t) {
  Frame &f = t.frames.back();
  t.fall_through(f);
  leave_region(t, f);
  finish_try(t, f.legacy);
}

/// The label counts from outside of the try.
void delegate(Translator &t, const Operator &o, u32) {
  Frame &f = t.frames.back();
  if (!f.dead) {
    t.fall_through(f);
    leave_region(t, f);
    t.fn->regions[t.tries[f.legacy].region].parent = t.frame(o.index + 1).inner;
    finish_try(t, f.legacy);
  }
  t.close();
}

void rethrow(Translator &t, const Operator &o, u32) {
  LegacyCatch &caught = t.tries[t.frame(o.index).legacy].catches.back();
  caught.is_rethrown = true;
  t.call_builtin(abi::Builtin::ThrowRef, {{t.variables.resolve(caught.exception)}});
  t.unreachable();
}

} // namespace trapeze::translate
