// An object of ours into an executable or a shared library, by the system's C++ driver.
//
// Problem: a stand-alone executable needs what only the machine's own tools know: start files, the C++ library, the
// linker's defaults. Idea: the driver is asked, as a person would; what we add is the object and one archive, our
// runtime. The result appears whole, by a rename; temporary files go in every case, ^C included.
#pragma once

#include "base/result.hh"

#include <span>
#include <string>
#include <vector>

namespace trapeze::link {

enum class Output : u8 { Object, SharedLibrary, Executable };

struct Request {
  std::span<const u8> object;
  std::string name; ///< of the object's file, as a linker's messages show it
  std::string path; ///< of the result
  Output output = Output::Executable;
  std::vector<std::string> options; ///< for the driver, behind ours
};

/// Whether all is there that the output needs, so that one can say so before compiling.
Result<void> check_tools(Output output);

/// An object is just written. The driver's own messages go to standard error. To be called while the process has one
/// thread.
Result<void> link(const Request &request);

/// The driver: $CXX, else c++. Fails if there is none, and names what to install.
Result<std::string> find_driver();
/// libtrapeze_native.a: $TRAPEZE_NATIVE_LIBRARY, else beside this program or in the lib folder beside its folder.
Result<std::string> find_runtime();

} // namespace trapeze::link
