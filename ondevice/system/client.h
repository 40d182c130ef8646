/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_CLIENT_H
#define LKB_ONDEVICE_SYSTEM_CLIENT_H

/* The program `service`: hands its arguments to PID 1 and shows the answer. Returns the exit
 * code. */
int lkb_client_main(int argc, char **argv);

#endif
