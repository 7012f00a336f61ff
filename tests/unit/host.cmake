# SPDX-License-Identifier: BSD-3-Clause
# Tests of the host processor. They boot the example firmware, whether or not the
# examples are built otherwise.
if(NOT TARGET example_firmware)
	add_subdirectory(${PROJECT_SOURCE_DIR}/examples/firmware
		${CMAKE_BINARY_DIR}/examples/firmware EXCLUDE_FROM_ALL)
endif()

# rproc_add_host_test(name source...)
function(rproc_add_host_test name)
	rproc_add_unit_test(${name} ${ARGN} host_fixture.c $<TARGET_OBJECTS:rproc_host_client>)
	target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/plugins/host
		${PROJECT_SOURCE_DIR}/plugins/host/machine)
	target_compile_definitions(${name} PRIVATE
		HOST_TEST_FIRMWARE_DIR="${CMAKE_BINARY_DIR}/examples/firmware")
	add_dependencies(${name} example_firmware)
endfunction()

rproc_add_host_test(test_host_image test_host_image.c
	${PROJECT_SOURCE_DIR}/plugins/host/host_image.c)
target_link_libraries(test_host_image PRIVATE rproc_fixtures)
rproc_add_host_test(test_host_rules test_host_rules.c
	${PROJECT_SOURCE_DIR}/plugins/host/machine/watchdog.c)
foreach(test
		test_host_channel
		test_host_jail
		test_host_liar
		test_host_machine
		test_host_monitor
		test_host_spawn
		test_host_state_dir)
	rproc_add_host_test(${test} ${test}.c)
endforeach()

# rproc_add_host_board_test(name): with the core, the plugin and the built-in board.
function(rproc_add_host_board_test name)
	rproc_add_host_test(${name} ${name}.c host_board_fixture.c
		$<TARGET_OBJECTS:rproc_plugin_host>)
	target_compile_definitions(${name} PRIVATE
		HOST_TEST_BOARD="${CMAKE_BINARY_DIR}/plugins/host/host.dtb")
	add_dependencies(${name} rproc_host_board)
endfunction()
rproc_add_host_board_test(test_host_plugin)
rproc_add_host_board_test(test_host_programs)
rproc_add_host_test(test_host_board test_host_board.c dtb_writer.c
	$<TARGET_OBJECTS:rproc_plugin_host>)

# The README's firmware is compiled with the README's command, and booted.
set(readme ${PROJECT_SOURCE_DIR}/plugins/host/README.md)
set(readme_c ${CMAKE_CURRENT_BINARY_DIR}/readme_firmware.c)
set(readme_elf ${CMAKE_BINARY_DIR}/examples/firmware/readme.elf)
set(readme_include ${CMAKE_CURRENT_BINARY_DIR}/readme_include)
add_custom_command(OUTPUT ${readme_elf}
	COMMAND sed -n "/^    #include <librproc.host_firmware/,/^    cc /{/^    cc /!s/^    //p}" ${readme} > ${readme_c}
	COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/plugins/host/host_firmware.h
		${readme_include}/librproc/host_firmware.h
	COMMAND ${CMAKE_C_COMPILER} -O2 -ffreestanding -nostdlib -static -fno-stack-protector
		-Wl,-Ttext-segment=0x10000000 -Wl,--build-id=none -z noseparate-code
		-I${readme_include} -o ${readme_elf} ${readme_c}
	DEPENDS ${readme} ${PROJECT_SOURCE_DIR}/plugins/host/host_firmware.h VERBATIM)
add_custom_target(readme_firmware DEPENDS ${readme_elf})
add_dependencies(test_host_machine readme_firmware)
