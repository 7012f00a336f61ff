# SPDX-License-Identifier: BSD-3-Clause
# Tests of lib/virtio/vring.c and lib/rpmsg.
rproc_add_unit_test(test_vring test_vring.c vring_peer.c)
add_library(rproc_rpmsg_fixture STATIC rpmsg_fixture.c vring_peer.c)
target_link_libraries(rproc_rpmsg_fixture PUBLIC rproc_recorder)
foreach(name
		test_rpmsg_bus
		test_rpmsg_channel
		test_rpmsg_endpoint
		test_rpmsg_receive
		test_rpmsg_serial
		test_rpmsg_socket
		test_kick)
	rproc_add_unit_test(${name} ${name}.c)
	target_link_libraries(${name} PRIVATE rproc_rpmsg_fixture)
endforeach()
# Sanitizers bring an allocator of their own.
if(NOT RPROC_SANITIZE)
	rproc_add_unit_test(test_oom_rpmsg test_oom_rpmsg.c oom_scenario.c oom.c)
	target_link_libraries(test_oom_rpmsg PRIVATE rproc_rpmsg_fixture -Wl,--wrap=pthread_create)
endif()
rproc_add_host_board_test(test_rpmsg_host)
rproc_add_host_board_test(soak_rpmsg)
