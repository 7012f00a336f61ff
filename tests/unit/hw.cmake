# SPDX-License-Identifier: BSD-3-Clause
# Tests of hardware access, of the models and of the drivers that run on them.
rproc_add_unit_test(test_hw_copy test_hw_copy.c)
rproc_add_unit_test(test_hw_lines test_hw_lines.c devicetree_fixture.c dtb_writer.c)
target_compile_definitions(test_hw_lines PRIVATE BOARD_DIR="${CMAKE_CURRENT_BINARY_DIR}/boards")
rproc_add_unit_test(test_hw_map test_hw_map.c dtb_writer.c)

# The STM32MP15's board and variations of it that lack something.
set(stm32_boards)
set(stm32_board_dir ${CMAKE_CURRENT_BINARY_DIR}/stm32-boards)
function(rproc_add_stm32_board dts)
	get_filename_component(name ${dts} NAME_WE)
	set(dtb ${stm32_board_dir}/${name}.dtb)
	add_custom_command(OUTPUT ${dtb}
		COMMAND ${CMAKE_COMMAND} -E make_directory ${stm32_board_dir}
		COMMAND ${DTC} -q -I dts -O dtb -i ${PROJECT_SOURCE_DIR}/plugins/stm32 -o ${dtb} ${dts}
		DEPENDS ${dts} ${PROJECT_SOURCE_DIR}/plugins/stm32/stm32mp157.dts VERBATIM)
	set(stm32_boards ${stm32_boards} ${dtb} PARENT_SCOPE)
endfunction()
rproc_add_stm32_board(${PROJECT_SOURCE_DIR}/plugins/stm32/stm32mp157.dts)
file(GLOB stm32_variants CONFIGURE_DEPENDS boards/stm32-*.dts)
foreach(dts ${stm32_variants})
	rproc_add_stm32_board(${dts})
endforeach()
add_custom_target(stm32_test_boards ALL DEPENDS ${stm32_boards})

function(rproc_add_stm32_test name)
	rproc_add_unit_test(${name} ${ARGN} stm32_fixture.c
		$<TARGET_OBJECTS:rproc_plugin_stm32> $<TARGET_OBJECTS:rproc_plugin_virtual>)
	target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/plugins/stm32
		${PROJECT_SOURCE_DIR}/plugins/virtual)
	target_link_libraries(${name} PRIVATE rproc_recorder)
	target_compile_definitions(${name} PRIVATE STM32_BOARD_DIR="${stm32_board_dir}")
	add_dependencies(${name} stm32_test_boards)
endfunction()
rproc_add_stm32_test(test_stm32_sequence test_stm32_sequence.c)
rproc_add_stm32_test(test_stm32_mbox test_stm32_mbox.c)
rproc_add_stm32_test(test_stm32_rpmsg test_stm32_rpmsg.c)
rproc_add_stm32_test(test_bind test_bind.c)
rproc_add_stm32_test(test_stm32_trouble test_stm32_trouble.c)
rproc_add_stm32_test(test_virtual_control test_virtual_control.c)
