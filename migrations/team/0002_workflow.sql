CREATE TABLE `approval_votes` (
	`proposal_id` text NOT NULL,
	`user_id` text NOT NULL,
	`username` text NOT NULL,
	`vote` text NOT NULL,
	`comment` text,
	`voted_at` integer NOT NULL,
	PRIMARY KEY(`proposal_id`, `user_id`),
	FOREIGN KEY (`proposal_id`) REFERENCES `proposals`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `proposals` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`action` text NOT NULL,
	`state` text NOT NULL,
	`content_json` text,
	`base_version` integer,
	`base_content_json` text,
	`justification` text NOT NULL,
	`tests_json` text NOT NULL,
	`required_functions_json` text NOT NULL,
	`validation_json` text NOT NULL,
	`conflict_json` text,
	`source` text NOT NULL,
	`suggestion_id` text,
	`author_id` text NOT NULL,
	`author` text NOT NULL,
	`edition` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`opened_at` integer NOT NULL,
	`settled_at` integer,
	`settled_by` text,
	`settled_how` text,
	`applied_version` integer,
	`applied_at` integer,
	`outcome` text
);
--> statement-breakpoint
CREATE INDEX `proposals_state` ON `proposals` (`state`,`opened_at`);--> statement-breakpoint
CREATE INDEX `proposals_subject` ON `proposals` (`kind`,`name`);--> statement-breakpoint
CREATE INDEX `proposals_author` ON `proposals` (`author_id`);--> statement-breakpoint
CREATE TABLE `backups` (
	`id` text PRIMARY KEY NOT NULL,
	`reason` text NOT NULL,
	`state` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`finished_at` integer,
	`revision` integer NOT NULL,
	`migration` text NOT NULL,
	`rows` integer NOT NULL,
	`bytes` integer NOT NULL,
	`stored_bytes` integer NOT NULL,
	`objects` integer NOT NULL,
	`object_bytes` integer NOT NULL,
	`sha256` text,
	`encrypted` integer NOT NULL,
	`error` text,
	`leased_until` integer
);
--> statement-breakpoint
CREATE INDEX `backups_time` ON `backups` (`created_at`);--> statement-breakpoint
CREATE TABLE `restore_previews` (
	`slug` text PRIMARY KEY NOT NULL,
	`backup_id` text NOT NULL,
	`incarnation` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `query_pattern_literals` (
	`pattern_id` text NOT NULL,
	`place` integer NOT NULL,
	`value_json` text NOT NULL,
	`runs` integer NOT NULL,
	PRIMARY KEY(`pattern_id`, `place`, `value_json`),
	FOREIGN KEY (`pattern_id`) REFERENCES `query_patterns`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `query_pattern_users` (
	`pattern_id` text NOT NULL,
	`user_id` text NOT NULL,
	`runs` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	PRIMARY KEY(`pattern_id`, `user_id`),
	FOREIGN KEY (`pattern_id`) REFERENCES `query_patterns`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `query_patterns` (
	`id` text PRIMARY KEY NOT NULL,
	`dataset` text NOT NULL,
	`input` text NOT NULL,
	`null_input` integer NOT NULL,
	`normalised` text NOT NULL,
	`example` text NOT NULL,
	`runs` integer NOT NULL,
	`measured_runs` integer NOT NULL,
	`total_duration_ms` integer NOT NULL,
	`total_steps` integer NOT NULL,
	`first_seen_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	`state` text NOT NULL,
	`suggested_at` integer,
	`settled_by` text,
	`settled_runs` integer,
	`proposal_id` text
);
--> statement-breakpoint
CREATE INDEX `query_patterns_state` ON `query_patterns` (`state`,`last_seen_at`);--> statement-breakpoint
CREATE TABLE `feed_events` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`at` integer NOT NULL,
	`event_json` text NOT NULL,
	`visibility_json` text,
	`user_id` text
);
--> statement-breakpoint
CREATE INDEX `feed_events_time` ON `feed_events` (`at`);--> statement-breakpoint
CREATE TABLE `deliveries` (
	`id` text PRIMARY KEY NOT NULL,
	`channel` text NOT NULL,
	`target` text NOT NULL,
	`kind` text NOT NULL,
	`payload_json` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`next_attempt_at` integer,
	`leased_until` integer,
	`last_status` integer,
	`last_error` text,
	`created_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`state`,`next_attempt_at`);--> statement-breakpoint
CREATE INDEX `deliveries_target` ON `deliveries` (`target`,`created_at`);--> statement-breakpoint
CREATE TABLE `notification_settings` (
	`user_id` text PRIMARY KEY NOT NULL,
	`muted_json` text NOT NULL,
	`email` text NOT NULL,
	`digest_sent_at` integer
);
--> statement-breakpoint
CREATE TABLE `notifications` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` text NOT NULL,
	`kind` text NOT NULL,
	`subject_kind` text NOT NULL,
	`subject_name` text NOT NULL,
	`title` text NOT NULL,
	`body` text NOT NULL,
	`actor` text NOT NULL,
	`created_at` integer NOT NULL,
	`read_at` integer,
	`digested` integer NOT NULL,
	`visibility_json` text
);
--> statement-breakpoint
CREATE INDEX `notifications_user` ON `notifications` (`user_id`,`seq`);--> statement-breakpoint
CREATE INDEX `notifications_time` ON `notifications` (`created_at`);--> statement-breakpoint
CREATE TABLE `webhooks` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`url` text NOT NULL,
	`format` text NOT NULL,
	`kinds_json` text,
	`secret_sealed` text NOT NULL,
	`is_active` integer NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `webhooks_name_unique` ON `webhooks` (`name`);--> statement-breakpoint
CREATE TABLE `signing_keys` (
	`id` integer PRIMARY KEY NOT NULL,
	`public_key` text NOT NULL,
	`private_key_sealed` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `trusted_signers` (
	`fingerprint` text PRIMARY KEY NOT NULL,
	`public_key` text NOT NULL,
	`name` text NOT NULL,
	`added_by` text NOT NULL,
	`added_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `jq_function_versions` ADD `proposal_id` text;--> statement-breakpoint
ALTER TABLE `tool_versions` ADD `proposal_id` text;