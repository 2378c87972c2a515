# SPDX-License-Identifier: MIT
"""The objects of --json, as docs/json.md describes them.

FORMAT_1 is the contract. A member may be added here and in docs/json.md. One that is removed or changed needs a new format.
"""

# A member with "?" may be absent. A type is a word, a set of words that a text may be, an object, [of what a list has], or a
# tuple of alternatives.
N, T, B = "number", "text", "truth"
CAUSES = {"passphrase", "resource", "device", "damaged", "unsupported", "kernel"}
USABLE = {"usable": B, "cause?": CAUSES, "why?": T}
SEGMENT = {"offset": N, "size": (N, {"dynamic"}), **USABLE, "encryption?": T, "sector_size?": N, "integrity?": T,
           "integrity_mode?": {"journal", "direct", "inline"}, "tag_bytes?": N}
KDF = ({"type": {"pbkdf2"}, "hash": T, "iterations": N}, {"type": {"argon2i", "argon2id"}, "time": N, "memory_kib": N, "cpus": N})
FORMAT_1 = {
    "dump": {
        "format": N, "version": N, "uuid": T, "label": T, "subsystem": T, "seqid": N, "header_size": N, "keyslots_size": N,
        "header_copy": {"primary", "secondary"}, "note": T,
        "foreign_mark": ({"type": T, "version": T, "offset": N, "device": T}, None),
        "requirements": USABLE, "reencryption": {"none", "clean", "crashed", "v1", "offline", "unknown"},
        "reencrypt?": {"mode": T, "direction": T, "resilience": T, "percent": (N, None)}, "segments?": [SEGMENT],
        "segment": SEGMENT, "flags": [T], "tokens": N, "token_list": [{"id": N, "type": T, "keyslots": [N]}],
        "other_keyslots": N,
        "digests": [{"id": N, "covers_segment": B, **USABLE, "type?": T, "hash?": T, "iterations?": N}],
        "keyslots": [{"id": N, "priority": {"ignore", "normal", "prefer"}, **USABLE, "key_bytes?": N, "digest?": N, "kdf?": KDF,
                      "af_hash?": T, "area?": {"offset": N, "size": N, "encryption": T, "key_bytes": N}}],
    },
    "check": {"what": T, "damaged": B, "text": T},
    "preflight": {"weight": {"ok", "note", "warning", "problem"}, "cause": CAUSES | {"ok", "usage"}, "where": T, "text": T},
    "test": {"keyslot": N, "volume_key_id?": T},
    "show": ({"volume": T, "device": T, "from": T, "needed": {"yes", "nofail", "unmarked", "noauto"}, "header?": T,
              "header_device?": T, "options?": T,
              "keys": [{"size": N, "offset": N, "optional": B, "path?": T, "device?": T, "fstype?": T}]},
             {"tries": N, "give_up": N, "then": {"ask again", "power off", "reboot", "fail"}, "headless": B, "passfifo?": T,
              "root_skipped?": T, "notes_lost": B},
             {"note": T, "skipped": B}),
    "benchmark": ({"processors": N, "features": T},
                  {"kdf": {"pbkdf2"}, "hash": T, "iterations_per_second": N, "key_bits": N, "implementation": T},
                  {"kdf": {"argon2i", "argon2id"}, "passes_per_second": N, "memory_kib": N, "cpus": N, "implementation": T}),
    "benchmark of a device": ({"keyslot": N, "usable": B, "seconds": N, "memory_kib": N, "kdf": T},
                              {"keyslot": N, "usable": B, "cause": CAUSES, "why": T}),
}


def is_word(value, word):
    return {N: isinstance(value, (int, float)) and not isinstance(value, bool), T: isinstance(value, str), B: isinstance(value, bool)}[word]


def fits(value, shape):
    """Is the value of this shape, and nothing more?"""
    if shape is None:
        return value is None
    if isinstance(shape, str):
        return is_word(value, shape)
    if isinstance(shape, set):
        return value in shape
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    names = {name.rstrip("?"): name for name in shape}
    return (isinstance(value, dict) and set(value) <= set(names) and {n for n, full in names.items() if n == full} <= set(value)
            and all(fits(one, shape[names[name]]) for name, one in value.items()))


def members(shape):
    if isinstance(shape, dict):
        for name, one in shape.items():
            yield name.rstrip("?")
            yield from members(one)
    if isinstance(shape, (list, tuple)):
        for one in shape:
            yield from members(one)
