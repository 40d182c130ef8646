/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_BASE_EXT_CURL_H
#define LKB_BASE_EXT_CURL_H

#include <curl/curl.h>

/* libcurl brings thirty more libraries along, and loading them takes longer than most commands have
 * to do: it is loaded by the first one that talks to a server. */
#define LKB_CURL_FUNCTIONS(F) \
	F(global_init) F(getdate) F(free) F(slist_append) F(slist_free_all) \
	F(easy_init) F(easy_cleanup) F(easy_reset) F(easy_setopt) F(easy_getinfo) \
	F(easy_perform) F(easy_strerror) F(url) F(url_cleanup) F(url_get) F(url_set)

struct lkb_curl {
#define LKB_CURL_MEMBER(name) typeof(&(curl_##name)) name;
	LKB_CURL_FUNCTIONS(LKB_CURL_MEMBER)
#undef LKB_CURL_MEMBER
};

/* Never NULL: a program whose libcurl is gone ends with a message and LKB_MISSING. Threads may call
 * it. libcurl is initialised. */
const struct lkb_curl *lkb_curl(void);

#endif
