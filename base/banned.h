/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_BANNED_H
#define LKB_BASE_BANNED_H

/* The Makefile includes this before every file (-include). What stands here overflows, runs a
 * shell, or lets the clock or chance into an artifact. The headers that declare these come first,
 * so only uses are caught. clock() and friends are for base/clock.c and cmd/ alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LKB_BANNED(name) lkb_this_function_is_banned_##name

#undef system
#undef popen
#undef sprintf
#undef vsprintf
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef strtok
#undef atoi
#undef atol
#undef atoll
#undef mktemp
#undef tmpnam
#undef rand
#undef random
#undef time
#define system(...) LKB_BANNED(system)
#define popen(...) LKB_BANNED(popen)
#define sprintf(...) LKB_BANNED(sprintf)
#define vsprintf(...) LKB_BANNED(vsprintf)
#define strcpy(...) LKB_BANNED(strcpy)
#define strcat(...) LKB_BANNED(strcat)
#define strncpy(...) LKB_BANNED(strncpy)
#define strncat(...) LKB_BANNED(strncat)
#define strtok(...) LKB_BANNED(strtok)
#define atoi(...) LKB_BANNED(atoi)
#define atol(...) LKB_BANNED(atol)
#define atoll(...) LKB_BANNED(atoll)
#define mktemp(...) LKB_BANNED(mktemp)
#define tmpnam(...) LKB_BANNED(tmpnam)
#define rand(...) LKB_BANNED(rand)
#define random(...) LKB_BANNED(random)
#define time(...) LKB_BANNED(time)

#endif
