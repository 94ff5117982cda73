CREATE TABLE `tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`label` text NOT NULL,
	`hash` text NOT NULL,
	`prefix` text NOT NULL,
	`role` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	`revoked_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_hash_unique` ON `tokens` (`hash`);--> statement-breakpoint
CREATE INDEX `tokens_user` ON `tokens` (`user_id`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`username` text NOT NULL,
	`email` text,
	`role` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_active` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_username_unique` ON `users` (`username`);--> statement-breakpoint
CREATE TABLE `datasets` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`kind` text NOT NULL,
	`format` text NOT NULL,
	`version` integer NOT NULL,
	`etag` text NOT NULL,
	`r2_key` text NOT NULL,
	`bytes` integer NOT NULL,
	`record_count` integer NOT NULL,
	`schema_json` text NOT NULL,
	`sample_json` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_by` text NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer,
	`revision` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `datasets_name_unique` ON `datasets` (`name`);--> statement-breakpoint
CREATE INDEX `datasets_revision` ON `datasets` (`revision`);--> statement-breakpoint
CREATE TABLE `retired_objects` (
	`r2_key` text PRIMARY KEY NOT NULL,
	`multipart_id` text,
	`delete_after` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `retired_objects_due` ON `retired_objects` (`delete_after`);--> statement-breakpoint
CREATE TABLE `upload_parts` (
	`upload_id` text NOT NULL,
	`part` integer NOT NULL,
	`r2_key` text NOT NULL,
	`bytes` integer NOT NULL,
	`etag` text NOT NULL,
	PRIMARY KEY(`upload_id`, `part`),
	FOREIGN KEY (`upload_id`) REFERENCES `uploads`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `uploads` (
	`id` text PRIMARY KEY NOT NULL,
	`dataset_name` text NOT NULL,
	`description` text,
	`format` text NOT NULL,
	`kind` text NOT NULL,
	`state` text NOT NULL,
	`r2_key` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`outcome_json` text
);
--> statement-breakpoint
CREATE INDEX `uploads_expiry` ON `uploads` (`expires_at`);--> statement-breakpoint
CREATE TABLE `function_dependencies` (
	`function_id` text NOT NULL,
	`depends_on_function_id` text NOT NULL,
	PRIMARY KEY(`function_id`, `depends_on_function_id`),
	FOREIGN KEY (`function_id`) REFERENCES `jq_functions`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`depends_on_function_id`) REFERENCES `jq_functions`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `function_dependencies_reverse` ON `function_dependencies` (`depends_on_function_id`);--> statement-breakpoint
CREATE TABLE `jq_function_versions` (
	`function_id` text NOT NULL,
	`version` integer NOT NULL,
	`action` text NOT NULL,
	`definition` text NOT NULL,
	`description` text NOT NULL,
	`parameters_json` text NOT NULL,
	`is_active` integer NOT NULL,
	`shadows_builtin` integer NOT NULL,
	`reason` text,
	`author` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`function_id`, `version`),
	FOREIGN KEY (`function_id`) REFERENCES `jq_functions`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `jq_functions` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`definition` text NOT NULL,
	`arity` integer NOT NULL,
	`description` text NOT NULL,
	`parameters_json` text NOT NULL,
	`version` integer NOT NULL,
	`is_active` integer NOT NULL,
	`shadows_builtin` integer NOT NULL,
	`source` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_by` text NOT NULL,
	`updated_at` integer NOT NULL,
	`revision` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `jq_functions_name_unique` ON `jq_functions` (`name`);--> statement-breakpoint
CREATE INDEX `jq_functions_revision` ON `jq_functions` (`revision`);--> statement-breakpoint
CREATE TABLE `tool_functions` (
	`tool_id` text NOT NULL,
	`function_id` text NOT NULL,
	PRIMARY KEY(`tool_id`, `function_id`),
	FOREIGN KEY (`tool_id`) REFERENCES `tools`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `tool_functions_reverse` ON `tool_functions` (`function_id`);--> statement-breakpoint
CREATE TABLE `tool_versions` (
	`tool_id` text NOT NULL,
	`version` integer NOT NULL,
	`action` text NOT NULL,
	`snapshot_json` text NOT NULL,
	`reason` text,
	`author` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tool_id`, `version`),
	FOREIGN KEY (`tool_id`) REFERENCES `tools`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `tools` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`query_template` text NOT NULL,
	`parameters_json` text NOT NULL,
	`datasets_json` text NOT NULL,
	`dataset_mode` text NOT NULL,
	`input` text NOT NULL,
	`null_input` integer NOT NULL,
	`source` text NOT NULL,
	`original_yaml_path` text,
	`approval_status` text NOT NULL,
	`approved_by` text,
	`approved_at` integer,
	`is_active` integer NOT NULL,
	`weight` real NOT NULL,
	`pinned` integer NOT NULL,
	`version` integer NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_by` text NOT NULL,
	`updated_at` integer NOT NULL,
	`revision` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tools_name_unique` ON `tools` (`name`);--> statement-breakpoint
CREATE INDEX `tools_revision` ON `tools` (`revision`);--> statement-breakpoint
CREATE INDEX `tools_status` ON `tools` (`approval_status`);--> statement-breakpoint
CREATE INDEX `tools_source` ON `tools` (`source`);--> statement-breakpoint
CREATE TABLE `tool_execution_log` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`tool_id` text,
	`tool_name` text NOT NULL,
	`tool_version` integer,
	`user_id` text NOT NULL,
	`username` text NOT NULL,
	`client` text,
	`parameters_json` text,
	`dataset` text,
	`dataset_version` integer,
	`executed_at` integer NOT NULL,
	`execution_time_ms` integer NOT NULL,
	`steps` integer,
	`success` integer NOT NULL,
	`cached` integer NOT NULL,
	`error_code` text,
	`result_size_bytes` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tool_execution_log_id_unique` ON `tool_execution_log` (`id`);--> statement-breakpoint
CREATE INDEX `execution_log_tool` ON `tool_execution_log` (`tool_id`);--> statement-breakpoint
CREATE INDEX `execution_log_user` ON `tool_execution_log` (`user_id`);--> statement-breakpoint
CREATE INDEX `execution_log_time` ON `tool_execution_log` (`executed_at`);--> statement-breakpoint
CREATE TABLE `tool_usage` (
	`tool_id` text PRIMARY KEY NOT NULL,
	`usage_count` integer NOT NULL,
	`failure_count` integer NOT NULL,
	`total_duration_ms` integer NOT NULL,
	`last_used_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `settings` (
	`key` text PRIMARY KEY NOT NULL,
	`value_json` text NOT NULL,
	`updated_at` integer NOT NULL,
	`updated_by` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `team` (
	`id` integer PRIMARY KEY NOT NULL,
	`slug` text NOT NULL,
	`name` text NOT NULL,
	`incarnation` text NOT NULL,
	`revision` integer NOT NULL,
	`created_at` integer NOT NULL
);
