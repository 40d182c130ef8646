/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ext/net.h"

#include <strings.h>

#include "base/alloc.h"
#include "base/ext/curl.h"
#include "base/ext/url.h"
#include "base/size.h"
#include "base/version.h"

enum {
	CONNECT_SECONDS = 30,
	SILENT_SECONDS = 60, /* with fewer bytes a second than: */
	SILENT_BYTES = 100,
	BUFFER_BYTES = 256 << 10,
};

struct lkb_net {
	CURL *curl; /* owned */
	char said[CURL_ERROR_SIZE];
};

struct lkb_net *lkb_net_new(void)
{
	struct lkb_net *net = lkb_alloc(sizeof(*net));

	net->curl = lkb_curl()->easy_init();
	if (!net->curl)
		abort(); /* as for memory: lkb_alloc() */
	return net;
}

void lkb_net_free(struct lkb_net *net)
{
	if (!net)
		return;
	lkb_curl()->easy_cleanup(net->curl);
	free(net);
}

static void clear_headers(struct lkb_net_response *r)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		free(r->headers[i].name);
		free(r->headers[i].value);
	}
	r->n_headers = 0;
}

void lkb_net_response_clear(struct lkb_net_response *r)
{
	clear_headers(r);
	free(r->headers);
	lkb_str_clear(&r->text);
	*r = (struct lkb_net_response){0};
}

const char *lkb_net_header(const struct lkb_net_response *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (!strcasecmp(r->headers[i].name, name))
			return r->headers[i].value;
	return NULL;
}

bool lkb_net_content_range(const char *text, uint64_t *ret_start, uint64_t *ret_total)
{
	lkb_autofree char *number = NULL;
	const char *slash = text ? strchr(text, '/') : NULL;
	uint64_t start, total = UINT64_MAX;

	if (!slash || !lkb_starts_with(text, "bytes "))
		return false;
	text += strlen("bytes ");
	number = lkb_strndup(text, strcspn(text, "-"));
	if (!lkb_u64_parse(number, &start) ||
	    (strcmp(slash + 1, "*") && !lkb_u64_parse(slash + 1, &total)))
		return false;
	*ret_start = start;
	*ret_total = total;
	return true;
}

/* One exchange on its way. */
struct talk {
	const struct lkb_net_request *q;
	struct lkb_net *net;
	struct lkb_net_response r;
	struct curl_slist *headers; /* owned */
	size_t header_bytes;
	uint64_t received;
	bool began;  /* head was called */
	bool cut;    /* the text of an error is long enough */
	bool failed; /* by a function of the caller's, or a bound */
	struct lkb_error *err;
};

static bool is_good(const struct talk *t)
{
	return t->r.status >= 200 && t->r.status < 300;
}

/* HTTP/1 without a length may end a body by closing the connection, as a fault does too. */
static bool is_delimited(const struct talk *t)
{
	long version = 0;

	lkb_curl()->easy_getinfo(t->net->curl, CURLINFO_HTTP_VERSION, &version);
	return version > CURL_HTTP_VERSION_1_1 || lkb_net_header(&t->r, "Content-Length") ||
	       lkb_net_header(&t->r, "Transfer-Encoding");
}

static int begin_body(struct talk *t)
{
	if (t->began || !is_good(t))
		return 0;
	t->began = true;
	t->r.delimited = is_delimited(t);
	if (t->q->head && t->q->head(t->q->ctx, &t->r, t->err)) {
		t->failed = true;
		return -1;
	}
	return 0;
}

static void add_header(struct talk *t, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);
	const char *value = colon ? colon + 1 : NULL, *end = line + n;
	struct lkb_net_header *h;

	if (!colon || memchr(line, '\0', n))
		return;
	while (value < end && strchr(" \t", *value))
		value++;
	while (end > value && strchr("\r\n \t", end[-1]))
		end--;
	LKB_GROW(t->r.headers, t->r.n_headers, t->r.cap_headers);
	h = &t->r.headers[t->r.n_headers++];
	h->name = lkb_strndup(line, (size_t)(colon - line));
	h->value = lkb_strndup(value, (size_t)(end - value));
}

