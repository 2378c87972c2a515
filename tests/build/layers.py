#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Includes point down only: a folder includes only folders above it in HACKING's table."""
import os
import re
import tempfile

# folder of src/ -> the folders that it may include in addition to itself. "." is src/*.c and src/*.h.
ALL = ["base", "config", "secret", "crypto", "device", "format", "keyslot", "dm", "unlock", "boot", "command",
       "token", "token/clevis", "token/fido2", "token/tpm2", "network", "preflight", ".", "init"]
MAY_INCLUDE = {folder: ALL[:i] for i, folder in enumerate(ALL)}
MAY_INCLUDE["config"] = ["base"]
MAY_INCLUDE["secret"] = ["base"]
MAY_INCLUDE["device"] = ["base"]
MAY_INCLUDE["dm"] = ["base", "secret"]  # it knows no LUKS
for folder in ("command", "token", "token/fido2", "token/tpm2"):
    MAY_INCLUDE["preflight"].remove(folder)  # programs of their own; but it reads clevis' tokens
MAY_INCLUDE["."] = [f for f in MAY_INCLUDE["."] if f not in ("preflight", "network") and not f.startswith("token")]
MAY_INCLUDE["token"] = ["base", "secret", "crypto", "format"]  # programs of their own
MAY_INCLUDE["token/clevis"] = MAY_INCLUDE["token/fido2"] = MAY_INCLUDE["token/tpm2"] = MAY_INCLUDE["token"] + ["token"]
MAY_INCLUDE["network"] = ["base", "config"]  # the same
MAY_INCLUDE["init"] = ["base", "config", "device", "."]  # latchkey whole, by its one entry
# The headers of the libraries -> the files that may include them.
LIBRARIES = {
    r"(.*/)?cJSON.*\.h": r"src/format/json\.c",
    r"(.*/)?argon2\.h|(.*/)?argon2/.*|(.*/)?blake2.*\.h": r"src/crypto/(argon2_[^/]*|other_hash\.h)",
    r"(.*/)?bearssl.*\.h": r"src/crypto/[^/]*",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def sources(root):
    for folder, _, files in os.walk(os.path.join(root, "src")):
        for name in sorted(files):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(folder, name), root)


def folder_of(path):
    parts = path.split("/")
    if parts[1] == "crypto" and len(parts) == 4:  # src/crypto/ARCH/
        return "crypto"
    return "/".join(parts[1:-1]) or "."


def complaints(root):
    """One sentence for each include that the tables above forbid."""
    found = []
    for path in sources(root):
        here = folder_of(path)
        if here not in MAY_INCLUDE:
            found.append(f"{path}: the folder {here} has no place in the order")
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        for quote, name in INCLUDE.findall(text):
            for library, users in LIBRARIES.items():
                if re.fullmatch(library, name) and not re.fullmatch(users, path):
                    found.append(f"{path} includes {name}: only {users} may")
            there = included_folder(root, path, quote, name)
            if there is not None and there != here and there not in MAY_INCLUDE[here]:
                found.append(f"{path} includes {name}: {here} must not include {there}")
    return found


def included_folder(root, path, quote, name):
    """The folder of our own that an include names; None for the system's headers."""
    beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
    below = os.path.normpath(os.path.join("src", name))
    for candidate in ([beside] if quote == '"' else []) + [below]:
        if os.path.isfile(os.path.join(root, candidate)):
            return folder_of(candidate)
    return None


# Trees that must be refused, each with one wrong include; and one that must be accepted.
WRONG = {
    "a folder includes one above it": ("src/base/a.c", "dm/dm.h"),
    "dm knows LUKS": ("src/dm/dm.c", "format/luks.h"),
    "the device layer includes crypto": ("src/device/a.c", "crypto/hash.h"),
    "a command is included from below": ("src/keyslot/a.c", "command/open.h"),
    "an include goes up by a relative path": ("src/base/a.c", "../dm/dm.h"),
    "cJSON outside its one file": ("src/format/luks2_json.c", "<cJSON.h>"),
    "cJSON's utilities anywhere but there": ("src/base/a.c", "<cjson/cJSON_Utils.h>"),
    "Argon2's library outside its files": ("src/crypto/kdf.c", "<argon2.h>"),
    "a private header of Argon2's library outside its files": ("src/keyslot/keyslot.c", "<argon2/src/core.h>"),
    "BLAKE2b outside the files of Argon2": ("src/crypto/hash.c", "<argon2/src/blake2/blake2.h>"),
    "an architecture's folder includes one above crypto": ("src/crypto/x86_64/a.c", "format/luks.h"),
    "BearSSL outside crypto": ("src/secret/a.c", "<bearssl_hash.h>"),
    "the init includes what knows mappings": ("src/init/init.c", "dm/dm.h"),
    "the program of the image includes what is only for the installed system": ("src/main.c", "preflight/needs.h"),
    "a folder that the order does not name": ("src/misc/a.c", "base/text.h"),
}
RIGHT = [
    ("src/command/open.c", "dm/dm.h"),
    ("src/main.c", "command/open.h"),
    ("src/format/json.c", "<cJSON.h>"),
    ("src/crypto/x86_64/a.c", "crypto/hash.h"),
    ("src/keyslot/a.c", "crypto/hash.h"),
    ("src/crypto/hash.c", "<bearssl.h>"),
    ("src/crypto/argon2_fill.h", "<argon2/src/core.h>"),
    ("src/crypto/argon2_derive.c", "<argon2/src/blake2/blake2.h>"),
    ("src/init/init.c", "base/text.h"),
    ("src/init/init.c", "<stdio.h>"),
]


def complain_about(includes):
    with tempfile.TemporaryDirectory() as root:
        for header in ("base/text", "crypto/hash", "dm/dm", "format/luks", "command/open", "preflight/needs"):
            write(os.path.join(root, "src", header + ".h"), "")
        for path, name in includes:
            write(os.path.join(root, path), f"#include {name}\n" if name.startswith("<") else f'#include "{name}"\n')
        return complaints(root)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def main():
    count = 0
    for name, include in WRONG.items():
        count += 1
        print(f"{'ok' if len(complain_about([include])) == 1 else 'not ok'} {count} - self-test refuses: {name}")
    count += 1
    print(f"{'ok' if not complain_about(RIGHT) else 'not ok'} {count} - self-test accepts includes that point down")
    found = complaints(".")
    for sentence in found:
        print("# " + sentence)
    count += 1
    print(f"{'not ok' if found else 'ok'} {count} - includes of {len(list(sources('.')))} files point down")
    print(f"1..{count}")


main()
