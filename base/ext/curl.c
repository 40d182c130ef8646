/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

#define LIBRARY "libcurl.so.4"

static struct lkb_curl curl;

static void *must(void *found)
{
	if (!found) {
		fprintf(stderr, "lkboard: libcurl cannot be used: %s\n", dlerror());
		_Exit(LKB_MISSING);
	}
	return found;
}

static void load(void)
{
	void *library = must(dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL));

#define LOAD(name) curl.name = must(dlsym(library, "curl_" #name));
	LKB_CURL_FUNCTIONS(LOAD)
#undef LOAD
	curl.global_init(CURL_GLOBAL_DEFAULT);
}

const struct lkb_curl *lkb_curl(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, load);
	return &curl;
}
