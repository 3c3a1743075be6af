# SPDX-License-Identifier: MIT
"""Whether an object of cfbundle --json has the form that cfbundle(1) tells.

usage: cfbundle_schema.py <OBJECT      prints what is wrong, else nothing
"""
import json
import re
import sys

TIME = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SHA256 = re.compile("[0-9a-f]{64}")
CODE = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
NO = ["unknown-issuer", "expired", "not-yet-valid", "bad-signature", "not-a-ca",
      "path-length", "wrong-usage", "name-mismatch", "name-constraint",
      "unknown-critical", "weak-algorithm", "profile", "no-policy", "revoked",
      "revocation-unknown"]
LIMITS = ["length", "failures", "expansions", "chains", "rejected", "comparisons",
          "signatures", "fetches"]
WARNINGS = ["sha1", "weak-key", "ends-before-leaf", "expiring", "not-ubiquitous",
            "invalid"]
wrong = []


def fail(path, value, form):
    wrong.append("%s: %r is not %s" % (path or "object", value, form))


def check(value, form, path=""):
    """form: a dict of members ('?' behind those that may be missing), a list of one
    form, a type, a pattern, a list of allowed texts, or a tuple of alternatives."""
    if isinstance(form, tuple):
        if not any(matches(value, one) for one in form):
            check(value, form[0], path)
    elif isinstance(form, dict):
        if not isinstance(value, dict):
            return fail(path, value, "an object")
        names = {name.rstrip("?") for name in form}
        for name in set(value) - names:
            fail(path + "." + name, value[name], "documented")
        for name, inner in form.items():
            if name.rstrip("?") in value:
                check(value[name.rstrip("?")], inner, path + "." + name)
            elif not name.endswith("?"):
                fail(path + "." + name, None, "there")
    elif isinstance(form, list) and len(form) == 1:
        if not isinstance(value, list):
            return fail(path, value, "a list")
        for i, item in enumerate(value):
            check(item, form[0], "%s[%d]" % (path, i))
    elif isinstance(form, list):
        if value not in form:
            fail(path, value, "one of %s" % form)
    elif isinstance(form, re.Pattern):
        if not isinstance(value, str) or not form.fullmatch(value):
            fail(path, value, form.pattern)
    elif form is int:
        if type(value) is not int or value < 0:
            fail(path, value, "a number")
    elif type(value) is not form:
        fail(path, value, form)


def matches(value, form):
    before = len(wrong)
    check(value, form)
    good = len(wrong) == before
    del wrong[before:]
    return good


NONE = type(None)
CERT = {
    "sha256": SHA256, "subject": str, "issuer": str, "not_before": (TIME, NONE),
    "not_after": (TIME, NONE), "key": str, "signature": str,
    "from": ["leaf", "input", "pool", "root", "fetched"],
}
FORM = {
    "schema": int,
    "leaf": CERT,
    "chains": [{
        "rank": int, "certs": [CERT], "length": int,
        "ubiquity": ({"score": int, "trusted": [str], "untrusted": [str]}, NONE),
        "security": {"bits": int, "weakest_step": int},
        "valid_from": (TIME, NONE), "valid_until": (TIME, NONE),
        "warnings": [["", *WARNINGS]],
    }],
    "bundle": (str, NONE),
    "rejected": [{"certs": [CERT], "reason": NO, "step": int, "rule?": CODE}],
    "status": {"code": ["ok", "limit", "untrusted-platform", *NO], "messages": [str]},
    "counters": {"signatures": int, "remembered": int, "failures": int,
                 "expansions": int, "fetches": int, "fetched_bytes": int,
                 "limits_met": [["", *LIMITS]]},
    "fetched": [{"url": str, "asked": bool, "code": CODE, "message": str, "bytes": int,
                 "certs": int}],
    "error?": {"code": CODE, "message": str},
}


def check_sense(d):
    """What the members say of each other."""
    found = d["status"]["code"] == "ok"
    if found == ("error" in d) or found != (d["bundle"] is not None):
        fail("status", d["status"], "what error and bundle say")
    if "error" in d and d["error"]["code"] != d["status"]["code"]:
        fail("error.code", d["error"]["code"], "that of status")
    for i, chain in enumerate(d["chains"]):
        where = "chains[%d]" % i
        if chain["rank"] != i + 1 or chain["length"] != len(chain["certs"]):
            fail(where, chain, "in order and of its length")
        if chain["certs"][0]["sha256"] != d["leaf"]["sha256"]:
            fail(where, chain, "from the leaf")
        if "invalid" not in chain["warnings"] and chain["certs"][-1]["from"] != "root":
            fail(where, chain, "to a root")
        if chain["security"]["weakest_step"] >= chain["length"]:
            fail(where, chain, "with a weakest step of its own")
        if chain["valid_until"] != min(c["not_after"] for c in chain["certs"]):
            fail(where, chain, "valid until its first certificate ends")
    for i, path in enumerate(d["rejected"]):
        if path["step"] >= len(path["certs"]) or (path["reason"] == "profile") != ("rule" in path):
            fail("rejected[%d]" % i, path, "with a step and a rule of its own")
    if d["counters"]["fetches"] != sum(f["asked"] for f in d["fetched"]):
        fail("fetched", d["fetched"], "as many as the counter says")


document = json.load(sys.stdin)
check(document, FORM)
if not wrong:
    check_sense(document)
print("\n".join(wrong), end="")
