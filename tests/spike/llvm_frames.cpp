// The problem: LLVM knows nothing of our convention or tables. The idea: `ccc` with one uniform prototype and the
// instance as `swiftself` gives the convention; `.eh_frame` says where registers are saved, `.gcc_except_table` which
// calls have pads, `.llvm_stackmaps` where the slots are. Read here with <elf.h> alone, as an engine would.
//
// Function attributes: frame-pointer=all keeps the chain, no-realign-stack keeps SP = FP - constant.
#include "llvm_frames.hh"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>

namespace trapeze::spike {
namespace {

const char *const source = R"(
declare i32 @spike_personality(...)
declare void @llvm.experimental.stackmap(i64, i32, ...)
@tag_0 = external global i8
@tag_1 = external global i8

define $R @ll_leaf($P) #0 {
  %a = mul i64 %v, 37
  %r = add i64 %a, %d
  $RETURN(%r)
}

define $R @ll_throw($P) #0 {
  %x = xor i64 %v, %d
  $STORE
  %payload = getelementptr i8, ptr %store, i64 16064
  store i64 %x, ptr %payload
  %bp = getelementptr i8, ptr %self, i64 16
  %builtins = load ptr, ptr %bp
  %tp = getelementptr i8, ptr %builtins, i64 344
  %throw = load ptr, ptr %tp
  call void %throw(ptr swiftself %self, i32 0) #1
  unreachable
}

; Five values live across the call: they take the callee-saved registers.
define $R @ll_mid($P) #0 {
  $MIX
  %v4 = add i64 %v, 4
  $NEXT
  %r = call $R %code(ptr swiftself %ctx, i64 %d1, i64 %v4, $POISON)
  %x = extractvalue $R %r, 0
  %s = add i64 %x, %mix1
  %t = xor i64 %s, %b
  %u = add i64 %t, %c
  %w = xor i64 %u, %e
  %z = add i64 %w, %f
  $RETURN(%z)
}

define $R @ll_catch($P) #0 personality ptr @spike_personality {
  $CATCH(@tag_0, 1)
}
define $R @ll_other($P) #0 personality ptr @spike_personality {
  $CATCH(@tag_1, 2)
}
define $R @ll_catch_all($P) #0 personality ptr @spike_personality {
  $CATCH(null, 3)
}

; Three calls in a row under one pad: does the table keep them apart?
define $R @ll_three($P) #0 personality ptr @spike_personality {
  $NEXT
  %r1 = invoke $R %code(ptr swiftself %self, i64 1, i64 1, $POISON) to label %n1 unwind label %pad
n1:
  %r2 = invoke $R %code(ptr swiftself %self, i64 1, i64 2, $POISON) to label %n2 unwind label %pad
n2:
  %r3 = invoke $R %code(ptr swiftself %self, i64 1, i64 3, $POISON) to label %n3 unwind label %pad
n3:
  $RETURN(1)
pad:
  %lp = landingpad { ptr, i32 } catch ptr null
  $RETURN(2)
}

; SP at several calls, with values that want 32-byte alignment live across them.
define $R @ll_many_calls($P) #2 {
  $STORE
  %area = getelementptr i8, ptr %store, i64 64
  %big = load <8 x float>, ptr %area, align 4
  %big2 = fadd <8 x float> %big, %big
  $NEXT
  %r1 = call $R %code(ptr swiftself %self, i64 1, i64 1, $POISON)
  %s1 = extractvalue $R %r1, 1
  %r2 = call $R %code(ptr swiftself %self, i64 1, i64 2, $POISON)
  %s2 = extractvalue $R %r2, 1
  %r3 = call $R %code(ptr swiftself %self, i64 1, i64 3, $POISON)
  %s3 = extractvalue $R %r3, 1
  store <8 x float> %big2, ptr %area, align 4
  %fp = call ptr @llvm.frameaddress.p0(i32 0)
  %fpi = ptrtoint ptr %fp to i64
  %d12 = sub i64 %s2, %s1
  %d13 = sub i64 %s3, %s1
  %or = or i64 %d12, %d13
  %size = sub i64 %fpi, %s1
  %ra = insertvalue $R poison, i64 %or, 0
  %rb = insertvalue $R %ra, i64 %size, 1
  ret $R %rb
}
declare ptr @llvm.frameaddress.p0(i32)

