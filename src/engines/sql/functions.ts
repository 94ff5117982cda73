// The functions that SQL of users may call: those that only compute. What is not named here is refused. Pure.

/** By the name under which EXPLAIN shows them. */
export const allowedFunctions: ReadonlySet<string> = new Set(
  `abs char coalesce concat concat_ws format glob hex ifnull iif instr length like likelihood likely lower ltrim max min nullif octet_length
   printf quote random randomblob replace round rtrim sign substr substring trim typeof unhex unicode unlikely upper zeroblob
   date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
   avg count group_concat string_agg sum total
   row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
   acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log2 mod pi pow radians sin sinh sqrt
   tan tanh trunc
   json jsonb json_array jsonb_array json_array_length json_error_position json_extract jsonb_extract json_insert jsonb_insert json_object
   jsonb_object json_patch jsonb_patch json_quote json_remove jsonb_remove json_replace jsonb_replace json_set jsonb_set json_type json_valid
   json_group_array jsonb_group_array json_group_object jsonb_group_object -> ->>
   match highlight bm25 snippet`.split(/\s+/),
);