/* One line at a time. An answer may be preceded by others: 100 Continue. */
static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct talk *t = ctx;
	long status = 0;

	t->header_bytes += n;
	if (t->header_bytes > LKB_NET_MAX_HEADER_BYTES ||
	    t->r.n_headers >= LKB_NET_MAX_HEADERS) {
		t->failed = true;
		lkb_fail(t->err, LKB_NET, "'%.*s' answers with more headers than are read",
			 lkb_url_shown(t->q->url), t->q->url);
		return CURL_WRITEFUNC_ERROR;
	}
	if (n >= 5 && !memcmp(line, "HTTP/", 5)) {
		clear_headers(&t->r);
		lkb_curl()->easy_getinfo(t->net->curl, CURLINFO_RESPONSE_CODE, &status);
		t->r.status = (unsigned)status;
	} else {
		add_header(t, line, n);
	}
	return n;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct talk *t = ctx;

	if (!is_good(t)) {
		size_t room = LKB_NET_MAX_TEXT - t->r.text.len;

		lkb_str_addn(&t->r.text, p, n < room ? n : room);
		t->cut = n > room;
		return t->cut ? CURL_WRITEFUNC_ERROR : n;
	}
	if (begin_body(t))
		return CURL_WRITEFUNC_ERROR;
	t->received += n;
	t->failed = true;
	if (t->received > t->q->max_body) {
		lkb_fail(t->err, LKB_INPUT, "'%.*s' has more than the %llu bytes that are read",
			 lkb_url_shown(t->q->url), t->q->url, (unsigned long long)t->q->max_body);
		return CURL_WRITEFUNC_ERROR;
	}
	if (t->q->sink && t->q->sink(t->q->ctx, p, n, t->err))
		return CURL_WRITEFUNC_ERROR;
	t->failed = false;
	return n;
}

static size_t on_source(char *p, size_t size, size_t n, void *ctx)
{
	struct talk *t = ctx;
	size_t got = 0;

	if (!t->q->source(t->q->ctx, p, size * n, &got, t->err))
		return got;
	t->failed = true;
	return CURL_READFUNC_ABORT;
}

static int on_progress(void *ctx, curl_off_t dl_all, curl_off_t dl, curl_off_t ul_all,
		       curl_off_t ul)
{
	const struct talk *t = ctx;

	return t->q->stop && atomic_load(t->q->stop);
}

static void set_body(CURL *c, struct talk *t)
{
	const struct lkb_net_request *q = t->q;

	lkb_curl()->easy_setopt(c, CURLOPT_NOBODY, (long)!strcmp(q->method, "HEAD"));
	if (q->source) {
		lkb_curl()->easy_setopt(c, CURLOPT_UPLOAD, 1L);
		lkb_curl()->easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->source_size);
		lkb_curl()->easy_setopt(c, CURLOPT_READFUNCTION, on_source);
		lkb_curl()->easy_setopt(c, CURLOPT_READDATA, t);
		t->headers = lkb_curl()->slist_append(t->headers, "Expect:");
	}
	if (strcmp(q->method, "GET") && strcmp(q->method, "HEAD"))
		lkb_curl()->easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
}

static void set_trust(CURL *c, const struct lkb_net_request *q)
{
	if (q->ca_file)
		lkb_curl()->easy_setopt(c, CURLOPT_CAINFO, q->ca_file);
	if (q->cert_file)
		lkb_curl()->easy_setopt(c, CURLOPT_SSLCERT, q->cert_file);
	if (q->key_file)
		lkb_curl()->easy_setopt(c, CURLOPT_SSLKEY, q->key_file);
	if (!q->user)
		return;
	lkb_curl()->easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	lkb_curl()->easy_setopt(c, CURLOPT_USERNAME, q->user);
	lkb_curl()->easy_setopt(c, CURLOPT_PASSWORD, q->password ? q->password : "");
}

/* What is for this machine stays on it: it may be unencrypted, and a proxy is somebody else. */
static void set_proxy(CURL *c, const char *text)
{
	lkb_autourl url = {0};

	if (!lkb_url_parse(text, &url, NULL) && lkb_url_is_loopback(url.host))
		lkb_curl()->easy_setopt(c, CURLOPT_PROXY, "");
}

static void set_all(CURL *c, struct talk *t)
{
	const struct lkb_net_request *q = t->q;

	lkb_curl()->easy_reset(c);
	lkb_curl()->easy_setopt(c, CURLOPT_URL, q->url);
	lkb_curl()->easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	lkb_curl()->easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	lkb_curl()->easy_setopt(c, CURLOPT_NOSIGNAL, 1L); /* threads */
	lkb_curl()->easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	lkb_curl()->easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SILENT_BYTES);
	lkb_curl()->easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SILENT_SECONDS);
	lkb_curl()->easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	lkb_curl()->easy_setopt(c, CURLOPT_USERAGENT, "lkboard/" LKB_VERSION);
	lkb_curl()->easy_setopt(c, CURLOPT_ERRORBUFFER, t->net->said);
	lkb_curl()->easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	lkb_curl()->easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	lkb_curl()->easy_setopt(c, CURLOPT_HEADERDATA, t);
	lkb_curl()->easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	lkb_curl()->easy_setopt(c, CURLOPT_WRITEDATA, t);
	lkb_curl()->easy_setopt(c, CURLOPT_NOPROGRESS, (long)!q->stop);
	lkb_curl()->easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	lkb_curl()->easy_setopt(c, CURLOPT_XFERINFODATA, t);
	for (size_t i = 0; q->headers && i < q->headers->n; i++)
		t->headers = lkb_curl()->slist_append(t->headers, q->headers->items[i]);
	set_proxy(c, q->url);
	set_body(c, t);
	set_trust(c, q);
	lkb_curl()->easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
}

