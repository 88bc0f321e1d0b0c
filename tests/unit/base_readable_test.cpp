#include "base/readable.hh"

#include <doctest/doctest.h>

using namespace trapeze;
using namespace trapeze::base;

TEST_CASE("printable: what a terminal would act on is escaped, the rest stays") {
  CHECK(printable("plain text") == "plain text");
  CHECK(printable("\x1b[31mred\x1b[0m\n\t\x7f") == "\\x1b[31mred\\x1b[0m\\x0a\\x09\\x7f");
  CHECK(printable("gr\xc3\xbc\xc3\x9f, \xe2\x82\xac, \xf0\x9f\x8e\xaa") ==
        "gr\xc3\xbc\xc3\x9f, \xe2\x82\xac, \xf0\x9f\x8e\xaa");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\xc2\\x9b31m"); // CSI as one C1 character
  CHECK(printable({"a\0b", 3}) == "a\\x00b");
}

TEST_CASE("printable: what is no UTF-8 is escaped byte by byte") {
  CHECK(printable("\xff\xc3") == "\\xff\\xc3");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");          // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80"); // surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  CHECK(printable("\xe2\x82") == "\\xe2\\x82"); // cut off
}

TEST_CASE("printable: long texts are cut") {
  std::string text = printable(std::string(100000, 'x'), 100);
  CHECK(text == std::string(100, 'x') + "...");
}

TEST_CASE("demangled: C++ symbols, other names as they are") {
  CHECK(demangled("_ZN4shop4sellEi") == "shop::sell(int)");
  CHECK(demangled("main") == "main");
  CHECK(demangled("_Z") == "_Z");
  CHECK(demangled("_Znonsense\x1b") == "_Znonsense\\x1b");
  CHECK(demangled("").empty());
}

TEST_CASE("demangled_type: names of std::type_info") {
  CHECK(demangled_type("St13runtime_error") == "std::runtime_error");
  CHECK(demangled_type("i") == "int");
  CHECK(demangled_type("PKc") == "char const*");
  CHECK(demangled_type("?!") == "?!");
}

TEST_CASE("demangled: a short name that stands for gigabytes stays as it is") {
  static constexpr char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string evil = "_Z1fSt4pairIiiE";
  for (int i = 0; i < 30; ++i) {
    if (i == 5)
      CHECK(demangled(evil).starts_with("f(std::pair<int, int>, std::pair<std::pair<int, int>,"));
    evil += std::string("S_IS") + digits[i] + "_S" + digits[i] + "_E";
  }
  CHECK(demangled(evil) == evil);
  std::string packs = "_Z1fIJ" + std::string(60, 'i') + "EEvDpDpDpDpDpDpT_";
  CHECK(demangled(packs) == packs);
}

TEST_CASE("demangled: names of real programs are within the bound") {
  CHECK(
      demangled("_ZNSt3__2plB8ne180100IcNS_11char_traitsIcEENS_9allocatorIcEEEENS_12basic_stringIT_T0_T1_EERKS9_PKS6_")
          .starts_with("std::__2::basic_string<char,"));
  CHECK(demangled(
            "_ZNSt3__212__hash_tableINS_17__hash_value_typeINS_12basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEE"
            "EEiEENS_22__unordered_map_hasherIS7_S8_NS_4hashIS7_EENS_8equal_toIS7_EELb1EEENS_21__unordered_map_equal"
            "IS7_S8_SD_SB_Lb1EEENS5_IS8_EEE25__emplace_unique_key_argsIS7_JRKNS_21piecewise_construct_tENS_5tupleI"
            "JRKS7_EEENSN_IJEEEEEENS_4pairINS_15__hash_iteratorIPNS_11__hash_nodeIS8_PvEEEEbEERKT_DpOT0_")
            .starts_with("std::__2::pair<"));
}
