# SPDX-License-Identifier: MIT
# Build one library from fetched sources. The Makefile calls this when the sources exist and can be listed.
#   SRC    folder of the sources       FILES  files to compile, shell patterns relative to SRC
#   OUT    archive to make             CC AR LIBRARY_CFLAGS
dir     := $(OUT).d
objects := $(patsubst $(SRC)/%.c,$(dir)/%.o,$(sort $(wildcard $(addprefix $(SRC)/,$(FILES)))))

$(OUT): $(objects)
	rm -f $@
	$(AR) rcD $@ $^

$(dir)/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	$(CC) $(LIBRARY_CFLAGS) -c -o $@ $<
