// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The page without its data; generated from page/ by EmbedPage.cmake.

#ifndef WEFT_LIB_REPORT_PAGETEMPLATE_H
#define WEFT_LIB_REPORT_PAGETEMPLATE_H

#include <string_view>

namespace weft::report {
/// HTML with @DATA@ where the JSON goes.
extern const std::string_view pageTemplate;
} // namespace weft::report

#endif // WEFT_LIB_REPORT_PAGETEMPLATE_H
