/* SPDX-License-Identifier: MIT */
#include "base/private_key.h"

size_t cfk__curve_size(enum cfk__curve curve)
{
    switch (curve) {
    case CFK__P256: return 32;
    case CFK__P384: return 48;
    case CFK__P521: return 66;
    }
    return 0;
}

size_t cfk__cbc_key_size(enum cfk__cbc_id id)
{
    switch (id) {
    case CFK__AES_128_CBC: return 16;
    case CFK__AES_192_CBC:
    case CFK__DES_EDE3_CBC: return 24;
    case CFK__AES_256_CBC: return 32;
    }
    return 0;
}

size_t cfk__cbc_block_size(enum cfk__cbc_id id)
{
    return id == CFK__DES_EDE3_CBC ? 8 : CFK__CBC_BLOCK_MAX;
}
