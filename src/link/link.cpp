#include "link/link.hh"

#include "os/child.hh"
#include "os/file.hh"

#include <cstdlib>
#include <filesystem>

namespace trapeze::link {

namespace {

namespace fs = std::filesystem;

constexpr const char *runtime_name = "libtrapeze_native.a";

std::unexpected<Error> refuse(std::string message) { return fail(ErrorKind::Resource, 0, std::move(message)); }

const char *variable(const char *name) {
  const char *value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

/// $CXX may bring options: `g++ -m64`.
std::vector<std::string> words_of(const std::string &text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = text.find_first_not_of(' ', at)) != std::string::npos;) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

Result<std::vector<std::string>> command(const Request &request, const std::string &object, const std::string &output) {
  std::vector<std::string> out = words_of(TRY_VALUE(find_driver()));
  out.insert(out.end(), {"-o", output, object});
  if (request.output == Output::SharedLibrary)
    out.insert(out.end(), {"-shared", "-Wl,-z,text"});
  else
    out.insert(out.end(), {TRY_VALUE(find_runtime()), "-pthread", "-Wl,--gc-sections"});
  out.insert(out.end(), request.options.begin(), request.options.end());
  return out;
}

} // namespace

Result<std::string> find_driver() {
  if (const char *given = variable("CXX")) {
    const std::vector<std::string> words = words_of(given);
    if (words.empty() || !os::is_program(words.front()))
      return refuse(std::string("cannot link: $CXX is `") + given + "`, which is no program here");
    return std::string(given);
  }
  if (!os::is_program("c++"))
    return refuse(
        "cannot link: there is no C++ compiler (c++) to call the linker; install the package g++ or clang, or "
        "set $CXX");
  return std::string("c++");
}

Result<std::string> find_runtime() {
  if (const char *given = variable("TRAPEZE_NATIVE_LIBRARY")) {
    if (!fs::exists(given))
      return refuse(std::string("cannot link: $TRAPEZE_NATIVE_LIBRARY is ") + given + ", which is not there");
    return std::string(given);
  }
  std::error_code unknown;
  const fs::path folder = fs::read_symlink("/proc/self/exe", unknown).parent_path();
  for (const fs::path &place : {folder / runtime_name, folder.parent_path() / "lib" / runtime_name})
    if (fs::exists(place, unknown))
      return place.native();
  return refuse("cannot link: the runtime " + std::string(runtime_name) + " is neither in " + folder.native() +
                " nor in the lib folder beside it; $TRAPEZE_NATIVE_LIBRARY may name it");
}

Result<void> check_tools(Output output) {
  if (output != Output::Object)
    TRY(find_driver());
  if (output == Output::Executable)
    TRY(find_runtime());
  return {};
}

Result<void> link(const Request &request) {
  if (request.output == Output::Object)
    return os::replace_file(request.path, request.object);
  const os::EndingWaits until_all_is_gone;
  const os::TemporaryFolder folder = TRY_VALUE(os::TemporaryFolder::make());
  const os::TemporaryFolder beside = TRY_VALUE(os::TemporaryFolder::make_beside(request.path));
  const std::string object = folder.path() + "/" + request.name + ".o", output = beside.path() + "/linked";
  TRY(os::replace_file(object, request.object));
  const std::vector<std::string> arguments = TRY_VALUE(command(request, object, output));
  const int status = TRY_VALUE(os::run_child(arguments));
  if (status != 0) {
    std::string line;
    for (const std::string &argument : arguments)
      line += " " + argument;
    return refuse("cannot link: exit status " + std::to_string(status) + " of" + line);
  }
  std::error_code code;
  fs::rename(output, request.path, code);
  if (code)
    return refuse("cannot write " + request.path + ": " + code.message());
  return {};
}

} // namespace trapeze::link
