// loads LIBRARY NAME [fast|system]: runs the module of a shared library (`--emit=so`), found when the program runs, as
// a WASI program; three times, the library unloaded between. The library has no runtime: it takes this program's.
#include "trapeze/wasi.hh"

#include <cstdio>
#include <dlfcn.h>
#include <string>

namespace {

using namespace trapeze;

int run(const trapeze_native_module &native, Unwinder unwinder) {
  Config config;
  config.unwinder(unwinder);
  Engine engine(config);
  Module module = Module::from_native(engine, native);
  Store store(engine);
  Linker linker(store);
  wasi::Options options;
  options.args = {"program"};
  wasi::define(linker, options);
  try {
    wasi::run(linker.instantiate(module));
  } catch (const Exit &exit) {
    return exit.status();
  }
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  int status = 0;
  for (int i = 0; i < 3; ++i) {
    void *library = dlopen(argv[1], RTLD_NOW);
    const void *symbol = library != nullptr ? dlsym(library, (std::string(argv[2]) + "_module").c_str()) : nullptr;
    if (symbol == nullptr) {
      std::fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    const bool is_fast = argc > 3 && std::string_view(argv[3]) == "fast";
    status = run(*static_cast<const trapeze_native_module *>(symbol), is_fast ? Unwinder::Fast : Unwinder::System);
    dlclose(library);
  }
  return status;
}
