// What the runtime loads: an image with the tables that are derived from it, wherever they lie. Three sources fill it:
// the compiler's CodeImage, a file that is mapped (image/artifact), and code that stands in the executable already.
#pragma once

#include "image/code_image.hh"
#include "image/handled_calls.hh"
#include "image/lsda.hh"

#include <memory>

namespace trapeze::image {

struct Program {
  /// How its code becomes executable.
  enum class Placing : u8 {
    Copy,    ///< its bytes are copied into a code region
    MapFile, ///< pages of a file are mapped into a code region: processes share them
    InPlace, ///< `image.code` is executable where it is
  };

  ImageView image;
  HandledCallsView handled_calls; ///< no slots: to be made when it is loaded
  LsdaView lsda;                  ///< empty: to be made when it is loaded, if the engine needs it
  std::shared_ptr<void> owner;    ///< of everything that the views name
  bool is_checked = true;         ///< its tables come from the compiler; false: from a file, rows may be anything

  Placing placing = Placing::Copy;
  int file = -1; ///< MapFile: a descriptor, used while loading only
  u64 file_offset = 0;

  static Program of(CodeImage image) {
    auto owner = std::make_shared<CodeImage>(std::move(image));
    Program out;
    out.image = owner->view();
    out.owner = std::move(owner);
    return out;
  }
};

} // namespace trapeze::image
