// Times the floor (floor.S):  floor [--rounds N] [--count N] [NAME…]
//
// Prints, as JSON, nanoseconds per throw for each NAME (throw_1 throw_10 throw_100 rethrow_10): a list of rounds. The
// hash table holds 100,000 other rows beside the real ones, as in a process with large modules. --count: that many
// throws in one round and nothing else printed, for instruction counts.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <vector>

using u32 = std::uint32_t;
using u64 = std::uint64_t;

struct Row {
  u32 key, pad, tag;
  std::int32_t instance_at;
};
struct alignas(16) Object {
  u64 tag;
  Object *next;
  unsigned char payload[16];
};
struct alignas(16) Store {
  u64 tag, object;
  unsigned char payload[16];
};
struct Instance {
  Store *store;
  const unsigned char *code;
  const Row *table;
  u64 shift, mask;
  Object *free;
  const void *tags[2];
};
static_assert(offsetof(Instance, tags) == 48);

extern "C" {
extern const unsigned char floor_code[];
extern const Row floor_rows[], floor_rows_end[];
extern const u32 floor_entry_1, floor_entry_10, floor_entry_100, floor_entry_rethrow_10;
u32 floor_run(u32 n, const void *code, Instance *instance);
}

static std::vector<Row> make_table(u64 &shift, u64 &mask) {
  constexpr u32 bits = 18;
  shift = 32 - bits, mask = (1u << bits) - 1;
  std::vector<Row> table(1u << bits);
  auto insert = [&](const Row &row) {
    u32 at = (row.key * 0x9E3779B1u) >> (32 - bits);
    while (table[at].key)
      at = (at + 1) & u32(mask);
    table[at] = row;
  };
  for (const Row *row = floor_rows; row != floor_rows_end; ++row)
    insert(*row);
  std::mt19937 random(1);
  for (u32 i = 0; i < 100000; ++i)
    insert({(1u << 20) + u32(random() % (1u << 30)), 1, 1, -8});
  return table;
}

static double cpu_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) * 1e9 + double(now.tv_nsec);
}

static u32 sum(u32 n) {
  u32 total = 0;
  for (u32 i = 0; i < n; ++i)
    total += i;
  return total;
}

int main(int argc, char **argv) {
  struct Bench {
    const char *name;
    u32 entry, frames;
  } benches[] = {{"throw_1", floor_entry_1, 1},
                 {"throw_10", floor_entry_10, 10},
                 {"throw_100", floor_entry_100, 100},
                 {"rethrow_10", floor_entry_rethrow_10, 20}};
  u32 rounds = 1, count = 0;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    if (!strcmp(argv[i], "--rounds"))
      rounds = u32(atoi(argv[++i]));
    else if (!strcmp(argv[i], "--count"))
      count = u32(atoi(argv[++i]));
    else
      names.push_back(argv[i]);
  }
  u64 shift, mask;
  std::vector<Row> table = make_table(shift, mask);
  std::vector<Object> objects(64);
  for (size_t i = 0; i + 1 < objects.size(); ++i)
    objects[i].next = &objects[i + 1];
  Store store{};
  Instance instance{&store, floor_code, table.data(), shift, mask, objects.data(), {&store, &objects}};
  const char *separator = "{";
  for (const Bench &bench : benches) {
    bool wanted = names.empty();
    for (const std::string &name : names)
      wanted |= name == bench.name;
    if (!wanted)
      continue;
    const void *code = floor_code + bench.entry;
    if (count) {
      if (floor_run(count, code, &instance) != sum(count))
        return 1;
      continue;
    }
    for (u32 n : {0u, 1u, 1000u, 5003u})
      if (floor_run(n, code, &instance) != sum(n)) {
        fprintf(stderr, "%s: wrong sum for n = %u\n", bench.name, n);
        return 1;
      }
    u32 n = 20000000 / (5 * bench.frames + 10);
    printf("%s\"%s\": [", separator, bench.name);
    for (u32 round = 0; round < rounds; ++round) {
      double start = cpu_nanoseconds();
      floor_run(n, code, &instance);
      printf("%s%.3f", round ? ", " : "", (cpu_nanoseconds() - start) / n);
    }
    printf("]");
    separator = ", ";
  }
  if (!count)
    puts("}");
}
