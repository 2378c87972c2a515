# SPDX-License-Identifier: MIT
# make help. A target is listed with what follows ## on its line.
# In the order of use.
HELP := demo all install uninstall deb check image boot tokens unit all-targets size dist check-all check-boards check-targets \
	check-hooks fuzz bench bench-targets lint clean help
help: ## this list
	@for t in $(HELP); do sed -n "s/^\($$t\):.*## \(.*\)/  \1\t\2/p" Makefile $(PARTS); done | expand -t 17
	@printf '\nTARGET is one of:\n'; printf '  %s\n' $(TARGETS); printf 'BOARD is one of:\n'; printf '  %s\n' $(BOARDS)
.PHONY: help
