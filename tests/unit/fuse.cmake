# SPDX-License-Identifier: BSD-3-Clause
# The mount without FUSE: the tree, what it contains, and its input.
add_library(rproc_fuse_front STATIC fuse_front.c)
target_include_directories(rproc_fuse_front PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(rproc_fuse_front PUBLIC rprocfs_tree PkgConfig::CMOCKA)
rproc_add_unit_test(test_fuse_input test_fuse_input.c)
target_link_libraries(test_fuse_input PRIVATE rprocfs_input)
rproc_add_unit_test(test_debug_query test_debug_query.c)
target_link_libraries(test_debug_query PRIVATE rprocfs_input)
foreach(name test_tree test_fuse_stream test_fuse_sizeless)
	rproc_add_unit_test(${name} ${name}.c)
	target_link_libraries(${name} PRIVATE rproc_fuse_front)
endforeach()
foreach(name test_fuse_rpmsg test_fuse_rpmsg_cdev test_fuse_rpmsg_tty)
	rproc_add_unit_test(${name} ${name}.c fuse_rpmsg_fixture.c)
	target_link_libraries(${name} PRIVATE rprocfs_fs rproc_fuse_front rproc_rpmsg_fixture)
endforeach()
foreach(name test_fuse_fs test_fuse_boot)
	rproc_add_unit_test(${name} ${name}.c fuse_fixture.c)
	target_link_libraries(${name} PRIVATE rprocfs_fs rproc_fuse_front rproc_recorder)
endforeach()
set(failing -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=vasprintf
	-Wl,--wrap=asprintf)
rproc_add_unit_test(test_fuse_memory test_fuse_memory.c fuse_oom.c)
target_link_libraries(test_fuse_memory PRIVATE rprocfs_fs rproc_fuse_front rproc_recorder
	${failing})
rproc_add_unit_test(test_fuse_rpmsg_memory test_fuse_rpmsg_memory.c fuse_rpmsg_fixture.c fuse_oom.c)
target_link_libraries(test_fuse_rpmsg_memory PRIVATE rprocfs_fs rproc_fuse_front
	rproc_rpmsg_fixture ${failing})
