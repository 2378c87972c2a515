# SPDX-License-Identifier: MIT
# Build one library from fetched sources: the Makefile calls this once the sources are there to be listed.
#   SRC    folder of the sources       FILES  what to compile, shell patterns below SRC
#   OUT    the archive to make         CC AR LIBRARY_CFLAGS
dir     := $(OUT).d
objects := $(patsubst $(SRC)/%.c,$(dir)/%.o,$(sort $(wildcard $(addprefix $(SRC)/,$(FILES)))))

$(OUT): $(objects)
	rm -f $@
	$(AR) rcD $@ $^

$(dir)/%.o: $(SRC)/%.c
	@mkdir -p $(@D)
	$(CC) $(LIBRARY_CFLAGS) -c -o $@ $<
