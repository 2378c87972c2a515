/* SPDX-License-Identifier: MIT */
/*
 * argon2_reference - the names of phc-winner-argon2 that the program's part of it has, too.
 *
 * The tests compare with the whole library, its own fill_segment included. The Makefile puts this in front of
 * each of its sources, so that both can be linked into one test and neither takes a function of the other.
 */
#ifndef UNIT_ARGON2_REFERENCE_H
#define UNIT_ARGON2_REFERENCE_H

#define FLAG_clear_internal_memory reference_FLAG_clear_internal_memory
#define allocate_memory reference_allocate_memory
#define blake2b reference_blake2b
#define blake2b_final reference_blake2b_final
#define blake2b_init reference_blake2b_init
#define blake2b_init_key reference_blake2b_init_key
#define blake2b_init_param reference_blake2b_init_param
#define blake2b_long reference_blake2b_long
#define blake2b_update reference_blake2b_update
#define clear_internal_memory reference_clear_internal_memory
#define copy_block reference_copy_block
#define fill_first_blocks reference_fill_first_blocks
#define fill_memory_blocks reference_fill_memory_blocks
#define fill_segment reference_fill_segment
#define finalize reference_finalize
#define free_memory reference_free_memory
#define index_alpha reference_index_alpha
#define init_block_value reference_init_block_value
#define initial_hash reference_initial_hash
#define initialize reference_initialize
#define secure_wipe_memory reference_secure_wipe_memory
#define validate_inputs reference_validate_inputs
#define xor_block reference_xor_block

#endif
