#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program, the README, HACKING and the man pages agree."""
import glob
import os
import re
import shutil
import subprocess
import sys
import textwrap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("O", "build"), os.environ.get("TARGET", "x86_64-linux-musl"))
PROGRAM = os.path.join(BUILD, "latchkey")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def program(*args):
    return subprocess.run([PROGRAM, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode()


def man_text():
    """The man page without its markup, as one line."""
    text = re.sub(r"\\\n", "", read("man/latchkey.8"))
    text = re.sub(r"^\.\\\".*$", "", text, flags=re.M)
    return re.sub(r"\s+", " ", text)


def help_codes():
    """(code, name, meaning) of each exit code that the program knows."""
    return re.findall(r"^  (\d)  (\w+) +(.*)$", program("--help"), re.M)


def help_commands():
    return re.findall(r"^  latchkey ([a-z]+) ", program("--help"), re.M)


def help_options():
    """Command -> its long options."""
    return {c: re.findall(r"^ +(?:-\w, )?--([\w-]+)", program(c, "--help"), re.M) for c in help_commands()}


def exit_codes_of_readme():
    table = re.findall(r"^\| (\d) \| (\w+) \| (.*) \|$", read("README.md"), re.M)
    return [] if table == help_codes() else [f"README {table}", f"--help {help_codes()}"]


def exit_codes_of_man_page():
    table = re.findall(r"^\.It (\d) Pq (\w+)\n([^.]*)$", read("man/latchkey.8"), re.M)
    table = [(code, name, " ".join(meaning.split())) for code, name, meaning in table]
    return [] if table == help_codes() else [f"man {table}", f"--help {help_codes()}"]


def exit_codes_are_ten():
    return [] if [c for c, _, _ in help_codes()] == [str(i) for i in range(10)] else [str(help_codes())]


def commands_in_documents():
    wrong = []
    for command in help_commands():
        if f".It Cm {command}\n" not in read("man/latchkey.8"):
            wrong.append(f"{command} is not in the man page")
        if f"    latchkey {command} " not in read("README.md"):
            wrong.append(f"{command} is not in the README")
    for command in re.findall(r"^    latchkey ([a-z]+) ", read("README.md"), re.M):
        if command not in help_commands():
            wrong.append(f"the README has {command}, the program does not")
    return wrong if help_commands() else ["no command in --help"]


def options_in_man_page():
    text = man_text().replace("Fl -", "--")
    known = {option for options in help_options().values() for option in options}
    wrong = [f"--{o} is not in the man page" for o in sorted(known) if f"--{o} " not in text]
    # Options of other programs are in quotation marks, not after Fl.
    for option in re.findall(r"Fl -([a-z][\w-]+)", man_text()):
        if option not in known | {"version"}:
            wrong.append(f"the man page has --{option}, the program does not")
    return wrong if known else ["no option in --help"]


def synopsis_is_complete():
    """Each form of a command in the synopsis has the options of its --help, or says "options"."""
    synopsis = re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh ", read("man/latchkey.8"), re.M | re.S).group(1)
    forms = {found.group(1): found.group(2) for found in re.finditer(r"^\.Nm\n\.Cm (\w+)\n(.*?)(?=^\.Nm\n|\Z)", synopsis, re.M | re.S)}
    wrong = [] if set(forms) == set(help_commands()) else [f"the synopsis has {sorted(forms)}"]
    for command, options in help_options().items():
        form = forms.get(command, "")
        if ".Op Ar options\n" not in form:
            wrong += [f"{command}: --{o} is not in the synopsis" for o in options if o != "help" and f"Fl -{o}" not in form]
    return wrong


def completions():
    """bash and zsh complete the commands, and of each command its own options: not those that a description mentions."""
    script = """. completions/latchkey; COMP_WORDS=(latchkey "$@"); COMP_CWORD=$#; _latchkey; printf '%s\\n' "${COMPREPLY[@]}" """
    wrong = []
    zsh = re.search(r"--help 2>/dev/null (\| .*)\)\"}\)\n\tcompadd", read("completions/_latchkey")).group(1)
    wanted = {"": help_commands() + ["--help", "--version"], **{c: ["--" + o for o in options] for c, options in help_options().items()}}
    for command, options in wanted.items():
        ways = {"bash": [script, "x", *([command, "-"] if command else [""])]}
        if command:
            ways["zsh"] = [f"latchkey {command} --help {zsh}"]
        for shell, words in ways.items():
            found = subprocess.run(["bash", "-c", *words], cwd=ROOT, capture_output=True, text=True, check=False,
                                   env=dict(os.environ, PATH=os.path.dirname(PROGRAM) + ":" + os.environ["PATH"])).stdout.split()
            wrong += [] if found == options else [f"{shell}, latchkey {command}: {sorted(set(found) ^ set(options))}"]
    return wrong


def preflight(*args):
    return subprocess.run([PROGRAM + "-preflight", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode()


def preflight_options_in_man_page():
    known = set(re.findall(r"^  --([a-z]+)", preflight("--help"), re.M))
    text = read("man/latchkey-preflight.8")
    items = set(re.findall(r"^\.It Fl -([a-z]+)", text, re.M))
    synopsis = set(re.findall(r"Fl -([a-z]+)", text.split(".Sh DESCRIPTION")[0]))
    wrong = [f"--{o} is not in both the synopsis and the options of latchkey-preflight(8)" for o in sorted(known - (items & synopsis))]
    wrong += [f"latchkey-preflight(8) has --{o}, the program does not" for o in sorted((items | synopsis) - known)]
    return wrong if known else ["no option in --help"]


def version_is_the_file():
    version = read('VERSION').strip()
    said = program("--version"), preflight("--version")
    want = f"latchkey {version}\n", f"latchkey-preflight {version}\n"
    pages = [page for page in sorted(os.listdir(os.path.join(ROOT, "man"))) if f'\n.Os "latchkey {version}"\n' not in read("man/" + page)]
    return ([] if said == want else [f"{said!r} is not {want!r}"]) + [f"{page} has another version" for page in pages]


def conf_section(title):
    """The words of the .It lines of a section of latchkey.conf(5), hyphens apart: the parser has them as nothing."""
    section = re.search(rf"^\.Sh {title}\n(.*?)(?=^\.Sh )", read("man/latchkey.conf.5"), re.M | re.S)
    words = set()
    for line in re.findall(r"^\.It (.*)$", section.group(1) if section else "", re.M):
        for part in line.split(" , "):
            first = [token for token in part.split() if token != "Cm"][0]
            if first not in ("Ns", "Ar", "Op"):
                words.add(first.replace("-", ""))
    return words


def differences(page, source, where):
    page, source = set(page), {word.replace("-", "") for word in source}
    wrong = [f"{word} is not in latchkey.conf(5), {where}" for word in sorted(source - page)]
    return wrong + [f"latchkey.conf(5), {where}, has {word}, the program does not" for word in sorted(page - source)]


def words_of(dialect):
    """The words of a dialect's table."""
    return " ".join(re.findall(r'\{\.word = "([^"]+)"', read(f"src/config/{dialect}.c"))).split()


def options_in_conf_page():
    """Every option of both crypttabs is in the right section."""
    text = read("src/config/volume_options.c")
    rows = [(name, level) for names, level in re.findall(r'\{"([^"]+)", [A-Z]+, (\w+), \w+, FIELD', text) for name in names.split()]
    fates = re.findall(r'\{(SILENT|MARK|IGNORED|TOKEN|REFUSED), "([^"]*)"', text)
    if not rows or not fates:
        return ["no table in src/config/volume_options.c"]
    own = [word for word in words_of("latchkey_conf") if word != "*"]
    settings = [name for name, level in rows if level == "ALL"]
    wrong = differences(conf_section("PARAMETERS"), own + settings + ["tries"], "own words")
    wrong += differences(conf_section("OPTIONS"), [name for name, level in rows if level != "ALL"], "options")
    for fate, section in (("SILENT MARK", "ACCEPTED WITHOUT EFFECT"), ("IGNORED TOKEN", "THAT ARE IGNORED"),
                          ("REFUSED", "THAT ARE REFUSED")):
        words = [word for name, group in fates if name in fate.split() for word in group.split()]
        wrong += differences(conf_section("OPTIONS " + section), set(words) - {"*"}, section)
    return wrong


def words_in_conf_page():
    """Every word of another program that the command line may have."""
    texts = re.search(r'crypt_words\[\] =((?:\s*"[^"]*")+);', read("src/config/cmdline.c")).group(1)
    words = "".join(re.findall(r'"([^"]*)"', texts)).split()
    words += [word for word in words_of("cmdline") if word not in ("quiet", "root", "resume", "mount.usr")]
    words += ["rd." + word for word in words_of("rd_luks") if word != "luks.*"]
    return differences(conf_section("PARAMETERS OF OTHER PROGRAMS"), words, "words of other programs")


def make_help():
    """make help names each target with a description, in columns, and each TARGET and BOARD."""
    said = subprocess.run(["make", "-C", ROOT, "help"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode()
    named = re.findall(r"^  ([a-z-]+) {2,}\S", said, re.M)
    parts = "Makefile toolchain/libraries.mk toolchain/install.mk toolchain/help.mk board/boards.mk tests/tests.mk".split()
    real = [name for part in parts for name in re.findall(r"^([a-z-]+):.*## ", read(part), re.M)]
    columns = {len(found) for found in re.findall(r"^(  [a-z-]+ +)\S.* ", said, re.M)}
    wrong = [] if sorted(named) == sorted(real) and named[0] == "demo" else [f"{named} is not {real}"]
    wrong += [] if columns == {17} else [f"columns {columns}"]
    boards = [path[:-9] for path in glob.glob("*/*/board.mk", root_dir=os.path.join(ROOT, "board"))]
    targets = [path[:-3] for path in glob.glob("*-linux-*.mk", root_dir=os.path.join(ROOT, "toolchain"))]
    wrong += [f"{name} is not listed" for name in boards + targets if f"\n  {name}\n" not in said]
    for word in "TARGET=no-linux-such", "BOARD=no/such":
        done = subprocess.run(["make", "-C", ROOT, "help", word], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if "is not one of: " not in done.stdout.decode():
            wrong.append(f"{word}: {done.stdout.decode()}")
    return wrong


def lint():
    pages = [os.path.join(ROOT, "man", page) for page in sorted(os.listdir(os.path.join(ROOT, "man")))]
    found = subprocess.run(["mandoc", "-Tlint", "-Wstyle", *pages],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode()
    # The pages name the program's version where BSD names itself, and other pages that may not be installed.
    fine = "operating system explicitly specified|referenced manual not found|mandoc.db"
    return [line for line in found.splitlines() if not re.search(fine, line)]


def files_of_readme():
    """Paths that the documents name are there."""
    wrong = []
    inside = [name for name in os.listdir(os.path.join(ROOT, "src")) if os.path.isdir(os.path.join(ROOT, "src", name))]
    tops = "|".join(["src", "tests", "initramfs", "toolchain", "man", "board", "docs", *sorted(inside)])
    for name in ("README.md", "HACKING.md", "initramfs/README.md", "toolchain/README.md", "board/README.md"):
        for path in re.findall(rf"`((?:{tops})/[\w./-]+)`", read(name)):
            if not any(os.path.exists(os.path.join(ROOT, top, path)) for top in ("", "src")):
                wrong.append(f"{name}: {path} is not there")
    return wrong


def code_of(page):
    """The lines of its code, each section's apart."""
    for section in re.split(r"^## ", read(page), flags=re.M):
        yield re.findall(r"^    (.*)$", section, re.M)


def shown(cmdline="quiet", crypttab="", conf=""):
    """What of a configuration is not understood."""
    paths = []
    for name, text in (("crypttab", crypttab), ("conf", conf)):
        paths.append(os.path.join(BUILD, "docs-" + name))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(text)
    text = program("boot", "--show", "--cmdline", cmdline, "--crypttab", paths[0], "--config", paths[1])
    wrong = re.findall(r"^(?:wrong|note): .*$", text, re.M)
    return wrong if re.search("^volume ", text, re.M) else wrong + [f"no volume: {text}"]


def first_boot_is_understood():
    """The configurations of docs/first-boot.md, as `latchkey boot --show` has them."""
    uuids = ["0f3c2a10-9b4e-4d2a-8c55-1b2c3d4e5f60", "0f3c2a10-9b4e-4d2a-8c55-1b2c3d4e5f61"]
    wrong, found = [], []
    for lines in code_of("docs/first-boot.md"):
        words = [word for line in lines for word in re.findall(r"(?:latchkey|rd|root|panic)[.\w-]*(?:=[^\s,]+)?", line)
                 if line.startswith("# ") and ("kernel command line" in line or "latchkey." in line)]
        for number, name in enumerate(("UUID-OF-ROOT", "UUID-OF-HOME")):
            lines = [line.replace(name, uuids[number]) for line in lines]
        if any(word.startswith("latchkey.device=") for word in words):
            found.append("command line")
            wrong += shown(cmdline=" ".join(words).replace("UUID=UUID", "UUID=" + uuids[0]))
        if any("crypttab:" in line and line.startswith("#") for line in lines):
            found.append("crypttab")
            wrong += shown(cmdline=" ".join(["quiet", *words]), crypttab="\n".join(line for line in lines if "x-initrd" in line) + "\n")
        if "# latchkey.conf" in lines:
            found.append("conf")
            start = lines.index("# latchkey.conf")
            wrong += shown(conf="\n".join(line for line in lines[start:] if " " not in line) + "\n")
    return wrong if found == ["command line", "conf", "crypttab"] else wrong + [f"only {found} is there"]


def first_boot_commands():
    """Its commands and their options are there."""
    text = " ".join(re.sub(r"#.*", "", line) for lines in code_of("docs/first-boot.md") for line in lines
                    if not any("menuentry" in entry for entry in lines))
    text += " ".join(re.findall(r"`([^`\n]*)`", read("docs/first-boot.md")))
    helps = {"cryptsetup": ["cryptsetup", "--help"], "initramfs/mkimage": [os.path.join(ROOT, "initramfs/mkimage"), "--help"]}
    wrong = [f"{name} is not there" for name in re.findall(r"TARGET=(\S+)", text)
             if not os.path.exists(os.path.join(ROOT, "toolchain", name + ".mk"))]
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for name, command in helps.items():
        if not shutil.which(command[0], path=path):
            continue
        said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, PATH=path), check=False)
        for use in re.findall(rf"{name} (.*?)(?= cryptsetup | make | initramfs/| latchkey |&&|$)", text):
            for word in re.findall(r"(?<!\S)(--[a-z-]+|luks\w+)", use):
                if word not in said.stdout.decode():
                    wrong.append(f"{name} has no {word}")
    known = help_options()
    for command, options in re.findall(r"latchkey ([a-z]+)((?: --[a-z-]+)*)", text):
        wrong += [] if command in known else [f"latchkey {command} is not there"]
        wrong += [f"latchkey {command} {o} is not there" for o in options.split() if o[2:] not in known.get(command, [])]
    return wrong


def grub_entry():
    """The entry for GRUB in docs/first-boot.md is what GRUB can read."""
    entry = re.search(r"^    menuentry .*?^    }$", read("docs/first-boot.md"), re.M | re.S)
    if not entry:
        return ["no menuentry"]
    done = subprocess.run(["grub-script-check"], input=textwrap.dedent(entry.group()).encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return [] if done.returncode == 0 else done.stdout.decode().splitlines()


def folders_of_hacking():
    """HACKING has a row for each folder of src and of tests, and for no other."""
    text = read("HACKING.md")
    rows = {"tests": set(re.findall(r"^\| `tests/(\w+)` \|", text, re.M)), "src": set(re.findall(r"^\| `(\w+)` \|", text, re.M))}
    wrong = []
    for top, named in rows.items():
        real = {name for name in os.listdir(os.path.join(ROOT, top)) if os.path.isdir(os.path.join(ROOT, top, name)) and name != "__pycache__"}
        wrong += [f"{top}/{name} has no row" for name in sorted(real - named)] + [f"there is no {top}/{name}" for name in sorted(named - real)]
    return wrong


def commands_of_pages():
    """Commands and options of latchkey in the pages are there."""
    known, wrong = help_options(), []
    for page in "docs/troubleshooting.md", "docs/json.md", "SECURITY.md", "NEWS.md":
        code = "\n".join("".join(found) for found in re.findall(r"`([^`\n]*)`|^    (.*)$", read(page), re.M))
        for command, options in re.findall(r"(?<![\w/])latchkey ([a-z]+)((?: --[a-z-]+)*)", code):
            wrong += [] if command in known else [f"{page}: latchkey {command}"]
            wrong += [f"{page}: latchkey {command} {o}" for o in options.split() if o[2:] not in known.get(command, [])]
    return wrong


def exit_codes_of_troubleshooting():
    """It has a line for each exit code but 0."""
    codes = re.findall(r"^\| (\d) (\w+) \|", read("docs/troubleshooting.md"), re.M)
    return [] if codes == [(code, name) for code, name, _ in help_codes()][1:] else [str(codes)]


CHECKS = [
    ("exit codes: --help has ten, in order", exit_codes_are_ten),
    ("exit codes: README agrees with --help", exit_codes_of_readme),
    ("exit codes: man page agrees with --help", exit_codes_of_man_page),
    ("commands: all in README and man page, and no others", commands_in_documents),
    ("options: all in the man page, and no others", options_in_man_page),
    ("options: each in the synopsis of its command", synopsis_is_complete),
    ("completions: a command or an option is not completed, or one that is not there", completions),
    ("options of latchkey-preflight: all in its man page, and no others", preflight_options_in_man_page),
    ("--version and the man pages have the version that VERSION says", version_is_the_file),
    ("README and HACKING name files that are there", files_of_readme),
    ("a folder of src or tests has no row in HACKING", folders_of_hacking),
    ("option words: each in latchkey.conf(5) with its fate, and no others", options_in_conf_page),
    ("command line words: each in latchkey.conf(5), and no others", words_in_conf_page),
    ("docs/first-boot.md: its configurations are understood", first_boot_is_understood),
    ("docs/first-boot.md: its commands and options are there", first_boot_commands),
    ("docs/first-boot.md: GRUB can read its entry", grub_entry),
    ("docs/troubleshooting.md: each exit code", exit_codes_of_troubleshooting),
    ("pages: the commands and options of latchkey that they name are there", commands_of_pages),
    ("make help names every target, TARGET and BOARD", make_help),
    ("man pages pass mandoc's lint", lint),
]

TOOLS = {lint: "mandoc", grub_entry: "grub-script-check"}


def main():
    print(f"1..{len(CHECKS)}")
    failed = 0
    for number, (name, check) in enumerate(CHECKS, 1):
        tool = TOOLS.get(check)
        if tool and not shutil.which(tool):
            print(f"ok {number} - {name} # SKIP {tool} is not installed (toolchain/setup check installs it)")
            continue
        wrong = check()
        failed += bool(wrong)
        for line in wrong:
            print(f"# {line}")
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
    return 1 if failed else 0


sys.exit(main())
