#include "inputs.hh"

#include "base/assert.hh"
#include "compile/compile.hh"
#include "decode/decode.hh"
#include "text/script.hh"
#include "text/text.hh"
#include "validate/validate.hh"

#include <memory>
#include <vector>

namespace trapeze::fuzz {
namespace {

wasm::Features all_features() {
  wasm::Features features;
  for (u32 f = 0; f < wasm::feature_count; ++f)
    features.set(static_cast<wasm::Feature>(f), true);
  return features;
}

void try_module(std::vector<u8> bytes) {
  wasm::Features features = all_features();
  auto module = decode::module(std::make_shared<const std::vector<u8>>(std::move(bytes)), features);
  if (!module || !validate::everything(*module, features))
    return;
  compile::Options options;
  options.features = features;
  options.settings.verify = true;
  options.threads = 1;
  // What validates compiles, or needs something that the code generator says it does not do yet.
  if (auto image = compile::module(*module, options); !image)
    ASSERT(image.error().kind == ErrorKind::Unsupported);

  std::string text = text::print(*module);
  auto again = text::assemble(text, features);
  ASSERT(again.has_value());
  auto reread = decode::module(std::make_shared<const std::vector<u8>>(std::move(again->bytes)), features);
  ASSERT(reread.has_value());
  ASSERT(text::print(*reread) == text);
}

} // namespace

void try_binary(std::span<const u8> bytes) { try_module({bytes.begin(), bytes.end()}); }

void try_text(std::string_view source) {
  wasm::Features features = all_features();
  (void)text::parse_script(source); // a script or not: it must say so
  if (auto assembled = text::assemble(source, features))
    try_module(std::move(assembled->bytes));
}

} // namespace trapeze::fuzz
