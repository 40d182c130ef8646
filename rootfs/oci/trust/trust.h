/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LKB_ROOTFS_OCI_TRUST_TRUST_H
#define LKB_ROOTFS_OCI_TRUST_TRUST_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/ext/hash.h"
#include "base/ext/pubkey.h"
#include "base/ext/schema.h"
#include "base/str.h"
#include "rootfs/oci/ref.h"
#include "rootfs/spec/spec.h"

/*
 * Which images may be used: a policy file says whose signature an image needs and what its label
 * may ask for, lkboard-policy(5). Everything here is a function of bytes that were read already;
 * rootfs/oci/signed_priv.h finds the signatures of an image in a layout.
 */

/* Bounds on what somebody else wrote. */
#define LKB_TRUST_MAX_PAYLOAD ((size_t)1 << 20) /* of a signature's payload, of a bundle */
enum {
	LKB_TRUST_MAX_KEYS = 32,       /* of a rule */
	LKB_TRUST_MAX_SIGNATURES = 100, /* of one digest that are looked at */
	LKB_TRUST_MAX_REFERRERS = 100, /* documents with signatures of one digest */
};

/* What an org.mobyproject.config label may ask for: nothing but what the lists name. */
struct lkb_policy_label {
	struct lkb_pos pos; /* .file NULL: it may ask for anything */
	struct lkb_strlist capabilities, binds, mounts, devices, namespaces, sysctl, runtime,
		settings;
};

struct lkb_policy_rule {
	struct lkb_pos pos;
	const char *prefix;     /* "docker.io/linuxkit": registry, organisation or repository */
	const char *signatures; /* "required" (also if NULL), "optional", "none" */
	struct lkb_strlist keys; /* as they are written */
	struct lkb_opt_int threshold;
	const char *identity;   /* "repository", or "any" (also if NULL) */
	struct lkb_policy_label label;
	struct lkb_pubkey **pubkeys; /* keys.n of them, each owned, once they were read */
};

struct lkb_policy {
	struct lkb_arena arena; /* owns everything below but the keys */
	const char *file;
	const char *fallback;     /* `default`: "accept", or "refuse" (also if NULL) */
	struct lkb_policy_label label;
	struct lkb_objlist rules; /* struct lkb_policy_rule */
};

/* Reads a policy and the keys it names, which are relative to it. Faults go to *diags, sorted; -1
 * if there is an error among them, and *err is the first. */
int lkb_policy_read(const char *path, struct lkb_policy **ret, struct lkb_diags *diags,
		    struct lkb_error *err);
/* One text, without its keys: every signature is refused by it. For tests and fuzzing. */
int lkb_policy_parse(const char *text, size_t len, const char *file, struct lkb_policy **ret,
		     struct lkb_diags *diags, struct lkb_error *err);
void lkb_policy_free(struct lkb_policy *p);
LKB_DEFINE_AUTO(lkb_policy, lkb_policy_free)
const struct lkb_schema *lkb_policy_schema(void);

/* The rule with the longest prefix of the reference's repository that ends where one of its words
 * does, or NULL. */
const struct lkb_policy_rule *lkb_policy_rule(const struct lkb_policy *p,
					      const struct lkb_ref *ref);
/* True if signatures of the image are looked at, so that a pull must bring them along. */
bool lkb_policy_wants_signatures(const struct lkb_policy *p, const struct lkb_ref *ref);
/* LKB_TRUST if no rule covers the image, and the policy does not accept such images. */
int lkb_policy_covers(const struct lkb_policy *p, const struct lkb_ref *ref,
		      struct lkb_error *err);

/*
 * Signatures of one digest, counted for a rule. What counts is how many of the rule's keys made a
 * good one. Faults of single signatures do not hinder others; the worst is kept for the message.
 * Born with lkb_tally_init; names are what messages call a signature.
 */
struct lkb_tally {
	const struct lkb_policy *policy;
	const struct lkb_policy_rule *rule;
	const struct lkb_ref *ref;
	struct lkb_sha256 digest;
	bool good[LKB_TRUST_MAX_KEYS];
	size_t n_seen; /* signatures, good or not */
	int rank;      /* of the fault */
	struct lkb_error fault;
};

void lkb_tally_init(struct lkb_tally *t, const struct lkb_policy *p,
		    const struct lkb_policy_rule *rule, const struct lkb_ref *ref,
		    const struct lkb_sha256 *digest);
/* cosign's simple signing: the signature is over the payload's bytes, in base64, as the annotation
 * of its layer has it (NULL: there is none). Nothing of the payload is parsed before one of the
 * keys fits; then it must name the digest. */
void lkb_tally_simple(struct lkb_tally *t, const char *name, const char *payload, size_t len,
		      const char *signature);
/* A Sigstore bundle v0.3 with a DSSE envelope around an in-toto statement, which counts if its
 * predicate is cosign's signature and one of its subjects has the digest. One that is made with a
 * certificate (keyless) is no signature here. */
void lkb_tally_bundle(struct lkb_tally *t, const char *name, const char *text, size_t len);
/* Something that should have been a signature and could not be read. */
void lkb_tally_fault(struct lkb_tally *t, const struct lkb_error *fault);
/* There is more than is looked at, of this kind: "signatures". */
void lkb_tally_limit(struct lkb_tally *t, size_t max, const char *what);
/* True if there are enough: more need not be looked at. */
bool lkb_tally_done(const struct lkb_tally *t);
/* LKB_TRUST, with all that is known, if the rule is not fulfilled. */
int lkb_tally_result(const struct lkb_tally *t, struct lkb_error *err);

/* What a label asks for beyond a container with nothing. */
enum lkb_ask_kind {
	LKB_ASK_CAPABILITIES,
	LKB_ASK_BINDS,
	LKB_ASK_MOUNTS,
	LKB_ASK_DEVICES,
	LKB_ASK_NAMESPACES,
	LKB_ASK_SYSCTL,
	LKB_ASK_RUNTIME,
	LKB_ASK_SETTINGS,
	LKB_N_ASKS,
};
/* The policy's key for it: "capabilities". */
const char *lkb_ask_name(enum lkb_ask_kind kind);

struct lkb_asks {
	/* Each value once, in byte order: "CAP_NET_ADMIN", "/etc:ro", "proc", "/dev/mem", "net",
	 * "net.ipv4.ip_forward", "bindNS", "cgroupsPath". */
	struct lkb_strv of[LKB_N_ASKS];
};
void lkb_asks_read(const struct lkb_spec_image *label, struct lkb_asks *ret);
void lkb_asks_clear(struct lkb_asks *a);
#define lkb_autoasks __attribute__((cleanup(lkb_asks_clear))) struct lkb_asks
/* "capabilities CAP_NET_ADMIN, CAP_SYS_TIME; binds /etc:ro", "" for nothing. */
void lkb_asks_text(const struct lkb_asks *a, struct lkb_str *ret);

/* What of the policy says what the image's label may ask for; NULL: anything. */
const struct lkb_policy_label *lkb_policy_label(const struct lkb_policy *p,
						const struct lkb_ref *ref);
/* LKB_TRUST with all that is asked for and not allowed. */
int lkb_asks_check(const struct lkb_asks *a, const struct lkb_policy_label *label,
		   struct lkb_error *err);

#endif
