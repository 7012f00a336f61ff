# SPDX-License-Identifier: BSD-3-Clause
# Tests of lib/core and lib/virtio, driven by a recording driver.
add_library(rproc_recorder STATIC recorder.c recorder_wait.c core_images.c
	coredump_fixture.c)
target_include_directories(rproc_recorder PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}
	PRIVATE ${PROJECT_SOURCE_DIR}/lib)
target_link_libraries(rproc_recorder PUBLIC rproc_static rproc_fixtures PkgConfig::CMOCKA)
foreach(name
		test_carveout
		test_context
		test_core_attach
		test_core_boot
		test_core_detached
		test_core_life
		test_core_many
		test_core_recovery
		test_coredump
		test_coredump_life
		test_event
		test_firmware
		test_ids
		test_resources
		test_state
		test_trace
		test_vdev
		test_worker)
	rproc_add_unit_test(${name} ${name}.c)
	target_link_libraries(${name} PRIVATE rproc_recorder)
endforeach()
rproc_add_unit_test(test_devm test_devm.c ported_driver.c dtb_writer.c)
target_link_libraries(test_devm PRIVATE rproc_recorder)
add_test(NAME test_coredump_tools
	COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/coredump_tools.sh $<TARGET_FILE:test_coredump>)
set_tests_properties(test_coredump_tools PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
target_link_libraries(test_core_life PRIVATE -Wl,--wrap=pthread_create)
# Sanitizers bring an allocator of their own.
if(NOT RPROC_SANITIZE)
	rproc_add_unit_test(test_oom_core test_oom_core.c oom_scenario.c oom.c)
	rproc_add_unit_test(test_oom_board test_oom_board.c plain_driver.c dtb_writer.c oom_scenario.c oom.c)
	foreach(name test_oom_core test_oom_board)
		target_link_libraries(${name} PRIVATE rproc_recorder -Wl,--wrap=pthread_create)
	endforeach()
endif()