; f(counter, sum) with two integer and two float cells: as own_tail of frames.S.
define $R @ll_tail($P) #0 {
  $STORE
  %p0 = getelementptr i8, ptr %store, i64 64
  %p1 = getelementptr i8, ptr %store, i64 80
  %p2 = getelementptr i8, ptr %store, i64 96
  %p3 = getelementptr i8, ptr %store, i64 112
  %c0 = load i64, ptr %p0
  %c1 = load i64, ptr %p1
  %c2 = load double, ptr %p2
  %c3 = load double, ptr %p3
  %i2 = fptosi double %c2 to i64
  %i3 = fptosi double %c3 to i64
  %s0 = add i64 %v, %c0
  %s1 = add i64 %s0, %c1
  %s2 = add i64 %s1, %i2
  %s3 = add i64 %s2, %i3
  %done = icmp eq i64 %d, 0
  br i1 %done, label %out, label %again
out:
  %sp = call ptr @llvm.frameaddress.p0(i32 0)
  %spi = ptrtoint ptr %sp to i64
  %ra = insertvalue $R poison, i64 %s3, 0
  %rb = insertvalue $R %ra, i64 %spi, 1
  ret $R %rb
again:
  %dm = sub i64 %d, 1
  %cn = add i64 %c0, 1
  store i64 %cn, ptr %p0
  %np = getelementptr i8, ptr %self, i64 64
  %code = load ptr, ptr %np
  %r = musttail call $R %code(ptr swiftself %self, i64 %dm, i64 %s3, $POISON)
  ret $R %r
}

; Every register parameter goes through a tail call in its place.
define $R @ll_permute($P) #0 {
  %np = getelementptr i8, ptr %self, i64 64
  %code = load ptr, ptr %np
  %r = musttail call $R %code(ptr swiftself %self, i64 %a5, i64 %a4, i64 %a3, i64 %a2, i64 %v, i64 %d, <2 x i64> %x7, <2 x i64> %x6, <2 x i64> %x5, <2 x i64> %x4, <2 x i64> %x3, <2 x i64> %x2, <2 x i64> %x1, <2 x i64> %x0)
  ret $R %r
}
define $R @ll_collect($P) #0 {
  $STORE
  %o0 = getelementptr i8, ptr %store, i64 64
  store i64 %d, ptr %o0
  %o1 = getelementptr i8, ptr %store, i64 80
  store i64 %v, ptr %o1
  %o2 = getelementptr i8, ptr %store, i64 96
  store i64 %a2, ptr %o2
  %o3 = getelementptr i8, ptr %store, i64 112
  store i64 %a3, ptr %o3
  %o4 = getelementptr i8, ptr %store, i64 128
  store i64 %a4, ptr %o4
  %o5 = getelementptr i8, ptr %store, i64 144
  store i64 %a5, ptr %o5
  $COLLECT
  %ra = insertvalue $R poison, i64 %d, 0
  %rb = insertvalue $R %ra, i64 %v, 1
  %rc = insertvalue $R %rb, <2 x i64> %x0, 2
  %rd = insertvalue $R %rc, <2 x i64> %x1, 3
  ret $R %rd
}

; Tail call into another instance through the stub, as own_cross_tail of frames.S; the cell travels in the store.
define $R @ll_cross_tail($P) #0 {
  %done = icmp eq i64 %d, 0
  br i1 %done, label %out, label %again
