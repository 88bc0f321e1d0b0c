// Which fields the collector must look at is worked out once per tag.
#include "runtime/tag.hh"

namespace trapeze::runtime {

Tag::Tag(Store &store, const TypeEntry *type) : store_(store), type_(type) {
  const auto &params = type->type.func.params;
  for (u32 i = 0; i < params.size(); ++i)
    if (params[i].is_ref())
      ref_fields_.push_back(i);
}

} // namespace trapeze::runtime
