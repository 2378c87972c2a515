# SPDX-License-Identifier: MIT
include $(sort $(wildcard $(BR2_EXTERNAL_LATCHKEY_PATH)/package/*/*.mk))