out:
  %selfi = ptrtoint ptr %self to i64
  %fp = call ptr @llvm.frameaddress.p0(i32 0)
  %fpi = ptrtoint ptr %fp to i64
  %ra = insertvalue $R poison, i64 %selfi, 0
  %rb = insertvalue $R %ra, i64 %fpi, 1
  ret $R %rb
again:
  %dm = sub i64 %d, 1
  %odd = and i64 %dm, 1
  %k = add i64 %odd, 1
  %off = shl i64 %k, 4
  %o = add i64 %off, 48
  %cell = getelementptr i8, ptr %self, i64 %o
  $STORE
  %word = getelementptr i8, ptr %store, i64 56
  store ptr %cell, ptr %word
  %bp = getelementptr i8, ptr %self, i64 16
  %builtins = load ptr, ptr %bp
  %sp = getelementptr i8, ptr %builtins, i64 360
  %stub = load ptr, ptr %sp
  %r = musttail call $R %stub(ptr swiftself %self, i64 %dm, i64 %v, $POISON)
  ret $R %r
}

; The forbidden way: musttail with another swiftself. What arrives in r13?
define $R @ll_bad_cross_tail($P) #0 {
  %np = getelementptr i8, ptr %self, i64 64
  %code = load ptr, ptr %np
  %cp = getelementptr i8, ptr %self, i64 72
  %ctx = load ptr, ptr %cp
  %r = musttail call $R %code(ptr swiftself %ctx, i64 %d, i64 %v, $POISON)
  ret $R %r
}

; An ordinary call into another instance; returns what the callee saw and whether the own r13 is back.
define $R @ll_cross_call($P) #0 {
  %np = getelementptr i8, ptr %self, i64 64
  %code = load ptr, ptr %np
  %cp = getelementptr i8, ptr %self, i64 72
  %ctx = load ptr, ptr %cp
  %r = call $R %code(ptr swiftself %ctx, i64 %d, i64 %v, $POISON)
  %seen = extractvalue $R %r, 0
  %again = call $R %code(ptr swiftself %self, i64 %d, i64 %v, $POISON)
  %own = extractvalue $R %again, 0
  %ra = insertvalue $R poison, i64 %seen, 0
  %rb = insertvalue $R %ra, i64 %own, 1
  ret $R %rb
}

attributes #0 = { "frame-pointer"="all" "no-realign-stack" uwtable }
attributes #1 = { noreturn }
attributes #2 = { "frame-pointer"="all" "no-realign-stack" uwtable "target-features"="+avx2" }
)";

const char *const catch_body = R"(
  %slots = alloca [4 x i64], align 16
  store ptr %self, ptr %slots
  %home = getelementptr i8, ptr %slots, i64 8
  %hv = mul i64 %v, 11
  store i64 %hv, ptr %home
  %third = getelementptr i8, ptr %slots, i64 16
  store i64 %d, ptr %third
  call void (i64, i32, ...) @llvm.experimental.stackmap(i64 $1, i32 0, ptr %slots)
  $MIX
  %v6 = add i64 %v, 6
  $NEXT
  %r = invoke $R %code(ptr swiftself %ctx, i64 %d1, i64 %v6, $POISON) to label %normal unwind label %pad
normal:
  %x = extractvalue $R %r, 0
  %x29 = mul i64 %x, 29
  br label %join
pad:
  %lp = landingpad { ptr, i32 } catch ptr $0
  %object = extractvalue { ptr, i32 } %lp, 0
  %system = icmp ne ptr %object, null
  br i1 %system, label %take, label %taken
take:
  %bp = getelementptr i8, ptr %self, i64 16
  %builtins = load ptr, ptr %bp
  %kp = getelementptr i8, ptr %builtins, i64 336
  %takef = load ptr, ptr %kp
  call void %takef(ptr %self, ptr %object)
  br label %taken
taken:
  $STORE
  %pp = getelementptr i8, ptr %store, i64 16064
  %payload = load i64, ptr %pp
  %hl = load i64, ptr %home
  %h13 = mul i64 %hl, 13
  %tl = load i64, ptr %third
  %p1 = add i64 %payload, %h13
  %p2 = add i64 %p1, %tl
  br label %join
