// Exceptions. Spec: Execution, Control Instructions (try_table, throw, throw_ref); EXCEPTIONS.md, In the IR.
//
// try_table opens a region; each call inside names it. Where it ends, each clause gets a pad, which reads the
// payload and jumps to the clause's label. A throw looks outward through the regions of its own function: a
// clause that certainly catches it makes it a jump, no call and no pad; one that perhaps does (two imported
// tags of one type may be the same tag) makes it a call. Legacy tries learn their clauses only behind their
// bodies: legacy_exception.cpp finishes throws that wait for them.
//
// The pads of a region that no call can reach are never made.
#include "translate/translator.hh"

namespace trapeze::translate {

/// A throw looks at most so far outward: keeps ten thousand throws in ten thousand regions linear.
static constexpr u32 search_depth = 64;

Region enter_region(Translator &t, bool is_legacy) {
  const Region r = t.fn->regions.push({t.region, t.block, {}});
  t.regions.push({.is_legacy = is_legacy});
  t.variables.begin_region(r, t.frames.back().start);
  const Block body = t.variables.make_block();
  t.jump(body);
  t.variables.seal(body);
  t.set_block(body);
  t.region = r;
  t.frames.back().inner = r;
  return r;
}

void try_table(Translator &t, const Operator &o, u32) {
  const u32 outside = static_cast<u32>(t.frames.size());
  if (t.open(o, o.results).dead || o.catches.empty())
    return;
  const Region r = enter_region(t, false);
  RegionState &state = t.regions[r];
  state.first_clause = static_cast<u32>(t.clause_targets.size());
  for (const validate::CatchClause &c : o.catches) {
    t.clause_targets.push_back({c.tag, c.with_ref, outside - 1 - c.label});
    ++state.clause_count;
    if (c.tag == ~0u) // catches all: what follows is never asked
      break;
  }
}

static Value store_context(Translator &t) { return t.field(offsetof(abi::InstanceContext, store)); }

static u32 payload_offset(u32 field) {
  return static_cast<u32>(offsetof(abi::StoreContext, payload)) + field * u32{sizeof(abi::ValueCell)};
}

static Access payload_access(Type type) {
  return {.size_log2 = static_cast<u8>(ir::size_of(type) == 8 ? 3 : 2), .alias = Alias::Area};
}

/// Making the object may collect, so references are read behind it; the area keeps them.
void read_payload(Translator &t, u32 tag, bool with_ref, std::vector<Value> &out) {
  const usize first = out.size();
  if (tag != ~0u) {
    const auto &types = t.module->tag_type(tag).params;
    out.resize(first + types.size(), no_inst);
    const auto read = [&](bool refs) {
      for (u32 i = 0; i < types.size(); ++i)
        if (const Type type = Translator::type_of(types[i]); (type == Type::Ref) == refs)
          out[first + i] = t.build.load(type, store_context(t), payload_offset(i), payload_access(type));
    };
    read(false);
    const Value ref = with_ref ? t.call_builtin(abi::Builtin::MakeExnref, {{t.build.i32(tag)}}) : no_inst;
    read(true);
    if (with_ref)
      out.push_back(ref);
  } else if (with_ref) {
    out.push_back(t.call_builtin(abi::Builtin::MakeExnref, {{t.build.i32(tag)}}));
  }
}

/// A pad for each clause, if a call inside can reach them.
void end_try_table(Translator &t) {
  const Region r = t.region;
  const u32 frame = static_cast<u32>(t.frames.size()) - 1;
  const Region outer = t.frames[frame].outer;
  if (r == outer) // no clauses
    return;
  const RegionState state = t.regions[r];
  t.variables.end_region(r);
  t.fall_through(t.frames[frame]);
  t.region = outer;
  t.clause_targets.resize(state.first_clause + state.clause_count);
  if (state.is_reached) {
    const u32 first = static_cast<u32>(t.fn->clauses.size());
    for (u32 i = 0; i < state.clause_count; ++i) {
      const ClauseTarget clause = t.clause_targets[state.first_clause + i];
      const Block pad = t.variables.make_pad(r);
      t.fn->clauses.push_back({clause.tag, clause.with_ref, pad});
      t.set_block(pad);
      t.scratch.clear();
      read_payload(t, clause.tag, clause.with_ref, t.scratch);
      t.jump_to(t.frames[clause.frame], t.scratch);
    }
    t.fn->regions[r].clauses = {first, state.clause_count};
    if (t.clause_targets.back().tag != ~0u)
      t.note_throwing_call(outer);
  }
  t.clause_targets.resize(state.first_clause);
  t.die();
}

// --- throw ---

Match match(const wasm::Module &m, u32 tag, u32 clause_tag) {
  if (clause_tag == ~0u || clause_tag == tag)
    return Match::Yes;
  const wasm::Tag &a = m.tags[tag], &b = m.tags[clause_tag];
  const bool same_type = m.canonical[static_cast<u32>(a.type)] == m.canonical[static_cast<u32>(b.type)];
  return a.is_imported && b.is_imported && same_type ? Match::Maybe : Match::No;
}

/// `innermost` may be closed already, so that its mark would move no further outward: `open` is marked too.
void throw_by_call(Translator &t, u32 tag, std::span<const Value> values, Region innermost, Region open) {
  const Region around = std::exchange(t.region, innermost);
  for (u32 i = 0; i < values.size(); ++i)
    t.build.store(store_context(t), values[i], payload_offset(i), payload_access(t.build.type(values[i])));
  t.call_builtin(abi::Builtin::Throw, {{t.build.i32(tag)}});
  t.note_throwing_call(open);
  t.unreachable();
  t.region = around;
}

static void wait_for_clauses(Translator &t, u32 tag, std::span<const Value> values, Region innermost, Region r) {
  const u32 first = static_cast<u32>(t.thrown.size());
  t.thrown.insert(t.thrown.end(), values.begin(), values.end());
  t.tries[t.regions[r].legacy].pending.push_back({t.block, tag, t.build.offset(), innermost, first});
  t.die();
}

void throw_from(Translator &t, u32 tag, std::span<const Value> values, Region innermost, Region from) {
  Region r = from;
  for (u32 depth = 0; !is_none(r) && depth < search_depth; ++depth, r = t.fn->regions[r].parent) {
    const RegionState &state = t.regions[r];
    if (state.is_legacy)
      return wait_for_clauses(t, tag, values, innermost, r);
    for (u32 i = 0; i < state.clause_count; ++i) {
      const ClauseTarget clause = t.clause_targets[state.first_clause + i];
      const Match m = match(*t.module, tag, clause.tag);
      if (m == Match::No)
        continue;
      if (m == Match::Maybe || clause.with_ref)
        return throw_by_call(t, tag, values, innermost, from);
      t.jump_to(t.frames[clause.frame], clause.tag == ~0u ? std::span<const Value>{} : values);
      return t.die();
    }
  }
  throw_by_call(t, tag, values, innermost, from);
}

void throw_(Translator &t, const Operator &o, u32) {
  const wasm::TypeIndex type = t.module->tags[o.index].type;
  t.signature(type, o.offset);
  if (t.failed())
    return;
  const u32 count = static_cast<u32>(t.module->type_at(type).params.size());
  t.scratch.assign(t.top(count).begin(), t.top(count).end());
  t.drop(count);
  throw_from(t, o.index, t.scratch, t.region, t.region);
}

void throw_ref(Translator &t, const Operator &, u32) {
  t.call_builtin(abi::Builtin::ThrowRef, {{t.pop()}});
  t.unreachable();
}

} // namespace trapeze::translate
