/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_VERSION_H
#define LKB_BASE_VERSION_H

#define LKB_VERSION "0.1.0"

/* Part of every seed and build.json: changes when the same input gives other bytes. */
#define LKB_FORMAT_VERSION 1

#endif