/* Of libcurl's words, those that hold no milliseconds and say what a user wants to know. */
static const struct {
	CURLcode code;
	enum lkb_net_fault fault;
	const char *text, *hint;
} faults[] = {
	{CURLE_COULDNT_RESOLVE_HOST, LKB_NET_FATAL, "the name of the host is not known",
	 "is the name right, and is this machine on the network?"},
	{CURLE_COULDNT_RESOLVE_PROXY, LKB_NET_FATAL, "the name of the proxy is not known",
	 "https_proxy, http_proxy and all_proxy name it"},
	{CURLE_COULDNT_CONNECT, LKB_NET_FATAL, NULL, "is the server running, and is no proxy or "
	 "firewall in between?"},
	{CURLE_OPERATION_TIMEDOUT, LKB_NET_BROKEN, "the server does not answer in time", NULL},
	{CURLE_RECV_ERROR, LKB_NET_BROKEN, "the connection broke off", NULL},
	{CURLE_SEND_ERROR, LKB_NET_BROKEN, "the connection broke off", NULL},
	{CURLE_SEND_FAIL_REWIND, LKB_NET_BROKEN, "the connection broke off", NULL},
	{CURLE_GOT_NOTHING, LKB_NET_BROKEN, "the connection was closed without an answer", NULL},
	{CURLE_PARTIAL_FILE, LKB_NET_BROKEN, "the connection broke off", NULL},
	{CURLE_HTTP2, LKB_NET_BROKEN, "the connection broke off", NULL},
	{CURLE_HTTP2_STREAM, LKB_NET_BROKEN, "the connection broke off", NULL},
	{CURLE_PEER_FAILED_VERIFICATION, LKB_NET_UNTRUSTED, NULL, NULL},
	{CURLE_SSL_CONNECT_ERROR, LKB_NET_NO_TLS, NULL, NULL},
	{CURLE_ABORTED_BY_CALLBACK, LKB_NET_FATAL, "given up", NULL},
	/* So it calls a header line above its bound of 100 KiB. */
	{CURLE_OUT_OF_MEMORY, LKB_NET_FATAL, "a header of the answer is too long", NULL},
};

static int fail(const struct talk *t, CURLcode code, enum lkb_net_fault *ret_fault)
{
	const char *text = NULL, *hint = NULL;
	long number = 0;

	*ret_fault = LKB_NET_FATAL;
	for (size_t i = 0; i < LKB_ARRAY_SIZE(faults); i++) {
		if (faults[i].code != code)
			continue;
		*ret_fault = faults[i].fault;
		text = faults[i].text;
		hint = faults[i].hint;
	}
	lkb_curl()->easy_getinfo(t->net->curl, CURLINFO_OS_ERRNO, &number);
	if (!text && code == CURLE_COULDNT_CONNECT && number)
		text = strerror((int)number);
	if (!text)
		text = t->net->said[0] ? t->net->said : lkb_curl()->easy_strerror(code);
	lkb_fail(t->err, LKB_NET, "cannot %s '%.*s': %.300s", t->q->source ? "send to" : "get",
		 lkb_url_shown(t->q->url), t->q->url, text);
	return hint ? lkb_hint(t->err, "%s", hint) : -1;
}

static int perform(struct talk *t, enum lkb_net_fault *ret_fault)
{
	CURLcode code;

	t->net->said[0] = '\0';
	set_all(t->net->curl, t);
	code = lkb_curl()->easy_perform(t->net->curl);
	lkb_curl()->slist_free_all(t->headers);
	if (t->cut || (!code && !begin_body(t)))
		return 0;
	if (!t->failed)
		return fail(t, code, ret_fault);
	*ret_fault = LKB_NET_FATAL;
	return -1;
}

int lkb_net_exchange(struct lkb_net *net, const struct lkb_net_request *q,
		     struct lkb_net_response *ret, enum lkb_net_fault *ret_fault,
		     struct lkb_error *err)
{
	struct talk t = {.q = q, .net = net, .err = err};

	if (perform(&t, ret_fault)) {
		lkb_net_response_clear(&t.r);
		return -1;
	}
	*ret = t.r;
	return 0;
}

bool lkb_net_date(const char *text, int64_t *ret)
{
	time_t seconds = lkb_curl()->getdate(text, NULL);

	if (seconds < 0)
		return false;
	*ret = seconds;
	return true;
}
