/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ONDEVICE_SYSTEM_VOLUMES_H
#define LKB_ONDEVICE_SYSTEM_VOLUMES_H

/* Volumes: what containers share by binding DIR/NAME/merged, DIR being /containers/volumes. Shows
 * NAME/lower there for each of them, in order of their names: as it is and read-only where there is
 * a file NAME/readonly or no directory NAME/tmp, else with a tmpfs on NAME/tmp to write to. (Our
 * own file and not a missing tmp, because LinuxKit's init fails without tmp.) One that fails is
 * said, and the others are gone on with. */
void lkb_volumes_mount(const char *dir);

#endif
