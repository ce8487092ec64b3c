"""Which functions a query may call and still only read.

A function outside this list may do anything, so a SELECT that calls one is not simply a SELECT. The
names and beginnings of names below are PostgreSQL's, MySQL's and SQLite's own; a test compares them with
what a PostgreSQL server says of its functions' volatility.
"""

from __future__ import annotations

_HARMLESS = frozenset(
    """
    abs acos asin atan atan2 avg bit_and bit_length bit_or bool_and bool_or btrim cardinality cbrt
    ceil ceiling char char_length character_length chr clock_timestamp coalesce col_description
    concat concat_ws corr cos cot count covar_pop covar_samp cume_dist curdate current_database
    current_date current_query current_role current_schema current_schemas current_setting
    current_time current_timestamp current_user currval curtime database date datediff datetime
    dayname dayofweek dayofyear decode degrees dense_rank div encode every exp extract factorial
    field find_in_set first_value floor format format_type from_unixtime gcd gen_random_uuid
    generate_series generate_subscripts get_bit get_byte glob greatest group_concat grouping hex
    host highlight hour if ifnull iif initcap instr isempty isfinite isnull julianday justify_days
    justify_hours justify_interval lag last_day last_insert_id last_value lastval lcase lcm lead
    least left length like likelihood likely ln locate log log10 log2 lower lpad ltrim make_date
    make_interval make_time make_timestamp make_timestamptz makedate max md5 microsecond mid min
    minute mod mode monthname netmask network nth_value ntile nullif num_nonnulls num_nulls
    obj_description octet_length ord overlay percent_rank percentile_cont percentile_disc pi
    position pow power printf quarter quote quote_ident quote_literal quote_nullable radians random
    range_agg rank regexp rand repeat replace reverse right round row_count row_number rpad rtrim
    scale sec_to_time second set_bit sha1 sha2 sha224 sha256 sha384 sha512 shobj_description sign
    sin snippet soundex split_part sqlite_version sqrt statement_timestamp std stddev stddev_pop stddev_samp
    str_to_date strcmp strftime string_agg string_to_array strpos subdate substr substring
    substring_index sum sysdate system_user table_len tan time time_to_sec timediff timeofday
    timestampadd timestampdiff timezone to_ascii to_char to_date to_days to_hex to_json to_jsonb
    to_number to_regclass to_regnamespace to_regproc to_regrole to_regtype to_timestamp to_tsquery
    to_tsvector total transaction_timestamp translate trim trim_array trim_scale trunc truncate
    ts_headline ts_rank ts_rank_cd txid_current txid_current_if_assigned txid_status typeof ucase
    unhex unicode unistr unixepoch unnest upper utc_date utc_time utc_timestamp uuid var_pop
    var_samp variance version week weekday width_bucket xmlagg year yearweek row_to_json starts_with
    similarity word_similarity websearch_to_tsquery plainto_tsquery phraseto_tsquery
    inet_server_addr inet_server_port inet_client_addr session_user user localtime localtimestamp
    now age any_value date_bin date_part date_trunc day daterange int4range int8range numrange
    tsrange tstzrange lower_inc upper_inc bm25 bool_xor unaccent erf crc32 add_months adddate addtime
    months_between nvl decode_error pg_advisory_lock pg_advisory_unlock pg_advisory_xact_lock
    pg_try_advisory_lock pg_try_advisory_xact_lock pg_backend_pid pg_blocking_pids
    pg_client_encoding pg_column_compression pg_column_size pg_conf_load_time pg_control_checkpoint
    pg_control_system pg_current_logfile pg_current_snapshot pg_current_wal_flush_lsn
    pg_current_wal_insert_lsn pg_current_wal_lsn pg_current_xact_id pg_database_size
    pg_describe_object pg_encoding_to_char pg_filenode_relation pg_indexes_size pg_is_in_recovery
    pg_is_wal_replay_paused pg_last_wal_receive_lsn pg_last_wal_replay_lsn
    pg_last_xact_replay_timestamp pg_lock_status pg_my_temp_schema pg_partition_ancestors
    pg_partition_root pg_partition_tree pg_postmaster_start_time pg_relation_filenode
    pg_relation_filepath pg_relation_size pg_sequence_last_value pg_show_all_settings pg_size_bytes
    pg_size_pretty pg_sleep pg_sleep_for pg_table_is_visible pg_table_size pg_tablespace_location
    pg_tablespace_size pg_timezone_names pg_total_relation_size pg_typeof pg_wal_lsn_diff
    pg_walfile_name pg_xact_commit_timestamp sleep connection_id found_rows
    """.split()
)

_HARMLESS_STARTS = (
    "array_", "json_", "jsonb_", "regexp_", "has_", "pg_get_", "pg_stat_get_", "st_", "date_", "xpath",
    "regr_", "range_", "cash_", "bit_", "bool_", "hll_", "vector_", "l2_", "cosine_", "uuid_",
)  # fmt: skip

_ACTING = frozenset(
    """
    dblink dblink_exec dblink_send_query delete_hypertable drop_chunks edit lo_creat lo_create
    lo_export lo_from_bytea lo_import lo_put lo_truncate lo_truncate64 lo_unlink load_extension
    load_file lowrite nextval pg_backup_start pg_backup_stop pg_cancel_backend
    pg_copy_logical_replication_slot pg_copy_physical_replication_slot
    pg_create_logical_replication_slot pg_create_physical_replication_slot pg_create_restore_point
    pg_drop_replication_slot pg_file_rename pg_file_unlink pg_file_write pg_import_system_collations
    pg_log_backend_memory_contexts pg_logical_emit_message pg_logical_slot_get_binary_changes
    pg_logical_slot_get_changes pg_ls_dir pg_notify pg_promote pg_read_binary_file pg_read_file
    pg_reload_conf pg_replication_origin_advance pg_replication_origin_create
    pg_replication_origin_drop pg_replication_slot_advance pg_rotate_logfile pg_start_backup
    pg_stat_reset pg_stat_reset_replication_slot pg_stat_reset_shared
    pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru
    pg_stat_reset_subscription_stats pg_stat_statements_reset pg_stop_backup pg_switch_wal
    pg_terminate_backend pg_wal_replay_pause pg_wal_replay_resume query_to_xml
    query_to_xml_and_xmlschema query_to_xmlschema readfile schedule set_config setval sys_eval
    sys_exec ts_rewrite ts_stat unschedule writefile
    """.split()
)


def effect(name: str, schema: str) -> str:
    """Return "" for a function that only computes, "acts" for one that acts, "unknown" for all others."""
    if name in _ACTING:
        return "acts"
    if schema not in ("", "pg_catalog", "information_schema"):
        return "unknown"
    return "" if name in _HARMLESS or name.startswith(_HARMLESS_STARTS) else "unknown"