join:
  %first = phi i64 [ %x29, %normal ], [ %p2, %taken ]
  %s = add i64 %first, %mix1
  %t = xor i64 %s, %b
  %u = add i64 %t, %c
  %w = xor i64 %u, %e
  %z = add i64 %w, %f
  $RETURN(%z)
)";

void replace(std::string &text, const std::string &from, const std::string &to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// `$NAME(a, b)` becomes `body` with $0 and $1 filled in.
void expand(std::string &text, const std::string &name, const std::string &body) {
  for (size_t at; (at = text.find(name + "(")) != std::string::npos;) {
    size_t open = at + name.size(), close = text.find(')', open);
    std::string arguments = text.substr(open + 1, close - open - 1), filled = body;
    size_t comma = arguments.find(", ");
    replace(filled, "$0", arguments.substr(0, comma));
    replace(filled, "$1", comma == std::string::npos ? "" : arguments.substr(comma + 2));
    text.replace(at, close + 1 - at, filled);
  }
}

std::string ir() {
  std::string text = source;
  expand(text, "$CATCH", catch_body);
  static int returns = 0;
  for (size_t at; (at = text.find("$RETURN(")) != std::string::npos;) {
    size_t close = text.find(')', at);
    std::string value = text.substr(at + 8, close - at - 8), name = "%ret" + std::to_string(returns++);
    text.replace(at, close + 1 - at, name + " = insertvalue $R poison, i64 " + value + ", 0\n  ret $R " + name);
  }
  std::string mix, collect, parameters = "ptr swiftself %self, i64 %d, i64 %v, i64 %a2, i64 %a3, i64 %a4, i64 %a5";
  for (auto [name, op] : {std::pair{"mix1", "mul i64 %v, 17"},
                          {"b", "xor i64 %v, 21845"},
                          {"c", "mul i64 %d, 19"},
                          {"e", "add i64 %v, %d"},
                          {"f", "sub i64 %v, %d"}})
    mix += std::string("  %raw_") + name + " = " + op + "\n  %" + name +
           " = call i64 asm sideeffect \"\", \"=r,0\"(i64 %raw_" + name +
           ")\n"; // opaque, so that it is kept and not computed again
  std::string poison = "i64 poison, i64 poison, i64 poison, i64 poison";
  for (int i = 0; i < 8; ++i) {
    std::string n = std::to_string(i);
    parameters += ", <2 x i64> %x" + n;
    poison += ", <2 x i64> poison";
    collect += "  %q" + n + " = getelementptr i8, ptr %store, i64 " + std::to_string(160 + 16 * i) +
               "\n  store <2 x i64> %x" + n + ", ptr %q" + n + "\n";
  }
  replace(text, "$MIX", mix);
  replace(text, "$COLLECT", collect);
  replace(text, "$NEXT",
          "%d1 = add i64 %d, 1\n  %off = shl i64 %d1, 4\n  %offc = add i64 %off, 48\n"
          "  %cell = getelementptr i8, ptr %self, i64 %offc\n  %code = load ptr, ptr %cell\n"
          "  %ctxp = getelementptr i8, ptr %cell, i64 8\n  %ctx = load ptr, ptr %ctxp");
  replace(text, "$STORE", "%store = load ptr, ptr %self");
  replace(text, "$POISON", poison);
  replace(text, "$P", parameters);
  replace(text, "$R", "{ i64, i64, <2 x i64>, <2 x i64> }");
  return text;
}

/// The object's bytes, and lookups in its sections.
struct Object {
  std::vector<u8> bytes;
  const Elf64_Ehdr *header() const { return reinterpret_cast<const Elf64_Ehdr *>(bytes.data()); }
  const Elf64_Shdr *sections() const { return reinterpret_cast<const Elf64_Shdr *>(bytes.data() + header()->e_shoff); }
  const char *section_name(u32 i) const {
    return reinterpret_cast<const char *>(bytes.data() + sections()[header()->e_shstrndx].sh_offset +
                                          sections()[i].sh_name);
  }
  u32 find(const char *name) const {
    for (u32 i = 0; i < header()->e_shnum; ++i)
      if (!strcmp(section_name(i), name))
        return i;
    return 0;
  }
  const u8 *data(u32 i) const { return bytes.data() + sections()[i].sh_offset; }
  u64 size(u32 i) const { return sections()[i].sh_size; }
  const Elf64_Sym *symbols(u32 &count, const char *&names) const {
    u32 i = find(".symtab");
    count = u32(size(i) / sizeof(Elf64_Sym));
    names = reinterpret_cast<const char *>(data(sections()[i].sh_link));
    return reinterpret_cast<const Elf64_Sym *>(data(i));
  }
  struct Target {
    std::string symbol;
    u32 section = 0;
    i64 offset = -1;
  };
  /// What the relocation at `offset` of section `of` points at.
  Target relocation(const char *of, u64 offset) const {
    u32 i = find((std::string(".rela") + of).c_str());
    u32 count;
    const char *names;
    const Elf64_Sym *table = symbols(count, names);
    auto *rela = reinterpret_cast<const Elf64_Rela *>(data(i));
    for (u64 n = 0; i && n < size(i) / sizeof *rela; ++n)
      if (rela[n].r_offset == offset) {
        const Elf64_Sym &symbol = table[ELF64_R_SYM(rela[n].r_info)];
        return {names + symbol.st_name, symbol.st_shndx, i64(symbol.st_value) + rela[n].r_addend};
      }
    return {};
  }
};

struct Reader {
  const u8 *at;
  u64 uleb() {
    u64 value = 0;
    for (u32 shift = 0;; shift += 7) {
      u8 byte = *at++;
      value |= u64(byte & 127) << shift;
      if (byte < 128)
        return value;
    }
  }
  i64 sleb() {
    i64 value = 0;
    for (u32 shift = 0;;) {
      u8 byte = *at++;
      value |= i64(byte & 127) << shift;
      shift += 7;
      if (byte < 128)
        return shift < 64 && byte & 64 ? value | -(i64(1) << shift) : value;
    }
  }
  template <typename T> T fixed() {
    T value;
    memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
};

/// Saved registers of a frame description: DW_CFA_offset of rbx r12 r13 r14 r15; the CFA is rbp + 16.
SavedRegisters saved_registers(Reader in, const u8 *end) {
  SavedRegisters saved;
  while (in.at < end) {
    u8 op = *in.at++;
    if (op >> 6 == 1)
      continue; // advance_loc
    if (op >> 6 == 2) {
      i64 place = i64(in.uleb()) * -8 + 16;
      constexpr u8 names[5] = {3, 12, 13, 14, 15};
      for (int i = 0; i < 5; ++i)
        if ((op & 63) == names[i])
          saved.at[i] = i32(place);
      continue;
    }
    switch (op) {
    case 0x02:
      in.at += 1;
      break; // advance_loc1
    case 0x03:
      in.at += 2;
      break; // advance_loc2
    case 0x04:
      in.at += 4;
      break; // advance_loc4
    case 0x0c:
      in.uleb(), in.uleb();
      break; // def_cfa
    case 0x0d:
    case 0x0e:
      in.uleb();
      break; // def_cfa_register, def_cfa_offset
    default:
      break; // nop, remember_state, restore_state
    }
  }
  return saved;
}

/// The tag that a type table entry names: directly, or (PIC) through a word of data that holds its address.
u32 tag_number(const Object &object, u64 type_table_end, i64 filter) {
  Object::Target target = object.relocation(".gcc_except_table", type_table_end - u64(filter) * 4);
  if (target.offset < 0)
    return tag_all; // a null entry
  if (target.symbol.empty())
    target = object.relocation(object.section_name(target.section), u64(target.offset));
  size_t at = target.symbol.find("tag_");
  return at == std::string::npos ? tag_none : u32(target.symbol[at + 4] - '0');
}

struct Names {
  std::map<u32, std::string> by_offset; ///< in .text
};

void read_lsda(const Object &object, u64 offset, u32 function_begin, u32 base, i32 slots_at, LlvmFunction &out,
               std::vector<Site> &sites) {
  u32 section = object.find(".gcc_except_table");
  const u8 *start = object.data(section);
  Reader in{start + offset};
  ++in.at; // LPStart: omitted
  u8 type_encoding = *in.at++;
  u64 type_table = 0;
  if (type_encoding != 0xff) {
    u64 distance = in.uleb();
    type_table = u64(in.at - start) + distance;
  }
  ++in.at; // call sites in uleb128
  u64 length = in.uleb();
  const u8 *actions = in.at + length;
  while (in.at < actions) {
    u64 begin = in.uleb(), size = in.uleb(), pad = in.uleb(), action = in.uleb();
    ++out.call_ranges;
    if (!pad)
      continue;
    ++out.calls_with_pad;
    Site site;
    site.begin = base + function_begin + u32(begin);
    site.end = site.begin + u32(size);
    site.pad = site.system_pad = base + function_begin + u32(pad);
    site.instance_at = slots_at;
    site.tag = tag_none;
    if (action) {
      Reader chain{actions + action - 1};
      i64 filter = chain.sleb();
      if (filter > 0)
        site.tag = tag_number(object, type_table, filter);
    }
    sites.push_back(site);
  }
}

void read_stackmaps(const Object &object, const Names &names, std::map<std::string, LlvmFunction> &out) {
  u32 section = object.find(".llvm_stackmaps");
  if (!section)
    return;
  const u8 *start = object.data(section);
  Reader in{start + 4};
  u32 functions = in.fixed<u32>(), constants = in.fixed<u32>(), records = in.fixed<u32>();
  struct Row {
    std::string name;
    u64 count;
  };
  std::vector<Row> rows;
  for (u32 i = 0; i < functions; ++i) {
    Object::Target target = object.relocation(".llvm_stackmaps", u64(in.at - start));
    in.fixed<u64>();
    u64 stack = in.fixed<u64>(), count = in.fixed<u64>();
    std::string name = names.by_offset.at(u32(target.offset));
    out[name].stack_size = stack;
    rows.push_back({name, count});
  }
  in.at += 8 * constants;
  size_t row = 0;
  u64 left = rows.empty() ? 0 : rows[0].count;
  for (u32 i = 0; i < records; ++i) {
    while (!left && row + 1 < rows.size())
      left = rows[++row].count;
    --left;
    in.fixed<u64>(), in.fixed<u32>(), in.fixed<u16>();
    u16 locations = in.fixed<u16>();
    for (u16 l = 0; l < locations; ++l) {
      u8 kind = in.fixed<u8>();
      in.fixed<u8>(), in.fixed<u16>();
      u16 reg = in.fixed<u16>();
      in.fixed<u16>();
      i32 place = in.fixed<i32>();
      if (kind == 2 && reg == 6) // Direct: rbp + place
        out[rows[row].name].slots_at = place;
    }
    in.at = start + ((u64(in.at - start) + 7) & ~7ull);
    in.fixed<u16>();
    u16 live_outs = in.fixed<u16>();
    in.at += 4 * live_outs;
    in.at = start + ((u64(in.at - start) + 7) & ~7ull);
  }
}

/// Each FDE: function, saved registers, LSDA.
void read_frames(const Object &object, u32 base, const Names &names, std::map<std::string, LlvmFunction> &out,
                 Region &region) {
  u32 section = object.find(".eh_frame");
  const u8 *start = object.data(section), *end = start + object.size(section);
  std::vector<Site> sites;
  for (Reader in{start}; in.at + 4 <= end;) {
    u32 length = in.fixed<u32>();
    const u8 *next = in.at + length;
    if (!length)
      break;
    if (in.fixed<u32>() == 0) { // CIE
      in.at = next;
      continue;
    }
    Object::Target target = object.relocation(".eh_frame", u64(in.at - start));
    u32 begin = u32(target.offset);
    in.fixed<u32>();
    u32 size = in.fixed<u32>();
    u64 augmentation = in.uleb();
    u64 lsda_at = u64(in.at - start);
    LlvmFunction &f = out[names.by_offset.at(begin)];
    f.offset = base + begin;
    f.size = size;
    Function row{f.offset, f.offset + size, saved_registers({in.at + augmentation}, next), augmentation != 0};
    for (i32 at : row.saved.at)
      f.saved_registers += at != 0;
    region.add(row);
    if (augmentation)
      read_lsda(object, u64(object.relocation(".eh_frame", lsda_at).offset), begin, base, f.slots_at, f, sites);
    in.at = next;
  }
  for (const Site &site : sites)
    region.add(site);
}

bool compile(std::vector<u8> &out, std::string &error) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  char *message = nullptr;
  LLVMTargetRef target;
  const char *triple = "x86_64-unknown-linux-gnu";
  if (LLVMGetTargetFromTriple(triple, &target, &message))
    return error = message, false;
  LLVMTargetMachineRef machine = LLVMCreateTargetMachine(target, triple, "x86-64", "", LLVMCodeGenLevelAggressive,
                                                         LLVMRelocPIC, LLVMCodeModelDefault);
  LLVMContextRef context = LLVMContextCreate();
  std::string text = ir();
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text.data(), text.size(), "spike");
  LLVMModuleRef module;
  bool good = !LLVMParseIRInContext(context, buffer, &module, &message);
  if (good) {
    LLVMSetTarget(module, triple);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMPassBuilderOptionsSetVerifyEach(options, 1);
    if (LLVMErrorRef failure = LLVMRunPasses(module, "default<O3>", machine, options)) {
      char *what = LLVMGetErrorMessage(failure);
      error = what;
      LLVMDisposeErrorMessage(what);
      good = false;
    }
    LLVMDisposePassBuilderOptions(options);
    LLVMMemoryBufferRef object = nullptr;
    if (good && !(good = !LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, &message, &object)))
      error = message;
    if (good) {
      const char *begin = LLVMGetBufferStart(object);
      out.assign(begin, begin + LLVMGetBufferSize(object));
      LLVMDisposeMemoryBuffer(object);
    }
    LLVMDisposeModule(module);
  } else {
    error = message;
  }
  LLVMDisposeMessage(message);
  LLVMContextDispose(context);
  LLVMDisposeTargetMachine(machine);
  return good;
}

} // namespace

std::map<std::string, LlvmFunction> add_llvm_functions(Region &region, std::string &error) {
  std::map<std::string, LlvmFunction> out;
  Object object;
  if (!compile(object.bytes, error))
    return out;
  if (const char *path = getenv("SPIKE_OBJECT"))
    if (FILE *file = fopen(path, "wb")) {
      fwrite(object.bytes.data(), 1, object.bytes.size(), file);
      fclose(file);
    }
  if (u32 relocations = object.find(".rela.text"); relocations && object.size(relocations)) {
    error = "the code has relocations";
    return out;
  }
  u32 text = object.find(".text");
  u32 base = region.append(object.data(text), object.size(text));
  u32 count;
  const char *strings;
  const Elf64_Sym *symbols = object.symbols(count, strings);
  Names names;
  for (u32 i = 0; i < count; ++i)
    if (ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC)
      names.by_offset[u32(symbols[i].st_value)] = strings + symbols[i].st_name;
  read_stackmaps(object, names, out);
  read_frames(object, base, names, out, region);
  return out;
}

} // namespace trapeze::spike
