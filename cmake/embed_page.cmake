# cmake -DFOLDER=monitoring/page -DOUTPUT=page_files.cc -P embed_page.cmake
# writes the source of page_files() (monitoring/page_files.h) with the files of a folder.
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")
file(GLOB files "${FOLDER}/*")
foreach(file IN LISTS files)
  cmake_path(GET file FILENAME name)
  cmake_path(GET file EXTENSION LAST_ONLY extension)
  string(SUBSTRING "${extension}" 1 -1 extension)
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${file}: no content type is known for .${extension}")
  endif()
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
  string(REGEX REPLACE "((\\\\x..)(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?)"
         "\"\\1\"\n" lines "${bytes}")
  string(APPEND entries "    {\"${name}\", \"${type_${extension}}\", std::string_view(\n${lines}, ")
  file(SIZE "${file}" size)
  string(APPEND entries "${size})},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"monitoring/page_files.h\"

namespace arno::monitoring {
namespace {

constexpr PageFile kFiles[] = {
${entries}};

}  // namespace

std::span<const PageFile> page_files() { return kFiles; }

}  // namespace arno::monitoring
")
